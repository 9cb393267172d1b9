"""Values that an author wrote into a rule, made safe and exact."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from ._numbers import bounded
from ._site import Refused

DEEPEST = 32
MOST_PARTS = 20_000


def clean(value: Any) -> Any:
    """A document's value as an exact JSON value of its own; a float becomes the Decimal of its shortest text.

    Raises:
        ValueError: too deep, too many parts (YAML aliases multiply), not finite, or not a JSON value (an unquoted
            date in YAML); the message says which.
    """
    return _clean(value, 0, itertools.count(1))


def _clean(value: Any, depth: int, parts: Iterator[int]) -> Any:
    if next(parts) > MOST_PARTS:
        raise ValueError(f"a value of more than {MOST_PARTS:,} parts")
    if depth > DEEPEST:
        raise ValueError(f"a value nested deeper than {DEEPEST}")
    kind = value.__class__
    if value is None or kind in {bool, int}:
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if kind in {float, Decimal}:
        return _number(Decimal(repr(value)) if kind is float else value)
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise ValueError("an object whose keys are not all text; quote them")
        return {str(key): _clean(each, depth + 1, parts) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(each, depth + 1, parts) for each in value]
    raise ValueError(f"a {kind.__name__} is not a JSON value; quote it")


def _number(value: Decimal) -> Decimal:
    try:
        return bounded(value)
    except Refused as error:
        raise ValueError(error.reason) from None
