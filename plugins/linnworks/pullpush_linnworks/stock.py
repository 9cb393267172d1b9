"""Writing stock: items by SKU with their levels as they are, then one request that sets what differs.

The platform sets the level, which is all that is there; with the basis `available` the quantity counts what no open
order has taken, and `InOrders` is added. The other stock call of like shape, UpdateStockLevelsBySKU, adds to the level
instead of setting it: a repeat would count twice, so it is never used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import attrs

from pullpush_sdk import Connection, Delivery, Outcome, outcome_of, version_of
from pullpush_sdk.canonical import to_sparse
from pullpush_sdk.declarative import page_of
from pullpush_sdk.errors import RecordError, TransientError

from .answers import ask
from .items import find_items, unclear
from .reading import level_rows, untrackable

Json = Any

DEFAULT_LOCATION = "00000000-0000-0000-0000-000000000000"
SET = "/api/Stock/SetStockLevel"

_UNTRACKED = -1
_SOURCE = "PullPush"
# How often a level is set again because orders took stock between the look and the write.
_MOST_CORRECTIONS = 3
_LOCATIONS_FOR = 300.0


@attrs.frozen(kw_only=True)
class _Row:
    """One level to set; `taken` is what open orders had when it was reckoned."""

    sku: str
    location: str
    quantity: int
    taken: int

    def body(self) -> Json:
        return {"SKU": self.sku, "LocationId": self.location, "Level": self.quantity + self.taken}


async def push(connection: Connection, batch: Sequence[Delivery]) -> Sequence[Outcome]:
    """One outcome per level; what is not there is dead, what Linnworks does not track is left alone."""
    try:
        found = await find_items(connection, {delivery.payload["sku"] for delivery in batch}, levels=True)
        untracked = await _untracked(connection)
    except (RecordError, TransientError) as error:
        return [outcome_of(error)] * len(batch)
    outcomes: dict[int, Outcome] = {}
    rows: dict[int, _Row] = {}
    for index, delivery in enumerate(batch):
        row = _row(delivery, found[delivery.payload["sku"]], untracked, connection.settings.get("stock_basis"))
        if isinstance(row, Outcome):
            outcomes[index] = row
        else:
            rows[index] = row
    outcomes |= await _set(connection, rows, _MOST_CORRECTIONS)
    return [outcomes[index] for index in range(len(batch))]


def _row(delivery: Delivery, items: Sequence[Json], untracked: frozenset[str], basis: Json) -> _Row | Outcome:
    """The row to send, or the outcome of a level that is not sent."""
    sku, quantity = delivery.payload["sku"], delivery.payload.get("quantity")
    location = str(delivery.payload.get("locationId") or DEFAULT_LOCATION).lower()
    if quantity is None:
        return Outcome.skipped("there is no data: the quantity is unknown")
    if problem := unclear(sku, items):
        return Outcome.dead(problem)
    if not _is_guid(location):
        return Outcome.dead(f"{location!r} is not the id of a Linnworks location; mend the flow's locations")
    if not isinstance(quantity, int | Decimal) or quantity != int(quantity):
        return Outcome.dead(f"Linnworks counts whole pieces; {quantity} of SKU {sku!r} is not a whole number")
    (item,) = items
    levels = {level["Location"]["StockLocationId"].lower(): level for level in item.get("StockLevels") or ()}
    level = levels.get(location)
    if kept_by := _not_settable(item, level, location in untracked):
        return Outcome.skipped(f"Linnworks does not take a level of {sku} at {location}: {kept_by}")
    taken = 0 if level is None or basis == "level" else int(level.get("InOrders") or 0)
    row = _Row(sku=sku, location=location, quantity=int(quantity), taken=taken)
    if level is not None and level.get("StockLevel") == row.quantity + taken and not delivery.maybe_applied:
        return Outcome.unchanged("Linnworks has this level already")
    return row


def _is_guid(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def _not_settable(item: Mapping[str, Json], level: Mapping[str, Json] | None, untracked: bool) -> str:
    """Why a level cannot be set as a number, empty where it can."""
    if item.get("IsCompositeParent"):
        return "a composite's level follows from its parts"
    if item.get("isBatchedStockType"):
        return "a batched item's level follows from its batches"
    if untracked:
        return "the location keeps no stock"
    return "it is not tracked there" if level is not None and level.get("MinimumLevel") == _UNTRACKED else ""


async def _set(connection: Connection, rows: Mapping[int, _Row], corrections: int) -> dict[int, Outcome]:
    """The outcomes of one request; of a refused one with several rows, which names none, each row's own.

    The answer shows the rows as they are now: one whose orders have grown or shrunk since the look is set again.
    """
    if not rows:
        return {}
    bodies = [row.body() for row in rows.values()]
    try:
        answer = await ask(connection, SET, {"stockLevels": bodies, "changeSource": _SOURCE})
    except RecordError as error:
        if len(rows) == 1:
            return dict.fromkeys(rows, outcome_of(error))
        settled: dict[int, Outcome] = {}
        for index, row in rows.items():
            settled |= await _set(connection, {index: row}, corrections)
        return settled
    except TransientError as error:
        return dict.fromkeys(rows, outcome_of(error))
    now = {_place(level): level for level in answer.json() or ()}
    outcomes: dict[int, Outcome] = {}
    moved: dict[int, _Row] = {}
    for index, row in rows.items():
        level = now.get((row.sku, row.location))
        taken = row.taken if level is None else int(level.get("InOrders") or 0)
        if connection.settings.get("stock_basis") != "level" and taken != row.taken and corrections:
            moved[index] = attrs.evolve(row, taken=taken)
        else:
            outcomes[index] = _delivered(connection, level, answer.started_at)
    return outcomes | await _set(connection, moved, corrections - 1)


def _delivered(connection: Connection, level: Mapping[str, Json] | None, started: Any) -> Outcome:
    """Written; with the level as the platform now shows it, if it does."""
    if level is None:
        return Outcome.delivered()
    page = page_of(connection, "stock", level_rows([{"StockLevels": [level]}]), started=started)
    if not page.events:
        return Outcome.delivered()
    returned = to_sparse(page.events[0].record)
    return Outcome.delivered(returned=returned, version=version_of(started))


def _place(level: Mapping[str, Json]) -> tuple[str, str]:
    return str(level.get("SKU")), str((level.get("Location") or {}).get("StockLocationId")).lower()


async def _untracked(connection: Connection) -> frozenset[str]:
    """The ids of locations that keep no stock, looked up once in a while."""
    clock = connection.clock

    async def load() -> tuple[float, frozenset[str]]:
        return clock.monotonic(), await untrackable(connection)

    kept = await connection.once(
        "linnworks.untracked", load, good=lambda kept: clock.monotonic() - kept[0] <= _LOCATIONS_FOR
    )
    return kept[1]
