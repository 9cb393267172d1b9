"""Both sides of a pair changed the status of one order: one of the two goes to both sides.

The other flow's changes of a record are known by the original's id (see `engine.own_records`). A status of this flow's
record that is about to be written meets one of the other flow (its *rival*) that
- waits as well: the delivery that loses goes with the winner's statuses, all the rest of it as it is;
- is on its way: nobody knows yet what it leaves there, so this flow waits for its end;
- was written over this flow's source after the change was made: whoever wins, the source may hold either, so the winner
  is written there once more, as a *restored* delivery of the opposite flow.

A record that only repeats its status while something else of it changed never wins. Of two changes the newest does (see
`engine.conflict`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from pullpush_sdk.canonical import CanonicalType, dumps, fields_of, loads
from pullpush_sdk.engine.conflict import happened_before, wins
from pullpush_sdk.engine.content import content_of, digest_of
from pullpush_sdk.engine.gate import NEVER, Mark, Row
from pullpush_sdk.engine.own_records import BACK, mirrored, said_statuses
from pullpush_sdk.engine.ports import FlowSpec

from . import _rows
from ._opposite import HOLD, Opposite
from ._schema import ENDED, RESTORED, WAITING

__all__ = ["StatusRivals"]

Json = Any

_LOOK_BACK = 20
"""How many deliveries of a record are looked at for the one before."""

_SAYS = "SELECT pos, version, payload, fields, logged_at, transport_id, ended_at FROM delivery"


@attrs.frozen(kw_only=True)
class _Said:
    """A delivery that speaks of statuses; `ended_at` None while it waits."""

    pos: int
    version: int
    payload: Mapping[str, Json]
    statuses: Mapping[str, Json]
    logged_at: int
    restored: bool
    ended_at: int | None

    @property
    def mark(self) -> Mark:
        return (self.version, self.pos)


@attrs.define(kw_only=True)
class StatusRivals:
    """The conflicts of one turn: made in its transaction, used once.

    `restored` are the keys to wake in the opposite flow. `changed` says that rows of this flow are stored otherwise
    than they were read.
    """

    db: sqlite3.Connection
    stream: int
    flow: FlowSpec
    kind: CanonicalType
    now: int
    restored: Mapping[str, None] = attrs.field(factory=dict)
    changed: bool = False
    _theirs: Opposite = attrs.field(init=False)

    def settle(self, lanes: Mapping[str, Sequence[Row]]) -> None:
        """Let losers say what the winners say; rows that must wait are due a little later."""
        theirs = Opposite.found(self.db, self.flow.opposite, self.kind.name, self.now)
        # A record that nobody wrote to the other side has no other side yet. One that is told by more than its id
        # (a type of somebody's own) has no statuses that go back.
        shared = [
            key
            for key, rows in lanes.items()
            if any(row.written_id is not None for row in rows) and all(row.identity == key for row in rows)
        ]
        if theirs is None or not shared:
            return
        self._theirs = theirs
        for key in shared:
            self._one(key, lanes[key])
        self.restored = theirs.restored
        theirs.count()

    def _one(self, key: str, rows: Sequence[Row]) -> None:
        mine = self._newest([self._at(row.pos) for row in rows])
        if mine is None:
            return
        there = mirrored(key)
        waiting = self._said(self._theirs.stream, there, f"state = {WAITING}")
        rivals = [each for each in waiting if each.statuses != mine.statuses]
        if any(each.pos in self._theirs.on_their_way for each in rivals):
            self._hold(rows)
            return
        applied, delivered = self._gate(key)
        if mine.mark < delivered:
            return  # stale, whatever the other side did
        landed = self._newest(self._said(self._theirs.stream, there, f"state = {ENDED} AND outcome = 'delivered'", 1))
        crossed = landed is not None and landed.statuses != mine.statuses and self._was_crossed(mine, landed)
        rival = self._newest(rivals) or (landed if crossed else None)
        if rival is None:
            if mine.restored:
                self._lift(mine, applied)
            return
        if self._wins(mine, rival, key):
            winner = mine.statuses
            for each in rivals:
                self._say(each, winner)
        else:
            winner = rival.statuses
            self._say(mine, winner)
        self._lift(mine, applied)
        if crossed and not mine.restored and not waiting:
            assert landed is not None
            self._restore(there, landed, winner)

    def _hold(self, rows: Sequence[Row]) -> None:
        self.changed = True
        self.db.executemany(
            "UPDATE delivery SET due = max(due, ?) WHERE pos = ?", [(self.now + HOLD, row.pos) for row in rows]
        )

    def _was_crossed(self, mine: _Said, landed: _Said) -> bool:
        assert landed.ended_at is not None
        if mine.restored:
            return landed.pos > mine.pos and not landed.restored
        return happened_before(mine.version, mine.logged_at, landed.ended_at)

    def _wins(self, mine: _Said, rival: _Said, key: str) -> bool:
        if mine.restored or rival.restored:
            return rival.restored
        here, there = (self.stream, key), (self._theirs.stream, mirrored(key))
        changed = self._changed(mine, here, there, rival), self._changed(rival, there, here, mine)
        return changed[0] if changed[0] != changed[1] else wins(mine.mark, rival.mark, None)

    def _changed(self, said: _Said, own: tuple[int, str], other: tuple[int, str], rival: _Said) -> bool:
        """Whether it says another status than its side had before, as far as the log still knows: what that side told
        last, or what the other flow wrote to it since.
        """
        told = self._said(*own, f"pos < {said.pos:d}", _LOOK_BACK)
        written = self._said(
            *other,
            f"pos < {said.pos:d} AND pos <> {rival.pos:d} AND outcome = 'delivered' AND ended_at <= {said.logged_at:d}",
            _LOOK_BACK,
        )
        before = max((*told, *written), key=lambda each: each.pos, default=None)
        return before is None or before.statuses != said.statuses

    def _gate(self, identity: str) -> tuple[int, Mark]:
        """The version below which events are stale, and the mark of what was delivered last, which no echo raises."""
        version, pos, delivered = self.db.execute(
            "SELECT applied_version, applied_pos, delivery.version FROM identity LEFT JOIN delivery"
            " ON pos = applied_pos WHERE identity.stream = ? AND identity.identity = ?",
            (self.stream, identity),
        ).fetchone()
        return version, NEVER if delivered is None else (delivered, pos)

    def _lift(self, said: _Said, version: int) -> None:
        """Let a change pass the gate although the echo of what it met came after it."""
        if said.version < version:
            self.changed = True
            self.db.execute("UPDATE delivery SET version = ? WHERE pos = ?", (version, said.pos))

    def _say(self, said: _Said, statuses: Mapping[str, Json]) -> None:
        """Let a waiting delivery go with other statuses, where it speaks of them."""
        self.changed = True
        payload = {**said.payload, **{name: value for name, value in statuses.items() if name in said.statuses}}
        self.db.execute(
            "UPDATE delivery SET payload = ?, digest = ? WHERE pos = ?",
            (dumps(payload), digest_of(content_of(self.kind)(payload)), said.pos),
        )

    def _restore(self, identity: str, landed: _Said, statuses: Mapping[str, Json]) -> None:
        """Write the winner to this flow's source as well: a delivery of the opposite flow."""
        id_field = next(field.wire for field in fields_of(self.kind.record) if field.required)
        payload = {id_field: identity.removeprefix(BACK), **statuses}
        (applied,) = self.db.execute(
            "SELECT applied_version FROM identity WHERE stream = ? AND identity = ?", (self._theirs.stream, identity)
        ).fetchone()
        version, digest = max(landed.version, applied), digest_of(content_of(self.kind)(payload))
        self._theirs.restore(identity, identity, version, dumps(payload), digest)

    def _at(self, pos: int) -> _Said | None:
        return self._of(self.db.execute(f"{_SAYS} WHERE pos = ?", (pos,)).fetchone())

    def _said(self, stream: int, key: str, where: str, limit: int = -1) -> list[_Said]:
        """Deliveries of a record that speak of statuses, the latest first; `limit` counts those that do not too."""
        rows = self.db.execute(
            f"{_SAYS} WHERE stream = ? AND key = ? AND {where} ORDER BY pos DESC LIMIT ?", (stream, key, limit)
        )
        return [said for row in rows.fetchall() if (said := self._of(row)) is not None]

    def _of(self, row: tuple[Any, ...]) -> _Said | None:
        pos, version, stored, fields, logged_at, transport_id, ended_at = row
        payload: Mapping[str, Json] = loads(stored)
        statuses = said_statuses(self.kind, payload, None if fields is None else _rows.unpack_fields(fields))
        if not statuses:
            return None
        return _Said(
            pos=pos,
            version=version,
            payload=payload,
            statuses=statuses,
            logged_at=logged_at,
            restored=transport_id == RESTORED,
            ended_at=ended_at,
        )

    @staticmethod
    def _newest(said: Sequence[_Said | None]) -> _Said | None:
        return max((each for each in said if each is not None), key=lambda each: each.mark, default=None)
