"""What equality, emptiness and plainness mean for JSON values in rules."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from pullpush_sdk.canonical import UNSET, instant_text

from ._site import Refused

NUMBERS = frozenset({int, bool, Decimal})
"""Classes whose falsy values are values: 0 and false are not empty."""

PLAIN = frozenset({str, int, bool, type(None), Decimal, list, dict, type(UNSET)})


def empty(value: Any) -> bool:
    """Missing, null, '' and an empty list or object; 0 and false are values."""
    return not value and value.__class__ not in NUMBERS


def same(left: Any, right: Any) -> bool:
    """JSON equality: numbers by amount (1 is 1.0), true is not 1, missing equals nothing."""
    if left is UNSET or right is UNSET:
        return False
    if (left.__class__ is bool) != (right.__class__ is bool):
        return False
    return bool(left == right)


def among(value: Any, words: Any) -> bool:
    """Whether one of `words` is the same as `value`."""
    return any(same(value, word) for word in words)


def plain(value: Any) -> Any:
    """A value that JSON can carry: instants become text, tuples lists.

    Raises:
        Refused: a class that JSON does not know, or a float, which would have lost digits.
    """
    kind = value.__class__
    if kind in PLAIN:
        return value
    if isinstance(value, datetime):
        return instant_text(aware(value))
    if isinstance(value, tuple | list):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return dict(value)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, float):
        raise Refused("expected an exact number; a float has lost digits", "return an int or a Decimal")
    raise Refused("expected a JSON value")


def aware(value: datetime) -> datetime:
    """An instant in UTC; a naive one is a guess, so it is refused."""
    if value.tzinfo is None:
        raise Refused("expected a time with an offset", "say its zone: transform: toDateTime with timezone")
    try:
        return value if value.tzinfo is UTC else value.astimezone(UTC)
    except OverflowError:
        raise Refused("expected a time within the years 1 to 9999") from None
