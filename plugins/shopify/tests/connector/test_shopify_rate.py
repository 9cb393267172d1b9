"""The shop's points: none too many, and most of them used.

On a virtual clock both sides work in no time and only waiting takes any, so that the speed of the machine does not
count. The long run lives in real time.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from pullpush_sdk.clock import SystemClock
from pullpush_sdk.connector import Result

CAPACITY, RATE = 2000, 100  # of the Standard plan


class Meter:
    """Adds up what the platform charged."""

    def __init__(self, shop: Any) -> None:
        self.spent, self.begun = 0.0, shop.clock.monotonic()
        self._clock, self._send = shop.clock, shop.connection.client.send
        shop.connection.client.send = self.send

    async def send(self, call: Any) -> Any:
        answer = await self._send(call)
        self.spent += json.loads(answer.body)["extensions"]["cost"]["actualQueryCost"] or 0
        return answer

    @property
    def elapsed(self) -> float:
        return float(self._clock.monotonic() - self.begun)

    @property
    def share(self) -> float:
        """Of the points that there were: those in the bucket and those that came in meanwhile."""
        return self.spent / (CAPACITY + RATE * self.elapsed)


async def write_all(shop: Any, products: list[Any], title: str, until: float) -> int:
    """Write the products in batches, two at a time as a flow does; how many were written before `until`."""
    done = 0

    async def some(start: int) -> None:
        nonlocal done
        for at in range(start, len(products), 40):
            if shop.clock.monotonic() > until:
                return
            batch = [
                shop.delivery("product", {"sku": each.sku, "title": f"{title} {each.sku}"}, native_id=each.product_id)
                for each in products[at : at + 20]
            ]
            outcomes = await shop.push("product", *batch)
            assert {each.result for each in outcomes} == {Result.DELIVERED}
            done += len(outcomes)

    await asyncio.gather(some(0), some(20))
    return done


def run(play: Any, *, records: int, seconds: float, **options: Any) -> None:
    async def scenario(shop: Any) -> None:
        meter = Meter(shop)
        events, _, _ = await shop.pull("product")
        assert len(events) == records
        written = await write_all(shop, [event.record for event in events], "Timed", meter.begun + seconds)
        violations = await shop.control("GET", "violations")
        assert not any(violations.values()), violations
        assert meter.share >= 0.8, (meter.share, meter.spent, meter.elapsed)
        assert written >= min(records, 40)

    play(scenario, records=records, rate_limits=True, **options)


def test_a_sync_of_many_products_breaks_no_limit_and_uses_what_it_has(play: Any) -> None:
    run(play, records=400, seconds=3600)


def test_a_small_plan_is_used_as_well(play: Any) -> None:
    """A bucket that hardly holds one page: whoever waits for too much would never go on."""

    async def scenario(shop: Any) -> None:
        meter = Meter(shop)
        for _ in range(8):
            await shop.pull("product")
        assert not any((await shop.control("GET", "violations")).values())
        assert meter.spent / (700 + 50 * meter.elapsed) >= 0.8, (meter.spent, meter.elapsed)

    play(scenario, records=250, rate_limits=True, extra={"bucket": "700", "restore_rate": "50"})


@pytest.mark.full
@pytest.mark.timeout(300)
def test_two_minutes_in_real_time_with_five_thousand_products(play: Any, pytestconfig: pytest.Config) -> None:
    if "full" not in pytestconfig.getoption("-m"):
        pytest.skip("minutes long: run it with -m full")
    run(play, records=5000, seconds=120, clock=SystemClock())
