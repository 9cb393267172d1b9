"""Zero is zero and "no data" is no data, read by polling, by webhook, and as a destination."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from pullpush_sdk.connector import Result

_PATH = Path(__file__).parents[1] / "no_data_cases.py"
_SPEC = importlib.util.spec_from_file_location("shopify_no_data_cases", _PATH)
assert _SPEC is not None
assert _SPEC.loader is not None
_MODULE = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_MODULE)
CASES = _MODULE.CASES


@pytest.mark.parametrize(("edit", "sku", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_each_form_is_read_as_what_it_means(play: Any, edit: Any, sku: str, expected: Any) -> None:
    async def scenario(shop: Any) -> None:
        _, _, cursor = await shop.pull("stocklevel")
        shop.clock.advance(3600)
        edit(shop.sandbox.control)
        events, _, _ = await shop.pull("stocklevel")
        assert [event.record.quantity for event in events if event.record.sku == sku] == [expected]
        changed, _, _ = await shop.pull("stocklevel", cursor)
        assert {event.record.quantity for event in changed if event.record.sku == sku} == {expected}
        kind = shop.connection.types["stocklevel"]
        assert all(kind.no_data(event.record) == (expected is None) for event in changed if event.record.sku == sku)

    play(scenario, records=3)


@pytest.mark.parametrize(("edit", "sku", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_null_is_never_written_and_zero_is(play: Any, edit: Any, sku: str, expected: Any) -> None:
    """Whatever the destination holds: null leaves it, and zero is set wherever counting is on."""

    async def scenario(shop: Any) -> None:
        edit(shop.sandbox.control)
        before, place = await shop.level(sku), await shop.location()
        (outcome,) = await shop.push(
            "stocklevel", shop.delivery("stocklevel", {"sku": sku, "quantity": None, "locationId": place})
        )
        assert outcome.result is Result.SKIPPED
        assert await shop.level(sku) == before
        (outcome,) = await shop.push(
            "stocklevel", shop.delivery("stocklevel", {"sku": sku, "quantity": 0, "locationId": place})
        )
        if expected is None:
            assert outcome.result is Result.SKIPPED  # the merchant's decision, unless a setting says otherwise
            assert await shop.level(sku) == before
        else:
            assert outcome.result is (Result.UNCHANGED if expected == 0 else Result.DELIVERED)
            assert (await shop.level(sku))["available"] == 0

    play(scenario, records=3)


def test_a_level_that_is_not_there_is_no_record(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        levels = (await shop.state())["levels"]
        events, _, _ = await shop.pull("stocklevel")
        read = {(event.record.sku, event.record.location_id) for event in events}
        held = {(each["sku"], each["location"].rpartition("/")[2]) for each in levels if each["sku"]}
        assert read == held
        places = {each["location"] for each in levels}
        assert len(held) < len(places) * len({sku for sku, _ in held})

    play(scenario, records=12, extra={"locations": "3"})


def test_a_permission_that_is_missing_is_a_failure_and_not_zero(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        with pytest.raises(Exception, match="permission"):
            await shop.pull("stocklevel")

    play(scenario, records=2, extra={"scopes": "read_locations,read_products"})
