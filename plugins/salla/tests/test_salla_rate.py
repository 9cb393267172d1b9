"""The store's budget: never overdrawn, and used."""

from __future__ import annotations

import asyncio

import pytest

PER_MINUTE = {"plus": 120, "basic": 60, "pro": 360}


async def retitled(w, count, title):
    """New titles for that many products, each a look-up and a write; what it took in the platform's seconds."""
    rows = [row for row in w.state()["products"] if row["sku"]][:count]
    started, asked = w.connection.clock.monotonic(), len(w.sandbox.control.log.after(0))
    outcomes = await w.push("product", *({"sku": row["sku"], "title": f"{title} {n}"} for n, row in enumerate(rows)))
    assert {str(each.result) for each in outcomes} == {"delivered"}
    return len(w.sandbox.control.log.after(0)) - asked, w.connection.clock.monotonic() - started


def share(requests, seconds, plan):
    """The part of the budget of that time that was used."""
    return requests / (PER_MINUTE[plan] * seconds / 60)


@pytest.mark.parametrize(("plan", "count", "scale"), [("plus", 140, 50.0), ("basic", 75, 50.0), ("pro", 220, 20.0)])
def test_a_long_write_keeps_the_limit_and_uses_it(world, plan, count, scale):
    """At many times the speed, whichever plan the store has: its answers state the budget."""

    async def run():
        async with world(records=count + 60, rate_limits=True, scale=scale, extra={"plan": plan, "orders": "0"}) as w:
            requests, seconds = await retitled(w, count, "New")
            return requests, seconds, w.sandbox.control.violations.counts()

    requests, seconds, violations = asyncio.run(run())
    assert violations == {"rate_limited": 0}
    assert share(requests, seconds, plan) >= 0.8


@pytest.mark.full
@pytest.mark.timeout(400)
def test_two_minutes_at_real_speed(world):
    """Five thousand products are read and as many as two minutes hold are written."""

    async def run():
        async with world(records=5000, rate_limits=True, scale=1.0, extra={"orders": "0", "customers": "0"}) as w:
            started = w.connection.clock.monotonic()
            pages = await w.pages("product")
            # Products without any SKU are rejects.
            read = sum(len(page.events) + len(page.rejects) for page in pages)
            await retitled(w, 80, "New")
            spent = w.connection.clock.monotonic() - started
            return read, len(w.sandbox.control.log.after(0)), spent, w.sandbox.control.violations.counts()

    read, requests, seconds, violations = asyncio.run(run())
    assert read == 5000
    assert violations == {"rate_limited": 0}
    assert share(requests, seconds, "plus") >= 0.8
