"""Retention, limits and bad times of the embedded store: nothing lost, a clear word, and it goes on by itself."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pullpush_sdk.canonical import CanonicalTypes
from pullpush_sdk.clock import SystemClock, keep_ahead, steady_now
from pullpush_sdk.connector import Delivery, Outcome, Page, Reject
from pullpush_sdk.engine.embedded import SqliteEngine, _schema
from pullpush_sdk.engine.ports import DeadFilter
from pullpush_sdk.engine.upkeep import Upkeep
from pullpush_sdk.errors import AccessRevokedError, FieldError, StoreBusyError, StoreError, StoreFullError
from pullpush_sdk.testing.clock import VirtualClock
from pullpush_sdk.testing.engine_laws.bench import Destination, flow_of, order, product, stock

FLOW = flow_of()
ORDERS = flow_of("order")
_DAY = 86_400


def engine_at(path: Path | None, clock: VirtualClock | None = None, **options: Any) -> SqliteEngine:
    upkeep = Upkeep(**{"min_free": 0, **options.pop("upkeep", {})})
    return SqliteEngine(path, clock=clock or VirtualClock(), types=CanonicalTypes(), upkeep=upkeep, **options)


def stocks(count: int, start: int = 0, *, wide: int = 1) -> list[Any]:
    return [stock(f"s{n}" + "x" * wide, n, n + 1) for n in range(start, start + count)]


# Retention


def test_the_file_shrinks_while_deliveries_go_on(tmp_path: Path) -> None:
    async def run() -> None:
        path, clock = tmp_path / "store.db", VirtualClock()
        async with engine_at(path, clock) as engine, engine.hold():
            flow, destination = flow_of("product", batch={"product": 200}), Destination()
            old = [product(f"p{n}", "t" * 800, 1) for n in range(6_000)]
            await engine.append(flow, "product", Page(events=old, cursor=1))
            await engine.drain(flow, destination.push)
            clock.advance(8 * _DAY)
            new = [product(f"p{n}", "new", 2) for n in range(3_000)]
            await engine.append(flow, "product", Page(events=new, cursor=2))
            await engine._store.checkpoint()
            before = path.stat().st_size
            pruned, report = await asyncio.gather(engine.prune(), engine.drain(flow, destination.push))
            assert pruned.deliveries == 6_000
            assert report.counts["product"]["delivered"] == 3_000
            await engine.prune()
            assert path.stat().st_size < before * 0.6
            assert pruned.freed > before * 0.3

    asyncio.run(run())


def test_a_store_of_the_first_version_is_brought_up_to_date_and_can_shrink(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    db = sqlite3.connect(path, isolation_level=None)
    for statement in _schema._FIRST.split(";"):
        db.execute(statement)
    db.execute("INSERT INTO meta VALUES ('store_id', 'old')")
    db.execute("INSERT INTO stream VALUES (1, 'shop-to-erp', 'stocklevel', 0)")
    db.execute("INSERT INTO counter VALUES (1, 'read', 3)")
    db.execute("INSERT INTO counter VALUES (1, 'delivered', 3)")
    db.execute(f"PRAGMA application_id = {_schema._APPLICATION_ID}")
    db.execute("PRAGMA user_version = 1")
    db.close()

    async def run() -> None:
        async with engine_at(path) as engine, engine.hold():
            assert (await engine.counts(FLOW.name))["stocklevel"]["delivered"] == 3
            assert await engine._store.run(lambda db: db.execute("PRAGMA auto_vacuum").fetchone()[0]) == 2
            await engine.append(FLOW, "stocklevel", Page(events=stocks(2), cursor=1))
            assert (await engine.drain(FLOW, Destination().push)).idle

    asyncio.run(run())


def test_the_holder_keeps_house_beside_its_commands(tmp_path: Path) -> None:
    async def run() -> None:
        clock = VirtualClock()
        async with engine_at(tmp_path / "store.db", clock) as engine, engine.hold():
            await engine.append(FLOW, "stocklevel", Page(events=stocks(5), cursor=1))
            await engine.drain(FLOW, Destination().push)
            old = await engine.submit("stop", {})
            stop = asyncio.Event()

            async def finish(_arguments: Mapping[str, Any]) -> None:
                stop.set()

            await engine.run_commands({"stop": finish}, stop=stop)
            clock.advance(8 * _DAY)
            stop.clear()
            await engine.submit("stop", {})
            await engine.run_commands({"stop": finish}, stop=stop)
            rows = await engine._store.run(lambda db: db.execute("SELECT count(*) FROM delivery").fetchone()[0])
            kept = await engine._store.run(lambda db: [row[0] for row in db.execute("SELECT id FROM command")])
            assert (rows, kept) == (0, [old + 1])

    asyncio.run(run())


# Dead letters past an age


def test_dead_letters_expire_only_after_they_are_on_file(tmp_path: Path) -> None:
    archive = tmp_path / "expired"

    async def run() -> None:
        clock = VirtualClock()
        options = {"expire_dead": 30.0 * _DAY, "archive": archive}
        async with engine_at(tmp_path / "store.db", clock, upkeep=options) as engine, engine.hold():
            dead = Destination(lambda _delivery: Outcome.dead("no such customer", answer="404"))
            await engine.append(ORDERS, "order", Page(events=[order("a", "paid", 1)], cursor=1))
            await engine.drain(ORDERS, dead.push)
            clock.advance(29 * _DAY)
            await engine.append(ORDERS, "order", Page(events=[order("b", "paid", 1)], cursor=1))
            await engine.drain(ORDERS, dead.push)
            assert (await engine.prune()).expired == 0
            clock.advance(2 * _DAY)
            archive.write_text("in the way")
            with pytest.raises(StoreError, match="cannot be written"):
                await engine.prune()
            assert len(await engine.dead_letters()) == 2, "nothing goes that is not on file"
            archive.unlink()
            assert (await engine.prune()).expired == 1
            assert [letter.key for letter in await engine.dead_letters()] == ["b"]
            counts = (await engine.counts(ORDERS.name))["order"]
            assert (counts["dead"], counts["dropped"]) == (1, 1)

    asyncio.run(run())
    (file,) = archive.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    (line,) = [json.loads(each) for each in file.read_text().splitlines()]
    assert (line["key"], line["payload"]["status"], line["answer"]) == ("a", "paid", "404")


def test_one_that_others_wait_for_expires_with_the_last_of_them(tmp_path: Path) -> None:
    async def run() -> None:
        clock = VirtualClock()
        options = {"expire_dead": 30.0 * _DAY, "archive": tmp_path / "expired"}
        async with engine_at(tmp_path / "store.db", clock, upkeep=options) as engine, engine.hold():
            dead = Destination(lambda _delivery: Outcome.dead("no such customer"))
            await engine.append(ORDERS, "order", Page(events=[order("a", "pending", 1)], cursor=1))
            await engine.drain(ORDERS, dead.push)
            clock.advance(20 * _DAY)
            await engine.append(ORDERS, "order", Page(events=[order("a", "paid", 2, fields=["status"])], cursor=1))
            await engine.drain(ORDERS, dead.push)
            clock.advance(20 * _DAY)
            assert (await engine.prune()).expired == 0
            assert (await engine.retry_dead(DeadFilter())).retried == 2, "both can still be retried in order"
            await engine.drain(ORDERS, dead.push)
            clock.advance(31 * _DAY)
            assert (await engine.prune()).expired == 2

    asyncio.run(run())


def test_dead_letters_stay_for_ever_where_no_age_is_set(tmp_path: Path) -> None:
    async def run() -> None:
        clock = VirtualClock()
        async with engine_at(tmp_path / "store.db", clock) as engine, engine.hold():
            await engine.append(ORDERS, "order", Page(events=[order("a", "paid", 1)], cursor=1))
            await engine.drain(ORDERS, Destination(lambda _delivery: Outcome.dead("no")).push)
            clock.advance(10_000 * _DAY)
            assert (await engine.prune()).total == 0
            assert len(await engine.dead_letters()) == 1

    asyncio.run(run())


def test_no_secret_stays_in_what_dead_letters_show(tmp_path: Path) -> None:
    def redact(text: str) -> str:
        return text.replace("s3cr3t-token", "***")

    async def run() -> None:
        async with engine_at(tmp_path / "store.db", redact=redact) as engine, engine.hold():
            answers = Destination(lambda _delivery: Outcome.dead("s3cr3t-token is odd", answer="token=s3cr3t-token"))
            reject = Reject(native=b'{"auth": "s3cr3t-token"}', error=FieldError("bad s3cr3t-token"), key="k")
            await engine.append(ORDERS, "order", Page(events=[order("a", "paid", 1)], rejects=[reject], cursor=1))
            await engine.drain(ORDERS, answers.push)
            assert len(await engine.dead_letters()) == 2

    asyncio.run(run())
    for file in tmp_path.iterdir():
        assert b"s3cr3t-token" not in file.read_bytes(), file


# Limits


def test_a_full_store_takes_nothing_delivers_what_waits_and_goes_on(tmp_path: Path) -> None:
    async def run() -> None:
        async with engine_at(tmp_path / "store.db", upkeep={"max_size": 1_500_000}) as engine, engine.hold():
            cursor, wide = 0, 400
            with pytest.raises(StoreFullError, match=r"limit is 1\.5 MB"):
                while cursor < 100_000:
                    await engine.append(FLOW, "stocklevel", Page(events=stocks(100, cursor, wide=wide), cursor=cursor))
                    cursor += 100
            assert await engine.checkpoint(FLOW.name, "stocklevel") == cursor - 100
            status = await engine.status()
            assert status.pressure is not None
            assert "limit" in status.pressure.reason
            assert "max_size" in status.pressure.hint
            await engine.prune()
            assert await engine.pressure() is not None, "what waits is not removed for room"
            destination = Destination()
            report = await engine.drain(FLOW, destination.push)
            assert report.counts["stocklevel"]["delivered"] == cursor
            await engine.prune()
            assert await engine.pressure() is None, "what has ended goes before its time"
            assert (await engine.append(FLOW, "stocklevel", Page(events=stocks(1, cursor), cursor=0))).waiting == 1

    asyncio.run(run())


def test_dead_letters_fill_a_store_and_are_not_removed(tmp_path: Path) -> None:
    async def run() -> None:
        async with engine_at(tmp_path / "store.db", upkeep={"max_size": 600_000}) as engine, engine.hold():
            dead = Destination(lambda _delivery: Outcome.dead("no"))
            count = 0
            with pytest.raises(StoreFullError):
                while count < 100_000:
                    await engine.append(FLOW, "stocklevel", Page(events=stocks(50, count, wide=300), cursor=None))
                    count += 50
                    await engine.drain(FLOW, dead.push)
            await engine.prune()
            assert await engine.pressure() is not None
            assert (await engine.counts(FLOW.name))["stocklevel"]["dead"] == count
            await engine.drop_dead(DeadFilter())
            await engine.prune()
            assert await engine.pressure() is None

    asyncio.run(run())


def test_a_disk_with_too_little_room_is_pressure_before_it_is_full(tmp_path: Path) -> None:
    async def run() -> None:
        free = shutil.disk_usage(tmp_path).free
        async with engine_at(tmp_path / "store.db", upkeep={"min_free": free * 2}) as engine, engine.hold():
            with pytest.raises(StoreFullError, match="must stay free"):
                await engine.append(FLOW, "stocklevel", Page(events=stocks(1), cursor=1))
            pressure = await engine.pressure()
            assert pressure is not None
            assert "min_free" in pressure.hint

    asyncio.run(run())


# Bad times


_DISK_FULL = """
import asyncio, resource, sys
from pathlib import Path
from pullpush_sdk.canonical import CanonicalTypes
from pullpush_sdk.connector import Page
from pullpush_sdk.engine.embedded import SqliteEngine
from pullpush_sdk.errors import StoreError
from pullpush_sdk.testing.clock import VirtualClock
from pullpush_sdk.testing.engine_laws.bench import Destination, flow_of, stock
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

async def main(path):
    flow = flow_of()
    async with SqliteEngine(path, clock=VirtualClock(), types=CanonicalTypes()) as engine, engine.hold():
        async def append(count):
            events = [stock(f"s{n}", n, n) for n in range(count)]
            await engine.append(flow, "stocklevel", Page(events=events, cursor=count))

        await append(500)
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
        destination = Destination()
        for attempt in (append(600), engine.drain(flow, destination.push)):
            try:
                await attempt
            except StoreError as error:
                print("refused:", error)
        print("pressure:", (await engine.pressure()).reason)
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        print("over:", await engine.pressure())
        print("waiting:", (await engine.counts(flow.name))["stocklevel"]["waiting"])
        await append(600)
        await engine.drain(flow, destination.push)
        print("delivered:", len(destination.writes))

asyncio.run(main(Path(sys.argv[1])))
"""


def test_a_disk_that_is_really_full_is_said_and_got_over(tmp_path: Path) -> None:
    """The kernel refuses to let the file grow; when it may again, the same process goes on with all that it took."""
    environment = {"PYTHONPATH": str(Path(__file__).parents[2]), "PATH": ""}
    command = [sys.executable, "-c", _DISK_FULL, str(tmp_path / "store.db")]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment, timeout=60)
    assert done.returncode == 0, done.stderr
    refused, again, pressure, *rest = done.stdout.splitlines()
    for line in (refused, again, pressure):
        assert "could not be read or written" in line or "no room left" in line, done.stdout
    assert rest == ["over: None", "waiting: 500", "delivered: 600"]


def test_a_store_that_another_program_locks_is_waited_for(tmp_path: Path) -> None:
    """A drain that runs on outlasts any lock; whoever appends is told at once, and pressure says why."""

    async def run() -> None:
        path, clock = tmp_path / "store.db", VirtualClock()
        async with engine_at(path, clock, busy_seconds=0.02) as engine, engine.hold():
            destination, stop = Destination(), asyncio.Event()
            await engine.append(FLOW, "stocklevel", Page(events=stocks(1), cursor=1))
            foreign = sqlite3.connect(path, isolation_level=None)
            foreign.execute("BEGIN EXCLUSIVE")
            running = asyncio.ensure_future(engine.drain(FLOW, destination.push, stop=stop, until_idle=False))
            with pytest.raises(StoreBusyError, match="locked by another program"):
                await engine.append(FLOW, "stocklevel", Page(events=stocks(1, 1), cursor=2))
            pressure = await engine.pressure()
            assert pressure is not None
            assert "locked by another program" in pressure.reason
            while clock.monotonic() < 300:  # noqa: ASYNC110 - the clock tells nobody
                await asyncio.sleep(0.005)
            assert not running.done()
            foreign.execute("ROLLBACK")
            foreign.close()
            while await engine.pressure() is not None:  # noqa: ASYNC110 - a store tells nobody
                await asyncio.sleep(0.005)
            await engine.append(FLOW, "stocklevel", Page(events=stocks(1, 1), cursor=2))
            while len(destination.writes) < 2:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.005)
            stop.set()
            assert (await running).waiting == 0

    asyncio.run(run())


def test_commands_outlast_a_lock(tmp_path: Path) -> None:
    """A holder goes on serving other processes after somebody had the file locked."""

    async def run() -> None:
        path = tmp_path / "store.db"
        async with engine_at(path, busy_seconds=0.02) as engine, engine.hold():
            stop, seen = asyncio.Event(), asyncio.Event()

            async def locked(_arguments: Mapping[str, Any]) -> None:
                if not seen.is_set():  # its answer cannot be stored, so it comes again
                    foreign.execute("BEGIN IMMEDIATE")
                    asyncio.get_running_loop().call_later(0.2, lambda: foreign.execute("ROLLBACK"))
                seen.set()

            foreign = sqlite3.connect(path, isolation_level=None)
            first = await engine.submit("lock", {})
            second = await engine.submit("stop", {})

            async def quiet(_arguments: Mapping[str, Any]) -> None:
                stop.set()

            await engine.run_commands({"lock": locked, "stop": quiet}, stop=stop)
            assert seen.is_set()
            for command in (first, second):
                assert (await engine.wait_result(command, timeout=5)).error == ""
            foreign.close()

    asyncio.run(run())


def test_a_revoked_token_stops_the_flow_and_nothing_is_spent(tmp_path: Path) -> None:
    """The flow ends with the error and its mend; after that is done the same deliveries go, in order."""

    async def run() -> None:
        async with engine_at(tmp_path / "store.db") as engine, engine.hold():
            revoked = [True]

            def answer(_delivery: Delivery) -> Outcome | Exception:
                error = AccessRevokedError("access was revoked", hint="pullpush auth shop")
                return error if revoked[0] else Outcome.delivered()

            destination = Destination(answer)
            events = [order(f"o{n}", status, 1) for n in range(20) for status in ("paid", "shipped")]
            await engine.append(ORDERS, "order", Page(events=events, cursor=1))
            for _ in range(15):
                report = await engine.drain(ORDERS, destination.push)
                assert isinstance(report.error, AccessRevokedError)
                assert report.waiting == 40
            status = (await engine.status()).flows[0]
            assert (status.retrying, status.last_success) == (0, None)
            revoked[0] = False
            assert (await engine.drain(ORDERS, destination.push)).counts["order"] == {"delivered": 40}
            for n in range(20):
                assert destination.positions(f"o{n}") == [2 * n + 1, 2 * n + 2]

    asyncio.run(run())


def test_a_clock_that_was_set_back_between_two_runs_makes_nothing_old(tmp_path: Path) -> None:
    async def run() -> None:
        path, far, destination = tmp_path / "store.db", 2**62, Destination()
        for hour, quantity in ((12, 1), (11, 2), (11, 3)):
            clock = VirtualClock(datetime(2026, 5, 1, hour, tzinfo=UTC))
            async with engine_at(path, clock) as engine, engine.hold():
                await engine.append(FLOW, "stocklevel", Page(events=[stock("a", quantity, far)], cursor=1))
                await engine.drain(FLOW, destination.push)
        assert destination.quantities("a") == [1, 2, 3]

    asyncio.run(run())


def test_time_goes_on_when_the_clock_is_set_back() -> None:
    clock = VirtualClock()
    seen = []
    for step in (5.0, -3600.0, 7.0, -60.0, 0.0):
        if step < 0:
            clock.set_back(-step)
        else:
            clock.advance(step)
        seen.append(steady_now(clock))
    assert seen == sorted(seen)
    assert (seen[-1] - seen[0]).total_seconds() == 7.0
    system = SystemClock()
    assert abs((steady_now(system) - system.now()).total_seconds()) < 1
    far = keep_ahead(VirtualClock(), datetime(2030, 1, 1, tzinfo=UTC))
    assert far.days > 1000, "a clock that was wrong by years is not followed"


# Looking


def test_status_counts_rates_retries_and_the_last_success(tmp_path: Path) -> None:
    async def run() -> None:
        clock = VirtualClock(datetime(2026, 5, 1, tzinfo=UTC))
        async with engine_at(tmp_path / "store.db", clock) as engine, engine.hold():
            await engine.append(FLOW, "stocklevel", Page(events=stocks(6), cursor=1))
            answers = Destination(
                lambda delivery: Outcome.retry("busy", after=900) if delivery.key == "s0x" else Outcome.delivered()
            )
            await engine.drain(FLOW, answers.push, max_wait=1)
            (flow,) = (await engine.status()).flows
            assert (flow.retrying, flow.last_success) == (1, clock.now())
            assert flow.last_minute == {"read": 6, "delivered": 5}
            clock.advance(600)
            (flow,) = (await engine.status()).flows
            assert (flow.last_minute, flow.last_hour) == ({}, {"read": 6, "delivered": 5})
            clock.advance(3600)
            assert (await engine.status()).flows[0].last_hour == {}
            status = await engine.status()
            assert status.size
            assert status.free
            assert status.pressure is None

    asyncio.run(run())


def test_other_processes_see_which_destinations_rest(tmp_path: Path) -> None:
    async def run() -> None:
        path, clock = tmp_path / "store.db", VirtualClock()
        async with engine_at(path, clock) as engine, engine_at(path, clock) as other, engine.hold():
            await engine.append(FLOW, "stocklevel", Page(events=stocks(60), cursor=1))
            down = Destination(lambda _delivery: ConnectionRefusedError("no"))
            await engine.drain(FLOW, down.push, max_wait=30)
            stop = asyncio.Event()

            async def finish(_arguments: Mapping[str, Any]) -> None:
                stop.set()

            await other.submit("stop", {})
            await engine.run_commands({"stop": finish}, stop=stop)
            assert list((await other.status()).open_breakers) == [FLOW.destination]

    asyncio.run(run())


def test_the_life_of_a_key_is_found_by_an_index(tmp_path: Path) -> None:
    async def run() -> None:
        async with engine_at(tmp_path / "store.db") as engine, engine.hold():
            await engine.append(FLOW, "stocklevel", Page(events=stocks(10), cursor=1))
            plans: list[str] = []

            def explain(db: sqlite3.Connection) -> None:
                db.set_trace_callback(plans.append)

            await engine._store.run(explain)
            assert len(await engine.events_of_key(FLOW.name, "stocklevel", "s3x")) == 1
            await engine.status()
            asked = [text for text in plans if text.lstrip().startswith("SELECT")]
            details = await engine._store.run(
                lambda db: [row[3] for text in asked for row in db.execute(f"EXPLAIN QUERY PLAN {text}").fetchall()]
            )
            assert not [detail for detail in details if detail.startswith("SCAN delivery")], details

    asyncio.run(run())
