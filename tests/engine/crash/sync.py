"""The process that is killed: reads a source page by page into the engine and delivers over a socket, until done.

The source is a pure function of its cursor, so that every start reads on from the stored checkpoint.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Sequence

from pullpush_sdk.canonical import CanonicalTypes, Order, OrderStatus, StockLevel
from pullpush_sdk.clock import SystemClock
from pullpush_sdk.connector import Delivery, Event, Outcome, Page
from pullpush_sdk.engine.open import open_engine
from pullpush_sdk.engine.ports import Engine, FlowSpec

STATUSES = [status.value for status in OrderStatus]
PAGE = 20


def stock_event(seed: int, n: int) -> Event:
    """The n-th stock event: versions go forward, with a late older one now and then."""
    mixed = (n * 2654435761 + seed) & 0xFFFFFFFF
    version = n * 10 - (45 if mixed % 11 == 0 else 0)
    record = StockLevel(sku=f"s{mixed % 23}", quantity=n, location_id=f"l{mixed // 23 % 2}")
    return Event(type="stocklevel", record=record, version=max(version, 0))


def order_event(seed: int, n: int) -> Event:
    """The n-th order event: one version for all, so that only the log's order counts."""
    mixed = (n * 2246822519 + seed) & 0xFFFFFFFF
    record = Order(order_id=f"o{mixed % 17}", status=OrderStatus(STATUSES[n % len(STATUSES)]), note=str(n))
    return Event(type="order", record=record, version=1)


EVENTS = {"stocklevel": stock_event, "order": order_event}


def flow(name: str) -> FlowSpec:
    return FlowSpec(name=f"crash-{name}", source="a", destination="b", types=(name,), batch={name: 7}, concurrency=3)


async def read(engine: Engine, name: str, seed: int, total: int) -> None:
    """Append pages from the checkpoint on; at the end read the last page again, as pollers do."""
    cursor = await engine.checkpoint(flow(name).name, name) or 0
    while cursor < total:
        events = [EVENTS[name](seed, n) for n in range(cursor, min(cursor + PAGE, total))]
        cursor += len(events)
        await engine.append(flow(name), name, Page(events=events, cursor=cursor))
        await asyncio.sleep(0.001)


async def push(port: int, _name: str, batch: Sequence[Delivery]) -> Sequence[Outcome]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writes = [
        {
            "key": each.key,
            "identity": each.identity,
            "position": each.position,
            "version": each.version,
            "value": each.payload.get("quantity", each.payload.get("note")),
            "maybe": each.maybe_applied,
        }
        for each in batch
    ]
    writer.write(json.dumps({"pid": os.getpid(), "writes": writes}).encode() + b"\n")
    answer = await reader.readline()
    writer.close()
    if answer != b"ok\n":
        return [Outcome.retry("no answer", maybe_applied=True) for _ in batch]
    return [Outcome.delivered() for _ in batch]


async def main(url: str, port: int, seed: int, total: int) -> None:
    async with open_engine(url, clock=SystemClock(), types=CanonicalTypes()) as engine, engine.hold():
        print("up", flush=True)  # noqa: T201 - the parent waits for it
        read_up = asyncio.Event()

        async def deliver(name: str) -> None:
            await engine.drain(flow(name), lambda kind, batch: push(port, kind, batch), stop=read_up, until_idle=False)
            report = await engine.drain(flow(name), lambda kind, batch: push(port, kind, batch))
            assert report.idle, report

        delivering = [asyncio.ensure_future(deliver(name)) for name in EVENTS]
        await asyncio.gather(*(read(engine, name, seed, total) for name in EVENTS))
        read_up.set()
        await asyncio.gather(*delivering)
    print("done", flush=True)  # noqa: T201 - the parent waits for it


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])))
