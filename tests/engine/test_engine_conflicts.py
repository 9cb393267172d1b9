"""Two flows against each other whose both sides change the same records: one value wins, both sides end with it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pullpush_sdk.canonical import CanonicalTypes
from pullpush_sdk.connector import Delivery, Event, Outcome, Page, version_of
from pullpush_sdk.engine.conflict import happened_before, wins
from pullpush_sdk.engine.embedded import SqliteEngine
from pullpush_sdk.engine.locations import LocationPlan
from pullpush_sdk.engine.ports import FlowSpec
from pullpush_sdk.testing.clock import VirtualClock
from pullpush_sdk.testing.engine_laws.bench import flow_of, stock

SKUS = "xy"


class Platform:
    """Holds quantities; tells of every change, whoever made it, in order."""

    def __init__(self, flow_out: FlowSpec, clock: VirtualClock, place: str | None, *, moments: bool) -> None:
        self.flow_out = flow_out
        self.held: dict[str, int] = {}
        self.told: list[Event] = []
        self.written = 0
        self.answers: list[str] = []
        self.place = place
        self._clock = clock
        self._moments = moments
        self._ticks = 0

    def set(self, sku: str, quantity: int) -> int:
        self._ticks += 1
        self.held[sku] = quantity
        version = version_of(self._clock.now()) if self._moments else self._ticks
        self.told.append(stock(sku, quantity, version, location=self.place))
        return version

    async def push(self, _kind: str, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        outcomes = []
        for delivery in batch:
            await asyncio.sleep(0)
            assert delivery.payload["locationId"] == self.place
            answer = self.answers.pop() if self.answers else "good"
            if answer != "refused":
                self.written += 1
                self.set(delivery.key, int(delivery.payload["quantity"]))
            await asyncio.sleep(0)
            good = Outcome.delivered() if answer == "good" else Outcome.retry(answer, maybe_applied=answer == "lost")
            outcomes.append(good)
        return outcomes


class World:
    def __init__(self, owner: int | None, *, moments: bool, located: bool = False) -> None:
        self.clock = VirtualClock()
        self.engine = SqliteEngine(None, clock=self.clock, types=CanonicalTypes())
        named: list[dict[str, Any]] = [{}, {}]
        if owner is not None:
            named = [{"stocklevel": "source" if owner == side else "destination"} for side in (0, 1)]
        places = ("a", "b") if located else (None, None)
        plans = [LocationPlan(moves={"a": "b"}), LocationPlan(moves={"b": "a"})] if located else [LocationPlan()] * 2
        there = flow_of(
            readers=("erp-to-shop",), opposite="erp-to-shop", owner=named[0], locations=plans[0]
        )  # fmt: skip
        back = flow_of(
            name="erp-to-shop", source="erp", destination="shop", readers=(there.name,), opposite=there.name,
            owner=named[1], locations=plans[1],
        )  # fmt: skip
        self.platforms = tuple(
            Platform(flow, self.clock, place, moments=moments)
            for flow, place in zip((there, back), places, strict=True)
        )
        self.edits: dict[str, dict[int, tuple[int, int]]] = {}

    async def tick(self) -> None:
        await self.clock.sleep(3)

    def edit(self, side: int, sku: str, quantity: int) -> None:
        changed = self.platforms[side].held.get(sku) != quantity
        version = self.platforms[side].set(sku, quantity)
        if changed:
            self.edits.setdefault(sku, {})[side] = (version, quantity)

    async def hear(self, side: int, number: int) -> None:
        platform = self.platforms[side]
        events, platform.told = platform.told[:number], platform.told[number:]
        await self.engine.append(platform.flow_out, "stocklevel", Page(events=events, cursor=None))

    async def drain(self, *sides: int) -> None:
        await asyncio.gather(
            *(self.engine.drain(self.platforms[side].flow_out, self.platforms[1 - side].push) for side in sides)
        )

    async def settle(self) -> None:
        for _ in range(12):
            for side in (0, 1):
                await self.hear(side, 100)
            await self.drain(0, 1)
            await self.tick()
            if not any(platform.told for platform in self.platforms) and not await self.waiting():
                return
        raise AssertionError("the two platforms never come to rest")

    async def waiting(self) -> int:
        counts = [await self.engine.counts(platform.flow_out.name) for platform in self.platforms]
        return sum(each.get("waiting", 0) for by_type in counts for each in by_type.values())

    async def play(self, history: Sequence[tuple[str, int, Any, Any]]) -> None:
        for name, side, first, second in history:
            await self.tick()
            if name == "edit":
                self.edit(side, first, second)
            elif name == "hear":
                await self.hear(side, first)
            elif name == "drain":
                await self.drain(side)
            else:
                await self.drain(0, 1)

    @property
    def written(self) -> int:
        return sum(platform.written for platform in self.platforms)


edits = st.tuples(st.just("edit"), st.sampled_from([0, 1]), st.sampled_from(SKUS), st.integers(1, 4))
moves = st.one_of(
    edits,
    st.tuples(st.just("hear"), st.sampled_from([0, 1]), st.integers(1, 3), st.none()),
    st.tuples(st.just("drain"), st.sampled_from([0, 1]), st.none(), st.none()),
    st.tuples(st.just("both"), st.just(0), st.none(), st.none()),
)
histories = st.lists(st.lists(moves, max_size=10), min_size=1, max_size=3)


# The owner's change lies under a write that was under way before anybody heard of it, and a newer change loses to it.
OVERWRITTEN = [
    ("edit", 0, "x", 1),
    ("edit", 1, "x", 2),
    ("hear", 0, 1, None),
    ("edit", 0, "x", 2),
    ("both", 0, None, None),
]


@settings(max_examples=60, deadline=None)
@given(histories, st.sampled_from([0, 1, None]), st.booleans(), st.booleans())
@example([OVERWRITTEN], 1, True, False)
@example([OVERWRITTEN], 1, True, True)
def test_both_sides_end_equal_and_at_rest(rounds: list[Any], owner: int | None, moments: bool, located: bool) -> None:
    """Whatever both sides change at once, in whatever order it is heard and delivered."""

    async def run() -> None:
        world = World(owner, moments=moments, located=located)
        async with world.engine, world.engine.hold():
            for history in rounds:
                await world.play(history)
                await world.settle()
                assert world.platforms[0].held == world.platforms[1].held
                before = world.written
                await world.settle()
                assert world.written == before

    asyncio.run(run())


@settings(max_examples=60, deadline=None)
@given(histories, st.sampled_from([0, 1, None]), st.lists(st.sampled_from(["good", "lost", "refused"]), max_size=6))
def test_also_where_writes_fail_or_their_answers_are_lost(
    rounds: list[Any], owner: int | None, answers: list[str]
) -> None:
    async def run() -> None:
        world = World(owner, moments=True)
        async with world.engine, world.engine.hold():
            for history in rounds:
                for platform in world.platforms:
                    platform.answers = list(answers)
                await world.play(history)
                await world.settle()
                assert world.platforms[0].held == world.platforms[1].held

    asyncio.run(run())


@settings(max_examples=60, deadline=None)
@given(st.lists(edits, max_size=6), st.lists(moves, max_size=10), st.sampled_from([0, 1]))
def test_the_owners_change_wins(first: list[Any], then: list[Any], owner: int) -> None:
    """Where both sides changed a record since they last agreed, both end with the owner's last change."""

    async def run() -> None:
        world = World(owner, moments=True)
        async with world.engine, world.engine.hold():
            await world.play(first)
            await world.settle()
            world.edits.clear()
            await world.play([each for each in then if each[0] != "drain" and each[0] != "both"])
            await world.settle()
            for sku, by_side in world.edits.items():
                _, expected = by_side.get(owner) or by_side[1 - owner]
                assert [platform.held[sku] for platform in world.platforms] == [expected, expected]

    asyncio.run(run())


@pytest.mark.parametrize("owner", [0, 1])
@pytest.mark.parametrize("heard_first", [0, 1])
def test_the_owner_wins_also_where_its_change_was_overwritten_before_anybody_heard_of_it(
    owner: int, heard_first: int
) -> None:
    async def run() -> None:
        world = World(owner, moments=True)
        async with world.engine, world.engine.hold():
            world.edit(0, "x", 1)
            await world.settle()
            world.edit(owner, "x", 7)
            world.edit(1 - owner, "x", 9)
            await world.tick()
            await world.hear(heard_first, 100)
            await world.drain(heard_first)
            await world.settle()
            assert [platform.held["x"] for platform in world.platforms] == [7, 7]

    asyncio.run(run())


@settings(max_examples=40, deadline=None)
@given(edits, edits)
def test_without_an_owner_the_newest_wins(first: Any, second: Any) -> None:
    async def run() -> None:
        world = World(None, moments=True)
        async with world.engine, world.engine.hold():
            await world.play([("edit", 0, "x", 5), ("edit", 0, "y", 5)])
            await world.settle()
            await world.play([first, second])
            await world.settle()
            for _, _, sku, quantity in (first, second) if first[2] != second[2] else (second,):
                assert [platform.held[sku] for platform in world.platforms] == [quantity, quantity]

    asyncio.run(run())


def test_revisions_of_two_platforms_are_not_compared() -> None:
    now = 1_800_000_000_000_000
    assert wins((now, 1), (now - 1, 9), None)
    assert not wins((900, 1), (2, 9), None)
    assert not wins((now, 1), (2, 9), None)
    assert wins((1, 1), (2, 9), "source")
    assert not wins((now, 9), (2, 1), "destination")


def test_a_change_of_the_same_second_is_not_taken_for_an_older_one() -> None:
    now = 1_800_000_000_000_000
    assert not happened_before(now, now + 5_000_000, now + 999_999)
    assert happened_before(now, now + 5_000_000, now + 2_000_000)
    assert not happened_before(7, now + 1, now)


def test_orders_of_two_platforms_that_share_a_number_are_no_conflict() -> None:
    from pullpush_sdk.testing.engine_laws.bench import order

    async def run() -> None:
        clock = VirtualClock()
        there = flow_of(types=("order",), opposite="back")
        back = flow_of(name="back", source="erp", destination="shop", types=("order",), opposite=there.name)
        written: list[str] = []

        async def push(_kind: str, batch: Sequence[Delivery]) -> Sequence[Outcome]:
            written.extend(each.key for each in batch)
            return [Outcome.delivered() for _ in batch]

        async with SqliteEngine(None, clock=clock, types=CanonicalTypes()) as engine, engine.hold():
            for flow in (there, back):
                await engine.append(flow, "order", Page(events=[order("7", "pending", 1)], cursor=None))
            for flow in (there, back):
                await engine.drain(flow, push)
        assert written == ["7", "7"]

    asyncio.run(run())
