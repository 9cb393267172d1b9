"""Two snapshots on disk, laid side by side: memory stays flat however many records there are.

The file is SQLite's own temporary one: private, without a name, and gone with the connection.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import Any, Literal, Self

import attrs

from pullpush_sdk.canonical import dumps, loads

__all__ = ["Finding", "Pair", "SourceRow", "Spill"]

Json = Any
Finding = Literal["added", "changed", "missing", "held", "clash", "unknown", "unmapped"]
Side = Literal["source", "destination"]

_TABLES = """
CREATE TABLE source (
    identity TEXT NOT NULL, member TEXT NOT NULL, key TEXT NOT NULL, version INTEGER NOT NULL, native_id TEXT,
    wire BLOB NOT NULL, payload BLOB NOT NULL, fields TEXT,
    PRIMARY KEY (identity, member)
) WITHOUT ROWID;
CREATE TABLE carrier (
    side TEXT NOT NULL, key TEXT NOT NULL, native_id TEXT NOT NULL, title TEXT NOT NULL,
    PRIMARY KEY (side, key, native_id)
) WITHOUT ROWID;
CREATE TABLE destination (identity TEXT PRIMARY KEY, key TEXT NOT NULL, payload BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE paired (identity TEXT PRIMARY KEY, there TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX paired_there ON paired (there);
CREATE TABLE finding (
    number INTEGER PRIMARY KEY, kind TEXT NOT NULL, identity TEXT NOT NULL, key TEXT NOT NULL, digest BLOB,
    detail BLOB NOT NULL
);
CREATE INDEX finding_kind ON finding (kind, number);
CREATE INDEX finding_identity ON finding (identity, kind);
"""
_PAIR = """
SELECT source.identity, min(source.key), destination.payload, group_concat(source.member, char(31)),
    CASE count(*) WHEN 1 THEN min(source.payload) END
FROM source LEFT JOIN paired ON paired.identity = source.identity
LEFT JOIN destination ON destination.identity = coalesce(paired.there, source.identity)
WHERE source.identity > ? GROUP BY source.identity ORDER BY source.identity LIMIT ?
"""
_MISSING = """
SELECT identity, key, payload FROM destination there
WHERE identity > ? AND NOT EXISTS (SELECT 1 FROM paired WHERE paired.there = there.identity)
AND (NOT EXISTS (SELECT 1 FROM source WHERE source.identity = there.identity)
    OR EXISTS (SELECT 1 FROM paired WHERE paired.identity = there.identity))
AND NOT EXISTS (SELECT 1 FROM finding WHERE finding.identity = there.identity AND kind = 'unknown')
ORDER BY identity LIMIT ?
"""
_CHUNK = 500


@attrs.frozen(kw_only=True)
class SourceRow:
    """One record of the source: `wire` as it said it, `payload` as it would be written; `member` names its part of a
    sum, empty where there is none.
    """

    identity: str
    member: str
    key: str
    version: int
    native_id: str | None
    wire: bytes
    payload: bytes
    fields: str | None


@attrs.frozen(kw_only=True)
class Pair:
    """One identity of the source and what the destination holds of it, None where it holds nothing."""

    identity: str
    key: str
    payload: bytes | None
    held: bytes | None


class Spill:
    """The records of one canonical type on both sides; a context manager."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None)

    def __enter__(self) -> Self:
        self._db.execute("PRAGMA journal_mode = OFF")
        self._db.execute("PRAGMA synchronous = OFF")
        for statement in _TABLES.split(";"):
            self._db.execute(statement)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()

    def add_source(self, rows: Iterable[SourceRow]) -> None:
        """Records of the source; of one that comes twice the newest counts."""
        self._many(
            "INSERT INTO source VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET version = excluded.version,"
            " key = excluded.key, native_id = excluded.native_id, wire = excluded.wire, payload = excluded.payload,"
            " fields = excluded.fields WHERE excluded.version >= source.version",
            [attrs.astuple(row) for row in rows],
        )

    def add_destination(self, rows: Iterable[tuple[str, str, bytes]]) -> None:
        """Records of the destination: identity, key, payload; of one that comes twice the last counts."""
        self._many("INSERT OR REPLACE INTO destination VALUES (?, ?, ?)", rows)

    def add_carriers(self, side: Side, rows: Iterable[tuple[str, str, str]]) -> None:
        """Which record of a side carries which key: key, native id, title (empty for none)."""
        self._many("INSERT OR IGNORE INTO carrier VALUES (?, ?, ?, ?)", [(side, *row) for row in rows])

    def set_clashes_apart(self) -> None:
        """Keys that several records of one side carry become findings, and are compared no more.

        A finding per side and key: its detail names the side and the records.
        """
        keys = "SELECT key FROM carrier GROUP BY side, key HAVING count(*) > 1"
        found = self._db.execute(
            "SELECT side, key, native_id, title FROM carrier WHERE (side, key) IN"
            " (SELECT side, key FROM carrier GROUP BY side, key HAVING count(*) > 1) ORDER BY side DESC, key, native_id"
        ).fetchall()
        records: dict[tuple[str, str], list[Json]] = {}
        for side, key, native_id, title in found:
            records.setdefault((side, key), []).append({"id": native_id, "title": title or None})
        self.find(
            "clash",
            [(key, key, None, {"side": side, "records": each}) for (side, key), each in records.items()],
        )
        for table in ("source", "destination"):
            self._db.execute(f"DELETE FROM {table} WHERE key IN ({keys})")

    def pair(self, identity: str, candidates: Sequence[str]) -> None:
        """Say that the destination holds a record of the source under an id of its own: the first of `candidates`
        that it shows, nothing at all where it shows none.
        """
        places = ",".join("?" * len(candidates))
        self._db.execute(
            "INSERT OR REPLACE INTO paired VALUES (?, coalesce((SELECT identity FROM destination"
            f" WHERE identity IN ({places}) LIMIT 1), ''))",
            (identity, *candidates),
        )

    def identities(self) -> Iterator[list[str]]:
        """What the source speaks of, in chunks."""
        after = ""
        while rows := self._db.execute(
            "SELECT DISTINCT identity FROM source WHERE identity > ? ORDER BY identity LIMIT ?", (after, _CHUNK)
        ).fetchall():
            after = rows[-1][0]
            yield [row[0] for row in rows]

    def pairs(self) -> Iterator[list[Pair]]:
        """Every identity of the source with what the destination holds, in chunks by identity.

        A sum's payload is None: it is made of its members.
        """
        after = ""
        while rows := self._db.execute(_PAIR, (after, _CHUNK)).fetchall():
            after = rows[-1][0]
            yield [
                Pair(identity=identity, key=key, payload=None if members else payload, held=held)
                for identity, key, held, members, payload in rows
            ]

    def members(self, identity: str) -> list[SourceRow]:
        """The rows of one identity: one, or the members of a sum."""
        rows = self._db.execute("SELECT * FROM source WHERE identity = ? ORDER BY member", (identity,))
        return [_source_row(row) for row in rows]

    def missing(self) -> Iterator[list[tuple[str, str, bytes]]]:
        """What the destination holds and the source does not speak of: identity, key, payload; in chunks."""
        after = ""
        while rows := self._db.execute(_MISSING, (after, _CHUNK)).fetchall():
            after = rows[-1][0]
            yield rows

    def find(self, kind: Finding, rows: Iterable[tuple[str, str, bytes | None, Json]]) -> None:
        """Note findings: identity, key, digest of both sides, detail."""
        self._many(
            "INSERT INTO finding (kind, identity, key, digest, detail) VALUES (?, ?, ?, ?, ?)",
            [(kind, identity, key, digest, dumps(detail)) for identity, key, digest, detail in rows],
        )

    def forget_known(self) -> None:
        """Drop "no data" findings of what another record of the source speaks of after all."""
        self._db.execute(
            "DELETE FROM finding WHERE kind = 'unknown' AND (identity IN (SELECT identity FROM source) OR number NOT IN"
            " (SELECT min(number) FROM finding WHERE kind = 'unknown' GROUP BY identity))"
        )

    def forget_destination(self) -> None:
        """Make ready to compare the source's records anew."""
        self._db.execute("DELETE FROM destination")
        self._db.execute("DELETE FROM paired")
        self._db.execute("DELETE FROM carrier WHERE side = 'destination'")
        self._db.execute("DELETE FROM finding WHERE kind NOT IN ('unknown', 'unmapped')")

    def digests(self, *kinds: Finding) -> Iterator[dict[str, bytes]]:
        """Identity to the digest of both sides, of some kinds of findings, in chunks."""
        after = 0
        while rows := self._db.execute(
            f"SELECT number, identity, digest FROM finding WHERE kind IN ({','.join('?' * len(kinds))})"
            " AND digest NOT NULL AND number > ? ORDER BY number LIMIT ?",
            (*kinds, after, _CHUNK),
        ).fetchall():
            after = rows[-1][0]
            yield {identity: digest for _, identity, digest in rows}

    def count(self, kind: Finding) -> int:
        """How many findings of a kind there are."""
        return int(self._db.execute("SELECT count(*) FROM finding WHERE kind = ?", (kind,)).fetchone()[0])

    def findings(self, kind: Finding, *, limit: int | None = None) -> Iterator[tuple[str, str, bytes | None, Json]]:
        """The first `limit` findings of a kind: identity, key, digest, detail."""
        rows = self._db.execute(
            "SELECT identity, key, digest, detail FROM finding WHERE kind = ? ORDER BY number LIMIT ?",
            (kind, -1 if limit is None else limit),
        )
        for identity, key, digest, detail in rows:
            yield identity, key, digest, loads(detail)

    def different(self, *kinds: Finding) -> Iterator[list[SourceRow]]:
        """The records of the source that findings of some kinds are about, in chunks: every member of a sum."""
        after = (0, "")
        while rows := self._db.execute(
            "SELECT finding.number, source.* FROM finding JOIN source ON source.identity = finding.identity"
            f" WHERE kind IN ({','.join('?' * len(kinds))}) AND (number, member) > (?, ?)"
            " ORDER BY number, member LIMIT ?",
            (*kinds, *after, _CHUNK),
        ).fetchall():
            after = (rows[-1][0], rows[-1][2])
            yield [_source_row(row[1:]) for row in rows]

    def _many(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        self._db.execute("BEGIN")
        self._db.executemany(statement, rows)
        self._db.execute("COMMIT")


def _source_row(row: Sequence[Any]) -> SourceRow:
    identity, member, key, version, native_id, wire, payload, fields = row
    return SourceRow(
        identity=identity,
        member=member,
        key=key,
        version=version,
        native_id=native_id,
        wire=wire,
        payload=payload,
        fields=fields,
    )
