"""Dead letters of the embedded store: list, group, retry, drop."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs

from pullpush_sdk.canonical import loads
from pullpush_sdk.connector import moment_of
from pullpush_sdk.engine.arrivals import Arrival
from pullpush_sdk.engine.causes import hint_of, kind_of
from pullpush_sdk.engine.ports import Attempt, DeadFilter, DeadGroup, DeadLetter, Unmapped

from . import _rows
from ._schema import DEAD, ENDED, WAITING

__all__ = [
    "NATIVE",
    "Chosen",
    "attempts_of",
    "contested",
    "drop",
    "find",
    "groups",
    "retry",
    "revive",
    "show",
    "unmapped",
    "where",
]

NATIVE = frozenset({"unmapped", "received"})
"""Verbs of dead letters whose payload is what the platform sent: a record of a page, a webhook's body."""

_JOINED = "delivery JOIN stream ON stream.id = delivery.stream"


@attrs.frozen
class Chosen:
    """A dead letter that was never mapped, by its log position."""

    pos: int
    record: Unmapped


def where(which: DeadFilter) -> tuple[str, list[Any]]:
    """The condition on `delivery JOIN stream` that chooses dead letters, and its values."""
    parts = [f"state = {DEAD}"]
    values: list[Any] = []
    for column, value in (("flow", which.flow), ("type", which.type), ("key", which.key), ("cause", which.cause)):
        if value is not None:
            parts.append(f"{column} = ?")
            values.append(value)
    if which.ids:
        parts.append(f"pos IN ({','.join('?' * len(which.ids))})")
        values += which.ids
    return " AND ".join(parts), values


def find(which: DeadFilter, limit: int, db: sqlite3.Connection) -> list[DeadLetter]:
    """Dead letters in log order."""
    chosen, values = where(which)
    rows = db.execute(
        "SELECT pos, flow, type, key, identity, verb, version, reason, coalesce(answer, ''), cause, ended_at, payload,"
        f" fields, leader FROM {_JOINED} WHERE {chosen} ORDER BY pos LIMIT ?",
        (*values, limit),
    )
    return [_letter(row) for row in rows]


def show(pos: int, db: sqlite3.Connection) -> DeadLetter | None:
    """One dead letter with its attempts."""
    found = find(DeadFilter(ids=[pos]), 1, db)
    return attrs.evolve(found[0], attempts=attempts_of([pos], db).get(pos, ())) if found else None


def _letter(row: tuple[Any, ...]) -> DeadLetter:
    pos, flow, kind, key, identity, verb, version, reason, answer, cause, ended_at, payload, fields, leader = row
    mapped = verb not in NATIVE
    return DeadLetter(
        id=pos,
        flow=flow,
        type=kind,
        key=key,
        identity=identity,
        verb=verb,
        version=version,
        reason=reason,
        answer=answer,
        cause=cause,
        since=moment_of(ended_at),
        mapped=mapped,
        payload=loads(payload) if mapped else bytes(payload).decode(errors="replace"),
        fields=_rows.unpack_fields(fields),
        follows=leader,
        hint=hint_of(reason, answer),
    )


def attempts_of(positions: Sequence[int], db: sqlite3.Connection) -> Mapping[int, list[Attempt]]:
    """The failed attempts of each delivery, in order."""
    found: dict[int, list[Attempt]] = {}
    for pos, number, at, reason, answer in db.execute(
        f"SELECT pos, number, at, reason, answer FROM attempt WHERE pos IN ({','.join('?' * len(positions))})"
        " ORDER BY rowid",
        positions,
    ):
        found.setdefault(pos, []).append(Attempt(number=number, at=moment_of(at), reason=reason, answer=answer))
    return found


def groups(which: DeadFilter, db: sqlite3.Connection) -> list[DeadGroup]:
    """Dead letters by cause, the largest group first."""
    chosen, values = where(which)
    rows = db.execute(
        "SELECT cause, flow, type, min(pos), count(*), min(ended_at), max(ended_at), reason, coalesce(answer, '')"
        f" FROM {_JOINED} WHERE {chosen} GROUP BY cause, flow, type ORDER BY count(*) DESC, min(pos)",
        values,
    )
    return [
        DeadGroup(
            cause=cause,
            flow=flow,
            type=kind,
            reason=reason,
            count=number,
            first=moment_of(first),
            last=moment_of(last),
            sample=pos,
            kind=kind_of(reason, answer).value,
            hint=hint_of(reason, answer),
        )
        for cause, flow, kind, pos, number, first, last, reason, answer in rows
    ]


def retry(which: DeadFilter, now: int, db: sqlite3.Connection) -> tuple[dict[tuple[str, str], set[str]], int]:
    """Let the chosen ones that have a record wait again, and what follows them: keys by flow and type, and how many."""
    condition, values = where(which)
    chosen = (
        f"SELECT pos FROM {_JOINED} WHERE {condition} AND verb NOT IN ('unmapped', 'unnamed', 'received')"
        " AND clash IS NULL"
    )
    rows = db.execute(
        f"UPDATE delivery SET state = {WAITING}, outcome = NULL, ended_at = NULL, attempts = 0, due = 0, leader = NULL"
        f" WHERE state = {DEAD} AND (pos IN ({chosen}) OR leader IN ({chosen})) RETURNING stream, key",
        (*values, *values),
    ).fetchall()
    _count_leaving(db, (row[0] for row in rows), now)
    woken: dict[tuple[str, str], set[str]] = {}
    names = {row[0]: (row[1], row[2]) for row in db.execute("SELECT id, flow, type FROM stream")}
    for stream, key in rows:
        woken.setdefault(names[stream], set()).add(key)
    return woken, len(rows)


def contested(which: DeadFilter, db: sqlite3.Connection) -> dict[int, str]:
    """The chosen ones whose key another record of the source carries: why they cannot go."""
    condition, values = where(which)
    rows = db.execute(f"SELECT pos, reason FROM {_JOINED} WHERE {condition} AND clash NOT NULL ORDER BY pos", values)
    return dict(rows.fetchall())


def unmapped(which: DeadFilter, db: sqlite3.Connection) -> tuple[list[Chosen], dict[int, str]]:
    """The chosen ones that were never mapped; and the reasons of those that nothing but the source can mend."""
    condition, values = where(which)
    rows = db.execute(
        f"SELECT pos, flow, type, payload, native_id, logged_at, verb, reason FROM {_JOINED}"
        f" WHERE {condition} AND verb IN ('unmapped', 'unnamed') ORDER BY pos",
        values,
    ).fetchall()
    chosen = [
        Chosen(pos, Unmapped(flow=flow, type=kind, native=native, origin=origin or "", read_at=moment_of(logged_at)))
        for pos, flow, kind, native, origin, logged_at, verb, _ in rows
        if verb == "unmapped"
    ]
    return chosen, {row[0]: row[-1] for row in rows if row[-2] == "unnamed"}


def revive(pos: int, arrival: Arrival | None, now: int, db: sqlite3.Connection) -> str | None:
    """Give a dead letter the event that its native record maps to now; it waits at its old place.

    Without an arrival the record turned out to hold nothing to deliver. Answers the flow's key to wake, if any.
    """
    stream = db.execute(f"SELECT stream FROM delivery WHERE pos = ? AND state = {DEAD}", (pos,)).fetchone()
    if stream is None:
        return None
    _count_leaving(db, [stream[0]], now)
    if arrival is None:
        db.execute(f"UPDATE delivery SET state = {ENDED}, outcome = 'skipped', ended_at = ? WHERE pos = ?", (now, pos))
        _rows.count(db, stream[0], {"skipped": 1}, now)
        return None
    db.execute(
        "UPDATE delivery SET key = ?, identity = ?, verb = ?, version = ?, fields = ?, payload = ?, digest = ?,"
        f" state = {WAITING}, outcome = NULL, ended_at = NULL, attempts = 0, due = 0 WHERE pos = ?",
        (
            *(arrival.key, arrival.identity, arrival.verb, arrival.version, _rows.pack_fields(arrival.fields)),
            *(arrival.payload, arrival.digest, pos),
        ),
    )
    # An identity that was logged since keeps its newer entry.
    db.execute(
        "INSERT INTO identity (stream, identity, logged_version, logged_digest, logged_pos) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT DO NOTHING",
        (stream[0], arrival.identity, arrival.version, arrival.digest, pos),
    )
    return arrival.key


def drop(which: DeadFilter, now: int, db: sqlite3.Connection) -> int:
    """Give the chosen ones up."""
    chosen, values = where(which)
    streams = db.execute(
        f"UPDATE delivery SET state = {ENDED}, outcome = 'dropped', ended_at = ? WHERE pos IN"
        f" (SELECT pos FROM {_JOINED} WHERE {chosen}) RETURNING stream",
        (now, *values),
    ).fetchall()
    db.execute(f"DELETE FROM envelope WHERE pos NOT IN (SELECT pos FROM delivery WHERE state = {DEAD})")
    _count_leaving(db, (row[0] for row in streams), now)
    for stream, number in Counter(row[0] for row in streams).items():
        _rows.count(db, stream, {"dropped": number}, now)
    return len(streams)


def _count_leaving(db: sqlite3.Connection, streams: Iterable[int], now: int) -> None:
    for stream, number in Counter(streams).items():
        _rows.count(db, stream, {"dead": -number}, now)
