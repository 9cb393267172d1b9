"""Rows of orders and invoices, and the sums in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

__all__ = ["ADDRESS", "cents", "invoice_of", "line", "order_row"]

Json = Any

ADDRESS: Mapping[str, Json] = {
    "firstname": "Gail",
    "lastname": "Guest",
    "street": ["1 Main St", "Floor 2"],
    "city": "Austin",
    "region": "Texas",
    "region_code": "TX",
    "region_id": 57,
    "postcode": "78701",
    "country_id": "US",
    "telephone": "555-0100",
}


def cents(value: Json) -> float | int:
    """An amount with two places, as JSON writes it."""
    rounded = Decimal(str(value)).quantize(Decimal("0.01"))
    return int(rounded) if rounded == int(rounded) else float(rounded)


def line(
    key: int,
    sku: str,
    type_id: str,
    price: Json,
    *,
    product_id: int,
    parent: int | None = None,
    qty: Json = 2,
    name: str = "",
) -> dict[str, Json]:
    """One line of an order. A configurable product has two: the parent's with the price, the child's with none."""
    total = cents(Decimal(str(price)) * Decimal(str(qty)))
    made = {
        "item_id": key,
        "product_id": product_id,
        "sku": sku,
        "name": name or f"The {sku}",
        "product_type": type_id,
        "qty_ordered": qty,
        "qty_invoiced": 0,
        "qty_shipped": 0,
        "qty_refunded": 0,
        "qty_canceled": 0,
        "price": price,
        "price_incl_tax": price,
        "row_total": total,
        "row_total_incl_tax": total,
        "tax_amount": 0,
        "discount_amount": 0,
    }
    return made if parent is None else {**made, "parent_item_id": parent}


def order_row(
    key: int,
    lines: Sequence[Mapping[str, Json]],
    *,
    currency: str,
    base_currency: str,
    rate: int = 1,
    shipping: Json,
    discount: Json = 0,
    email: str,
    address: Mapping[str, Json],
    created: str,
    method: str = "flatrate_flatrate",
    payment: str = "checkmo",
) -> dict[str, Json]:
    """An order with its sums; amounts with `base_` are in the shop's currency, `rate` times as much."""
    subtotal = cents(sum(Decimal(str(each.get("row_total", 0))) for each in lines))
    total = cents(Decimal(str(subtotal)) + Decimal(str(shipping)) - Decimal(str(discount)))
    sums = {
        "grand_total": total,
        "subtotal": subtotal,
        "shipping_amount": shipping,
        "shipping_incl_tax": shipping,
        "tax_amount": 0,
        "discount_amount": -discount,
        "total_due": total,
    }
    shown = {"entity_id": key * 2, "parent_id": key, "email": email, **address}
    shipped = {
        "address": {"address_type": "shipping", **shown, "entity_id": key * 2 - 1},
        "method": method,
        "total": {"shipping_amount": shipping, "base_shipping_amount": cents(Decimal(str(shipping)) * rate)},
    }
    return {
        "entity_id": key,
        "increment_id": f"{key:09d}",
        "store_id": 1,
        "state": "new",
        "status": "pending",
        **sums,
        **{f"base_{name}": cents(Decimal(str(value)) * rate) for name, value in sums.items()},
        "order_currency_code": currency,
        "base_currency_code": base_currency,
        "customer_email": email,
        "customer_is_guest": 1,
        "is_virtual": 0,
        "email_sent": 0,
        "total_item_count": len([each for each in lines if "parent_item_id" not in each]),
        "total_qty_ordered": sum(each["qty_ordered"] for each in lines if "parent_item_id" not in each),
        "billing_address": {"address_type": "billing", **shown},
        "payment": {
            "account_status": None,
            "additional_information": ["Check / Money order"],
            "cc_last4": None,
            "entity_id": key,
            "method": payment,
            "parent_id": key,
        },
        "shipping_description": "Flat Rate - Fixed",
        "status_histories": [],
        "items": [dict(each) for each in lines],
        "extension_attributes": {"shipping_assignments": [{"shipping": shipped, "items": list(lines)}]},
        "created_at": created,
        "updated_at": created,
    }


def invoice_of(
    key: int, order: Mapping[str, Json], quantities: Mapping[int, Json] | None = None, *, state: int = 2
) -> dict[str, Json]:
    """An invoice over an order, or over some of its lines; shipping goes with the first one.

    Its lines say nothing of parents; those without a value of their own have no row total.
    """
    items: list[dict[str, Json]] = []
    subtotal, discount = Decimal(0), Decimal(0)
    for each in order["items"]:
        ordered = Decimal(str(each["qty_ordered"]))
        quantity = ordered if quantities is None else Decimal(str(quantities.get(each["item_id"], 0)))
        if not quantity:
            continue
        row: dict[str, Json] = {
            "entity_id": key * 100 + len(items),
            "parent_id": key,
            "order_item_id": each["item_id"],
            "product_id": each["product_id"],
            "sku": each["sku"],
            "name": each["name"],
            "price": each["price"],
            "qty": cents(quantity),
        }
        if "row_total" in each and ("parent_item_id" not in each or each["row_total"]):
            total = Decimal(str(each["row_total"])) * quantity / ordered
            row |= {"row_total": cents(total), "row_total_incl_tax": cents(total), "tax_amount": 0}
            subtotal += total
            discount += Decimal(str(each["discount_amount"])) * quantity / ordered
        items.append(row)
    first = not order.get("total_invoiced") or quantities is None
    shipping = Decimal(str(order["shipping_amount"])) if first else Decimal(0)
    if quantities is None:
        discount = -Decimal(str(order["discount_amount"]))
    amount = cents(subtotal + shipping - discount)
    return {
        "entity_id": key,
        "increment_id": f"{key:09d}",
        "order_id": order["entity_id"],
        "store_id": 1,
        "state": state,
        "grand_total": amount,
        "base_grand_total": amount,
        "subtotal": cents(subtotal),
        "shipping_amount": cents(shipping),
        "tax_amount": 0,
        "discount_amount": cents(-discount),
        "total_qty": cents(sum(Decimal(str(each["qty"])) for each in items)),
        "order_currency_code": order["order_currency_code"],
        "base_currency_code": order["base_currency_code"],
        "items": items,
        "comments": [],
        "created_at": order["created_at"],
        "updated_at": order["updated_at"],
    }
