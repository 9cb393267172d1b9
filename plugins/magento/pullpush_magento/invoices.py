"""Invoices: lines once each when read, and written for orders that are in the shop.

The platform computes an invoice itself; one whose amount would differ from the record's is not written.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from decimal import Decimal
from typing import Any

import attrs

from pullpush_sdk.batches import push_each
from pullpush_sdk.connector import Connection, Delivery, Outcome, Page, Verb, version_of

from .answers import REFUSED, refusal
from .functions import visible_lines
from .native import chunks, found, record_of, send, wire_of
from .orders import marked

Json = Any

_FIELDS = "item_id,parent_item_id,product_type,row_total"
_CENT = Decimal("0.01")
_NOT_ISSUED = frozenset({"draft", "void", "uncollectible"})


async def arranged(connection: Connection, pages: AsyncGenerator[Page, None]) -> AsyncGenerator[Page, None]:
    """The pages of the manifest's sweep with every value counted once."""
    async with aclosing(pages):
        async for page in pages:
            records = await counted(connection, [event.record for event in page.events])
            events = [attrs.evolve(event, record=record) for event, record in zip(page.events, records, strict=True)]
            yield attrs.evolve(page, events=events)


async def counted(connection: Connection, records: Sequence[Any]) -> list[Any]:
    """Invoice lines say nothing of parents: the order's lines do, asked for by their ids."""
    ids = {line.line_id: None for record in records for line in record.line_items or () if line.line_id}
    shown: set[str] = set()
    for some in chunks(ids, 100):
        group = [("item_id", "in", ",".join(some))]
        rows = [
            row
            async for row in found(connection, "orders/items", group, shown="item_id", key="item_id", fields=_FIELDS)
        ]
        shown |= {str(row["item_id"]) for row in visible_lines(rows) or ()}
        # A line whose parent is on another page of ids, or was deleted, has nobody to be counted with.
        there = {str(row["item_id"]) for row in rows}
        shown |= {
            str(row["item_id"])
            for row in rows
            if str(row.get("parent_item_id")) not in there | {"None"} and row.get("row_total")
        }
    return [
        attrs.evolve(record, line_items=tuple(line for line in record.line_items if line.line_id in shown))
        if record.line_items
        else record
        for record in records
    ]


async def push(connection: Connection, batch: Sequence[Delivery]) -> Sequence[Outcome]:
    """One outcome per invoice, in the batch's order."""
    return await push_each(batch, lambda delivery: _write(connection, delivery))


async def _write(connection: Connection, delivery: Delivery) -> Outcome:
    payload, key = delivery.payload, delivery.key
    if delivery.verb is Verb.DELETED:
        return Outcome.skipped("an invoice in Magento is not deleted; write a credit memo there")
    if delivery.native_id is not None:
        return Outcome.unchanged("an invoice in Magento is not changed once it is made", native_id=delivery.native_id)
    if delivery.fields is not None:
        return Outcome.dead(f"invoice {key} is not in Magento, and a partial event cannot create it")
    if payload.get("kind") == "credit_note":
        return Outcome.dead(f"{key} is a credit note; writing credit memos is not supported")
    if payload.get("status") in _NOT_ISSUED:
        return Outcome.skipped(f"invoice {key} is {payload['status']}; Magento knows issued ones only")
    if not payload.get("orderId") or payload.get("amount") is None:
        return Outcome.dead(f"invoice {key} names no order or no amount; Magento makes invoices of orders")
    orders = await _orders(connection, payload)
    if len(orders) != 1:
        return Outcome.dead(_which(payload, orders))
    return await _invoice(connection, delivery, orders[0])


def _which(payload: Mapping[str, Json], orders: Sequence[Json]) -> str:
    shown = f"invoice {payload['invoiceId']} is for order {payload['orderId']}"
    if not orders:
        return f"{shown}, and Magento has none of that number, currency and content; write the order first, then retry"
    names = ", ".join(str(order["entity_id"]) for order in orders)
    return f"{shown}, which several orders in Magento could be: {names}; invoice the right one there"


async def _orders(connection: Connection, payload: Mapping[str, Json]) -> list[Json]:
    """The orders that an invoice may be for: one that we placed for that order, else one that carries its number.

    Numbers of two systems may be equal by chance, so the currency and the SKUs of the lines must fit as well.
    """
    total = Decimal(payload["amount"])
    named = await marked(connection, payload["orderId"], total) or await marked(connection, payload["orderId"], None)
    if named:
        return named
    group = [(field, "eq", payload["orderId"]) for field in ("ext_order_id", "increment_id")]
    if str(payload["orderId"]).isdecimal():
        group.append(("entity_id", "eq", payload["orderId"]))
    return [row async for row in found(connection, "orders", group, shown="entity_id") if _fits(payload, row)]


def _fits(payload: Mapping[str, Json], order: Json) -> bool:
    if payload.get("currency") != order.get("order_currency_code"):
        return False
    skus = {line["sku"] for line in order["items"]}
    lines = payload.get("lineItems")
    if lines:
        return all(line.get("sku") in skus for line in lines)
    return Decimal(str(order["grand_total"])) == Decimal(payload["amount"])


async def _invoice(connection: Connection, delivery: Delivery, order: Json) -> Outcome:
    payload, amount = delivery.payload, Decimal(delivery.payload["amount"])
    if payload.get("currency") != order.get("order_currency_code"):
        return Outcome.dead(
            f"invoice {delivery.key} is in {payload.get('currency') or 'no stated currency'},"
            f" order {order['entity_id']} in {order.get('order_currency_code')}"
        )
    group = [("order_id", "eq", order["entity_id"])]
    made = [row async for row in found(connection, "invoices", group, shown="entity_id")]
    same = [row for row in made if Decimal(str(row["grand_total"])) == amount and row.get("state") != 3]
    open_amount = Decimal(str(order["grand_total"])) - Decimal(str(order.get("total_invoiced") or 0))
    if same and (delivery.maybe_applied or open_amount < amount):
        return await _done(connection, same[0], is_new=delivery.maybe_applied)
    items = _items(payload, order)
    expected = open_amount if items is None else _amount_of(items, order, first=not made)
    if expected != amount:
        return Outcome.dead(
            f"invoice {delivery.key} is over {amount}, and Magento would make it {expected}"
            f" of order {order['entity_id']}"
        )
    body: dict[str, Json] = {
        "capture": bool(connection.settings.get("invoices_capture")),
        "notify": bool(connection.settings.get("invoices_send_mail")),
    }
    if items is not None:
        body["items"] = [{"order_item_id": key, "qty": quantity} for key, quantity in items.items()]
    path = f"order/{order['entity_id']}/invoice"
    answer = await send(connection, "POST", path, body, idempotent=False, accepts=REFUSED)
    if answer.status in REFUSED:
        return refusal(f"invoice {delivery.key}", answer)
    native = (await send(connection, "GET", f"invoices/{int(answer.json())}")).json()
    return await _done(connection, native, is_new=True)


def _items(payload: Mapping[str, Json], order: Json) -> dict[int, Decimal] | None:
    """The order's lines to invoice with their quantities, None for all that is left of it."""
    left = {
        line["item_id"]: Decimal(str(line["qty_ordered"])) - Decimal(str(line.get("qty_invoiced") or 0))
        for line in visible_lines(order["items"])
    }
    by_sku = {line["sku"]: line["item_id"] for line in visible_lines(order["items"])}
    wanted: dict[int, Decimal] = {}
    for line in payload.get("lineItems") or ():
        key = by_sku.get(line.get("sku"))
        if key is not None and line.get("quantity") is not None:
            wanted[key] = wanted.get(key, Decimal(0)) + Decimal(str(line["quantity"]))
    return None if not wanted or wanted == {key: rest for key, rest in left.items() if rest} else wanted


def _amount_of(items: Mapping[int, Decimal], order: Json, *, first: bool) -> Decimal:
    """What an invoice over these lines comes to; shipping goes with the first one."""
    total = Decimal(str(order.get("shipping_incl_tax") or order.get("shipping_amount") or 0)) if first else Decimal(0)
    for line in order["items"]:
        quantity = items.get(line["item_id"], Decimal(0))
        worth = Decimal(str(line.get("row_total_incl_tax") or line.get("row_total") or 0))
        worth -= Decimal(str(line.get("discount_amount") or 0))
        total += (worth * quantity / Decimal(str(line["qty_ordered"]))).quantize(_CENT)
    return total


async def _done(connection: Connection, native: Json, *, is_new: bool) -> Outcome:
    if not is_new:
        return Outcome.unchanged("the order is invoiced over that amount already", native_id=str(native["entity_id"]))
    (record,) = await counted(connection, [record_of(connection, "invoices", native)])
    return Outcome.delivered(
        native_id=str(native["entity_id"]),
        returned=wire_of(record),
        version=version_of(record.updated_at) if record.updated_at else None,
    )
