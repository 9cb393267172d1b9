"""Invoices, carts, and what orders and products say besides: discounts, weights, pictures."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from pullpush_sdk.canonical import CartStatus, to_sparse

PAID = {"PAID", "PARTIALLY_PAID", "PARTIALLY_REFUNDED", "REFUNDED"}


def test_every_order_that_was_paid_is_an_invoice_and_no_other(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        events, rejects, _ = await shop.pull("invoice")
        orders = {each["id"].rpartition("/")[2]: each for each in (await shop.state())["orders"]}
        paid = {number for number, each in orders.items() if each["financial_status"] in PAID}
        assert not rejects
        assert {event.record.invoice_id for event in events} == paid
        assert len(paid) < len(orders)
        for event in events:
            invoice, order = event.record, orders[event.record.invoice_id]
            assert invoice.amount == Decimal(order["current_total"])
            assert invoice.amount_paid == Decimal(order["received"])
            assert invoice.status.value == order["financial_status"].lower()
            assert invoice.invoice_number == order["name"]

    play(scenario, records=80)


def test_an_order_that_is_paid_later_becomes_an_invoice_of_the_next_sweep(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        events, _, cursor = await shop.pull("invoice")
        known = {event.record.order_id for event in events}
        orders, _, _ = await shop.pull("order")
        unpaid = next(event.record for event in orders if event.record.order_id not in known)
        shop.clock.advance(3600)
        await shop.change("order", id=unpaid.order_number, financial_status="PAID")
        later, _, _ = await shop.pull("invoice", cursor)
        assert [event.record.order_id for event in later] == [unpaid.order_id]

    play(scenario, records=12)


def test_carts_are_the_checkouts_that_were_left_behind(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        events, rejects, cursor = await shop.pull("cart")
        numbers = {each["id"].rpartition("/")[2] for each in (await shop.state())["checkouts"]}
        assert not rejects
        assert {event.record.cart_id for event in events} == numbers
        assert {event.record.status for event in events} == {CartStatus.ABANDONED, CartStatus.CONVERTED}
        for event in events:
            cart = event.record
            assert sum(line.total for line in cart.line_items) == cart.total_amount
            gross = sum(line.unit_price * line.quantity for line in cart.line_items)
            assert gross - cart.discount_amount == cart.total_amount
            assert bool(cart.discount_amount) == (cart.discount_codes == "TENOFF")
            assert cart.currency == "SAR"
        shop.clock.advance(3600)
        left = await shop.change("checkout", sku="SKU-00001", quantity=2, email="buyer00001@example.com")
        (later,), _, _ = await shop.pull("cart", cursor)
        assert later.record.cart_id == left["key"]
        assert later.record.customer.email == "buyer00001@example.com"

    play(scenario, records=60)


def test_a_cart_with_more_lines_than_one_answer_holds_is_read_whole(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        await shop.change("checkout", sku="SKU-00001", quantity=1, lines=120)
        (event,), _, _ = await shop.pull("cart")
        assert len(event.record.line_items) == 120

    play(scenario, records=2)


def test_lines_are_exact_with_their_discounts_and_codes_are_named(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        events, _, _ = await shop.pull("order")
        discounted = [event.record for event in events if event.record.discount_codes]
        assert discounted
        for event in events:
            order = event.record
            lines = order.line_items
            assert sum(line.discount for line in lines) == order.discount_amount
            assert sum(line.total for line in lines) == order.subtotal_amount
            assert all(line.total == line.unit_price * line.quantity - line.discount for line in lines)
        assert {order.discount_codes for order in discounted} == {"TENOFF"}

    play(scenario, records=80)


def test_weights_and_pictures_come_with_the_product(play: Any) -> None:
    create = {"title": "Heavy", "productOptions": [], "variants": [{"optionValues": [], "sku": "H-1"}]}

    async def scenario(shop: Any) -> None:
        await shop.change("product", create=create)
        events, _, _ = await shop.pull("product")
        products = {event.record.sku: event.record for event in events}
        assert (products["SKU-00001"].weight, products["SKU-00001"].weight_unit) == (Decimal("0.5"), "g")
        assert products["SKU-00005"].weight is None  # nobody weighed it, which is not nothing
        assert to_sparse(products["SKU-00005"].variants[0]).get("weight") is None
        assert [each.kind for each in products["SKU-00002"].media] == ["image", "image"]
        assert products["SKU-00002"].media[0].url.endswith("product-00002-0.jpg")
        assert [each.get("url") for each in to_sparse(products["SKU-00004"])["media"]] == [None]  # not ready yet
        assert products["H-1"].media == ()
        many = await shop.change("pictures", sku="SKU-00001", count=25)
        assert many["key"] == "SKU-00001"
        events, _, _ = await shop.pull("product")
        assert next(len(event.record.media) for event in events if event.record.sku == "SKU-00001") == 25

    play(scenario, records=6)
