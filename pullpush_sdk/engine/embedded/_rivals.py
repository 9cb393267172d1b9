"""Conflicts of a two-way pair, settled when a lane is taken: the loser ends, the winner is written to both sides.

Let this flow read A and write B; the opposite one reads B and writes A. A change of A that is about to be written to B
may meet a change of B (its *rival*) that
- waits as well: one of the two ends, the other is delivered;
- is on its way to A: nobody knows yet what it leaves there, so this flow waits for its end;
- was written to A after the change of A: whoever wins, A may hold either. The winner is written to A once more, as a
  *restored* delivery of the opposite flow. A restored delivery is no change of anybody: it never wins a conflict.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs

from pullpush_sdk.canonical import CanonicalType, dumps, join_identity, loads
from pullpush_sdk.engine.conflict import happened_before, wins
from pullpush_sdk.engine.content import written_matches
from pullpush_sdk.engine.echo import echo_writer
from pullpush_sdk.engine.gate import NEVER, Mark, Row
from pullpush_sdk.engine.ports import Ended, FlowSpec

from . import _rows
from ._opposite import HOLD, Opposite
from ._schema import ENDED, RESTORED, WAITING

__all__ = ["Rivals"]

Json = Any


@attrs.frozen(kw_only=True)
class _Rival:
    """The other side's newest change of a record; `ended_at` None while it waits."""

    pos: int
    identity: str
    version: int
    payload: bytes
    digest: bytes
    logged_at: int
    restored: bool
    maybe_applied: bool = False
    ended_at: int | None = None


@attrs.define(kw_only=True)
class Rivals:
    """The conflicts of one turn: made in its transaction, used once.

    `tally` is what ended of this flow, `restored` the keys to wake in the opposite one. `changed` says that rows of
    this flow are stored otherwise than they were read; `held` are keys that wait, each with the time to look again.
    """

    db: sqlite3.Connection
    stream: int
    flow: FlowSpec
    kind: CanonicalType
    now: int
    tally: Counter[str] = attrs.field(factory=Counter)
    restored: Mapping[str, None] = attrs.field(factory=dict)
    held: dict[str, int] = attrs.field(factory=dict)
    changed: bool = False
    _theirs: Opposite = attrs.field(init=False)

    def settle(self, lanes: Mapping[str, list[Row]]) -> None:
        """End the losers; rows that ended leave their lanes, rows that must wait are due a little later."""
        theirs = Opposite.found(self.db, self.flow.opposite, self.kind.name, self.now)
        if theirs is None or not lanes:
            return
        self._theirs = theirs
        places = self._places(lanes)
        waiting, landed = self._waiting(list(lanes)), self._landed(list(places.values()))
        logged = self._logged([row.pos for rows in lanes.values() for row in rows])
        for rows in lanes.values():
            for identity in dict.fromkeys(row.identity for row in rows if row.fields is None):
                there = places.get(identity)
                if there is not None:
                    self._one(rows, identity, logged, waiting.get(there, []), landed.get(there))
        self.restored = theirs.restored
        theirs.count()

    def _one(
        self,
        rows: list[Row],
        identity: str,
        logged: Mapping[int, tuple[int, bool]],
        waiting: Sequence[_Rival],
        landed: _Rival | None,
    ) -> None:
        mine = max((row for row in rows if row.identity == identity and row.fields is None), key=lambda row: row.mark)
        applied, delivered, delivered_at = self._gate(identity)
        if mine.mark < delivered:
            return  # stale, whatever the other side did
        logged_at, is_restored = logged[mine.pos]
        if any(each.pos in self._theirs.on_their_way for each in waiting):
            self._hold([row for row in rows if row.identity == identity])
            return
        if is_restored:
            if any(each.pos > mine.pos and not each.restored for each in (*waiting, *([landed] if landed else []))):
                self._end_mine(rows, identity, Ended.SUPERSEDED, "the other side changed it since")
            elif mine.version < applied:
                self._lift(mine, applied)
            return
        obsolete = [each for each in waiting if each.restored and not self._says_the_same(mine, each)]
        self._end_theirs(obsolete, "the other side changed it since")
        real = [each for each in waiting if not each.restored]
        if real:
            # What lies on either side is known only where nothing was written over it.
            unsure = mine.maybe_applied or any(
                each.maybe_applied or happened_before(each.version, each.logged_at, delivered_at) for each in real
            )
            crossed = landed is not None and self._was_crossed(mine, logged_at, landed)
            self._both_wait(rows, mine, real, crossed=crossed, unsure=unsure)
        elif landed is not None and self._was_crossed(mine, logged_at, landed):
            self._crossed(rows, mine, landed)
        if any(row is mine for row in rows) and mine.version < applied and (real or landed is not None):
            self._lift(mine, applied)

    def _gate(self, identity: str) -> tuple[int, Mark, int]:
        """The version below which events are stale; mark and time of what was delivered last, which no echo raises."""
        version, pos, delivered, ended_at = self.db.execute(
            "SELECT applied_version, applied_pos, delivery.version, ended_at FROM identity LEFT JOIN delivery"
            " ON pos = applied_pos WHERE identity.stream = ? AND identity.identity = ?",
            (self.stream, identity),
        ).fetchone()
        return version, NEVER if delivered is None else (delivered, pos), ended_at or 0

    def _hold(self, rows: Sequence[Row]) -> None:
        """Let rows look again a little later: nothing is decided over their lane before."""
        self.changed = True
        for row in rows:
            row.due = max(row.due, self.now + HOLD)
            self.held[row.key] = max(self.held.get(row.key, 0), row.due)
            self.db.execute("UPDATE delivery SET due = ? WHERE pos = ?", (row.due, row.pos))

    def _lift(self, mine: Row, version: int) -> None:
        """Let a change pass the gate although the echo of what it won against came after it."""
        self.changed = True
        mine.version = version
        self.db.execute("UPDATE delivery SET version = ? WHERE pos = ?", (version, mine.pos))

    def _both_wait(self, rows: list[Row], mine: Row, waiting: Sequence[_Rival], *, crossed: bool, unsure: bool) -> None:
        """`crossed`: something was written over mine at its source; `unsure`: perhaps over one of theirs."""
        rival = max(waiting, key=lambda each: (each.version, each.pos))
        if not (crossed or unsure) and self._says_the_same(mine, rival):
            self._end_mine(rows, mine.identity, Ended.UNCHANGED, "the other side holds the same")
            self._end_theirs(waiting, "the other side holds the same", Ended.UNCHANGED)
        elif self._wins(mine, rival):
            self._end_theirs(waiting, f"{self.flow.source} changed it too, and its change wins")
            if crossed or any(each.maybe_applied for each in waiting):
                self._restore(mine, rival)
        else:
            self._end_mine(rows, mine.identity, Ended.SUPERSEDED, self._lost)

    def _was_crossed(self, mine: Row, logged_at: int, landed: _Rival) -> bool:
        assert landed.ended_at is not None
        return happened_before(mine.version, logged_at, landed.ended_at) and not self._says_the_same(mine, landed)

    def _crossed(self, rows: list[Row], mine: Row, landed: _Rival) -> None:
        """The rival was written over what this flow is about to deliver."""
        if landed.restored or self._wins(mine, landed):
            self._restore(mine, landed)
            return
        self._end_mine(rows, mine.identity, Ended.SUPERSEDED, self._lost)
        self._theirs.restore(mine.key, landed.identity, landed.version, landed.payload, landed.digest)

    @property
    def _lost(self) -> str:
        return f"{self.flow.destination} changed it too, and its change wins"

    def _wins(self, mine: Row, rival: _Rival) -> bool:
        return wins(mine.mark, (rival.version, rival.pos), self.flow.owner.get(self.kind.name))

    def _says_the_same(self, mine: Row, rival: _Rival) -> bool:
        written = echo_writer(self.kind)
        here, there = written(loads(mine.payload), mine.verb == "deleted"), written(loads(rival.payload), False)
        return not here.keys().isdisjoint(there) and written_matches(here, there)

    def _restore(self, mine: Row, rival: _Rival) -> None:
        """Write what this flow delivers to its own source as well."""
        payload: dict[str, Json] = loads(mine.payload)
        if self.kind.name == "stocklevel" and not self.flow.locations.passes_through:
            location = loads(rival.payload).get("locationId")
            payload.pop("locationId", None)
            if location is not None:
                payload["locationId"] = location
        if mine.verb != "deleted":
            self._theirs.restore(mine.key, rival.identity, rival.version, dumps(payload), mine.digest)

    def _end_mine(self, rows: list[Row], identity: str, outcome: Ended, reason: str) -> None:
        ended = [row for row in rows if row.identity == identity and row.fields is None]
        self.changed = True
        gone = {row.pos for row in ended}
        rows[:] = [row for row in rows if row.pos not in gone]
        self.tally[outcome.value] += len(ended)
        self._end(self.stream, [(row.pos, row.identity, row.version) for row in ended], outcome, reason)

    def _end_theirs(self, waiting: Sequence[_Rival], reason: str, outcome: Ended = Ended.SUPERSEDED) -> None:
        self._theirs.tally[outcome.value] += len(waiting)
        self._end(self._theirs.stream, [(each.pos, each.identity, each.version) for each in waiting], outcome, reason)

    def _end(self, stream: int, ended: Iterable[tuple[int, str, int]], outcome: Ended, reason: str) -> None:
        """What lost is as old as what was applied: the echo of the winner then tells what the other side holds.

        What was delivered last stays known: it may lie over a change that nobody has heard of yet.
        """
        for pos, identity, version in ended:
            self.db.execute(
                f"UPDATE delivery SET state = {ENDED}, outcome = ?, ended_at = ?, reason = ? WHERE pos = ?",
                (outcome.value, self.now, reason, pos),
            )
            self.db.execute(
                "UPDATE identity SET applied_version = max(applied_version, ?), known = NULL"
                " WHERE stream = ? AND identity = ?",
                (version, stream, identity),
            )

    def _places(self, lanes: Mapping[str, Iterable[Row]]) -> dict[str, str]:
        """Identity here to identity in the opposite flow; a sum has none."""
        plan = self.flow.locations
        if self.kind.name != "stocklevel" or plan.passes_through:
            # A contact without an address is known by an id of its own platform.
            own_ids = self.kind.name == "contact" and "contact" not in self.flow.match
            shared = [key for key in lanes if not own_ids or not key.startswith("id:")]
            return {row.identity: row.identity for key in shared for row in lanes[key]}
        return {
            join_identity(key, there): join_identity(key, here) for key in lanes for here, there in plan.moves.items()
        }

    def _waiting(self, keys: Sequence[str]) -> dict[str, list[_Rival]]:
        found: dict[str, list[_Rival]] = {}
        for some, places in _rows.chunks(keys):
            for pos, identity, version, payload, digest, logged_at, maybe, transport in self.db.execute(
                "SELECT pos, identity, version, payload, digest, logged_at, maybe_applied, transport_id FROM delivery"
                f" WHERE state = {WAITING} AND stream = ? AND key IN ({places}) AND fields IS NULL ORDER BY pos",
                (self._theirs.stream, *some),
            ):
                rival = _Rival(
                    pos=pos,
                    identity=identity,
                    version=version,
                    payload=payload,
                    digest=digest,
                    logged_at=logged_at,
                    restored=transport == RESTORED,
                    maybe_applied=bool(maybe),
                )
                found.setdefault(identity, []).append(rival)
        return found

    def _landed(self, identities: Sequence[str]) -> dict[str, _Rival]:
        found = {}
        for some, places in _rows.chunks(identities):
            for pos, identity, version, payload, digest, logged_at, transport, ended_at in self.db.execute(
                "SELECT pos, delivery.identity, version, payload, delivery.digest, logged_at, transport_id, ended_at"
                " FROM identity JOIN delivery ON pos = applied_pos WHERE identity.stream = ? AND outcome = 'delivered'"
                f" AND ended_at NOT NULL AND delivery.fields IS NULL AND identity.identity IN ({places})",
                (self._theirs.stream, *some),
            ):
                found[identity] = _Rival(
                    pos=pos,
                    identity=identity,
                    version=version,
                    payload=payload,
                    digest=digest,
                    logged_at=logged_at,
                    restored=transport == RESTORED,
                    ended_at=ended_at,
                )
        return found

    def _logged(self, positions: Sequence[int]) -> dict[int, tuple[int, bool]]:
        """Position to the time at which it was logged, and whether it is restored."""
        found = {}
        for start in range(0, len(positions), 500):
            some = positions[start : start + 500]
            for pos, logged_at, transport in self.db.execute(
                f"SELECT pos, logged_at, transport_id FROM delivery WHERE pos IN ({','.join('?' * len(some))})", some
            ):
                found[pos] = (logged_at, transport == RESTORED)
        return found
