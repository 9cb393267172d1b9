"""Dead letters past the age that an operator set: on paper first, then out of the list."""

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

from pullpush_sdk.canonical import dumps, instant_text
from pullpush_sdk.connector import moment_of
from pullpush_sdk.engine.ports import Attempt, DeadFilter, DeadLetter
from pullpush_sdk.errors import StoreError

from . import _dead, _rows
from ._prune import Slice
from ._schema import DEAD, ENDED

__all__ = ["expire"]

_ROWS = 200


def expire(archive: Path, now: int, age: float, redact: Callable[[str], str]) -> Callable[..., Slice]:
    """A job that ends the oldest dead letters as `dropped`, after they are on disk in a file of `archive`.

    One that others follow stays as long as one of those is too young: their order is told by it. If the file cannot be
    written, nothing is removed; if the process ends in between, they are written twice and removed once.
    """
    before = now - int(age * 1_000_000)
    file = archive / f"expired-{moment_of(now):%Y-%m}.jsonl"
    reason = f"expired after {timedelta(seconds=age)}; written to {file.name}"

    def job(db: sqlite3.Connection) -> Slice:
        positions = [
            row[0]
            for row in db.execute(
                f"SELECT pos FROM delivery AS old WHERE state = {DEAD} AND ended_at < ?1 AND NOT EXISTS (SELECT 1 FROM"
                " delivery AS young INDEXED BY delivery_dead WHERE young.state = 2 AND young.stream = old.stream"
                " AND young.identity = old.identity AND young.leader = old.pos AND young.ended_at >= ?1)"
                f" ORDER BY ended_at LIMIT {_ROWS}",
                (before,),
            )
        ]
        if not positions:
            return Slice(0, None)
        attempts = _dead.attempts_of(positions, db)
        letters = _dead.find(DeadFilter(ids=positions), len(positions), db)
        _append(file, [_line(each, attempts.get(each.id, ()), redact) for each in letters])
        places = ",".join("?" * len(positions))
        streams = db.execute(
            f"UPDATE delivery SET state = {ENDED}, outcome = 'dropped', ended_at = ?, reason = ?"
            f" WHERE pos IN ({places}) RETURNING stream",
            (now, reason, *positions),
        ).fetchall()
        db.execute(f"DELETE FROM envelope WHERE pos IN ({places})", positions)
        for stream, number in Counter(row[0] for row in streams).items():
            _rows.count(db, stream, {"dead": -number, "dropped": number}, now)
        return Slice(len(positions), 0 if len(positions) == _ROWS else None)

    return job


def _line(letter: DeadLetter, attempts: Sequence[Attempt], redact: Callable[[str], str]) -> bytes:
    return dumps(
        {
            "id": letter.id,
            "flow": letter.flow,
            "type": letter.type,
            "key": letter.key,
            "identity": letter.identity,
            "verb": letter.verb,
            "version": letter.version,
            "since": instant_text(letter.since),
            "reason": redact(letter.reason),
            "answer": redact(letter.answer),
            "cause": letter.cause,
            "mapped": letter.mapped,
            "fields": None if letter.fields is None else sorted(letter.fields),
            "follows": letter.follows,
            "payload": letter.payload if letter.mapped else redact(letter.payload),
            "attempts": [
                {"number": each.number, "at": instant_text(each.at), "reason": redact(each.reason)} for each in attempts
            ],
        }
    )


def _append(file: Path, lines: Sequence[bytes]) -> None:
    """Lines at the end of a private file, on disk when this returns; a half-written one is taken back."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "ab", buffering=0) as out:
            start = os.fstat(out.fileno()).st_size
            try:
                text = b"\n".join(lines) + b"\n"
                while text:
                    text = text[out.write(text) :]
                os.fsync(out.fileno())
            except OSError:
                out.truncate(start)
                raise
        _sync(file.parent)
    except OSError as error:
        raise StoreError(
            f"dead letters cannot be written to {file}: {error.strerror}",
            hint="none was removed; make the folder writable, or take [engine] expire_dead_letters away",
        ) from error


def _sync(folder: Path) -> None:
    """Make a new file's name durable too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
