"""Writing stock: item ids by SKU, the levels as they are, then one request that sets what differs.

The platform sets the level, which is all that is there; with the basis `available` the quantity counts what no open
order has taken, and `InOrders` is added. The other stock call of like shape, UpdateStockLevelsBySKU, adds to the level
instead of setting it: a repeat would count twice, so it is never used.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from pullpush_sdk import Connection, Delivery, Outcome, outcome_of
from pullpush_sdk.canonical import dumps
from pullpush_sdk.errors import RecordError, TransientError
from pullpush_sdk.http import Call

Json = Any
Place = tuple[str, str]

DEFAULT_LOCATION = "00000000-0000-0000-0000-000000000000"
IDS = "/api/Inventory/GetStockItemIdsBySKU"
LEVELS = "/api/Stock/GetStockLevel_Batch"
SET = "/api/Stock/SetStockLevel"

_UNTRACKED = -1
_SOURCE = "PullPush"


async def push(connection: Connection, batch: Sequence[Delivery]) -> Sequence[Outcome]:
    """One outcome per level; what is not there is dead, what Linnworks does not track is left alone."""
    try:
        levels = await _levels(connection, {delivery.payload["sku"] for delivery in batch})
    except (RecordError, TransientError) as error:
        return [outcome_of(error)] * len(batch)
    outcomes: dict[int, Outcome] = {}
    rows: dict[int, Json] = {}
    for index, delivery in enumerate(batch):
        row = _row(delivery, levels.get(delivery.payload["sku"]), connection.settings.get("stock_basis"))
        if isinstance(row, Outcome):
            outcomes[index] = row
        else:
            rows[index] = row
    outcomes |= await _set(connection, rows)
    return [outcomes[index] for index in range(len(batch))]


def _row(delivery: Delivery, levels: Mapping[str, Json] | None, basis: Json) -> Json | Outcome:
    """The row to send, or the outcome of a level that is not sent."""
    sku, quantity = delivery.payload["sku"], delivery.payload.get("quantity")
    location = delivery.payload.get("locationId") or DEFAULT_LOCATION
    if quantity is None:
        return Outcome.skipped("there is no data: the quantity is unknown")
    if levels is None:
        return Outcome.dead(f"Linnworks has no active item with SKU {sku!r}; create it there, then retry")
    if not isinstance(quantity, int | Decimal) or quantity != int(quantity):
        return Outcome.dead(f"Linnworks counts whole pieces; {quantity} of SKU {sku!r} is not a whole number")
    level = levels.get(str(location).lower())
    if level is not None and level.get("MinimumLevel") == _UNTRACKED:
        return Outcome.skipped(f"Linnworks does not track {sku} at {location}")
    taken = 0 if level is None or basis == "level" else int(level.get("InOrders") or 0)
    wanted = int(quantity) + taken
    if level is not None and level.get("StockLevel") == wanted and not delivery.maybe_applied:
        return Outcome.unchanged("Linnworks has this level already")
    return {"SKU": sku, "LocationId": location, "Level": wanted}


async def _levels(connection: Connection, skus: Iterable[str]) -> Mapping[str, Mapping[str, Json]]:
    """SKU to its levels by location id; a SKU that the account does not have is not in it."""
    found = (await _ask(connection, IDS, {"request": {"SKUS": sorted(skus)}})).get("Items") or []
    ids = {each["StockItemId"]: each["SKU"] for each in found}
    if not ids:
        return {}
    by_sku: dict[str, dict[str, Json]] = {sku: {} for sku in ids.values()}
    for item in await _ask(connection, LEVELS, {"request": {"StockItemIds": list(ids)}}):
        for level in item.get("StockItemLevels") or ():
            by_sku[ids[item["pkStockItemId"]]][level["Location"]["StockLocationId"].lower()] = level
    return by_sku


async def _set(connection: Connection, rows: Mapping[int, Json]) -> dict[int, Outcome]:
    """The outcomes of one request; of a refused one with several rows, which names none, each row's own."""
    if not rows:
        return {}
    try:
        await _ask(connection, SET, {"stockLevels": list(rows.values()), "changeSource": _SOURCE})
    except RecordError as error:
        if len(rows) == 1:
            return dict.fromkeys(rows, outcome_of(error))
        settled: dict[int, Outcome] = {}
        for index, row in rows.items():
            settled |= await _set(connection, {index: row})
        return settled
    except TransientError as error:
        return dict.fromkeys(rows, outcome_of(error))
    return dict.fromkeys(rows, Outcome.delivered())


async def _ask(connection: Connection, path: str, body: Json) -> Json:
    """The answer to a call that may be repeated: reads, and levels that are set to a value."""
    call = Call(method="POST", url=path, body=dumps(body), content_type="application/json", idempotent=True)
    return (await connection.client.send(call)).json()
