"""Making an order in Salla come to the total that it has elsewhere: prices of its lines, and a line for shipping.

Salla prices an order by itself when it is entered, and shipping by its couriers. The price of a line may be changed
afterwards, and lines may be added that are no product but a name and a price (docs.salla.dev, order items). Every
step is either absolute or looked for before it is taken, so that all of it may be repeated.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from pullpush_sdk.canonical import dumps
from pullpush_sdk.connector import Connection
from pullpush_sdk.http import Call

from .answers import REFUSED, fields_of, message_of, said
from .prices import amount
from .quotes import Plan

Json = Any

_CENT = Decimal("0.01")
_GAP = Decimal("0.03")
_CORRECTIONS = 4


async def charge(connection: Connection, payload: Mapping[str, Json], plan: Plan, order: Json) -> str:
    """Make the order come to the plan's total; why it does not, in words, or empty text."""
    if total_of(order) == plan.total:
        return ""
    items = await items_of(connection, order["id"])
    if refused := await _price_lines(connection, payload, plan, items):
        return refused
    title = str(connection.settings.get("shipping_title", "Shipping"))
    if plan.extra:
        is_there = any(_is_shipping(item, title) for item in items)
        line = _line(order["id"], title, plan.extra)
        if not is_there and (refused := await _send(connection, "POST", "/orders/items", line)):
            return refused
        items = await items_of(connection, order["id"])
    shipping = next((item for item in items if _is_shipping(item, title)), None)
    return await _correct(connection, plan, order["id"], shipping)


async def items_of(connection: Connection, order_id: Json) -> list[Json]:
    """The lines of an order."""
    answer = await connection.client.send(Call(url="/orders/items", params={"order_id": str(order_id)}))
    return list(answer.json()["data"])


def total_of(order: Json) -> Decimal | None:
    """What an order comes to, None where the answer does not say."""
    return amount((order.get("amounts") or {}).get("total"))


def _is_shipping(item: Json, title: str) -> bool:
    return not item.get("sku") and item.get("name") == title


async def _price_lines(connection: Connection, payload: Mapping[str, Json], plan: Plan, items: list[Json]) -> str:
    """Each line at its price; lines of one SKU are taken in their order."""
    left = list(items)
    for line, unit in zip(payload["lineItems"], plan.units, strict=True):
        item = next(
            (each for each in left if each.get("sku") == line["sku"] and each.get("quantity") == line["quantity"]), None
        )
        if item is None:
            return f"the line of SKU {line['sku']!r} is not in it as it was sent"
        left.remove(item)
        if amount((item.get("amounts") or {}).get("price_without_tax")) == unit:
            continue
        if refused := await _send(connection, "PUT", f"/orders/items/{item['id']}", {"price": unit}):
            return refused
    return ""


async def _correct(connection: Connection, plan: Plan, order_id: Json, shipping: Json | None) -> str:
    """Whether the shipping line is taxed is not published: its price is set so that the total is right.

    Tax is rounded, so that some amounts have no price that comes to them; a line of a cent or two, whose tax is
    nought, fills the gap.
    """
    for attempt in range(_CORRECTIONS + 1):
        answer = await connection.client.send(Call(url=f"/orders/{order_id}"))
        now = total_of(answer.json()["data"])
        if now == plan.total:
            return ""
        if now is None or shipping is None or attempt == _CORRECTIONS:
            break
        lacking = plan.total - now
        if 0 < lacking <= _GAP:
            refused = await _send(connection, "POST", "/orders/items", _line(order_id, shipping["name"], lacking))
        else:
            price = amount((shipping.get("amounts") or {}).get("price_without_tax")) or Decimal(0)
            rate = 100 + plan.percent if abs(lacking) > _GAP else Decimal(100)
            price += (lacking * 100 / rate).quantize(_CENT, ROUND_HALF_UP)
            if price < 0:
                break
            refused = await _send(connection, "PUT", f"/orders/items/{shipping['id']}", {"price": price})
            shipping = {**shipping, "amounts": {"price_without_tax": price}}
        if refused:
            return refused
    return f"it comes to {now} there instead of {plan.total}"


def _line(order_id: Json, title: str, price: Decimal) -> dict[str, Json]:
    return {"order_id": order_id, "name": title, "price": price, "quantity": 1}


async def _send(connection: Connection, method: str, url: str, body: Mapping[str, Json]) -> str:
    """Empty text, or the platform's words of refusal."""
    call = Call(method=method, url=url, body=dumps(body), content_type="application/json", accepts=REFUSED)
    answer = await connection.client.send(call)
    return "" if answer.status not in REFUSED else said(fields_of(answer)) or message_of(answer.body)
