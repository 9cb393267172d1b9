"""The flow in the other direction as one turn meets it: what of it is on its way, what it is given to write back."""

from __future__ import annotations

import sqlite3
from collections import Counter
from typing import Self

import attrs

from ._rows import count
from ._schema import RESTORED

__all__ = ["HOLD", "Opposite", "stream_of_opposite"]

HOLD = 50_000
"""Microseconds after which a lane that waits for a rival on its way looks again."""


def stream_of_opposite(db: sqlite3.Connection, flow: str, canonical_type: str) -> int | None:
    """The stream of the flow in the other direction; None where it has not logged anything of the type yet."""
    found = db.execute(
        "SELECT id FROM stream WHERE flow = ? AND type = ? AND NOT shadow", (flow, canonical_type)
    ).fetchone()
    return None if found is None else int(found[0])


@attrs.define(kw_only=True)
class Opposite:
    """Its stream within one transaction. `restored` are the keys to wake in it, `tally` what it counts."""

    db: sqlite3.Connection
    stream: int
    now: int
    on_their_way: frozenset[int]
    restored: dict[str, None] = attrs.field(factory=dict)
    tally: Counter[str] = attrs.field(factory=Counter)

    @classmethod
    def found(cls, db: sqlite3.Connection, flow: str, canonical_type: str, now: int) -> Self | None:
        """That of `flow`, None where it has none yet."""
        stream = stream_of_opposite(db, flow, canonical_type)
        if stream is None:
            return None
        sent = db.execute(
            "SELECT place.value FROM flight, json_each(flight.positions) place WHERE flight.stream = ?", (stream,)
        )
        return cls(db=db, stream=stream, now=now, on_their_way=frozenset(row[0] for row in sent))

    def restore(self, key: str, identity: str, version: int, payload: bytes, digest: bytes) -> None:
        """Log a delivery that settles a conflict: what this flow's own source shall hold."""
        made = self.db.execute(
            "INSERT INTO delivery (stream, key, identity, verb, version, payload, digest, logged_at, transport_id)"
            " VALUES (?, ?, ?, 'updated', ?, ?, ?, ?, ?)",
            (self.stream, key, identity, version, payload, digest, self.now, RESTORED),
        )
        self.db.execute(
            "UPDATE identity SET logged_version = ?, logged_digest = ?, logged_pos = ?, known = NULL"
            " WHERE stream = ? AND identity = ?",
            (version, digest, made.lastrowid, self.stream, identity),
        )
        self.tally["read"] += 1
        self.restored[key] = None

    def count(self) -> None:
        """Store what was counted."""
        count(self.db, self.stream, self.tally, self.now)
