"""The mark on variants that this app made: whether their stock is known yet.

A new variant is not counted, since counting would show a zero that nobody has said. The mark tells it from a variant
that a merchant leaves uncounted on purpose. It is a metafield in the namespace that is reserved for the app: the
platform resolves `$app:pullpush` to `app--{number of the app}--pullpush`, in inputs as in queries, and without a
definition nobody but the app can read or write it
(https://shopify.dev/docs/apps/build/custom-data/ownership).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Json = Any

UNKNOWN = "unknown"
"""Made by this app; nobody has said yet how many there are, and nobody counts them."""
KNOWN = "known"
"""Made by this app; counted since its first quantity came. Whether it stays so is the merchant's choice."""

_NAMESPACE = "$app:pullpush"
_KEY = "stock"

MARK = f'metafield(namespace: "{_NAMESPACE}", key: "{_KEY}") {{ value }}'
"""Selects the mark of a variant."""


def mark(value: str) -> dict[str, str]:
    """The mark as an input of `metafields`; one that is there already takes the value."""
    return {"namespace": _NAMESPACE, "key": _KEY, "type": "single_line_text_field", "value": value}


def mark_of(item: Mapping[str, Json]) -> str | None:
    """The mark of an item's variant as `variants { nodes { MARK } }` answers; None for what others made."""
    variants = (item["variants"] or {}).get("nodes") or [{}]
    return (variants[0].get("metafield") or {}).get("value")
