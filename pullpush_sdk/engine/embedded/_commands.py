"""Wishes of other processes, kept in the store until the holder has answered."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

from pullpush_sdk.canonical import dumps, loads
from pullpush_sdk.engine.ports import Command, CommandResult

__all__ = ["answer", "open_commands", "result_of", "submit"]

Json = Any

_KEPT = 1_000


def submit(name: str, arguments: Mapping[str, Json], now: int, db: sqlite3.Connection) -> int:
    """Queue a command; old answers make room."""
    made = db.execute(
        "INSERT INTO command (name, arguments, at) VALUES (?, ?, ?)", (name, dumps(dict(arguments)).decode(), now)
    )
    assert made.lastrowid is not None
    db.execute("DELETE FROM command WHERE done AND id <= ?", (made.lastrowid - _KEPT,))
    return made.lastrowid


def open_commands(db: sqlite3.Connection) -> list[Command]:
    """Commands without an answer, oldest first."""
    rows = db.execute("SELECT id, name, arguments FROM command WHERE done = 0 ORDER BY id")
    return [Command(id=id_, name=name, arguments=loads(arguments)) for id_, name, arguments in rows]


def answer(command: int, result: CommandResult, db: sqlite3.Connection) -> None:
    """Store the answer to a command."""
    db.execute(
        "UPDATE command SET done = 1, value = ?, error = ? WHERE id = ?",
        (dumps(result.value).decode(), result.error, command),
    )


def result_of(command: int, db: sqlite3.Connection) -> CommandResult | None:
    """The answer, None where there is none yet."""
    row = db.execute("SELECT value, error FROM command WHERE id = ? AND done = 1", (command,)).fetchone()
    return None if row is None else CommandResult(value=loads(row[0]), error=row[1])
