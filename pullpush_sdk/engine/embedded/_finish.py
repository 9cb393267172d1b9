"""Storing what became of a batch, in one transaction."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs
import msgspec

from pullpush_sdk.canonical import CanonicalType, dumps, from_wire, loads
from pullpush_sdk.connector import Outcome, Result
from pullpush_sdk.engine.causes import cause_of
from pullpush_sdk.engine.content import comparable
from pullpush_sdk.engine.gate import Row
from pullpush_sdk.engine.lanes import Taken
from pullpush_sdk.engine.policy import Resolution
from pullpush_sdk.engine.ports import FlowSpec
from pullpush_sdk.errors import FieldError

from . import _rows
from ._schema import DEAD, ENDED, WAITING

__all__ = ["Finish"]

Json = Any

_LONGEST = 10_000

# A batch that went well is stored by two statements, whatever its size: SQLite reads the rest from the log itself.
_DONE = (
    f"UPDATE delivery SET state = {ENDED}, outcome = ?, ended_at = ?, attempts = attempts + 1, reason = NULL,"
    " answer = NULL WHERE pos IN (SELECT value FROM json_each(?))"
)
# Each of them has its row of `identity` already. An UPDATE … FROM would first gather all rows in a table of its own.
_APPLY = (
    "INSERT INTO identity (stream, identity, logged_version, logged_digest, logged_pos)"
    " SELECT stream, identity, version, digest, pos FROM delivery WHERE pos IN (SELECT value FROM json_each(?))"
    " ON CONFLICT DO UPDATE SET known = CASE WHEN (applied_version, applied_pos) <= (excluded.logged_version,"
    " excluded.logged_pos) THEN excluded.logged_digest ELSE NULL END, applied_pos = CASE WHEN (applied_version,"
    " applied_pos) <= (excluded.logged_version, excluded.logged_pos) THEN excluded.logged_pos ELSE applied_pos END,"
    " applied_version = max(applied_version, excluded.logged_version)"
)


@attrs.define(kw_only=True)
class Finish:
    """Rows, gates, dead letters, own writes and counts of one batch: a job for the store."""

    stream: int
    flow: FlowSpec
    kind: CanonicalType
    taken: Taken
    resolutions: Sequence[Resolution]
    now: int
    redact: Callable[[str], str]
    _ended: list[tuple[Any, ...]] = attrs.field(init=False, factory=list)
    _done: dict[str, list[int]] = attrs.field(init=False, factory=dict)
    _applied: list[int] = attrs.field(init=False, factory=list)
    _named: list[tuple[str, int, str]] = attrs.field(init=False, factory=list)
    _tally: Counter[str] = attrs.field(init=False, factory=Counter)

    def __call__(self, db: sqlite3.Connection) -> None:
        rows = [row for lane in self.taken.lanes for row in lane.rows]
        delivered: list[int] = []
        for row, payload, resolution in zip(rows, self.taken.payloads, self.resolutions, strict=True):
            outcome = resolution.outcome
            result = outcome.result
            if (
                result is Result.DELIVERED
                and row.fields is None
                and not (row.without or outcome.reason or outcome.answer)
            ):
                delivered.append(row.pos)
            elif result is Result.RETRY or result is Result.DEAD:
                self._fail(db, row, resolution)
            else:
                self._end(db, row, outcome)
            if outcome.native_id is not None and outcome.native_id != row.written_id:
                self._named.append((outcome.native_id, self.stream, row.identity))
            if self.flow.readers:
                _settle_own_write(db, self.kind, row, payload, outcome)
        if delivered:
            self._done.setdefault(Result.DELIVERED.value, []).extend(delivered)
            self._applied += delivered
        db.executemany(
            f"UPDATE delivery SET state = {ENDED}, outcome = ?, ended_at = ?, attempts = ?, reason = ?, answer = ?"
            " WHERE pos = ?",
            self._ended,
        )
        for outcome_name, positions in self._done.items():
            db.execute(_DONE, (outcome_name, self.now, _positions(positions)))
            self._tally[outcome_name] += len(positions)
        db.executemany("UPDATE identity SET written_id = ? WHERE stream = ? AND identity = ?", self._named)
        if self._applied:
            db.execute(_APPLY, (_positions(self._applied),))
        db.execute("DELETE FROM flight WHERE id = ?", (self.taken.flight,))
        _rows.count(db, self.stream, self._tally, self.now)

    def _end(self, db: sqlite3.Connection, row: Row, outcome: Outcome) -> None:
        name = outcome.result._value_  # `.value` is a slow property, and this is asked once a delivery
        if outcome.reason or outcome.answer:
            reason, answer = self._text(outcome.reason), self._text(outcome.answer)
            self._ended.append((name, self.now, row.attempts + 1, reason, answer, row.pos))
            self._tally[name] += 1
        else:
            self._done.setdefault(name, []).append(row.pos)
        if outcome.result is Result.SKIPPED:
            return
        if row.fields is None and not row.without:
            self._applied.append(row.pos)
        else:
            _apply_fields(db, self.stream, row)

    def _fail(self, db: sqlite3.Connection, row: Row, resolution: Resolution) -> None:
        outcome = resolution.outcome
        dead = outcome.result is Result.DEAD
        attempt = row.attempts + resolution.spent
        maybe = row.maybe_applied or outcome.maybe_applied
        reason, answer = self._text(outcome.reason) or "no reason was given", self._text(outcome.answer)
        cause = cause_of(self.flow.name, self.kind.name, reason)
        db.execute(
            "UPDATE delivery SET state = ?, outcome = ?, ended_at = ?, attempts = ?, due = ?, maybe_applied = ?,"
            " reason = ?, answer = ?, cause = ? WHERE pos = ?",
            (
                *(DEAD if dead else WAITING, "dead" if dead else None, self.now if dead else None, attempt),
                *(resolution.due, maybe, reason, answer, cause, row.pos),
            ),
        )
        if resolution.spent:
            db.execute(
                "INSERT INTO attempt VALUES (?, ?, ?, ?, ?)",
                (row.pos, attempt, self.now, reason, answer or ""),
            )
        if dead:
            self._tally["dead"] += 1
            self._replace_dead(db, row)
        if dead and maybe:
            # Perhaps the destination holds it: nothing older may overwrite it.
            _apply_fields(db, self.stream, row)

    def _text(self, text: str) -> str | None:
        """Words of a platform as the store may hold them: without secrets, not endless, and proper Unicode."""
        if not text:
            return None
        return self.redact(text)[:_LONGEST].encode(errors="replace").decode() or None

    def _replace_dead(self, db: sqlite3.Connection, row: Row) -> None:
        """End earlier dead letters that this one stands for: the same record again, or an older state of it.

        A source that is read whole shows what cannot be delivered at every sweep. Dead letters that partials wait for
        stay: their order is told by them.
        """
        if row.fields is not None:
            return
        states = self.kind.state or self.kind.name in self.flow.coalesce
        replaced = db.execute(
            f"UPDATE delivery SET state = {ENDED}, outcome = 'superseded', ended_at = ?, reason = ?"
            f" WHERE state = {DEAD} AND stream = ? AND identity = ? AND pos < ? AND version <= ? AND fields IS NULL"
            f" AND clash IS NULL"
            f" AND (? OR digest = ?) AND pos NOT IN (SELECT leader FROM delivery WHERE state = {DEAD} AND stream = ?"
            " AND identity = ? AND leader NOT NULL)",
            (
                *(self.now, f"dead letter {row.pos} stands for it", self.stream, row.identity, row.pos, row.version),
                *(states, row.digest, self.stream, row.identity),
            ),
        ).rowcount
        self._tally["dead"] -= replaced
        self._tally["superseded"] += replaced


def _positions(positions: Sequence[int]) -> str:
    return msgspec.json.encode(positions).decode()


def _apply_fields(db: sqlite3.Connection, stream: int, row: Row) -> None:
    """Move the gates of what was written, or may have been; what the destination holds is not known as a whole."""
    stored = db.execute(
        "SELECT applied_version, applied_pos, fields FROM identity WHERE stream = ? AND identity = ?",
        (stream, row.identity),
    ).fetchone()
    applied, marks = (stored[0], stored[1]), _rows.marks(stored[2])
    if row.fields is None:
        applied = max(applied, row.mark)
        marks = {name: mark for name, mark in marks.items() if mark > applied}
    else:
        marks.update(dict.fromkeys(row.fields - row.without, row.mark))
    db.execute(
        "UPDATE identity SET applied_version = ?, applied_pos = ?, fields = ?, known = NULL"
        " WHERE stream = ? AND identity = ?",
        (*applied, _rows.pack_marks(marks), stream, row.identity),
    )


def _settle_own_write(
    db: sqlite3.Connection, kind: CanonicalType, row: Row, payload: Mapping[str, Json], outcome: Outcome
) -> None:
    """After the push: forget a write that did not happen, or note the record as the platform returned it.

    A write whose echo came meanwhile has no row any more; it is not made again.
    """
    if outcome.result is Result.DELIVERED:
        if outcome.returned is not None:
            _note_returned(db, kind, row, payload, outcome.returned)
    elif outcome.result in (Result.UNCHANGED, Result.SKIPPED) or not (outcome.maybe_applied or row.maybe_applied):
        db.execute("DELETE FROM own_write WHERE pos = ?", (row.pos,))


def _note_returned(
    db: sqlite3.Connection,
    kind: CanonicalType,
    row: Row,
    payload: Mapping[str, Json],
    returned: Mapping[str, Json],
) -> None:
    try:
        shown = comparable(kind)(returned)
        dumps(shown)
    except (TypeError, ValueError):
        return  # not a wire object: what was written stands
    for id_, content in db.execute("SELECT id, content FROM own_write WHERE pos = ?", (row.pos,)).fetchall():
        written: Mapping[str, Json] = loads(content)
        db.execute(
            "UPDATE own_write SET content = ?, identity = ? WHERE id = ?",
            (
                dumps({name: shown.get(name, value) for name, value in written.items()}).decode(),
                _identity(kind, {**payload, **returned}, row.identity),
                id_,
            ),
        )


def _identity(kind: CanonicalType, record: Mapping[str, Json], otherwise: str) -> str:
    """The identity under which the platform will show the record: it may have given one of its own."""
    try:
        return kind.identity(from_wire(kind, dict(record)))
    except FieldError:
        return otherwise
