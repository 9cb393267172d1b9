"""The shop's own unit is the worker: four requests at once, never a fifth, and hardly ever one less."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import attrs
import pytest
from pullpush_magento import hooks

from pullpush_sdk.canonical import CanonicalTypes
from pullpush_sdk.mapping import Functions
from pullpush_sdk.plugins import Source, load_connector
from pullpush_sdk.sandbox import SandboxClock, SandboxOptions
from pullpush_sdk.testing.connections import connected

WORKERS = 4


class WorkClock(SandboxClock):
    """Time stands while the connector is busy, and goes on when the shop works on all that it was asked for, as far as
    it has workers: how fast the machine is does not count.

    A connector that asks for less than it wants to know would wait for ever; it gets `patience` real seconds, and the
    workers that it leaves idle are counted.
    """

    patience = 0.5

    def __init__(self) -> None:
        self._time = 0.0
        super().__init__(source=lambda: self._time)
        self._lock = threading.Lock()
        self._asleep: list[tuple[float, asyncio.AbstractEventLoop, asyncio.Future[None]]] = []
        self._asked = 0

    async def sleep(self, seconds: float) -> None:
        """In the shop's thread: until the time has come."""
        loop = asyncio.get_running_loop()
        woken: asyncio.Future[None] = loop.create_future()
        with self._lock:
            self._asleep.append((self.seconds() + seconds, loop, woken))
        self._go_on()
        while not woken.done():
            await asyncio.wait({woken}, timeout=self.patience)
            if not woken.done():
                self._go_on(anyway=True)

    def asked(self, change: int) -> None:
        """In the connector's thread: a request more, or one less, is waited for."""
        with self._lock:
            self._asked += change
        self._go_on()

    def _go_on(self, *, anyway: bool = False) -> None:
        with self._lock:
            if not self._asleep or (len(self._asleep) < min(self._asked, WORKERS) and not anyway):
                return
            first = min(self._asleep, key=lambda each: each[0])
            self._asleep.remove(first)
            at, loop, woken = first
            self._time = max(self._time, at)
            loop.call_soon_threadsafe(woken.set_result, None)


@attrs.define
class Watched:
    """A client that tells the clock what it waits for."""

    client: Any
    clock: WorkClock

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)

    async def send(self, call: Any) -> Any:
        self.clock.asked(1)
        try:
            return await self.client.send(call)
        finally:
            # Whoever waited for the answer has these turns of the loop to ask for more, before time goes on.
            self._later(50)

    def _later(self, turns: int) -> None:
        if turns:
            asyncio.get_running_loop().call_soon(self._later, turns - 1)
        else:
            self.clock.asked(-1)


async def _sweep(*, records: int, latency: int, clock: WorkClock | None = None) -> tuple[dict[str, int], float, int]:
    """Violations, the share of the workers' time that was used, and how many levels were read."""
    source = Source(name="magento", distribution="pullpush-magento", load=lambda: hooks)
    loaded: Any = load_connector(source, hooks, types=CanonicalTypes(), functions=Functions())
    switches = {"workers": str(WORKERS), "latency": str(latency)}
    sandbox = loaded.hook.pullpush_sandbox(options=SandboxOptions(records=records, clock=clock, extra=switches))
    async with connected(loaded, sandbox) as opened:
        client = opened.client if clock is None else Watched(opened.client, clock)
        connection = attrs.evolve(opened, client=client)
        pages = loaded.hook.pullpush_pull(connection=connection, canonical_type="stocklevel", cursor=None)
        count = sum([len(page.events) async for page in pages])
    load = sandbox.control.dump()["load"]
    return sandbox.control.violations.counts(), load["busy"] / (WORKERS * load["elapsed"]), count


def test_a_sweep_keeps_the_workers_busy_and_no_more():
    """Requests of three seconds each."""
    counts, share, levels = asyncio.run(_sweep(records=240, latency=3000, clock=WorkClock()))
    assert counts == {"rate_limited": 0}
    assert levels > 240
    assert share >= 0.8, share


@pytest.mark.full
@pytest.mark.timeout(400)
def test_five_thousand_products_at_the_speed_of_the_wall_clock():
    """Two minutes of a shop that answers in ninety milliseconds."""
    counts, share, levels = asyncio.run(_sweep(records=5000, latency=90))
    assert counts == {"rate_limited": 0}
    assert levels > 5000
    assert share >= 0.8, share
