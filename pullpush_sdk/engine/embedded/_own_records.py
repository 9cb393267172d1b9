"""What the opposite flow of a two-way pair wrote to our source, told by the ids that it got there."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import attrs

from pullpush_sdk.canonical import CanonicalType
from pullpush_sdk.engine.arrivals import Arrival
from pullpush_sdk.engine.conflict import has_shared_keys
from pullpush_sdk.engine.gate import Row
from pullpush_sdk.engine.own_records import BACK, as_change_of, last_part
from pullpush_sdk.engine.ports import Ended, FlowSpec

from . import _rows
from ._opposite import HOLD, stream_of_opposite
from ._schema import ENDED, LAST_PART, WAITING

__all__ = ["Made", "OwnRecords", "are_told_by_id"]


def are_told_by_id(flow: FlowSpec, kind: CanonicalType) -> bool:
    """Whether a flow may meet records that its opposite made under other ids."""
    return bool(flow.opposite) and not has_shared_keys(kind, flow.match.get(kind.name))


@attrs.frozen
class Made:
    """The original of a record that the opposite flow made: its identity there, and the id by which it is written."""

    identity: str
    native_id: str


@attrs.define(kw_only=True)
class OwnRecords:
    """Lookups in the stream of the opposite flow, within one transaction."""

    db: sqlite3.Connection
    flow: FlowSpec
    kind: CanonicalType
    _theirs: int = attrs.field(init=False, default=0)

    def __attrs_post_init__(self) -> None:
        self._theirs = stream_of_opposite(self.db, self.flow.opposite, self.kind.name) or 0

    def made(self, keys: Iterable[str]) -> dict[str, Made]:
        """Which of these keys of our source are records that the opposite flow made."""
        found: dict[str, Made] = {}
        by_part = {last_part(key): key for key in keys}
        for some, places in _rows.chunks(list(by_part) if self._theirs else []):
            for part, identity, native_id in self.db.execute(
                f"SELECT {LAST_PART}, identity, (SELECT native_id FROM delivery WHERE delivery.stream = identity.stream"
                " AND delivery.pos = logged_pos) FROM identity"
                f" WHERE stream = ? AND written_id NOT NULL AND {LAST_PART} IN ({places})",
                (self._theirs, *some),
            ):
                # A change that went back was written to an original.
                if not identity.startswith(BACK):
                    found[by_part[part]] = Made(identity, native_id or identity)
        return found

    def sorted_out(self, stream: int, arrivals: Sequence[Arrival]) -> tuple[list[Arrival], int]:
        """The arrivals with those of our own records as changes of their originals; how many say nothing more."""
        made = self.made({arrival.key for arrival in arrivals})
        if not made:
            return list(arrivals), 0
        found, silent = [], 0
        for arrival in arrivals:
            original = made.get(arrival.key)
            change = arrival if original is None else as_change_of(original.identity, arrival, self.kind)
            if change is None:
                silent += 1
                continue
            if original is not None:
                self._join(stream, arrival, change, original)
            found.append(change)
        return found, silent

    def _join(self, stream: int, arrival: Arrival, change: Arrival, original: Made) -> None:
        """What is to come back of a write is known by the original from now on, and so is what it is written to."""
        self.db.execute(
            "UPDATE own_write SET identity = ? WHERE reader = ? AND type = ? AND identity = ?",
            (change.seen_as, self.flow.name, self.kind.name, arrival.seen_as),
        )
        self.db.execute(
            "INSERT INTO identity (stream, identity, written_id) VALUES (?, ?, ?) ON CONFLICT DO UPDATE"
            " SET written_id = coalesce(written_id, excluded.written_id)",
            (stream, change.identity, original.native_id),
        )

    def settle(self, stream: int, lanes: Mapping[str, Sequence[Row]], now: int) -> tuple[Counter[str], bool]:
        """Look once more before anything is made: the answer to the opposite flow's write may have come since.

        What it made ends as unchanged; while an answer is out, what might be it waits. How many ended, by outcome, and
        whether rows are stored otherwise than they were read.
        """
        new = [
            row for rows in lanes.values() for row in rows if row.written_id is None and not row.key.startswith(BACK)
        ]
        if not new or not self._theirs:
            return Counter(), False
        made = self.made({row.key for row in new})
        ended = [row for row in new if row.key in made]
        for row in ended:
            self.db.execute(
                f"UPDATE delivery SET state = {ENDED}, outcome = ?, ended_at = ?, reason = ? WHERE pos = ?",
                (Ended.UNCHANGED.value, now, f"written by flow {self.flow.opposite}", row.pos),
            )
            self.db.execute(
                "UPDATE identity SET applied_pos = max(applied_pos, ?1), applied_version = max(applied_version, ?2)"
                " WHERE stream = ?3 AND identity = ?4",
                (row.pos, row.version, stream, row.identity),
            )
        held = [row for row in new if row.key not in made] if self._awaits_an_answer() else []
        self.db.executemany(
            "UPDATE delivery SET due = max(due, ?) WHERE pos = ?", [(now + HOLD, row.pos) for row in held]
        )
        return Counter({Ended.UNCHANGED.value: len(ended)}), bool(ended or held)

    def _awaits_an_answer(self) -> bool:
        """Whether the opposite flow may have made a record whose id nobody knows yet."""
        nameless = (
            "FROM delivery CROSS JOIN identity ON identity.stream = delivery.stream"
            " AND identity.identity = delivery.identity WHERE delivery.stream = ? AND written_id IS NULL"
        )
        waiting = self.db.execute(
            f"SELECT 1 {nameless} AND state = {WAITING} AND maybe_applied LIMIT 1", (self._theirs,)
        ).fetchone()
        if waiting is not None:
            return True
        return (
            self.db.execute(
                f"SELECT 1 {nameless} AND pos IN (SELECT place.value FROM flight, json_each(flight.positions) place"
                " WHERE flight.stream = ?) LIMIT 1",
                (self._theirs, self._theirs),
            ).fetchone()
            is not None
        )
