"""What people ask of the embedded store: counts, status, the life of a key."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pullpush_sdk.canonical import loads
from pullpush_sdk.connector import moment_of
from pullpush_sdk.engine.ports import OUTCOMES, FlowStatus, KeyEvent
from pullpush_sdk.engine.standing import Pulse, Shadowed, Standing

from ._dead import attempts_of
from ._rows import chunks
from ._schema import DEAD, RESTORED, WAITING

__all__ = ["counts", "events_of_key", "flows", "members", "pulse", "shadowed", "standings"]

Json = Any

_LATEST = 20_000


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
        " payload, transport_id FROM delivery JOIN stream ON stream.id = stream"
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
            origin="read" if transport is None else "conflict" if transport == RESTORED else "webhook",
            transport_id=None if transport == RESTORED else transport,
            attempts=attempts.get(pos, ()),
        )
        for (pos, identity, verb, version, logged_at, ended_at, *ending, payload, transport) in reversed(rows)
        for (state, outcome, reason, shadow) in [ending]
    ]


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


def pulse(flow: str, since: int, db: sqlite3.Connection) -> Pulse:
    """What ended lately, among the latest deliveries of all flows, and the last write."""
    (ended,) = db.execute(
        "SELECT count(*) FROM delivery JOIN stream ON stream.id = stream WHERE flow = ? AND ended_at >= ?"
        " AND pos > (SELECT coalesce(max(pos), 0) FROM delivery) - ?",
        (flow, since, _LATEST),
    ).fetchone()
    written = db.execute(
        "SELECT 1 FROM counter JOIN stream ON stream.id = stream WHERE flow = ? AND outcome = 'delivered' AND n > 0",
        (flow,),
    ).fetchone()
    if written is None:
        return Pulse(ended=ended)  # the look back would go through the whole log
    last = db.execute(
        "SELECT max(ended_at) FROM (SELECT ended_at FROM delivery JOIN stream ON stream.id = stream"
        " WHERE flow = ? AND outcome = 'delivered' ORDER BY pos DESC LIMIT 100)",
        (flow,),
    ).fetchone()[0]
    return Pulse(ended=ended, last_delivered=None if last is None else moment_of(last))


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
