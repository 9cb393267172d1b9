"""Records by their ids, as far as it takes to know which SKU they carry now."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from pullpush_sdk.canonical import Product, StockLevel
from pullpush_sdk.connector import Connection
from pullpush_sdk.http import Call

from .answers import MISSING
from .functions import product_sku

Json = Any


async def products(connection: Connection, native_ids: Sequence[str]) -> Mapping[str, Product]:
    """Products by id; one that is gone, or carries no SKU any more, is left out."""
    found = {}
    for native_id, native in (await _natives(connection, native_ids)).items():
        sku = product_sku(native.get("sku"), native.get("skus"))
        if sku:
            found[native_id] = Product(sku=sku, title=native.get("name"))
    return found


async def rows(connection: Connection, native_ids: Sequence[str]) -> Mapping[str, StockLevel]:
    """Rows of quantities by `product` or `product_variant`, each as a level without a quantity."""
    natives = await _natives(connection, sorted({each.partition("_")[0] for each in native_ids}))
    found = {}
    for native_id in native_ids:
        number, _, variant = native_id.partition("_")
        sku = _sku(natives[number], variant) if number in natives else None
        if sku:
            found[native_id] = StockLevel(sku=sku, quantity=None)
    return found


def _sku(native: Json, variant: str) -> str | None:
    """The SKU of a product's own row, or of one variant's; a product with variants has no row of its own."""
    variants = native.get("skus") or []
    if not variant:
        return None if variants else native.get("sku")
    return next((each.get("sku") for each in variants if str(each["id"]) == variant), None)


async def _natives(connection: Connection, numbers: Sequence[str]) -> dict[str, Json]:
    calls = [Call(url=f"/products/{number}", accepts=MISSING) for number in numbers]
    answers = await asyncio.gather(*(connection.client.send(call) for call in calls))
    return {
        number: answer.json()["data"]
        for number, answer in zip(numbers, answers, strict=True)
        if answer.status not in MISSING
    }
