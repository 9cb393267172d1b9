"""Exact numbers from JSON values and text; nothing here ever rounds or makes a number out of nothing."""

from __future__ import annotations

from decimal import Context, Decimal, Inexact, InvalidOperation, Rounded
from typing import Any

from ._site import Refused

MOST_DIGITS = 1000
"""Longer numbers, or exponents beyond it, are refused: they would be written out digit by digit."""

_EXACT = Context(prec=4 * MOST_DIGITS, traps=[Inexact, Rounded, InvalidOperation])


def bounded(value: Decimal) -> Decimal:
    """`value` itself where it is finite and can be written out in reasonable length."""
    if not value.is_finite():
        raise Refused("expected a finite number")
    if not -MOST_DIGITS <= value.adjusted() <= MOST_DIGITS:
        raise Refused(f"expected a number of at most {MOST_DIGITS} digits")
    return value


def numeric(text: str) -> Decimal | None:
    """Decimal text, trimmed, as a Decimal; None where it is blank.

    Raises:
        Refused: not plain ASCII decimal notation: NaN, infinity, grouping signs and other scripts are refused.
    """
    text = text.strip()
    if not text:
        return None
    if len(text) > MOST_DIGITS or "_" in text or not text.isascii():
        raise Refused("expected a number")
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise Refused("expected a number") from None
    return bounded(value)


def exact(value: Any) -> Decimal | None:
    """An int, Decimal or numeric text as a Decimal; None for null and blank text."""
    kind = value.__class__
    if kind is Decimal:
        return bounded(value)
    if kind is str:
        return numeric(value)
    if kind is int:
        return Decimal(value)
    if value is None:
        return None
    if kind is float:
        raise Refused("expected an exact number; a float has lost digits", "return an int or a Decimal")
    raise Refused("expected a number")


def tidy(value: Decimal) -> int | Decimal:
    """An integral value as int, any other unchanged; the value is finite and of reasonable length."""
    return int(value) if value == value.to_integral_value() else value


def integral(value: Decimal) -> int:
    """A Decimal without a fraction as int; Refused where it has one."""
    result = tidy(value)
    if isinstance(result, int):
        return result
    raise Refused("expected a whole number")


def shifted(value: Decimal, places: int) -> Decimal:
    """`value` times ten to the power of `places`, without rounding."""
    try:
        return _EXACT.scaleb(value, places)
    except (Inexact, Rounded, InvalidOperation):
        raise Refused(f"expected a number of at most {MOST_DIGITS} digits") from None


def int_text(value: int) -> str:
    """The digits of an int."""
    try:
        return str(value)
    except ValueError:  # the interpreter's own limit on digits
        raise Refused(f"expected a number of at most {MOST_DIGITS} digits") from None


def plain_text(value: Decimal) -> str:
    """Decimal digits without an exponent; an integral value without a fraction: 5.0 -> "5", 5.50 -> "5.50"."""
    return format(Decimal(tidy(bounded(value))), "f")
