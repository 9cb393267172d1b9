"""Order at scale: many updates, many pushes at once, failures at random; judged by the destination's own log.

`make scale` runs the sizes that count and prints the figures; the suite runs small ones.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import attrs
import pytest

from pullpush_sdk.canonical import CanonicalTypes
from pullpush_sdk.clock import SystemClock
from pullpush_sdk.connector import Delivery, Event, Outcome, Page
from pullpush_sdk.engine.embedded import SqliteEngine
from pullpush_sdk.engine.policy import Backoff
from pullpush_sdk.engine.ports import FlowSpec
from pullpush_sdk.errors import RequestTimeoutError
from pullpush_sdk.testing.engine_laws.bench import flow_of, order

full = pytest.mark.full


@pytest.fixture(autouse=True)
def _long_ones_are_asked_for(request: pytest.FixtureRequest) -> None:
    if request.node.get_closest_marker("full") and "full" not in request.config.getoption("-m"):
        pytest.skip("minutes long: run `make scale`")


_SMALL, _FULL = (4_000, 100), pytest.param((200_000, 1_000), marks=full)


@attrs.define
class Log:
    """A destination that notes each write, fails at random, and never takes two of one key at once."""

    rng: random.Random
    failures: float = 0.0
    never: frozenset[str] = frozenset()
    writes: dict[str, list[tuple[int, str, bool]]] = attrs.field(factory=lambda: defaultdict(list))
    busy: set[str] = attrs.field(factory=set)
    most: int = 0
    failed: int = 0

    async def push(self, _kind: str, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        keys = {each.key for each in batch}
        assert not keys & self.busy, "two of one key at once"
        self.busy |= keys
        self.most = max(self.most, len(self.busy))
        try:
            for _ in range(self.rng.randrange(3)):
                await asyncio.sleep(0)
            if self.rng.random() < self.failures / 4:
                self.failed += len(batch)
                raise RequestTimeoutError("no answer")
            return [self._one(each) for each in batch]
        finally:
            self.busy -= keys

    def _one(self, delivery: Delivery) -> Outcome:
        lucky = self.rng.random()
        if delivery.key in self.never:
            return Outcome.retry("not this one", after=0.5)
        if lucky < self.failures / 2:
            self.failed += 1
            return Outcome.retry("busy")
        note = (delivery.position, str(delivery.payload["note"]), delivery.maybe_applied)
        self.writes[delivery.key].append(note)
        if lucky < self.failures:
            self.failed += 1
            return Outcome.retry("written, and the answer was lost", maybe_applied=True)
        return Outcome.delivered()


def engine_at(path: Path) -> SqliteEngine:
    backoff = Backoff(base=0.002, cap=0.02, random=random.Random(5))
    return SqliteEngine(path, clock=SystemClock(), types=CanonicalTypes(), backoff=backoff)


def updates(total: int, keys: int, rng: random.Random) -> list[Event]:
    """Every update says its number; versions are equal, so that only the log's order counts."""
    return [order(f"o{rng.randrange(keys)}", "paid", 1, note=str(number)) for number in range(total)]


async def run_through(engine: SqliteEngine, flow: FlowSpec, log: Log, events: Sequence[Event]) -> float:
    """Append while delivering, then deliver the rest; seconds until nothing but what never goes is left."""
    begun, stop = time.perf_counter(), asyncio.Event()
    running = asyncio.ensure_future(engine.drain(flow, log.push, stop=stop, until_idle=False))
    for start in range(0, len(events), 500):
        page = events[start : start + 500]
        await engine.append(flow, "order", Page(events=page, cursor=start))
    wanted = sum(event.record.order_id not in log.never for event in events)
    while (await engine.counts(flow.name))["order"]["delivered"] < wanted:  # noqa: ASYNC110 - the store tells nobody
        await asyncio.sleep(0.02)
    stop.set()
    await running
    return time.perf_counter() - begun


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("size", [_SMALL, _FULL])
def test_each_key_ends_at_its_last_update_and_never_goes_back(size: tuple[int, int], tmp_path: Path) -> None:
    """64 pushes at once, one in ten deliveries fails in some way."""
    total, keys = size
    events = updates(total, keys, random.Random(1))

    async def run() -> tuple[Log, float]:
        log, flow = Log(random.Random(2), failures=0.1), flow_of("order", concurrency=64, batch={"order": 4})
        async with engine_at(tmp_path / "store.db") as engine, engine.hold():
            seconds = await run_through(engine, flow, log, events)
            assert (await engine.counts(flow.name))["order"]["dead"] == 0
        return log, seconds

    log, seconds = asyncio.run(run())
    wanted: dict[str, list[str]] = defaultdict(list)
    for event in events:
        wanted[event.record.order_id].append(event.record.note)
    assert log.writes.keys() == wanted.keys()
    for key, notes in log.writes.items():
        positions = [position for position, _, _ in notes]
        assert positions == sorted(positions), f"{key} went back"
        seen: list[str] = []
        for _, note, maybe in notes:
            if seen and note == seen[-1]:
                assert maybe, f"{key}: {note} was repeated without a warning"
            else:
                seen.append(note)
        assert seen == wanted[key], key
    assert log.most >= 64, "pushes do not go beside each other"
    assert log.failed > total / 20
    print(f"\n{total:,} updates of {keys:,} keys, {log.failed:,} failures: {total / seconds:,.0f} a second")  # noqa: T201 - the figure is what the long run is for


@pytest.mark.timeout(900)
@pytest.mark.parametrize("size", [_SMALL, pytest.param((50_000, 1_000), marks=full)])
def test_keys_that_always_fail_do_not_slow_the_others(size: tuple[int, int], tmp_path: Path) -> None:
    """The same work with and without ten keys that never go; each has more to send than the run is long."""
    total, keys = size

    async def run(path: Path, never: frozenset[str]) -> float:
        events = updates(total, keys, random.Random(3))
        events = [event for event in events if event.record.order_id not in stuck]
        bad = [order(key, "paid", 1, note=str(number)) for number in range(20) for key in sorted(never)]
        log, flow = Log(random.Random(4), never=never), flow_of("order", concurrency=16, batch={"order": 4})
        async with engine_at(path) as engine, engine.hold():
            seconds = await run_through(engine, flow, log, [*bad, *events])
            assert (await engine.counts(flow.name))["order"]["delivered"] == len(events)
        return len(events) / seconds

    stuck = frozenset(f"o{number}" for number in range(10))
    rates = [asyncio.run(run(tmp_path / f"{name}.db", never)) for name, never in (("a", frozenset()), ("b", stuck))]
    print(f"\n{total:,} updates: {rates[0]:,.0f} a second, beside ten keys that always fail {rates[1]:,.0f}")  # noqa: T201 - the figure is what the long run is for
    assert rates[1] > rates[0] / 3, "ten stuck keys of many must cost next to nothing"


@pytest.mark.timeout(600)
@pytest.mark.parametrize("waiting", [5_000, pytest.param(100_000, marks=full)])
def test_the_first_delivery_leaves_soon_after_a_restart(waiting: int, tmp_path: Path) -> None:
    """Less than two seconds from opening the store, however much waits."""
    flow = flow_of("order", concurrency=8, batch={"order": 4})

    async def fill() -> None:
        async with engine_at(tmp_path / "store.db") as engine, engine.hold():
            for start in range(0, waiting, 1_000):
                events = [order(f"o{number}", "paid", 1) for number in range(start, start + 1_000)]
                await engine.append(flow, "order", Page(events=events, cursor=start))

    async def restart() -> float:
        first, begun = asyncio.Event(), time.perf_counter()
        stop = asyncio.Event()

        async def push(_kind: str, batch: Sequence[Delivery]) -> Sequence[Outcome]:
            first.set()
            return [Outcome.delivered() for _ in batch]

        async with engine_at(tmp_path / "store.db") as engine, engine.hold():
            running = asyncio.ensure_future(engine.drain(flow, push, stop=stop, until_idle=False))
            await first.wait()
            seconds = time.perf_counter() - begun
            stop.set()
            await running
        return seconds

    asyncio.run(fill())
    seconds = asyncio.run(restart())
    print(f"\n{waiting:,} waiting: first delivery after {seconds:.3f} s")  # noqa: T201 - the figure is what the long run is for
    assert seconds < 2
