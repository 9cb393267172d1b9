"""Which record of the source carries which key, and what becomes of a record whose key another one holds.

People give SKUs, so two records may carry one; the second would overwrite the first at the destination. The log notes
for each record (by the platform's own id) the key that it showed last. The first to show a key holds it until it shows
another one or is gone. What others say under that key is kept as dead letters, which name all of them; as soon as one
record alone carries the key, its latest state goes into the log again.

Versions of two records are not comparable: a key that passes from one to another starts with an open gate.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import attrs

from pullpush_sdk.canonical import CanonicalType, dumps, from_wire, join_identity, loads, to_sparse
from pullpush_sdk.connector import Event, Verb
from pullpush_sdk.engine.arrivals import Arrival, Left
from pullpush_sdk.engine.causes import cause_of
from pullpush_sdk.engine.gate import NEVER
from pullpush_sdk.engine.ports import FlowSpec, Suspects
from pullpush_sdk.errors import FieldError

from . import _rows
from ._schema import DEAD, ENDED

__all__ = ["Claims", "Parked", "left_of", "note_asked", "suspects"]

Json = Any

_ASKED_AT_ONCE = 50
_PARKED = f"clash NOT NULL AND state = {DEAD}"


@attrs.define
class _Claim:
    """A record of the source: the key that it carries, and whether it holds it. `version` is that of the event by which
    it came to the key.
    """

    native_id: str
    key: str
    version: int
    holds: bool
    title: str
    changed: bool = False

    @property
    def name(self) -> str:
        """What people know it by: the last part of an id that is a path."""
        number = self.native_id.rpartition("/")[2]
        return f'{number} "{self.title}"' if self.title else number


@attrs.frozen
class Parked:
    """An arrival that cannot be delivered while another record carries its key."""

    arrival: Arrival
    reason: str

    def row(self, flow: str, canonical_type: str) -> tuple[Any, ...]:
        """What the log holds of it: key, identity, verb, version, fields, payload, digest, native id, reason, cause."""
        each = self.arrival
        return (
            *(each.key, each.identity, each.verb, each.version, _rows.pack_fields(each.fields)),
            *(dumps(to_sparse(each.record)), each.digest, each.native_id, self.reason),
            cause_of(flow, canonical_type, self.reason),
        )


@attrs.define(kw_only=True)
class Claims:
    """The claims that one append touches, within its transaction; used once.

    `again` makes an arrival of a parked event, None where the flow has nothing to deliver of it now. Afterwards
    `parked` is what is to be buried, `floors` the version below which events of an identity that got a new holder must
    not be logged, `tally` what ended here.
    """

    db: sqlite3.Connection
    stream: int
    flow: FlowSpec
    kind: CanonicalType
    now: int
    again: Callable[[Event], Arrival | None]
    parked: list[Parked] = attrs.field(init=False, factory=list)
    floors: dict[str, int] = attrs.field(init=False, factory=dict)
    tally: Counter[str] = attrs.field(init=False, factory=Counter)
    _claims: dict[str, _Claim] = attrs.field(init=False, factory=dict)
    _of_key: dict[str, set[str]] = attrs.field(init=False, factory=dict)
    _gone: set[str] = attrs.field(init=False, factory=set)
    _touched: set[str] = attrs.field(init=False, factory=set)
    _freed: set[str] = attrs.field(init=False, factory=set)

    def sorted_out(self, arrivals: Sequence[Arrival], left: Sequence[Left], *, believed: bool = False) -> list[Arrival]:
        """The arrivals that go on, behind those that a key set free now belongs to.

        With `believed` what is said in `left` counts whatever its version.
        """
        named = [each for each in arrivals if each.native_id]
        if not named and not left:
            return list(arrivals)
        natives = {each.native_id for each in named if each.native_id} | {each.native_id for each in left}
        self._load("native_id", natives)
        self._load("key", {each.key for each in named} | {claim.key for claim in self._claims.values()})
        for gone in left:
            self._leave(gone, believed=believed)
        for arrival in sorted(named, key=lambda each: each.version):
            self._show(arrival)
        revived = self._settle()
        going = [each for each in arrivals if self._goes(each)]
        self._name_parked()
        self._store()
        return [*revived, *going]

    def _load(self, column: str, values: Iterable[str]) -> None:
        for some, places in _rows.chunks(list(values)):
            for native_id, key, version, holds, title in self.db.execute(
                f"SELECT native_id, key, version, holds, title FROM claim WHERE stream = ? AND {column} IN ({places})",
                (self.stream, *some),
            ):
                if native_id not in self._claims:
                    self._claims[native_id] = _Claim(native_id, key, version, bool(holds), title)
                    self._of_key.setdefault(key, set()).add(native_id)

    def _leave(self, left: Left, *, believed: bool) -> None:
        claim = self._claims.get(left.native_id)
        if claim is not None and left.title:
            claim.title, claim.changed = left.title, True
        if claim is not None and left.key != claim.key and (believed or left.version >= claim.version):
            self._drop(claim)

    def _drop(self, claim: _Claim) -> None:
        del self._claims[claim.native_id]
        self._gone.add(claim.native_id)
        self._leaves(claim)

    def _leaves(self, claim: _Claim) -> None:
        self._of_key[claim.key].discard(claim.native_id)
        self._touched.add(claim.key)
        if claim.holds:
            self._freed.add(claim.key)

    def _show(self, arrival: Arrival) -> None:
        """A record shows the key that it carries, or that it is deleted."""
        assert arrival.native_id is not None
        claim = self._claims.get(arrival.native_id)
        if arrival.verb == Verb.DELETED.value:
            if claim is not None and arrival.version >= claim.version:
                self._drop(claim)
            return
        if claim is None:
            claim = _Claim(arrival.native_id, arrival.key, arrival.version, False, "", changed=True)
            self._claims[arrival.native_id] = claim
        elif claim.key == arrival.key or arrival.version < claim.version:
            return
        else:
            self._leaves(claim)
            claim.key, claim.version, claim.holds, claim.changed = arrival.key, arrival.version, False, True
        self._gone.discard(arrival.native_id)
        self._of_key.setdefault(arrival.key, set()).add(arrival.native_id)
        self._touched.add(arrival.key)

    def _settle(self) -> list[Arrival]:
        """Give each key that moved to the one record that carries it; what was parked of that record."""
        fresh: set[str] = set()
        vacated = self._vacated()
        for key in self._touched:
            carriers = self._of_key.get(key, ())
            if len(carriers) == 1:
                claim = self._claims[next(iter(carriers))]
                if not claim.holds:
                    claim.holds = claim.changed = True
                    if key in self._freed or key in vacated:
                        fresh.add(key)
        self._note_vacated(self._freed - fresh, vacated & fresh)
        if fresh:
            self._open(fresh)
        return self._revived()

    def _vacated(self) -> set[str]:
        """Those of the touched keys that a record held once, and none since."""
        found: set[str] = set()
        if not self.db.execute("SELECT 1 FROM vacated WHERE stream = ?", (self.stream,)).fetchone():
            return found
        for some, places in _rows.chunks(list(self._touched)):
            rows = self.db.execute(
                f"SELECT key FROM vacated WHERE stream = ? AND key IN ({places})", (self.stream, *some)
            )
            found.update(row[0] for row in rows)
        return found

    def _note_vacated(self, more: Iterable[str], less: Iterable[str]) -> None:
        self.db.executemany("INSERT OR IGNORE INTO vacated VALUES (?, ?)", [(self.stream, key) for key in more])
        self.db.executemany("DELETE FROM vacated WHERE stream = ? AND key = ?", [(self.stream, key) for key in less])

    def _open(self, keys: Iterable[str]) -> None:
        """Forget what the last holder of these keys said: nothing of the next one is old or known by comparison.

        Where something of it is under way, what comes next goes behind it instead.
        """
        for key in keys:
            begin = join_identity(key, "")
            span = (self.stream, key, begin, begin[:-1] + "}")  # `}` follows `|`
            within = "stream = ? AND (identity = ? OR (identity >= ? AND identity < ?))"
            for identity, logged, applied in self.db.execute(
                f"SELECT identity, logged_version, applied_version FROM identity WHERE {within}"
                " AND logged_pos > applied_pos",
                span,
            ):
                self.floors[identity] = max(applied, NEVER[0] if logged is None else logged)
            self.db.execute(
                "UPDATE identity SET applied_version = ?, applied_pos = ?, logged_pos = 0, fields = NULL"
                f" WHERE {within} AND logged_pos <= applied_pos",
                (*NEVER, *span),
            )
            self.db.execute(
                "UPDATE identity SET logged_version = NULL, logged_digest = NULL, known = NULL, told = NULL"
                f" WHERE {within}",
                span,
            )
            self.db.execute("DELETE FROM member WHERE stream = ? AND key = ?", (self.stream, key))

    def _revived(self) -> list[Arrival]:
        """What was parked under the touched keys: of the record that holds one now it goes on, of others that left it
        ends.
        """
        found: list[Arrival] = []
        ended: list[tuple[str, int]] = []
        for key, rows in self._parked_rows(self._touched).items():
            carriers = self._of_key.get(key, ())
            for pos, native_id, verb, version, fields, payload in rows:
                if native_id not in carriers:
                    ended.append((f"record {native_id} does not carry it any more", pos))
                elif len(carriers) == 1:
                    ended.append(("its record alone carries the key now: it goes on with the latest log position", pos))
                    arrival = self.again(
                        Event(
                            type=self.kind.name,
                            record=from_wire(self.kind, loads(payload)),
                            version=version,
                            verb=Verb(verb),
                            fields=_rows.unpack_fields(fields),
                            native_id=native_id,
                        )
                    )
                    found += [] if arrival is None else [arrival]
        self._end_parked(ended)
        return found

    def _parked_rows(self, keys: Iterable[str]) -> dict[str, list[tuple[Any, ...]]]:
        """Position, native id, verb, version, fields and payload of what is parked, by key, in log order."""
        found: dict[str, list[tuple[Any, ...]]] = {}
        if not self.db.execute(f"SELECT 1 FROM delivery WHERE stream = ? AND {_PARKED}", (self.stream,)).fetchone():
            return found
        for some, places in _rows.chunks(sorted(keys)):
            for key, *row in self.db.execute(
                "SELECT key, pos, native_id, verb, version, fields, payload FROM delivery"
                f" WHERE stream = ? AND key IN ({places}) AND {_PARKED} ORDER BY pos",
                (self.stream, *some),
            ):
                found.setdefault(key, []).append(tuple(row))
        return found

    def _end_parked(self, ended: Sequence[tuple[str, int]]) -> None:
        self.db.executemany(
            f"UPDATE delivery SET state = {ENDED}, outcome = 'superseded', ended_at = ?, reason = ? WHERE pos = ?",
            [(self.now, reason, pos) for reason, pos in ended],
        )
        _rows.count(self.db, self.stream, {"dead": -len(ended), "superseded": len(ended)}, self.now)

    def _goes(self, arrival: Arrival) -> bool:
        """Whether an arrival may be logged; else it is parked, or counted."""
        carriers = self._of_key.get(arrival.key, ())
        if not arrival.native_id or not carriers or carriers == {arrival.native_id}:
            return True
        claim = self._claims.get(arrival.native_id)
        if arrival.verb == Verb.DELETED.value:
            self.tally["ignored"] += 1  # the key lives on in another record
            return False
        if claim is None or claim.key != arrival.key:
            self.tally["stale"] += 1  # it has shown another key since
            return False
        if not claim.holds:
            self.parked.append(Parked(arrival, ""))
        return claim.holds

    def _name_parked(self) -> None:
        """Give each parked arrival its reason, which names every record; what is parked already is not parked again."""
        if not self.parked:
            return
        keys = {each.arrival.key for each in self.parked}
        self._learn_titles(keys)
        fresh, older = [], {}
        for rows in self._parked_digests(keys):
            older[rows[1:4]] = rows
        replaced = []
        for each in self.parked:
            arrival = each.arrival
            place = (arrival.identity, arrival.native_id, _rows.pack_fields(arrival.fields))
            before = older.get(place)
            if before is not None and before[4] == arrival.digest:
                self.tally["repeat"] += 1
            elif before is not None and before[5] > arrival.version:
                self.tally["stale"] += 1
            else:
                if before is not None and before[0]:
                    replaced.append(("a later state of its record came", before[0]))
                older[place] = (0, *place, arrival.digest, arrival.version)
                fresh.append(Parked(arrival, self._reason(arrival.key)))
        self._end_parked(replaced)
        self.parked = fresh

    def _parked_digests(self, keys: Iterable[str]) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = []
        for some, places in _rows.chunks(sorted(keys)):
            found += self.db.execute(
                "SELECT pos, identity, native_id, fields, digest, version FROM delivery"
                f" WHERE stream = ? AND key IN ({places}) AND {_PARKED} ORDER BY pos",
                (self.stream, *some),
            )
        return found

    def _reason(self, key: str) -> str:
        field = self.flow.match.get(self.kind.name, "sku")
        what = "SKU" if field == "sku" else field
        names = ", ".join(self._claims[each].name for each in sorted(self._of_key[key]))
        return (
            f"{what} {key!r} is carried by more than one record of {self.flow.source}: {names}; "
            f"give one of them another {what} there, then retry"
        )

    def _learn_titles(self, keys: Iterable[str]) -> None:
        """Titles of the records that carry these keys: from what is parked now, else from what was logged last."""
        for each in self.parked:
            claim = self._claims[each.arrival.native_id or ""]
            _give_title(claim, getattr(each.arrival.record, "title", None))
        nameless = {native for key in keys for native in self._of_key[key] if not self._claims[native].title}
        if not nameless or not any(field.name == "title" for field in attrs.fields(self.kind.record)):
            return
        for some, places in _rows.chunks(sorted(keys)):
            for native_id, payload in self.db.execute(
                "SELECT native_id, payload FROM delivery WHERE pos IN (SELECT max(pos) FROM delivery WHERE stream = ?"
                f" AND key IN ({places}) AND native_id NOT NULL GROUP BY key, native_id)",
                (self.stream, *some),
            ):
                if native_id in nameless:
                    _give_title(self._claims[native_id], loads(payload).get("title"))

    def _store(self) -> None:
        self.db.executemany(
            "DELETE FROM claim WHERE stream = ? AND native_id = ?", [(self.stream, native) for native in self._gone]
        )
        self.db.executemany(
            "INSERT INTO claim (stream, native_id, key, version, holds, title) VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET key = excluded.key, version = excluded.version, holds = excluded.holds,"
            " title = excluded.title, asked = CASE WHEN key = excluded.key THEN asked END",
            [
                (self.stream, each.native_id, each.key, each.version, each.holds, each.title)
                for each in self._claims.values()
                if each.changed
            ],
        )


def _give_title(claim: _Claim, title: object) -> None:
    if isinstance(title, str) and title and title != claim.title:
        claim.title, claim.changed = title[:100], True


def suspects(stream: int, which: Suspects, db: sqlite3.Connection) -> list[str]:
    """Native ids of records that carry a key which others carry too; see `Engine.suspects`."""
    contested = f"SELECT key FROM delivery WHERE stream = ?1 AND {_PARKED}"
    chosen = f"SELECT native_id FROM claim WHERE stream = ?1 AND key IN ({contested})"
    if which == "new":
        chosen += " AND key IN (SELECT key FROM claim WHERE stream = ?1 AND asked IS NULL)"
    limit = _ASKED_AT_ONCE if which == "longest" else -1
    rows = db.execute(f"{chosen} ORDER BY asked, key LIMIT ?2", (stream, limit))
    return [row[0] for row in rows]


def note_asked(stream: int, asked: Iterable[str], now: int, db: sqlite3.Connection) -> None:
    """Remember when the source was asked about records."""
    db.executemany(
        "UPDATE claim SET asked = ? WHERE stream = ? AND native_id = ?", [(now, stream, native) for native in asked]
    )


def left_of(asked: Sequence[str], found: Mapping[str, Any], key_of: Callable[[Any], str]) -> list[Left]:
    """What a source said of records that it was asked about; one whose record has no key carries none."""
    left = []
    for native in asked:
        record = found.get(native)
        try:
            key = None if record is None else key_of(record)
        except FieldError:
            key = None
        title = getattr(record, "title", None)
        left.append(Left(native_id=native, key=key, version=0, title=title if isinstance(title, str) else ""))
    return left
