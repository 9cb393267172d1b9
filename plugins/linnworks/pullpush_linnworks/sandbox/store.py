"""The account's records and what the endpoints do to them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pullpush_linnworks.sandbox.seed import LOCATIONS, make_items, make_orders, stamp
from pullpush_sdk.sandbox import ChangeError, SandboxClock

__all__ = ["Refusal", "Store"]

Json = Any


class Refusal(Exception):  # noqa: N818 - a business answer, not a failure of the sandbox
    """What the account does not accept; answered 400 with the text."""


class Store:
    """Items with levels, and orders. Levels are kept as `level` and `in orders`; what is available follows."""

    def __init__(self, *, records: int, seed: int, clock: SandboxClock) -> None:
        self._records, self._seed, self._clock = records, seed, clock
        self.items: list[dict[str, Json]] = []
        self.orders: list[dict[str, Json]] = []
        self.reset()

    def reset(self) -> None:
        """As seeded."""
        self.items = make_items(self._records, self._seed, self._clock.now())
        self.orders = make_orders(self.items, self._seed, self._clock.now())

    def dump(self) -> Json:
        """Everything, as it is held."""
        return {"locations": list(LOCATIONS), "items": self.items, "orders": self.orders}

    def listed(self, *, composites: bool, variations: bool) -> list[dict[str, Json]]:
        """The items of a list; the flags leave parents out or let them in."""
        return [
            item
            for item in self.items
            if (composites or not item["_composite"]) and (variations or not item["IsVariationParent"])
        ]

    def view(self, item: Mapping[str, Json], *, levels: bool) -> Json:
        """An item as lists show it; `StockLevels` is empty where nobody asked for it."""
        shown = {key: value for key, value in item.items() if not key.startswith("_")}
        return {**shown, "StockLevels": self.levels(item) if levels else []}

    def levels(self, item: Mapping[str, Json]) -> list[Json]:
        """An item's levels as the platform shows them."""
        return [_shown(item, level) for level in item["_levels"]]

    def by_sku(self, sku: object) -> dict[str, Json] | None:
        """The item with that SKU."""
        return next((item for item in self.items if item["ItemNumber"] == sku), None)

    def set_level(self, row: Mapping[str, Json]) -> Json:
        """Set one level; the row of a location that had none is made.

        Raises:
            Refusal: no such item, location or number.
        """
        item = self.by_sku(row.get("SKU"))
        location = next((each for each in LOCATIONS if each["StockLocationId"] == row.get("LocationId")), None)
        number = row.get("Level")
        if item is None:
            raise Refusal(f"Stock item {row.get('SKU')} not found")
        if location is None:
            raise Refusal(f"Location {row.get('LocationId')} not found")
        if not isinstance(number, int) or isinstance(number, bool):
            raise Refusal("Level is not a whole number")
        level = next((each for each in item["_levels"] if each["StockLocationId"] == row["LocationId"]), None)
        if level is None:
            level = {key: location[key] for key in ("StockLocationId", "LocationName")}
            level |= {"InOrders": 0, "MinimumLevel": 0, "JIT": False}
            item["_levels"].append(level)
        level |= {"StockLevel": number, "LastUpdateDate": stamp(self._clock.now())}
        return _shown(item, level)

    def updated_since(self, moment: datetime | None) -> list[dict[str, Json]]:
        """Orders by their last update, oldest first."""
        found = [each for each in self.orders if moment is None or _instant(each["LastUpdated"]) >= moment]
        return sorted(found, key=lambda each: _instant(each["LastUpdated"]))

    def change_stock(self, values: Mapping[str, Json]) -> Json:
        """Edit a level by hand; `in_orders` alone leaves the time of the level as it is."""
        item = self.by_sku(values.get("sku"))
        levels = [] if item is None else item["_levels"]
        level = next((each for each in levels if each["StockLocationId"] == values.get("location")), None)
        if item is None or level is None:
            raise ChangeError("name the sku of an item and the location of one of its levels")
        if "level" in values:
            level |= {"StockLevel": int(values["level"]), "LastUpdateDate": stamp(self._clock.now())}
        level["InOrders"] = int(values.get("in_orders", level["InOrders"]))
        level["MinimumLevel"] = int(values.get("minimum_level", level["MinimumLevel"]))
        return _shown(item, level)

    def change_order(self, values: Mapping[str, Json]) -> Json:
        """Process or cancel an order."""
        order = next((each for each in self.orders if each["NumOrderId"] == values.get("number")), None)
        if order is None:
            raise ChangeError(f"no order has the number {values.get('number')!r}")
        now = stamp(self._clock.now())
        order["LastUpdated"] = now
        if values.get("processed") or values.get("cancelled"):
            order |= {"Processed": True, "ProcessedOn": now}
            order["GeneralInfo"]["IsCancelled"] = bool(values.get("cancelled"))
        return {"number": order["NumOrderId"]}


def _shown(item: Mapping[str, Json], level: Mapping[str, Json]) -> Json:
    place = {"StockLocationId": level["StockLocationId"], "LocationName": level["LocationName"]}
    kept = ("StockLevel", "InOrders", "MinimumLevel", "LastUpdateDate", "JIT")
    return {
        "Location": {**place, "IsFulfillmentCenter": False},
        **{key: level[key] for key in kept},
        "InOrderBook": level["InOrders"],
        "Available": level["StockLevel"] - level["InOrders"],
        "SKU": item["ItemNumber"],
        "StockItemId": item["StockItemId"],
        "StockItemIntId": 0,
    }


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
