"""What the lists can be searched by and sorted by: the fields of the vendor's tables that the sandbox keeps.

A field that the platform knows and the sandbox does not is treated as unknown: it matches everything and warns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any

import attrs

from pullpush_shopify.sandbox._search import Field

__all__ = ["LISTS", "ListSpec"]

_DISPLAY = {"FULFILLED": ("fulfilled", "shipped"), "PARTIALLY_FULFILLED": ("partial",)}


@attrs.frozen(kw_only=True)
class ListSpec:
    """Search fields, free text and sort keys of one list."""

    fields: Mapping[str, Field]
    text: Callable[[Any], str] = lambda _: ""
    sorts: Mapping[str, Callable[[Any], Any]] = attrs.field(factory=dict)


def _time(name: str) -> Field:
    return Field("time", attrgetter(name))


def _skus(product: Any) -> list[str]:
    return [variant.sku for variant in product.variants if variant.sku is not None]


def _order_states(order: Any) -> list[str]:
    if order.cancelled_at is not None:
        return ["cancelled", "closed"] if order.closed_at else ["cancelled", "not_closed"]
    return ["closed"] if order.closed_at else ["open", "not_closed"]


def _fulfillment_words(order: Any) -> tuple[str, ...]:
    word = order.fulfillment_status
    return _DISPLAY.get(word, (word, "unshipped") if word == "UNFULFILLED" else (word,))


def _order_text(order: Any) -> str:
    names = order.customer.display_name if order.customer else ""
    return " ".join(filter(None, (order.name, order.email, names, order.note)))


_ID = Field("id", attrgetter("id"), "id")
_STAMPS = {"created_at": _time("created_at"), "updated_at": _time("updated_at")}
_BY_TIME = {"CREATED_AT": attrgetter("created_at"), "UPDATED_AT": attrgetter("updated_at")}
_BY_ID = {"ID": attrgetter("id")}

_PRODUCT = {
    "id": _ID,
    **_STAMPS,
    "barcode": Field("text", lambda p: [v.barcode for v in p.variants if v.barcode]),
    "handle": Field("text", attrgetter("handle"), "handle"),
    "inventory_total": Field("number", lambda p: sum(v.stock for v in p.variants)),
    "price": Field("number", lambda p: [v.price for v in p.variants]),
    "product_type": Field("text", attrgetter("product_type")),
    "published_at": _time("published_at"),
    "sku": Field("text", _skus, "sku"),
    "status": Field("text", attrgetter("status")),
    "tag": Field("text", attrgetter("tags")),
    "title": Field("text", attrgetter("title")),
    "variant_id": Field("id", lambda p: [v.id for v in p.variants]),
    "vendor": Field("text", attrgetter("vendor")),
}
_VARIANT = {
    "id": _ID,
    "barcode": Field("text", attrgetter("barcode")),
    "inventory_quantity": Field("number", attrgetter("stock")),
    "product_id": Field("id", attrgetter("product.id")),
    "product_status": Field("text", attrgetter("product.status")),
    "sku": Field("text", attrgetter("sku"), "sku"),
    "title": Field("text", attrgetter("title")),
    "updated_at": _time("updated_at"),
    "vendor": Field("text", attrgetter("product.vendor")),
}
_ORDER = {
    "id": _ID,
    **_STAMPS,
    "confirmation_number": Field("text", attrgetter("confirmation_number")),
    "customer_id": Field("id", lambda o: o.customer.id if o.customer else None),
    "email": Field("text", attrgetter("email")),
    "financial_status": Field("text", attrgetter("financial_status")),
    "fulfillment_status": Field("text", _fulfillment_words),
    "name": Field("text", lambda o: [o.name, o.name.lstrip("#")]),
    "processed_at": _time("processed_at"),
    "return_status": Field("text", attrgetter("return_status")),
    "sku": Field("text", lambda o: [line.sku for line in o.lines if line.sku]),
    "source_identifier": Field("text", attrgetter("source_identifier"), "source"),
    "source_name": Field("text", attrgetter("source_name")),
    "status": Field("text", _order_states),
    "tag": Field("text", attrgetter("tags")),
    "test": Field("bool", attrgetter("test")),
}
_CUSTOMER = {
    "id": _ID,
    "customer_date": Field("day", attrgetter("created_at")),
    "email": Field("text", attrgetter("email"), "email"),
    "first_name": Field("text", attrgetter("first_name")),
    "last_name": Field("text", attrgetter("last_name")),
    "phone": Field("text", attrgetter("phone")),
    "state": Field("text", attrgetter("state")),
    "tag": Field("text", attrgetter("tags")),
    # Whole days in the shop's zone, by the description of the argument.
    "updated_at": Field("day", attrgetter("updated_at")),
}

LISTS: Mapping[str, ListSpec] = {
    "products": ListSpec(
        fields=_PRODUCT,
        text=lambda p: f"{p.title} {p.vendor} {p.product_type} {' '.join(p.tags)} {' '.join(_skus(p))}",
        sorts={
            **_BY_ID,
            **_BY_TIME,
            "TITLE": lambda p: p.title.casefold(),
            "VENDOR": lambda p: p.vendor.casefold(),
        },
    ),
    "productVariants": ListSpec(
        fields=_VARIANT,
        text=lambda v: f"{v.product.title} {v.title} {v.sku or ''}",
        sorts={
            **_BY_ID,
            "POSITION": attrgetter("position"),
            "SKU": lambda v: (v.sku or "").casefold(),
            "TITLE": lambda v: v.title.casefold(),
        },
    ),
    "inventoryItems": ListSpec(
        fields={"id": _ID, "sku": Field("text", attrgetter("sku"), "sku"), **_STAMPS},
        text=lambda item: item.sku or "",
        sorts=_BY_ID,
    ),
    "inventoryLevels": ListSpec(
        fields={**_STAMPS, "inventory_item_id": Field("id", attrgetter("item.id"))},
        sorts=_BY_ID,
    ),
    "orders": ListSpec(
        fields=_ORDER,
        text=_order_text,
        sorts={
            **_BY_ID,
            **_BY_TIME,
            "ORDER_NUMBER": attrgetter("number"),
            "PROCESSED_AT": attrgetter("processed_at"),
        },
    ),
    "customers": ListSpec(
        fields=_CUSTOMER,
        text=lambda c: f"{c.display_name} {c.email or ''} {c.phone or ''}",
        sorts={**_BY_ID, **_BY_TIME, "NAME": lambda c: c.display_name.casefold()},
    ),
    "abandonedCheckouts": ListSpec(
        fields={
            "id": _ID,
            **_STAMPS,
            "status": Field("text", lambda c: "closed" if c.completed_at else "open"),
        },
        text=attrgetter("name"),
        sorts={
            **_BY_ID,
            "CREATED_AT": attrgetter("created_at"),
            "TOTAL_PRICE": lambda c: str(c.total.shop).rjust(20),
        },
    ),
    "locations": ListSpec(
        fields={
            "id": _ID,
            "name": Field("text", attrgetter("name")),
            "active": Field("text", lambda place: str(place.is_active)),
        },
        text=attrgetter("name"),
        sorts={**_BY_ID, "NAME": lambda place: place.name.casefold()},
    ),
    "webhookSubscriptions": ListSpec(
        fields={"id": _ID, **_STAMPS},
        sorts={**_BY_ID, "CREATED_AT": attrgetter("created_at")},
    ),
}
