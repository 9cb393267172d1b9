"""Special prices: attributes of a product, with a first and a last day by the store's wall clock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from pullpush_magento.sandbox.wire import Refusal

__all__ = ["FILTERED", "checked", "final_price", "with_filtered"]

Json = Any
Row = dict[str, Json]

_PRICE, _FROM, _TO = "special_price", "special_from_date", "special_to_date"
FILTERED: Mapping[str, str] = {code: f"_{code}" for code in (_PRICE, _FROM, _TO)}
"""The attributes that lists may be filtered by, and where `with_filtered` puts them."""
_DAY = timedelta(days=1)


def with_filtered(row: Row) -> Row:
    """A product with the attributes that it may be found by beside its fields."""
    own = {each["attribute_code"]: each["value"] for each in row["custom_attributes"]}
    return {**row, **{place: own[code] for code, place in FILTERED.items() if own.get(code) is not None}}


def checked(held: list[Row], given: Mapping[str, Row], today: date, *, null: str) -> list[Row]:
    """A product's attributes after a save, as the platform stores them: amounts with six places, dates with a time.

    Null takes one of them away (`cleared`) or is passed over (`kept`); an empty text is a price of nought ([4] 8274). A
    special price without a first day starts today.

    Raises:
        Refusal: a price below nought or no number, a date that is none, a last day before the first.
    """
    own = {each["attribute_code"]: each["value"] for each in held}
    for code, each in given.items():
        value = each.get("value")
        if code not in FILTERED:
            own[code] = value
        elif value is not None:
            own[code] = _amount(value) if code == _PRICE else _time(value)
        elif null == "cleared":
            own.pop(code, None)
    if own.get(_FROM) and own.get(_TO) and own[_TO] < own[_FROM]:
        raise Refusal(400, "Make sure the To Date is later than or the same as the From Date.")
    if own.get(_PRICE) is not None and own.get(_FROM) is None:
        own[_FROM] = f"{today} 00:00:00"
    return [{"attribute_code": code, "value": value} for code, value in own.items()]


def _amount(value: Json) -> str:
    try:
        number = Decimal(str(value) or "0")
    except InvalidOperation:
        number = Decimal(-1)
    if not number.is_finite() or number < 0:
        raise Refusal(400, "Please enter a number 0 or greater in this field.")
    return f"{number:.6f}"


def _time(value: Json) -> str | None:
    if value == "":
        return None
    try:
        return datetime.fromisoformat(str(value)).strftime("%Y-%m-%d %H:%M:%S")
    except ValueError:
        raise Refusal(400, "Invalid date") from None


def final_price(row: Row, now: datetime, *, end: str) -> Json:
    """What a product costs at this moment of the store's wall clock.

    A last day without a time counts whole; one with a time ends then (`exact`) or a day later (`day_later`).
    """
    own = {each["attribute_code"]: each["value"] for each in row["custom_attributes"]}
    special, first, last = own.get(_PRICE), own.get(_FROM), own.get(_TO)
    if special is None or (first and now < datetime.fromisoformat(first)):
        return row["price"]
    if last:
        until = datetime.fromisoformat(last)
        is_whole_day = until.time().isoformat() == "00:00:00"
        if now > (until + _DAY if is_whole_day or end == "day_later" else until):
            return row["price"]
    amount = Decimal(special)
    if row["type_id"] == "bundle":
        amount = (Decimal(str(row["price"])) * amount / 100).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return min(row["price"], float(amount))
