"""The table of claims: which record of the source carries which key, and what this process remembers of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence

import attrs

from . import _rows
from ._store import Store

__all__ = ["Claim", "Holders", "hold", "of_keys", "of_natives", "store"]

_REMEMBERED = 100_000
# Without being told, SQLite reads all claims of a stream to find those of a few keys.
_OF_KEYS = "claim INDEXED BY claim_of_key WHERE stream = ? AND key"
_OF_NATIVES = "claim WHERE stream = ? AND native_id"
_COLUMNS = ("stream", "native_id", "key", "version", "holds", "title")
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
    _rows.write(db, "claim", _COLUMNS, rows, more=_STORED_BEFORE)


def hold(db: sqlite3.Connection, stream: int, rows: Sequence[tuple[str, str, int]]) -> None:
    """Write claims of records that have none, each by native id, key and version, and each the holder of its key."""
    _rows.write(db, "claim", _COLUMNS, [(stream, *row, True, "") for row in rows])


@attrs.define
class Holders:
    """Keys that records hold, as the table said last, so that a page of known records costs no look at it.

    For use in a transaction of the store. What another process committed since, or a transaction that was rolled back,
    forgets everything. At most `limit` records are remembered; further ones are read each time.

    `_whole` has the streams whose claims are all remembered, as in a first import, with all keys that were held there.
    """

    db_store: Store
    limit: int = _REMEMBERED
    _seen: tuple[int, int] = attrs.field(init=False, default=(0, 0))
    _held: dict[int, dict[str, str]] = attrs.field(init=False, factory=dict)
    _whole: dict[int, set[str]] = attrs.field(init=False, factory=dict)

    def of(self, db: sqlite3.Connection, stream: int) -> Mapping[str, str]:
        """The keys held by records of a stream, by native id, as far as they are remembered."""
        seen = (db.execute("PRAGMA data_version").fetchone()[0], self.db_store.undone)
        if seen != self._seen:
            self._held.clear()
            self._whole.clear()
            self._seen = seen
        if stream not in self._held:
            self._held[stream] = {}
            if not db.execute("SELECT 1 FROM claim WHERE stream = ? LIMIT 1", (stream,)).fetchone():
                self._whole[stream] = set()
        return self._held[stream]

    def are_new(self, stream: int, natives: Iterable[str], keys: Iterable[str] = ()) -> bool:
        """Whether it is remembered that the table has no claim of these records, and none to these keys."""
        whole = self._whole.get(stream)
        return whole is not None and self._held[stream].keys().isdisjoint(natives) and whole.isdisjoint(keys)

    def note(self, stream: int, claims: Iterable[Claim], gone: Iterable[str] = ()) -> None:
        """Remember what the running transaction read or wrote; `of` must have been asked in it before."""
        held = self._held[stream]
        for native in gone:
            held.pop(native, None)
        holding = {}
        for claim in claims:
            if claim.holds:
                holding[claim.native_id] = claim.key
            else:
                held.pop(claim.native_id, None)
                self._whole.pop(stream, None)
        self.hold(stream, holding)

    def hold(self, stream: int, keys: Mapping[str, str]) -> None:
        """Remember which records hold these keys, by native id; further ones than have room only if it knows them."""
        held = self._held[stream]
        if sum(map(len, self._held.values())) + len(keys) <= self.limit:
            held.update(keys)
        else:
            self._whole.pop(stream, None)
            held.update({native: key for native, key in keys.items() if native in held})
        if stream in self._whole:
            self._whole[stream].update(keys.values())
            if len(self._whole[stream]) > self.limit:  # many were given other keys
                del self._whole[stream]
