"""The methods of stock items."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from pullpush_linnworks.sandbox.levels import LevelMethods
from pullpush_linnworks.sandbox.seed import DEFAULT, make_item
from pullpush_linnworks.sandbox.store import Record, Store
from pullpush_linnworks.sandbox.wire import Refusal, argument, items_of

__all__ = ["ItemMethods"]

Json = Any
Arguments = Mapping[str, Json]

_MAX_PAGE = 200
_MAX_BULK = 200
_REQUIREMENTS = (
    "StockLevels", "Pricing", "Supplier", "ShippingInformation", "ChannelTitle", "ChannelDescription",
    "ChannelPrice", "ExtendedProperties", "Images",
)  # fmt: skip
# What UpdateInventoryItem sets, and to what where the request leaves it out: it replaces the whole item.
_REPLACED: Mapping[str, Json] = {
    "ItemNumber": None,
    "ItemTitle": "",
    "MetaData": "",
    "BarcodeNumber": "",
    "RetailPrice": 0.0,
    "PurchasePrice": 0.0,
    "TaxRate": 0.0,
    "CategoryId": DEFAULT,
    "CategoryName": "Default",
    "PackageGroupId": DEFAULT,
    "PackageGroupName": "Default",
    "PostalServiceId": DEFAULT,
    "PostalServiceName": "Default",
    "Height": 0.0,
    "Width": 0.0,
    "Depth": 0.0,
    "Weight": 0.0,
    "InventoryTrackingType": 0,
    "BatchNumberScanRequired": False,
    "SerialNumberScanRequired": False,
}


class ItemMethods:
    """Handlers by path; each takes folded arguments and gives the answer's JSON, None for an empty one."""

    def __init__(self, store: Store, levels: LevelMethods) -> None:
        self._store, self._levels = store, levels

    def posts(self) -> dict[str, Callable[[Arguments], Json]]:
        """The methods that are posted."""
        return {
            "Stock/GetStockItemsFull": self._list,
            "Stock/GetStockItemsFullByIds": self._by_ids,
            "Inventory/GetStockItemIdsBySKU": self._ids,
            "Inventory/AddInventoryItem": self._create,
            "Inventory/AddInventoryItemBulk": self._create_many,
            "Inventory/UpdateInventoryItem": self._replace,
            "Inventory/ArchiveInventoryItems": self._archive,
        }

    def gets(self) -> dict[str, Callable[[Arguments], Json]]:
        """The methods that are got."""
        return {
            "Inventory/GetStockLocations": lambda _: self._store.locations,
            "Inventory/GetInventoryItemById": self._whole,
            "Stock/GetVariationGroupByParentId": lambda _: None,
        }

    # reading

    def _list(self, arguments: Arguments) -> Json:
        size, number = int(arguments.get("entriesperpage", 0)), int(arguments.get("pagenumber", 1))
        if not 1 <= size <= _MAX_PAGE:
            raise Refusal("entriesPerPage must be between 1 and 200")
        keyword = str(arguments.get("keyword") or "").lower()
        found = [
            item
            for item in self._store.active()
            if (arguments.get("loadcompositeparents") or not item["_composite"])
            and (arguments.get("loadvariationparents") or not item["IsVariationParent"])
            and (not keyword or keyword in item["ItemNumber"].lower() or keyword in item["ItemTitle"].lower())
        ]
        shown = found[(number - 1) * size : number * size] if number >= 1 else []
        if not shown:
            raise Refusal("No items found with given filter")
        wanted = [_requirement(each) for each in arguments.get("datarequirements") or ()]
        return [self._view(item, wanted) for item in shown]

    def _by_ids(self, arguments: Arguments) -> Json:
        request = argument(arguments, "request")
        wanted = [_requirement(each) for each in request.get("datarequirements") or ()]
        keys = [str(each).lower() for each in items_of(request.get("stockitemids"), "StockItemIds")]
        found = [item for item in self._store.active() if item["StockItemId"] in keys]
        shown = [{**self._view(item, wanted), "IsCompositeParent": item["_composite"]} for item in found]
        for each in shown:
            del each["IsVariationParent"]
        return {"StockItemsFullExtended": shown}

    def _view(self, item: Record, wanted: list[str]) -> Json:
        """An item as lists show it; `StockLevels` is empty where nobody asked for it."""
        shown = {key: value for key, value in item.items() if not key.startswith("_")}
        return {**shown, "StockLevels": self._levels.rows(item) if "StockLevels" in wanted else []}

    def _whole(self, arguments: Arguments) -> Json:
        item = self._store.by_id(arguments.get("id"))
        if item is None or item["_archived"]:
            raise Refusal(f"Stock item {arguments.get('id')} not found")
        rows = item["_levels"]
        quantity, taken = sum(row["StockLevel"] for row in rows), sum(row["InOrders"] for row in rows)
        shown = {key: value for key, value in item.items() if not key.startswith("_")}
        return {
            **shown,
            "ItemDescription": item["MetaData"],
            "Quantity": quantity,
            "InOrder": taken,
            "Available": quantity - taken,
            "Due": 0,
            "MinimumLevel": rows[0]["MinimumLevel"] if rows else 0,
            "IsCompositeParent": item["_composite"],
            "ShippedSeparately": False,
            "VariationGroupName": "",
        }

    def _ids(self, arguments: Arguments) -> Json:
        skus = items_of(argument(arguments, "request").get("skus"), "SKUS")
        active = list(self._store.active())
        indexed = [
            each for sku in skus for each in active if each["ItemNumber"] == sku and self._store.is_indexed(each)
        ]
        return {"Items": [{"StockItemId": each["StockItemId"], "SKU": each["ItemNumber"]} for each in indexed]}

    # writing items

    def _create(self, arguments: Arguments) -> Json:
        self._add_item(argument(arguments, "inventoryitem"))

    def _create_many(self, arguments: Arguments) -> Json:
        wanted = items_of(argument(arguments, "request").get("inventoryitems"), "InventoryItems")
        if len(wanted) > _MAX_BULK:
            raise Refusal("No more than 200 items can be added at once")
        results: list[Json] = []
        for each in wanted:
            try:
                result = {"Result": self._add_item(each), "ResultStatus": "SUCCESSFUL", "Message": ""}
            except Refusal as refusal:
                result = {"Result": DEFAULT, "ResultStatus": "FAILED", "Message": str(refusal)}
            results.append(result)
        good = sum(each["ResultStatus"] == "SUCCESSFUL" for each in results)
        status = "SUCCESSFUL" if good == len(results) else "PARTIALLY_SUCCESSFUL" if good else "FAILED"
        return {"Results": results, "TotalResults": len(results), "ResultStatus": status}

    def _add_item(self, values: Mapping[str, Json]) -> str:
        sku, key = str(values.get("itemnumber") or ""), str(values.get("stockitemid") or DEFAULT).lower()
        if not sku:
            raise Refusal("ItemNumber is empty")
        if not _is_guid(key) or key == DEFAULT:
            raise Refusal("StockItemId must be provided")
        if any(each["ItemNumber"] == sku for each in self._store.items):
            raise Refusal(f"Stock item with SKU {sku} already exists")
        if self._store.by_id(key) is not None:
            raise Refusal(f"Stock item {key} already exists")
        item = make_item(self._store.seed, sku, "", 0.0, self._store.now())
        item |= {"StockItemId": key, "_born": self._store.clock.seconds(), "TaxRate": -1.0}
        self._store.items.append(item)
        self._overlay(item, {"itemtitle": sku, **values})
        self._store.row(item, DEFAULT)["MinimumLevel"] = int(values.get("minimumlevel") or 0)
        return key

    def _replace(self, arguments: Arguments) -> Json:
        """The whole item: what is left out is cleared. The levels are not the item's."""
        values = argument(arguments, "inventoryitem")
        key = values.get("stockitemid")
        item = self._store.by_id(key) if key else self._store.by_sku(values.get("itemnumber"))
        if item is None or item["_archived"]:
            raise Refusal(f"Stock item {key or values.get('itemnumber')} not found")
        item |= {name: empty for name, empty in _REPLACED.items() if empty is not None}
        self._overlay(item, values)

    def _overlay(self, item: Record, values: Mapping[str, Json]) -> None:
        for name in _REPLACED:
            if values.get(name.lower()) is not None:
                item[name] = values[name.lower()]

    def _archive(self, arguments: Arguments) -> Json:
        for key in items_of(argument(arguments, "parameters").get("inventoryitemids"), "InventoryItemIds"):
            item = self._store.by_id(key)
            if item is None:
                raise Refusal(f"Stock item {key} not found")
            item["_archived"] = True


def _requirement(word: Json) -> str:
    """An enum's word, which may come as its number."""
    if isinstance(word, int) and not isinstance(word, bool) and 0 <= word < len(_REQUIREMENTS):
        return _REQUIREMENTS[word]
    if word not in _REQUIREMENTS:
        raise Refusal(f"The request is invalid: {word} is not a data requirement")
    return str(word)


def _is_guid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False
