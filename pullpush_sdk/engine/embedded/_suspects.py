"""Records that carry a key which others carry too: which of them the source is to be asked about, and its answer."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pullpush_sdk.engine.arrivals import Left
from pullpush_sdk.engine.ports import FlowSpec, Suspects
from pullpush_sdk.errors import FieldError

from . import _rows
from ._parked import PARKED

__all__ = ["left_of", "note_asked", "suspects"]

_ASKED_AT_ONCE = 50


def suspects(flow: FlowSpec, canonical_type: str, which: Suspects, db: sqlite3.Connection) -> list[str]:
    """Native ids of records that carry a key which others carry too; see `Engine.suspects`."""
    stream = _rows.stream_of(db, flow.name, canonical_type, shadow=flow.state == "shadow")
    contested = f"SELECT key FROM delivery WHERE stream = ?1 AND {PARKED}"
    chosen = f"SELECT native_id FROM claim INDEXED BY claim_of_key WHERE stream = ?1 AND key IN ({contested})"
    if which == "new":
        chosen += (
            " AND EXISTS (SELECT 1 FROM claim AS other INDEXED BY claim_of_key"
            " WHERE other.stream = ?1 AND other.key = claim.key AND other.asked IS NULL)"
        )
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
