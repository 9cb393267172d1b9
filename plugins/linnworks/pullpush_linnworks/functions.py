"""The connector's own mapping functions, called `linnworks:…` in the manifest. Pure: a value in, a value out."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

Json = Any

# The .NET minimum stands for "no date".
_NO_DATE = "0001-01-01"

# GeneralInfo.Status: 0 unpaid, 1 paid, 2 return, 3 pending, 4 resend.
_STATUS = {0: "pending", 1: "paid", 2: "returned", 3: "pending", 4: "processing"}


def moment(text: Json) -> datetime | None:
    """An instant of the platform, UTC with up to seven digits of a second; None where it says that there is none."""
    if not isinstance(text, str) or not text.strip() or text.startswith(_NO_DATE):
        return None
    parsed = datetime.fromisoformat(text.strip())
    return parsed if parsed.tzinfo is not None else parsed.replace(tzinfo=UTC)


def one_of(word: Json) -> list[str]:
    """A word as a list; empty for a blank one."""
    return [word] if isinstance(word, str) and word.strip() else []


def order_status(processed: Json, cancelled: Json, parked: Json, status: Json) -> str:
    """The canonical word; what happened to the parcel goes before what happened to the money."""
    if cancelled:
        return "cancelled"
    if processed:
        return "shipped"
    return "on_hold" if parked else _STATUS.get(status, "unknown")


def fulfillment_status(processed: Json, cancelled: Json) -> str:
    """How far it is shipped."""
    if cancelled:
        return "cancelled"
    return "fulfilled" if processed else "unfulfilled"


def difference(amount: Json, less: Json) -> Decimal | None:
    """An amount less another one; None where either is missing."""
    return None if amount is None or less is None else Decimal(str(amount)) - Decimal(str(less))


FUNCTIONS = {each.__name__: each for each in (difference, fulfillment_status, moment, one_of, order_status)}
