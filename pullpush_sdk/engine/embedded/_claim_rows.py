"""The table of claims: which record of the source carries which key, and what this process remembers of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping

import attrs

from . import _rows
from ._store import Store

__all__ = ["Claim", "Holders", "of_keys", "of_natives", "store"]

_REMEMBERED = 100_000
# Without being told, SQLite reads all claims of a stream to find those of a few keys.
_OF_KEYS = "claim INDEXED BY claim_of_key WHERE stream = ? AND key"
_OF_NATIVES = "claim WHERE stream = ? AND native_id"
_STORE = "INSERT INTO claim (stream, native_id, key, version, holds, title) VALUES"
_STORED_BEFORE = (
    " ON CONFLICT DO UPDATE SET key = excluded.key, version = excluded.version, holds = excluded.holds,"
    " title = excluded.title, asked = CASE WHEN key = excluded.key THEN asked END"
)


@attrs.define
class Claim:
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


def of_keys(db: sqlite3.Connection, stream: int, keys: Iterable[str]) -> list[Claim]:
    """The claims to these keys."""
    return _read(db, stream, _OF_KEYS, keys)


def of_natives(db: sqlite3.Connection, stream: int, natives: Iterable[str]) -> list[Claim]:
    """The claims of these records."""
    return _read(db, stream, _OF_NATIVES, natives)


def _read(db: sqlite3.Connection, stream: int, which: str, values: Iterable[str]) -> list[Claim]:
    found = []
    for some, places in _rows.chunks(list(values)):
        for native_id, key, version, holds, title in db.execute(
            f"SELECT native_id, key, version, holds, title FROM {which} IN ({places})", (stream, *some)
        ):
            found.append(Claim(native_id, key, version, bool(holds), title))
    return found


def store(db: sqlite3.Connection, stream: int, claims: Iterable[Claim], gone: Iterable[str]) -> None:
    """Write those of the claims that changed, and remove those of the records that are `gone`."""
    db.executemany("DELETE FROM claim WHERE stream = ? AND native_id = ?", [(stream, native) for native in gone])
    rows = [(stream, each.native_id, each.key, each.version, each.holds, each.title) for each in claims if each.changed]
    _rows.write(db, _STORE, rows, _STORED_BEFORE)


@attrs.define
class Holders:
    """Keys that records hold, as the table said last, so that a page of known records costs no look at it.

    For use in a transaction of the store. What another process committed since, or a transaction that was rolled back,
    forgets everything. At most `limit` records are remembered; further ones are read each time.
    """

    db_store: Store
    limit: int = _REMEMBERED
    _seen: tuple[int, int] = attrs.field(init=False, default=(0, 0))
    _held: dict[int, dict[str, str]] = attrs.field(init=False, factory=dict)

    def of(self, db: sqlite3.Connection, stream: int) -> Mapping[str, str]:
        """The keys held by records of a stream, by native id, as far as they are remembered."""
        seen = (db.execute("PRAGMA data_version").fetchone()[0], self.db_store.undone)
        if seen != self._seen:
            self._held.clear()
            self._seen = seen
        return self._held.setdefault(stream, {})

    def note(self, stream: int, claims: Iterable[Claim], gone: Iterable[str] = ()) -> None:
        """Remember what the running transaction read or wrote; `of` must have been asked in it before."""
        held = self._held[stream]
        room = self.limit - sum(map(len, self._held.values()))
        for native in gone:
            held.pop(native, None)
        for claim in claims:
            if not claim.holds:
                held.pop(claim.native_id, None)
            elif claim.native_id in held:
                held[claim.native_id] = claim.key
            elif room > 0:
                held[claim.native_id] = claim.key
                room -= 1
