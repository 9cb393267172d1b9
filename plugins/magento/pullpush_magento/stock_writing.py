"""Writing stock: one request for many source items, or one for each stock item in a shop without sources.

The write takes SKUs that no product has without a word, so each is looked up; composite products hold no stock. All
four fields of a source item are needed, whatever the vendor's page says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from pullpush_sdk.batches import push_each
from pullpush_sdk.connector import Connection, Delivery, Outcome, outcome_of
from pullpush_sdk.errors import RecordError, SetupError, TransientError

from .answers import REFUSED, refusal
from .native import chunks, products_by_sku, send
from .shop import LEGACY, SALABLE, forget_sources, sources_of, stock_mode
from .stock import HOLDS_STOCK, PLACE, stock_item

Json = Any

_PER_REQUEST = 20  # where input limits are on, an array takes no more
_PLACES = Decimal("0.0001")


async def push(connection: Connection, batch: Sequence[Delivery]) -> Sequence[Outcome]:
    """One outcome per level, in the batch's order.

    Raises:
        SetupError: the settings read what is salable, which is computed and cannot be written.
    """
    mode = await stock_mode(connection)
    if mode == SALABLE:
        message = "what is salable cannot be written: Magento computes it of sources, reservations and orders"
        raise SetupError(message, hint="set stock of this connection to sources, legacy or auto")
    products = await products_by_sku(connection, [each.payload["sku"] for each in batch], fields="id,sku,type_id")
    outcomes: dict[str, Outcome] = {}
    for delivery in batch:
        problem = _unfit(delivery.payload, products) or await _misplaced(connection, delivery.payload, mode)
        if problem is not None:
            outcomes[delivery.id] = problem
    good = [each for each in batch if each.id not in outcomes]
    if mode == LEGACY:
        written = await push_each(good, lambda delivery: _write_item(connection, delivery))
        outcomes |= {delivery.id: outcome for delivery, outcome in zip(good, written, strict=True)}
    else:
        for some in chunks(good, _PER_REQUEST):
            outcomes |= await _write_rows(connection, some)
    return [outcomes[each.id] for each in batch]


def _unfit(payload: Mapping[str, Json], products: Mapping[str, Sequence[Json]]) -> Outcome | None:
    """Why a level cannot be written whatever its place."""
    sku, quantity = payload["sku"], payload.get("quantity")
    if quantity is None:
        return Outcome.skipped(f"nothing is known of SKU {sku!r}; a number that is not known is never written")
    rows = products.get(sku, ())
    if not rows:
        return Outcome.dead(f"Magento has no product with SKU {sku!r}; create it there, then retry")
    if len(rows) > 1:
        names = ", ".join(str(row["id"]) for row in rows)
        return Outcome.dead(f"SKU {sku!r} is in Magento more than once: products {names}; make it unique, then retry")
    if rows[0]["type_id"] not in HOLDS_STOCK:
        return Outcome.dead(
            f"SKU {sku!r} is a {rows[0]['type_id']} product in Magento, which holds no stock of its own"
        )
    if Decimal(str(quantity)) % _PLACES:
        return Outcome.dead(f"SKU {sku!r} has the quantity {quantity}; Magento keeps four decimals")
    return None


async def _misplaced(connection: Connection, payload: Mapping[str, Json], mode: str) -> Outcome | None:
    place = payload.get("locationId") or PLACE
    if mode == LEGACY:
        if place == PLACE:
            return None
        return Outcome.dead(f"there is no place {place!r}: a shop without inventory sources has one, named {PLACE}")
    sources = await sources_of(connection) or {}
    if place not in sources:
        forget_sources(connection)
        sources = await sources_of(connection) or {}
    if place not in sources:
        return Outcome.dead(f"Magento has no inventory source {place!r}; it has {', '.join(sources)}")
    if not sources[place].get("enabled"):
        return Outcome.dead(f"the inventory source {place!r} is switched off in Magento; switch it on, then retry")
    return None


async def _status(connection: Connection, payload: Mapping[str, Json]) -> int:
    """1 in stock, 0 out of stock; nothing left is in stock where backorders are taken."""
    if Decimal(str(payload["quantity"])) > 0:
        return 1
    item = await stock_item(connection, payload["sku"])
    return 1 if item is not None and item.get("backorders") else 0


async def _write_rows(connection: Connection, some: Sequence[Delivery]) -> dict[str, Outcome]:
    """One request; what it refuses is sent again one by one, to find whose fault it was."""
    try:
        rows = [
            {
                "sku": each.payload["sku"],
                "source_code": each.payload.get("locationId") or PLACE,
                "quantity": each.payload["quantity"],
                "status": await _status(connection, each.payload),
            }
            for each in some
        ]
        body = {"sourceItems": rows}
        answer = await send(connection, "POST", "inventory/source-items", body, idempotent=True, accepts=REFUSED)
    except (RecordError, TransientError) as error:
        return {each.id: outcome_of(error) for each in some}
    if answer.status not in REFUSED:
        return {each.id: _written(each.payload) for each in some}
    if len(some) == 1:
        return {some[0].id: refusal(f"the stock of SKU {some[0].payload['sku']!r}", answer)}
    outcomes: dict[str, Outcome] = {}
    for each in some:
        outcomes |= await _write_rows(connection, [each])
    return outcomes


async def _write_item(connection: Connection, delivery: Delivery) -> Outcome:
    payload, sku = delivery.payload, delivery.payload["sku"]
    item = await stock_item(connection, sku)
    if item is None:
        return Outcome.dead(f"the stock item of SKU {sku!r} cannot be read, and it is written by its id")
    is_in_stock = Decimal(str(payload["quantity"])) > 0 or bool(item.get("backorders"))
    kept = {name: value for name, value in item.items() if value is not None}
    body = {"stockItem": {**kept, "qty": payload["quantity"], "is_in_stock": is_in_stock}}
    path = f"products/{quote(sku, safe='')}/stockItems/{item['item_id']}"
    answer = await send(connection, "PUT", path, body, accepts=REFUSED)
    return refusal(f"the stock of SKU {sku!r}", answer) if answer.status in REFUSED else _written(payload)


def _written(payload: Mapping[str, Json]) -> Outcome:
    place = payload.get("locationId") or PLACE
    return Outcome.delivered(returned={"sku": payload["sku"], "quantity": payload["quantity"], "locationId": place})
