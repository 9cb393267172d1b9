"""Records by their ids, as far as it takes to know which SKU they carry now."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from pullpush_sdk.canonical import StockLevel
from pullpush_sdk.connector import Connection
from pullpush_sdk.errors import FieldError

from .graphql import ask, gid
from .native import product_by_id, record_of

_AT_ONCE = 50


async def products(connection: Connection, native_ids: Sequence[str]) -> Mapping[str, Any]:
    """Products by their ids; one that is gone, or has no SKU any more, is left out."""
    natives = await asyncio.gather(*(product_by_id(connection, gid("Product", each)) for each in native_ids))
    found = {}
    for native_id, native in zip(native_ids, natives, strict=True):
        if native is not None:
            with suppress(FieldError):
                found[native_id] = record_of(connection, "products", native)
    return found


async def items(connection: Connection, native_ids: Sequence[str]) -> Mapping[str, Any]:
    """Inventory items by their numbers, each as a level without a quantity."""
    found = {}
    for start in range(0, len(native_ids), _AT_ONCE):
        some = native_ids[start : start + _AT_ONCE]
        variables = {f"i{at}": gid("InventoryItem", each) for at, each in enumerate(some)}
        data = await ask(connection, _document(len(some)), variables)
        for at, each in enumerate(some):
            item = data[f"i{at}"]
            if item is not None and item["sku"]:
                found[each] = StockLevel(sku=item["sku"], quantity=None)
    return found


def _document(count: int) -> str:
    names = ", ".join(f"$i{at}: ID!" for at in range(count))
    parts = " ".join(f"i{at}: inventoryItem(id: $i{at}) {{ sku }}" for at in range(count))
    return f"query SkusOf({names}) {{ {parts} }}"
