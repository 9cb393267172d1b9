"""The records of a fresh sandbox, in the platform's own names."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

__all__ = ["attributes", "countries", "customers", "products", "source_row", "sources", "stamp", "stock", "stock_item"]

Json = dict[str, Any]

_CHILDREN = (("R", "58", 1), ("B", "50", 4))  # suffix, value of the colour, visibility


def stamp(moment: datetime) -> str:
    """An instant as the platform writes it: UTC without saying so, whole seconds."""
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def sources() -> list[Json]:
    """Two places in use, one that is off."""
    common = {"country_id": "US", "postcode": "00000", "use_default_carrier_config": True, "carrier_links": []}
    return [
        {"source_code": "default", "name": "Default Source", "enabled": True, **common},
        {"source_code": "east", "name": "East", "enabled": True, **common},
        {"source_code": "old", "name": "Old store", "enabled": False, **common},
    ]


def attributes() -> list[Json]:
    """What variants may differ in, and one that is nothing of the sort."""
    return [
        _attribute(93, "color", "Color", "select", [("Red", "58"), ("Blue", "50")]),
        _attribute(141, "size", "Size", "select", [("S", "168"), ("M", "169")]),
        _attribute(77, "tax_class_id", "Tax", "select", []),
        _attribute(75, "description", "Description", "textarea", []),
        _attribute(119, "url_key", "URL Key", "text", []),
    ]


def _attribute(key: int, code: str, label: str, kind: str, options: list[tuple[str, str]]) -> Json:
    listed = [{"label": " ", "value": ""}, *({"label": name, "value": value} for name, value in options)]
    return {
        "attribute_id": key,
        "attribute_code": code,
        "frontend_input": kind,
        "entity_type_id": "4",
        "is_required": False,
        "is_user_defined": kind == "select",
        "scope": "global" if kind == "select" else "store",
        "default_frontend_label": label,
        "frontend_labels": [],
        "options": listed if kind == "select" else [],
    }


def countries() -> list[Json]:
    """One country with regions, three without."""
    texas = {"id": "57", "code": "TX", "name": "Texas"}
    york = {"id": "43", "code": "NY", "name": "New York"}
    names = {"US": "United States", "DE": "Germany", "SA": "Saudi Arabia", "GB": "United Kingdom"}
    return [
        {
            "id": code,
            "two_letter_abbreviation": code,
            "three_letter_abbreviation": {"US": "USA", "DE": "DEU", "SA": "SAU", "GB": "GBR"}[code],
            "full_name_locale": name,
            "full_name_english": name,
            **({"available_regions": [york, texas]} if code == "US" else {}),
        }
        for code, name in names.items()
    ]


def products(count: int, now: datetime) -> list[Json]:
    """Products of the eight kinds; ids count from 1, children follow their parent."""
    made: list[Json] = []
    for number in range(count):
        kind = number % 8
        sku = f"MG-{number:04d}/x" if number % 9 == 8 else f"MG-{number:04d}"
        type_id = {4: "configurable", 6: "bundle"}.get(kind, "simple")
        parent = _product(len(made) + 1, sku, number, type_id, now)
        made.append(parent)
        if kind == 4:
            children: list[Json] = []
            for suffix, value, visibility in _CHILDREN:
                child = _product(len(made) + 1, f"{sku}-{suffix}", number, "simple", now)
                child |= {"visibility": visibility, "price": round(child["price"] + len(children), 2)}
                child["custom_attributes"].append({"attribute_code": "color", "value": value})
                children.append(child)
                made.append(child)
            parent["price"] = 0
            parent["extension_attributes"] |= {
                "configurable_product_links": [child["id"] for child in children],
                "configurable_product_options": [
                    {
                        "id": parent["id"],
                        "attribute_id": "93",
                        "label": "Color",
                        "position": 0,
                        "values": [{"value_index": 58}, {"value_index": 50}],
                        "product_id": parent["id"],
                    }
                ],
            }
    return made


def _product(key: int, sku: str, number: int, type_id: str, now: datetime) -> Json:
    return {
        "id": key,
        "sku": sku,
        "name": f"Lamp {number}",
        "attribute_set_id": 4,
        "price": number + 0.99,
        "status": 2 if number % 10 == 9 else 1,
        "visibility": 4,
        "type_id": type_id,
        "weight": 1.5,
        "created_at": stamp(now - timedelta(days=30)),
        "updated_at": stamp(now - timedelta(days=2)),
        "extension_attributes": {"website_ids": [1]},
        "product_links": [],
        "options": [],
        "media_gallery_entries": [],
        "tier_prices": [],
        "custom_attributes": [
            {"attribute_code": "description", "value": f"<p>Lamp {number}</p>"},
            {"attribute_code": "url_key", "value": f"lamp-{key}"},
        ],
        "_kind": number % 8,
    }


def stock_item(key: int, *, quantity: Any, managed: bool = True, backorders: int = 0) -> Json:
    """A stock item with everything that the platform shows of one."""
    return {
        "item_id": key,
        "product_id": key,
        "stock_id": 1,
        "qty": quantity,
        "is_in_stock": True,
        "is_qty_decimal": isinstance(quantity, float),
        "show_default_notification_message": False,
        "use_config_min_qty": True,
        "min_qty": 0,
        "use_config_min_sale_qty": 1,
        "min_sale_qty": 1,
        "use_config_max_sale_qty": True,
        "max_sale_qty": 10000,
        "use_config_backorders": backorders == 0,
        "backorders": backorders,
        "use_config_notify_stock_qty": True,
        "notify_stock_qty": 1,
        "use_config_qty_increments": True,
        "qty_increments": 0,
        "use_config_enable_qty_inc": True,
        "enable_qty_increments": False,
        "use_config_manage_stock": managed,
        "manage_stock": managed,
        "low_stock_date": None,
        "is_decimal_divided": False,
        "stock_status_changed_auto": 0,
    }


def stock(made: list[Json]) -> tuple[dict[int, Json], dict[tuple[str, str], Json]]:
    """Stock items by product, source items by SKU and source; the default source's quantity stands in both."""
    items: dict[int, Json] = {}
    rows: dict[tuple[str, str], Json] = {("GONE-1", "default"): source_row("GONE-1", "default", 9)} if made else {}
    for index, product in enumerate(made):
        sku, kind = product["sku"], product["_kind"]
        composite = product["type_id"] != "simple"
        quantity: Any = {1: 0, 2: 0, 3: -4, 5: 2.5, 7: None}.get(kind, 10 + index)
        items[product["id"]] = stock_item(
            product["id"],
            quantity=0 if composite else quantity,
            managed=kind != 2,
            backorders=1 if kind == 3 else 0,
        )
        if composite or quantity is None:
            continue
        rows[sku, "default"] = source_row(sku, "default", quantity)
        if index % 2:
            rows[sku, "east"] = source_row(sku, "east", index)
        if index % 3 == 0:
            rows[sku, "old"] = source_row(sku, "old", 99)
    return items, rows


def source_row(sku: str, source: str, quantity: Any) -> Json:
    """How many of a SKU are at a source."""
    return {"sku": sku, "source_code": source, "quantity": quantity, "status": 1 if quantity > 0 else 0}


def customers(count: int, now: datetime) -> list[Json]:
    """Customers; every second one has two addresses, of which the second is for bills."""
    return [_customer(number, now) for number in range(count)]


def _customer(number: int, now: datetime) -> Json:
    key = number + 1
    address = {
        "id": key * 10,
        "customer_id": key,
        "firstname": "Ada",
        "lastname": f"Lovelace {number}",
        "company": f"Engines {number}",
        "street": ["1 Main St"],
        "city": "Austin",
        "region": {"region": "Texas", "region_code": "TX", "region_id": 57},
        "region_id": 57,
        "postcode": "78701",
        "country_id": "US",
        "telephone": "555-0100",
        "default_billing": True,
    }
    other = {**address, "id": key * 10 + 1, "company": "Other"}
    del other["default_billing"]
    return {
        "id": key,
        "email": f"ada{number}@example.com",
        "firstname": "Ada",
        "lastname": f"Lovelace {number}",
        "group_id": 1,
        "website_id": 1,
        "store_id": 1,
        "created_in": "Default Store View",
        "disable_auto_group_change": 0,
        "addresses": [other, address] if number % 2 else [],
        **({"default_billing": str(key * 10)} if number % 2 else {}),
        "created_at": stamp(now - timedelta(days=9)),
        "updated_at": stamp(now - timedelta(days=8, minutes=number)),
        "_password": "Password1",
    }
