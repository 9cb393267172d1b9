"""Webhook bodies of carts and checkouts: the same things under two sets of names.

A checkout has its currency and totals at the top and its key in `token`; a cart has neither currency nor totals, only
those of its lines. A deleted checkout may be known by its number alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

Json = Any
Body = Mapping[str, Json]


def cart_key(body: Body) -> str | None:
    """The token, else the number."""
    key = body.get("token") or body.get("id")
    return None if key is None else str(key)


def cart_currency(body: Body) -> str | None:
    """The shop's currency: said at the top, or in the money sets of the lines."""
    if body.get("currency"):
        return str(body["currency"])
    sets = (line.get("line_price_set") for line in body.get("line_items") or ())
    return next((each["shop_money"]["currency_code"] for each in sets if each), None)


def cart_total(body: Body) -> Decimal | None:
    """What it comes to: said at the top, or the sum of the lines; null for a body without either."""
    if body.get("total_price") is not None:
        return Decimal(body["total_price"])
    lines = body.get("line_items")
    if lines is None:
        return None
    return sum((Decimal(line["line_price"]) for line in lines), Decimal(0))


FUNCTIONS: Mapping[str, Callable[..., Json]] = {
    "cart_currency": cart_currency,
    "cart_key": cart_key,
    "cart_total": cart_total,
}
"""By the name that maps use behind `shopify:`."""
