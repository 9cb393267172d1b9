"""How much room the store has: its own limit, and that of its disk."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import attrs

from pullpush_sdk.engine.upkeep import Upkeep
from pullpush_sdk.errors import StoreFullError

__all__ = ["Space", "used_bytes"]

_ENOUGH = 0.95  # of the limit: a store that was full takes again below this, so that it does not flutter


def used_bytes(db: sqlite3.Connection) -> int:
    """Bytes in pages that hold something; free pages inside the file are room."""
    pages, free, size = (db.execute(f"PRAGMA {name}").fetchone()[0] for name in _PRAGMAS)
    return int((pages - free) * size)


_PRAGMAS = ("page_count", "freelist_count", "page_size")


@attrs.define
class Space:
    """The room of one store file (None: in memory, where only the limit counts)."""

    path: Path | None
    upkeep: Upkeep
    _full: bool = False

    def free_bytes(self) -> int | None:
        """What is free on the disk; None where nobody knows."""
        try:
            return None if self.path is None else shutil.disk_usage(self.path.parent).free
        except OSError:
            return None

    def complaint(self, db: sqlite3.Connection) -> tuple[str, str] | None:
        """What is wrong and how to mend it; None where there is room."""
        found = self._of_size(db) or self._of_disk()
        self._full = found is not None
        return found

    def require(self, db: sqlite3.Connection) -> None:
        """Raise StoreFullError where nothing more should be taken."""
        found = self.complaint(db)
        if found is not None:
            raise StoreFullError(found[0], hint=found[1])

    def _of_size(self, db: sqlite3.Connection) -> tuple[str, str] | None:
        limit = self.upkeep.max_size
        if limit is None:
            return None
        used = used_bytes(db)
        if used < limit * (_ENOUGH if self._full else 1):
            return None
        return (
            f"the store holds {in_words(used)}, its limit is {in_words(limit)}",
            "what waits is delivered first; look at `pullpush dead-letters`, or raise [engine] max_size",
        )

    def _of_disk(self) -> tuple[str, str] | None:
        free, least = self.free_bytes(), self.upkeep.min_free
        if free is None or free >= least * (2 - _ENOUGH if self._full else 1):
            return None
        return (
            f"the disk of the store has {in_words(free)} left, at least {in_words(least)} must stay free",
            "make room on the disk, or lower [engine] min_free",
        )


def in_words(size: float) -> str:
    """Bytes for people: `1.5 GB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 100 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"
