"""Which items carry a SKU: the look before every write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pullpush_sdk import Connection

from .answers import ask

Json = Any

IDS = "/api/Inventory/GetStockItemIdsBySKU"
ITEMS = "/api/Stock/GetStockItemsFullByIds"

_AT_ONCE = 200


async def ids_of(connection: Connection, skus: Iterable[str]) -> dict[str, list[str]]:
    """SKU to the ids of the active items that carry exactly it: none, one, or duplicates."""
    wanted = sorted(set(skus))
    found: dict[str, list[str]] = {sku: [] for sku in wanted}
    for start in range(0, len(wanted), _AT_ONCE):
        answer = await ask(connection, IDS, {"request": {"SKUS": wanted[start : start + _AT_ONCE]}})
        for each in answer.json().get("Items") or ():
            ids = found.get(each["SKU"])
            if ids is not None and each["StockItemId"] not in ids:
                ids.append(each["StockItemId"])
    return found


async def items_of(connection: Connection, ids: Sequence[str], *, levels: bool = False) -> dict[str, Json]:
    """Items by id, with their levels if asked for; one that is gone is left out."""
    found: dict[str, Json] = {}
    for start in range(0, len(ids), _AT_ONCE):
        request = {"StockItemIds": ids[start : start + _AT_ONCE], "DataRequirements": ["StockLevels"] if levels else []}
        answer = await ask(connection, ITEMS, {"request": request})
        found |= {each["StockItemId"]: each for each in answer.json().get("StockItemsFullExtended") or ()}
    return found


async def find_items(connection: Connection, skus: Iterable[str], *, levels: bool = False) -> dict[str, list[Json]]:
    """SKU to the active items that carry exactly it."""
    ids = await ids_of(connection, skus)
    items = await items_of(connection, [key for keys in ids.values() for key in keys], levels=levels)
    return {sku: [items[key] for key in keys if key in items] for sku, keys in ids.items()}


async def carriers(connection: Connection, canonical_type: str, ids: Sequence[str]) -> dict[str, Any]:
    """The SKUs that these items carry now, as records of the type; an item that is archived or gone is left out."""
    kind = connection.types[canonical_type].record
    held = await items_of(connection, ids)
    return {key: kind(sku=item["ItemNumber"]) for key, item in held.items() if item.get("ItemNumber")}


def unclear(sku: str, ids: Sequence[Json]) -> str:
    """Why a SKU does not name one item, empty where it does."""
    if not ids:
        return f"Linnworks has no active item with SKU {sku!r}; create it there, then retry"
    if len(ids) > 1:
        keys = [each["StockItemId"] if isinstance(each, Mapping) else str(each) for each in ids]
        return f"SKU {sku!r} is in Linnworks more than once: {', '.join(keys)}; make it unique, then retry"
    return ""
