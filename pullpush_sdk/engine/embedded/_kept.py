"""Small values that a store keeps: its own id, those of the runtime, how far was read, who reads after whom."""

from __future__ import annotations

import sqlite3
from typing import Any

from pullpush_sdk.canonical import dumps, loads
from pullpush_sdk.engine.ports import FlowSpec

__all__ = ["checkpoint", "get", "link", "put", "store_id"]

Json = Any


def store_id(db: sqlite3.Connection) -> str:
    """What tells this store from every other."""
    return str(db.execute("SELECT value FROM meta WHERE name = 'store_id'").fetchone()[0])


def put(name: str, value: Json, db: sqlite3.Connection) -> None:
    """Keep a value under a name; None forgets it."""
    if value is None:
        db.execute("DELETE FROM meta WHERE name = ?", (name,))
    else:
        db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, dumps(value).decode()))


def get(name: str, db: sqlite3.Connection) -> Json | None:
    """The value kept under a name."""
    row = db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
    return None if row is None else loads(row[0])


def checkpoint(flow: str, canonical_type: str, db: sqlite3.Connection) -> Json | None:
    """How far a flow has read a type; None where it has not begun."""
    row = db.execute("SELECT cursor FROM checkpoint WHERE flow = ? AND type = ?", (flow, canonical_type)).fetchone()
    return None if row is None else loads(row[0])


def link(flow: FlowSpec, db: sqlite3.Connection) -> set[str]:
    """Store a flow's readers; answers every flow that reads what some flow writes."""
    db.execute("DELETE FROM link WHERE writer = ?", (flow.name,))
    db.executemany("INSERT INTO link VALUES (?, ?)", [(flow.name, reader) for reader in flow.readers])
    return {row[0] for row in db.execute("SELECT DISTINCT reader FROM link")}
