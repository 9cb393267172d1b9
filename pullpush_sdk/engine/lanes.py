"""The port between the dispatcher and a store: taking deliveries of lanes, and storing what became of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import attrs

from .gate import Row
from .policy import Resolution

__all__ = ["LaneStore", "Taken", "TakenLane"]

Json = Any


@attrs.define
class TakenLane:
    """One lane's turn: what is sent of it (maybe nothing), and what remains.

    `due` is when the lane may go on (microseconds since 1970), None where it is not held back; `rest` says that
    more waits behind what was sent.
    """

    key: str
    rows: list[Row]
    due: int | None
    rest: bool


@attrs.define
class Taken:
    """What one turn sends: a batch that the store holds as on its way until it is finished.

    `payloads` are what is to be written, one per row of the lanes in order. `untouched` are keys for which there was
    no room. `ended` counts what ended without being sent, by outcome.
    """

    flight: int
    lanes: Sequence[TakenLane]
    payloads: Sequence[Mapping[str, Json]]
    untouched: Sequence[str]
    ended: Mapping[str, int]


class LaneStore(Protocol):
    """The lanes of one flow and canonical type. All times are microseconds since 1970."""

    def delivery_id(self, pos: int) -> str:
        """The id of a delivery: the same over restarts, and never that of another, of any store."""
        ...

    async def recover(self) -> None:
        """Put back what a dead process had on its way; those pushes may have happened."""
        ...

    async def scan(self, after: str | None, limit: int) -> Sequence[tuple[str, int]]:
        """The next keys with something waiting, in key order after `after` (None: from the first), and when each
        may go on at the earliest.
        """
        ...

    async def waiting(self) -> int:
        """How many deliveries have not ended."""
        ...

    async def take(self, keys: Sequence[str], room: int, now: int) -> Taken:
        """Decide over the lanes of `keys`, in order, until `room` deliveries are on their way; durable."""
        ...

    async def finish(self, taken: Taken, resolutions: Sequence[Resolution], now: int) -> None:
        """Store what became of a batch: one resolution per row; durable."""
        ...
