"""Conditional webhooks: a rule such as ``status = `sale` AND price > 100`` decides whether an event is sent.

Attributes are fixed by the event's category. AND binds tighter than OR; texts stand in backticks, numbers without.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

__all__ = ["holds", "is_rule"]

# Attribute to where the payload's data has it; a plain name stands for itself.
_PRODUCT = ("id", "name", "sku", "type", "price", "quantity", "status", "is_available", "brand_id")
_ORDER = ("id", "reference_id", "total", "sub_total", "status_id", "branch_id", "payment_method", "currency")
_CUSTOMER = ("id", "first_name", "last_name", "mobile", "email", "country", "city", "gender")
_ATTRIBUTES: Mapping[str, tuple[str, ...]] = {"product": _PRODUCT, "order": _ORDER, "customer": _CUSTOMER}
_PLACES: Mapping[str, tuple[str, ...]] = {
    "price": ("price", "amount"),
    "total": ("amounts", "total", "amount"),
    "sub_total": ("amounts", "sub_total", "amount"),
    "status_id": ("status", "id"),
    "brand_id": ("brand", "id"),
}
_CONDITION = re.compile(r"\s*(\w+)\s*(!=|=|<|>)\s*(?:`([^`]*)`|(-?\d+(?:\.\d+)?))\s*")


def is_rule(text: str, event: str) -> bool:
    """Whether a rule can be read, and names attributes of the event's category only."""
    known = _ATTRIBUTES.get(event.partition(".")[0], ())
    return all(found and found[1] in known for part in _parts(text) for found in part)


def holds(text: str, data: Any) -> bool:
    """Whether an event with this data is sent; a rule that nobody can read stops nothing."""
    parts = _parts(text)
    if any(found is None for part in parts for found in part):
        return True
    return any(all(found is not None and _is_met(found, data) for found in part) for part in parts)


def _parts(text: str) -> list[list[re.Match[str] | None]]:
    return [[_CONDITION.fullmatch(each) for each in part.split(" AND ")] for part in text.split(" OR ")]


def _is_met(found: re.Match[str], data: Any) -> bool:
    value, sign = _value(data, found[1]), found[2]
    wanted = found[3] if found[3] is not None else found[4]
    if sign in "<>":
        mine, other = _number(value), _number(wanted)
        return mine is not None and other is not None and (mine < other if sign == "<" else mine > other)
    same = _number(value) == _number(wanted) if found[3] is None else str(value) == wanted
    return same if sign == "=" else not same


def _value(data: Any, name: str) -> Any:
    """An attribute's value; some events have flat numbers where others have objects."""
    flat = data.get(name) if isinstance(data, Mapping) else None
    if name not in _PLACES or isinstance(flat, int | float):
        return flat
    value = data
    for step in _PLACES[name]:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _number(value: Any) -> Decimal | None:
    try:
        return None if value is None else Decimal(str(value))
    except InvalidOperation:
        return None
