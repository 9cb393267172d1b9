"""The store's own list of stock changes, asked whether an increment of ours was carried out.

It has dates but no times, and does not say which request made a change (docs.salla.dev, quantity audit). So changes by
the same number are counted before and after.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any

from pullpush_sdk.connector import Connection
from pullpush_sdk.http import Call

from .functions import STORE_ZONE

Json = Any

_MOST_PAGES = 10
_ROWS = 60


async def counted(
    connection: Connection, wanted: Mapping[str, int], branch: int, since: datetime
) -> dict[str, int | None]:
    """SKU to how often its stock rose by the wanted number since the day of an instant.

    None where the list does not show the SKU at all: its order took pieces that day, so it is no witness. A search by
    the SKU may not know variants; then the list is read as it is.
    """
    first = since.astimezone(STORE_ZONE).date()
    found: dict[str, int | None] = {}
    for sku, quantity in wanted.items():
        rows = await _rows(connection, {sku}, branch, first, keyword=sku)
        found[sku] = _rises(rows, quantity) if rows else None
    lacking = {sku for sku, number in found.items() if number is None}
    if lacking:
        rows = await _rows(connection, lacking, branch, first)
        for sku in lacking:
            own = [row for row in rows or () if row.get("sku") == sku]
            found[sku] = _rises(own, wanted[sku]) if own else None
    return found


async def _rows(
    connection: Connection, skus: Collection[str], branch: int, first: date, **search: str
) -> list[Json] | None:
    """The changes of these SKUs since a day, None where there are too many to read.

    The pages' numbers stand in a cursor whose last one names itself as its next.
    """
    rows: list[Json] = []
    page = 1
    for _ in range(_MOST_PAGES):
        params = {**search, "branch": str(branch), "page": str(page), "per_page": str(_ROWS)}
        answer = (await connection.client.send(Call(url="/products/quantities/audit", params=params))).json()
        listed = answer["data"]
        days = [_day(row) for row in listed]
        rows += [
            row for row, day in zip(listed, days, strict=True) if row.get("sku") in skus and (not day or day >= first)
        ]
        following = (answer.get("cursor") or {}).get("next")
        is_over = bool(days) and all(day is not None and day < first for day in days)
        if not listed or is_over or not isinstance(following, int) or following <= page:
            return rows
        page = following
    return None


def _day(row: Json) -> date | None:
    text = row.get("created_at")
    return date.fromisoformat(text[:10]) if isinstance(text, str) and text else None


def _rises(rows: Collection[Json], quantity: int) -> int:
    return sum(_number(row.get("new_quantity")) - _number(row.get("old_quantity")) == quantity for row in rows)


def _number(value: Json) -> int:
    return int(value or 0)
