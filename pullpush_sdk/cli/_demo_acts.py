"""What the demonstration does: catalogue, stock, orders; then a burst of changes of one thing, out of order."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import attrs

from pullpush_sdk.canonical import UNSET, StockLevel
from pullpush_sdk.clock import SystemClock
from pullpush_sdk.connector import Event, Page, version_of
from pullpush_sdk.engine.ports import DeadFilter
from pullpush_sdk.flows import Desk, SyncReport, flow_spec, sync_flow

from ._demo_world import STOCK, World

Quantity = int | Decimal | None
_BEFORE = 25
_BURST = 12
_MAX_WAIT = 15.0
_CANDIDATES = 8
# Older than every change that a platform reports: what stood at the destination before anything was synced.
_LONG_AGO = 1


@attrs.frozen(kw_only=True)
class Burst:
    """Changes of one thing, sent all at once and out of order: as sent, and what stood there before and after."""

    sku: str
    sent: Sequence[Quantity]
    last: Quantity
    before: Quantity
    after: Quantity

    @property
    def ok(self) -> bool:
        """Whether the newest change won."""
        return self.after == self.last


@attrs.frozen(kw_only=True)
class Kept:
    """One thing at the destination before and after the source spoke of it."""

    sku: str
    said: str
    before: Quantity
    after: Quantity
    expected: Quantity

    @property
    def ok(self) -> bool:
        """Whether it ended as it must."""
        return self.after == self.expected


@attrs.define(kw_only=True)
class Acts:
    """The acts in their order; each returns what it did."""

    world: World
    desk: Desk
    _chosen: dict[str, Event] = attrs.field(factory=dict)

    async def run(self, flow: str) -> SyncReport:
        """One flow, once."""
        (report,) = await self.desk.sync([flow], max_wait=_MAX_WAIT)
        return report

    async def reasons(self, flow: str) -> list[tuple[int, str]]:
        """Why deliveries of a flow are dead, and how many for each reason."""
        groups = await self.world.engine.dead_groups(DeadFilter(flow=flow))
        return [(each.count, each.reason) for each in groups]

    async def set_the_stage(self) -> None:
        """Give one thing without data and one with none left a quantity at the destination, to see what becomes of it.

        Both are looked for in the source's own stock, among the things whose quantity the destination lets us set:
        those that it counts already, or any where it counts nothing yet.
        """
        held = await self._quantities()
        found: dict[str, list[Event]] = {"untracked": [], "zero": [], "counted": []}
        for event in await self.world.source.stock():
            place = self.world.plan.place(_location(event))
            if place is not None and not place.summed and (not held or self._place(event) in held):
                found[{None: "untracked", 0: "zero"}.get(event.record.quantity, "counted")].append(event)
        tried = [event for events in found.values() for event in events[:_CANDIDATES]]
        await self._deliver([Page(events=[self._event(each, _BEFORE, _LONG_AGO) for each in tried], cursor=None)])
        now = await self._quantities()
        for name, events in found.items():
            good = next((event for event in events if now.get(self._place(event)) == _BEFORE), None)
            if good is not None:
                self._chosen[name] = good

    async def sync_stock(self) -> tuple[SyncReport, list[Kept]]:
        """The stock as the source tells it; and what became of the things on the stage."""
        before = await self._quantities()
        report = await self.run("stock")
        after = await self._quantities()
        words = {"untracked": ("no data (not tracked)", _BEFORE), "zero": ("0 (sold out)", 0)}
        return report, [
            Kept(
                sku=event.record.sku,
                said=words[name][0],
                before=before.get(self._place(event)),
                after=after.get(self._place(event)),
                expected=words[name][1],
            )
            for name, event in sorted(self._chosen.items())
            if name in words
        ]

    async def burst(self, seed: int) -> Burst | None:
        """Twelve changes of one quantity, as twelve webhooks at once bring them; None where nothing is counted."""
        event = self._chosen.get("counted")
        if event is None:
            return None
        place = self._place(event)
        before = (await self._quantities()).get(place)
        start = version_of(SystemClock().now())
        quantities = [100 + number * 3 for number in range(_BURST)]
        changes = [self._event(event, each, start + number) for number, each in enumerate(quantities)]
        random.Random(seed).shuffle(changes)  # noqa: S311 - an order to look at, not a secret
        await self._deliver([Page(events=[each], cursor=None) for each in changes])
        return Burst(
            sku=event.record.sku,
            sent=[each.record.quantity for each in changes],
            last=quantities[-1],
            before=before,
            after=(await self._quantities()).get(place),
        )

    async def _deliver(self, pages: Sequence[Page]) -> None:
        """Append pages all at once, as so many requests would, while deliveries run; returns when nothing waits."""
        world, flow = self.world, self.world.project.flow("stock")
        spec = flow_spec(world.project, world.plugins, flow, state="active", plan=world.plan)
        first, *rest = pages
        async with world.engine.hold():
            await world.engine.append(spec, STOCK, first)
            delivering = sync_flow(
                world.project,
                world.plugins,
                world.engine,
                flow,
                redactor=self.desk.redactor,
                read=False,
                max_wait=_MAX_WAIT,
            )
            await asyncio.gather(delivering, *(world.engine.append(spec, STOCK, page) for page in rest))
        await self.desk.deliver("stock", max_wait=_MAX_WAIT)

    async def _quantities(self) -> dict[tuple[str, str], Quantity]:
        """SKU and location to quantity at the destination."""
        stock = await self.world.destination.stock()
        return {(each.record.sku, _location(each) or ""): each.record.quantity for each in stock}

    def _place(self, event: Event) -> tuple[str, str]:
        """Where a thing of the source lies at the destination."""
        place = self.world.plan.place(_location(event))
        return event.record.sku, (place.location if place else None) or ""

    def _event(self, like: Event, quantity: int, version: int) -> Event:
        record = StockLevel(sku=like.record.sku, quantity=quantity, location_id=_location(like))
        return Event(type=STOCK, record=record, version=version)


def _location(event: Event) -> str | None:
    found: Any = event.record.location_id
    return None if found is UNSET else found
