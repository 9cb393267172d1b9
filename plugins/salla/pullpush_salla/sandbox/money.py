"""Amounts in minor units (halalas): arithmetic on integers, decimal text only at the edge."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

__all__ = ["CURRENCY", "TAX_PERCENT", "money", "number", "parse_minor", "share", "text"]

CURRENCY = "SAR"
TAX_PERCENT = 15


def number(minor: int) -> int | float:
    """The amount as a JSON number, as short as the platform writes it (`43`, `141.45`).

    The float is never computed with: its shortest text is exactly the amount's.
    """
    return minor // 100 if minor % 100 == 0 else float(text(minor))


def text(minor: int) -> str:
    """The amount as text with two places, the platform's other form."""
    sign = "-" if minor < 0 else ""
    return f"{sign}{abs(minor) // 100}.{abs(minor) % 100:02d}"


def money(minor: int, currency: str = CURRENCY) -> dict[str, Any]:
    """The platform's money object."""
    return {"amount": number(minor), "currency": currency}


def share(minor: int, percent: int) -> int:
    """So many percent, rounded half up to a whole minor unit."""
    return (minor * percent + 50) // 100


def parse_minor(value: object) -> int | None:
    """A request's amount (number or numeric text) in minor units; None where it is not one.

    More than two places are rounded half up, as the platform's own prices have two.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, str, Decimal)):
        return None
    try:
        # A float is read by its shortest text; requests are decoded without floats, merchant edits may have them.
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    if not amount.is_finite() or abs(amount) > 10**12:
        return None
    return int((amount * 100).to_integral_value(ROUND_HALF_UP))
