"""However much waits, and whatever it waits for, the worker holds a bounded part of it and the rest goes on."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from pullpush_sdk.connector import WebhookRequest
from pullpush_sdk.engine.inbox import Received
from pullpush_sdk.engine.policy import Backoff
from pullpush_sdk.serve import work_inbox
from pullpush_sdk.serve._inbox_worker import _Worker

from .kit import Process, flow, process, run

SPEC = flow()


async def keep(p: Process, number: int, topic: str, padding: int = 0) -> None:
    body = json.dumps({"data": {"id": str(number), "note": "x" * padding}}).encode()
    request = WebhookRequest(headers={"x-topic": topic}, query={}, body=body, received_at=p.engine._clock.now())
    await p.engine.inbox.keep(Received(connection="shop", event=topic, request=request))


def test_many_failing_records_neither_fill_memory_nor_stop_the_others(tmp_path: Path) -> None:
    """Bodies of what waits are let go of: 600 look-ups of 100 kB at a platform that is down, then plain webhooks."""

    async def scenario() -> None:
        async with process(tmp_path, flows=[SPEC], platform="http://127.0.0.1:1") as p:
            for number in range(600):
                await keep(p, number, "stock.changed", padding=100_000)
            for number in range(50):
                await keep(p, number, "order.updated")
            worker = _Worker(
                targets=p.targets, engine=p.engine, clock=p.engine._clock, backoff=Backoff(base=0.01), slots=16
            )
            stop = asyncio.Event()
            working = asyncio.ensure_future(worker.run(stop, until_idle=False))
            most = 0
            while (await p.engine.counts("main")).get("order", {}).get("waiting", 0) < 50:
                most = max(most, worker._bytes)
                await asyncio.sleep(0.01)
            stop.set()
            await working
            assert most < 48 * 2**20
            assert (await p.engine.inbox.status())[0].waiting == 600

    run(scenario)


def test_a_connection_that_is_unknown_waits_and_holds_nothing_up(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with process(tmp_path, flows=[SPEC]) as p:
            request = WebhookRequest(headers={}, query={}, body=b"{}", received_at=p.engine._clock.now())
            await p.engine.inbox.keep(Received(connection="gone", request=request))
            await keep(p, 1, "order.updated")
            await work_inbox(p.targets, p.engine, stop=asyncio.Event(), until_idle=True)
            assert [(each.connection, each.waiting) for each in await p.engine.inbox.status()] == [("gone", 1)]

    run(scenario)
