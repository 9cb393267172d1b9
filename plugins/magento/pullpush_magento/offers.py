"""Offers begin and end by themselves: no product is changed by it, so no filter by change shows them.

Each sweep says in its cursor at which moment it took the prices. The next one asks for the special prices whose first
or last date lies between that moment and its own.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from pullpush_sdk.connector import Connection

from .native import found
from .prices import ENDS, SPECIAL, STARTS
from .shop import wall_time

Json = Any

_OVERLAP = timedelta(minutes=10)
_DAY = timedelta(days=1)
_NOT_CONFIGURABLE = ("type_id", "neq", "configurable")


async def turned(connection: Connection, told: str | None, now: datetime) -> dict[str, Json]:
    """The products, but configurable ones, whose offer began or ended since the prices were told, by id.

    `told` is the instant as a cursor holds it; None in one that was made before cursors said so: then every product
    with a special price is shown.
    """
    windows = [[(SPECIAL, "gteq", "0")]] if told is None else await _windows(connection, told, now)
    rows: dict[str, Json] = {}
    for window in windows:
        async for row in found(connection, "products", *([each] for each in window), [_NOT_CONFIGURABLE]):
            rows[str(row["id"])] = row
    return rows


async def _windows(connection: Connection, told: str, now: datetime) -> list[list[tuple[str, str, str]]]:
    """From when until when a first or a last date makes the difference.

    The wall clock is turned back in autumn: then it shows a moment twice, and the window must hold both. A last day
    without a time ends at the next midnight, so the day before is asked for where midnight has passed.
    """
    ends = [await wall_time(connection, each) for each in (datetime.fromisoformat(told), now)]
    first, last = min(ends) - _OVERLAP, max(ends)
    windows = [_between(STARTS, first, last), _between(ENDS, first, last)]
    if first.date() != last.date():
        windows.append(_between(ENDS, first - _DAY, last - _DAY))
    return windows


def _between(field: str, first: datetime, last: datetime) -> list[tuple[str, str, str]]:
    texts = [each.strftime("%Y-%m-%d %H:%M:%S") for each in (first, last)]
    return [(field, "gteq", texts[0]), (field, "lteq", texts[1])]
