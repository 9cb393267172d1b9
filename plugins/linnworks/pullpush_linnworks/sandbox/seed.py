"""The records of a fresh sandbox, in the platform's own names; names that begin with `_` are never shown."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from pullpush_linnworks.sandbox.wire import NO_DATE

__all__ = [
    "ANNEX",
    "DEFAULT",
    "SUPPLIER",
    "identifier",
    "make_item",
    "make_items",
    "make_level",
    "make_locations",
    "new_order",
]

Json = dict[str, Any]
Stamp = Callable[[datetime], str]

_SPACE = uuid.UUID("5f1d2c3b-0000-4000-8000-000000000001")

DEFAULT = "00000000-0000-0000-0000-000000000000"
ANNEX = "11111111-1111-4111-8111-111111111111"
SUPPLIER = "22222222-2222-4222-8222-222222222222"


def identifier(seed: int, name: str) -> str:
    """A GUID that is the same for the same name."""
    return str(uuid.uuid5(_SPACE, f"{seed}/{name}"))


def make_locations() -> list[Json]:
    """The all-zero id is a real location."""
    names = ((DEFAULT, "Default", False), (ANNEX, "Annex", False), (SUPPLIER, "Supplier", True))
    return [
        {
            "StockLocationId": key,
            "StockLocationIntId": number,
            "LocationName": name,
            "LocationTag": "",
            "IsFulfillmentCenter": False,
            "IsNotTrackable": untracked,
            "IsWarehouseManaged": False,
            "CountInOrderUntilAcknowledgement": False,
            "FulfilmentCenterDeductStockWhenProcessed": False,
            "Address1": "",
            "Address2": "",
            "City": "",
            "County": "",
            "Country": "United Kingdom",
            "ZipCode": "",
        }
        for number, (key, name, untracked) in enumerate(names)
    ]


def make_item(seed: int, sku: str, title: str, price: float, created: str) -> Json:
    """A plain item without levels."""
    return {
        "StockItemId": identifier(seed, sku),
        "StockItemIntId": 0,
        "ItemNumber": sku,
        "ItemTitle": title,
        "MetaData": "",
        "BarcodeNumber": "",
        "RetailPrice": price,
        "PurchasePrice": 0.0,
        "TaxRate": -1.0,
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
        "CreationDate": created,
        "InventoryTrackingType": 0,
        "BatchNumberScanRequired": False,
        "SerialNumberScanRequired": False,
        "IsVariationParent": False,
        "isBatchedStockType": False,
        "_composite": False,
        "_archived": False,
        "_born": None,
        "_levels": [],
    }


def make_level(location: str, *, level: int = 0, minimum: int = 0, updated: str = NO_DATE) -> Json:
    """An item's row at a location."""
    row: Json = {"location": location, "StockLevel": level, "InOrders": 0, "MinimumLevel": minimum}
    return {**row, "LastUpdateDate": updated, "JIT": False}


def make_items(count: int, seed: int, now: datetime, write: Stamp) -> list[Json]:
    """Items with their levels; the eighth of each kind is listed in the package docstring."""
    return [_seeded(number, seed, now, write) for number in range(count)]


def _seeded(number: int, seed: int, now: datetime, write: Stamp) -> Json:
    kind, sku = number % 8, f"LW-{number:04d}"
    item = make_item(seed, sku, f"Lamp {number}", number + 0.99, write(now - timedelta(days=30)))
    item |= {"MetaData": f"A lamp, number {number}.", "PurchasePrice": round(number * 0.5, 2), "Weight": 1.5}
    item |= {"BarcodeNumber": "" if kind == 1 else f"50{number:011d}"}
    item |= {"IsVariationParent": kind == 6, "_composite": kind == 7}
    places = (DEFAULT, ANNEX, SUPPLIER)
    levels = [] if kind == 6 else [_level(number, place, places[place], now, write) for place in range(len(places))]
    if kind == 4:
        del levels[1]
    return {**item, "_levels": levels}


def _level(number: int, place: int, location: str, now: datetime, write: Stamp) -> Json:
    kind = number % 8
    level = 0 if kind == 1 else 3 if kind == 3 else number + 10 * place
    untracked = (kind == 2 and place == 0) or kind == 7
    row = make_level(
        location,
        level=0 if untracked else level,
        minimum=-1 if untracked else 1,
        updated=NO_DATE if number % 3 == 2 else write(now - timedelta(hours=number)),
    )
    # What other channels' orders have taken; no order of this account explains it.
    return {**row, "InOrders": {3: 8, 5: 4}.get(kind, 0) if place == 0 else 0}


def new_order(number: int, key: str, received: str, *, source: str, reference: str) -> Json:
    """An order without lines, as the new API shows an open one."""
    return {
        "OrderId": key,
        "NumOrderId": 100_000 + number,
        "Processed": False,
        "ProcessedOn": None,
        "PaidOn": None,
        "LastUpdated": received,
        "FulfilmentLocationId": DEFAULT,
        "TaxId": None,
        "GeneralInfo": {
            "Status": 1,
            "ReferenceNum": reference,
            "SecondaryReference": "",
            "ExternalReferenceNum": "",
            "ReceivedDate": received,
            "Source": source,
            "SubSource": "",
            "NumItems": 0,
            "IsParked": False,
            "IsLocked": False,
        },
        "TotalsInfo": {
            "Subtotal": 0.0,
            "PostageCost": 0.0,
            "Tax": 0.0,
            "TotalCharge": 0.0,
            "TotalDiscount": 0.0,
            "Currency": "",
            "ConversionRate": 1.0,
            "PaymentMethod": "Default",
        },
        "CustomerInfo": {"ChannelBuyerName": "", "Address": {}, "BillingAddress": {}},
        "Items": [],
        "_cancelled": False,
        "_born": None,
    }
