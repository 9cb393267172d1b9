"""The methods of stock levels: what is there, set or changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pullpush_linnworks.sandbox.store import Record, Store
from pullpush_linnworks.sandbox.wire import Refusal, argument, items_of

__all__ = ["LevelMethods"]

Json = Any
Arguments = Mapping[str, Json]


class LevelMethods:
    """Handlers by path; each takes folded arguments and gives the answer's JSON, None for an empty one."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._asked = 0

    def posts(self) -> dict[str, Callable[[Arguments], Json]]:
        """The methods that are posted."""
        return {
            "Stock/GetStockLevel_Batch": self._levels,
            "Stock/SetStockLevel": self._set,
            "Stock/UpdateStockLevelsBySKU": self._add,
            "Stock/UpdateStockLevelsBulk": self._bulk,
        }

    def gets(self) -> dict[str, Callable[[Arguments], Json]]:
        """The methods that are got."""
        return {"Stock/GetStockLevel": self._level_rows}

    def _levels(self, arguments: Arguments) -> Json:
        keys = items_of(argument(arguments, "request").get("stockitemids"), "StockItemIds")
        items = [item for item in self._store.active() if item["StockItemId"] in keys]
        return [{"pkStockItemId": item["StockItemId"], "StockItemLevels": self.rows(item)} for item in items]

    def _level_rows(self, arguments: Arguments) -> Json:
        item = self._store.by_id(arguments.get("stockitemid"))
        return [] if item is None else self.rows(item)

    def rows(self, item: Record) -> list[Json]:
        """An item's levels as the platform shows them."""
        return [self._row(item, row) for row in item["_levels"]]

    def _row(self, item: Record, row: Record) -> Json:
        place = self._store.location(row["location"])
        self._asked += 1
        shown = {
            "Location": {
                "StockLocationId": place["StockLocationId"],
                "LocationName": place["LocationName"],
                "IsFulfillmentCenter": False,
            },
            **{key: row[key] for key in ("StockLevel", "InOrders", "MinimumLevel", "LastUpdateDate", "JIT")},
            "StockValue": 0.0,
            "UnitCost": float(item["PurchasePrice"]),
            "Due": 0,
            "InOrderBook": row["InOrders"],
            "Available": row["StockLevel"] - row["InOrders"],
            "SKU": item["ItemNumber"],
            "PendingUpdate": False,
            "StockItemId": item["StockItemId"],
            "StockItemIntId": 0,
        }
        # Seen on the live service: these come and go between calls.
        if not (self._store.switches.sparse and self._asked % 2):
            shown |= {"AutoAdjust": True, "LastUpdateOperation": row.get("_operation", "")}
            shown["Location"] |= {"BinRack": "", "LocationTag": "", "IsWarehouseManaged": False}
        return shown

    def _set(self, arguments: Arguments) -> Json:
        """All rows or none."""
        rows = items_of(arguments.get("stocklevels"), "stockLevels")
        known = [self._target(row) for row in rows]
        operation = str(arguments.get("changesource") or "")
        return [
            self._row(item, self._store.set_level(item, place, int(row["level"]), operation=operation))
            for row, (item, place) in zip(rows, known, strict=True)
        ]

    def _add(self, arguments: Arguments) -> Json:
        """The same shape, but levels change by the number."""
        rows = items_of(arguments.get("stocklevels"), "stockLevels")
        answer = []
        for row in rows:
            item, place = self._target(row)
            level = self._store.row(item, place)["StockLevel"] + int(row["level"])
            answer.append(self._row(item, self._store.set_level(item, place, level, operation="DELTA")))
        return answer

    def _bulk(self, arguments: Arguments) -> Json:
        """Rows of their own fate; the arguments are the body itself."""
        answer = []
        for row in items_of(arguments.get("items"), "Items"):
            errors = []
            try:
                named = {
                    "sku": row.get("sku"),
                    "locationid": row.get("stocklocationid"),
                    "level": row.get("stocklevel"),
                }
                item, place = self._target(named)
                if item["_composite"] or item["isBatchedStockType"]:
                    raise Refusal("Composite and batched items are not supported")
                self._store.set_level(item, place, int(named["level"]), operation="BULK")
            except Refusal as refusal:
                errors.append(str(refusal))
            answer.append({"SKU": row.get("sku"), "RowIndex": row.get("rowindex", 0), "Errors": errors})
        return None if self._store.switches.bulk_answer == "empty" else {"Items": answer}

    def _target(self, row: Mapping[str, Json]) -> tuple[Record, str]:
        item, level = self._store.by_sku(row.get("sku")), row.get("level")
        if item is None:
            raise Refusal(f"Stock item {row.get('sku')} not found")
        if not isinstance(level, int) or isinstance(level, bool):
            raise Refusal("Level is not a whole number")
        return item, self._store.location(row.get("locationid"))["StockLocationId"]
