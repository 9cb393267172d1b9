"""Which canonical type recorded records are, by their fields alone: for lists whose names tell nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pullpush_sdk.canonical import CanonicalTypes

from .propose import propose
from .shapes import Shape

__all__ = ["types_by_fields"]

_CERTAINTY = 0.5
_SIGNS: Mapping[str, tuple[Sequence[str], frozenset[str]]] = {
    "order": (("lineItems", "totalAmount"), frozenset()),
    "call": (("fromNumber", "toNumber", "duration"), frozenset()),
    "invoice": (("invoiceNumber", "amount", "dueAt"), frozenset()),
    "product": (("sku", "title", "price"), frozenset()),
    "stocklevel": (("sku", "quantity"), frozenset({"title", "price"})),
    "contact": (("email", "firstName", "lastName"), frozenset()),
}
"""Canonical type to the fields that its records have together, and those of products that it lacks."""
_VAGUE = frozenset({"id", "code", "reference", "handle", "slug", "amount", "count", "type", "from", "to"})
"""Names that stand in records of every type."""


def types_by_fields(record: Shape) -> Iterator[tuple[str, float]]:
    """The one type whose telling fields a record has, with a certainty; a vague name tells nothing."""
    types = CanonicalTypes()
    product = _filled(types, "product", record)
    for name, (needed, lacking) in _SIGNS.items():
        filled = _filled(types, name, record)
        if set(needed) <= filled and not lacking & product:
            yield name, _CERTAINTY
            return


def _filled(types: CanonicalTypes, name: str, record: Shape) -> set[str]:
    """The fields that native ones of a telling name would fill."""
    return {
        each.target
        for each in propose(types[name], record)
        if len(each.names) == 1 and (each.names[0].lower() not in _VAGUE or name == "call")
    }
