"""Durable append: events a second into the embedded log, by page size, `synchronous=FULL`.

    python benchmarks/bench_log.py [--dir DIR] [--events N] [--ids]

DIR must be on a real disk. Every event is a stock level of its own version; half of the keys are known already, so
identities are looked up and found. Counted is all of `append`: key, identity, payload, digest, look-up, insert, commit.
With `--ids` every event names its record of the source, so that the log also notes who carries which key.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from pathlib import Path

from pullpush_sdk.canonical import CanonicalTypes, StockLevel
from pullpush_sdk.clock import SystemClock
from pullpush_sdk.connector import Event, Page
from pullpush_sdk.engine.open import open_engine
from pullpush_sdk.engine.ports import FlowSpec

FLOW = FlowSpec(name="bench", source="a", destination="b", types=("stocklevel",))


def pages(events: int, size: int, ids: bool = False) -> list[Page]:
    return [
        Page(
            events=[
                Event(
                    type="stocklevel",
                    record=StockLevel(sku=f"SKU-{i % (events // 2)}", quantity=i, location_id="main"),
                    version=i,
                    native_id=f"record/{i % (events // 2)}" if ids else None,
                )
                for i in range(start, min(start + size, events))
            ],
            cursor=start,
        )
        for start in range(0, events, size)
    ]


async def measure(folder: Path, events: int, size: int, ids: bool) -> tuple[float, float]:
    work = pages(events, size, ids)
    async with (
        open_engine(f"sqlite:///{folder}/{size}.db", clock=SystemClock(), types=CanonicalTypes()) as engine,
        engine.hold(),
    ):
        wall, cpu = time.perf_counter(), time.process_time()
        for page in work:
            await engine.append(FLOW, "stocklevel", page)
        return events / (time.perf_counter() - wall), events / (time.process_time() - cpu)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dir")
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--ids", action="store_true")
    arguments = parser.parse_args()
    print(f"{'page':>6} {'events/s':>10} {'per CPU s':>10}")
    for size in (1, 50, 200, 1000):
        with tempfile.TemporaryDirectory(dir=arguments.dir) as folder:
            events = arguments.events if size > 1 else min(arguments.events, 5_000)
            wall, cpu = asyncio.run(measure(Path(folder), events, size, arguments.ids))
            print(f"{size:>6} {wall:>10,.0f} {cpu:>10,.0f}")


if __name__ == "__main__":
    main()
