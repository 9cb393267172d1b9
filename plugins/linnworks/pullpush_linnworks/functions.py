"""The connector's own mapping functions, called `linnworks:…` in the manifest. Pure: a value in, a value out."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

Json = Any

SOURCE = "PULLPUSH"
"""The source of every order that this connector writes; such an order's reference is its canonical id."""

# The .NET minimum stands for "no date".
_NO_DATE = "0001-01-01"

# GeneralInfo.Status: 0 unpaid, 1 paid, 2 return, 3 pending, 4 resend.
_STATUS = {0: "pending", 1: "paid", 2: "returned", 3: "pending", 4: "processing"}
_UNPAID = (0, 3)


def moment(text: Json) -> datetime | None:
    """An instant of the platform, UTC with up to seven digits of a second; None where it says that there is none."""
    if not isinstance(text, str) or not text.strip() or text.startswith(_NO_DATE):
        return None
    parsed = datetime.fromisoformat(text.strip())
    return parsed if parsed.tzinfo is not None else parsed.replace(tzinfo=UTC)


def order_id(own: Json, source: Json, reference: Json) -> Json:
    """What an order is known by outside: written here it keeps the id that it came with."""
    return reference if source == SOURCE and reference else own


def order_status(processed: Json, cancelled: Json, parked: Json, status: Json) -> str:
    """The canonical word; what happened to the parcel goes before what happened to the money.

    The platform parks every unpaid order by itself, so only a paid one that is parked is on hold.
    """
    if cancelled:
        return "cancelled"
    if processed:
        return "shipped"
    return "on_hold" if parked and status not in _UNPAID else _STATUS.get(status, "unknown")


def fulfillment_status(processed: Json, cancelled: Json) -> str:
    """How far it is shipped."""
    if cancelled:
        return "cancelled"
    return "fulfilled" if processed else "unfulfilled"


def difference(amount: Json, less: Json) -> Decimal | None:
    """An amount less another one; None where either is missing."""
    return None if amount is None or less is None else Decimal(str(amount)) - Decimal(str(less))


FUNCTIONS = {each.__name__: each for each in (difference, fulfillment_status, moment, order_id, order_status)}
