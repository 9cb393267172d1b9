"""What the account really holds, without a request: the oracle of whoever reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pullpush_linnworks.sandbox.store import Store

__all__ = ["contents_of"]

Rows = Iterable[Mapping[str, Any]]


def contents_of(store: Store) -> Mapping[str, Callable[[], Rows]]:
    """Kind to a list of its records; a parent of variations is a heading, and its buyers are an account's customers."""
    return {
        "product": lambda: [{"keys": [item["ItemNumber"]]} for item in _items(store)],
        "stock": lambda: _stock(store),
        "customer": lambda: [{"keys": [mail]} for mail in sorted(_buyers(store))],
        "order": lambda: [{"keys": [order["OrderId"]]} for order in store.orders],
    }


def _buyers(store: Store) -> set[str]:
    addresses = [order["CustomerInfo"]["Address"] for order in store.orders]
    return {mail for each in addresses if (mail := str(each.get("EmailAddress") or ""))}


def _items(store: Store) -> list[dict[str, Any]]:
    return [item for item in store.active() if not item["IsVariationParent"]]


def _stock(store: Store) -> Rows:
    for item in _items(store):
        for level in item["_levels"]:
            yield {"keys": [item["ItemNumber"]], "location": level["location"]}
