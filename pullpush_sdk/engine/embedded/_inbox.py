"""The inbox of the embedded store: what was received and is not in the logs yet.

Requests that arrive while a commit is on its way to the disk are handed to the store together: one job, one commit.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from hashlib import blake2b
from typing import Any, TypeVar

import msgspec

from pullpush_sdk.clock import Clock
from pullpush_sdk.connector import WebhookRequest, moment_of, version_of
from pullpush_sdk.engine.causes import cause_of
from pullpush_sdk.engine.inbox import Arrived, DeadRequest, InboxStatus, Kept, LookUp, Received, WhichArrived
from pullpush_sdk.engine.ports import DeadFilter

from . import _past, _rows
from ._dead import where
from ._schema import DEAD
from ._space import Space
from ._store import Store
from ._upkeep import Housekeeper

__all__ = ["SqliteInbox", "receive_again"]

_NO_STREAM = 0  # transport ids of the inbox stand beside those of the streams, whose ids begin at 1
_KEPT = "id, connection, event, headers, query, body, received_at, flow"
_COLUMNS = "inbox (connection, event, headers, query, body, received_at)"
_MOST_AT_ONCE = 512

T = TypeVar("T")

_encode = msgspec.json.Encoder().encode
_headers = msgspec.json.Decoder(dict[str, str]).decode


class SqliteInbox:
    """See `Inbox`."""

    def __init__(
        self, store: Store, *, clock: Clock, must_hold: Callable[[], None], house: Housekeeper, space: Space
    ) -> None:
        self._store = store
        self._clock = clock
        self._must_hold = must_hold
        self._house = house
        self._space = space
        self._arriving: list[tuple[Received, asyncio.Future[bool]]] = []
        self._keeping: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()

    def refusal(self) -> str:
        return self._house.refusal()

    async def keep(self, received: Received) -> bool:
        stored: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._arriving.append((received, stored))
        if self._keeping is None:
            self._keeping = asyncio.ensure_future(self._keep_all())
        return await stored

    async def _keep_all(self) -> None:
        """Store what arrives, group by group; while one group is on its way to the disk the next one gathers."""
        try:
            while self._arriving:
                group, self._arriving = self._arriving[:_MOST_AT_ONCE], self._arriving[_MOST_AT_ONCE:]
                await self._keep_group(group)
        finally:
            self._keeping = None

    async def _keep_group(self, group: Sequence[tuple[Received, asyncio.Future[bool]]]) -> None:
        rows = [_row(received) for received, _ in group]
        try:
            new = await self._store.run(partial(_keep, rows, self._space))
        except BaseException as error:
            for _, stored in group:
                if not stored.done():
                    stored.set_exception(error)
            if not isinstance(error, Exception):
                raise
            return
        self._changed.set()
        for (_, stored), is_new in zip(group, new, strict=True):
            if not stored.done():
                stored.set_result(is_new)

    async def read(self, *, after: int, limit: int, most_bytes: int) -> Sequence[Kept]:
        return await self._store.run(partial(_read, after, limit, most_bytes), writes=False)

    async def fetch(self, ids: Sequence[int]) -> Sequence[Kept]:
        return await self._store.run(partial(_fetch, ids), writes=False)

    async def wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        self._changed.clear()

    def wake(self) -> None:
        """Let a waiting worker look: something came in without being kept here."""
        self._changed.set()

    async def note_failure(self, failed: LookUp) -> None:
        self._must_hold()
        await self._store.run(partial(_note_failure, failed))

    async def settle(self, done: Sequence[int], dead: Sequence[DeadRequest]) -> None:
        self._must_hold()
        remember = self._house.upkeep.keep_webhooks > 0
        await self._store.run(partial(_settle, done, dead, version_of(self._clock.now()), remember))

    async def arrived(self, which: WhichArrived, *, limit: int, before: int | None = None) -> Sequence[Arrived]:
        return await self._store.run(partial(_past.arrived, which, limit, before), writes=False)

    async def status(self) -> Sequence[InboxStatus]:
        return await self._store.run(_status, writes=False)


def _row(received: Received) -> tuple[Any, ...]:
    request = received.request
    return (
        received.transport_id,
        (
            *(received.connection, received.event, _encode(request.headers).decode(), _query(request)),
            *(request.body, version_of(request.received_at)),
        ),
    )


def _query(request: WebhookRequest) -> str:
    return _encode(request.query).decode() if request.query else "{}"


def _keep(rows: Sequence[tuple[str | None, tuple[Any, ...]]], space: Space, db: sqlite3.Connection) -> list[bool]:
    """Store the rows whose transport id is new; which ones those were."""
    space.require(db)
    places = [None if id_ is None else (f"{row[0]}/{row[1]}", id_) for id_, row in rows]
    seen = _seen(db, [place for place in places if place is not None])
    new, ids = [], []
    for place, (_, row) in zip(places, rows, strict=True):
        is_new = place is None or place not in seen
        if place is not None and is_new:
            seen.add(place)
            ids.append((_NO_STREAM, *place, row[-1]))
        new.append(is_new)
    _insert(db, "transport", ids)
    _insert(db, _COLUMNS, [row for (_, row), is_new in zip(rows, new, strict=True) if is_new])
    return new


def _seen(db: sqlite3.Connection, places: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those of the scopes and ids that were there before."""
    found: set[tuple[str, str]] = set()
    by_scope: dict[str, list[str]] = {}
    for scope, id_ in places:
        by_scope.setdefault(scope, []).append(id_)
    for scope, ids in by_scope.items():
        for some in _by_powers(ids):
            marks = ",".join("?" * len(some))
            sql = f"SELECT id FROM transport WHERE stream = ? AND scope = ? AND id IN ({marks})"
            found.update((scope, row[0]) for row in db.execute(sql, (_NO_STREAM, scope, *some)))
    return found


def _insert(db: sqlite3.Connection, into: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Many rows by one statement: the interpreter's lock changes hands at every statement's step, and whoever
    receives waits for it.
    """
    for some in _by_powers(rows):
        row = f"({','.join('?' * len(some[0]))})"
        values = [value for each in some for value in each]
        db.execute(f"INSERT INTO {into} VALUES {','.join([row] * len(some))}", values)


def _by_powers(rows: Sequence[T]) -> Iterable[Sequence[T]]:
    """The rows in few pieces of 64, 32, 16 … so that there are few different statements, which SQLite then keeps."""
    start, size = 0, 64
    while start < len(rows):
        while size > len(rows) - start:
            size //= 2
        yield rows[start : start + size]
        start += size


def _read(after: int, limit: int, most_bytes: int, db: sqlite3.Connection) -> list[Kept]:
    rows: list[tuple[Any, ...]] = []
    size = 0
    for row in db.execute(f"SELECT {_KEPT} FROM inbox WHERE id > ? ORDER BY id LIMIT ?", (after, limit)):
        size += len(row[5])
        if rows and size > most_bytes:
            break
        rows.append(row)
    return _kept(db, rows)


def _fetch(ids: Sequence[int], db: sqlite3.Connection) -> list[Kept]:
    rows: list[tuple[Any, ...]] = []
    for some, places in _rows.chunks(sorted(ids)):
        rows += db.execute(f"SELECT {_KEPT} FROM inbox WHERE id IN ({places}) ORDER BY id", some)
    return _kept(db, rows)


def _kept(db: sqlite3.Connection, rows: Sequence[tuple[Any, ...]]) -> list[Kept]:
    tried = _tried(db, rows[0][0], rows[-1][0]) if rows else {}
    return [
        Kept(
            id=id_,
            connection=connection,
            event=event,
            request=WebhookRequest(
                headers=_headers(headers), query=_headers(query), body=body, received_at=moment_of(received_at)
            ),
            flow=flow,
            tried=tried.get(id_, {}),
        )
        for id_, connection, event, headers, query, body, received_at, flow in rows
    ]


def _tried(db: sqlite3.Connection, first: int, last: int) -> dict[int, dict[int, LookUp]]:
    found: dict[int, dict[int, LookUp]] = {}
    for row, item, number, at, due, reason, answer in db.execute(
        "SELECT row, item, number, at, due, reason, answer FROM look_up WHERE row BETWEEN ? AND ? ORDER BY number",
        (first, last),
    ):
        found.setdefault(row, {})[item] = LookUp(
            row=row, item=item, number=number, at=moment_of(at), due=moment_of(due), reason=reason, answer=answer
        )
    return found


def _note_failure(failed: LookUp, db: sqlite3.Connection) -> None:
    db.execute(
        "INSERT OR REPLACE INTO look_up VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            *(failed.row, failed.item, failed.number, version_of(failed.at), version_of(failed.due)),
            *(failed.reason, failed.answer),
        ),
    )


def _settle(done: Sequence[int], dead: Sequence[DeadRequest], now: int, remember: bool, db: sqlite3.Connection) -> None:
    here = {row[0] for row in _still_there(db, {each.row for each in dead})}
    for each in dead:
        if each.row in here:
            _bury(each, now, db)
    if remember:
        _past.remember(db, done, now)
    for some, places in _rows.chunks(done):
        db.execute(f"DELETE FROM inbox WHERE id IN ({places})", some)
        db.execute(f"DELETE FROM look_up WHERE row IN ({places})", some)


def _still_there(db: sqlite3.Connection, ids: Iterable[int]) -> list[tuple[int]]:
    """Requests that were settled already leave no second dead letter: settling may be repeated."""
    found: list[tuple[int]] = []
    for some, places in _rows.chunks(sorted(ids)):
        found += db.execute(f"SELECT id FROM inbox WHERE id IN ({places})", some)
    return found


def _bury(dead: DeadRequest, now: int, db: sqlite3.Connection) -> None:
    stream = _rows.stream_of(db, dead.flow, dead.type, shadow=dead.shadow)
    at, request = version_of(dead.request.received_at), dead.request
    made = db.execute(
        "INSERT INTO delivery (stream, key, identity, verb, version, payload, digest, logged_at, ended_at, state,"
        " outcome, reason, answer, cause) VALUES (?, ?, '', 'received', ?, ?, ?, ?, ?, ?, 'dead', ?, ?, ?)",
        (
            *(stream, dead.key, at, request.body, blake2b(request.body, digest_size=16).digest(), now, now, DEAD),
            *(dead.reason, dead.answer, cause_of(dead.flow, dead.type, dead.reason)),
        ),
    )
    pos = made.lastrowid
    envelope = (pos, dead.connection, dead.event, _encode(request.headers).decode(), _query(request), at)
    db.execute("INSERT INTO envelope VALUES (?, ?, ?, ?, ?, ?)", envelope)
    db.execute(
        "INSERT INTO attempt SELECT ?, number, at, reason, answer FROM look_up"
        " WHERE row = ? AND item = ? AND number > 0",
        (pos, dead.row, dead.item),
    )
    _rows.count(db, stream, {"read": 1, "dead": 1}, now)


def receive_again(which: DeadFilter, now: int, db: sqlite3.Connection) -> int:
    """Put the chosen dead requests back into the inbox, each for its own flow; how many."""
    condition, values = where(which)
    chosen = db.execute(
        "SELECT delivery.pos, delivery.stream FROM delivery JOIN stream ON stream.id = delivery.stream"
        f" WHERE {condition} AND verb = 'received' ORDER BY delivery.pos",
        values,
    ).fetchall()
    places = [(pos,) for pos, _ in chosen]
    db.executemany(
        "INSERT INTO inbox (connection, event, headers, query, body, received_at, flow)"
        " SELECT envelope.connection, event, headers, query, payload, received_at, stream.flow FROM envelope"
        " JOIN delivery ON delivery.pos = envelope.pos JOIN stream ON stream.id = delivery.stream"
        " WHERE envelope.pos = ?",
        places,
    )
    for table in ("envelope", "attempt", "delivery"):
        db.executemany(f"DELETE FROM {table} WHERE pos = ?", places)
    for stream, number in Counter(stream for _, stream in chosen).items():
        _rows.count(db, stream, {"read": -number, "dead": -number}, now)
    return len(chosen)


def _status(db: sqlite3.Connection) -> list[InboxStatus]:
    failing: Mapping[str, tuple[int, str]] = {
        connection: (number, reason)
        for connection, number, reason, _ in db.execute(
            "SELECT connection, count(DISTINCT row), reason, max(at + number) FROM look_up JOIN inbox ON inbox.id = row"
            " GROUP BY connection"
        )
    }
    found = []
    for connection, waiting, oldest in db.execute(
        "SELECT connection, count(*), min(id) FROM inbox GROUP BY connection ORDER BY connection"
    ).fetchall():
        since = db.execute("SELECT received_at FROM inbox WHERE id = ?", (oldest,)).fetchone()[0]
        number, reason = failing.get(connection, (0, ""))
        found.append(
            InboxStatus(connection=connection, waiting=waiting, oldest=moment_of(since), failing=number, reason=reason)
        )
    return found
