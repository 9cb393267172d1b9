"""The embedded store in trouble: nothing half-done, clear words, and it goes on when the trouble ends."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
from collections.abc import Sequence
from pathlib import Path

import pytest

from pullpush_sdk.canonical import CanonicalTypes
from pullpush_sdk.clock import SystemClock
from pullpush_sdk.connector import Delivery, Outcome, Page
from pullpush_sdk.engine.embedded import SqliteEngine
from pullpush_sdk.engine.embedded._store import Store
from pullpush_sdk.engine.open import open_engine
from pullpush_sdk.errors import SetupError, StoreError
from pullpush_sdk.testing.clock import VirtualClock
from pullpush_sdk.testing.engine_laws.bench import Destination, flow_of, stock

FLOW = flow_of()


def engine_at(path: Path | None, **options: float) -> SqliteEngine:
    return SqliteEngine(path, clock=VirtualClock(), types=CanonicalTypes(), **options)  # type: ignore[arg-type]


def limit_pages(db: sqlite3.Connection, more: int | None) -> None:
    """Leave room for so many pages more; None takes the limit away."""
    used = db.execute("PRAGMA page_count").fetchone()[0]
    db.execute(f"PRAGMA max_page_count = {2**30 if more is None else used + more}")


def make_foreign(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE theirs (x)")
    db.close()


def make_newer(path: Path) -> None:
    db = sqlite3.connect(path)
    db.execute(f"PRAGMA application_id = {0x50755075}")
    db.execute("CREATE TABLE meta (name, value)")
    db.execute("PRAGMA user_version = 99")
    db.close()


def test_file_is_for_its_owner_only(tmp_path: Path) -> None:
    async def run() -> None:
        async with engine_at(tmp_path / "deep" / "store.db") as engine, engine.hold():
            await engine.append(FLOW, "stocklevel", Page(events=[stock("a", 1, 1)], cursor=1))
            for file in (tmp_path / "deep").iterdir():
                assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0, file

    asyncio.run(run())


def test_synchronous_full_and_wal(tmp_path: Path) -> None:
    async def run() -> None:
        store = Store(tmp_path / "store.db")
        await store.open()
        assert await store.run(lambda db: db.execute("PRAGMA synchronous").fetchone()[0], writes=False) == 2
        assert await store.run(lambda db: db.execute("PRAGMA journal_mode").fetchone()[0], writes=False) == "wal"
        await store.close()

    asyncio.run(run())


def test_full_disk_stores_nothing_and_goes_on_after_it(tmp_path: Path) -> None:
    """The page and its cursor are not there; when there is room again the same page is stored."""

    async def run() -> None:
        async with engine_at(tmp_path / "store.db") as engine, engine.hold():
            await engine.append(FLOW, "stocklevel", Page(events=[stock("a", 1, 1)], cursor=1))
            await engine._store.run(lambda db: limit_pages(db, 2))
            page = Page(events=[stock(f"s{n}" * 50, n, n) for n in range(500)], cursor=2)
            with pytest.raises(StoreError, match="no room left"):
                await engine.append(FLOW, "stocklevel", page)
            assert await engine.checkpoint(FLOW.name, "stocklevel") == 1
            assert (await engine.counts(FLOW.name))["stocklevel"]["read"] == 1
            await engine._store.run(lambda db: limit_pages(db, None))
            assert (await engine.append(FLOW, "stocklevel", page)).waiting == 500
            destination = Destination()
            await engine.drain(FLOW, destination.push)
            assert len(destination.writes) == 501

    asyncio.run(run())


def test_outcomes_are_kept_until_the_store_takes_them(tmp_path: Path) -> None:
    """A store that cannot be written after a push is tried again; the push is not."""

    async def run() -> None:
        path = tmp_path / "store.db"
        async with engine_at(path, busy_seconds=0.05) as engine, engine.hold():
            await engine.append(FLOW, "stocklevel", Page(events=[stock("a", 1, 1)], cursor=1))
            destination = Destination()
            foreign = sqlite3.connect(path, isolation_level=None)
            slept = engine._wall.slept  # type: ignore[attr-defined]

            async def push(kind: str, batch: Sequence[Delivery]) -> Sequence[Outcome]:
                foreign.execute("BEGIN EXCLUSIVE")
                return await destination.push(kind, batch)

            async def let_go() -> None:
                while len(slept) < 3:  # noqa: ASYNC110 - the clock tells nobody
                    await asyncio.sleep(0.01)
                foreign.execute("ROLLBACK")

            report, _ = await asyncio.gather(engine.drain(FLOW, push), let_go())
            foreign.close()
            assert report.counts["stocklevel"]["delivered"] == 1
            assert len(destination.writes) == 1

    asyncio.run(run())


def test_locked_store_says_so(tmp_path: Path) -> None:
    async def run() -> None:
        path = tmp_path / "store.db"
        async with engine_at(path, busy_seconds=0.05) as engine, engine.hold():
            foreign = sqlite3.connect(path, isolation_level=None)
            foreign.execute("BEGIN EXCLUSIVE")
            with pytest.raises(StoreError, match="locked by another program"):
                await engine.append(FLOW, "stocklevel", Page(events=[stock("a", 1, 1)], cursor=1))
            with pytest.raises(StoreError, match="locked by another program"):
                await engine.drain(FLOW, Destination().push)
            foreign.execute("ROLLBACK")
            foreign.close()
            await engine.append(FLOW, "stocklevel", Page(events=[stock("a", 1, 1)], cursor=1))

    asyncio.run(run())


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: path.write_bytes(b"this is no database, " * 400), "not a database"),
        (lambda path: path.mkdir(), "cannot be opened"),
        (make_foreign, "another program"),
        (make_newer, "update pullpush-sdk"),
    ],
    ids=["garbage", "folder", "foreign", "newer"],
)
def test_store_that_is_not_ours_is_refused(make: object, words: str, tmp_path: Path) -> None:
    async def run() -> None:
        path = tmp_path / "store.db"
        make(path)  # type: ignore[operator]
        with pytest.raises(StoreError, match=words):
            async with engine_at(path):
                pass

    asyncio.run(run())


def test_one_commit_serves_many_callers(tmp_path: Path) -> None:
    """Calls that gather while a commit is under way share the next one; a failing call takes no other with it."""

    async def run() -> None:
        store = Store(tmp_path / "store.db")
        await store.open()
        commits: list[str] = []
        await store.run(lambda db: db.set_trace_callback(commits.append))

        def note(number: int, db: sqlite3.Connection) -> int:
            db.execute("INSERT INTO meta VALUES (?, '1')", (f"n{number}",))
            if number == 50:
                raise ZeroDivisionError
            return number

        results = await asyncio.gather(
            *(store.run(lambda db, n=n: note(n, db)) for n in range(100)),  # type: ignore[misc]
            return_exceptions=True,
        )
        assert isinstance(results[50], ZeroDivisionError)
        assert results[:50] + results[51:] == [n for n in range(100) if n != 50]
        assert commits.count("COMMIT") < 10
        kept = await store.run(lambda db: db.execute("SELECT count(*) FROM meta WHERE name LIKE 'n%'").fetchone()[0])
        assert kept == 99
        await store.close()
        with pytest.raises(StoreError, match="not open"):
            await store.run(lambda _db: None)

    asyncio.run(run())


def test_engine_by_url(tmp_path: Path) -> None:
    async def run() -> None:
        for url in (f"sqlite:///{tmp_path}/a%20b.db", "sqlite://"):
            async with open_engine(url, clock=SystemClock(), types=CanonicalTypes()) as engine, engine.hold():
                await engine.append(FLOW, "stocklevel", Page(events=[stock("a", 1, 1)], cursor=1))
                destination = Destination()
                assert (await engine.drain(FLOW, destination.push)).idle
                await engine.remember("flow:x", {"state": "paused"})
                assert await engine.recall("flow:x") == {"state": "paused"}
                await engine.remember("flow:x", None)
                assert await engine.recall("flow:x") is None

    asyncio.run(run())
    assert (tmp_path / "a b.db").exists()
    with pytest.raises(SetupError, match="no engine knows"):
        open_engine("redis://x", clock=SystemClock(), types=CanonicalTypes(), hook=lambda _url: None)
    marker = object()
    found = open_engine("nats://x", clock=SystemClock(), types=CanonicalTypes(), hook=lambda _url: marker)
    assert found is marker


def test_delivery_ids_differ_between_stores(tmp_path: Path) -> None:
    """A new store counts from one again; its ids must not look like those of the old one to the platform."""
    ids: list[str] = []

    async def push(_kind: str, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        ids.extend(delivery.id for delivery in batch)
        return [Outcome.delivered() for _ in batch]

    async def run(path: Path) -> None:
        async with engine_at(path) as engine, engine.hold():
            await engine.append(FLOW, "stocklevel", Page(events=[stock("a", 1, 1)], cursor=1))
            await engine.drain(FLOW, push)

    asyncio.run(run(tmp_path / "one.db"))
    asyncio.run(run(tmp_path / "two.db"))
    assert len(set(ids)) == 2
