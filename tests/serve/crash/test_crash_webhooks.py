"""A process that receives, works and delivers is killed at random: whatever got its 2xx arrives, in order, once.

Judged by the destination's own log; only what ended without a write is asked of the store, at the very end.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import socket
import sys
import time
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import attrs
import httpx
import pytest

from pullpush_sdk.canonical import CanonicalTypes, Order, OrderStatus
from pullpush_sdk.clock import SystemClock
from pullpush_sdk.connector import Event, Page
from pullpush_sdk.engine.embedded import SqliteEngine

from ..kit import flow, sign  # noqa: TID252 - tests are no installed package

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
SENDERS = 20


async def spawn(*arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stdout=asyncio.subprocess.PIPE, cwd=ROOT, env={"PYTHONPATH": str(ROOT), "PATH": ""}
    )


async def end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
    await process.communicate()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


@attrs.define(kw_only=True)
class Run:
    """One run: what was sent and acknowledged, by key, in order."""

    port: int
    platform: str
    rng: random.Random
    over: asyncio.Event = attrs.field(factory=asyncio.Event)
    orders: dict[str, list[str]] = attrs.field(factory=lambda: defaultdict(list))
    stock: dict[str, int] = attrs.field(factory=dict)
    unmappable: list[str] = attrs.field(factory=list)
    repeated: int = 0

    async def send(self, client: httpx.AsyncClient, body: bytes, topic: str, id_: str) -> None:
        """Until it got its 2xx, as platforms do."""
        headers = {"X-Topic": topic, "X-Sign": sign(body), "X-Id": id_}
        while True:
            try:
                sent = await client.post(f"http://127.0.0.1:{self.port}/webhooks/shop", content=body, headers=headers)
            except httpx.TransportError:
                await asyncio.sleep(0.02)
                continue
            if sent.status_code == 202:
                return
            assert sent.status_code == 503, (sent.status_code, sent.text)
            await asyncio.sleep(0.02)

    async def sender(self, number: int) -> None:
        """Webhooks about keys that nobody else sends about."""
        rng = random.Random(self.rng.random())
        async with httpx.AsyncClient(timeout=10, limits=httpx.Limits(max_keepalive_connections=1)) as client:
            count = 0
            while not self.over.is_set():
                count += 1
                name, kind = f"{number}-{rng.randrange(3)}", rng.random()
                id_ = f"{number}/{count}"
                if kind < 0.3:
                    await client.put(f"{self.platform}/stock/{name}")
                    self.stock[name] = self.stock.get(name, 0) + 1
                    await self.send(client, json.dumps({"data": {"id": name}}).encode(), "stock.changed", id_)
                elif kind < 0.32:
                    body = json.dumps({"data": {"note": id_}})
                    self.unmappable.append(body)
                    await self.send(client, body.encode(), "order.updated", id_)
                else:
                    self.orders[name].append(id_)
                    body_ = json.dumps({"data": {"id": name, "note": id_}}).encode()
                    await self.send(client, body_, "order.updated", id_)
                    if rng.random() < 0.1:
                        self.repeated += 1
                        await self.send(client, body_, "order.updated", id_)


async def kill_and_restart(folder: Path, kills: int, seed: int) -> tuple[Run, list[dict[str, Any]], dict[str, Any]]:
    rng = random.Random(seed)
    log, store = folder / "destination.log", str(folder / "store.db")
    platform = await spawn("-m", "tests.serve.crash.both_ends", str(log), str(seed))
    assert platform.stdout is not None
    address = f"http://127.0.0.1:{int(await platform.stdout.readline())}"
    run = Run(port=free_port(), platform=address, rng=rng)
    serving = ("-m", "tests.serve.crash.serving", store, str(run.port), address)
    senders = [asyncio.ensure_future(run.sender(number)) for number in range(SENDERS)]
    try:
        async with httpx.AsyncClient(timeout=20) as client:
            for index in range(kills + 1):
                child = await spawn(*serving)
                assert child.stdout is not None
                assert await child.stdout.readline() == b"up\n"
                await asyncio.sleep(rng.random() ** 2 * 0.8 if index < kills else 0.2)
                assert child.returncode is None
                if index == kills:
                    run.over.set()
                    await asyncio.gather(*senders)
                await end(child)
                await client.post(f"{address}/quiet")
            await client.post(f"{address}/calm")
            last = await spawn(*serving, "finish")
            output, _ = await last.communicate()
            assert last.returncode == 0
    finally:
        for task in senders:
            task.cancel()
        await asyncio.gather(*senders, return_exceptions=True)
        await end(platform)
    return run, [json.loads(line) for line in log.read_text().splitlines()], json.loads(output)


def check(run: Run, writes: list[dict[str, Any]], told: dict[str, Any]) -> None:
    by_key: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for write in writes:
        by_key[write["key"]].append(write)
    for key, mine in by_key.items():
        mine.sort(key=lambda write: (write["start"], write["n"]))
        for before, after in pairwise(mine):
            together = before["start"] == after["start"]
            assert together or after["start"] >= before["end"], f"overlap of {key}: {before} {after}"
    dead = [payload for verb, _, payload in told["dead"] if verb == "received"]
    assert sorted(dead) == sorted(run.unmappable), "a webhook that could not be mapped is no dead letter, or is two"
    assert len(told["dead"]) == len(dead), f"deliveries died of passing faults: {told['dead']}"
    for name, sent in run.orders.items():
        seen: list[str] = []
        for write in by_key[name]:
            if seen and write["value"] == seen[-1]:
                assert write["maybe"], f"{write} was repeated without a warning"
            else:
                seen.append(write["value"])
        assert seen == sent, f"order {name}: lost, repeated or reordered"
    for name, quantity in run.stock.items():
        values = [write["value"] for write in by_key[f"sku-{name}"]]
        assert values == sorted(values), f"stock {name} went back: {values}"
        assert values[-1:] == [quantity], f"stock {name} ends at {values[-1:]}, not {quantity}"
    assert told["inbox"] == 0
    for counts in told["counts"]:
        for tally in counts.values():
            assert tally["waiting"] == 0


def scenario(folder: Path, kills: int) -> None:
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")  # noqa: T201 - a failure is repeated with it
    run, writes, told = asyncio.run(kill_and_restart(folder, kills, seed))
    check(run, writes, told)
    orders, stock = sum(map(len, run.orders.values())), sum(run.stock.values())
    unsure = sum(write["maybe"] for write in writes)
    print(  # noqa: T201 - what the run was worth
        f"{kills} kills: {orders} orders, {stock} stock changes, {len(run.unmappable)} unmappable and {run.repeated}"
        f" repeated webhooks got their 2xx; {len(writes)} writes, {unsure} unsure"
    )
    assert orders > 5 * kills, "hardly anything was sent: the kills proved little"


def test_killed_receiver_loses_nothing(tmp_path: Path) -> None:
    """Twenty senders, faults on both sides, three kills."""
    scenario(tmp_path, kills=3)


@pytest.mark.full
@pytest.mark.timeout(3600)
def test_crash_webhooks_two_hundred_kills(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    if "full" not in pytestconfig.getoption("-m"):
        pytest.skip("minutes long: run `make crash`")
    scenario(tmp_path, kills=int(os.environ.get("KILLS", "200")))


@pytest.mark.full
@pytest.mark.timeout(600)
def test_crash_restart_with_a_hundred_thousand_waiting(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    """From the start of the process to the first write at the destination: under two seconds."""
    if "full" not in pytestconfig.getoption("-m"):
        pytest.skip("half a minute long: run `make crash`")
    taken = asyncio.run(restart(tmp_path, 100_000))
    print(f"100,000 waiting deliveries: first delivery {taken:.2f} s after the start of the process")  # noqa: T201
    assert taken < 2.0


async def restart(folder: Path, waiting: int) -> float:
    orders = flow("orders", "order")
    async with SqliteEngine(folder / "store.db", clock=SystemClock(), types=CanonicalTypes()) as engine, engine.hold():
        for start in range(0, waiting, 1_000):
            records = [
                Order(order_id=f"o{n % 9_000}", status=OrderStatus("pending"), note=str(n))
                for n in range(start, start + 1_000)
            ]
            events = [Event(type="order", record=each, version=start + n) for n, each in enumerate(records)]
            await engine.append(orders, "order", Page(events=events, cursor=None))
    log = folder / "destination.log"
    platform = await spawn("-m", "tests.serve.crash.both_ends", str(log), "1")
    assert platform.stdout is not None
    address = f"http://127.0.0.1:{int(await platform.stdout.readline())}"
    child = None
    try:
        began = time.monotonic_ns()
        child = await spawn("-m", "tests.serve.crash.serving", str(folder / "store.db"), str(free_port()), address)
        while not log.read_bytes():  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.01)
        first = json.loads(log.read_text().splitlines()[0])
        return float(first["start"] - began) / 1e9
    finally:
        if child is not None:
            await end(child)
        await end(platform)
