"""Retention, slice by slice: each function is one short job for the store, so that dispatch goes on in between.

Only what is finished goes: deliveries that have ended, ids of webhooks past their window, raw webhooks that became
events, answered commands, and own writes that explain nothing any more beside a newer one. Waiting deliveries, dead
letters, gates and counts stay.
"""

from __future__ import annotations

import sqlite3

import attrs

from ._schema import ENDED, WAITING

__all__ = ["Slice", "commands", "deliveries", "minutes", "own_writes", "probe", "transports", "vacuum", "webhooks"]

_ROWS = 1_000
_WEBHOOKS = 200  # their bodies may be large
_PAGES = 250
_PROBE = 16_384
_SPARE = 0.05  # of the file stays free: a store that is used fills it again at once


@attrs.frozen
class Slice:
    """What a slice removed, and where the next one begins; None when the pass is complete."""

    removed: int
    after: int | None


def deliveries(after: int, before: int, db: sqlite3.Connection) -> Slice:
    """The next thousand log entries behind `after`: those that ended before `before` go, with their attempts.

    Retention walks the log in order, and is through at the first slice that is younger than `before` as a whole.
    """
    last, oldest = db.execute(
        f"SELECT max(pos), min(logged_at) FROM (SELECT pos, logged_at FROM delivery WHERE pos > ? ORDER BY pos LIMIT"
        f" {_ROWS})",
        (after,),
    ).fetchone()
    if last is None or oldest >= before:
        return Slice(0, None)
    removed = db.execute(
        f"DELETE FROM delivery WHERE pos > ? AND pos <= ? AND state = {ENDED} AND coalesce(ended_at, logged_at) < ?",
        (after, last, before),
    ).rowcount
    if removed:
        db.execute(
            "DELETE FROM attempt WHERE pos > ? AND pos <= ? AND pos NOT IN"
            " (SELECT pos FROM delivery WHERE pos > ? AND pos <= ?)",
            (after, last, after, last),
        )
    return Slice(removed, last)


def transports(_after: int, before: int, db: sqlite3.Connection) -> Slice:
    """Ids of webhooks that came before `before`, oldest first."""
    removed = db.execute(
        "DELETE FROM transport WHERE (stream, scope, id) IN"
        f" (SELECT stream, scope, id FROM transport WHERE at < ? ORDER BY at LIMIT {_ROWS})",
        (before,),
    ).rowcount
    return Slice(removed, 0 if removed == _ROWS else None)


def webhooks(_after: int, before: int, db: sqlite3.Connection) -> Slice:
    """Raw requests that were settled before `before`, oldest first: they are settled about in the order of ids."""
    removed = db.execute(
        "DELETE FROM past_webhook WHERE settled_at < ? AND id IN"
        f" (SELECT id FROM past_webhook ORDER BY id LIMIT {_WEBHOOKS})",
        (before,),
    ).rowcount
    return Slice(removed, 0 if removed == _WEBHOOKS else None)


def commands(_after: int, before: int, db: sqlite3.Connection) -> Slice:
    """Commands that were answered; those still open stay, however old."""
    return Slice(db.execute("DELETE FROM command WHERE done AND at < ?", (before,)).rowcount, None)


def minutes(_after: int, before: int, db: sqlite3.Connection) -> Slice:
    """Counts per minute that no rate is made of any more; they are no rows that anybody misses."""
    db.execute("DELETE FROM minute WHERE minute < ?", (before,))
    return Slice(0, None)


def own_writes(after: int, before: int, db: sqlite3.Connection) -> Slice:
    """Own writes that expired, where the identity has a newer one that expired too.

    The newest stays: while it is there nobody calls the platform's state known. One that is being tried again stays.
    """
    last = db.execute(
        f"SELECT max(id) FROM (SELECT id FROM own_write WHERE id > ? ORDER BY id LIMIT {_ROWS})", (after,)
    ).fetchone()[0]
    if last is None:
        return Slice(0, None)
    removed = db.execute(
        "DELETE FROM own_write WHERE id > ? AND id <= ? AND at < ? AND EXISTS (SELECT 1 FROM own_write newer WHERE"
        " newer.reader = own_write.reader AND newer.type = own_write.type AND newer.identity = own_write.identity"
        f" AND newer.id > own_write.id AND newer.at < ?) AND NOT EXISTS (SELECT 1 FROM delivery WHERE"
        f" delivery.pos = own_write.pos AND delivery.state = {WAITING})",
        (after, last, before, before),
    ).rowcount
    return Slice(removed, last)


def probe(db: sqlite3.Connection) -> None:
    """Write some pages, to see whether that can be done again."""
    db.execute("INSERT OR REPLACE INTO meta VALUES ('probe', ?)", (" " * _PROBE,))


def vacuum(_after: int, _before: int, db: sqlite3.Connection) -> Slice:
    """Give free pages at the end of the file back to the disk, some at a time."""
    pages, free = (db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count"))
    surplus = free - int(pages * _SPARE)
    if surplus <= 0 or not db.execute("PRAGMA auto_vacuum").fetchone()[0]:
        return Slice(0, None)
    db.execute(f"PRAGMA incremental_vacuum({min(surplus, _PAGES)})").fetchall()
    left = db.execute("PRAGMA freelist_count").fetchone()[0]
    return Slice(free - left, 0 if left < free else None)
