"""Laws of failure: retries, the breaker, errors that stop a flow, connectors that misbehave, dead letters."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import attrs

from pullpush_sdk.connector import Delivery, Event, Outcome, Page, Reject
from pullpush_sdk.engine.ports import DeadFilter, Unmapped
from pullpush_sdk.errors import (
    AccessRevokedError,
    ContractError,
    FieldError,
    LeaseLostError,
    PullPushError,
    RejectedError,
    SetupError,
    TransientError,
    UnavailableError,
)

from .bench import Bench, flow_of, order, stock

__all__ = ["LAWS"]


async def retry_ends_after_ten_attempts(bench: Bench) -> None:
    """Then it is a dead letter with its reason, the platform's words and every attempt; later events go on."""
    flow = flow_of("order")
    bench.destination.answer = lambda delivery: (
        Outcome.retry("busy", answer="503") if delivery.payload["status"] == "paid" else Outcome.delivered()
    )
    await bench.append(flow, order("a", "paid", 1), order("a", "shipped", 2))
    await bench.drain(flow)
    assert [write.attempt for write in bench.destination.writes] == [*range(1, 11), 1]
    (letter,) = await bench.engine.dead_letters()
    full = await bench.engine.dead_letter(letter.id)
    assert full is not None
    assert full.payload["status"] == "paid"
    assert full.answer == "503"
    assert [attempt.number for attempt in full.attempts] == list(range(1, 11))
    times = [attempt.at for attempt in full.attempts]
    assert times == sorted(times)
    assert times[-1] > times[0], "there is a wait between attempts"


async def retry_after_is_honoured(bench: Bench) -> None:
    """No attempt before the platform's wish."""
    flow = flow_of()
    answers = iter([TransientError("slow down", retry_after=120.0)])
    moments = []

    def answer(_delivery: Delivery) -> Outcome | Exception:
        moments.append(bench.clock.monotonic())
        return next(answers, Outcome.delivered())

    bench.destination.answer = answer
    await bench.append(flow, stock("a", 1, 1))
    await bench.drain(flow)
    assert moments[1] - moments[0] >= 120


async def lost_answer_waits_out_the_index_lag(bench: Bench) -> None:
    """A write that may have happened is not looked up before the platform can find it, also after a crash."""
    flow = flow_of("order", index_lag={"order": 60.0})
    answers = iter([Outcome.retry("no answer", maybe_applied=True)])
    moments = []

    def answer(_delivery: Delivery) -> Outcome:
        moments.append(bench.clock.monotonic())
        return next(answers, Outcome.delivered())

    bench.destination.answer = answer
    await bench.append(flow, order("a", "paid", 1))
    await bench.drain(flow)
    assert moments[1] - moments[0] >= 60
    await bench.append(flow, order("b", "paid", 1))
    began = bench.clock.monotonic()
    await bench.waits_at_push(flow, applies=False)
    await bench.drain(flow)
    assert moments[2] - began >= 60


async def outage_makes_no_dead_letters(bench: Bench) -> None:
    """A destination that is down for hours: attempts are not spent, then everything goes in order."""
    flow = flow_of("order", concurrency=2)
    end = bench.clock.monotonic() + 3 * 3600

    def answer(_delivery: Delivery) -> Outcome | Exception:
        return UnavailableError("connection refused") if bench.clock.monotonic() < end else Outcome.delivered()

    bench.destination.answer = answer
    events = [order(f"o{n}", status, 1) for n in range(30) for status in ("paid", "shipped")]
    await bench.append(flow, *events)
    await bench.drain(flow, max_wait=86_400)
    assert bench.clock.monotonic() >= end
    tally = await bench.tally(flow)
    assert (tally["dead"], tally["delivered"]) == (0, 60)
    for n in range(30):
        assert bench.destination.positions(f"o{n}") == [2 * n + 1, 2 * n + 2]


async def lone_delivery_outlives_an_outage(bench: Bench) -> None:
    """The one delivery that every probe is made with keeps its attempts too."""
    flow = flow_of("order")
    end = bench.clock.monotonic() + 6 * 3600
    bench.destination.answer = lambda _delivery: (
        UnavailableError("connection refused") if bench.clock.monotonic() < end else Outcome.delivered()
    )
    await bench.append(flow, order("a", "paid", 1))
    await bench.drain(flow, max_wait=86_400)
    assert [write.attempt for write in bench.destination.writes] == [6]


async def outage_told_delivery_by_delivery_makes_no_dead_letters(bench: Bench) -> None:
    """The same where the connector answers a retry for each record instead of raising."""
    flow = flow_of(batch={})
    end = bench.clock.monotonic() + 3600
    bench.destination.answer = lambda _delivery: (
        Outcome.retry("connection refused") if bench.clock.monotonic() < end else Outcome.delivered()
    )
    await bench.append(flow, *(stock(f"s{n}", n, 1) for n in range(20)))
    await bench.drain(flow, max_wait=86_400)
    tally = await bench.tally(flow)
    assert (tally["dead"], tally["delivered"]) == (0, 20)


async def unreachable_destination_ends_a_drain_with_a_report(bench: Bench) -> None:
    """Whoever waits for idleness is told, not kept."""
    flow = flow_of()
    bench.destination.answer = lambda _delivery: UnavailableError("connection refused")
    await bench.append(flow, *(stock(f"s{n}", n, 1) for n in range(25)))
    report = await bench.drain(flow, max_wait=60)
    assert "unreachable" in report.unreachable
    assert "25" in report.unreachable
    assert report.waiting == 25
    assert (await bench.tally(flow))["dead"] == 0


async def stopping_errors_spend_nothing(bench: Bench) -> None:
    """Credentials, set-up, a broken contract: the flow stops with the error, everything waits with fresh attempts."""
    flow = flow_of()
    await bench.append(flow, *(stock(f"s{n}", n, 1) for n in range(5)))
    errors: list[PullPushError] = [AccessRevokedError("revoked"), SetupError("no url"), ContractError("odd answer")]
    for error in errors:
        bench.destination.answer = lambda _delivery, error=error: error
        report = await bench.drain(flow)
        assert report.error is error
        assert report.waiting == 5
    bench.destination.answer = None
    assert (await bench.drain(flow)).error is None
    assert {write.attempt for write in bench.destination.writes} == {1}


async def rejected_batch_is_tried_one_by_one(bench: Bench) -> None:
    """One bad record in a batch is one dead letter."""
    flow = flow_of("order")

    async def push(canonical_type: str, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        if any(delivery.key == "bad" for delivery in batch):
            raise RejectedError("currency is missing", status=422, answer="currency?")
        return await bench.destination.push(canonical_type, batch)

    await bench.append(flow, *(order(key, "paid", 1) for key in ("a", "b", "bad", "c")))
    await bench.engine.drain(flow, push)
    assert {write.key for write in bench.destination.writes} == {"a", "b", "c"}
    (letter,) = await bench.engine.dead_letters()
    assert (letter.key, letter.answer) == ("bad", "currency?")


async def misbehaving_connector_loses_nothing(bench: Bench) -> None:
    """Any exception, too few outcomes, no outcomes at all: reported, tried again, never dropped."""
    flow = flow_of()
    await bench.append(flow, *(stock(f"s{n}", n, 1) for n in range(4)))
    wrongs = iter([ZeroDivisionError("oops"), [Outcome.delivered()], None, ["yes"] * 4])

    async def push(canonical_type: str, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        wrong = next(wrongs, Ellipsis)
        if isinstance(wrong, Exception):
            raise wrong
        if wrong is not Ellipsis:
            return wrong  # type: ignore[return-value]
        return await bench.destination.push(canonical_type, batch)

    report = await bench.engine.drain(flow, push)
    assert any("ZeroDivisionError" in fault for fault in report.faults)
    assert (await bench.tally(flow))["delivered"] == 4
    assert any(write.maybe_applied for write in bench.destination.writes)


async def retried_dead_letter_starts_afresh_at_its_place(bench: Bench) -> None:
    """One, a group or all; with ten new attempts; the gate decides whether it is still wanted."""
    flow = flow_of("order")
    bench.destination.answer = lambda delivery: Outcome.dead(f"order {delivery.key} is locked by 12")
    await bench.append(flow, *(order(f"o{n}", "paid", 1) for n in range(3)))
    await bench.drain(flow)
    (group,) = await bench.engine.dead_groups()
    assert group.count == 3
    first, *_ = await bench.engine.dead_letters()
    bench.destination.answer = None
    assert (await bench.engine.retry_dead(DeadFilter(ids=[first.id]))).retried == 1
    await bench.drain(flow)
    assert bench.destination.writes[-1].attempt == 1
    assert (await bench.engine.retry_dead(DeadFilter(cause=group.cause))).retried == 2
    assert (await bench.drain(flow)).counts["order"]["delivered"] == 2
    assert (await bench.tally(flow))["dead"] == 0


async def older_event_does_not_overwrite_an_unsure_dead_letter(bench: Bench) -> None:
    """The destination may hold it; the dead letter itself may still go."""
    flow = flow_of("order")
    bench.destination.answer = lambda _delivery: attrs.evolve(Outcome.dead("cut off"), maybe_applied=True)
    await bench.append(flow, order("a", "shipped", 9))
    await bench.drain(flow)
    bench.destination.answer = None
    assert (await bench.append(flow, order("a", "paid", 5))).stale == 1
    assert (await bench.append(flow, order("a", "shipped", 10))).waiting == 1, "nobody knows that it is there"
    await bench.engine.retry_dead(DeadFilter())
    await bench.drain(flow)
    assert bench.destination.positions("a") == [1, 1, 2]


async def dropped_dead_letter_is_gone(bench: Bench) -> None:
    """Given up on purpose: it is counted as that."""
    flow = flow_of("order")
    bench.destination.answer = lambda _delivery: Outcome.dead("no")
    await bench.append(flow, order("a", "paid", 1), order("b", "paid", 1))
    await bench.drain(flow)
    assert await bench.engine.drop_dead(DeadFilter(key="a")) == 1
    assert [letter.key for letter in await bench.engine.dead_letters()] == ["b"]
    tally = await bench.tally(flow)
    assert (tally["dropped"], tally["dead"]) == (1, 1)


async def partial_waits_for_the_record_that_never_arrived(bench: Bench) -> None:
    """It joins the dead letter; retrying replays both in log order. A record that arrived is no such case."""
    flow = flow_of("order")
    bench.destination.answer = lambda delivery: (
        Outcome.dead("no such customer") if delivery.fields is None else Outcome.delivered()
    )
    await bench.append(flow, order("a", "pending", 1), order("a", "paid", 2, fields=["status"]))
    await bench.drain(flow)
    leader, follower = await bench.engine.dead_letters()
    assert follower.follows == leader.id
    assert follower.cause == leader.cause
    bench.destination.answer = None
    assert (await bench.engine.retry_dead(DeadFilter(ids=[leader.id]))).retried == 2
    await bench.drain(flow)
    assert [write.payload["status"] for write in bench.destination.writes] == ["pending", "pending", "paid"]


async def late_full_event_spares_newer_partial_fields(bench: Bench) -> None:
    """The gate of a partial is per field: an older full event goes without what is newer already."""
    flow = flow_of("order")
    await bench.append(flow, order("a", "pending", 1, note="one"))
    await bench.append(flow, order("a", "shipped", 30, fields=["status"]))
    await bench.append(flow, order("a", "paid", 20, note="two"))
    await bench.append(flow, order("a", "processing", 25, fields=["status"]))
    await bench.drain(flow)
    assert bench.destination.state["a"]["status"] == "shipped"
    assert bench.destination.state["a"]["note"] == "two"
    assert (await bench.tally(flow))["stale"] == 1


async def unmapped_record_is_kept_as_it_came(bench: Bench) -> None:
    """It can be mapped again later; without that it says when it will come again."""
    flow = flow_of()
    reject = Reject(native=b'{"sku": "a", "qty": "many"}', error=FieldError("qty is not a number"), key="a")
    counts = await bench.engine.append(flow, "stocklevel", Page(events=[], rejects=[reject], cursor=1))
    assert counts.dead == 1
    (letter,) = await bench.engine.dead_letters()
    assert (letter.mapped, letter.payload) == (False, '{"sku": "a", "qty": "many"}')
    assert letter.id in (await bench.engine.retry_dead(DeadFilter())).refused

    async def remap(_record: Unmapped) -> Event:
        return stock("a", 12, 1)

    assert (await bench.engine.retry_dead(DeadFilter(), remap=remap)).retried == 1
    await bench.drain(flow)
    assert bench.destination.quantities("a") == [12]
    await bench.tally(flow)


async def push_cut_by_a_crash_is_repeated_as_unsure(bench: Bench) -> None:
    """Nothing is lost, and the connector knows that it may have been there before."""
    flow = flow_of()
    await bench.append(flow, stock("a", 5, 1), stock("b", 6, 1), cursor="c1")
    await bench.waits_at_push(flow, applies=True)
    assert await bench.engine.checkpoint(flow.name, "stocklevel") == "c1"
    await bench.drain(flow)
    again = bench.destination.writes[2:]
    assert {(write.key, write.maybe_applied, write.attempt) for write in again} == {("a", True, 2), ("b", True, 2)}
    assert (await bench.tally(flow))["delivered"] == 2


async def page_and_cursor_are_stored_together(bench: Bench) -> None:
    """After a kill both are there or neither; a cursor of None moves nothing."""
    flow = flow_of()
    await bench.append(flow, stock("a", 1, 1), cursor={"page": 1})
    appending = asyncio.ensure_future(bench.append(flow, stock("a", 2, 2), cursor={"page": 2}))
    await asyncio.sleep(0)
    await bench.crash()
    appending.cancel()
    await asyncio.gather(appending, return_exceptions=True)
    waiting = (await bench.tally(flow))["waiting"]
    assert await bench.engine.checkpoint(flow.name, "stocklevel") == {"page": waiting}
    await bench.append(flow, stock("a", 3, 3))
    assert await bench.engine.checkpoint(flow.name, "stocklevel") == {"page": waiting}


async def only_one_holds_a_store(bench: Bench) -> None:
    """Others are told who does; what they want done they submit."""
    flow = flow_of()
    async with bench.another() as other:
        told = ""
        try:
            async with other.hold():
                raise AssertionError("two hold one store")
        except LeaseLostError as error:
            told = str(error)
        assert "pid" in told
        for change in (other.append(flow, "stocklevel", Page(events=[], cursor=1)), other.drop_dead(DeadFilter())):
            try:
                await change
            except LeaseLostError:
                continue
            raise AssertionError("a change without holding the store")
        holder = await other.holder()
        assert holder is not None
        stop = asyncio.Event()

        async def double(arguments: object) -> object:
            stop.set()
            return arguments

        command = await other.submit("echo", {"n": 2})
        unknown = await other.submit("unknown", {})
        await bench.engine.run_commands({"echo": double}, stop=stop)
        assert (await other.wait_result(command, timeout=5)).value == {"n": 2}
        assert (await other.wait_result(unknown, timeout=5)).error


LAWS = (
    retry_ends_after_ten_attempts,
    retry_after_is_honoured,
    lost_answer_waits_out_the_index_lag,
    outage_makes_no_dead_letters,
    lone_delivery_outlives_an_outage,
    outage_told_delivery_by_delivery_makes_no_dead_letters,
    unreachable_destination_ends_a_drain_with_a_report,
    stopping_errors_spend_nothing,
    rejected_batch_is_tried_one_by_one,
    misbehaving_connector_loses_nothing,
    retried_dead_letter_starts_afresh_at_its_place,
    older_event_does_not_overwrite_an_unsure_dead_letter,
    dropped_dead_letter_is_gone,
    partial_waits_for_the_record_that_never_arrived,
    late_full_event_spares_newer_partial_fields,
    unmapped_record_is_kept_as_it_came,
    push_cut_by_a_crash_is_repeated_as_unsure,
    page_and_cursor_are_stored_together,
    only_one_holds_a_store,
)
