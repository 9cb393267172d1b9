"""Variants: Salla makes them by itself, one for every combination of a product's option values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from .functions import variant_options
from .prices import amount, price_body, prices_of, wanted_prices

Json = Any


def has_several(payload: Mapping[str, Json]) -> bool:
    """Whether a canonical product comes in more than one form."""
    return len(payload.get("variants") or ()) > 1


def options_of(variants: Sequence[Json]) -> dict[str, list[str]] | None:
    """Option name to its values, in order; None where options do not tell the variants apart."""
    found: dict[str, list[str]] = {}
    for variant in variants:
        for name, value in (variant.get("options") or {}).items():
            values = found.setdefault(name, [])
            if value not in values:
                values.append(value)
    combinations = {tuple((variant.get("options") or {}).get(name) for name in found) for variant in variants}
    complete = all(None not in each for each in combinations)
    return found if found and complete and len(combinations) == len(variants) else None


def missing_options(options: Mapping[str, Sequence[str]], product: Json) -> dict[str, Sequence[str]]:
    """The options that the product does not have yet."""
    there = {option.get("name") for option in product.get("options") or ()}
    return {name: values for name, values in options.items() if name not in there}


def native_of(variant: Json, product: Json) -> Json | None:
    """The product's variant that a canonical one stands for, None where it has none.

    Found by SKU; one without a SKU by the values of its options.
    """
    rows = product.get("skus") or []
    named = next((row for row in rows if variant.get("sku") and row.get("sku") == variant["sku"]), None)
    if named is not None or not variant.get("options"):
        return named
    wanted = variant["options"]
    blank = (row for row in rows if not row.get("sku"))
    options = product.get("options")
    return next((row for row in blank if variant_options(row.get("related_option_values"), options) == wanted), None)


def variant_body(variant: Json, native: Json) -> dict[str, Json]:
    """What differs between a canonical variant and the store's: only fields that the record speaks of."""
    body = price_body(wanted_prices(variant, prices_of(native)), native)
    for field, name in (("sku", "sku"), ("barcode", "barcode")):
        if variant.get(field) and variant[field] != native.get(name):
            body[name] = variant[field]
    cost = variant.get("costPrice")
    if cost is not None and Decimal(cost) != amount(native.get("cost_price")):
        body["cost_price"] = Decimal(cost)
    return body
