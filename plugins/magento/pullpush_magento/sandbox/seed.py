"""The records of a fresh sandbox, in the platform's own names."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

__all__ = ["ATTRIBUTES", "SOURCES", "make_customers", "make_orders", "make_products", "make_stock", "stamp"]

Json = dict[str, Any]

SOURCES: tuple[Json, ...] = (
    {"source_code": "default", "name": "Default Source", "enabled": True},
    {"source_code": "east", "name": "East", "enabled": True},
    {"source_code": "old", "name": "Old store", "enabled": False},
)
ATTRIBUTES: tuple[Json, ...] = (
    {
        "attribute_id": 93,
        "attribute_code": "color",
        "default_frontend_label": "Color",
        "options": [{"label": " ", "value": ""}, {"label": "Red", "value": "58"}, {"label": "Blue", "value": "50"}],
    },
    {"attribute_id": 77, "attribute_code": "tax_class_id", "default_frontend_label": "Tax", "options": []},
)
_CHILDREN = (("R", "58", 1), ("B", "50", 4))  # suffix, value of the colour, visibility


def stamp(moment: datetime) -> str:
    """An instant as the platform writes it: UTC without saying so, whole seconds."""
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def make_products(count: int, now: datetime) -> list[Json]:
    """Products of the eight kinds; ids count from 1, children follow their parent."""
    products: list[Json] = []
    for number in range(count):
        kind = number % 8
        sku = f"MG-{number:04d}/x" if number % 9 == 8 else f"MG-{number:04d}"
        type_id = {4: "configurable", 6: "bundle"}.get(kind, "simple")
        parent = _product(len(products) + 1, sku, number, type_id, now)
        products.append(parent)
        if kind == 4:
            children: list[Json] = []
            for suffix, value, visibility in _CHILDREN:
                child = _product(len(products) + 1, f"{sku}-{suffix}", number, "simple", now)
                child |= {"visibility": visibility, "price": child["price"] + len(children)}
                child["custom_attributes"].append({"attribute_code": "color", "value": value})
                children.append(child)
                products.append(child)
            parent["price"] = 0
            parent["extension_attributes"] = {
                "configurable_product_links": [child["id"] for child in children],
                "configurable_product_options": [
                    {"attribute_id": "93", "label": "Color", "values": [{"value_index": 58}, {"value_index": 50}]}
                ],
            }
    return products


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
        "custom_attributes": [
            {"attribute_code": "description", "value": f"<p>Lamp {number}</p>"},
            {"attribute_code": "url_key", "value": f"lamp-{key}"},
        ],
    }


def make_stock(products: list[Json]) -> tuple[dict[str, Json], dict[tuple[str, str], Json]]:
    """Stock items by SKU, and source items by SKU and source; the default source's quantity stands in both."""
    items: dict[str, Json] = {}
    rows: dict[tuple[str, str], Json] = {("GONE-1", "default"): _row("GONE-1", "default", 9)}
    for index, product in enumerate(products):
        sku, kind = product["sku"], int(product["name"].split()[1]) % 8
        composite = product["type_id"] != "simple"
        quantity: Any = {1: 0, 2: 0, 3: -4, 5: 2.5, 7: None}.get(kind, 10 + index)
        items[sku] = {
            "item_id": product["id"],
            "product_id": product["id"],
            "stock_id": 1,
            "qty": 0 if composite else quantity,
            "is_in_stock": True,
            "is_qty_decimal": kind == 5,
            "manage_stock": kind != 2,
            "use_config_manage_stock": kind != 2,
            "backorders": 1 if kind == 3 else 0,
            "min_qty": 0,
        }
        if composite or quantity is None:
            continue
        rows[sku, "default"] = _row(sku, "default", quantity)
        if index % 2:
            rows[sku, "east"] = _row(sku, "east", index)
        if index % 3 == 0:
            rows[sku, "old"] = _row(sku, "old", 99)
    return items, rows


def _row(sku: str, source: str, quantity: Any) -> Json:
    return {"sku": sku, "source_code": source, "quantity": quantity, "status": 1 if quantity > 0 else 0}


_STATES = ("new", "processing", "complete", "canceled", "holded", "closed", "payment_review")


def make_orders(count: int, now: datetime) -> list[Json]:
    """One order for each number, of the four kinds of lines in turn, in every state."""
    return [_order(number, now) for number in range(count)]


def _order(number: int, now: datetime) -> Json:
    lines = _lines(number)
    subtotal = sum(line.get("row_total", 0) for line in lines)
    total = round(subtotal + 5 - 2, 2)
    state = _STATES[number % len(_STATES)]
    guest = number % 3 == 0
    address = {
        "firstname": "Gail",
        "lastname": f"Guest {number}",
        "company": "Guest & Co" if guest else None,
        "street": ["1 Main St", "Floor 2"],
        "city": "Austin",
        "region": "Texas",
        "region_code": "TX",
        "postcode": "78701",
        "country_id": "US",
        "telephone": "555-0100",
    }
    named = {} if guest else {"customer_id": number + 1, "customer_firstname": "Ada", "customer_lastname": "Lovelace"}
    paid = {"total_paid": total} if state in ("processing", "complete", "closed") else {}
    return {
        "entity_id": number + 1,
        "increment_id": f"{number + 1:09d}",
        "store_id": 1,
        "state": state,
        "status": f"my_{state}",
        "grand_total": total,
        "base_grand_total": total * 2,
        "subtotal": subtotal,
        "shipping_amount": 5,
        "tax_amount": 0,
        "discount_amount": -2,
        "order_currency_code": "USD",
        "base_currency_code": "EUR",
        "customer_email": f"buyer{number}@example.com",
        "customer_is_guest": 1 if guest else 0,
        **named,
        **paid,
        **({"total_refunded": total} if state == "closed" else {}),
        "billing_address": address,
        "payment": {"method": "checkmo", "account_status": None},
        "shipping_description": "Flat Rate",
        "items": lines,
        "extension_attributes": {"shipping_assignments": [{"shipping": {"address": address}}]},
        "created_at": stamp(now - timedelta(days=3)),
        "updated_at": stamp(now - timedelta(days=1, minutes=number)),
    }


def _lines(number: int) -> list[Json]:
    """A plain line, and by turns nothing more, a configurable one, a bundle priced by its parts, one priced whole."""
    base = 10 * (number + 1)
    lines = [_line(base, "PLAIN", "simple", 20)]
    match number % 4:
        case 1:
            lines += [
                _line(base + 1, "TEE-M", "configurable", 30),
                _line(base + 2, "TEE-M", "simple", 0, parent=base + 1),
            ]
        case 2:
            own = _line(base + 3, "KIT", "bundle", 68)
            del own["row_total"]
            part, more = (_line(base + n, f"KIT-{n}", "simple", n, parent=base + 3) for n in (4, 5))
            lines += [own, part, more]
        case 3:
            lines += [_line(base + 6, "SET", "bundle", 40), _line(base + 7, "SET-1", "simple", 0, parent=base + 6)]
    return lines


def _line(key: int, sku: str, type_id: str, price: float, *, parent: int | None = None) -> Json:
    line = {
        "item_id": key,
        "product_id": key,
        "sku": sku,
        "name": f"The {sku}",
        "product_type": type_id,
        "qty_ordered": 2,
        "price": price,
        "row_total": price * 2,
        "tax_amount": 0,
        "discount_amount": 0,
    }
    return line if parent is None else {**line, "parent_item_id": parent}


def make_customers(count: int, now: datetime) -> list[Json]:
    """Customers; every second one has a billing address."""
    return [_customer(number, now) for number in range(count)]


def _customer(number: int, now: datetime) -> Json:
    address = {
        "firstname": "Ada",
        "lastname": f"Lovelace {number}",
        "company": f"Engines {number}",
        "street": ["1 Main St"],
        "city": "Austin",
        "region": {"region": "Texas", "region_code": "TX", "region_id": 57},
        "postcode": "78701",
        "country_id": "US",
        "telephone": "555-0100",
        "default_billing": True,
    }
    return {
        "id": number + 1,
        "email": f"ada{number}@example.com",
        "firstname": "Ada",
        "lastname": f"Lovelace {number}",
        "group_id": 1,
        "website_id": 1,
        "store_id": 1,
        "addresses": [{**address, "company": "Other", "default_billing": False}, address] if number % 2 else [],
        "created_at": stamp(now - timedelta(days=9)),
        "updated_at": stamp(now - timedelta(days=8, minutes=number)),
    }
