"""Laws of repeats, gates and coalescing: what is applied once, what is too old, what a newer state replaces."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from decimal import Decimal

from pullpush_sdk.connector import Delivery, Outcome, Page, Reject, version_of
from pullpush_sdk.engine.ports import DeadFilter
from pullpush_sdk.errors import FieldError, RequestTimeoutError

from .bench import Bench, flow_of, order, product, stock

__all__ = ["LAWS"]


async def five_three_five_is_three_changes(bench: Bench) -> None:
    """Equality with an older event is never a repeat, also within one second or without a time at all."""
    flow = flow_of("order")
    counts = await bench.append(flow, order("a", "paid", 1), order("a", "pending", 1), order("a", "paid", 1))
    assert (counts.waiting, counts.repeat) == (3, 0)
    await bench.drain(flow)
    assert [write.payload["status"] for write in bench.destination.writes] == ["paid", "pending", "paid"]


async def event_equal_to_the_latest_is_a_repeat(bench: Bench) -> None:
    """A page that is read again changes nothing, delivered or not."""
    flow = flow_of()
    events = [stock("a", 5, 1), stock("b", 7, 1)]
    await bench.append(flow, *events)
    assert (await bench.append(flow, *events)).repeat == 2
    await bench.drain(flow)
    assert (await bench.append(flow, *events)).repeat == 2
    assert (await bench.drain(flow)).waiting == 0
    assert len(bench.destination.writes) == 2


async def transport_id_comes_once_per_scope(bench: Bench) -> None:
    """A webhook that is sent again is a repeat whatever it says; another scope or page-mate is not."""
    flow = flow_of("order")
    first = await bench.append(
        flow,
        order("a", "paid", 1, transport_id="w1"),
        order("b", "paid", 1, transport_id="w1"),
        transport_scope="shop/orders",
    )
    again = await bench.append(flow, order("a", "shipped", 9, transport_id="w1"), transport_scope="shop/orders")
    other = await bench.append(flow, order("a", "shipped", 9, transport_id="w1"), transport_scope="shop/refunds")
    assert (first.waiting, again.repeat, other.waiting) == (2, 1, 1)
    await bench.crash()
    assert (
        await bench.append(flow, order("z", "paid", 1, transport_id="w1"), transport_scope="shop/orders")
    ).repeat == 1


async def late_older_event_is_stale(bench: Bench) -> None:
    """A slow poll cannot overwrite what came meanwhile."""
    flow = flow_of()
    await bench.append(flow, stock("a", 5, 20))
    await bench.drain(flow)
    await bench.append(flow, stock("a", 4, 10))
    await bench.drain(flow)
    assert bench.destination.quantities("a") == [5]
    assert (await bench.tally(flow))["stale"] == 1


async def unchanged_event_still_raises_the_gate(bench: Bench) -> None:
    """An equal state is not written again, yet an older different one that comes after it is stale."""
    flow = flow_of()
    await bench.append(flow, stock("a", 5, 1))
    await bench.drain(flow)
    assert (await bench.append(flow, stock("a", Decimal("5.0"), 30))).unchanged == 1
    assert (await bench.append(flow, stock("a", 4, 20))).stale == 1
    assert (await bench.append(flow, stock("a", 4, 30))).waiting == 1, "a tie is applied"
    await bench.drain(flow)
    assert bench.destination.quantities("a") == [5, 4]


async def tie_is_applied_and_older_dead_letter_of_it_is_stale(bench: Bench) -> None:
    """At an equal version the log decides."""
    flow = flow_of("order")
    bench.destination.answer = lambda delivery: (
        Outcome.dead("not so") if delivery.payload["status"] == "pending" else Outcome.delivered()
    )
    await bench.append(flow, order("a", "pending", 7), order("a", "paid", 7), order("a", "shipped", 7))
    await bench.drain(flow)
    bench.destination.answer = None
    assert (await bench.engine.retry_dead(DeadFilter())).retried == 1
    await bench.drain(flow)
    assert [write.payload["status"] for write in bench.destination.writes] == ["pending", "paid", "shipped"]
    assert (await bench.tally(flow))["stale"] == 1


async def version_ahead_of_the_clock_is_arrival_time(bench: Bench) -> None:
    """A platform whose clock runs ahead cannot lock its records for hours."""
    flow = flow_of()
    now = version_of(bench.clock.now())
    counts = await bench.append(flow, stock("a", 5, now + 3_600_000_000), stock("b", 5, now + 60_000_000))
    assert counts.ahead == 1
    await bench.drain(flow)
    bench.clock.advance(120)
    await bench.append(flow, stock("a", 6, version_of(bench.clock.now())))
    await bench.drain(flow)
    assert bench.destination.quantities("a") == [5, 6]


async def waiting_state_is_superseded_by_the_newest(bench: Bench) -> None:
    """Newest is by version, then by log position; each location for itself."""
    flow = flow_of()
    await bench.append(
        flow,
        stock("a", 5, 1, location="x"),
        stock("a", 9, 30, location="x"),
        stock("a", 7, 20, location="x"),
        stock("a", 1, 5, location="y"),
    )
    await bench.drain(flow)
    assert {write.identity: write.payload["quantity"] for write in bench.destination.writes} == {"a|x": 9, "a|y": 1}
    assert len({write.batch for write in bench.destination.writes}) == 1, "locations of one SKU share a batch"
    assert (await bench.tally(flow))["superseded"] == 2


async def delivery_in_flight_is_not_superseded(bench: Bench) -> None:
    """What is on its way arrives; the newer state follows."""
    flow = flow_of()
    await bench.append(flow, stock("a", 5, 1))
    arrived = asyncio.Event()
    go_on = asyncio.Event()

    async def push(canonical_type: str, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        arrived.set()
        await go_on.wait()
        return await bench.destination.push(canonical_type, batch)

    running = asyncio.ensure_future(bench.engine.drain(flow, push))
    await arrived.wait()
    await bench.append(flow, stock("a", 6, 2), stock("a", 7, 3))
    go_on.set()
    await running
    assert bench.destination.quantities("a") == [5, 7]


async def successor_of_an_unsure_write_knows_it(bench: Bench) -> None:
    """A state in back-off is waiting; if its write may have happened, the newer one carries that on."""
    flow = flow_of()
    answers = iter([RequestTimeoutError("no answer")])
    bench.destination.answer = lambda _delivery: next(answers, Outcome.delivered())
    await bench.append(flow, stock("a", 5, 1))
    await bench.drain(flow, max_wait=-1.0)
    await bench.append(flow, stock("a", 6, 2))
    await bench.drain(flow)
    assert [(write.payload["quantity"], write.maybe_applied) for write in bench.destination.writes] == [(6, True)]
    assert (await bench.tally(flow))["superseded"] == 1


async def unknown_stock_says_nothing(bench: Bench) -> None:
    """Null is skipped at once: it supersedes nothing, and 5, null ends at 5."""
    flow = flow_of()
    counts = await bench.append(flow, stock("a", 5, 1), stock("a", None, 2))
    assert (counts.waiting, counts.skipped) == (1, 1)
    await bench.drain(flow)
    assert (await bench.append(flow, stock("a", None, 3))).skipped == 1
    assert (await bench.append(flow, stock("a", 5, 4))).unchanged == 1
    assert (await bench.append(flow, stock("a", 0, 5))).waiting == 1, "zero is zero"
    await bench.drain(flow)
    assert bench.destination.quantities("a") == [5, 0]


async def other_types_are_not_coalesced_unless_asked(bench: Bench) -> None:
    """A flow may ask for it."""
    plain, asked = flow_of("product"), flow_of("product", name="asked", coalesce=frozenset({"product"}))
    for flow in (plain, asked):
        await bench.append(flow, product("a", "one", 1), product("a", "two", 2))
        await bench.drain(flow)
    assert (await bench.tally(plain))["delivered"] == 2
    assert (await bench.tally(asked))["delivered"] == 1


async def failed_write_leaves_nothing_unchanged(bench: Bench) -> None:
    """After a write that may have happened nobody knows the state: an equal later event must be written."""
    flow = flow_of()
    await bench.append(flow, stock("a", 5, 1))
    await bench.drain(flow)
    bench.destination.answer = lambda _delivery: Outcome.dead("broken")
    await bench.append(flow, stock("a", 7, 2))
    await bench.drain(flow)
    bench.destination.answer = None
    assert (await bench.append(flow, stock("a", 7, 3))).waiting == 1, "the dead letter was not applied"
    await bench.drain(flow)
    assert bench.destination.state["a|"]["quantity"] == 7
    await bench.append(flow, stock("a", 8, 4))
    await bench.waits_at_push(flow, applies=True)
    assert (await bench.append(flow, stock("a", 7, 5))).waiting == 1
    await bench.drain(flow)
    assert bench.destination.state["a|"]["quantity"] == 7


async def reconcile_delivers_what_a_repeat_would_not(bench: Bench) -> None:
    """A difference that a comparison found is delivered though the log has seen the event; the gate still holds."""
    flow = flow_of()
    await bench.append(flow, stock("a", 5, 10))
    await bench.drain(flow)
    assert (await bench.append(flow, stock("a", 5, 10), reconcile=True)).waiting == 1
    assert (await bench.append(flow, stock("a", 4, 9), reconcile=True)).stale == 1
    await bench.drain(flow)
    assert bench.destination.quantities("a") == [5, 5]


async def later_events_carry_the_id_that_the_destination_gave(bench: Bench) -> None:
    """What a delivery returned as the record's id comes with every later delivery of it, also after a crash."""
    flow = flow_of("order")
    carried: list[str | None] = []

    def answer(delivery: Delivery) -> Outcome:
        carried.append(delivery.native_id)
        return Outcome.delivered(native_id="native-7" if delivery.identity == "a" else None)

    bench.destination.answer = answer
    await bench.append(flow, order("a", "pending", 1))
    await bench.drain(flow)
    await bench.crash()
    await bench.append(flow, order("a", "paid", 2), order("b", "paid", 2))
    await bench.drain(flow)
    assert carried == [None, "native-7", None]


async def record_that_cannot_be_mapped_is_buried_once(bench: Bench) -> None:
    """A source that is read whole shows a bad record at every sweep; it is one dead letter as long as it lies there."""
    flow = flow_of("order")
    bad = Reject(native=b'{"id": 7}', error=FieldError("orderId is missing"), key="id 7")
    other = Reject(native=b'{"id": 8}', error=FieldError("orderId is missing"), key="id 8")
    first = await bench.engine.append(flow, "order", Page(events=(), rejects=[bad], cursor=1))
    again = await bench.engine.append(flow, "order", Page(events=(), rejects=[bad, other], cursor=2))
    assert (first.dead, again.dead, again.repeat) == (1, 1, 1)
    letters = await bench.engine.dead_letters()
    assert sorted(letter.key for letter in letters) == ["id 7", "id 8"]
    await bench.engine.drop_dead(DeadFilter(key="id 7"))
    assert (await bench.engine.append(flow, "order", Page(events=(), rejects=[bad], cursor=3))).dead == 1
    await bench.tally(flow)


async def dead_letter_is_replaced_by_the_same_record_failing_again(bench: Bench) -> None:
    """What cannot be delivered is tried again when the source shows it again, and lies there once; once the cause is
    gone it goes by itself.
    """
    flow = flow_of()
    bench.destination.answer = lambda _delivery: Outcome.dead("no such SKU")
    for version in (1, 2, 3):
        await bench.append(flow, stock("a", 5, version))
        await bench.drain(flow)
    (letter,) = await bench.engine.dead_letters()
    assert letter.version == 3
    tally = await bench.tally(flow)
    assert (tally["dead"], tally["superseded"]) == (1, 2)
    bench.destination.answer = None
    await bench.append(flow, stock("a", 5, 4))
    await bench.drain(flow)
    assert bench.destination.quantities("a")[-1] == 5


async def newer_dead_letter_is_not_replaced_by_an_older_state(bench: Bench) -> None:
    """Newest is by version, also among dead letters."""
    flow = flow_of()
    bench.destination.answer = lambda _delivery: Outcome.dead("no such SKU")
    for version, quantity in ((9, 5), (5, 4)):
        await bench.append(flow, stock("a", quantity, version))
        await bench.drain(flow)
    bench.destination.answer = None
    await bench.engine.retry_dead(DeadFilter())
    await bench.drain(flow)
    assert bench.destination.quantities("a")[2:] == [5]


async def dead_letters_of_different_orders_states_all_stay(bench: Bench) -> None:
    """Where every state matters, only the very same one is replaced."""
    flow = flow_of("order")
    bench.destination.answer = lambda _delivery: Outcome.dead("refused")
    for version, status in ((1, "pending"), (2, "paid"), (3, "paid")):
        await bench.append(flow, order("a", status, version))
        await bench.drain(flow)
    assert sorted(letter.version for letter in await bench.engine.dead_letters()) == [1, 3]


LAWS = (
    dead_letter_is_replaced_by_the_same_record_failing_again,
    dead_letters_of_different_orders_states_all_stay,
    newer_dead_letter_is_not_replaced_by_an_older_state,
    later_events_carry_the_id_that_the_destination_gave,
    record_that_cannot_be_mapped_is_buried_once,
    five_three_five_is_three_changes,
    event_equal_to_the_latest_is_a_repeat,
    transport_id_comes_once_per_scope,
    late_older_event_is_stale,
    unchanged_event_still_raises_the_gate,
    tie_is_applied_and_older_dead_letter_of_it_is_stale,
    version_ahead_of_the_clock_is_arrival_time,
    waiting_state_is_superseded_by_the_newest,
    delivery_in_flight_is_not_superseded,
    successor_of_an_unsure_write_knows_it,
    unknown_stock_says_nothing,
    other_types_are_not_coalesced_unless_asked,
    failed_write_leaves_nothing_unchanged,
    reconcile_delivers_what_a_repeat_would_not,
)
