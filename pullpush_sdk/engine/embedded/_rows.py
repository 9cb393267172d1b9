"""Small reads and writes that several parts of the embedded store share."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, TypeVar

import msgspec

from pullpush_sdk.engine.gate import Mark
from pullpush_sdk.engine.intake import Known

__all__ = [
    "chunks",
    "count",
    "known_of",
    "marks",
    "pack_fields",
    "pack_marks",
    "stream_of",
    "unpack_fields",
    "waiting",
    "write",
]

T = TypeVar("T")

_CHUNK = 500
_TOGETHER = 50
_MINUTE = 60_000_000


def stream_of(db: sqlite3.Connection, flow: str, canonical_type: str, *, shadow: bool = False) -> int:
    """The id of a stream, which is made where it is new."""
    found = db.execute(
        "SELECT id FROM stream WHERE flow = ? AND type = ? AND shadow = ?", (flow, canonical_type, shadow)
    ).fetchone()
    if found is not None:
        return int(found[0])
    made = db.execute("INSERT INTO stream (flow, type, shadow) VALUES (?, ?, ?)", (flow, canonical_type, shadow))
    assert made.lastrowid is not None
    return made.lastrowid


def count(db: sqlite3.Connection, stream: int, changes: Mapping[str, int], now: int) -> None:
    """Add to the counters of a stream, and to those of the present minute, of which rates are made."""
    changed = [(outcome, n) for outcome, n in changes.items() if n]
    if not changed:
        return
    minute = now // _MINUTE
    db.executemany(
        "INSERT INTO counter VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET n = n + excluded.n, at = excluded.at",
        [(stream, outcome, n, now) for outcome, n in changed],
    )
    db.executemany(
        "INSERT INTO minute VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET n = n + excluded.n",
        [(minute, stream, outcome, n) for outcome, n in changed if n > 0],
    )


def known_of(db: sqlite3.Connection, stream: int, identities: Iterable[str]) -> dict[str, Known]:
    """What the log knows of each identity; those it does not know are left out."""
    found: dict[str, Known] = {}
    for some, places in chunks(list(dict.fromkeys(identities))):
        for identity, version, digest, pos, applied_version, applied_pos, known, told in db.execute(
            "SELECT identity, logged_version, logged_digest, logged_pos, applied_version, applied_pos, known, told"
            f" FROM identity WHERE stream = ? AND identity IN ({places})",
            (stream, *some),
        ):
            found[identity] = Known(version, digest, pos, (applied_version, applied_pos), known, told)
    return found


def chunks(values: Sequence[T]) -> Iterable[tuple[Sequence[T], str]]:
    """Slices that fit one statement, each with its place holders."""
    for start in range(0, len(values), _CHUNK):
        some = values[start : start + _CHUNK]
        yield some, ",".join("?" * len(some))


def write(
    db: sqlite3.Connection, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], *, more: str = ""
) -> None:
    """Insert rows, each with a value for every column, with few statements; `more` follows their VALUES.

    A value that all rows share, and one that a row has in two columns, is bound once: binding is most of the cost.
    """
    if not rows:
        return
    common: list[Any] = []
    own: list[tuple[Any, ...]] = []
    shape: list[tuple[bool, int]] = []
    for values in zip(*rows, strict=True):
        if values.count(values[0]) == len(values):
            shape.append((True, len(common)))
            common.append(values[0])
        elif values in own:
            shape.append((False, own.index(values)))
        else:
            shape.append((False, len(own)))
            own.append(values)
    into = f"INSERT INTO {table} ({', '.join(columns)}) VALUES "
    each = list(zip(*own, strict=True)) if own else [()] * len(rows)
    whole = len(each) - len(each) % _TOGETHER
    together = into + _places(tuple(shape), len(common), len(own), _TOGETHER) + more
    for start in range(0, whole, _TOGETHER):
        db.execute(together, [*common, *chain.from_iterable(each[start : start + _TOGETHER])])
    single = into + _places(tuple(shape), len(common), len(own), 1) + more
    db.executemany(single, [(*common, *values) for values in each[whole:]])


@lru_cache(maxsize=256)
def _places(shape: tuple[tuple[bool, int], ...], common: int, own: int, rows: int) -> str:
    """The place holders of some rows: those of common values, then row by row those of its own."""
    return ", ".join(
        "(" + ", ".join(f"?{at + 1 + (0 if shared else common + row * own)}" for shared, at in shape) + ")"
        for row in range(rows)
    )


def pack_fields(fields: frozenset[str] | None) -> str | None:
    """A field set as it is stored."""
    return None if fields is None else msgspec.json.encode(sorted(fields)).decode()


def unpack_fields(text: str | None) -> frozenset[str] | None:
    """A stored field set."""
    return None if text is None else frozenset(msgspec.json.decode(text))


def marks(text: str | None) -> dict[str, Mark]:
    """Stored gates of single fields."""
    return {} if text is None else {name: (mark[0], mark[1]) for name, mark in msgspec.json.decode(text).items()}


def pack_marks(fields: Mapping[str, Mark]) -> str | None:
    """Gates of single fields as they are stored."""
    return msgspec.json.encode(fields).decode() if fields else None


def waiting(db: sqlite3.Connection, stream: int) -> int:
    """How many deliveries of a stream have not ended: what was read less what ended."""
    found = db.execute(
        "SELECT coalesce(sum(CASE outcome WHEN 'read' THEN n ELSE -n END), 0) FROM counter WHERE stream = ?", (stream,)
    ).fetchone()
    return int(found[0])
