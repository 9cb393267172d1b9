"""Stock: zero and unknown on both sides, and what is written where."""

from __future__ import annotations

import runpy
from decimal import Decimal
from pathlib import Path

import pytest

from pullpush_sdk.connector import Result

CASES = runpy.run_path(str(Path(__file__).with_name("no_data_cases.py")))["CASES"]


def _row(shop, sku, source="default"):
    rows = shop.state()["source_items"]
    return next((row for row in rows if (row["sku"], row["source_code"]) == (sku, source)), None)


@pytest.mark.parametrize("case", CASES, ids=[case[0] for case in CASES])
def test_zero_is_written_and_no_data_is_skipped(play, case):
    """Each documented form of "no data" ends without a number, each number as itself."""
    _, edit, sku, expected, switches = case

    async def scenario(shop):
        edit(shop.sandbox.control)
        events, rejects, _ = await shop.pull("stocklevel")
        assert not rejects
        found = [e.record.quantity for e in events if (e.record.sku, e.record.location_id) == (sku, "default")]
        assert found in ([], [None]) if expected is None else found == [expected]

    play(scenario, records=8, extra=switches)


def test_levels_are_set_with_all_four_fields(play):
    """Zero is zero and out of stock, a fraction keeps its digits, a missing row is made, a slash is no obstacle."""

    async def scenario(shop):
        outcomes = await shop.push(
            "stocklevel",
            {"sku": "MG-0000", "quantity": 0, "locationId": "default"},
            {"sku": "MG-0001", "quantity": 7, "locationId": "east"},
            {"sku": "MG-0005", "quantity": Decimal("1.25"), "locationId": None},
            {"sku": "MG-0008/x", "quantity": 3},
            {"sku": "MG-0003", "quantity": 0},
        )
        assert {each.result for each in outcomes} == {Result.DELIVERED}
        assert outcomes[3].returned == {"sku": "MG-0008/x", "quantity": 3, "locationId": "default"}
        assert _row(shop, "MG-0000") == {"sku": "MG-0000", "source_code": "default", "quantity": 0, "status": 0}
        assert _row(shop, "MG-0001", "east")["quantity"] == 7
        assert _row(shop, "MG-0001")["quantity"] == 0
        assert _row(shop, "MG-0005")["quantity"] == 1.25
        assert _row(shop, "MG-0008/x")["status"] == 1
        assert _row(shop, "MG-0003") == {"sku": "MG-0003", "source_code": "default", "quantity": 0, "status": 1}
        writes = [call for call in await shop.calls("source-items") if call["method"] == "POST"]
        assert len(writes) == 1

    play(scenario, records=9)


def test_null_is_never_written(play):
    """Nothing known is no zero."""

    async def scenario(shop):
        outcome = await shop.push_one("stocklevel", {"sku": "MG-0000", "quantity": None, "locationId": "default"})
        assert outcome.result is Result.SKIPPED
        assert not [call for call in await shop.calls() if call["method"] != "GET"]

    play(scenario, records=1)


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        ({"sku": "NOPE", "quantity": 5}, "no product with SKU 'NOPE'"),
        ({"sku": "mg-0000", "quantity": 5}, "no product with SKU 'mg-0000'"),
        ({"sku": "MG-0004", "quantity": 5}, "configurable product"),
        ({"sku": "MG-0006", "quantity": 5}, "bundle product"),
        ({"sku": "MG-0000", "quantity": 5, "locationId": "moon"}, "no inventory source 'moon'; it has default"),
        ({"sku": "MG-0000", "quantity": 5, "locationId": "old"}, "switched off"),
        ({"sku": "MG-0000", "quantity": Decimal("0.00001")}, "four decimals"),
        ({"sku": "{{access_token}}", "quantity": 5}, "no product with SKU"),
    ],
)
def test_what_would_be_wrong_there_is_dead(play, payload, words):
    """The platform would store an unknown SKU without a word; a neighbour is written all the same."""

    async def scenario(shop):
        before = shop.state()["source_items"]
        bad, good = await shop.push("stocklevel", payload, {"sku": "MG-0001", "quantity": 4, "locationId": "east"})
        assert bad.result is Result.DEAD
        assert words in bad.reason
        assert good.result is Result.DELIVERED
        assert [row for row in shop.state()["source_items"] if row not in before] in (
            [],
            [{"sku": "MG-0001", "source_code": "east", "quantity": 4, "status": 1}],
        )

    play(scenario, records=8)


def test_one_bad_row_does_not_hold_its_neighbours_back(play):
    """What a request refuses as a whole is sent again one by one."""

    async def scenario(shop):
        match = {"method": "POST", "path": "*/inventory/source-items", "body": "*MG-0001*"}
        shop.faults(
            {"fault": "status", "status": 400, "body": {"message": "no %1", "parameters": ["way"]}, "match": match}
        )
        outcomes = await shop.push("stocklevel", *({"sku": f"MG-000{n}", "quantity": 5} for n in range(4)))
        assert [each.result for each in outcomes] == [Result.DELIVERED, Result.DEAD, Result.DELIVERED, Result.DELIVERED]
        assert "no way" in outcomes[1].reason

    play(scenario, records=8)


def test_a_shop_without_sources_gets_stock_items(play):
    """The other fields of the stock item stay as they are."""

    async def scenario(shop):
        before = dict(shop.state()["stock_items"]["MG-0001"])
        outcomes = await shop.push(
            "stocklevel",
            {"sku": "MG-0001", "quantity": 6},
            {"sku": "MG-0008/x", "quantity": 0, "locationId": "default"},
            {"sku": "MG-0000", "quantity": 1, "locationId": "east"},
        )
        assert [each.result for each in outcomes] == [Result.DELIVERED, Result.DELIVERED, Result.DEAD]
        items = shop.state()["stock_items"]
        assert items["MG-0001"] == {**before, "qty": 6, "is_in_stock": True}
        assert (items["MG-0008/x"]["qty"], items["MG-0008/x"]["is_in_stock"]) == (0, False)

    play(scenario, records=9, extra={"inventory": "legacy"})


@pytest.mark.parametrize("switches", [{}, {"inventory": "legacy"}])
def test_a_lost_answer_is_asked_again(play, switches):
    """Setting to a value may be repeated."""

    async def scenario(shop):
        shop.faults({"fault": "lost_answer", "match": {"method": "P*", "path": "*tem*"}, "times": 1})
        outcome = await shop.push_one("stocklevel", {"sku": "MG-0000", "quantity": 5, "locationId": "default"})
        assert outcome.result is Result.DELIVERED
        assert len([call for call in await shop.calls() if call["method"] != "GET"]) == 2
        assert shop.state()["stock_items"]["MG-0000"]["qty"] == 5

    play(scenario, records=1, extra=switches)


def test_input_limits_are_kept(play):
    """Twenty rows a request, where a shop takes no more."""

    async def scenario(shop):
        outcomes = await shop.push(
            "stocklevel", *({"sku": f"MG-{n:04d}", "quantity": 5} for n in range(60) if n % 8 in (0, 1) and n % 9 != 8)
        )
        assert {each.result for each in outcomes} == {Result.DELIVERED}

    play(scenario, records=60, extra={"input_limits": "on"})
