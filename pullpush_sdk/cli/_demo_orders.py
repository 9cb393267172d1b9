"""Customers of the demonstration: they buy in one shop what the other keeps in stock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from pullpush_sdk.canonical import UNSET, Address, Customer, LineItem, Order, OrderStatus, to_sparse
from pullpush_sdk.clock import SystemClock
from pullpush_sdk.connector import Delivery, Event, Result, Verb, version_of

from ._demo_world import Shop, World

_NAMES = ("Aisha", "Omar", "Layla", "Yusuf", "Nour")
# The customers live in Saudi Arabia; its tax comes on top of the prices.
_VAT = Decimal("0.15")
Priced = tuple[str, str, Decimal]


async def place_orders(world: World) -> list[str]:
    """Five orders at the destination, at its own prices; what the shop did not take, in words.

    They are written by the connector itself, as an order of any other platform would be.
    """
    shop = world.destination
    currency, goods = await _goods(shop, await world.source.stock())
    if not goods:
        return ["nothing that is in stock has a price: no orders are placed"]
    kind = world.plugins.types["order"]
    now = SystemClock().now()
    batch = []
    for number, name in enumerate(_NAMES):
        order = _order(number, name, goods[number % len(goods)], currency, now)
        batch.append(
            Delivery(
                id=f"demo-{number}",
                kind=kind,
                verb=Verb.CREATED,
                key=kind.key(order),
                identity=kind.identity(order),
                payload=to_sparse(order),
                version=version_of(now),
                position=number,
            )
        )
    refused = []
    size = shop.loaded.connector.batch.get("order", 1)
    for start in range(0, len(batch), size):
        part = batch[start : start + size]
        outcomes = await shop.loaded.hook.pullpush_push(connection=shop.connection, canonical_type="order", batch=part)
        refused += [each.reason for each in outcomes if each.result is not Result.DELIVERED]
    return [f"{shop.name} did not take an order: {reason}" for reason in dict.fromkeys(refused)]


async def _goods(shop: Shop, stock: Sequence[Event]) -> tuple[str, list[Priced]]:
    """The shop's currency, and SKU, title and price of what the source has enough of."""
    plenty = {each.record.sku for each in stock if each.record.quantity is not None and each.record.quantity > 5}
    currency, goods = "", []
    pages = shop.loaded.hook.pullpush_pull(connection=shop.connection, canonical_type="product", cursor=None)
    async for page in pages:
        for event in page.events:
            product = event.record
            currency = currency or _known(product.currency) or ""
            things = _known(product.variants) or (product,)
            for thing in things:
                sku, price = _known(thing.sku), _known(thing.price)
                if sku in plenty and price:
                    goods.append((sku, str(_known(product.title) or sku), price))
    return currency, goods


def _order(number: int, name: str, good: Priced, currency: str, now: datetime) -> Order:
    sku, title, price = good
    tax = (price * _VAT).quantize(Decimal("0.01"), ROUND_HALF_UP)
    phone = f"+96650000000{number}"
    return Order(
        order_id=f"DEMO-{number + 1}",
        order_number=f"DEMO-{number + 1}",
        status=OrderStatus.PENDING,
        currency=currency or None,
        total_amount=price + tax,
        subtotal_amount=price,
        tax_amount=tax,
        taxes_included=False,
        line_items=(LineItem(sku=sku, title=title, quantity=1, unit_price=price, total=price, tax=tax),),
        customer=Customer(
            email=f"{name.lower()}@example.com", name=f"{name} Demo", first_name=name, last_name="Demo", phone=phone
        ),
        email=f"{name.lower()}@example.com",
        phone=phone,
        shipping_address=Address(
            first_name=name, last_name="Demo", address1="1 King Fahd Road", city="Riyadh", country_code="SA",
            country="Saudi Arabia", postal_code="11564", phone=phone,
        ),
        created_at=now,
        updated_at=now,
    )  # fmt: skip


def _known(value: Any) -> Any:
    return None if value is UNSET else value
