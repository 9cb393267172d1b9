"""The dispatcher and the embedded engine beyond the laws: bounds, observers, odd connectors, reports."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import attrs
import pytest

from pullpush_sdk.canonical import CanonicalTypes, Order, StockLevel
from pullpush_sdk.connector import Delivery, Event, Outcome, Page, Reject, Verb
from pullpush_sdk.engine.embedded import SqliteEngine
from pullpush_sdk.engine.lane_queue import LaneQueue
from pullpush_sdk.engine.locations import LocationPlan
from pullpush_sdk.engine.ports import DeadFilter, Engine, Unmapped
from pullpush_sdk.errors import EngineError, FieldError, SetupError, UnavailableError
from pullpush_sdk.testing.clock import VirtualClock
from pullpush_sdk.testing.engine_laws.bench import Destination, flow_of, order, product, stock

FLOW = flow_of()


def in_memory(clock: VirtualClock | None = None) -> SqliteEngine:
    return SqliteEngine(None, clock=clock or VirtualClock(), types=CanonicalTypes())


async def append(engine: Engine, *events: Event, flow: Any = FLOW) -> Any:
    return await engine.append(flow, flow.types[0], Page(events=events, cursor=None))


class StoredLanes:
    """A store of lanes that only counts: key to how many turns it still needs."""

    def __init__(self, lanes: Mapping[str, int]) -> None:
        self.left = dict(lanes)

    async def scan(self, after: str | None, limit: int) -> Sequence[tuple[str, int]]:
        keys = sorted(key for key, left in self.left.items() if left and (after is None or key > after))
        return [(key, 0) for key in keys[:limit]]


@pytest.mark.parametrize("busy", [0, 12])
def test_few_keys_in_memory_reach_every_lane(busy: int) -> None:
    """Eight keys at most are in memory; two hundred others are served though busy lanes never run dry before."""

    async def run() -> None:
        lanes = {f"k{n:03}": 1 for n in range(200)} | {f"busy{n}": 10_000 for n in range(busy)}
        store = StoredLanes(lanes)
        queue = LaneQueue(CanonicalTypes()["order"], store, 1, most=8, chunk=5)  # type: ignore[arg-type]
        queue.wake([f"busy{n}" for n in range(busy)])
        turns = 0
        while any(left for key, left in store.left.items() if key.startswith("k")):
            turns += 1
            assert turns < 5_000, "some lane is never reached"
            if queue.walking:
                await queue.walk(0)
            for key in queue.pop(2):
                store.left[key] -= store.left[key] > 0
                queue.had_turn(key, due=None, rest=store.left[key] > 0)

    asyncio.run(run())


def test_held_lanes_beyond_memory_are_found_when_their_time_comes() -> None:
    async def run() -> None:
        store = StoredLanes({f"k{n}": 1 for n in range(9)})
        queue = LaneQueue(CanonicalTypes()["order"], store, 1, most=3, chunk=100)  # type: ignore[arg-type]
        served: set[str] = set()
        while len(served) < 9:
            if queue.walking:
                await queue.walk(0)
            for key in queue.pop(9):
                queue.had_turn(key, due=50, rest=True)
                served.add(key)
            if not queue.ready and not queue.walking:
                break
        assert queue.next_time == 50
        again: set[str] = set()
        for _ in range(20):
            queue.release_held(50)
            if queue.walking:
                await queue.walk(50)
            for key in queue.pop(9):
                store.left[key] = 0
                queue.had_turn(key, due=None, rest=False)
                again.add(key)
        assert len(again) == 9
        assert queue.quiet

    asyncio.run(run())


def test_observer_hears_of_batches_and_cannot_stop_delivery() -> None:
    class Broken:
        def __init__(self) -> None:
            self.told: list[tuple[str, int]] = []

        def delivered(self, flow: str, kind: str, batch: Sequence[Delivery], outcomes: Sequence[Outcome]) -> None:
            self.told.append((f"{flow}/{kind}", len(batch)))
            assert len(outcomes) == len(batch)

        def dead_letter(self, flow: str, kind: str, reasons: Mapping[str, str]) -> None:
            self.told.append((f"dead {list(reasons.values())}", len(reasons)))
            raise ZeroDivisionError

    async def run() -> None:
        observer = Broken()
        async with in_memory() as engine, engine.hold():
            await append(engine, stock("a", 1, 1), stock("b", 2, 1))
            report = await engine.drain(FLOW, Destination(lambda _: Outcome.dead("no")).push, observer=observer)
            assert report.counts == {"stocklevel": {"dead": 2}}
        assert observer.told == [("shop-to-erp/stocklevel", 2), ("dead ['no', 'no']", 2)]

    asyncio.run(run())


@pytest.mark.parametrize(
    "wrong",
    [
        Outcome(result="delivered"),  # type: ignore[arg-type]
        Outcome.dead(None),  # type: ignore[arg-type]
        Outcome.delivered(native_id=7),  # type: ignore[arg-type]
        Outcome.retry("later", after="soon"),  # type: ignore[arg-type]
    ],
)
def test_outcome_with_wrong_parts_is_a_fault(wrong: Outcome) -> None:
    async def run() -> None:
        answers = iter([wrong])
        async with in_memory() as engine, engine.hold():
            await append(engine, stock("a", 1, 1))
            report = await engine.drain(FLOW, Destination(lambda _: next(answers, Outcome.delivered())).push)
        assert "wrong type" in report.faults[0]
        assert report.counts["stocklevel"] == {"delivered": 1}

    asyncio.run(run())


@pytest.mark.parametrize("after", [float("nan"), float("inf"), -5.0])
def test_odd_waits_are_bounded(after: float) -> None:
    async def run() -> None:
        clock = VirtualClock()
        answers = iter([Outcome.retry("later", after=after)])
        async with in_memory(clock) as engine, engine.hold():
            await append(engine, stock("a", 1, 1))
            report = await engine.drain(
                FLOW, Destination(lambda _: next(answers, Outcome.delivered())).push, max_wait=1e9
            )
        assert report.counts["stocklevel"] == {"delivered": 1}
        assert clock.monotonic() <= 8 * 86_400

    asyncio.run(run())


def test_push_that_cancels_itself_is_a_fault_and_a_cancelled_drain_is_not() -> None:
    async def run() -> None:
        turns = iter([True])

        async def push(_kind: str, batch: Sequence[Delivery]) -> Sequence[Outcome]:
            if next(turns, False):
                raise asyncio.CancelledError
            return [Outcome.delivered() for _ in batch]

        async def forever(_kind: str, _batch: Sequence[Delivery]) -> Sequence[Outcome]:
            await asyncio.Event().wait()
            return []

        async with in_memory() as engine, engine.hold():
            await append(engine, stock("a", 1, 1))
            report = await engine.drain(FLOW, push)
            assert "cancelled itself" in report.faults[0]
            await append(engine, stock("a", 2, 2))
            draining = asyncio.ensure_future(engine.drain(FLOW, forever))
            await asyncio.sleep(0.05)
            with pytest.raises(EngineError, match="dispatched already"):
                await engine.drain(FLOW, forever)
            (event,) = (await engine.events_of_key(FLOW.name, "stocklevel", "a"))[1:]
            assert event.state == "sent"
            draining.cancel()
            await asyncio.gather(draining, return_exceptions=True)
            destination = Destination()
            await engine.drain(FLOW, destination.push)
            assert [(write.attempt, write.maybe_applied) for write in destination.writes] == [(2, True)]

    asyncio.run(run())


def test_page_of_a_cancelled_reader_is_still_delivered() -> None:
    """It is stored, so a running drain hears of it."""

    async def run() -> None:
        stop, arrived = asyncio.Event(), asyncio.Event()

        async def push(_kind: str, batch: Sequence[Delivery]) -> Sequence[Outcome]:
            arrived.set()
            return [Outcome.delivered() for _ in batch]

        async with in_memory() as engine, engine.hold():
            draining = asyncio.ensure_future(engine.drain(FLOW, push, stop=stop, until_idle=False))
            await append(engine)
            reading = asyncio.ensure_future(append(engine, stock("a", 1, 1)))
            await asyncio.sleep(0)
            reading.cancel()
            await asyncio.wait_for(arrived.wait(), 10)
            stop.set()
            await draining

    asyncio.run(run())


def test_record_that_cannot_be_read_is_a_dead_letter_and_its_page_goes_on() -> None:
    async def run() -> None:
        async with in_memory() as engine, engine.hold():
            odd = StockLevel(sku="x", quantity=1, extensions={"f": object()})
            counts = await append(
                engine,
                stock(" ", 1, 1),
                attrs.evolve(stock("v", 1, 1), version=-(2**70)),
                attrs.evolve(stock("v", 1, 1), version="now"),  # type: ignore[arg-type]
                Event(type="stocklevel", record=odd, version=1),
                Event(type="stocklevel", record=None, version=1),
                stock("good", 1, 1),
            )
            assert (counts.dead, counts.waiting) == (5, 1)
            letters = await engine.dead_letters()
            assert "blank" in letters[0].reason
            report = await engine.retry_dead(DeadFilter())
            assert (report.retried, len(report.refused)) == (0, 5)

    asyncio.run(run())


def test_mapped_again_to_nothing_is_skipped_and_to_an_error_stays() -> None:
    async def run() -> None:
        async with in_memory() as engine, engine.hold():
            rejects = [Reject(native=name, error=FieldError("bad"), key="k") for name in (b"null", b"bad", b"\xff")]
            await engine.append(FLOW, "stocklevel", Page(events=[], rejects=rejects, cursor=1))
            assert [letter.payload for letter in await engine.dead_letters()] == ["null", "bad", "�"]

            async def remap(record: Unmapped) -> Event:
                native = record.native
                if native == b"bad":
                    raise FieldError("still bad")
                return stock("a", None if native == b"null" else 4, 1) if native != b"\xff" else stock(" ", 1, 1)

            report = await engine.retry_dead(DeadFilter(flow=FLOW.name), remap=remap, flows=[FLOW])
            assert report.retried == 1
            assert sorted(report.refused.values()) == [
                "sku is blank — a record needs an identity to be delivered",
                "still bad",
            ]
            counts = (await engine.counts(FLOW.name))["stocklevel"]
            assert (counts["skipped"], counts["dead"], counts["waiting"]) == (1, 2, 0)
            assert "never mapped" in next(iter((await engine.retry_dead(DeadFilter())).refused.values()))

    asyncio.run(run())


def test_status_shows_flows_holder_and_resting_destinations() -> None:
    async def run() -> None:
        clock = VirtualClock(datetime(2026, 5, 1, tzinfo=UTC))
        async with in_memory(clock) as engine, engine.hold():
            await append(engine, *(stock(f"s{n}", n, 1) for n in range(7)))
            await engine.drain(FLOW, Destination(lambda _: UnavailableError("down")).push, max_wait=60)
            status = await engine.status()
            (flow,) = status.flows
            assert flow.oldest == datetime(2026, 5, 1, tzinfo=UTC)
            assert flow.counts["stocklevel"]["waiting"] == 7
            assert status.open_breakers["erp"] > clock.now()
            assert status.holder is not None
            await engine.drain(FLOW, Destination().push)
            assert (await engine.status()).flows[0].oldest is None
            assert (await engine.status()).open_breakers == {}

    asyncio.run(run())


def test_bug_while_a_destination_is_down_is_tried_again_at_leisure() -> None:
    """Neither spent nor pushed in a hurry; the builtin errors of a connector's own client count as an outage."""

    async def run() -> None:
        clock = VirtualClock()
        pushes = 0

        async def push(_kind: str, batch: Sequence[Delivery]) -> Sequence[Outcome]:
            nonlocal pushes
            pushes += 1
            if pushes <= 5:
                raise ConnectionRefusedError("refused")
            if clock.monotonic() < 3600:
                raise KeyError("bug")
            return [Outcome.delivered() for _ in batch]

        async with in_memory(clock) as engine, engine.hold():
            await append(engine, stock("a", 1, 1))
            report = await engine.drain(FLOW, push, max_wait=86_400)
            assert report.counts["stocklevel"] == {"delivered": 1}
            assert pushes < 40
            assert len(report.faults) == 1

    asyncio.run(run())


def test_unknown_type_says_what_is_known() -> None:
    async def run() -> None:
        async with in_memory() as engine, engine.hold():
            with pytest.raises(SetupError, match="no canonical type 'widget'"):
                await engine.append(flow_of("widget"), "widget", Page(events=[], cursor=None))

    asyncio.run(run())


def test_created_stays_created_when_it_is_superseded() -> None:
    flow = flow_of("product", coalesce=frozenset({"product"}))

    async def run() -> None:
        async with in_memory() as engine, engine.hold():
            created = attrs.evolve(product("a", "one", 1), verb=Verb.CREATED)
            await append(engine, created, product("a", "two", 2), flow=flow)
            destination = Destination()
            await engine.drain(flow, destination.push)
            assert [(write.verb, write.payload["title"]) for write in destination.writes] == [("created", "two")]

    asyncio.run(run())


def test_echo_is_looked_for_under_the_identity_that_the_platform_gave() -> None:
    there = flow_of("order", readers=("erp-to-shop",))
    back = flow_of("order", name="erp-to-shop", source="erp", destination="shop")

    async def run() -> None:
        async with in_memory() as engine, engine.hold():
            await append(engine, order("S1", "paid", 1, note="n"), flow=there)
            answers = iter([Outcome.delivered(returned={"orderId": "E9"})])
            await engine.drain(there, Destination(lambda _: next(answers)).push)
            assert (await append(engine, order("E9", "paid", 2, note="n"), flow=back)).unchanged == 1
            await append(engine, order("S1", "shipped", 3), flow=there)
            answers = iter([Outcome.delivered(returned={"status": object()})])
            await engine.drain(there, Destination(lambda _: next(answers)).push)
            assert (await append(engine, order("S1", "shipped", 4), flow=back)).unchanged == 1

    asyncio.run(run())


def test_sums_and_moves_with_the_same_names_stay_apart() -> None:
    """A destination location may bear the name of a source location that is summed elsewhere."""
    flow = flow_of(locations=LocationPlan(moves={"w1": "w2"}, sums={"all": ("w2", "w3"), "": ("w4",)}))

    async def run() -> None:
        async with in_memory() as engine, engine.hold():
            await append(
                engine,
                *(stock("a", n, 1, location=f"w{n}") for n in (1, 2, 3, 4)),
                flow=flow,
            )
            destination = Destination()
            await engine.drain(flow, destination.push)
            written = {write.payload.get("locationId"): write.payload["quantity"] for write in destination.writes}
            assert written == {"w2": 1, "all": 5, None: 4}

    asyncio.run(run())


def test_sum_keeps_thirty_digits() -> None:
    flow = flow_of(locations=LocationPlan(sums={"all": ("x", "y")}))
    many = Decimal("123456789012345678901234567890.123456789")

    async def run() -> None:
        async with in_memory() as engine, engine.hold():
            await append(engine, stock("a", many, 1, location="x"), stock("a", 1, 1, location="y"), flow=flow)
            destination = Destination()
            await engine.drain(flow, destination.push)
            assert destination.quantities("a") == [Decimal("123456789012345678901234567891.123456789")]

    asyncio.run(run())


def test_several_types_of_a_flow_go_together() -> None:
    flow = flow_of(types=("stocklevel", "order"), batch={"stocklevel": 5, "order": 5})

    async def run() -> None:
        async with in_memory() as engine, engine.hold():
            await engine.append(flow, "stocklevel", Page(events=[stock("a", 1, 1)], cursor="s"))
            orders = [Event(type="order", record=Order(order_id=str(n)), version=1) for n in range(12)]
            await engine.append(flow, "order", Page(events=orders, cursor="o"))
            kinds: list[str] = []

            async def push(kind: str, batch: Sequence[Delivery]) -> Sequence[Outcome]:
                kinds.append(kind)
                assert {delivery.kind.name for delivery in batch} == {kind}
                return [Outcome.delivered() for _ in batch]

            report = await engine.drain(flow, push)
            assert report.counts == {"stocklevel": {"delivered": 1}, "order": {"delivered": 12}}
            assert sorted(kinds) == ["order", "order", "order", "stocklevel"]
            assert await engine.checkpoint(flow.name, "order") == "o"

    asyncio.run(run())
