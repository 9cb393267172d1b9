"""What people ask of the embedded store: counts, status, the life of a key."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from pullpush_sdk.canonical import loads
from pullpush_sdk.connector import moment_of
from pullpush_sdk.engine.ports import OUTCOMES, FlowStatus, KeyEvent

from ._dead import NATIVE, attempts_of
from ._schema import DEAD, WAITING

__all__ = ["counts", "events_of_key", "flows"]


def counts(flow: str, db: sqlite3.Connection) -> dict[str, dict[str, int]]:
    """Per canonical type, everything that was ever counted of a flow, in shadow or not."""
    found: dict[str, dict[str, int]] = {}
    for kind, outcome, number in db.execute(
        "SELECT type, outcome, sum(n) FROM counter JOIN stream ON stream.id = stream WHERE flow = ? GROUP BY 1, 2",
        (flow,),
    ):
        found.setdefault(kind, dict.fromkeys(("read", "waiting", *OUTCOMES), 0))[outcome] = number
    for tally in found.values():
        tally["waiting"] = tally["read"] - sum(tally[outcome] for outcome in OUTCOMES)
    return found


def flows(db: sqlite3.Connection) -> list[FlowStatus]:
    """Every flow that the store has seen, by name."""
    names = [row[0] for row in db.execute("SELECT DISTINCT flow FROM stream ORDER BY flow")]
    return [FlowStatus(flow=name, counts=counts(name, db), oldest=_oldest(name, db)) for name in names]


def _oldest(flow: str, db: sqlite3.Connection) -> datetime | None:
    first = db.execute(
        f"SELECT min(pos) FROM delivery JOIN stream ON stream.id = stream WHERE flow = ? AND state = {WAITING}", (flow,)
    ).fetchone()[0]
    if first is None:
        return None
    return moment_of(db.execute("SELECT logged_at FROM delivery WHERE pos = ?", (first,)).fetchone()[0])


def events_of_key(flow: str, canonical_type: str, key: str, limit: int, db: sqlite3.Connection) -> list[KeyEvent]:
    """The latest events of a key in log order. Reads the whole log of the flow: for people, not for dispatch."""
    rows = db.execute(
        "SELECT pos, identity, verb, version, logged_at, ended_at, state, outcome, coalesce(reason, ''), shadow,"
        " payload FROM delivery JOIN stream ON stream.id = stream"
        " WHERE flow = ? AND type = ? AND key = ? ORDER BY pos DESC LIMIT ?",
        (flow, canonical_type, key, limit),
    ).fetchall()
    attempts = attempts_of([row[0] for row in rows], db)
    sent = {row[0] for row in db.execute("SELECT place.value FROM flight, json_each(flight.positions) place")}
    return [
        KeyEvent(
            position=pos,
            flow=flow,
            type=canonical_type,
            identity=identity,
            verb=verb,
            version=version,
            logged_at=moment_of(logged_at),
            ended_at=None if ended_at is None else moment_of(ended_at),
            state=_state(state, outcome, in_flight=pos in sent),
            reason=reason,
            shadow=bool(shadow),
            payload=bytes(payload).decode(errors="replace") if verb in NATIVE else loads(payload),
            attempts=attempts.get(pos, ()),
        )
        for pos, identity, verb, version, logged_at, ended_at, state, outcome, reason, shadow, payload in reversed(rows)
    ]


def _state(state: int, outcome: str | None, *, in_flight: bool) -> str:
    if state == WAITING:
        return "sent" if in_flight else "waiting"
    return "dead" if state == DEAD else str(outcome)
