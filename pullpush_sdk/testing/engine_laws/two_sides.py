"""Two platforms that copy each other, and the engine between them: for laws of two-way flows."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Literal

import attrs

from pullpush_sdk.connector import Delivery, Event, Outcome, Page, version_of
from pullpush_sdk.engine.ports import FlowSpec
from pullpush_sdk.testing.clock import VirtualClock

from .bench import Bench, flow_of, order, stock

__all__ = ["OrderSide", "Pair", "Side", "StockSide"]

Answer = Literal["good", "refused", "lost"]

_ROUNDS = 12
_TICK = 3.0


@attrs.define(kw_only=True)
class Side:
    """Holds records by its own ids, and tells of every change in order, whoever made it.

    `moments` says that its versions are times, else they count. `answers` are those of the next writes, the last one
    first: `refused` before anything is written, `lost` after it.
    """

    clock: VirtualClock
    moments: bool = True
    held: dict[str, Any] = attrs.field(factory=dict)
    told: list[Event] = attrs.field(factory=list)
    written: int = 0
    answers: list[Answer] = attrs.field(factory=list)
    _ticks: int = 0

    def set(self, id_: str, value: Any) -> None:
        """Somebody changes a record here."""
        self._ticks += 1
        self.held[id_] = value
        self.told.append(self.event(id_, value, version_of(self.clock.now()) if self.moments else self._ticks))

    def event(self, id_: str, value: Any, version: int) -> Event:
        """How it tells of a record."""
        raise NotImplementedError

    def write(self, delivery: Delivery) -> str | None:
        """Carry a write out; the id of the record here, None where it is the delivery's own key."""
        raise NotImplementedError

    async def push(self, _kind: str, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        """See `Push`."""
        outcomes = []
        for delivery in batch:
            await asyncio.sleep(0)
            answer = self.answers.pop() if self.answers else "good"
            if answer == "refused":
                outcomes.append(Outcome.retry("busy"))
                continue
            native_id = self.write(delivery)
            await asyncio.sleep(0)
            lost = Outcome.retry("no answer", maybe_applied=True)
            outcomes.append(lost if answer == "lost" else Outcome.delivered(native_id=native_id))
        return outcomes


@attrs.define(kw_only=True)
class StockSide(Side):
    """A warehouse: SKU to quantity."""

    def event(self, id_: str, value: Any, version: int) -> Event:
        """See Side."""
        return stock(id_, value, version)

    def write(self, delivery: Delivery) -> str | None:
        """See Side."""
        self.written += 1
        self.set(delivery.key, int(delivery.payload["quantity"]))
        return None


@attrs.define(kw_only=True)
class OrderSide(Side):
    """A shop that gives every order an id of its own: id to (status, note)."""

    first: int = 1
    entered: dict[str, str] = attrs.field(factory=dict)

    def place(self) -> str:
        """A customer orders; the order's id."""
        id_ = str(self.first + len(self.held))
        self.set(id_, ("pending", ""))
        return id_

    def event(self, id_: str, value: Any, version: int) -> Event:
        """See Side."""
        status, note = value
        return order(id_, status, version, note=note or None)

    def write(self, delivery: Delivery) -> str | None:
        """See Side."""
        id_ = delivery.native_id or self.entered.get(delivery.id)
        if id_ is None:
            id_ = self.entered[delivery.id] = self.place()
        status, note = self.held[id_]
        wanted = (delivery.payload.get("status", status), delivery.payload.get("note", note) or "")
        if wanted != (status, note):
            self.written += 1
            self.set(id_, wanted)
        return id_


@attrs.define(kw_only=True)
class Pair:
    """Two sides and the flows between them; `flows[n]` reads side n and writes the other one."""

    bench: Bench
    sides: tuple[Side, Side]
    flows: tuple[FlowSpec, FlowSpec]

    @classmethod
    def of_stock(cls, bench: Bench, *, owner: int | None = None, moments: bool = True) -> Pair:
        """Two warehouses; `owner` is the side that owns the stock, None where the newest change wins."""
        named: list[dict[str, Any]] = [{}, {}]
        if owner is not None:
            named = [{"stocklevel": "source" if owner == side else "destination"} for side in (0, 1)]
        one, other = (StockSide(clock=bench.clock, moments=moments) for _ in range(2))
        return cls(bench=bench, sides=(one, other), flows=_flows("stocklevel", named))

    @classmethod
    def of_orders(cls, bench: Bench, *, moments: bool = True) -> Pair:
        """Two shops; their ids do not look alike, so that one taken for the other's is found."""
        one = OrderSide(clock=bench.clock, moments=moments, first=1)
        other = OrderSide(clock=bench.clock, moments=moments, first=901)
        return cls(bench=bench, sides=(one, other), flows=_flows("order", [{}, {}]))

    @property
    def written(self) -> int:
        """Writes that changed something, on both sides."""
        return sum(side.written for side in self.sides)

    async def hear(self, side: int, number: int = 100) -> None:
        """Some of what a side tells arrives."""
        told = self.sides[side].told
        events, self.sides[side].told = told[:number], told[number:]
        flow = self.flows[side]
        await self.bench.engine.append(flow, flow.types[0], Page(events=events, cursor=None))

    async def drain(self, *sides: int) -> None:
        """Deliver what waits of some sides, at the same time."""
        await asyncio.gather(*(self.bench.engine.drain(self.flows[side], self.sides[1 - side].push) for side in sides))

    async def tick(self) -> None:
        """A little time passes."""
        await self.bench.clock.sleep(_TICK)

    async def settle(self) -> None:
        """Hear and deliver everything; nothing may be on its way for ever.

        Raises:
            AssertionError: the two sides do not come to rest.
        """
        for _ in range(_ROUNDS):
            for side in (0, 1):
                await self.hear(side)
            await self.drain(0, 1)
            await self.tick()
            if not any(side.told for side in self.sides) and not await self._waiting():
                return
        raise AssertionError("the two sides never come to rest")

    async def at_rest(self) -> None:
        """Settle, and see that nothing more is written then.

        Raises:
            AssertionError: something is.
        """
        await self.settle()
        before = self.written
        await self.settle()
        assert self.written == before, "something is written although nobody changed anything"

    async def _waiting(self) -> int:
        counts = [await self.bench.engine.counts(flow.name) for flow in self.flows]
        return sum(each.get("waiting", 0) for by_type in counts for each in by_type.values())


def _flows(canonical_type: str, owners: Sequence[dict[str, Any]]) -> tuple[FlowSpec, FlowSpec]:
    names = ("shop-to-erp", "erp-to-shop")
    ends = ("shop", "erp")
    one, other = (
        flow_of(
            canonical_type,
            name=names[n],
            source=ends[n],
            destination=ends[1 - n],
            readers=(names[1 - n],),
            opposite=names[1 - n],
            owner=owners[n],
        )
        for n in (0, 1)
    )
    return one, other
