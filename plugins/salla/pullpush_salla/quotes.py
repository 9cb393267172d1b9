"""What Salla would charge for an order: it prices lines by itself, so this is known before, and compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import attrs

from .catalogue import Row
from .prices import amount, prices_of

Json = Any

_CENT = Decimal("0.01")


@attrs.frozen(kw_only=True)
class Quote:
    """One line at today's price: `unit` without tax, `percent` of tax on it."""

    sku: str
    quantity: int
    unit: Decimal
    percent: Decimal

    @property
    def total(self) -> Decimal:
        """The line with its tax, which is rounded per line."""
        return self.unit * self.quantity + _rounded(self.unit * self.quantity * self.percent / 100)

    def shown(self, *, with_tax: bool) -> Decimal:
        """The price of a piece as a document shows it."""
        return _rounded(self.unit * (100 + self.percent) / 100) if with_tax else self.unit


def quote(line: Mapping[str, Json], row: Row) -> Quote | None:
    """The quote of an order's line for what carries its SKU; None where the store has no price for it.

    A product says what part of its price is tax; its variants' prices are of the same kind. The chosen options'
    prices come on top.
    """
    prices, price = prices_of(row.native), amount(row.product.get("price"))
    if prices is None:
        return None
    net = amount(row.product.get("pre_tax_price"))
    tax = amount(row.product.get("tax")) or Decimal(0)
    base = price if net is None else net
    percent = (tax * 100 / base).to_integral_value(ROUND_HALF_UP) if base else Decimal(0)
    unit = prices.paid + _extras(row)
    if net is not None and net != price:
        unit = _rounded(unit * 100 / (100 + percent))
    return Quote(sku=line["sku"], quantity=int(line["quantity"]), unit=unit, percent=percent)


def differences(quotes: Sequence[Quote], payload: Mapping[str, Json]) -> list[str]:
    """Where the store's prices and the order's do not agree, in words; empty where they do to the last place."""
    with_tax = payload.get("taxesIncluded") is True
    found = []
    for line, each in zip(payload["lineItems"], quotes, strict=True):
        stated, own = line.get("unitPrice"), each.shown(with_tax=with_tax)
        if stated is None or Decimal(stated) != own:
            found.append(f"SKU {each.sku!r} costs {own} in Salla, {stated or 'an unknown price'} in the order")
    total, stated = sum((each.total for each in quotes), Decimal(0)), payload.get("totalAmount")
    if not found and (stated is None or Decimal(stated) != total):
        found.append(f"the order comes to {total} in Salla, it says {stated or 'no total'} (shipping, discounts, tax)")
    return found


def _extras(row: Row) -> Decimal:
    """The prices of the option values that make the variant."""
    chosen = {str(value) for value in (row.variant or {}).get("related_option_values") or ()}
    values = [value for option in row.product.get("options") or () for value in option.get("values") or ()]
    return sum(
        (amount(each.get("price")) or Decimal(0) for each in values if str(each.get("id")) in chosen), Decimal(0)
    )


def _rounded(value: Decimal) -> Decimal:
    return value.quantize(_CENT, ROUND_HALF_UP)
