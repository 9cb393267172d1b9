"""Writing stock to a Linnworks account."""

from __future__ import annotations

from decimal import Decimal

import pytest

from pullpush_sdk.connector import Result

DEFAULT = "00000000-0000-0000-0000-000000000000"
ANNEX = "11111111-1111-4111-8111-111111111111"


def _held(account, sku, place=DEFAULT):
    item = next(i for i in account.state()["items"] if i["ItemNumber"] == sku)
    return next(level for level in item["_levels"] if level["location"] == place)


def _level(sku, quantity, place=DEFAULT):
    return {"sku": sku, "quantity": quantity, "locationId": place}


@pytest.mark.parametrize(("basis", "level"), [("available", 24), ("level", 20)])
def test_what_was_written_is_what_is_read(play, basis, level):
    """LW-0005 has four pieces in open orders: as `available` they are added to the level that is set."""

    async def scenario(account):
        (outcome,) = await account.push("stocklevel", _level("LW-0005", 20))
        assert outcome.result is Result.DELIVERED
        assert _held(account, "LW-0005")["StockLevel"] == level
        events, _, _ = await account.pull("stocklevel")
        found = {(e.record.sku, e.record.location_id): e.record.quantity for e in events}
        assert found["LW-0005", DEFAULT] == 20

    play(scenario, records=8, settings={"stock_basis": basis})


def test_a_batch_is_three_requests_and_sets_absolutely(play):
    """Zero is written as zero, a location without a row gets one, a repeat changes nothing."""

    async def scenario(account):
        batch = [_level("LW-0000", 9), _level("LW-0001", 9, ANNEX), _level("LW-0008", 0), _level("LW-0004", 3, ANNEX)]
        first = await account.push("stocklevel", *batch)
        assert {each.result for each in first} == {Result.DELIVERED}
        held = [_held(account, row["sku"], row["locationId"])["StockLevel"] for row in batch]
        assert held == [9, 9, 0, 3]
        again = await account.push("stocklevel", *batch)
        assert {each.result for each in again} == {Result.UNCHANGED}
        writes = await account.calls("SetStockLevel")
        assert len(writes) == 1
        assert writes[0]["body"]["changeSource"] == "PullPush"
        assert not await account.calls("UpdateStockLevelsBySKU")

    play(scenario, records=16)


def test_what_cannot_be_written_says_why_and_its_neighbours_go(play):
    """An unknown SKU and half a piece are dead, an untracked level is left alone."""

    async def scenario(account):
        before = dict(_held(account, "LW-0002"))
        outcomes = await account.push(
            "stocklevel",
            _level("NOPE", 1),
            _level("LW-0000", Decimal("1.5")),
            _level("LW-0002", 5),
            _level("LW-0000", 6),
        )
        assert [each.result for each in outcomes] == [Result.DEAD, Result.DEAD, Result.SKIPPED, Result.DELIVERED]
        assert "no active item with SKU 'NOPE'" in outcomes[0].reason
        assert "not a whole number" in outcomes[1].reason
        assert _held(account, "LW-0002") == before
        assert _held(account, "LW-0000")["StockLevel"] == 6

    play(scenario, records=8)


def test_a_refused_batch_is_sent_row_by_row(play):
    """The platform's refusal names no row: each gets its own answer."""

    async def scenario(account):
        gone, word = "99999999-9999-4999-8999-999999999999", "not-a-place"
        rows = _level("LW-0000", 6), _level("LW-0001", 7, gone), _level("LW-0001", 7, word)
        outcomes = await account.push("stocklevel", *rows)
        assert [each.result for each in outcomes] == [Result.DELIVERED, Result.DEAD, Result.DEAD]
        assert f"{gone} not found" in outcomes[1].answer
        assert "mend the flow's locations" in outcomes[2].reason
        assert _held(account, "LW-0000")["StockLevel"] == 6

    play(scenario, records=8)


def test_without_a_location_the_default_one_is_meant(play):
    """The id of zeros is a place of its own."""

    async def scenario(account):
        (outcome,) = await account.push("stocklevel", {"sku": "LW-0000", "quantity": 6})
        assert outcome.result is Result.DELIVERED
        assert _held(account, "LW-0000")["StockLevel"] == 6

    play(scenario, records=8)


def test_a_session_that_dies_before_a_write_costs_nothing(play):
    """One new session, one write."""

    async def scenario(account):
        await account.pull("product")
        account.change("expire_sessions")
        (outcome,) = await account.push("stocklevel", _level("LW-0000", 6))
        assert outcome.result is Result.DELIVERED
        assert len(await account.calls("AuthorizeByApplication")) == 2
        assert len(await account.calls("SetStockLevel")) == 1

    play(scenario, records=8)


def test_a_lost_answer_is_asked_again(play):
    """Setting to a value may be repeated."""

    async def scenario(account):
        fault = {"fault": "lost_answer", "match": {"path": "*/Stock/SetStockLevel"}, "times": 1}
        account.sandbox.control.faults.replace([fault])
        (outcome,) = await account.push("stocklevel", _level("LW-0005", 20))
        assert outcome.result is Result.DELIVERED
        assert _held(account, "LW-0005")["StockLevel"] == 24
        assert len(await account.calls("SetStockLevel")) == 2

    play(scenario, records=8)


class Busy:
    """An app that lets a merchant act once, right after a request was answered."""

    def __init__(self, ending):
        self.app, self.ending, self.act = None, ending, None

    async def __call__(self, scope, receive, send):
        await self.app(scope, receive, send)
        if scope["type"] == "http" and scope["path"].endswith(self.ending) and self.act is not None:
            act, self.act = self.act, None
            act()


@pytest.mark.parametrize("taken", [0, 7])
def test_orders_that_come_between_the_look_and_the_write_are_counted(play, taken):
    """The answer shows what they took; the level is set again until what is available is what was asked for."""
    busy = Busy("GetStockItemsFullByIds")

    async def scenario(account):
        busy.act = lambda: account.change("stock", sku="LW-0005", in_orders=taken)
        (outcome,) = await account.push("stocklevel", _level("LW-0005", 20))
        assert outcome.result is Result.DELIVERED
        held = _held(account, "LW-0005")
        assert held["StockLevel"] - held["InOrders"] == 20
        assert outcome.returned["quantity"] == 20
        assert outcome.returned["locationId"] == DEFAULT
        assert len(await account.calls("SetStockLevel")) == 2

    play(scenario, records=8, recorder=busy)


@pytest.mark.parametrize("mark", ["isBatchedStockType", "_composite"])
def test_levels_that_follow_from_others_are_left_alone(play, mark):
    """Batches and parts: the reason is said."""

    async def scenario(account):
        next(i for i in account.state()["items"] if i["ItemNumber"] == "LW-0000")[mark] = True
        (outcome,) = await account.push("stocklevel", _level("LW-0000", 6))
        assert outcome.result is Result.SKIPPED
        assert "follows from" in outcome.reason

    play(scenario, records=8)
