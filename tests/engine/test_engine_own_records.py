"""Orders both ways: each shop gives an order an id of its own, and still every order is there once, with one status."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pullpush_sdk.canonical import CanonicalTypes
from pullpush_sdk.connector import Delivery, Event, Outcome, Page
from pullpush_sdk.engine.embedded import SqliteEngine
from pullpush_sdk.engine.ports import FlowSpec
from pullpush_sdk.testing.clock import VirtualClock
from pullpush_sdk.testing.engine_laws.bench import flow_of, order

STATUSES = ("pending", "processing", "completed", "cancelled")


@attrs.define
class Shop:
    """Gives every order an id of its own, and tells of every change, whoever made it."""

    path: str
    first: int = 1
    orders: dict[str, str] = attrs.field(factory=dict)
    entered: dict[str, str] = attrs.field(factory=dict)
    told: list[Event] = attrs.field(factory=list)
    written: int = 0
    answers: list[str] = attrs.field(factory=list)
    started: asyncio.Event = attrs.field(factory=asyncio.Event)
    goes_on: asyncio.Event | None = None

    def place(self) -> str:
        id_ = str(self.first + len(self.orders))
        self.set(id_, "pending")
        return id_

    def set(self, id_: str, status: str) -> None:
        self.orders[id_] = status
        self.told.append(order(id_, status, len(self.told) + 1))

    async def push(self, _kind: str, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        return [await self._one(delivery) for delivery in batch]

    async def _one(self, delivery: Delivery) -> Outcome:
        answer = self.answers.pop() if self.answers else "good"
        if answer == "refused":
            return Outcome.retry("busy")
        id_ = (delivery.native_id or "").rpartition("/")[2] or self.entered.get(delivery.id)
        if id_ is None:
            id_ = self.entered[delivery.id] = self.place()
            self.written += 1
        if self.orders[id_] != delivery.payload["status"]:
            self.set(id_, delivery.payload["status"])
            self.written += 1
        self.started.set()
        if self.goes_on is not None:
            await self.goes_on.wait()
        if answer == "lost":
            return Outcome.retry("no answer", maybe_applied=True)
        return Outcome.delivered(native_id=f"{self.path}{id_}")


class World:
    def __init__(self, first: int = 1) -> None:
        self.clock = VirtualClock()
        self.engine = SqliteEngine(None, clock=self.clock, types=CanonicalTypes())
        there = flow_of("order", readers=("erp-to-shop",), opposite="erp-to-shop")
        back = flow_of(
            "order", name="erp-to-shop", source="erp", destination="shop", readers=(there.name,), opposite=there.name
        )
        self.flows: tuple[FlowSpec, FlowSpec] = (there, back)
        self.shops = (Shop(""), Shop("gid://erp/Order/", first))
        self.cursors = [0, 0]

    async def read(self, side: int) -> None:
        told = self.shops[side].told
        events, self.cursors[side] = told[self.cursors[side] :], len(told)
        if events:
            await self.engine.append(self.flows[side], "order", Page(events=events, cursor=self.cursors[side]))

    async def sync(self, side: int) -> None:
        await self.read(side)
        await self.engine.drain(self.flows[side], self.shops[1 - side].push)

    async def settle(self) -> None:
        for _ in range(3):
            for side in (0, 1):
                await self.sync(side)


steps = st.lists(
    st.one_of(
        st.tuples(st.just("place"), st.integers(0, 1), st.just(0)),
        st.tuples(st.just("sync"), st.integers(0, 1), st.just(0)),
        st.tuples(st.just("answer"), st.integers(0, 1), st.integers(0, 1)),
        st.tuples(st.sampled_from(STATUSES), st.integers(0, 1), st.integers(0, 9)),
    ),
    max_size=20,
)


@given(steps=steps)
@settings(max_examples=60, deadline=None)
def test_every_order_is_in_both_shops_once_and_with_one_status(steps: list[tuple[str, int, int]]) -> None:
    async def go() -> None:
        world = World()
        async with world.engine, world.engine.hold():
            placed = 0
            for what, side, number in steps:
                shop = world.shops[side]
                if what == "place":
                    shop.place()
                    placed += 1
                elif what == "sync":
                    await world.sync(side)
                elif what == "answer":
                    shop.answers.append("lost" if number else "refused")
                elif shop.orders:
                    # Both shops at once would be a conflict; here one changes what both agree on.
                    await world.settle()
                    shop.set(sorted(shop.orders)[number % len(shop.orders)], what)
            await world.settle()
            statuses = [sorted(shop.orders.values()) for shop in world.shops]
            assert statuses[0] == statuses[1]
            assert len(statuses[0]) == placed
            before = [shop.written for shop in world.shops]
            for shop in world.shops:
                for id_ in list(shop.orders):
                    shop.set(id_, shop.orders[id_])  # touched, and not changed
            await world.settle()
            assert [shop.written for shop in world.shops] == before
            assert not await world.engine.dead_letters()

    asyncio.run(go())


def test_a_change_of_what_was_written_goes_back_to_the_original() -> None:
    async def go() -> None:
        world = World()
        async with world.engine, world.engine.hold():
            shop, erp = world.shops
            erp.place()  # so that the two shops use different ids for one order
            await world.settle()
            mine = shop.place()
            await world.settle()
            theirs = max(erp.orders)
            erp.set(theirs, "completed")
            await world.settle()
            assert shop.orders[mine] == "completed"
            assert len(shop.orders) == len(erp.orders) == 2
            shop.set(mine, "cancelled")
            await world.settle()
            assert erp.orders[theirs] == "cancelled"
            erp.set(theirs, "completed")
            await world.settle()
            assert shop.orders[mine] == "completed"

    asyncio.run(go())


@pytest.mark.parametrize("answer", ["good", "lost"])
def test_an_order_that_is_told_of_before_its_id_is_known_is_not_made_again(answer: str) -> None:
    """Its webhook overtakes the answer to the request that made it."""

    async def go() -> None:
        world = World(first=100)
        async with world.engine, world.engine.hold():
            shop, erp = world.shops
            shop.place()
            await world.read(0)
            erp.goes_on, erp.answers = asyncio.Event(), [answer]
            writing = asyncio.ensure_future(world.engine.drain(world.flows[0], erp.push))
            await erp.started.wait()
            await world.read(1)
            copying = asyncio.ensure_future(world.engine.drain(world.flows[1], shop.push))
            for _ in range(50):
                await asyncio.sleep(0.001)
            erp.goes_on.set()
            await asyncio.gather(writing, copying)
            await world.settle()
            assert len(shop.orders) == len(erp.orders) == 1
            (event,) = await world.engine.events_of_key("erp-to-shop", "order", "100")
            assert (event.state, event.reason) == ("unchanged", "written by flow shop-to-erp")

    asyncio.run(go())
