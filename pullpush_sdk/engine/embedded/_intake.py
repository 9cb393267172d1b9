"""A page into the log: events, counts and cursor in one transaction."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from typing import Any

import attrs

from pullpush_sdk.canonical import CanonicalType, dumps, loads
from pullpush_sdk.connector import Event
from pullpush_sdk.engine.arrivals import Arrival, Dead, Prepared
from pullpush_sdk.engine.causes import cause_of
from pullpush_sdk.engine.echo import OwnWrite
from pullpush_sdk.engine.intake import Known, Member, Verdict, is_settled_by, settle, settle_member
from pullpush_sdk.engine.own_records import mirrored
from pullpush_sdk.engine.ports import Counts, FlowSpec

from . import _rows
from ._claim_rows import Holders
from ._claims import Claims
from ._own_records import OwnRecords
from ._parked import Parked
from ._schema import DEAD
from ._space import Space
from ._suspects import note_asked

__all__ = ["Appended", "Claimed", "Intake"]

_COUNTED = {
    Verdict.REPEAT: "repeat",
    Verdict.ECHO: "unchanged",
    Verdict.UNCHANGED: "unchanged",
    Verdict.STALE: "stale",
}

_LOGGED = (
    *("pos", "stream", "key", "identity", "verb", "version", "fields", "payload", "digest", "logged_at"),
    *("transport_id", "native_id", "baseline"),
)
_NOTE_LOGGED = (
    "INSERT INTO identity (stream, identity, logged_version, logged_digest, logged_pos)"
    " SELECT stream, identity, version, digest, pos FROM delivery WHERE pos BETWEEN ? AND ? ORDER BY pos"
    " ON CONFLICT DO UPDATE SET logged_version = excluded.logged_version, logged_digest = excluded.logged_digest,"
    " logged_pos = excluded.logged_pos"
)
_KNOW = (
    "INSERT INTO identity (stream, identity, logged_version, logged_digest, logged_pos, applied_version, applied_pos,"
    " known, told) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
    " logged_version = excluded.logged_version, logged_digest = excluded.logged_digest,"
    " logged_pos = excluded.logged_pos, applied_version = excluded.applied_version,"
    " known = excluded.known, told = excluded.told"
)


@attrs.frozen
class Claimed:
    """What an append needs to know of a type whose keys people give; see `Claims`."""

    kind: CanonicalType
    again: Callable[[Event], Arrival | None]
    holders: Holders


@attrs.frozen
class Appended:
    """What an append did: its counts, and the keys that have something to deliver."""

    counts: Counts
    keys: Sequence[str]


@attrs.define
class Intake:
    """One append: a job for the store. `by_id` is the type where our own records have other ids at the source.

    `claimed` is the type where two records of the source may carry one key, with what makes an arrival of an event that
    was parked for that; None where the source gives its own keys. `asked` are records that the source was asked about:
    what is `left` is then believed.
    """

    flow: FlowSpec
    canonical_type: str
    ready: Prepared
    scope: str | None
    reconcile: bool
    now: int
    linked: bool
    space: Space | None
    baseline: bool = False
    by_id: CanonicalType | None = None
    claimed: Claimed | None = None
    asked: Sequence[str] = ()
    _parked: Sequence[Parked] = attrs.field(init=False, default=())
    _floors: Mapping[str, int] = attrs.field(init=False, factory=dict)
    _stream: int = attrs.field(init=False, default=0)
    _pos: int = attrs.field(init=False, default=0)
    _tally: Counter[str] = attrs.field(init=False, factory=Counter)
    _logged: list[tuple[Any, ...]] = attrs.field(init=False, factory=list)
    _keys: dict[str, None] = attrs.field(init=False, factory=dict)
    _better_known: list[tuple[Any, ...]] = attrs.field(init=False, factory=list)
    _changes: set[str] = attrs.field(init=False, factory=set)

    def __call__(self, db: sqlite3.Connection) -> Appended:
        if self.space is not None:
            self.space.require(db)
        self._stream = _rows.stream_of(db, self.flow.name, self.canonical_type, shadow=self.flow.state == "shadow")
        last = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'delivery'").fetchone()
        self._pos = last[0] if last else 0
        arrivals = self._new_transports(db) if self.scope is not None else self.ready.arrivals
        if self.claimed is not None:
            arrivals = self._claimed(db, self.claimed, arrivals)
        if self.flow.locations.sums and any(arrival.member is not None for arrival in arrivals):
            self._sums(db, [arrival for arrival in arrivals if arrival.member is not None])
            arrivals = [arrival for arrival in arrivals if arrival.member is None]
        if self.by_id is not None:
            own = OwnRecords(db=db, flow=self.flow, kind=self.by_id)
            arrivals, silent = own.sorted_out(self._stream, arrivals)
            self._tally["unchanged"] += silent
        self._states(db, arrivals)
        self._store_logged(db)
        self._bury(db)
        self._others_changed(db)
        return self._finished(db)

    def _claimed(self, db: sqlite3.Connection, claimed: Claimed, arrivals: Sequence[Arrival]) -> list[Arrival]:
        """The arrivals whose key is theirs; those of records that compete for one are parked."""
        claims = Claims(
            db=db,
            stream=self._stream,
            flow=self.flow,
            kind=claimed.kind,
            now=self.now,
            holders=claimed.holders,
            again=claimed.again,
        )
        going = claims.sorted_out(arrivals, self.ready.left, believed=bool(self.asked))
        note_asked(self._stream, self.asked, self.now, db)
        self._parked, self._floors = claims.parked, claims.floors
        self._tally.update(claims.tally)
        return going

    def _store_logged(self, db: sqlite3.Connection) -> None:
        """The new log entries, and what they change of their identities, in few statements."""
        logged = self._logged
        _rows.write(db, "delivery", _LOGGED, logged)
        if logged:
            db.execute(_NOTE_LOGGED, (logged[0][0], logged[-1][0]))
        # What is more than logged (confirmed, or told by members of a sum) is known better than from the log alone.
        db.executemany(_KNOW, self._better_known)

    def _new_transports(self, db: sqlite3.Connection) -> list[Arrival]:
        """Without the events whose webhook came before; one page may hold several events of one webhook."""
        ids = {arrival.transport_id for arrival in self.ready.arrivals if arrival.transport_id is not None}
        seen: set[str] = set()
        for some, places in _rows.chunks(sorted(ids)):
            seen.update(
                row[0]
                for row in db.execute(
                    f"SELECT id FROM transport WHERE stream = ? AND scope = ? AND id IN ({places})",
                    (self._stream, self.scope, *some),
                )
            )
        db.executemany(
            "INSERT INTO transport VALUES (?, ?, ?, ?)",
            [(self._stream, self.scope, id_, self.now) for id_ in ids - seen],
        )
        new = [arrival for arrival in self.ready.arrivals if arrival.transport_id not in seen]
        self._tally["repeat"] += len(self.ready.arrivals) - len(new)
        return new

    def _states(self, db: sqlite3.Connection, arrivals: Sequence[Arrival]) -> None:
        identities = {arrival.identity for arrival in arrivals}
        known = _rows.known_of(db, self._stream, identities)
        writes = self._own_writes(db, arrivals) if self.linked else {}
        gone: list[int] = []
        # What is heard of for the first time, and once in the page, is logged; nothing else can be said of it.
        plain = len(identities) == len(arrivals) and not (self.linked or self.flow.opposite or self._floors)
        for arrival in arrivals:
            state = known.get(arrival.identity)
            if state is None:
                if plain:
                    self._log(arrival, None, arrival.version)
                    continue
                state = known[arrival.identity] = Known()
            mine = writes.get(arrival.seen_as, ()) if writes else ()
            if arrival.identity in self._floors:
                arrival.version = max(arrival.version, self._floors[arrival.identity])
            verdict, echo = settle(arrival, state, mine, reconcile=self.reconcile, now=self.now)
            if mine and verdict in (Verdict.ECHO, Verdict.LOG):
                # A write is explained, or overtaken, together with those before it.
                done = [write for write in mine if is_settled_by(write, arrival, echo)]
                gone += [write.id for write in done]
                writes[arrival.seen_as] = [write for write in mine if write not in done]
            if self.flow.opposite and arrival.fields is None and verdict is not Verdict.STALE:
                state.told, state.changed, state.confirmed = arrival.digest, True, True
            if verdict is Verdict.LOG:
                self._log(arrival, state, arrival.version)
            else:
                self._tally[_COUNTED[verdict]] += 1
                if verdict in (Verdict.ECHO, Verdict.UNCHANGED):
                    self._confirm(arrival, state, still_pending=bool(writes.get(arrival.seen_as)))
        db.executemany("DELETE FROM own_write WHERE id = ?", [(id_,) for id_ in gone])
        self._remember(known)

    def _confirm(self, arrival: Arrival, state: Known, *, still_pending: bool) -> None:
        """Nothing to deliver, but an older event that comes late is stale from now on."""
        if arrival.version > state.applied[0]:
            state.applied = (arrival.version, state.applied[1])
        if arrival.fields is None:
            # With an older event of ours still under way nobody knows what it leaves behind.
            state.digest = None if still_pending or not state.settled else arrival.digest
        state.changed = state.confirmed = True

    def _log(self, arrival: Arrival, state: Known | None, version: int) -> None:
        self._pos = pos = self._pos + 1
        digest, fields = arrival.digest, arrival.fields
        self._logged.append(
            (
                pos,
                self._stream,
                arrival.key,
                arrival.identity,
                arrival.verb,
                version if arrival.member is None else pos,
                None if fields is None else _rows.pack_fields(fields),
                arrival.payload,
                digest,
                self.now,
                arrival.transport_id,
                arrival.native_id,
                self.baseline,
            )
        )
        if state is not None:
            state.logged_version, state.logged_digest, state.logged_pos, state.changed = version, digest, pos, True
        self._keys[arrival.key] = None
        if self.linked:
            self._changes.add(arrival.seen_as)

    def _sums(self, db: sqlite3.Connection, arrivals: Sequence[Arrival]) -> None:
        """Events of locations that are part of a sum: the member's quantity moves, the sum is told at dispatch."""
        known = _rows.known_of(db, self._stream, [arrival.identity for arrival in arrivals])
        members = self._members(db, arrivals)
        for arrival in arrivals:
            place = (arrival.key, arrival.member or "")
            quantity = dumps(arrival.quantity).decode()
            state = known.setdefault(arrival.identity, Known())
            verdict, moves = settle_member(arrival, quantity, members.get(place), state, reconcile=self.reconcile)
            if moves:
                members[place] = Member(arrival.version, quantity)
            if verdict is Verdict.LOG:
                self._log(arrival, state, arrival.version)
            else:
                self._tally[_COUNTED[verdict]] += 1
        db.executemany(
            "INSERT OR REPLACE INTO member VALUES (?, ?, ?, ?, ?)",
            [(self._stream, key, place, each.version, each.quantity) for (key, place), each in members.items()],
        )
        self._remember(known, whole=True)

    def _members(self, db: sqlite3.Connection, arrivals: Sequence[Arrival]) -> dict[tuple[str, str], Member]:
        found = {}
        for some, places in _rows.chunks(list({arrival.key for arrival in arrivals})):
            for key, location, version, quantity in db.execute(
                f"SELECT key, location, version, quantity FROM member WHERE stream = ? AND key IN ({places})",
                (self._stream, *some),
            ):
                found[key, location] = Member(version, quantity)
        return found

    def _own_writes(self, db: sqlite3.Connection, arrivals: Sequence[Arrival]) -> dict[str, list[OwnWrite]]:
        """What other flows wrote to our source and was not seen back, by identity, oldest first."""
        found: dict[str, list[OwnWrite]] = {}
        for some, places in _rows.chunks(list({arrival.seen_as for arrival in arrivals})):
            for id_, identity, content, at in db.execute(
                "SELECT id, identity, content, at FROM own_write"
                f" WHERE reader = ? AND type = ? AND identity IN ({places}) ORDER BY id",
                (self.flow.name, self.canonical_type, *some),
            ):
                found.setdefault(identity, []).append(OwnWrite(id=id_, content=loads(content), at=at))
        return found

    def _remember(self, known: dict[str, Known], *, whole: bool = False) -> None:
        """Note what is to be stored of identities beside their latest log entry; of a sum's all of it."""
        self._better_known += [
            (
                self._stream,
                identity,
                state.logged_version,
                state.logged_digest,
                state.logged_pos,
                *state.applied,
                state.digest,
                state.told,
            )
            for identity, state in known.items()
            if state.changed and (whole or state.confirmed)
        ]

    def _others_changed(self, db: sqlite3.Connection) -> None:
        """The source moved by itself: flows that write to it no longer know what it holds."""
        if not self.linked or not self._changes:
            return
        changes = self._changes
        if self.by_id is not None:
            changes = changes | {mirrored(identity) for identity in changes}
        for some, places in _rows.chunks(list(changes)):
            db.execute(
                "UPDATE identity SET known = NULL WHERE stream IN"
                " (SELECT stream.id FROM stream JOIN link ON link.writer = stream.flow"
                f" WHERE link.reader = ? AND stream.type = ?) AND identity IN ({places})",
                (self.flow.name, self.canonical_type, *some),
            )

    def _bury(self, db: sqlite3.Connection) -> None:
        fresh = [dead for dead in self.ready.dead if not self._is_buried(db, dead)]
        rows = [self._dead_row(dead) for dead in fresh]
        db.executemany(
            "INSERT INTO delivery (pos, stream, key, identity, verb, version, payload, digest, logged_at, ended_at,"
            " state, outcome, reason, cause, native_id) VALUES (?, ?, ?, '', ?, 0, ?, ?, ?, ?, ?, 'dead', ?, ?, ?)",
            rows,
        )
        db.executemany(
            "INSERT INTO delivery (pos, stream, key, identity, verb, version, fields, payload, digest, native_id,"
            " reason, cause, logged_at, ended_at, state, outcome, clash)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'dead', 1)",
            [self._parked_row(each) for each in self._parked],
        )
        self._tally["dead"] += len(rows) + len(self._parked)
        self._tally["repeat"] += len(self.ready.dead) - len(rows)

    def _is_buried(self, db: sqlite3.Connection, dead: Dead) -> bool:
        """Whether the very record lies among the dead letters for the same reason: a source that is read whole shows
        it at every sweep.
        """
        return (
            db.execute(
                f"SELECT 1 FROM delivery WHERE state = {DEAD} AND stream = ? AND identity = '' AND digest = ?"
                " AND reason = ? LIMIT 1",
                (self._stream, _digest(dead), dead.reason),
            ).fetchone()
            is not None
        )

    def _dead_row(self, dead: Dead) -> tuple[Any, ...]:
        self._pos += 1
        cause = cause_of(self.flow.name, self.canonical_type, dead.reason)
        verb = "unnamed" if dead.mapped else "unmapped"
        return (
            *(self._pos, self._stream, dead.key, verb, dead.payload, _digest(dead), self.now, self.now),
            *(DEAD, dead.reason, cause, dead.origin or None),
        )

    def _parked_row(self, parked: Parked) -> tuple[Any, ...]:
        self._pos += 1
        row = parked.row(self.flow.name, self.canonical_type)
        return (self._pos, self._stream, *row, self.now, self.now, DEAD)

    def _finished(self, db: sqlite3.Connection) -> Appended:
        ready = self.ready
        self._tally.update(skipped=ready.skipped, ignored=ready.ignored)
        waiting = len(self._logged)
        read = waiting + self._tally.total()
        _rows.count(db, self._stream, {**self._tally, "read": read}, self.now)
        if ready.cursor is not None:
            db.execute(
                "INSERT OR REPLACE INTO checkpoint VALUES (?, ?, ?, ?)",
                (self.flow.name, self.canonical_type, dumps(ready.cursor).decode(), self.now),
            )
        counts = Counts(read=read, waiting=waiting, ahead=ready.ahead, clashed=len(self._parked), **self._tally)
        return Appended(counts, list(self._keys))


def _digest(dead: Dead) -> bytes:
    return blake2b(dead.payload, digest_size=16).digest()
