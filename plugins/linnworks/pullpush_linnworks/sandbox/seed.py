"""The records of a fresh sandbox, in the platform's own names."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

__all__ = ["LOCATIONS", "make_items", "make_orders", "stamp"]

Json = dict[str, Any]

_SPACE = uuid.UUID("5f1d2c3b-0000-4000-8000-000000000001")
_NO_DATE = "0001-01-01T00:00:00Z"

DEFAULT = "00000000-0000-0000-0000-000000000000"
LOCATIONS: tuple[Json, ...] = (
    {"StockLocationId": DEFAULT, "LocationName": "Default", "IsNotTrackable": False},
    {"StockLocationId": "11111111-1111-4111-8111-111111111111", "LocationName": "Annex", "IsNotTrackable": False},
    {"StockLocationId": "22222222-2222-4222-8222-222222222222", "LocationName": "Supplier", "IsNotTrackable": True},
)


def stamp(moment: datetime) -> str:
    """An instant as the platform writes it: trailing zeros of the fraction are cut."""
    text = moment.strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f"{moment.microsecond:06d}".rstrip("0")
    return f"{text}.{fraction}Z" if fraction else f"{text}Z"


def identifier(seed: int, name: str) -> str:
    """A GUID that is the same for the same name."""
    return str(uuid.uuid5(_SPACE, f"{seed}/{name}"))


def make_items(count: int, seed: int, now: datetime) -> list[Json]:
    """Items with their levels; the eighth of each kind is listed in the package docstring."""
    return [_item(number, seed, now) for number in range(count)]


def _item(number: int, seed: int, now: datetime) -> Json:
    kind, sku = number % 8, f"LW-{number:04d}"
    key = identifier(seed, sku)
    levels = [] if kind == 6 else [_level(number, place, now) for place in range(len(LOCATIONS))]
    if kind == 4:
        del levels[1]
    return {
        "StockItemId": key,
        "StockItemIntId": 0,
        "ItemNumber": sku,
        "ItemTitle": f"Lamp {number}",
        "MetaData": f"A lamp, number {number}.",
        "BarcodeNumber": "" if kind == 1 else f"50{number:011d}",
        "RetailPrice": number + 0.99,
        "PurchasePrice": round(number * 0.5, 2),
        "TaxRate": -1.0,
        "CategoryName": "Default",
        "Weight": 1.5,
        "CreationDate": stamp(now - timedelta(days=30)),
        "IsVariationParent": kind == 6,
        "_composite": kind == 7,
        "_levels": levels,
    }


def _level(number: int, place: int, now: datetime) -> Json:
    kind = number % 8
    level = 0 if kind == 1 else 3 if kind == 3 else number + 10 * place
    taken = {3: 8, 5: 4}.get(kind, 0) if place == 0 else 0
    untracked = (kind == 2 and place == 0) or kind == 7
    return {
        "StockLocationId": LOCATIONS[place]["StockLocationId"],
        "LocationName": LOCATIONS[place]["LocationName"],
        "StockLevel": 0 if untracked else level,
        "InOrders": taken,
        "MinimumLevel": -1 if untracked else 1,
        "LastUpdateDate": _NO_DATE if number % 3 == 2 else stamp(now - timedelta(hours=number)),
        "JIT": False,
    }


def make_orders(items: list[Json], seed: int, now: datetime) -> list[Json]:
    """An order for every third item: open ones, one parked, processed ones, every fifth of those cancelled."""
    sold = [item for item in items if not item["IsVariationParent"]][::3]
    return [_order(number, item, seed, now) for number, item in enumerate(sold)]


def _order(number: int, item: Json, seed: int, now: datetime) -> Json:
    processed = number % 2 == 1
    price = item["RetailPrice"]
    line = {
        "RowId": identifier(seed, f"line {number}"),
        "StockItemId": item["StockItemId"],
        "SKU": item["ItemNumber"],
        "Title": item["ItemTitle"],
        "Quantity": 2,
        "PricePerUnit": price,
        "Discount": 0.0,
        "DiscountValue": 0.0,
        "TaxRate": 20.0,
        "Cost": round(price * 2 / 1.2, 2),
        "CostIncTax": round(price * 2, 2),
        "TaxCostInclusive": True,
        "IsService": False,
        "CompositeSubItems": [{"SKU": "LW-PART", "Quantity": 4, "PricePerUnit": 0.0}] if item["_composite"] else [],
    }
    address = {
        "EmailAddress": f"buyer{number}@example.com",
        "FullName": f"Buyer {number}",
        "Company": "",
        "Address1": f"{number} High Street",
        "Address2": None,
        "Town": "Leeds",
        "Region": "",
        "PostCode": "LS1 1AA",
        "Country": "United Kingdom",
        "PhoneNumber": None,
    }
    return {
        "OrderId": identifier(seed, f"order {number}"),
        "NumOrderId": 100_000 + number,
        "Processed": processed,
        "ProcessedOn": stamp(now - timedelta(days=1)) if processed else None,
        "LastUpdated": stamp(now - timedelta(days=1, minutes=number)),
        "FulfilmentLocationId": DEFAULT,
        "GeneralInfo": {
            "Status": 0 if number % 4 == 2 else 1,
            "ReferenceNum": f"REF-{number}",
            "ReceivedDate": stamp(now - timedelta(days=2)),
            "Source": "DIRECT",
            "SubSource": "",
            "IsParked": number == 4,
            **({"IsCancelled": number % 5 == 0} if processed else {}),
        },
        "TotalsInfo": {
            "Subtotal": round(price * 2, 2),
            "PostageCost": 3.5,
            "Tax": round(price * 2 - price * 2 / 1.2, 2),
            "TotalCharge": round(price * 2 + 3.5, 2),
            "TotalDiscount": 0.0,
            "Currency": "GBP",
            "PaymentMethod": "Card",
        },
        "CustomerInfo": {"ChannelBuyerName": "", "Address": address, "BillingAddress": {**address}},
        "Items": [line],
    }
