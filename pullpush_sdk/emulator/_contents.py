"""What an emulated shop really holds: no map of the manifest is asked, so every leaf of a record may be its key."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ._goods import Goods

__all__ = ["KEYS", "contents_of"]

Json = Any
KEYS = {
    "product": "sku",
    "stocklevel": "sku",
    "order": "orderId",
    "contact": "email",
    "invoice": "invoiceId",
    "call": "callId",
    "cart": "cartId",
}
"""Canonical type to the field that names its records; of a list that does not show it nothing can be told."""
_WORDS = {"stocklevel": "stock", "contact": "customer"}
"""Canonical type to the word for its records in a sandbox, where it is another one."""


def contents_of(goods: Mapping[str, Goods]) -> Mapping[str, Callable[[], Iterable[Mapping[str, Json]]]]:
    """The word for a type's records to a function that lists them."""

    def held(of: Goods) -> Callable[[], Iterable[Mapping[str, Json]]]:
        return lambda: [
            {"keys": sorted(set(_leaves(whole))), "native": whole}
            for _, part in of.parts()
            for whole in map(of.whole, part.records)
        ]

    return {_WORDS.get(name, name): held(each) for name, each in goods.items()}


def _leaves(value: Json) -> Iterator[str]:
    if isinstance(value, Mapping):
        for each in value.values():
            yield from _leaves(each)
    elif isinstance(value, list):
        for each in value:
            yield from _leaves(each)
    elif value is not None and not isinstance(value, bool):
        yield str(value)
