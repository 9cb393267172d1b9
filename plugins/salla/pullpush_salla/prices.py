"""Prices on both sides. Canonical: what is paid, and beside it what it was before. Salla: the regular price, and
beside it that of a sale, where nought means that there is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import attrs

Json = Any


@attrs.frozen(kw_only=True)
class Prices:
    """A regular price, and a lower one while a sale is on."""

    regular: Decimal
    sale: Decimal | None = None

    @property
    def paid(self) -> Decimal:
        """What a buyer pays."""
        return self.regular if self.sale is None else self.sale


def prices_of(native: Json) -> Prices | None:
    """The prices of a product or variant as they are in force; a sale that is over does not count.

    `price` is what is paid. `regular_price` may be missing or nought where there never was a sale.
    """
    paid, regular = amount(native.get("price")), amount(native.get("regular_price"))
    if paid is None:
        return None
    return Prices(regular=regular, sale=paid) if regular is not None and regular > paid else Prices(regular=paid)


def wanted_prices(record: Mapping[str, Json], now: Prices | None) -> Prices | None:
    """The prices that a canonical product or variant asks for, None where it says nothing of them.

    A record that is silent about the price before the sale leaves that one alone.
    """
    if record.get("price") is None:
        return None
    paid = Decimal(record["price"])
    if "compareAtPrice" in record:
        before = None if record["compareAtPrice"] is None else Decimal(record["compareAtPrice"])
    else:
        before = now.regular if now is not None and now.sale is not None else None
    return Prices(regular=before, sale=paid) if before is not None and before > paid else Prices(regular=paid)


def price_body(wanted: Prices | None, native: Json) -> dict[str, Json]:
    """What to write so that the prices of `native` (None: not there yet) become `wanted`: nothing where they are.

    A sale price that is stored counts for more than one that is seen: one at or above the regular price is no sale to
    a reader, and becomes one as soon as the regular price rises. One that is scheduled, or over, is left alone.
    """
    if wanted is None or (native is not None and wanted == prices_of(native)):
        return {}
    body: dict[str, Json] = {"price": wanted.regular}
    if wanted.sale is not None:
        return body | {"sale_price": wanted.sale}
    now = native or {}
    stored = amount(now.get("sale_price"))
    # One that is below what is paid does not run, whatever the reason: it is the merchant's.
    is_left = not stored or stored < min(wanted.regular, amount(now.get("price")) or stored)
    return body if is_left else body | {"sale_price": 0}


def amount(money: Json) -> Decimal | None:
    """The amount of a money object, or of a plain number or text; None for the platform's ways of saying nothing."""
    value = money.get("amount") if isinstance(money, Mapping) else money
    return None if value is None or value == "" else Decimal(str(value))
