"""What Salla would charge for an order: it prices lines by itself, so this is known before, and compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from itertools import permutations
from math import lcm
from typing import Any

import attrs

from .catalogue import Row
from .prices import amount, prices_of

Json = Any

_CENT = Decimal("0.01")
_NEARBY = 20  # steps in which a discount is moved between two lines to make up for rounded tax


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


@attrs.frozen(kw_only=True)
class Plan:
    """What Salla has to charge so that an order comes to its own total.

    `units` are the prices of a piece without tax, line by line; `extra` is what is left for shipping, with its tax.
    """

    units: Sequence[Decimal]
    extra: Decimal
    total: Decimal
    percent: Decimal


def plan_of(quotes: Sequence[Quote], payload: Mapping[str, Json]) -> Plan | list[str]:
    """The plan of an order whose lines have these quotes, or why it cannot come to its total, in words.

    Discounts of lines, then what the order's discount is beyond them, lower the prices of pieces.
    """
    lines = payload["lineItems"]
    stated = payload.get("totalAmount")
    if stated is None:
        return ["the order states no total"]
    lacking = [
        f"SKU {each.sku!r} has no price in the order"
        for line, each in zip(lines, quotes, strict=True)
        if line.get("unitPrice") is None
    ]
    if lacking:
        return lacking
    found = [
        _priced(quotes, payload, shown)
        for shown in _distributions(lines, quotes, Decimal(payload.get("discountAmount") or 0))
    ]
    plan = next((each for each in found if isinstance(each, Plan)), None)
    if plan is not None:
        return plan
    return [next((each for each in found if isinstance(each, str)), "its discount is no sum of whole amounts a piece")]


def _priced(quotes: Sequence[Quote], payload: Mapping[str, Json], shown: Sequence[Decimal]) -> Plan | str:
    """The plan with these prices of a piece after discounts, or why the order's total is another."""
    with_tax = payload.get("taxesIncluded") is True
    units = []
    for each, price in zip(quotes, shown, strict=True):
        unit = _unit(each, price, with_tax=with_tax)
        if unit is None:
            return f"a piece of SKU {each.sku!r} cannot cost {price} in Salla"
        units.append(unit)
    priced = [attrs.evolve(each, unit=unit) for each, unit in zip(quotes, units, strict=True)]
    total, percent = Decimal(payload["totalAmount"]), max(each.percent for each in quotes)
    come_to = sum((each.total for each in priced), Decimal(0))
    shipping, extra = Decimal(payload.get("shippingAmount") or 0), total - come_to
    # All of the shipping may be taxed, a part of it, or nothing.
    if extra and not (shipping and shipping <= extra <= shipping + _rounded(shipping * percent / 100)):
        what = f"with {shipping} of shipping" if shipping else "without shipping"
        return f"its lines come to {come_to} in Salla, {what}; the order's total is {total} (tax, discounts, fees)"
    return Plan(units=units, extra=extra, total=total, percent=percent)


def _distributions(lines: Sequence[Json], quotes: Sequence[Quote], discount: Decimal) -> Iterator[list[Decimal]]:
    """Prices of a piece after discounts: by the lines' shares, then nearby ones, as tax is rounded line by line."""
    shown = _shown(lines, quotes, discount)
    if shown is None:
        return
    yield shown
    if discount <= sum((Decimal(line.get("discount") or 0) for line in lines), Decimal(0)):
        return
    for one, other in permutations(range(len(shown)), 2):
        least = lcm(quotes[one].quantity, quotes[other].quantity) * _CENT
        for step in range(1, _NEARBY):
            moved = list(shown)
            moved[one] += least * step / quotes[one].quantity
            moved[other] -= least * step / quotes[other].quantity
            if moved[other] >= 0:
                yield moved


def _shown(lines: Sequence[Json], quotes: Sequence[Quote], discount: Decimal) -> list[Decimal] | None:
    """The price of a piece of each line after all discounts, as the order shows prices; None where it is no amount."""
    own = [Decimal(line.get("discount") or 0) for line in lines]
    sums = [
        Decimal(line["unitPrice"]) * each.quantity - less for line, each, less in zip(lines, quotes, own, strict=True)
    ]
    rest = max(discount - sum(own, Decimal(0)), Decimal(0))
    whole = sum(sums, Decimal(0))
    if rest > whole:
        return None
    prices = []
    for each, amount_of_line in zip(quotes, sums, strict=True):
        share = (rest * amount_of_line / whole / each.quantity).quantize(_CENT, ROUND_DOWN) if rest else Decimal(0)
        prices.append(amount_of_line / each.quantity - share)
    left = rest - sum((s / q.quantity - p) * q.quantity for s, q, p in zip(sums, quotes, prices, strict=True))
    # What the rounding left over goes to the lines of the fewest pieces.
    for at in sorted(range(len(prices)), key=lambda n: quotes[n].quantity):
        step = min((left / quotes[at].quantity).quantize(_CENT, ROUND_DOWN), prices[at])
        prices[at] -= step
        left -= step * quotes[at].quantity
    return prices if left == 0 else None


def _unit(each: Quote, shown: Decimal, *, with_tax: bool) -> Decimal | None:
    """The price of a piece without tax that makes the line cost what is shown; None where no whole amount does."""
    if not with_tax or not each.percent:
        return shown if shown >= 0 and shown == _rounded(shown) else None
    near = _rounded(shown * 100 / (100 + each.percent))
    for unit in (near, near - _CENT, near + _CENT):
        if unit >= 0 and attrs.evolve(each, unit=unit).total == shown * each.quantity:
            return unit
    return None


def _extras(row: Row) -> Decimal:
    """The prices of the option values that make the variant."""
    chosen = {str(value) for value in (row.variant or {}).get("related_option_values") or ()}
    values = [value for option in row.product.get("options") or () for value in option.get("values") or ()]
    return sum(
        (amount(each.get("price")) or Decimal(0) for each in values if str(each.get("id")) in chosen), Decimal(0)
    )


def _rounded(value: Decimal) -> Decimal:
    return value.quantize(_CENT, ROUND_HALF_UP)
