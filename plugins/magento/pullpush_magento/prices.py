"""Prices on both sides. Canonical: what is paid, and beside it what it was before. Magento: the regular price, and a
special one with dates, which is paid where it is the lower one and its dates hold today.

The dates are a store's wall clock and do not say so: the shop compares them as text with its own time ([4] 39169). A
last day without a time counts whole; one with a time ends then, as newer releases have it (older ones: a day later).
A bundle's special price is a percentage of its regular one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import attrs

from pullpush_sdk.errors import FieldError

Json = Any

SPECIAL, STARTS, ENDS = "special_price", "special_from_date", "special_to_date"
_BUNDLE = "bundle"
_CENT, _FINEST = Decimal("0.01"), Decimal("0.000001")
_DAY = timedelta(days=1)


@attrs.frozen(kw_only=True)
class Prices:
    """A regular price, and a lower one while an offer runs."""

    regular: Decimal
    sale: Decimal | None = None

    @property
    def paid(self) -> Decimal:
        """What a buyer pays."""
        return self.regular if self.sale is None else self.sale


@attrs.frozen(kw_only=True)
class Offer:
    """A stored special price (of a bundle: percent) and its dates by a store's wall clock; None: no bound."""

    amount: Decimal
    starts: datetime | None = None
    ends: datetime | None = None

    def runs(self, now: datetime) -> bool:
        """Whether it counts at this moment of the store's wall clock."""
        return self._is_within(now, self.ends if self._is_timed else self._next_midnight)

    def may_run(self, now: datetime) -> bool:
        """The same, where a shop of either reading of a last day with a time might say so."""
        return self._is_within(now, self._next_midnight)

    @property
    def _is_timed(self) -> bool:
        return self.ends is not None and self.ends.time() != time.min

    @property
    def _next_midnight(self) -> datetime | None:
        return None if self.ends is None else self.ends + _DAY

    def _is_within(self, now: datetime, end: datetime | None) -> bool:
        return (self.starts is None or self.starts <= now) and (end is None or now <= end)

    def price(self, regular: Decimal, kind: Json) -> Decimal:
        """What a product of that type costs with it."""
        if kind != _BUNDLE:
            return self.amount
        return (regular * self.amount / 100).quantize(_CENT, ROUND_HALF_UP).normalize()


def offer_of(own: Mapping[str, Json]) -> Offer | None:
    """The special price among a product's attributes by code; None where there is none. Nought is a price.

    Raises:
        FieldError: a date that is none.
    """
    amount = own.get(SPECIAL)
    if amount is None or amount == "":
        return None
    return Offer(amount=_plain(amount), starts=_wall_time(own, STARTS), ends=_wall_time(own, ENDS))


def _plain(amount: Json) -> Decimal:
    """An amount without the noughts behind it: the platform stores six places."""
    return Decimal(str(amount)).normalize()


def _wall_time(own: Mapping[str, Json], code: str) -> datetime | None:
    """A date of a store's wall clock; the date of noughts of older shops is none."""
    text = own.get(code)
    if not text or str(text).startswith("0000"):
        return None
    try:
        return datetime.fromisoformat(str(text)).replace(tzinfo=None)
    except ValueError:
        raise FieldError(f"{code} is {text!r}, expected YYYY-MM-DD HH:MM:SS", target="price") from None


def own_attributes(native: Mapping[str, Json]) -> dict[str, Json]:
    """A product's custom attributes by code."""
    return {each["attribute_code"]: each.get("value") for each in native.get("custom_attributes") or ()}


def prices_at(regular: Decimal, offer: Offer | None, kind: Json, now: datetime) -> Prices:
    """The prices of a product of that type at a moment of the store's wall clock."""
    regular = regular.normalize()
    if offer is None or not offer.runs(now):
        return Prices(regular=regular)
    sale = offer.price(regular, kind)
    return Prices(regular=regular, sale=sale) if sale < regular else Prices(regular=regular)


def prices_of(native: Json, now: datetime) -> Prices | None:
    """The prices of a native product; None where it is not there or has none.

    Raises:
        FieldError: a date that is none.
    """
    if native is None or native.get("price") is None:
        return None
    return prices_at(_plain(native["price"]), offer_of(own_attributes(native)), native.get("type_id"), now)


def wanted_prices(record: Mapping[str, Json], now: Prices | None) -> Prices | None:
    """The prices that a canonical product or variant asks for, None where it says nothing of them.

    A record that is silent about the price before the offer leaves that one alone, and one that is silent about the
    price what is paid.
    """
    is_told = "compareAtPrice" in record
    if record.get("price") is not None:
        paid = Decimal(record["price"])
    elif is_told and now is not None:
        paid = now.paid
    else:
        return None
    if is_told:
        before = None if record["compareAtPrice"] is None else Decimal(record["compareAtPrice"])
    else:
        before = now.regular if now is not None and now.sale is not None else None
    return Prices(regular=before, sale=paid) if before is not None and before > paid else Prices(regular=paid)


def price_body(wanted: Prices | None, native: Json, now: datetime, first_day: date) -> dict[str, Json]:
    """What to write so that the prices of `native` (None: not there yet) become `wanted`: nothing where they are.

    An offer that runs keeps its dates; a new one starts on `first_day` and has no end, whatever was stored of an
    older one. Without an offer nothing may stay that counts today: a special price at or above the regular one is no
    offer, and becomes one as soon as the regular price rises. What is over, or scheduled by the merchant, stays.
    """
    held = prices_of(native, now)
    if wanted is None or wanted == held:
        return {}
    body: dict[str, Json] = {} if held is not None and held.regular == wanted.regular else {"price": wanted.regular}
    own = {} if native is None else own_attributes(native)
    stored = offer_of(own)
    custom: dict[str, Json] = {}
    if wanted.sale is not None:
        kind = None if native is None else native.get("type_id")
        custom[SPECIAL] = _stored(wanted.sale, wanted.regular, kind)
        if held is None or held.sale is None:
            custom[STARTS] = f"{first_day} 00:00:00"
            custom |= {ENDS: None} if own.get(ENDS) else {}
    elif stored is not None and stored.may_run(now):
        custom = {code: None for code in (SPECIAL, STARTS, ENDS) if own.get(code) is not None}
    if custom:
        body["custom_attributes"] = [{"attribute_code": code, "value": value} for code, value in custom.items()]
    return body


def _stored(sale: Decimal, regular: Decimal, kind: Json) -> str:
    """A special price as the platform stores it."""
    return format((sale * 100 / regular).quantize(_FINEST) if kind == _BUNDLE else sale, "f")
