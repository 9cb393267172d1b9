"""What people ask of the embedded store: counts, status, the life of a key."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from pullpush_sdk.canonical import loads
from pullpush_sdk.connector import moment_of
from pullpush_sdk.engine.ports import OUTCOMES, FlowStatus, KeyEvent

from ._dead import attempts_of
from ._schema import DEAD, WAITING

__all__ = ["counts", "events_of_key", "flows", "latest"]

_MINUTE = 60_000_000


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


def flows(now: int, db: sqlite3.Connection) -> list[FlowStatus]:
    """Every flow that the store has seen, by name."""
    names = [row[0] for row in db.execute("SELECT DISTINCT flow FROM stream ORDER BY flow")]
    return [
        FlowStatus(
            flow=name,
            counts=counts(name, db),
            oldest=_oldest(name, db),
            retrying=_retrying(name, db),
            last_success=_last_success(name, db),
            last_minute=_rates(name, now // _MINUTE - 1, db),
            last_hour=_rates(name, now // _MINUTE - 59, db),
        )
        for name in names
    ]


def latest(db: sqlite3.Connection) -> int | None:
    """The latest moment at which something was stored; None for a new store."""
    found: int | None = db.execute("SELECT max(at) FROM counter").fetchone()[0]
    return found or None


def _oldest(flow: str, db: sqlite3.Connection) -> datetime | None:
    # Stream by stream, so that the index of waiting rows alone answers.
    first = db.execute(
        f"SELECT min((SELECT min(pos) FROM delivery WHERE state = {WAITING} AND stream = stream.id)) FROM stream"
        " WHERE flow = ?",
        (flow,),
    ).fetchone()[0]
    if first is None:
        return None
    return moment_of(db.execute("SELECT logged_at FROM delivery WHERE pos = ?", (first,)).fetchone()[0])


def _retrying(flow: str, db: sqlite3.Connection) -> int:
    found = db.execute(
        f"SELECT coalesce(sum((SELECT count(*) FROM delivery WHERE state = {WAITING} AND attempts > 0"
        " AND stream = stream.id)), 0) FROM stream WHERE flow = ?",
        (flow,),
    ).fetchone()
    return int(found[0])


def _last_success(flow: str, db: sqlite3.Connection) -> datetime | None:
    found = db.execute(
        "SELECT max(at) FROM counter JOIN stream ON stream.id = stream WHERE flow = ?"
        " AND outcome IN ('delivered', 'unchanged', 'shadowed')",
        (flow,),
    ).fetchone()[0]
    return moment_of(found) if found else None


def _rates(flow: str, since: int, db: sqlite3.Connection) -> dict[str, int]:
    return dict(
        db.execute(
            "SELECT outcome, sum(n) FROM minute JOIN stream ON stream.id = stream WHERE minute >= ? AND flow = ?"
            " GROUP BY outcome",
            (since, flow),
        ).fetchall()
    )


def events_of_key(flow: str, canonical_type: str, key: str, limit: int, db: sqlite3.Connection) -> list[KeyEvent]:
    """The latest events of a key in log order."""
    rows = db.execute(
        "SELECT pos, identity, verb, version, logged_at, ended_at, state, outcome, coalesce(reason, ''), shadow,"
        " payload FROM stream CROSS JOIN delivery INDEXED BY delivery_of_key ON delivery.stream = stream.id"
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
            payload=bytes(payload).decode(errors="replace") if verb == "unmapped" else loads(payload),
            attempts=attempts.get(pos, ()),
        )
        for pos, identity, verb, version, logged_at, ended_at, state, outcome, reason, shadow, payload in reversed(rows)
    ]


def _state(state: int, outcome: str | None, *, in_flight: bool) -> str:
    if state == WAITING:
        return "sent" if in_flight else "waiting"
    return "dead" if state == DEAD else str(outcome)
