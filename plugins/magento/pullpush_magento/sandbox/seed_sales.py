"""Orders, invoices and carts of a fresh sandbox."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from pullpush_magento.sandbox.sales_rows import ADDRESS, invoice_of, line, order_row
from pullpush_magento.sandbox.seed import stamp

__all__ = ["carts", "invoices", "orders"]

Json = dict[str, Any]

_STATES = ("new", "processing", "complete", "canceled", "holded", "closed", "payment_review")


def orders(count: int, products: list[Json], currency: str, now: datetime) -> list[Json]:
    """One order for each number, of the four kinds of lines in turn, in every state."""
    return [_order(number, products, currency, now) for number in range(count)]


def _order(number: int, products: list[Json], currency: str, now: datetime) -> Json:
    lines = _lines(number, products)
    state, guest = _STATES[number % len(_STATES)], number % 3 == 0
    plain = number % 4 == 0
    order = order_row(
        number + 1,
        lines,
        currency=currency,
        base_currency="EUR",
        rate=2,
        shipping=0 if plain else 5,
        discount=0 if plain else 2,
        email=f"buyer{number}@example.com",
        address=ADDRESS if not guest else {**ADDRESS, "lastname": f"Guest {number}", "company": "Guest & Co"},
        created=stamp(now - timedelta(days=3)),
    )
    order |= {"state": state, "status": f"my_{state}", "updated_at": stamp(now - timedelta(days=1, minutes=number))}
    total = order["grand_total"]
    if not guest:
        order |= {"customer_id": number + 1, "customer_firstname": "Ada", "customer_lastname": "Lovelace"}
    order["customer_is_guest"] = 1 if guest else 0
    if state in ("processing", "complete", "closed"):
        order |= {"total_paid": total, "total_invoiced": total, "total_due": 0}
        for each in lines:
            each["qty_invoiced"] = each["qty_ordered"]
    if state == "closed":
        order["total_refunded"] = total
    return order


def _lines(number: int, products: list[Json]) -> list[Json]:
    """A plain line, and by turns nothing more, a configurable one, a bundle priced by its parts, one priced whole."""
    base = 10 * (number + 1)
    by_kind = {product["_kind"]: product for product in reversed(products)}
    plain = by_kind.get(0, {"sku": "PLAIN", "id": 1, "price": 20})
    lines = [line(base, plain["sku"], "simple", plain["price"], product_id=plain["id"])]
    parent = by_kind.get(4)
    child = next((each for each in products if parent and each["sku"] == f"{parent['sku']}-R"), None)
    bundle = by_kind.get(6, {"sku": "KIT", "id": 3})
    match number % 4:
        case 1:
            sku, price = (child["sku"], child["price"]) if child else ("TEE-M", 30)
            lines.append(line(base + 1, sku, "configurable", price, product_id=(parent or {"id": 2})["id"]))
            lines.append(line(base + 2, sku, "simple", 0, parent=base + 1, product_id=(child or {"id": 2})["id"]))
        case 2:
            own = line(base + 3, bundle["sku"], "bundle", 68, product_id=bundle["id"])
            del own["row_total"], own["row_total_incl_tax"]
            lines.append(own)
            lines += [
                line(base + n, f"{bundle['sku']}-{n}", "simple", n, parent=base + 3, product_id=90 + n) for n in (4, 5)
            ]
        case 3:
            lines.append(line(base + 6, f"{bundle['sku']}-SET", "bundle", 40, product_id=bundle["id"]))
            lines.append(line(base + 7, "SET-1", "simple", 0, parent=base + 6, product_id=97))
    return lines


def invoices(orders_made: list[Json], now: datetime) -> list[Json]:
    """One for every order that is paid."""
    paid = [order for order in orders_made if order.get("total_paid")]
    return [
        {**invoice_of(number + 1, order), "updated_at": stamp(now - timedelta(days=1))}
        for number, order in enumerate(paid)
    ]


def carts(count: int, currency: str, now: datetime) -> list[Json]:
    """Carts of guests and customers, in use and turned into orders; one has the zero date of an older shop."""
    made = []
    for number in range(count):
        key = number + 1
        item = {"item_id": key, "sku": "MG-0000", "qty": 2, "name": "Lamp 0", "price": 0.99, "product_type": "simple"}
        person = {"id": key, "email": f"ada{number}@example.com", "firstname": "Ada", "lastname": f"Lovelace {number}"}
        moment = stamp(now - timedelta(days=1, minutes=number))
        made.append(
            {
                "id": key,
                "created_at": moment,
                "updated_at": "0000-00-00 00:00:00" if number % 4 == 3 else moment,
                **({"converted_at": moment} if number % 3 == 2 else {}),
                "is_active": number % 3 != 2,
                "is_virtual": False,
                "items": [{**item, "quote_id": str(key)}],
                "items_count": 1,
                "items_qty": 2,
                "customer": person if number % 2 else {"email": None, "firstname": None, "lastname": None},
                "orig_order_id": 0,
                "currency": {
                    "global_currency_code": currency,
                    "base_currency_code": currency,
                    "store_currency_code": currency,
                    "quote_currency_code": currency,
                },
                "customer_is_guest": number % 2 == 0,
                "customer_note_notify": True,
                "customer_tax_class_id": 3,
                "store_id": 1,
                "_masked": f"masked{key}",
            }
        )
    return made
