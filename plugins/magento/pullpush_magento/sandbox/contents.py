"""What the shop really holds, without a request: the oracle of whoever reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pullpush_magento.sandbox.state import State

__all__ = ["contents_of"]

Rows = Iterable[Mapping[str, Any]]


def contents_of(state: State) -> Mapping[str, Callable[[], Rows]]:
    """Kind to a list of its records; stock is counted per source that is in use."""

    def listed(table: str, *names: str) -> Callable[[], Rows]:
        return lambda: [{"keys": [str(row[name]) for name in names]} for row in state.dump()[table]]

    return {
        "product": listed("products", "sku"),
        "stock": lambda: _stock(state.dump()),
        "order": listed("orders", "entity_id"),
        "invoice": listed("invoices", "entity_id"),
        "customer": listed("customers", "email", "id"),
        "cart": listed("carts", "id"),
    }


def _stock(held: Mapping[str, Any]) -> Rows:
    used = {source["source_code"] for source in held["sources"] if source["enabled"]}
    for row in held["source_items"]:
        if row["source_code"] in used:
            yield {"keys": [row["sku"]], "location": row["source_code"]}
