"""What the store really holds, without a request: the oracle of whoever reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pullpush_salla.sandbox.records import Product, Stock, Variant
from pullpush_salla.sandbox.store import Store

__all__ = ["contents_of"]

Rows = Iterable[Mapping[str, Any]]


def contents_of(store: Store) -> Mapping[str, Callable[[], Rows]]:
    """Kind to a list of its records; what has no SKU is known by its number."""
    return {
        "product": lambda: [
            {"keys": [each.sku, str(each.id), *(form.sku for form in each.variants if form.sku)]}
            for each in store.products.values()
        ],
        "stock": lambda: _stock(store),
        "order": lambda: [{"keys": [str(each)]} for each in store.orders],
        "cart": lambda: [{"keys": [str(key)]} for key, cart in store.carts.items() if cart.status == "active"],
        "customer": lambda: [{"keys": [each.email, str(each.id)]} for each in store.customers.values()],
        "invoice": lambda: [{"keys": [str(each)]} for each in store.invoices],
    }


def _stock(store: Store) -> Rows:
    for product in store.products.values():
        counted: Sequence[Product | Variant] = product.variants or [product]
        for each in counted:
            yield from _levels([each.sku or str(each.id)], each.stock)


def _levels(keys: list[str], stock: Stock) -> Rows:
    for branch, quantity in stock.by_branch.items():
        known = {} if stock.unlimited or quantity is None else {"quantity": quantity}
        yield {"keys": keys, "location": str(branch), **known}
