"""What a flow in shadow would have changed, record by record: its deliveries added up, on disk."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from datetime import datetime
from typing import Any

import attrs

from pullpush_sdk.canonical import dumps, loads
from pullpush_sdk.connector import moment_of, version_of
from pullpush_sdk.engine.ports import Engine
from pullpush_sdk.engine.standing import Shadowed
from pullpush_sdk.project import FlowConfig

from ._fields import FieldChange, changes_of
from ._states import shadow_since

__all__ = ["ShadowDifference", "ShadowReport", "shadow_report"]

Json = Any

# The time of a change and free data of one platform are no content.
_NO_CONTENT = frozenset({"updatedAt", "extensions"})
_TABLE = """
CREATE TABLE would (
    type TEXT NOT NULL, identity TEXT NOT NULL, key TEXT NOT NULL, verb TEXT NOT NULL, times INTEGER NOT NULL,
    at INTEGER NOT NULL, fields BLOB NOT NULL, differs INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (type, identity)
) WITHOUT ROWID
"""


@attrs.frozen(kw_only=True)
class ShadowDifference:
    """One record that the flow would have written: how often, and what the writes together would have changed.

    `fields` compares what the flow knew before with what it would have left; a value that it never saw is None.
    """

    type: str
    key: str
    identity: str
    verb: str
    writes: int
    last: datetime
    fields: Sequence[FieldChange]


@attrs.define(kw_only=True)
class ShadowReport:
    """Everything that a flow would have written since it is in shadow.

    `counts` holds, per canonical type, `records`, the `writes` to them, and those of which nothing would be
    different (`same`).
    """

    flow: str
    since: datetime | None
    counts: Mapping[str, Mapping[str, int]]
    _db: sqlite3.Connection = attrs.field(repr=False)

    def differences(self, canonical_type: str, *, limit: int | None = None) -> Iterator[ShadowDifference]:
        """Records of a type of which something would be different, by identity."""
        rows = self._db.execute(
            "SELECT key, identity, verb, times, at, fields FROM would WHERE type = ? AND differs ORDER BY identity"
            " LIMIT ?",
            (canonical_type, -1 if limit is None else limit),
        )
        for key, identity, verb, times, at, fields in rows:
            yield ShadowDifference(
                type=canonical_type,
                key=key,
                identity=identity,
                verb=verb,
                writes=times,
                last=moment_of(at),
                fields=_changes(loads(fields)),
            )


@asynccontextmanager
async def shadow_report(
    engine: Engine, flow: FlowConfig, *, canonical_type: str | None = None
) -> AsyncIterator[ShadowReport]:
    """Add up what the flow saw in shadow; good until the context is left. The store may be held elsewhere."""
    since = await shadow_since(engine, flow)
    with closing(sqlite3.connect("", isolation_level=None)) as db:
        db.execute(_TABLE)
        after = 0
        while some := await engine.shadowed(flow.name, canonical_type=canonical_type, after=after):
            after = some[-1].position
            _add(db, [each for each in some if since is None or each.at >= since])
        counts: dict[str, dict[str, int]] = {
            name: {"records": records, "writes": writes, "same": records - differing}
            for name, records, writes, differing in db.execute(
                "SELECT type, count(*), sum(times), sum(differs) FROM would GROUP BY type"
            )
        }
        names = [name for name in flow.types if canonical_type in (None, name)]
        yield ShadowReport(
            flow=flow.name,
            since=since,
            counts={name: counts.get(name, {"records": 0, "writes": 0, "same": 0}) for name in names},
            db=db,
        )


def _add(db: sqlite3.Connection, some: Sequence[Shadowed]) -> None:
    """Lay deliveries, in log order, over what was added up before."""
    db.execute("BEGIN")
    for each in some:
        found = db.execute(
            "SELECT times, fields FROM would WHERE type = ? AND identity = ?", (each.type, each.identity)
        ).fetchone()
        fields = _laid_over(loads(found[1]) if found else {}, each.would)
        differs = each.verb == "deleted" or bool(_changes(fields))
        db.execute(
            "INSERT OR REPLACE INTO would VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(each.type, each.identity, each.key, each.verb, (found[0] if found else 0) + 1, version_of(each.at)),
                *(dumps(fields), differs),
            ),
        )
    db.execute("COMMIT")


def _laid_over(known: Mapping[str, Json], would: Mapping[str, tuple[Json, Json]]) -> dict[str, Json]:
    """Field to (first known, last written)."""
    return {**known} | {name: [known.get(name, [old])[0], new] for name, (old, new) in would.items()}


def _changes(fields: Mapping[str, Json]) -> list[FieldChange]:
    return [
        change
        for name, (old, new) in fields.items()
        if name not in _NO_CONTENT
        for change in changes_of(name, old, new)
    ]
