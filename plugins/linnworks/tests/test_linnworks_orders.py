"""Writing orders to a Linnworks account: once, at the right total, without mail, payment or stock."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pullpush_linnworks.order_body import Reckoning, reckon
from pullpush_linnworks.sandbox.totals import line_of, totals_of

from pullpush_sdk.connector import Result

CENT = Decimal("0.01")


def _order(**more):
    line = {"sku": "LW-0000", "title": "Lamp", "quantity": 2, "unitPrice": "10.00"}
    return {
        "orderId": "1001",
        "status": "paid",
        "currency": "GBP",
        "totalAmount": "23.50",
        "shippingAmount": "3.50",
        "taxesIncluded": True,
        "lineItems": [line],
        "customer": {"name": "Ada", "email": "ada@example.com"},
        "shippingAddress": {"address1": "1 Road", "city": "Leeds", "postalCode": "LS1", "countryCode": "GB"},
        "createdAt": "2026-03-01T10:00:00Z",
        **more,
    }


def _ours(account):
    return [order for order in account.state()["orders"] if order["GeneralInfo"]["Source"] == "PULLPUSH"]


def _levels(account):
    return {item["ItemNumber"]: [dict(row) for row in item["_levels"]] for item in account.state()["items"]}


def test_an_order_is_entered_once_with_its_total_and_nothing_else_moves(play):
    """The reference is the canonical id, by which it is read again; a repeat changes nothing."""

    async def scenario(account):
        before = _levels(account)
        (outcome,) = await account.push("order", _order())
        assert outcome.result is Result.DELIVERED, outcome
        (order,) = _ours(account)
        assert outcome.native_id == order["OrderId"]
        assert order["GeneralInfo"]["ReferenceNum"] == "1001"
        assert order["TotalsInfo"]["TotalCharge"] == 23.5
        assert order["GeneralInfo"]["Status"] == 1
        assert order["CustomerInfo"]["Address"]["EmailAddress"] == "ada@example.com"
        assert _levels(account) == before
        assert account.state()["mails"] == []
        events = {event.record.order_id: event.record for event in await account.snapshot("order")}
        record = events["1001"]
        assert (record.status, record.total_amount, record.email) == ("paid", Decimal("23.5"), "ada@example.com")
        assert [(line.sku, line.quantity) for line in record.line_items] == [("LW-0000", 2)]
        assert outcome.returned["orderId"] == "1001"
        (again,) = await account.push("order", _order(), native_id=outcome.native_id)
        assert again.result is Result.UNCHANGED
        (unknown,) = await account.push("order", _order())
        assert unknown.result is Result.UNCHANGED
        assert unknown.native_id == outcome.native_id
        assert len(_ours(account)) == 1

    play(scenario, records=8)


def test_an_order_takes_stock_only_if_the_connection_says_so(play):
    """Linked lines are part of what open orders have taken."""

    async def scenario(account):
        await account.push("order", _order())
        row = next(i for i in account.state()["items"] if i["ItemNumber"] == "LW-0000")["_levels"][0]
        assert (row["StockLevel"], row["InOrders"]) == (0, 2)

    play(scenario, records=8, settings={"reserve_stock": True})


@pytest.mark.parametrize("lag", ["0", "45"])
def test_a_lost_answer_never_makes_a_second_order(play, lag):
    """The next attempt comes after the look-up's lag, looks, and finds it."""

    async def scenario(account):
        fault = {"fault": "lost_answer", "match": {"path": "*/CreateOrders"}, "times": 1}
        account.sandbox.control.faults.replace([fault])
        (outcome,) = await account.push("order", _order())
        assert outcome.result is Result.RETRY
        assert outcome.maybe_applied
        account.connection.clock.advance(account.connection.connector.index_lag["order"])
        (again,) = await account.push("order", _order(), maybe_applied=True, attempt=2)
        assert again.result is Result.DELIVERED
        assert len(_ours(account)) == 1
        assert again.native_id == _ours(account)[0]["OrderId"]

    play(scenario, records=8, extra={"index_lag": lag})


FAULTS = st.lists(st.sampled_from(["lost_answer", "reset", "truncate", "none"]), min_size=1, max_size=4)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plan=FAULTS, paid=st.booleans(), lag=st.sampled_from(["0", "59"]), reserve=st.booleans())
def test_whatever_is_lost_there_is_one_order(play, plan, paid, lag, reserve):
    """Every attempt's creation may fail in its own way; deliveries come again as the engine sends them."""

    async def scenario(account):
        status = "paid" if paid else "pending"
        maybe, native_id = False, None
        for number, fault in enumerate([*plan, "none"], start=1):
            rules = [] if fault == "none" else [{"fault": fault, "match": {"path": "*/CreateOrders"}, "times": 1}]
            account.sandbox.control.faults.replace(rules)
            (outcome,) = await account.push(
                "order", _order(status=status), maybe_applied=maybe, attempt=number, native_id=native_id
            )
            assert outcome.result in (Result.DELIVERED, Result.UNCHANGED, Result.RETRY), outcome
            assert len(_ours(account)) <= 1
            if outcome.result is not Result.RETRY:
                native_id = outcome.native_id
            maybe = outcome.maybe_applied
            account.connection.clock.advance(account.connection.connector.index_lag["order"] if maybe else 1)
        (order,) = _ours(account)
        assert native_id == order["OrderId"]
        assert order["TotalsInfo"]["TotalCharge"] == 23.5

    play(scenario, records=8, extra={"index_lag": lag}, settings={"reserve_stock": reserve})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"currency": "EUR"}, "it is in EUR, the Linnworks account in GBP"),
        ({"currency": None}, "no stated currency"),
        ({"totalAmount": "23.51"}, "come to 23.50"),
        ({"totalAmount": None}, "no total"),
        ({"lineItems": []}, "no lines"),
        ({"lineItems": [{"sku": "NOPE", "quantity": 1, "unitPrice": "20.00"}]}, "no active item with SKU 'NOPE'"),
        ({"lineItems": [{"title": "Gift", "quantity": 1, "unitPrice": "20.00"}]}, "'Gift' has no SKU"),
        ({"lineItems": [{"sku": "LW-0000", "quantity": Decimal("0.5"), "unitPrice": "40.00"}]}, "whole pieces"),
    ],
)
def test_what_cannot_be_entered_as_it_is_is_dead_and_says_why(play, change, words):
    """Nothing is written."""

    async def scenario(account):
        (outcome,) = await account.push("order", _order(**change))
        assert outcome.result is Result.DEAD
        assert words in outcome.reason
        assert not _ours(account)

    play(scenario, records=8)


def test_an_order_that_was_over_before_is_left_out(play):
    """There is nothing to pick."""

    async def scenario(account):
        (outcome,) = await account.push("order", _order(status="cancelled"))
        assert outcome.result is Result.SKIPPED
        assert not _ours(account)

    play(scenario, records=8)


def test_a_shipped_order_is_parked_unless_the_connection_processes_it(play):
    """Nobody ships it a second time; processing moves stock and may send mail, so it is asked for."""

    async def parked(account):
        (outcome,) = await account.push("order", _order(status="completed"))
        assert outcome.result is Result.DELIVERED
        (order,) = _ours(account)
        assert (order["Processed"], order["GeneralInfo"]["IsParked"]) == (False, True)
        assert account.state()["mails"] == []

    async def processed(account):
        (outcome,) = await account.push("order", _order(status="completed"))
        assert outcome.result is Result.DELIVERED
        assert _ours(account)[0]["Processed"]

    play(parked, records=8)
    play(processed, records=8, settings={"process_shipped": True})


def test_an_order_goes_on_as_it_does_where_it_comes_from(play):
    """Unpaid, paid, cancelled: each step once, and the lines stay."""

    async def scenario(account):
        pending = _order(status="pending", financialStatus="pending")
        (first,) = await account.push("order", pending)
        assert _ours(account)[0]["GeneralInfo"]["Status"] == 0
        for status, financial in (("paid", "paid"), ("cancelled", "paid")):
            payload = _order(status=status, financialStatus=financial)
            (outcome,) = await account.push("order", payload, native_id=first.native_id)
            (again,) = await account.push("order", payload, native_id=first.native_id)
            assert (outcome.result, again.result) == (Result.DELIVERED, Result.UNCHANGED)
        (order,) = _ours(account)
        assert order["_cancelled"]
        assert len(order["Items"]) == 1

    play(scenario, records=8)


def test_an_order_that_linnworks_shipped_cannot_be_cancelled(play):
    """A person must look."""

    async def scenario(account):
        (first,) = await account.push("order", _order())
        account.change("order_status", order="1001", status="completed")
        (outcome,) = await account.push("order", _order(status="cancelled"), native_id=first.native_id)
        assert outcome.result is Result.DEAD
        assert "has processed it" in outcome.reason

    play(scenario, records=8)


def test_an_order_of_the_account_itself_comes_home(play):
    """Two-way: its canonical id is the account's own; it is followed, not entered again."""

    async def scenario(account):
        order = account.state()["orders"][0]
        count = len(account.state()["orders"])
        (outcome,) = await account.push("order", _order(orderId=order["OrderId"], status="cancelled"))
        assert outcome.result is Result.DELIVERED
        assert account.state()["orders"][0]["_cancelled"]
        assert len(account.state()["orders"]) == count

    play(scenario, records=8)


def test_an_order_that_was_entered_and_is_gone_is_not_entered_again(play):
    """Merged orders are not shown any more; a look-up that lags is given time."""

    async def scenario(account):
        (first,) = await account.push("order", _order())
        account.state()["orders"].remove(_ours(account)[0])
        results = []
        for attempt in (1, 2, 3):
            (outcome,) = await account.push("order", _order(), native_id=first.native_id, attempt=attempt)
            results.append(outcome.result)
        assert results == [Result.RETRY, Result.RETRY, Result.DEAD]
        assert "merged or deleted" in outcome.reason
        assert not _ours(account)

    play(scenario, records=8)


money = st.integers(0, 20_000).map(lambda pence: Decimal(pence) / 100)


@settings(max_examples=150, deadline=None)
@given(
    lines=st.lists(st.tuples(money, st.integers(1, 7), st.sampled_from([0, 5, 15, 20])), min_size=1, max_size=5),
    postage=money,
    discount=st.sampled_from([Decimal(0), Decimal("0.01"), Decimal("1.37")]),
    inclusive=st.booleans(),
    off=st.sampled_from([Decimal(0), CENT, -CENT]),
)
def test_an_order_is_reckoned_to_the_penny_or_refused(lines, postage, discount, inclusive, off):
    """The total that the platform would make of it is the order's, for any lines, taxes, postage and discount."""
    rows, taxes = [], []
    for price, count, rate in lines:
        amount = price * count
        tax = (amount * rate / (100 + rate if inclusive else 100)).quantize(CENT, ROUND_HALF_UP)
        rows.append({"sku": "A", "quantity": count, "unitPrice": str(price), "total": str(amount), "tax": str(tax)})
        taxes.append(tax)
    net = sum((price * count for price, count, _ in lines), Decimal(0))
    total = net + postage - discount + (0 if inclusive else sum(taxes))
    payload = {
        "lineItems": rows,
        "totalAmount": str(total + off),
        "shippingAmount": str(postage),
        "discountAmount": str(discount),
        "taxAmount": str(sum(taxes)),
        "taxesIncluded": inclusive,
    }
    reckoned = reckon(payload)
    if off:
        assert isinstance(reckoned, str) or _platform_total(payload, reckoned) == total + off
    if isinstance(reckoned, Reckoning):
        assert _platform_total(payload, reckoned) == total + off
    else:
        assert off or total <= 0 or not inclusive


def _platform_total(payload, reckoned):
    made = [
        line_of(
            {
                "qty": row["quantity"],
                "priceperunit": row["unitPrice"],
                "taxrate": rate,
                "taxcostinclusive": reckoned.inclusive,
            },
            None,
            row="",
        )
        for row, rate in zip(payload["lineItems"], reckoned.rates, strict=True)
    ]
    return Decimal(str(totals_of(made, postage=reckoned.postage, discount=reckoned.discount)["TotalCharge"]))
