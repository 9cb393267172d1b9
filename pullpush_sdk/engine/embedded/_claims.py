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
from operator import attrgetter

import attrs

from pullpush_sdk.canonical import CanonicalType, from_wire, join_identity, loads
from pullpush_sdk.connector import Event, Verb
from pullpush_sdk.engine.arrivals import Arrival, Left
from pullpush_sdk.engine.gate import NEVER
from pullpush_sdk.engine.ports import FlowSpec

from . import _claim_rows, _rows
from ._claim_rows import Claim, Holders
from ._parked import PARKED, Parked, ParkingLot

__all__ = ["Claims"]

_DELETED = Verb.DELETED.value
_NOTHING = object()


@attrs.define(kw_only=True)
class Claims:
    """The claims that one append touches, within its transaction; used once.

    `again` makes an arrival of a parked event, None where the flow has nothing to deliver of it now. Afterwards
    `parked` is what is to be buried, `floors` the version below which events of an identity that got a new holder must
    not be logged, `tally` what ended here.

    A record that shows the key that it holds, as nearly all do nearly always, changes nothing and goes on: of such ones
    nothing is written, and nothing is read where `holders` knows them.
    """

    db: sqlite3.Connection
    stream: int
    flow: FlowSpec
    kind: CanonicalType
    now: int
    holders: Holders
    again: Callable[[Event], Arrival | None]
    parked: list[Parked] = attrs.field(init=False, factory=list)
    floors: dict[str, int] = attrs.field(init=False, factory=dict)
    tally: Counter[str] = attrs.field(init=False, factory=Counter)
    _waiting: list[Arrival] = attrs.field(init=False, factory=list)
    _claims: dict[str, Claim] = attrs.field(init=False, factory=dict)
    _of_key: dict[str, set[str]] = attrs.field(init=False, factory=dict)
    _gone: set[str] = attrs.field(init=False, factory=set)
    _touched: set[str] = attrs.field(init=False, factory=set)
    _freed: set[str] = attrs.field(init=False, factory=set)
    _lot: ParkingLot = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._lot = ParkingLot(db=self.db, stream=self.stream, flow=self.flow, kind=self.kind, now=self.now)

    def sorted_out(self, arrivals: Sequence[Arrival], left: Sequence[Left], *, believed: bool = False) -> list[Arrival]:
        """The arrivals that go on, behind those that a key set free now belongs to.

        With `believed` what is said in `left` counts whatever its version.
        """
        odd = _odd(arrivals, left, self.holders.of(self.db, self.stream))
        found: list[Claim] = []
        if odd and not self.holders.are_new(self.stream, odd):
            found = _claim_rows.of_natives(self.db, self.stream, odd)
            self.holders.note(self.stream, found)
            left = [each for each in left if each.native_id in odd]
            if found:
                holding = {claim.native_id: claim.key for claim in found if claim.holds}
                odd = _odd([each for each in arrivals if each.native_id in odd], left, holding)
        if not odd:
            return list(arrivals)
        shown = arrivals if len(odd) == len(arrivals) else [each for each in arrivals if each.native_id in odd]
        if not found and not left and self._are_new(shown):
            return list(arrivals)
        self._take([claim for claim in found if claim.native_id in odd])
        keys = {each.key for each in shown} | set(self._of_key)
        self._take(_claim_rows.of_keys(self.db, self.stream, keys))
        for gone in left:
            self._leave(gone, believed=believed)
        for arrival in sorted(shown, key=attrgetter("version")):
            self._show(arrival)
        revived = self._settle()
        going = [each for each in arrivals if self._goes(each)]
        carriers = {each.key: [self._claims[native] for native in self._of_key[each.key]] for each in self._waiting}
        self.parked = self._lot.fresh(self._waiting, carriers, self.tally)
        _claim_rows.store(self.db, self.stream, self._claims.values(), self._gone)
        self.holders.note(self.stream, self._claims.values(), self._gone)
        return [*revived, *going]

    def _are_new(self, shown: Sequence[Arrival]) -> bool:
        """Whether these records, which have no claim, and their keys all come for the first time; then they hold them.

        The common page of a first import, as `_show` and `_settle` would have it.
        """
        keys = {each.native_id or "": each.key for each in shown}
        if len(keys) != len(set(keys.values())) or _DELETED in [each.verb for each in shown]:
            return False
        if len(keys) < len(shown):  # a record comes several times, as with the levels of its locations
            if any(keys[each.native_id or ""] != each.key for each in shown):
                return False
            shown = sorted(shown, key=attrgetter("version"), reverse=True)
        old = "SELECT 1 FROM vacated WHERE stream = ?1 UNION ALL SELECT 1 FROM delivery WHERE stream = ?1 AND"
        if self.db.execute(f"{old} {PARKED} LIMIT 1", (self.stream,)).fetchone():
            return False
        may_be_known = not self.holders.are_new(self.stream, (), keys.values())
        if may_be_known and _claim_rows.of_keys(self.db, self.stream, keys.values()):
            return False
        if len(keys) == len(shown):
            rows = [(each.native_id or "", each.key, each.version) for each in shown]
        else:
            versions = {each.native_id or "": each.version for each in shown}
            rows = [(native, keys[native], version) for native, version in versions.items()]
        _claim_rows.hold(self.db, self.stream, rows)
        self.holders.hold(self.stream, keys)
        return True

    def _take(self, claims: Iterable[Claim]) -> None:
        for claim in claims:
            if claim.native_id not in self._claims:
                self._claims[claim.native_id] = claim
                self._carry(claim.key, claim.native_id)

    def _leave(self, left: Left, *, believed: bool) -> None:
        claim = self._claims.get(left.native_id)
        if claim is not None and left.title:
            claim.title, claim.changed = left.title, True
        if claim is not None and left.key != claim.key and (believed or left.version >= claim.version):
            self._drop(claim)

    def _drop(self, claim: Claim) -> None:
        del self._claims[claim.native_id]
        self._gone.add(claim.native_id)
        self._leaves(claim)

    def _leaves(self, claim: Claim) -> None:
        self._of_key[claim.key].discard(claim.native_id)
        self._touched.add(claim.key)
        if claim.holds:
            self._freed.add(claim.key)

    def _show(self, arrival: Arrival) -> None:
        """A record shows the key that it carries, or that it is deleted."""
        assert arrival.native_id is not None
        native, key = arrival.native_id, arrival.key
        claim = self._claims.get(native)
        if arrival.verb == _DELETED:
            if claim is not None and arrival.version >= claim.version:
                self._drop(claim)
            return
        if claim is None:
            self._claims[native] = Claim(native, key, arrival.version, False, "", True)
        elif claim.key == key or arrival.version < claim.version:
            return
        else:
            self._leaves(claim)
            claim.key, claim.version, claim.holds, claim.changed = key, arrival.version, False, True
        self._gone.discard(native)
        self._carry(key, native)
        self._touched.add(key)

    def _carry(self, key: str, native: str) -> None:
        carriers = self._of_key.get(key)
        if carriers is None:
            self._of_key[key] = {native}
        else:
            carriers.add(native)

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
            # The key itself, and identities of more parts: `}` follows `|`. In one condition they would be a scan.
            self._open_span(key, key + "\0")
            self._open_span(begin, begin[:-1] + "}")
            self.db.execute("DELETE FROM member WHERE stream = ? AND key = ?", (self.stream, key))

    def _open_span(self, first: str, end: str) -> None:
        span, within = (self.stream, first, end), "stream = ? AND identity >= ? AND identity < ?"
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

    def _revived(self) -> list[Arrival]:
        """What was parked under the touched keys: of the record that holds one now it goes on, of others that left it
        ends.
        """
        found: list[Arrival] = []
        ended: list[tuple[str, int]] = []
        for key, rows in self._lot.rows(self._touched).items():
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
        self._lot.end(ended)
        return found

    def _goes(self, arrival: Arrival) -> bool:
        """Whether an arrival may be logged; else it is parked, or counted."""
        carriers = self._of_key.get(arrival.key)
        if not arrival.native_id or not carriers or (len(carriers) == 1 and arrival.native_id in carriers):
            return True
        claim = self._claims.get(arrival.native_id)
        if arrival.verb == _DELETED:
            self.tally["ignored"] += 1  # the key lives on in another record
            return False
        if claim is None or claim.key != arrival.key:
            self.tally["stale"] += 1  # it has shown another key since
            return False
        if not claim.holds:
            self._waiting.append(arrival)
        return claim.holds


def _odd(arrivals: Iterable[Arrival], left: Iterable[Left], held: Mapping[str, str]) -> set[str]:
    """Records of which something new is said: all but those that show the key that they hold, and nothing else."""
    known = held.get
    odd = {
        native
        for each in arrivals
        if (native := each.native_id) and (known(native) != each.key or each.verb == _DELETED)
    }
    odd.update(each.native_id for each in left if each.title or held.get(each.native_id, _NOTHING) != each.key)
    return odd
