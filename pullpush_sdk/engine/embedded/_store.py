"""One SQLite file, one writer thread, group commit.

Callers hand in functions of a connection. Whatever has gathered while the last commit was on its way to the disk runs
in the next transaction, each function in a savepoint of its own, so that one fsync serves many callers and a failing
one takes nothing of the others with it. A caller hears of success only after the commit.

SQLite gives the interpreter lock back at every step of a statement; functions should therefore use few statements
over many rows rather than many over one.
"""

from __future__ import annotations

import asyncio
import os
import queue
import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import attrs

from pullpush_sdk.errors import StoreBusyError, StoreError, StoreFullError

from . import _schema

__all__ = ["Job", "Store"]

T = TypeVar("T")
Job = Callable[[sqlite3.Connection], T]

_GROUP = 256
_JOURNAL_BYTES = 32 * 1024**2

_CONDITIONS = {
    sqlite3.SQLITE_FULL: ("has no room left on its disk", "make room; the engine goes on by itself"),
    sqlite3.SQLITE_BUSY: ("is locked by another program", "close what has it open; the engine tries again"),
    sqlite3.SQLITE_LOCKED: ("is locked by another program", "close what has it open; the engine tries again"),
    sqlite3.SQLITE_READONLY: ("cannot be written", "check the owner and mode of the file and its folder"),
    sqlite3.SQLITE_PERM: ("cannot be written", "check the owner and mode of the file and its folder"),
    sqlite3.SQLITE_CANTOPEN: ("cannot be opened", "check that the folder exists and may be written"),
    sqlite3.SQLITE_CORRUPT: ("is damaged", "stop, keep a copy, and restore the last good one"),
    sqlite3.SQLITE_NOTADB: ("is not a database", "name another file in [engine] url"),
    sqlite3.SQLITE_IOERR: ("could not be read or written", "check the disk and the limits of the process"),
    sqlite3.SQLITE_TOOBIG: ("cannot hold a record of this size", "leave large fields out of the map"),
}

_PASSING: dict[int, type[StoreError]] = {
    sqlite3.SQLITE_FULL: StoreFullError,
    sqlite3.SQLITE_BUSY: StoreBusyError,
    sqlite3.SQLITE_LOCKED: StoreBusyError,
}


@attrs.define
class _Call:
    """`job` None asks for a checkpoint, which no transaction may surround."""

    job: Job[Any] | None
    writes: bool
    future: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None


class Store:
    """A store file (None: in memory) with its thread. Open it before use, close it after."""

    def __init__(self, path: Path | None, *, busy_seconds: float = 5.0) -> None:
        self.path = path
        self.name = str(path) if path is not None else "the store in memory"
        self._busy_seconds = busy_seconds
        self._calls: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._abandoned = False
        self._closed = False
        self.trouble: StoreError | None = None
        """Why the last transaction that wrote could not be stored; None where it was."""
        self.undone = 0
        """How many jobs or transactions were rolled back: what was read or written in one may never have been."""

    async def open(self) -> None:
        """Open the file, creating or upgrading it.

        Raises:
            StoreError: it cannot be opened, is not ours, or is newer than we are.
        """
        self._loop = asyncio.get_running_loop()
        opened: asyncio.Future[None] = self._loop.create_future()
        self._thread = threading.Thread(target=self._work, args=(opened,), name="pullpush-store", daemon=True)
        self._thread.start()
        await opened

    async def run(self, job: Job[T], *, writes: bool = True) -> T:
        """The result of `job`, after it is durable.

        Raises:
            StoreError: nothing of it was stored.
        """
        return await self._called(job, writes=writes)  # type: ignore[no-any-return]

    async def checkpoint(self) -> None:
        """Bring what was written into the file itself and cut it to its size, as far as no reader stands in the way."""
        await self._called(None, writes=False)

    async def _called(self, job: Job[Any] | None, *, writes: bool) -> Any:
        if self._closed or self._loop is None:
            raise StoreError(f"{self.name} is not open")
        future: asyncio.Future[Any] = self._loop.create_future()
        self._calls.put(_Call(job, writes, future))
        return await future

    async def close(self) -> None:
        """Let the calls under way end, then close the file."""
        if self._closed or self._thread is None:
            return
        self._closed = True
        self._calls.put(None)
        await asyncio.to_thread(self._thread.join)

    def abandon(self) -> None:
        """Let go of the file as a killed process would: what is not committed is lost, nobody is answered."""
        self._abandoned = self._closed = True
        self._calls.put(None)
        if self._thread is not None:
            self._thread.join()

    def _connect(self) -> sqlite3.Connection:
        if self.path is not None:
            with suppress(OSError):
                self.path.parent.mkdir(parents=True, exist_ok=True)
                os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
        db = sqlite3.connect(
            ":memory:" if self.path is None else self.path, timeout=self._busy_seconds, isolation_level=None
        )
        try:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = FULL")
            db.execute("PRAGMA wal_autocheckpoint = 4000")
            db.execute(f"PRAGMA journal_size_limit = {_JOURNAL_BYTES}")
            db.execute("PRAGMA cache_size = -32000")
            db.execute("PRAGMA temp_store = MEMORY")
            _schema.prepare(db, self.name)
        except BaseException:
            db.close()
            raise
        return db

    def _work(self, opened: asyncio.Future[None]) -> None:
        assert self._loop is not None
        try:
            db = self._connect()
        except Exception as error:  # noqa: BLE001 - whoever opens gets it
            self._loop.call_soon_threadsafe(_fail, opened, self._translated(error))
            return
        self._loop.call_soon_threadsafe(_answer, opened, None)
        try:
            while (calls := self._gathered()) is not None:
                self._transact(db, calls)
                if self._abandoned:
                    return
                with suppress(RuntimeError):  # the loop is gone: nobody waits any more
                    self._loop.call_soon_threadsafe(_resolve, calls)
        finally:
            db.close()

    def _gathered(self) -> list[_Call] | None:
        """The next calls, at least one; None at the end."""
        first = self._calls.get()
        if first is None or self._abandoned:
            return None
        calls = [first]
        while len(calls) < _GROUP:
            try:
                call = self._calls.get_nowait()
            except queue.Empty:
                break
            if call is None:
                self._calls.put(None)
                break
            calls.append(call)
        return calls

    def _transact(self, db: sqlite3.Connection, calls: list[_Call]) -> None:
        """Run the calls in one transaction; whatever happens, each has its result or its error afterwards."""
        try:
            db.execute("BEGIN IMMEDIATE" if any(call.writes for call in calls) else "BEGIN")
            for call in calls:
                self._one(db, call)
            if not self._abandoned:
                db.execute("COMMIT")
                self._judge(calls)
        except Exception as error:  # noqa: BLE001 - whoever waits must hear of it, and the thread go on
            self.undone += 1
            translated = self._translated(error)
            for call in calls:
                call.error = translated
            self._judge(calls)
        finally:
            if db.in_transaction:
                with suppress(sqlite3.Error):
                    db.execute("ROLLBACK")
            if any(call.job is None for call in calls):
                with suppress(sqlite3.Error):  # a later one does it
                    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def _judge(self, calls: list[_Call]) -> None:
        """Note whether the store can be written, as far as these calls show it."""
        if troubles := [call.error for call in calls if isinstance(call.error, StoreError) and call.error.__cause__]:
            self.trouble = troubles[0]
        elif any(call.writes and call.error is None for call in calls):
            self.trouble = None

    def _one(self, db: sqlite3.Connection, call: _Call) -> None:
        if call.job is None:
            return
        db.execute("SAVEPOINT one")
        try:
            call.result = call.job(db)
        except Exception as error:
            if not db.in_transaction:  # SQLite gave the whole transaction up (disk full, read or write error)
                raise
            self.undone += 1
            db.execute("ROLLBACK TO one")
            call.error = self._translated(error)
        db.execute("RELEASE one")

    def _translated(self, error: Exception) -> Exception:
        if not isinstance(error, sqlite3.Error):
            return error
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        says, hint = _CONDITIONS.get(code, ("failed", ""))
        found = _PASSING.get(code, StoreError)(f"{self.name} {says} ({error})", hint=hint)
        found.__cause__ = error
        return found


def _answer(future: asyncio.Future[Any], result: object) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: asyncio.Future[Any], error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)


def _resolve(calls: list[_Call]) -> None:
    for call in calls:
        if call.error is not None:
            _fail(call.future, call.error)
        else:
            _answer(call.future, call.result)
