"""Ordered dispatch: events a second from append to stored outcome, with a push that does nothing.

    python benchmarks/bench_dispatch.py [--dir DIR] [--events N]

DIR must be on a real disk; `synchronous=FULL`. `through` appends pages of 200 while the dispatcher runs; `backlog`
dispatches what lies in a store that was opened anew, and shows the time to its first delivery and the peak memory.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench_log import pages

from pullpush_sdk.canonical import CanonicalTypes
from pullpush_sdk.clock import SystemClock
from pullpush_sdk.connector import Delivery, Outcome
from pullpush_sdk.engine.open import open_engine
from pullpush_sdk.engine.ports import FlowSpec


def flow(batch: int) -> FlowSpec:
    return FlowSpec(name="bench", source="a", destination="b", types=("stocklevel",), batch={"stocklevel": batch})


class Destination:
    """Takes everything; knows when it got the first."""

    def __init__(self) -> None:
        self.first = 0.0
        self.written = 0
        self._outcome = Outcome.delivered()

    async def push(self, _type: str, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        self.first = self.first or time.perf_counter()
        self.written += len(batch)
        return [self._outcome] * len(batch)


async def through(folder: Path, events: int, batch: int) -> tuple[float, float]:
    work = pages(events, 200)
    destination, stop = Destination(), asyncio.Event()
    async with (
        open_engine(f"sqlite:///{folder}/through.db", clock=SystemClock(), types=CanonicalTypes()) as engine,
        engine.hold(),
    ):
        wall, cpu = time.perf_counter(), time.process_time()
        running = asyncio.ensure_future(engine.drain(flow(batch), destination.push, stop=stop, until_idle=False))
        for page in work:
            await engine.append(flow(batch), "stocklevel", page)
        stop.set()
        await running
        await engine.drain(flow(batch), destination.push)
        return events / (time.perf_counter() - wall), events / (time.process_time() - cpu)


async def backlog(folder: Path, events: int, batch: int) -> tuple[float, float, float]:
    url = f"sqlite:///{folder}/backlog.db"
    async with open_engine(url, clock=SystemClock(), types=CanonicalTypes()) as engine, engine.hold():
        for page in pages(events, 1000):
            await engine.append(flow(batch), "stocklevel", page)
    destination = Destination()
    start, cpu = time.perf_counter(), time.process_time()
    async with open_engine(url, clock=SystemClock(), types=CanonicalTypes()) as engine, engine.hold():
        await engine.drain(flow(batch), destination.push)
    return destination.first - start, events / (time.perf_counter() - start), events / (time.process_time() - cpu)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dir")
    parser.add_argument("--events", type=int, default=100_000)
    arguments = parser.parse_args()
    print(f"{'':>8} {'batch':>6} {'events/s':>10} {'per CPU s':>10} {'first':>8}")
    for batch in (1, 100, 250):
        with tempfile.TemporaryDirectory(dir=arguments.dir) as folder:
            events = arguments.events if batch > 1 else min(arguments.events, 4_000)
            wall, cpu = asyncio.run(through(Path(folder), events, batch))
            print(f"{'through':>8} {batch:>6} {wall:>10,.0f} {cpu:>10,.0f}")
    with tempfile.TemporaryDirectory(dir=arguments.dir) as folder:
        first, wall, cpu = asyncio.run(backlog(Path(folder), arguments.events, 100))
        print(f"{'backlog':>8} {100:>6} {wall:>10,.0f} {cpu:>10,.0f} {first:>6.2f} s")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")


if __name__ == "__main__":
    main()
