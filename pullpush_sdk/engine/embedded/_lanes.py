"""The lanes of one flow and type in the embedded store: each operation is one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from functools import partial

import attrs

from pullpush_sdk.canonical import CanonicalType
from pullpush_sdk.engine.lanes import Taken
from pullpush_sdk.engine.policy import Resolution
from pullpush_sdk.engine.ports import FlowSpec

from . import _rows
from ._finish import Finish
from ._schema import WAITING
from ._store import Store
from ._take import Take

__all__ = ["SqliteLanes"]

_INTERRUPTED = "the process ended during the push"


@attrs.define
class SqliteLanes:
    """See `LaneStore`."""

    store: Store
    flow: FlowSpec
    kind: CanonicalType
    shadow: bool
    store_id: str
    now: Callable[[], int]
    redact: Callable[[str], str]
    wake: Callable[[str, str, Sequence[str]], None]
    _stream: int = attrs.field(init=False, default=0)

    def delivery_id(self, pos: int) -> str:
        return f"{self.store_id}-{pos}"

    async def recover(self) -> None:
        self._stream = await self.store.run(self._recovered)

    async def scan(self, after: str | None, limit: int) -> Sequence[tuple[str, int]]:
        return await self.store.run(partial(_scan, self._stream, after, limit), writes=False)

    async def waiting(self) -> int:
        return await self.store.run(partial(_waiting, self._stream), writes=False)

    async def take(self, keys: Sequence[str], room: int, now: int) -> Taken:
        coalesce = self.kind.state or self.kind.name in self.flow.coalesce
        job = Take(
            stream=self._stream,
            flow=self.flow,
            kind=self.kind,
            coalesce=coalesce,
            shadow=self.shadow,
            keys=keys,
            room=room,
            now=now,
        )
        taken = await self.store.run(job)
        if job.restored:
            self.wake(self.flow.opposite, self.kind.name, job.restored)
        return taken

    async def finish(self, taken: Taken, resolutions: Sequence[Resolution], now: int) -> None:
        job = Finish(
            stream=self._stream,
            flow=self.flow,
            kind=self.kind,
            taken=taken,
            resolutions=resolutions,
            now=now,
            redact=self.redact,
        )
        await self.store.run(job)

    def _recovered(self, db: sqlite3.Connection) -> int:
        stream = _rows.stream_of(db, self.flow.name, self.kind.name, shadow=self.shadow)
        where = (
            "pos IN (SELECT place.value FROM flight, json_each(flight.positions) place WHERE flight.stream = ?)"
            f" AND state = {WAITING}"
        )
        db.execute(
            f"INSERT INTO attempt SELECT pos, attempts + 1, ?, ?, '' FROM delivery WHERE {where}",
            (_last_flight(db, stream), _INTERRUPTED, stream),
        )
        due = _last_flight(db, stream) + int(self.flow.index_lag.get(self.kind.name, 0.0) * 1_000_000)
        db.execute(
            f"UPDATE delivery SET attempts = attempts + 1, maybe_applied = 1, due = max(due, ?) WHERE {where}",
            (due, stream),
        )
        db.execute("DELETE FROM flight WHERE stream = ?", (stream,))
        if not self.shadow:
            _end_shadow(db, self.flow.name, self.kind.name, self.now())
        return stream


def _last_flight(db: sqlite3.Connection, stream: int) -> int:
    return int(db.execute("SELECT coalesce(max(at), 0) FROM flight WHERE stream = ?", (stream,)).fetchone()[0])


def _end_shadow(db: sqlite3.Connection, flow: str, canonical_type: str, now: int) -> None:
    """A flow that became active forgets what it knew in shadow; what waited there is not delivered by it."""
    found = db.execute(
        "SELECT id FROM stream WHERE flow = ? AND type = ? AND shadow", (flow, canonical_type)
    ).fetchone()
    if found is None:
        return
    ended = db.execute(
        "UPDATE delivery SET state = 1, outcome = 'shadowed', ended_at = ? WHERE stream = ? AND state = 0",
        (now, *found),
    ).rowcount
    _rows.count(db, found[0], {"shadowed": ended}, now)
    for table in ("identity", "member", "transport"):
        db.execute(f"DELETE FROM {table} WHERE stream = ?", found)


def _scan(stream: int, after: str | None, limit: int, db: sqlite3.Connection) -> list[tuple[str, int]]:
    start, after = (">", after) if after is not None else (">=", "")
    # With min(pos), SQLite takes `due` from that very row: the head of the lane.
    rows = db.execute(
        f"SELECT key, due, min(pos) FROM delivery WHERE state = 0 AND stream = ? AND key {start} ?"
        " GROUP BY key ORDER BY key LIMIT ?",
        (stream, after, limit),
    )
    return [(key, due) for key, due, _pos in rows]


def _waiting(stream: int, db: sqlite3.Connection) -> int:
    return _rows.waiting(db, stream)
