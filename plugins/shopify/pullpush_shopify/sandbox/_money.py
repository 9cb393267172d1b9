"""Exact amounts: bags in two currencies, and the two ways in which the platform prints a number."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal

import attrs

__all__ = ["ZERO", "Bag", "decimal_text", "fixed_text", "minor_digits", "to_minor"]

ZERO = Decimal(0)

# ISO 4217 minor units that are not two digits.
_DIGITS = {
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX"), 0),
    **dict.fromkeys(("VND", "VUV", "XAF", "XOF", "XPF"), 0),
}
_UNITS = {digits: Decimal(1).scaleb(-digits) for digits in range(4)}
_EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)


def minor_digits(currency: str) -> int:
    """Digits behind the point in `currency`."""
    return _DIGITS.get(currency, 2)


def to_minor(amount: Decimal, currency: str) -> Decimal:
    """`amount` rounded half up to the minor unit of `currency`."""
    return amount.quantize(_UNITS[minor_digits(currency)], rounding=ROUND_HALF_UP, context=_EXACT)


def decimal_text(amount: Decimal) -> str:
    """As GraphQL prints the scalar Decimal: no superfluous zeros, at least one digit behind the point ("55.0")."""
    text = format(amount, "f")
    if "." not in text:
        return text + ".0"
    text = text.rstrip("0")
    return text + "0" if text.endswith(".") else text


def fixed_text(amount: Decimal, currency: str) -> str:
    """As the scalar Money and the webhooks print amounts: all minor digits ("55.00")."""
    return format(to_minor(amount, currency), "f")


@attrs.frozen
class Bag:
    """One amount in the shop's currency and in the buyer's."""

    shop: Decimal
    shop_currency: str
    buyer: Decimal
    buyer_currency: str

    def __add__(self, other: Bag) -> Bag:
        return Bag(self.shop + other.shop, self.shop_currency, self.buyer + other.buyer, self.buyer_currency)

    def __sub__(self, other: Bag) -> Bag:
        return Bag(self.shop - other.shop, self.shop_currency, self.buyer - other.buyer, self.buyer_currency)

    def __mul__(self, factor: int) -> Bag:
        return Bag(self.shop * factor, self.shop_currency, self.buyer * factor, self.buyer_currency)

    def part(self, rate: Decimal) -> Bag:
        """`rate` of this amount, each currency rounded to its own minor unit."""
        return Bag(
            to_minor(self.shop * rate, self.shop_currency),
            self.shop_currency,
            to_minor(self.buyer * rate, self.buyer_currency),
            self.buyer_currency,
        )

    @property
    def zero(self) -> Bag:
        """Nothing, in the same currencies."""
        return Bag(ZERO, self.shop_currency, ZERO, self.buyer_currency)
