"""The connector's own mapping functions, called `magento:…` in the manifest. Pure: a value in, a value out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

Json = Any

_NOT_ALONE = 1  # visibility: 1 not individually, 2 catalog, 3 search, 4 both
_ENABLED = 1
NO_NAME = "-"
"""Stands for a last name that nobody has: the platform needs one."""


def visible_lines(lines: Json) -> Json:
    """The lines whose values add up to the order.

    A configurable product's line already has the SKU of the chosen child, whose own line is worth nothing. A bundle's
    line is worth nothing where its parts are priced one by one; then the parts count.
    """
    if not isinstance(lines, list):
        return None
    parts: dict[str, list[Mapping[str, Json]]] = {}
    for line in lines:
        if line.get("parent_item_id") is not None:
            parts.setdefault(str(line["parent_item_id"]), []).append(line)
    shown: list[Mapping[str, Json]] = []
    for line in lines:
        if line.get("parent_item_id") is None:
            shown += _counted(line, parts.get(str(line.get("item_id")), ()))
    return shown


def _counted(line: Mapping[str, Json], parts: Sequence[Mapping[str, Json]]) -> Sequence[Mapping[str, Json]]:
    is_priced_by_parts = (
        line.get("product_type") == "bundle" and not _amount(line.get("row_total")) and any(map(_value, parts))
    )
    return parts if is_priced_by_parts else (line,)


def _value(line: Mapping[str, Json]) -> Decimal:
    return _amount(line.get("row_total"))


def _amount(value: Json) -> Decimal:
    return Decimal(0) if value is None else Decimal(str(value))


def financial_status(state: Json, total: Json, paid: Json, refunded: Json) -> str:
    """How far it is paid; fields without a value are left out by the platform."""
    if refunded is not None and _amount(refunded) > 0:
        return "refunded" if _amount(refunded) >= _amount(paid) else "partially_refunded"
    if paid is not None and _amount(paid) > 0:
        return "paid" if _amount(paid) >= _amount(total) else "partially_paid"
    return "voided" if state == "canceled" else "pending"


def product_status(status: Json, visibility: Json) -> str:
    """Off is a draft; on but not visible by itself is hidden."""
    if status != _ENABLED:
        return "draft"
    return "hidden" if visibility == _NOT_ALONE else "active"


def person_name(first: Json, last: Json, other_first: Json, other_last: Json) -> str | None:
    """The whole name of the first pair that has one; None where neither has."""
    for pair in ((first, last), (other_first, other_last)):
        words = [part.strip() for part in pair if last_name(part)]
        if words:
            return " ".join(words)
    return None


def last_name(name: Json) -> str | None:
    """A name, None for the dash that stands for none."""
    return name.strip() or None if isinstance(name, str) and name.strip() != NO_NAME else None


def absolute(amount: Json) -> Decimal | None:
    """An amount without its sign."""
    return None if amount is None else abs(Decimal(str(amount)))


def difference(amount: Json, less: Json) -> Decimal | None:
    """An amount less another one, which may be missing; None where the first is."""
    return None if amount is None else Decimal(str(amount)) - _amount(less)


def moment(text: Json) -> datetime | None:
    """A time as the platform writes it: UTC without saying so; the date of noughts of older shops is none."""
    if not isinstance(text, str) or not text or text.startswith("0000"):
        return None
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)


def cart_status(is_active: Json, converted_at: Json) -> str:
    """In use, turned into an order, or neither."""
    if is_active:
        return "active"
    return "converted" if converted_at else "unknown"


def worth(items: Json) -> Decimal | None:
    """What the items of a cart cost together; None where there is no list."""
    if not isinstance(items, list):
        return None
    return sum((_amount(each.get("price")) * _amount(each.get("qty")) for each in items), Decimal(0))


FUNCTIONS = {
    function.__name__: function
    for function in (
        absolute,
        cart_status,
        difference,
        financial_status,
        last_name,
        moment,
        person_name,
        product_status,
        visible_lines,
        worth,
    )
}
