"""Two platforms that copy each other: every change arrives, nothing goes round in circles."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from pullpush_sdk.canonical import CanonicalTypes
from pullpush_sdk.connector import Delivery, Event, Outcome, Page
from pullpush_sdk.engine.embedded import SqliteEngine
from pullpush_sdk.engine.ports import FlowSpec
from pullpush_sdk.testing.clock import VirtualClock
from pullpush_sdk.testing.engine_laws.bench import flow_of, stock


class Platform:
    """Holds quantities; tells of every change, whoever made it, in order."""

    def __init__(self, flow_out: FlowSpec, *, decimals: bool) -> None:
        self.flow_out = flow_out
        self.held: dict[str, int] = {}
        self.told: list[Event] = []
        self.written = 0
        self.ticks = 0
        self._decimals = decimals

    def set(self, sku: str, quantity: int) -> None:
        self.ticks += 1
        self.held[sku] = quantity
        self.told.append(stock(sku, Decimal(f"{quantity}.0") if self._decimals else quantity, self.ticks))

    async def push(self, _kind: str, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        for delivery in batch:
            self.written += 1
            self.set(delivery.key, int(delivery.payload["quantity"]))
        return [Outcome.delivered() for _ in batch]


edits = st.tuples(st.just("edit"), st.sampled_from([0, 1]), st.sampled_from("xy"), st.sampled_from([1, 2]))
moves = st.one_of(
    st.tuples(st.just("hear"), st.sampled_from([0, 1]), st.integers(1, 3), st.booleans()),
    st.tuples(st.just("drain"), st.sampled_from([0, 1]), st.none(), st.none()),
)
steps = edits | moves


class World:
    def __init__(self) -> None:
        self.engine = SqliteEngine(None, clock=VirtualClock(), types=CanonicalTypes())
        there = flow_of(readers=("erp-to-shop",))
        back = flow_of(name="erp-to-shop", source="erp", destination="shop", readers=("shop-to-erp",))
        self.platforms = (Platform(there, decimals=False), Platform(back, decimals=True))

    async def hear(self, side: int, number: int, *, twice: bool) -> None:
        """Some of a platform's webhooks arrive, the last of them perhaps twice."""
        platform = self.platforms[side]
        events, platform.told = platform.told[:number], platform.told[number:]
        again = events[-1:] if twice else []
        await self.engine.append(platform.flow_out, "stocklevel", Page(events=[*events, *again], cursor=None))

    async def drain(self, side: int) -> None:
        await self.engine.drain(self.platforms[side].flow_out, self.platforms[1 - side].push)

    async def settle(self) -> None:
        for _ in range(20):
            for side in (0, 1):
                await self.hear(side, 100, twice=False)
                await self.drain(side)
            if not any(platform.told for platform in self.platforms):
                return
        raise AssertionError("the two platforms never come to rest")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(edits, st.just(("settle", 0, None, None)), steps), max_size=25))
def test_platforms_come_to_rest_whatever_happens(history: list[tuple[str, int, object, object]]) -> None:
    """Also with changes of one SKU on both sides at once, late and doubled webhooks."""

    async def run() -> None:
        world = World()
        async with world.engine, world.engine.hold():
            for name, side, first, second in history:
                if name == "edit":
                    world.platforms[side].set(str(first), int(str(second)))
                elif name == "hear":
                    await world.hear(side, int(str(first)), twice=bool(second))
                elif name == "drain":
                    await world.drain(side)
                else:
                    await world.settle()
            await world.settle()

    asyncio.run(run())


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(edits, st.lists(moves, max_size=4)), max_size=10))
def test_every_change_arrives_and_is_written_once(
    history: list[tuple[tuple[str, int, str, int], list[object]]],
) -> None:
    """Where one side changes a SKU after the other's change has come through, both end equal, with no extra write."""

    async def run() -> None:
        world = World()
        async with world.engine, world.engine.hold():
            expected: dict[str, int] = {}
            writes = 0
            for (_, side, sku, quantity), between in history:
                writes += expected.get(sku) != quantity
                expected[sku] = quantity
                world.platforms[side].set(sku, quantity)
                for name, where, first, second in between:  # type: ignore[misc]
                    if name == "hear":
                        await world.hear(where, first, twice=second)
                    else:
                        await world.drain(where)
                await world.settle()
                assert world.platforms[0].held == world.platforms[1].held == expected
            assert sum(platform.written for platform in world.platforms) == writes

    asyncio.run(run())
