"""What people ask of the embedded store: counts, status, the life of a key."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from pullpush_sdk.canonical import loads
from pullpush_sdk.connector import moment_of
from pullpush_sdk.engine.ports import OUTCOMES, FlowStatus, KeyEvent
from pullpush_sdk.engine.standing import Shadowed, Standing

from ._dead import NATIVE, attempts_of
from ._rows import chunks
from ._schema import DEAD, RESTORED, WAITING

__all__ = ["counts", "events_of_key", "flows", "latest", "members", "shadowed", "standings"]

Json = Any

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
        " payload, transport_id FROM stream CROSS JOIN delivery INDEXED BY delivery_of_key"
        " ON delivery.stream = stream.id"
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
            origin=_origin(verb, transport),
            transport_id=None if transport == RESTORED else transport,
            attempts=attempts.get(pos, ()),
        )
        for (pos, identity, verb, version, logged_at, ended_at, *ending, payload, transport) in reversed(rows)
        for (state, outcome, reason, shadow) in [ending]
    ]


def _origin(verb: str, transport: str | None) -> Literal["webhook", "read", "conflict"]:
    if transport == RESTORED:
        return "conflict"
    return "read" if transport is None and verb != "received" else "webhook"


def _state(state: int, outcome: str | None, *, in_flight: bool) -> str:
    if state == WAITING:
        return "sent" if in_flight else "waiting"
    return "dead" if state == DEAD else str(outcome)


def standings(flow: str, canonical_type: str, identities: Sequence[str], db: sqlite3.Connection) -> dict[str, Standing]:
    """Where identities of a flow stand outside shadow."""
    found = {}
    for some, places in chunks(identities):
        for identity, written, state, outcome in db.execute(
            "SELECT identity.identity, written_id, delivery.state, outcome FROM identity"
            " JOIN stream ON stream.id = identity.stream LEFT JOIN delivery ON delivery.pos = logged_pos"
            f" WHERE flow = ? AND type = ? AND NOT shadow AND identity.identity IN ({places})",
            (flow, canonical_type, *some),
        ):
            known = "" if state is None else _state(state, outcome, in_flight=False)
            found[identity] = Standing(state=known, written_id=written)
    return found


def members(
    flow: str, canonical_type: str, keys: Sequence[str], shadow: bool, db: sqlite3.Connection
) -> Mapping[tuple[str, str], Json]:
    """The last known quantities that sums of some keys are made of."""
    found = {}
    for some, places in chunks(keys):
        for key, location, quantity in db.execute(
            "SELECT key, location, quantity FROM member JOIN stream ON stream.id = stream"
            f" WHERE flow = ? AND type = ? AND shadow = ? AND key IN ({places})",
            (flow, canonical_type, shadow, *some),
        ):
            found[key, location] = loads(quantity)
    return found


def shadowed(flow: str, canonical_type: str | None, after: int, limit: int, db: sqlite3.Connection) -> list[Shadowed]:
    """Deliveries that ended in shadow, in log order."""
    rows = db.execute(
        "SELECT pos, type, key, identity, verb, ended_at, answer FROM delivery JOIN stream ON stream.id = stream"
        " WHERE flow = ? AND shadow AND outcome = 'shadowed' AND answer IS NOT NULL AND pos > ? AND (? IS NULL OR type"
        " = ?) ORDER BY pos LIMIT ?",
        (flow, after, canonical_type, canonical_type, limit),
    )
    return [
        Shadowed(
            position=pos,
            type=kind,
            key=key,
            identity=identity,
            verb=verb,
            at=moment_of(ended_at),
            would={name: (before, now) for name, (before, now) in loads(answer).items()},
        )
        for pos, kind, key, identity, verb, ended_at, answer in rows
    ]
