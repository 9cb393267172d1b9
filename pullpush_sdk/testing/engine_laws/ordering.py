"""Laws of order: per key one at a time and in log order; a key holds back nothing but itself."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence

from pullpush_sdk.connector import Delivery, Outcome

from .bench import Bench, flow_of, order, stock

__all__ = ["LAWS"]

_STATUSES = ("pending", "paid", "processing", "shipped", "completed")


async def deliveries_of_a_key_go_in_log_order(bench: Bench) -> None:
    """Thirty keys with ten events each, mixed, through four pushes at once with outcomes at random times."""
    flow = flow_of("order", concurrency=4)
    events = [order(f"o{key}", _STATUSES[turn % 5], turn) for turn in range(10) for key in range(30)]
    rng = random.Random(7)  # noqa: S311 - a seeded schedule

    async def slowly(_delivery: Delivery) -> Outcome:
        for _ in range(rng.randrange(4)):
            await asyncio.sleep(0)
        return Outcome.delivered()

    bench.destination.answer = slowly
    await bench.append(flow, *events)
    await bench.drain(flow)
    for key in range(30):
        positions = bench.destination.positions(f"o{key}")
        assert positions == sorted(positions)
        assert len(positions) == 10
    assert bench.destination.at_once >= 8, "keys do not go beside each other"


async def order_survives_retries_and_crashes(bench: Bench) -> None:
    """An event that fails is tried again before the next of its key, also when the process dies in between."""
    flow = flow_of("order")
    await bench.append(flow, order("a", "pending", 1), order("a", "paid", 2), order("a", "shipped", 3))
    failures = iter([Outcome.retry("busy"), Outcome.retry("busy")])
    bench.destination.answer = lambda _delivery: next(failures, Outcome.delivered())
    await bench.waits_at_push(flow, applies=True)
    await bench.drain(flow)
    statuses = [write.payload["status"] for write in bench.destination.writes]
    assert statuses == sorted(statuses, key=["pending", "paid", "shipped"].index)
    assert bench.destination.state["a"]["status"] == "shipped"


async def failing_key_holds_back_only_itself(bench: Bench) -> None:
    """While one key waits for its retry, all the others are delivered."""
    flow = flow_of("order")
    bench.destination.answer = lambda delivery: (
        Outcome.retry("not yet", after=3600) if delivery.key == "bad" else Outcome.delivered()
    )
    await bench.append(flow, order("bad", "paid", 1), order("bad", "shipped", 2))
    await bench.append(flow, *(order(f"good{n}", "paid", 1) for n in range(40)))
    report = await bench.drain(flow, max_wait=60)
    assert sum(write.key != "bad" for write in bench.destination.writes) == 40
    assert report.waiting == 2
    assert [write.position for write in bench.destination.writes if write.key == "bad"] == [1]


async def busy_key_does_not_starve_others(bench: Bench) -> None:
    """A key with hundreds of events takes its turn like any other."""
    flow = flow_of("order", concurrency=1, batch={})
    await bench.append(flow, *(order("busy", _STATUSES[n % 5], n) for n in range(300)))
    await bench.append(flow, *(order(f"calm{n}", "paid", 1) for n in range(20)))
    await bench.drain(flow)
    calm = [index for index, write in enumerate(bench.destination.writes) if write.key != "busy"]
    assert max(calm) < 60


async def strange_keys_stay_apart(bench: Bench) -> None:
    """Whatever is in a key, it is one key and no other."""
    flow = flow_of()
    keys = [
        "a.b",
        "a b",
        "*",
        ">",
        "a/b",
        "'; --",
        '"',
        "%",
        "_",
        "ä",
        "日本",
        "x" * 200,
        "a\nb",
        "a|b",
        "\\",
        "a\0b",
        "0",
        "00",
    ]
    await bench.append(flow, *(stock(key, number, 1) for number, key in enumerate(keys)))
    await bench.reopen()
    await bench.drain(flow)
    assert {write.key: write.payload["quantity"] for write in bench.destination.writes} == {
        key: number for number, key in enumerate(keys)
    }


async def appending_wakes_a_running_drain(bench: Bench) -> None:
    """A drain that runs on delivers what is appended later."""
    flow = flow_of()
    stop, delivered = asyncio.Event(), asyncio.Event()

    async def push(canonical_type: str, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        outcomes = await bench.destination.push(canonical_type, batch)
        delivered.set()
        return outcomes

    running = asyncio.ensure_future(bench.engine.drain(flow, push, stop=stop, until_idle=False))
    await asyncio.sleep(0)
    await bench.append(flow, stock("a", 1, 1))
    await asyncio.wait_for(delivered.wait(), 10)
    delivered.clear()
    await bench.append(flow, stock("a", 2, 2))
    await asyncio.wait_for(delivered.wait(), 10)
    stop.set()
    report = await running
    assert bench.destination.quantities("a") == [1, 2]
    assert report.counts["stocklevel"]["delivered"] == 2


async def two_flows_go_their_own_way(bench: Bench) -> None:
    """The same event through two flows is delivered twice; a failure in one is nothing to the other."""
    first, second = flow_of(), flow_of(name="shop-to-pos", destination="pos")
    for flow in (first, second):
        await bench.append(flow, stock("a", 1, 1, transport_id="w1"), transport_scope="shop/stock")
    bench.destination.answer = lambda _delivery: Outcome.dead("no")
    await bench.drain(first)
    bench.destination.answer = None
    await bench.drain(second)
    assert (await bench.tally(first))["dead"] == 1
    assert (await bench.tally(second))["delivered"] == 1


LAWS = (
    deliveries_of_a_key_go_in_log_order,
    order_survives_retries_and_crashes,
    failing_key_holds_back_only_itself,
    busy_key_does_not_starve_others,
    strange_keys_stay_apart,
    appending_wakes_a_running_drain,
    two_flows_go_their_own_way,
)
