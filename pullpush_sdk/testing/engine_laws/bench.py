"""What a law works with: an engine that can be killed, a clock that jumps, a destination that keeps its own book."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Protocol, Self

import attrs

from pullpush_sdk.canonical import Contact, Order, OrderStatus, Product, StockLevel, Unset
from pullpush_sdk.clock import Clock
from pullpush_sdk.connector import Delivery, Event, Outcome, Page, Result, Verb
from pullpush_sdk.engine.ports import OUTCOMES, Counts, DrainReport, Engine, FlowSpec
from pullpush_sdk.testing.clock import VirtualClock

__all__ = ["Bench", "Destination", "EngineUnderTest", "Write", "contact", "flow_of", "order", "product", "stock"]

Json = Any
Answer = Callable[[Delivery], Outcome | Exception | Awaitable[Outcome]]


class EngineUnderTest(Protocol):
    """One store, opened as often as a law likes."""

    def open(self, clock: Clock) -> Engine:
        """An engine over the store, not yet entered."""
        ...

    async def crash(self, engine: Engine) -> None:
        """Do to an engine what SIGKILL does to its process: nothing is finished, locks are gone."""
        ...


@attrs.frozen(kw_only=True)
class Write:
    """One delivery as the destination saw it; `tick` orders beginnings and ends."""

    key: str
    identity: str
    position: int
    version: int
    payload: Mapping[str, Json]
    attempt: int
    maybe_applied: bool
    verb: str
    began: int
    batch: int


class Destination:
    """Takes batches, checks what must hold of every batch, and holds what was written.

    `answer` decides about each delivery; None means delivered. An exception that it returns is raised for the whole
    batch, before anything is written.
    """

    def __init__(self, answer: Answer | None = None) -> None:
        self.answer = answer
        self.writes: list[Write] = []
        self.state: dict[str, dict[str, Json]] = {}
        self.batches = 0
        self.at_once = 0
        self.broken: list[str] = []
        self._busy: set[str] = set()
        self._ticks = 0

    async def push(self, _canonical_type: str, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        """See `Push`."""
        self.batches += 1
        keys = {delivery.key for delivery in batch}
        identities = [delivery.identity for delivery in batch]
        self.expect(len(set(identities)) == len(identities), f"two deliveries of one identity in a batch: {identities}")
        self.expect(not keys & self._busy, f"{keys & self._busy} are on their way already")
        self._busy |= keys
        self.at_once = max(self.at_once, len(self._busy))
        try:
            await asyncio.sleep(0)
            return [await self._one(delivery, self.batches) for delivery in batch]
        finally:
            self._busy -= keys

    async def _one(self, delivery: Delivery, batch: int) -> Outcome:
        self._ticks += 1
        write = Write(
            key=delivery.key,
            identity=delivery.identity,
            position=delivery.position,
            version=delivery.version,
            payload=dict(delivery.payload),
            attempt=delivery.attempt,
            maybe_applied=delivery.maybe_applied,
            verb=delivery.verb.value,
            began=self._ticks,
            batch=batch,
        )
        answer = self.answer(delivery) if self.answer is not None else Outcome.delivered()
        if isinstance(answer, Exception):
            raise answer
        outcome = answer if isinstance(answer, Outcome) else await answer
        self.writes.append(write)
        if outcome.result is Result.DELIVERED or outcome.maybe_applied:
            self.state.setdefault(delivery.identity, {}).update(delivery.payload)
        return outcome

    def expect(self, holds: bool, otherwise: str) -> None:
        """Note a broken law: an exception here would only be a connector's fault to the engine."""
        if not holds:
            self.broken.append(otherwise)

    def quantities(self, sku: str) -> list[Json]:
        """The quantities written of one SKU, in order."""
        return [write.payload["quantity"] for write in self.writes if write.key == sku]

    def positions(self, key: str) -> list[int]:
        """The log positions written of one key, in order."""
        return [write.position for write in self.writes if write.key == key]


def stock(
    sku: str,
    quantity: Json,
    version: int,
    *,
    location: str | None | Unset = None,
    transport_id: str | None = None,
) -> Event:
    """A stock level event."""
    record = StockLevel(sku=sku, quantity=quantity, location_id=location)
    return Event(type="stocklevel", record=record, version=version, transport_id=transport_id)


def order(
    order_id: str,
    status: str,
    version: int,
    *,
    fields: Iterable[str] | None = None,
    note: str | None = None,
    transport_id: str | None = None,
    verb: Verb = Verb.UPDATED,
) -> Event:
    """An order event; with `fields` a partial one that speaks of its status only."""
    state = OrderStatus(status)
    record = Order(order_id=order_id, status=state) if fields else Order(order_id=order_id, status=state, note=note)
    return Event(
        type="order",
        record=record,
        version=version,
        verb=verb,
        fields=None if fields is None else frozenset(fields),
        transport_id=transport_id,
    )


def product(sku: str, title: str, version: int, **fields: Any) -> Event:
    """A product event."""
    return Event(type="product", record=Product(sku=sku, title=title, **fields), version=version)


def contact(email: str, name: str, version: int) -> Event:
    """A contact event."""
    return Event(type="contact", record=Contact(email=email, name=name), version=version)


def flow_of(canonical_type: str = "stocklevel", **changes: Any) -> FlowSpec:
    """A plain active flow of one type in batches of ten."""
    plain: dict[str, Any] = {
        "name": "shop-to-erp",
        "source": "shop",
        "destination": "erp",
        "types": (canonical_type,),
        "batch": {canonical_type: 10},
    }
    return FlowSpec(**{**plain, **changes})


class Bench:
    """An engine that is held by this process, and may be killed and opened again."""

    def __init__(self, under_test: EngineUnderTest) -> None:
        self._under_test = under_test
        self._held = AsyncExitStack()
        self.clock = VirtualClock()
        self.destination = Destination()
        self.engine: Engine

    async def __aenter__(self) -> Self:
        await self._open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._held.aclose()

    async def _open(self) -> None:
        self._held = AsyncExitStack()
        self.engine = await self._held.enter_async_context(self._under_test.open(self.clock))
        await self._held.enter_async_context(self.engine.hold())

    async def reopen(self) -> None:
        """Close and open again."""
        await self._held.aclose()
        await self._open()

    async def crash(self) -> None:
        """Kill and open again."""
        await self._under_test.crash(self.engine)
        await self._open()

    def another(self) -> Engine:
        """A second engine over the same store, as another process would open it."""
        return self._under_test.open(self.clock)

    async def append(self, flow: FlowSpec, *events: Event, cursor: Json = None, **options: Any) -> Counts:
        """Append events as one page."""
        return await self.engine.append(flow, flow.types[0], Page(events=events, cursor=cursor), **options)

    async def drain(self, flow: FlowSpec, **options: Any) -> DrainReport:
        """Drain into the destination; a connector's fault must have been expected."""
        return await self.engine.drain(flow, self.destination.push, **options)

    async def tally(self, flow: FlowSpec) -> Mapping[str, int]:
        """The counts of a flow's only type, balanced: everything that was read has one outcome or waits."""
        counts = (await self.engine.counts(flow.name))[flow.types[0]]
        assert counts["read"] == counts["waiting"] + sum(counts[outcome] for outcome in OUTCOMES), counts
        return counts

    async def waits_at_push(self, flow: FlowSpec, *, applies: bool) -> None:
        """Kill the engine while a push is under way, after (`applies`) or before the destination wrote."""
        reached = asyncio.Event()

        async def push(canonical_type: str, batch: Sequence[Delivery]) -> Sequence[Outcome]:
            if applies:
                await self.destination.push(canonical_type, batch)
            reached.set()
            await asyncio.Event().wait()
            return []

        draining = asyncio.ensure_future(self.engine.drain(flow, push))
        arrived = asyncio.ensure_future(reached.wait())
        await asyncio.wait([draining, arrived], return_when=asyncio.FIRST_COMPLETED)
        await self._under_test.crash(self.engine)
        for task in (draining, arrived):
            task.cancel()
        await asyncio.gather(draining, arrived, return_exceptions=True)
        await self._open()
