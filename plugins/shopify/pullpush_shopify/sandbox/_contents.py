"""What the shop really holds, without a request: the oracle of whoever reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pullpush_shopify.sandbox._store import Store

__all__ = ["contents_of"]

Rows = Iterable[Mapping[str, Any]]


def contents_of(store: Callable[[], Store]) -> Mapping[str, Callable[[], Rows]]:
    """Kind to a list of its records; what has no SKU is known by its number."""
    return {
        "product": lambda: [
            {"keys": [_number(each.gid), *(variant.sku for variant in each.variants if variant.sku)]}
            for each in store().products.values()
        ],
        "stock": lambda: _stock(store()),
        "order": lambda: [{"keys": [_number(each.gid)]} for each in store().orders.values()],
        "invoice": lambda: [
            {"keys": [_number(each.gid)]} for each in store().orders.values() if each.received.shop > 0
        ],
        "customer": lambda: [{"keys": [each.email, _number(each.gid)]} for each in store().customers.values()],
        "cart": lambda: [{"keys": [_number(each.gid)]} for each in store().checkouts.values()],
    }


def _stock(store: Store) -> Rows:
    for item in store.items.values():
        for level in item.levels.values():
            if level.is_active:
                known = {"quantity": level.available} if item.tracked else {}
                yield {
                    "keys": [item.sku or _number(item.gid)], "location": _number(level.location.gid), **known,
                }  # fmt: skip


def _number(gid: str) -> str:
    return gid.rpartition("/")[2]
