"""What is read from a Linnworks account, against what the account holds."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from pullpush_sdk.errors import AuthError, UnavailableError

DEFAULT = "00000000-0000-0000-0000-000000000000"
ANNEX = "11111111-1111-4111-8111-111111111111"
SUPPLIER = "22222222-2222-4222-8222-222222222222"


def _expected_levels(state, basis="available"):
    """By hand, from the account's own figures: every level that is kept, unknown where nothing is counted."""
    silent = {place["StockLocationId"] for place in state["locations"] if place["IsNotTrackable"]}
    wanted = {}
    for item in state["items"]:
        for level in item["_levels"]:
            place = level["location"]
            number = level["StockLevel"] - (level["InOrders"] if basis == "available" else 0)
            counted = level["MinimumLevel"] >= 0 and place not in silent
            wanted[item["ItemNumber"], place] = number if counted else None
    return wanted


def _read(events):
    found = {(e.record.sku, e.record.location_id): e.record.quantity for e in events}
    assert len(found) == len(events)
    return found


@pytest.mark.parametrize("basis", ["available", "level"])
def test_every_level_is_read_once_with_the_chosen_number(play, basis):
    """Several pages of items; both meanings of a quantity."""

    async def scenario(account):
        events, rejects, cursor = await account.pull("stocklevel")
        assert not rejects
        assert _read(events) == _expected_levels(account.state(), basis)
        assert len(await account.calls("GetStockItemsFull")) == 3
        assert cursor == {}

    play(scenario, records=480, settings={"stock_basis": basis})


def test_zero_and_every_form_of_unknown_stay_apart(play):
    """A real zero is 0; what is not counted is null; what has no row is no event."""

    async def scenario(account):
        events, _, _ = await account.pull("stocklevel")
        found = _read(events)
        assert found["LW-0000", DEFAULT] == 0  # nothing there
        assert found["LW-0001", DEFAULT] == 0
        assert found["LW-0002", DEFAULT] is None  # not tracked at this location
        assert found["LW-0002", ANNEX] == 12
        assert found["LW-0003", DEFAULT] == -5  # sold beyond what is there
        assert ("LW-0004", ANNEX) not in found  # no row
        assert found["LW-0005", DEFAULT] == 1  # five, four of them ordered
        assert not [key for key in found if key[0] == "LW-0006"]  # a variation parent holds nothing
        assert found["LW-0007", DEFAULT] is None  # a bundle that is not tracked
        assert {found[key] for key in found if key[1] == SUPPLIER} == {None}  # keeps no stock
        no_date = next(e for e in events if e.record.sku == "LW-0002")
        assert no_date.record.updated_at is None

    play(scenario, records=8)


def test_a_full_last_page_ends_with_the_400_that_says_so(play):
    """The page behind the last is refused; that is the end, not a failure."""

    async def scenario(account):
        pages = await account.pages("product")
        assert [len(page.events) for page in pages] == [200, 0]
        assert [page.done for page in pages] == [False, True]
        assert [call["status"] for call in await account.calls("GetStockItemsFull")] == [200, 400]

    play(scenario, records=228)  # one in eight is a variation parent


@pytest.mark.parametrize("stop", [0, 1])
def test_a_sweep_goes_on_where_it_was_broken_off(play, stop):
    """The cursor of any page leads to the rest."""

    async def scenario(account):
        pages = await account.pages("stocklevel")
        rest, _, _ = await account.pull("stocklevel", pages[stop].cursor)
        first = [event for page in pages[: stop + 1] for event in page.events]
        assert _read(first) | _read(rest) == _expected_levels(account.state())

    play(scenario, records=480)


def test_a_change_of_orders_alone_is_seen_by_the_next_sweep(play):
    """The time of the level stands still; the version is the moment of asking."""

    async def scenario(account):
        before, _, cursor = await account.pull("stocklevel")
        account.change("stock", sku="LW-0000", location=ANNEX, in_orders=7)
        account.connection.clock.advance(60)
        after, _, _ = await account.pull("stocklevel", cursor)
        assert _read(after)["LW-0000", ANNEX] == _read(before)["LW-0000", ANNEX] - 7
        assert min(e.version for e in after) > max(e.version for e in before)

    play(scenario, records=8)


def test_products_carry_what_the_items_hold(play):
    """Every active item but variation parents; the currency is the configured one."""

    async def scenario(account):
        events, rejects, _ = await account.pull("product")
        assert not rejects
        items = {i["ItemNumber"]: i for i in account.state()["items"] if not i["IsVariationParent"]}
        assert {e.record.sku for e in events} == set(items)
        for event in events:
            record, item = event.record, items[event.record.sku]
            assert (record.title, record.description) == (item["ItemTitle"], item["MetaData"])
            assert record.price == Decimal(str(item["RetailPrice"]))
            assert record.currency == "GBP"
            assert (record.barcode or "") == item["BarcodeNumber"]
            assert record.created_at == datetime(2026, 1, 31, 12, tzinfo=UTC)

    play(scenario, records=20, settings={"currency": "GBP"})


def _expected_status(order):
    if order["_cancelled"]:
        return "cancelled", "cancelled"
    if order["Processed"]:
        return "shipped", "fulfilled"
    paid = order["GeneralInfo"]["Status"] == 1
    words = ("on_hold" if order["GeneralInfo"]["IsParked"] else "paid") if paid else "pending"
    return words, "unfulfilled"


def test_open_and_processed_orders_are_read_with_their_lines(play):
    """Both lists of each page, either of which may be null; parts of bundles are no lines."""

    async def scenario(account):
        events, rejects, _ = await account.pull("order")
        assert not rejects
        orders = {order["OrderId"]: order for order in account.state()["orders"]}
        assert len(orders) > 200
        assert len(events) == len(orders)
        seen = set()
        for event in events:
            record, order = event.record, orders[event.record.order_id]
            assert (record.status, record.fulfillment_status) == _expected_status(order)
            seen.add(record.status)
            assert record.total_amount == Decimal(str(order["TotalsInfo"]["TotalCharge"]))
            assert record.currency == "GBP"
            assert record.customer.email == order["CustomerInfo"]["Address"]["EmailAddress"]
            (line,), (native,) = record.line_items, order["Items"]
            assert (line.sku, line.quantity) == (native["SKU"], 2)
            assert line.total == Decimal(str(native["CostIncTax"]))
            assert line.tax == Decimal(str(native["CostIncTax"])) - Decimal(str(native["Cost"]))
        assert seen == {"cancelled", "shipped", "on_hold", "pending", "paid"}

    play(scenario, records=800)


def test_the_next_sweep_of_orders_asks_for_changes_only(play):
    """From the newest order that was seen, less ten minutes."""

    async def scenario(account):
        _, _, cursor = await account.pull("order")
        assert cursor == {"since": "2026-03-01T12:00:00Z"}
        account.connection.clock.advance(3600)
        account.change("order", number=100_000, processed=True)
        events, _, _ = await account.pull("order", cursor)
        assert ("100000", "shipped") in [(e.record.order_number, e.record.status) for e in events]
        assert "fromDate=2026-03-01T11%3A50%3A00Z" in (await account.calls("/v2/orders"))[-1]["query"]

    play(scenario, records=20)


@pytest.mark.parametrize("skew", [-86_400, -7200, 7200])
def test_a_clock_that_is_wrong_loses_no_order(play, skew):
    """The platform's own times bound the next sweep, whatever our clock says."""

    async def scenario(account):
        account.change("order", number=100_002)
        _, _, cursor = await account.pull("order")
        account.connection.clock.advance(60)
        account.change("order", number=100_000)
        events, _, _ = await account.pull("order", cursor)
        assert "100000" in {e.record.order_number for e in events}

    play(scenario, records=20, skew=skew)


def test_one_session_is_opened_and_its_own_server_is_used(play):
    """Credentials are exchanged once; every call but the regional ones goes to the session's server."""

    async def scenario(account):
        await account.pull("stocklevel")
        await account.pull("order")
        paths = [call["path"] for call in await account.calls()]
        assert paths.count("/api/Auth/AuthorizeByApplication") == 1
        servers = {path.split("/")[1] for path in paths[1:]}
        assert len(servers) == 2
        assert "v2" in servers
        assert "api" not in servers

    play(scenario, records=20)


def test_a_dead_session_is_replaced_by_one_new_one(play):
    """Several calls meet the 401; they share the renewal, and the new server is used."""

    async def scenario(account):
        await account.pull("product")
        before = (await account.calls())[-1]["path"].split("/")[1]
        account.change("expire_sessions")
        events, _, _ = await account.pull("stocklevel")
        assert events
        assert len(await account.calls("AuthorizeByApplication")) == 2
        assert (await account.calls())[-1]["path"].split("/")[1] not in (before, "api")

    play(scenario, records=20)


def test_many_calls_that_meet_a_dead_session_share_one_new_one(play):
    """Single flight, and no third session."""

    async def scenario(account):
        await account.pull("product")
        account.change("expire_sessions")
        await asyncio.gather(*(account.pull(kind) for kind in ("stocklevel", "product", "order", "contact")))
        assert len(await account.calls("AuthorizeByApplication")) == 2

    play(scenario, records=20)


@pytest.mark.parametrize(("state", "error"), [("LOCKED_FULL", AuthError), ("MAINTENANCE", UnavailableError)])
def test_a_session_of_an_account_that_is_locked_or_away_is_not_used(play, state, error):
    """The status is 200, the state says otherwise: a person must act, or it is tried again later."""

    async def scenario(account):
        account.change("state", state=state)
        with pytest.raises(error, match=f"{state}: The account is not available"):
            await account.pull("product")
        account.change("state", state="AVAILABLE")
        assert (await account.pull("product"))[0]

    play(scenario, records=8)


def test_a_quiet_session_is_renewed_before_it_is_refused(play):
    """Twenty minutes are the session's life."""

    async def scenario(account):
        await account.pull("product")
        account.connection.clock.advance(1300)
        await account.pull("product")
        assert len(await account.calls("AuthorizeByApplication")) == 2
        assert 401 not in {call["status"] for call in await account.calls()}

    play(scenario, records=8)


def test_wrong_credentials_are_said_plainly(play):
    """The platform's 400 is no rejected record."""

    async def scenario(account):
        with pytest.raises(AuthError, match="no session was given"):
            await account.pull("product")

    play(scenario, records=8, secrets={"installation_token": "wrong"})


@pytest.mark.parametrize("extra", [{}, {"retry_after": "false"}, {"quota_status": "400", "retry_after": "false"}])
def test_a_used_up_quota_is_waited_for_whatever_it_looks_like(play, extra):
    """429 or 400, with or without Retry-After: the sweep is complete and nothing is asked too early."""

    async def scenario(account):
        control = account.sandbox.control
        body = {"Message": "API calls quota exceeded! maximum admitted 150 per 1m."}
        status = int(extra.get("quota_status", 429))
        headers = {"Retry-After": "30"} if not extra else {}
        match = {"path": "*/api/Stock/GetStockItemsFull"}
        control.faults.replace(
            [{"fault": "status", "match": match, "status": status, "body": body, "headers": headers, "times": 1}]
        )
        events, _, _ = await account.pull("stocklevel")
        assert _read(events) == _expected_levels(account.state())
        assert account.connection.clock.monotonic() >= (60 if extra else 30)

    play(scenario, records=20, extra=extra)


def test_check_and_locations(play):
    """The list of places proves the credentials; what keeps no stock is no place for stock."""

    async def scenario(account):
        (finding,) = await account.hook.pullpush_check(connection=account.connection)
        assert finding.ok
        places = await account.hook.pullpush_locations(connection=account.connection)
        assert {place.id: place.name for place in places if place.active} == {DEFAULT: "Default", ANNEX: "Annex"}

    play(scenario, records=1)
