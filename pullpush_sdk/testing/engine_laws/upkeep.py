"""Laws of upkeep: what retention may remove, and that time which is set back changes nothing."""

from __future__ import annotations

from pullpush_sdk.connector import Delivery, Outcome
from pullpush_sdk.engine.ports import DeadFilter

from .bench import Bench, flow_of, order, stock

__all__ = ["LAWS"]

_WEEK = 7 * 86_400


async def what_ended_goes_after_its_time(bench: Bench) -> None:
    """Ended deliveries and their attempts go when they are old enough, not before; the counts stay."""
    flow = flow_of("order")
    answers = iter([Outcome.retry("busy")])
    bench.destination.answer = lambda _delivery: next(answers, Outcome.delivered())
    await bench.append(flow, order("a", "paid", 1), order("b", "paid", 1))
    await bench.drain(flow)
    bench.clock.advance(_WEEK - 3600)
    assert (await bench.engine.prune()).deliveries == 0
    bench.clock.advance(7200)
    assert (await bench.engine.prune()).deliveries == 2
    assert await bench.engine.events_of_key(flow.name, "order", "a") == []
    assert (await bench.tally(flow))["delivered"] == 2


async def waiting_dead_and_gates_are_never_removed(bench: Bench) -> None:
    """However old they are: they are delivered, listed and compared with as before."""
    flow = flow_of("order")
    bench.destination.answer = lambda delivery: (
        Outcome.dead("no such customer") if delivery.key == "bad" else Outcome.delivered()
    )
    await bench.append(flow, order("bad", "paid", 1), order("good", "paid", 10))
    await bench.drain(flow)
    await bench.append(flow, order("late", "paid", 1))
    bench.clock.advance(52 * _WEEK)
    assert (await bench.engine.prune()).deliveries == 1
    assert (await bench.append(flow, order("good", "pending", 5))).stale == 1, "the gate is there"
    assert (await bench.append(flow, order("good", "paid", 10))).repeat == 1
    bench.destination.answer = None
    assert [letter.key for letter in await bench.engine.dead_letters()] == ["bad"]
    await bench.engine.retry_dead(DeadFilter())
    await bench.drain(flow)
    assert {write.key for write in bench.destination.writes[2:]} == {"bad", "late"}


async def unchanged_is_still_known_after_retention(bench: Bench) -> None:
    """The last known state does not live in the log."""
    flow = flow_of()
    await bench.append(flow, stock("a", 5, 1))
    await bench.drain(flow)
    bench.clock.advance(2 * _WEEK)
    await bench.engine.prune()
    assert (await bench.append(flow, stock("a", 5, 2))).unchanged == 1
    assert (await bench.append(flow, stock("a", 6, 3))).waiting == 1


async def transport_ids_are_kept_for_their_window(bench: Bench) -> None:
    """A webhook that is repeated within it is told; afterwards its content and version still tell it."""
    flow = flow_of()
    await bench.append(flow, stock("a", 1, 1, transport_id="w1"), transport_scope="shop/stock")
    await bench.drain(flow)
    bench.clock.advance(13 * 86_400)
    assert (await bench.engine.prune()).ids == 0
    repeated = await bench.append(flow, stock("a", 2, 2, transport_id="w1"), transport_scope="shop/stock")
    assert repeated.repeat == 1
    bench.clock.advance(2 * 86_400)
    assert (await bench.engine.prune()).ids == 1
    repeated = await bench.append(flow, stock("a", 1, 1, transport_id="w1"), transport_scope="shop/stock")
    assert repeated.repeat == 1


async def write_not_seen_back_is_not_forgotten(bench: Bench) -> None:
    """Until an event replaces it nobody knows the platform's state, also after retention."""
    there = flow_of(readers=("erp-to-shop",))
    back = flow_of(name="erp-to-shop", source="erp", destination="shop", readers=("shop-to-erp",))
    await bench.append(back, stock("a", 4, 1))
    await bench.drain(back)
    for version, quantity in ((2, 5), (3, 6)):
        await bench.append(there, stock("a", quantity, version))
        await bench.drain(there)
    bench.clock.advance(2 * _WEEK)
    assert (await bench.engine.prune()).own_writes == 1, "the older of two that both explain nothing"
    assert (await bench.append(back, stock("a", 4, 9))).waiting == 1


async def clock_set_back_keeps_due_times(bench: Bench) -> None:
    """A retry waits no longer because the clock was set back meanwhile, and a restart knows it too."""
    flow = flow_of("order")
    moments = []

    def answer(_delivery: Delivery) -> Outcome:
        moments.append(bench.clock.monotonic())
        if len(moments) == 1:
            bench.clock.set_back(3600)
            return Outcome.retry("busy", after=60)
        return Outcome.delivered()

    bench.destination.answer = answer
    await bench.append(flow, order("a", "paid", 1))
    await bench.drain(flow, max_wait=1)
    await bench.reopen()
    await bench.drain(flow)
    assert 60 <= moments[1] - moments[0] < 120


async def clock_set_back_makes_nothing_new_old(bench: Bench) -> None:
    """What comes after it is newer than what came before, though its arrival is stamped by that clock."""
    flow = flow_of()
    far = 2**62
    await bench.append(flow, stock("a", 1, far))
    await bench.drain(flow)
    bench.clock.set_back(3600)
    await bench.append(flow, stock("a", 2, far))
    await bench.drain(flow)
    await bench.reopen()
    await bench.append(flow, stock("a", 3, far))
    await bench.drain(flow)
    assert bench.destination.quantities("a") == [1, 2, 3]


LAWS = (
    what_ended_goes_after_its_time,
    waiting_dead_and_gates_are_never_removed,
    unchanged_is_still_known_after_retention,
    transport_ids_are_kept_for_their_window,
    write_not_seen_back_is_not_forgotten,
    clock_set_back_keeps_due_times,
    clock_set_back_makes_nothing_new_old,
)
