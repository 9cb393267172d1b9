"""The platform's budget: never exceeded, and hardly wasted. Counted in its own units: calls a minute and method.

On a clock that jumps over waiting work takes no time, so that the speed of the machine does not count. The long run
lives in real time.
"""

from __future__ import annotations

import asyncio
from datetime import datetime

import pytest
from pullpush_linnworks import hooks

from pullpush_sdk import Delivery, Verb
from pullpush_sdk.canonical import CanonicalTypes
from pullpush_sdk.clock import SystemClock
from pullpush_sdk.connector import Result
from pullpush_sdk.mapping import Functions
from pullpush_sdk.plugins import Source, load_connector
from pullpush_sdk.sandbox import SandboxClock, SandboxOptions
from pullpush_sdk.testing.clock import VirtualClock
from pullpush_sdk.testing.connections import connected

TYPES = CanonicalTypes()
BUDGET = 150  # of AddInventoryItem


def _delivery(number):
    payload = {"sku": f"P-{number:05d}", "title": f"Product {number}", "price": "1.00", "currency": "GBP"}
    return Delivery(
        id=f"d{number}", kind=TYPES["product"], verb=Verb.CREATED, key=payload["sku"], identity=payload["sku"],
        payload=payload, version=1, position=number,
    )  # fmt: skip


async def _write(count, *, seconds, clock):
    """Push new products, two batches under way, for so many sandbox seconds at most; the sandbox's entries."""
    source = Source(name="linnworks", distribution="pullpush-linnworks", load=lambda: hooks)
    loaded = load_connector(source, hooks, types=TYPES, functions=Functions())
    ticking = SandboxClock(source=clock.monotonic, start=clock.now())
    sandbox = hooks.pullpush_sandbox(options=SandboxOptions(records=0, clock=ticking))
    size, until = loaded.connector.batch["product"], clock.monotonic() + seconds
    waiting = list(range(0, count, size))
    async with connected(loaded, sandbox, clock=clock) as connection:

        async def worker():
            while waiting and clock.monotonic() < until:
                start = waiting.pop(0)
                batch = [_delivery(number) for number in range(start, min(start + size, count))]
                outcomes = await loaded.hook.pullpush_push(connection=connection, canonical_type="product", batch=batch)
                assert {each.result for each in outcomes} == {Result.DELIVERED}

        await asyncio.gather(worker(), worker())
    entries = [each for each in sandbox.control.log.after() if each["path"].endswith("/AddInventoryItem")]
    return sandbox, [datetime.fromisoformat(each["at"]).timestamp() for each in entries]


def _share(times, until):
    """The part of the budget that was used from the first call on."""
    counted = [at for at in times if at - times[0] <= until]
    return len(counted) / (BUDGET * until / 60)


def test_the_budget_is_kept_and_used():
    """Five minutes of the platform's time: 5,000 products wait, and 750 are what it allows."""
    sandbox, times = asyncio.run(_write(5_000, seconds=300, clock=VirtualClock()))
    assert sandbox.control.violations.counts() == {"rate_limited": 0}
    assert _share(times, 300) >= 0.8


@pytest.mark.full
@pytest.mark.timeout(240)
def test_the_budget_is_kept_and_used_for_two_minutes_at_its_own_speed():
    """5,000 products wait; two minutes of them."""
    sandbox, times = asyncio.run(_write(5_000, seconds=120, clock=SystemClock()))
    assert sandbox.control.violations.counts() == {"rate_limited": 0}
    assert _share(times, 120) >= 0.8
