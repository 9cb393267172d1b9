"""Writing orders: only at the order's own prices, and never twice."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pullpush_salla.sandbox.words import STATUSES

BUYER = {"name": "Nora Test", "phone": "+966 51 111 1111", "email": "nora@example.com"}


def order_for(w, *lines, **more):
    """A canonical order over (SKU, quantity) at the store's own prices, with 15 % of tax on each line."""
    rows = {}
    for product in w.state()["products"]:
        paid = product["regular_price"] if product["sale_price"] is None else product["sale_price"]
        rows[product["sku"]] = paid
        rows |= {v["sku"]: v["price"] for v in product["variants"]}
    total = sum(rows[sku] * n + (rows[sku] * n * 15 + 50) // 100 for sku, n in lines)
    return {
        "orderId": "W-1001",
        "status": "paid",
        "financialStatus": "paid",
        "currency": "SAR",
        "totalAmount": str(Decimal(total) / 100),
        "taxesIncluded": False,
        "createdAt": w.sandbox.control.clock.now().isoformat(),
        "lineItems": [
            {"sku": sku, "title": sku, "quantity": n, "unitPrice": str(Decimal(rows[sku]) / 100)} for sku, n in lines
        ],
        "customer": BUYER,
        **more,
    }


def made(w, before):
    """Orders that are new since."""
    known = {row["id"] for row in before["orders"]}
    return [row for row in w.state()["orders"] if row["id"] not in known]


def slug_of(row):
    return row["histories"][-1]["status_id"], row["status_id"]


LINES = (("SKU-00001", 2), ("SKU-00003-M", 1), ("SKU-00002", 3))


def test_an_order_is_entered_at_its_own_prices(world):
    """Lines, buyer, branch and payment are there; the total is the order's; stock moves by itself."""

    async def run():
        async with world(extra={"branches": "2"}) as w:
            before = w.state()
            payload = order_for(w, *LINES)
            (outcome,) = await w.push("order", payload)
            post = (await w.asked("POST", "/orders"))[0]["body"]
            return payload, outcome, made(w, before), post, before

    payload, outcome, (row,), post, before = asyncio.run(run())
    assert outcome.result == "delivered"
    assert outcome.reason == ""
    assert outcome.native_id == str(row["id"])
    assert [(line["sku"], line["quantity"]) for line in row["lines"]] == list(LINES)
    assert (row["customer"]["email"], row["customer"]["mobile_code"]) == ("nora@example.com", "+966")
    assert row["branch_id"] == before["branches"][0]["id"]
    assert post["payment"] == {"status": "paid", "method": "bank"}
    assert payload["customer"] == BUYER


def test_settings_choose_branch_and_payment_method(world):
    """An unpaid order may be paid by the setting's method; the setting's branch gives the pieces."""

    async def run():
        async with world(extra={"branches": "2"}, settings={"payment_method": "cod", "order_branch": "349994002"}) as w:
            payload = order_for(w, ("SKU-00001", 1), financialStatus="pending", status="pending")
            (outcome,) = await w.push("order", payload)
            return outcome, (await w.asked("POST", "/orders"))[0]["body"]

    outcome, post = asyncio.run(run())
    assert outcome.result == "delivered"
    assert post["payment"] == {"status": "pending_payment", "accepted_methods": ["cod"]}
    assert post["branch_id"] == 349994002


@pytest.mark.parametrize("missing", ["name", "phone", "email"])
def test_a_buyer_who_is_not_fully_known_is_a_guest(world, missing):
    """The platform takes name, number and mail address of a new customer together or not at all."""

    async def run():
        async with world() as w:
            before = w.state()
            customer = {name: each for name, each in BUYER.items() if name != missing}
            (outcome,) = await w.push("order", order_for(w, ("SKU-00001", 1), customer=customer))
            return outcome, made(w, before)

    outcome, (row,) = asyncio.run(run())
    assert outcome.result == "delivered"
    assert row["customer"] is None


def test_a_customer_of_the_store_is_known_by_the_mail_address(world):
    """Without a number, and in any spelling; a lost answer finds the order again."""

    async def run():
        async with world() as w:
            known = next(each for each in w.state()["customers"] if each["email"])
            before, buyer = w.state(), {"email": known["email"].upper()}
            payload = order_for(w, ("SKU-00001", 1), customer=buyer)
            w.faults({"match": {"method": "POST", "path": "*/orders"}, "fault": "lost_answer", "times": 1})
            await w.push("order", payload)
            (outcome,) = await w.push("order", payload, attempt=2, maybe_applied=True)
            return known, outcome, made(w, before)

    known, outcome, (row,) = asyncio.run(run())
    assert outcome.result == "delivered"
    assert row["customer"]["id"] == known["id"]
    assert row["receiver"]["email"] == known["email"]
    assert row["receiver"]["notify"] is False


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"currency": "USD"}, ["USD", "SAR"]),
        ({"currency": None}, ["no stated currency"]),
        ({"totalAmount": "1.00"}, ["come to", "1.00"]),
        ({"totalAmount": None}, ["no total"]),
        ({"lineItems": [{"sku": "SKU-00001", "quantity": 1}]}, ["SKU-00001", "no price"]),
        ({"lineItems": []}, ["no lines"]),
        ({"lineItems": [{"sku": "GHOST", "quantity": 1, "unitPrice": "1"}]}, ["GHOST"]),
        ({"lineItems": [{"title": "Gift wrap", "quantity": 1, "unitPrice": "1"}]}, ["Gift wrap", "no SKU"]),
        ({"lineItems": [{"sku": "SKU-00001", "quantity": Decimal("0.5"), "unitPrice": "1"}]}, ["whole pieces"]),
    ],
)
def test_what_cannot_be_entered_as_it_is_is_dead(world, more, words):
    """And nothing is entered at all."""

    async def run():
        async with world() as w:
            before = w.state()
            payload = order_for(w, ("SKU-00001", 1))
            (outcome,) = await w.push("order", {**payload, **more})
            return outcome, made(w, before)

    outcome, orders = asyncio.run(run())
    assert orders == []
    assert outcome.result == "dead"
    assert all(word in outcome.reason for word in words), outcome.reason


def total_of(w, native_id):
    """What an order comes to in the store, from its own lines."""
    row = next(row for row in w.state()["orders"] if str(row["id"]) == native_id)
    lines = sum(line["unit"] * line["quantity"] - line["discount"] for line in row["lines"])
    tax = sum((line["unit"] * line["quantity"] * 15 + 50) // 100 for line in row["lines"] if line["taxed"])
    return Decimal(lines + tax) / 100, row


SWITCHES = [{"custom_item_taxed": "true"}, {"custom_item_taxed": "false"}]


@pytest.mark.parametrize("extra", SWITCHES, ids=["shipping taxed", "shipping untaxed"])
@pytest.mark.parametrize(
    ("prices", "more", "total"),
    [
        (("50", "20"), {"shippingAmount": "10"}, "100.00"),
        (("50", "20"), {"shippingAmount": "10", "totalAmount": "113.50"}, "113.50"),
        (("50", "20"), {"shippingAmount": "25.04", "totalAmount": "130.50"}, "130.50"),
        (("50", "20"), {"discountAmount": "7", "totalAmount": "95.45"}, "95.45"),
        (("50", "20"), {"discountAmount": "7", "shippingAmount": "20", "totalAmount": "115.45"}, "115.45"),
        (("3.33", "0.05"), {}, "7.78"),
        (("50", "20"), {"discountAmount": "90", "totalAmount": "0"}, "0"),
        (("57.50", "23"), {"taxesIncluded": True, "totalAmount": "103.50"}, "103.50"),
        (("57.50", "23"), {"taxesIncluded": True, "shippingAmount": "11.5", "totalAmount": "115"}, "115"),
    ],
)
def test_shipping_discounts_and_own_prices_come_to_the_same_total(world, extra, prices, more, total):
    """Whether the store taxes the line of shipping or not; read back, shipping is shipping again and no goods."""

    async def run():
        async with world(extra=extra) as w:
            payload = order_for(w, ("SKU-00001", 1), ("SKU-00002", 2))
            for line, price in zip(payload["lineItems"], (prices[0], str(Decimal(prices[1]))), strict=True):
                line["unitPrice"] = price
            goods = [(Decimal(prices[0]), 1), (Decimal(prices[1]), 2)]
            net = sum(p * n for p, n in goods)
            own = net + sum((p * n * 15 / 100).quantize(Decimal("0.01"), "ROUND_HALF_UP") for p, n in goods)
            stated = more.get("totalAmount", str(own + Decimal(more.get("shippingAmount", 0))))
            payload |= {**more, "totalAmount": stated}
            before = w.state()
            (outcome,) = await w.push("order", payload)
            record = next((r for r in await w.read("order") if r.order_id == outcome.native_id), None)
            after = w.state()
            return (
                outcome,
                stated,
                total_of(w, outcome.native_id)[0] if outcome.native_id else None,
                record,
                before,
                after,
            )

    outcome, stated, now, record, before, after = asyncio.run(run())
    assert outcome.result == "delivered", outcome.reason
    assert now == record.total_amount == Decimal(stated)
    assert [line.sku for line in record.line_items] == ["SKU-00001", "SKU-00002"]
    assert record.subtotal_amount - record.discount_amount + record.shipping_amount + record.tax_amount == now
    assert [p["stock"] for p in before["products"]] == [p["stock"] for p in after["products"]]


def test_a_total_that_the_store_does_not_come_to_is_cancelled_and_dead(world):
    """A store that takes whole prices only: nothing is left open, no piece is gone, the letter names the order."""

    async def run():
        async with world(extra={"item_prices": "whole"}) as w:
            payload = order_for(w, ("SKU-00001", 2))
            payload["lineItems"][0]["unitPrice"] = "3.33"
            payload["totalAmount"] = "7.66"
            before = w.state()
            (outcome,) = await w.push("order", payload)
            return outcome, made(w, before), before, w.state()

    outcome, (row,), before, after = asyncio.run(run())
    assert outcome.result == "dead"
    assert str(row["id"]) in outcome.reason
    assert "cancelled" in outcome.reason
    assert STATUSES[row["status_id"]].slug == "canceled"
    assert [p["stock"] for p in before["products"]] == [p["stock"] for p in after["products"]]


def stock_of(w):
    return [(p["stock"], [v["stock"] for v in p["variants"]]) for p in w.state()["products"]]


@pytest.mark.parametrize(("takes", "gone"), [(False, 0), (True, 2)])
def test_an_order_moves_stock_only_if_the_setting_says_so(world, takes, gone):
    """The platform takes the pieces; they are given back, and those of unlimited products are not counted."""

    async def run():
        async with world(settings={"order_takes_stock": takes}) as w:
            w.change("stock", sku="SKU-00002", quantity=None)
            there, unlimited = (
                sum(w.state()["products"][0]["stock"]["by_branch"].values()),
                w.state()["products"][1]["stock"],
            )
            (outcome,) = await w.push("order", order_for(w, ("SKU-00001", 2), ("SKU-00002", 1)))
            return (
                outcome,
                there - sum(w.state()["products"][0]["stock"]["by_branch"].values()),
                unlimited,
                w.state()["products"][1]["stock"],
            )

    outcome, moved, before, after = asyncio.run(run())
    assert outcome.result == "delivered"
    assert outcome.reason == ""
    assert moved == gone
    assert before == after


def test_giving_back_makes_no_number_of_an_unknown_one(world):
    """A counted product whose number is missing stays so, and the reason names it."""

    async def run():
        async with world() as w:
            branch = w.state()["branches"][0]["id"]
            payload = order_for(w, ("SKU-00001", 2), ("SKU-00002", 1))
            w.change("stock", sku="SKU-00001", quantity=None, unlimited=False, branch=branch)
            before = stock_of(w)
            (outcome,) = await w.push("order", payload)
            return outcome, before, stock_of(w)

    outcome, before, after = asyncio.run(run())
    assert outcome.result == "delivered"
    assert "'SKU-00001' (2 taken by the order)" in outcome.reason
    assert "SKU-00002" not in outcome.reason
    assert before == after


@pytest.mark.parametrize("notify", [False, True])
def test_a_receiver_is_notified_only_if_the_setting_says_so(world, notify):
    """The platform has a word for it, which is always sent."""

    async def run():
        async with world(settings={"order_notifies": notify}) as w:
            await w.push("order", order_for(w, ("SKU-00001", 1)))
            return (await w.asked("POST", "/orders"))[0]["body"]["receiver"]

    assert asyncio.run(run()) == {
        "name": "Nora Test",
        "phone": "+966511111111",
        "email": "nora@example.com",
        "notify": notify,
    }


STEPS = ["*/orders", "*/orders/items", "*/orders/items/*", "*/histories", "*/quantities/bulk", "*/status"]


@given(
    where=st.lists(
        st.tuples(st.sampled_from(STEPS), st.sampled_from(["lost_answer", "reset", "truncate"])), min_size=1, max_size=4
    ),
    taxed=st.booleans(),
    lag=st.sampled_from([0, 25]),
)
@settings(max_examples=12, deadline=None, phases=[Phase.generate])
def test_whatever_is_lost_on_the_way_one_order_is_made(world_now, where, taxed, lag):
    """One order, its total exact, no piece gone or given back twice, one line of shipping."""

    async def run():
        async with world_now(extra={"custom_item_taxed": str(taxed).lower(), "index_lag": str(lag)}) as w:
            payload = order_for(w, ("SKU-00001", 1), ("SKU-00002", 2), status="shipped", shippingAmount="9")
            payload["lineItems"][0]["unitPrice"] = "41.10"
            payload["lineItems"][1]["unitPrice"] = "10"
            payload["totalAmount"] = str(Decimal("41.10") + Decimal("6.17") + 23 + 9)
            before, stock, lost = w.state(), stock_of(w), False
            w.faults(*({"match": {"method": "P*", "path": path}, "fault": fault, "times": 1} for path, fault in where))
            for attempt in range(1, 12):
                (outcome,) = await w.push("order", payload, attempt=attempt, maybe_applied=lost)
                lost = lost or outcome.maybe_applied
                if outcome.result != "retry":
                    break
                # A lost answer comes back after the lag that the manifest names.
                w.sandbox.control.clock.advance(max(w.loaded.connector.index_lag["order"], outcome.after or 0))
            w.faults()
            return (
                outcome,
                made(w, before),
                stock,
                stock_of(w),
                total_of(w, outcome.native_id)[0],
                payload["totalAmount"],
            )

    outcome, orders, stock, now, total, stated = asyncio.run(run())
    assert outcome.result == "delivered", outcome.reason
    (row,) = orders
    assert total == Decimal(stated)
    assert [line["sku"] for line in row["lines"]] == ["SKU-00001", "SKU-00002", ""]
    assert now == stock
    assert outcome.reason == ""


def test_prices_with_tax_compare_with_tax(world):
    """A source that shows prices with tax is compared with what a buyer pays in Salla."""

    async def run():
        async with world() as w:
            payload = order_for(w, ("SKU-00001", 1), taxesIncluded=True)
            payload["lineItems"][0]["unitPrice"] = payload["totalAmount"]
            return await w.push("order", payload)

    (outcome,) = asyncio.run(run())
    assert outcome.result == "delivered"


def test_more_than_there_is_is_dead_in_the_platforms_words(world):
    """The platform refuses the line by name."""

    async def run():
        async with world() as w:
            return await w.push("order", order_for(w, ("SKU-00001", 5000)))

    (outcome,) = asyncio.run(run())
    assert outcome.result == "dead"
    assert "products.0.quantity" in outcome.reason


@pytest.mark.parametrize("fault", ["lost_answer", "truncate"])
@pytest.mark.parametrize("buyer", [BUYER, None])
def test_an_order_whose_answer_was_lost_is_found(world, fault, buyer):
    """It is not sent again; the next attempt recognises it among the others of today."""

    async def run():
        async with world(extra={"order_date_zone": "utc"}) as w:
            w.change("order_create", items=[{"sku": "SKU-00001", "quantity": 1}])
            before = w.state()
            payload = order_for(w, *LINES, customer=buyer)
            w.faults({"match": {"method": "POST", "path": "*/orders"}, "fault": fault, "times": 1})
            (first,) = await w.push("order", payload)
            (second,) = await w.push("order", payload, attempt=2, maybe_applied=first.maybe_applied)
            return first, second, made(w, before)

    first, second, (row,) = asyncio.run(run())
    assert first.result == "retry"
    assert first.maybe_applied
    assert second.result == "delivered"
    assert second.native_id == str(row["id"])


def test_an_order_that_never_arrived_is_entered_by_the_next_attempt(world):
    """A reset connection left nothing behind."""

    async def run():
        async with world() as w:
            before = w.state()
            payload = order_for(w, *LINES)
            w.faults({"match": {"method": "POST", "path": "*/orders"}, "fault": "reset", "times": 1})
            (first,) = await w.push("order", payload)
            (second,) = await w.push("order", payload, attempt=2, maybe_applied=True)
            return first, second, made(w, before)

    first, second, orders = asyncio.run(run())
    assert first.result == "retry"
    assert second.result == "delivered"
    assert len(orders) == 1


def test_several_orders_that_may_be_it_are_for_a_person(world):
    """The letter names them; no third one is made."""

    async def run():
        async with world() as w:
            payload = order_for(w, *LINES)
            ids = [(await w.push("order", payload))[0].native_id for _ in range(2)]
            before = w.state()
            (outcome,) = await w.push("order", payload, attempt=2, maybe_applied=True)
            return ids, outcome, made(w, before)

    ids, outcome, orders = asyncio.run(run())
    assert orders == []
    assert outcome.result == "dead"
    assert all(native_id in outcome.reason for native_id in ids)


def _status(w, native_id):
    row = next(row for row in w.state()["orders"] if str(row["id"]) == native_id)
    return row["status_id"], len(row["histories"])


def test_a_known_order_gets_its_status_only_where_it_differs(world):
    """Shipped is written once; the same again is unchanged; nothing is entered anew."""

    async def run():
        async with world() as w:
            payload = order_for(w, ("SKU-00001", 1))
            (created,) = await w.push("order", payload)
            before = w.state()
            known = {"native_id": created.native_id}
            outcomes = [
                (await w.push("order", {**payload, "status": status}, **known))[0]
                for status in ("processing", "shipped", "shipped", "completed")
            ]
            partial = {"orderId": "W-1001", "status": "cancelled"}
            outcomes += await w.push("order", partial, fields=frozenset({"status"}), **known)
            return outcomes, made(w, before), _status(w, created.native_id)

    outcomes, orders, (_, changes) = asyncio.run(run())
    assert orders == []
    assert [str(o.result) for o in outcomes] == ["unchanged", "delivered", "unchanged", "delivered", "delivered"]
    assert changes == 6  # its own four, and the two notes of the pieces that went back


@pytest.mark.parametrize(("restock", "back"), [(False, 0), (True, 2)])
def test_a_cancelled_order_gives_its_pieces_back_only_if_asked(world, restock, back):
    """The platform takes pieces when an order is entered; the setting decides about the way back."""

    async def run():
        async with world(settings={"restock": restock, "order_takes_stock": True}) as w:
            payload = order_for(w, ("SKU-00001", 2))
            (created,) = await w.push("order", payload)
            there = sum(w.state()["products"][0]["stock"]["by_branch"].values())
            await w.push("order", {**payload, "status": "cancelled"}, native_id=created.native_id)
            return sum(w.state()["products"][0]["stock"]["by_branch"].values()) - there

    assert asyncio.run(run()) == back


def test_a_status_that_fails_after_the_order_was_entered_does_not_enter_it_twice(world):
    """The order stands; the next attempt finds it and writes the status."""

    async def run():
        async with world() as w:
            before = w.state()
            payload = order_for(w, *LINES, status="shipped")
            w.faults({"match": {"path": "*/status"}, "fault": "status", "status": 401, "body": {}, "times": 5})
            (first,) = await w.push("order", payload)
            w.faults()
            (second,) = await w.push("order", payload, attempt=2, maybe_applied=first.maybe_applied)
            return first, second, made(w, before)

    first, second, (row,) = asyncio.run(run())
    assert first.result == "retry"
    assert first.maybe_applied
    assert second.result == "delivered"
    assert len({each["status_id"] for each in row["histories"]}) == 2


@pytest.mark.parametrize(
    ("more", "options", "result"),
    [
        ({"status": "cancelled"}, {}, "skipped"),
        ({}, {"verb": "deleted"}, "skipped"),
        ({}, {"fields": frozenset({"status"})}, "dead"),
        ({}, {"native_id": "1"}, "dead"),
    ],
)
def test_orders_that_are_not_entered(world, more, options, result):
    """Over before they came, deleted, only partly known, or gone from the store."""

    async def run():
        async with world() as w:
            before = w.state()
            (outcome,) = await w.push("order", order_for(w, ("SKU-00001", 1), **more), **options)
            return outcome, made(w, before)

    outcome, orders = asyncio.run(run())
    assert orders == []
    assert outcome.result == result
    assert outcome.reason
