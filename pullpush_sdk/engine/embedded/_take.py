"""Taking a batch: what waits in some lanes is read, decided over and marked as on its way, in one transaction."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import msgspec

from pullpush_sdk.canonical import CanonicalType, dumps, fields_of, join_identity, loads
from pullpush_sdk.engine.causes import cause_of
from pullpush_sdk.engine.echo import echo_writer
from pullpush_sdk.engine.gate import NEVER, Gate, LanePlan, Row, plan_lane
from pullpush_sdk.engine.lanes import Taken, TakenLane
from pullpush_sdk.engine.locations import total
from pullpush_sdk.engine.own_records import mirrored
from pullpush_sdk.engine.ports import Ended, FlowSpec

from . import _rows
from ._own_records import OwnRecords, are_told_by_id
from ._rivals import Rivals
from ._schema import DEAD, ENDED
from ._status_rivals import StatusRivals

__all__ = ["Take"]

Json = Any
Read = tuple[Any, ...]

# How many rows of a lane one turn looks at: a state may be superseded by any of them, anything else goes one by one.
_STATES_AHEAD = 200
_OTHERS_AHEAD = 8

# What a delivery seldom has stands in one column, null where it has nothing of it and may go: nearly always.
_UNUSUAL = (
    "CASE WHEN delivery.fields IS NULL AND identity.fields IS NULL AND attempts = 0 AND due <= ? AND NOT maybe_applied"
    " AND (version, delivery.pos) >= (applied_version, applied_pos) THEN NULL ELSE json_array(delivery.fields,"
    " attempts, due, maybe_applied, applied_version, applied_pos, identity.fields) END"
)
_COLUMNS = (
    f"delivery.pos, delivery.key, delivery.identity, verb, version, payload, digest, baseline, written_id, {_UNUSUAL}"
)
_OF_IDENTITY = "CROSS JOIN identity ON identity.stream = delivery.stream AND identity.identity = delivery.identity"
# Whole lanes, as long as together they are not much: most lanes hold one row or two.
_READ = (
    f"WITH wanted (key) AS (VALUES {{}}) SELECT {_COLUMNS} FROM wanted CROSS JOIN delivery INDEXED BY delivery_waiting"
    f" ON state = 0 AND delivery.stream = ? AND delivery.key = wanted.key {_OF_IDENTITY} LIMIT ?"
)
# The beginning of each lane: for when some of them are long.
_READ_BEGINNINGS = (
    f"WITH wanted (key) AS (VALUES {{}}) SELECT {_COLUMNS} FROM wanted CROSS JOIN delivery ON delivery.pos IN"
    " (SELECT pos FROM delivery WHERE state = 0 AND stream = ? AND key = wanted.key ORDER BY pos LIMIT ?)"
    f" {_OF_IDENTITY}"
)
_A_LANE = 4

# Where the columns of a row stand, in the order of `_READ`.
_POS, _KEY, _SELDOM = 0, 1, 9
_NO_FIELDS: frozenset[str] = frozenset()
_unusual = msgspec.json.Decoder(tuple[str | None, int, int, int, int, int, str | None]).decode


def _row_of(read: Read) -> Row:
    pos, key, identity, verb, version, payload, digest, first, written, seldom = read
    if seldom is None:
        return Row(
            *(pos, key, identity, verb, version, None, payload, digest, 0, 0, False, first != 0, _NO_FIELDS, written)
        )
    fields, attempts, due, maybe, *_gate = _unusual(seldom)
    named = None if fields is None else _rows.unpack_fields(fields)
    return Row(
        *(pos, key, identity, verb, version, named, payload, digest, attempts, due, maybe != 0, first != 0),
        _NO_FIELDS,
        written,
    )


@attrs.define(kw_only=True)
class Take:
    """One turn: a job for the store. In shadow everything that would be sent ends here.

    `restored` are keys for which the opposite flow got something to write back.
    """

    stream: int
    flow: FlowSpec
    kind: CanonicalType
    coalesce: bool
    shadow: bool
    keys: Sequence[str]
    room: int
    now: int
    restored: Sequence[str] = attrs.field(init=False, default=())
    _held: Mapping[str, int] = attrs.field(init=False, factory=dict)
    _tally: Counter[str] = attrs.field(init=False, factory=Counter)
    _payloads: list[Mapping[str, Json]] = attrs.field(init=False, factory=list)

    def __call__(self, db: sqlite3.Connection) -> Taken:
        lanes = self._read(db)
        ahead = self._ahead
        longer = {key for key, read in lanes.items() if len(read) == ahead}
        if self.flow.opposite and not self.shadow:
            lanes = self._without_rivals(db, lanes)
        taken: list[TakenLane] = []
        plans: list[LanePlan] = []
        room = self.room
        keys = iter(self.keys)
        for key in keys:
            read = lanes.get(key, ())
            if key in self._held:
                taken.append(TakenLane(key, [], self._held[key], True))
            elif len(read) == 1 and read[0][_SELDOM] is None and key not in longer:
                # A plan for it could only be to send it.
                taken.append(TakenLane(key, [_row_of(read[0])], None, False))
                room -= 1
            else:
                plan = self._planned(db, read, room)
                plans.append(plan)
                taken.append(TakenLane(key, plan.send, plan.due, plan.rest or key in longer))
                room -= len(plan.send)
            if room <= 0:
                break
        if plans:
            self._end(db, plans)
        sent = [row for lane in taken for row in lane.rows]
        whole = not any(row.without for plan in plans for row in plan.send)
        self._payloads = self._contents(db, sent, whole=whole)
        flight = self._begin(db, sent) if sent else 0
        if self.shadow:
            self._shadow(db, sent)
            for lane in taken:
                lane.rows = []
        _rows.count(db, self.stream, self._tally, self.now)
        return Taken(flight, taken, [] if self.shadow else self._payloads, list(keys), self._tally)

    def _without_rivals(self, db: sqlite3.Connection, lanes: dict[str, list[Read]]) -> dict[str, list[Read]]:
        """The lanes after conflicts with the flow in the other direction were settled, and what it made is out."""
        rows = {key: [_row_of(each) for each in lane] for key, lane in lanes.items()}
        if are_told_by_id(self.flow, self.kind):
            ended, changed = OwnRecords(db=db, flow=self.flow, kind=self.kind).settle(self.stream, rows, self.now)
            self._tally.update(ended)
            statuses = StatusRivals(db=db, stream=self.stream, flow=self.flow, kind=self.kind, now=self.now)
            statuses.settle(rows)
            self.restored, changed = list(statuses.restored), changed or statuses.changed
        else:
            rivals = Rivals(db=db, stream=self.stream, flow=self.flow, kind=self.kind, now=self.now)
            rivals.settle(rows)
            self._tally.update(rivals.tally)
            self.restored, changed, self._held = list(rivals.restored), rivals.changed, rivals.held
        if not changed:
            return lanes
        # What came within reach only now was not looked at for conflicts: it has its turn later.
        seen = {each[_POS] for lane in lanes.values() for each in lane}
        return {key: [each for each in lane if each[_POS] in seen] for key, lane in self._read(db).items()}

    def _planned(self, db: sqlite3.Connection, read: Sequence[Read], room: int) -> LanePlan:
        rows = [_row_of(each) for each in read]
        gates: dict[str, Gate] = {}
        for row, each in zip(rows, read, strict=True):
            if each[_SELDOM] is not None:  # else its gate is open
                *_own, version, pos, marks = _unusual(each[_SELDOM])
                gates[row.identity] = Gate((version, pos), _rows.marks(marks))
        for row in rows:
            # A partial can do nothing for a record that never arrived.
            if row.fields is not None and (gate := gates[row.identity]).applied == NEVER and not gate.fields:
                gate.dead_leader = db.execute(
                    f"SELECT min(pos) FROM delivery WHERE state = {DEAD} AND stream = ? AND identity = ?"
                    " AND clash IS NULL",
                    (self.stream, row.identity),
                ).fetchone()[0]
        return plan_lane(rows, gates, coalesce=self.coalesce, together=self.kind.state, room=room, now=self.now)

    @property
    def _ahead(self) -> int:
        return _STATES_AHEAD if self.coalesce else _OTHERS_AHEAD

    def _read(self, db: sqlite3.Connection) -> dict[str, list[Read]]:
        """The first rows of each lane as they are stored, in log order, each with the gate of its identity."""
        lanes: dict[str, list[Read]] = {}
        wanted = ",".join(["(?)"] * len(self.keys))
        most = _A_LANE * len(self.keys) + self._ahead
        rows = db.execute(_READ.format(wanted), (*self.keys, self.now, self.stream, most)).fetchall()
        if len(rows) == most:  # there may be more, and of other lanes
            values = (*self.keys, self.now, self.stream, self._ahead)
            rows = db.execute(_READ_BEGINNINGS.format(wanted), values).fetchall()
        for each in rows:
            key = each[_KEY]
            if key in lanes:
                lanes[key].append(each)
            else:
                lanes[key] = [each]
        if len(lanes) == len(rows):
            return lanes
        for lane in lanes.values():
            lane.sort()  # by position: each row has one of its own
            del lane[self._ahead :]
        return lanes

    def _end(self, db: sqlite3.Connection, plans: Sequence[LanePlan]) -> None:
        """Store what was decided without sending."""
        ended = [each for plan in plans for each in plan.ended]
        db.executemany(
            f"UPDATE delivery SET state = {ENDED}, outcome = ?, ended_at = ?, reason = ? WHERE pos = ?",
            [(outcome.value, self.now, reason, row.pos) for row, outcome, reason in ended],
        )
        self._tally.update(outcome.value for _, outcome, _ in ended)
        db.executemany(
            "UPDATE delivery SET maybe_applied = ?, due = ?, verb = ? WHERE pos = ?",
            [(row.maybe_applied, row.due, row.verb, row.pos) for plan in plans for row in plan.changed],
        )
        orphaned = [each for plan in plans for each in plan.orphaned]
        for row, leader in orphaned:
            reason = f"waits for dead letter {leader} of the same record"
            db.execute(
                f"UPDATE delivery SET state = {DEAD}, outcome = 'dead', ended_at = ?, reason = ?, leader = ?,"
                " cause = coalesce((SELECT cause FROM delivery WHERE pos = ?), ?) WHERE pos = ?",
                (self.now, reason, leader, leader, cause_of(self.flow.name, self.kind.name, reason), row.pos),
            )
            self._tally[Ended.DEAD.value] += 1

    def _contents(self, db: sqlite3.Connection, rows: Sequence[Row], *, whole: bool) -> list[Mapping[str, Json]]:
        """What is to be written of each row; rows that are sent as they were logged (`whole`) are decoded together."""
        if (self.flow.locations.sums and self.kind.name == "stocklevel") or not whole:
            return [self._payload(db, row) for row in rows]
        together: list[Mapping[str, Json]] = loads(b"[" + b",".join([row.payload for row in rows]) + b"]")
        return together

    def _payload(self, db: sqlite3.Connection, row: Row) -> Mapping[str, Json]:
        """What is to be written: the logged record, or for a sum the quantities as they are known now."""
        payload: dict[str, Json] = loads(row.payload)
        if row.without:
            named = {field.name: field.wire for field in fields_of(self.kind.record) if not field.required}
            for name in row.without & named.keys():
                payload.pop(named[name], None)
        if self.flow.locations.sums and self.kind.name == "stocklevel":
            self._sum(db, row, payload)
        return payload

    def _sum(self, db: sqlite3.Connection, row: Row, payload: dict[str, Json]) -> None:
        place = self.flow.locations.place(payload.get("locationId"))
        # The place of another row may have the name of a member: the identity tells them apart.
        if place is None or not place.summed or row.identity != join_identity(row.key, place.location or ""):
            return
        members = self.flow.locations.members(place.location)
        quantities = [
            loads(quantity)
            for (quantity,) in db.execute(
                "SELECT quantity FROM member WHERE stream = ? AND key = ?"
                f" AND location IN ({','.join('?' * len(members))})",
                (self.stream, row.key, *members),
            )
        ]
        payload["quantity"] = total(quantities)
        payload.pop("updatedAt", None)
        payload.pop("extensions", None)
        if place.location is None:
            payload.pop("locationId", None)
        else:
            payload["locationId"] = place.location

    def _begin(self, db: sqlite3.Connection, rows: Sequence[Row]) -> int:
        """Mark a batch as on its way, and tell the flows that read from its destination what they will see."""
        if self.shadow:
            return 0
        if self.flow.readers:
            self._announce(db, rows)
        flight = db.execute(
            "INSERT INTO flight (stream, at, positions) VALUES (?, ?, ?)",
            (self.stream, self.now, msgspec.json.encode([row.pos for row in rows]).decode()),
        )
        return int(flight.lastrowid or 0)

    def _announce(self, db: sqlite3.Connection, rows: Sequence[Row]) -> None:
        written = echo_writer(self.kind)
        contents = [
            (row.identity, row.pos, dumps(written(payload, row.verb == "deleted")).decode())
            for row, payload in zip(rows, self._payloads, strict=True)
        ]
        others = self.flow.opposite if are_told_by_id(self.flow, self.kind) else None
        announced = [
            (reader, self.kind.name, mirrored(identity) if reader == others else identity, *rest)
            for reader in self.flow.readers
            for identity, *rest in contents
        ]
        # An earlier attempt of the same delivery was announced already: it is the same write, begun again now.
        db.executemany("DELETE FROM own_write WHERE pos = ?", [(row.pos,) for row in rows])
        db.executemany(
            "INSERT INTO own_write (reader, type, identity, pos, content, at) VALUES (?, ?, ?, ?, ?, ?)",
            [(*each, self.now) for each in announced],
        )

    def _shadow(self, db: sqlite3.Connection, rows: Sequence[Row]) -> None:
        """End what would be sent, with what it would change."""
        for row, payload in zip(rows, self._payloads, strict=True):
            would = dumps(self._differences(db, row, payload)).decode()
            db.execute(
                f"UPDATE delivery SET state = {ENDED}, outcome = 'shadowed', ended_at = ?, answer = ? WHERE pos = ?",
                (self.now, would, row.pos),
            )
            db.execute(
                "UPDATE identity SET applied_version = ?, applied_pos = ?, known = ? WHERE stream = ? AND identity = ?"
                " AND (applied_version, applied_pos) <= (?, ?)",
                (
                    *(row.version, row.pos, row.digest if row.fields is None else None),
                    *(self.stream, row.identity, row.version, row.pos),
                ),
            )
        self._tally[Ended.SHADOWED.value] += len(rows)

    def _differences(self, db: sqlite3.Connection, row: Row, payload: Mapping[str, Json]) -> Mapping[str, Json]:
        """Field to (before, after), as far as the log knows what was before: seen in shadow, or written when active."""
        before = db.execute(
            "SELECT delivery.payload FROM identity JOIN delivery ON delivery.pos = identity.applied_pos"
            " JOIN stream ON stream.id = identity.stream WHERE stream.flow = ? AND stream.type = ? AND"
            " identity.identity = ? ORDER BY stream.shadow DESC LIMIT 1",
            (self.flow.name, self.kind.name, row.identity),
        ).fetchone()
        old: Mapping[str, Json] = loads(before[0]) if before else {}
        return {name: [old.get(name), value] for name, value in payload.items() if old.get(name) != value}
