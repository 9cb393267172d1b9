"""The shop as JSON for `GET /_sandbox/state`: what a test compares with what a connector delivered."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pullpush_shopify.sandbox._model import Order, Product, Variant
from pullpush_shopify.sandbox._money import Bag, fixed_text
from pullpush_shopify.sandbox._store import Store

__all__ = ["dump"]


def dump(store: Store) -> dict[str, Any]:
    """Records by kind; `levels` hold the true figures, also of what is not counted or inactive."""
    return {
        "locations": [{"id": place.gid, "name": place.name} for place in store.locations.values()],
        "levels": _levels(store),
        "products": [_product(product) for product in store.products.values()],
        "orders": [_order(order) for order in store.orders.values()],
        "customers": [
            {
                "id": each.gid,
                "email": each.email,
                "phone": each.phone,
                "name": each.display_name,
                "note": each.note,
                "tags": each.tags,
                "addresses": len(each.addresses),
                "updated_at": _time(each.updated_at),
            }
            for each in store.customers.values()
        ],
        "mails": store.mails,
        "checkouts": [{"id": each.gid, "token": each.token} for each in store.checkouts.values()],
        "subscriptions": [
            {"id": each.gid, "topic": each.topic, "uri": each.uri} for each in store.subscriptions.values()
        ],
    }


def _levels(store: Store) -> list[dict[str, Any]]:
    return [
        {
            "sku": item.sku,
            "item": item.gid,
            "location": level.location.gid,
            "available": level.available,
            "on_hand": level.on_hand,
            "tracked": item.tracked,
            "active": level.is_active,
            "updated_at": _time(level.updated_at),
        }
        for item in store.items.values()
        for level in item.levels.values()
    ]


def _product(product: Product) -> dict[str, Any]:
    return {
        "id": product.gid,
        "handle": product.handle,
        "title": product.title,
        "status": product.status,
        "updated_at": _time(product.updated_at),
        "variants": [_variant(variant) for variant in product.variants],
    }


def _variant(variant: Variant) -> dict[str, Any]:
    return {
        "id": variant.gid,
        "sku": variant.sku,
        "price": str(variant.price),
        "metafields": {f"{field.namespace}.{field.key}": field.value for field in variant.metafields.values()},
    }


def _order(order: Order) -> dict[str, Any]:
    return {
        "id": order.gid,
        "name": order.name,
        "email": order.email,
        "financial_status": order.financial_status,
        "fulfillment_status": order.fulfillment_status,
        "source_identifier": order.source_identifier,
        "currency": order.currency,
        "total": _amount(order.total),
        "current_total": _amount(order.current_total),
        "received": _amount(order.received),
        "lines": [
            {"sku": line.sku, "quantity": line.quantity, "current_quantity": line.current_quantity}
            for line in order.lines
        ],
        "updated_at": _time(order.updated_at),
    }


def _amount(bag: Bag) -> str:
    return fixed_text(bag.shop, bag.shop_currency)


def _time(moment: datetime) -> str:
    return moment.isoformat()
