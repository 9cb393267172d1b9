"""Dead letters of records whose key another one holds: what lies parked, and what is new of it."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs

from pullpush_sdk.canonical import CanonicalType, dumps, loads, to_sparse
from pullpush_sdk.engine.arrivals import Arrival
from pullpush_sdk.engine.causes import cause_of
from pullpush_sdk.engine.ports import FlowSpec

from . import _rows
from ._claim_rows import Claim
from ._schema import DEAD, ENDED

__all__ = ["PARKED", "Parked", "ParkingLot"]

PARKED = f"clash NOT NULL AND state = {DEAD}"
"""What is parked of `delivery`, in SQL."""

_TITLE_LENGTH = 100


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
class ParkingLot:
    """What is parked of a stream, within the transaction of one append."""

    db: sqlite3.Connection
    stream: int
    flow: FlowSpec
    kind: CanonicalType
    now: int

    def rows(self, keys: Iterable[str]) -> dict[str, list[tuple[Any, ...]]]:
        """Position, native id, verb, version, fields and payload of what is parked, by key, in log order."""
        found: dict[str, list[tuple[Any, ...]]] = {}
        if not self.db.execute(f"SELECT 1 FROM delivery WHERE stream = ? AND {PARKED}", (self.stream,)).fetchone():
            return found
        for some, places in _rows.chunks(sorted(keys)):
            for key, *row in self.db.execute(
                "SELECT key, pos, native_id, verb, version, fields, payload FROM delivery"
                f" WHERE stream = ? AND key IN ({places}) AND {PARKED} ORDER BY pos",
                (self.stream, *some),
            ):
                found.setdefault(key, []).append(tuple(row))
        return found

    def end(self, ended: Sequence[tuple[str, int]]) -> None:
        """Take out what is parked, by reason and position."""
        self.db.executemany(
            f"UPDATE delivery SET state = {ENDED}, outcome = 'superseded', ended_at = ?, reason = ? WHERE pos = ?",
            [(self.now, reason, pos) for reason, pos in ended],
        )
        _rows.count(self.db, self.stream, {"dead": -len(ended), "superseded": len(ended)}, self.now)

    def fresh(
        self, arrivals: Sequence[Arrival], carriers: Mapping[str, Sequence[Claim]], tally: Counter[str]
    ) -> list[Parked]:
        """What of the arrivals is to be parked, each with its reason, which names every record.

        What is parked already is not parked again; `tally` counts it. `carriers` are the claims to each key; they learn
        their titles.
        """
        if not arrivals:
            return []
        keys = sorted({each.key for each in arrivals})
        self._learn_titles(arrivals, {key: carriers[key] for key in keys})
        fresh = []
        older = {rows[1:4]: rows for rows in self._digests(keys)}
        replaced = []
        for arrival in arrivals:
            place = (arrival.identity, arrival.native_id, _rows.pack_fields(arrival.fields))
            before = older.get(place)
            if before is not None and before[4] == arrival.digest:
                tally["repeat"] += 1
            elif before is not None and before[5] > arrival.version:
                tally["stale"] += 1
            else:
                if before is not None and before[0]:
                    replaced.append(("a later state of its record came", before[0]))
                older[place] = (0, *place, arrival.digest, arrival.version)
                fresh.append(Parked(arrival, self._reason(arrival.key, carriers[arrival.key])))
        self.end(replaced)
        return fresh

    def _digests(self, keys: Sequence[str]) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = []
        for some, places in _rows.chunks(keys):
            found += self.db.execute(
                "SELECT pos, identity, native_id, fields, digest, version FROM delivery"
                f" WHERE stream = ? AND key IN ({places}) AND {PARKED} ORDER BY pos",
                (self.stream, *some),
            )
        return found

    def _reason(self, key: str, carriers: Sequence[Claim]) -> str:
        field = self.flow.match.get(self.kind.name, "sku")
        what = "SKU" if field == "sku" else field
        names = ", ".join(each.name for each in sorted(carriers, key=lambda each: each.native_id))
        return (
            f"{what} {key!r} is carried by more than one record of {self.flow.source}: {names}; "
            f"give one of them another {what} there, then retry"
        )

    def _learn_titles(self, arrivals: Sequence[Arrival], carriers: Mapping[str, Sequence[Claim]]) -> None:
        """Titles of the records that carry these keys: from what is parked now, else from what was logged last."""
        claims = {claim.native_id: claim for some in carriers.values() for claim in some}
        for each in arrivals:
            _give_title(claims[each.native_id or ""], getattr(each.record, "title", None))
        nameless = {native for native, claim in claims.items() if not claim.title}
        if not nameless or not any(field.name == "title" for field in attrs.fields(self.kind.record)):
            return
        for some, places in _rows.chunks(list(carriers)):
            for native_id, payload in self.db.execute(
                "SELECT native_id, payload FROM delivery WHERE pos IN (SELECT max(pos) FROM delivery WHERE stream = ?"
                f" AND key IN ({places}) AND native_id NOT NULL GROUP BY key, native_id)",
                (self.stream, *some),
            ):
                if native_id in nameless:
                    _give_title(claims[native_id], loads(payload).get("title"))


def _give_title(claim: Claim, title: object) -> None:
    if isinstance(title, str) and title and title != claim.title:
        claim.title, claim.changed = title[:_TITLE_LENGTH], True
