"""Laws of what passes between two shops: a second sync writes nothing, and a round trip changes nothing."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from pullpush_sdk.connector import Event, Result
from pullpush_sdk.engine.ports import FlowSpec
from pullpush_sdk.sandbox import ChangeError
from pullpush_sdk.testing.clock import VirtualClock
from pullpush_sdk.testing.engine import memory_engine

from ._lacks import not_written
from ._law import Effort, Law, broken, not_proven
from ._subject import Shop, Subject, meaning
from .destination import deliveries, given, prepared, push_until_done, told, twin_of
from .pair import Way

__all__ = ["LAWS"]


def second_sync_writes_nothing(subject: Subject, canonical_type: str, effort: Effort) -> None:
    """Once everything is there, reading everything again writes nothing."""

    async def tried() -> None:
        clock, connector = VirtualClock(), subject.loaded.connector
        flow = FlowSpec(
            name="there",
            source="left",
            destination="right",
            types=(canonical_type,),
            batch={canonical_type: connector.batch.get(canonical_type, 1)},
            index_lag=connector.index_lag,
        )
        async with (
            subject.shop(clock=clock, seed=effort.seed) as left,
            subject.shop(clock=clock, seed=effort.seed, records=twin_of(subject, canonical_type)) as right,
            memory_engine(clock=clock, types=subject.types) as engine,
        ):
            await prepared(subject, canonical_type, right, effort)
            if canonical_type == "stocklevel":
                await _recounted(left)  # the twin was seeded with the same figures
            way = Way(flow=flow, source=left, destination=right, engine=engine)
            await way.turn()
            if not way.writes:
                not_proven(not_written())
            first = way.writes
            clock.advance(3600)
            async for page in left.pages(canonical_type):  # from the beginning, as after a reset of the cursor
                await engine.append(flow, canonical_type, page)
            await way.turn()
            if way.writes != first:
                broken(
                    f"{way.writes - first} records were written again although nothing changed; the last: {way.last}",
                    steps=[f"a sync writes {first} records", "an hour later everything is read again"],
                )

    asyncio.run(tried())


async def _recounted(shop: Shop) -> None:
    """Other figures for what the shop counts, as far as its sandbox plays stock edits."""
    events, _ = await shop.sweep("stocklevel")
    for event in [each for each in events if each.record.quantity is not None] if shop.edits("stock") else []:
        with suppress(ChangeError):  # a figure that is made of others
            shop.edit(
                "stock", sku=event.record.sku, location=event.record.location_id, quantity=event.record.quantity + 3
            )
    shop.clock.advance(60)


def round_trip_changes_nothing(subject: Subject, canonical_type: str, effort: Effort) -> None:
    """What one shop took of a record, and tells of it, another one takes whole, and tells the same."""

    async def tried() -> None:
        events = await given(subject, canonical_type, effort)
        first = await _copied(subject, canonical_type, events, effort)
        second = await _copied(subject, canonical_type, list(first.values()), effort)
        if not first:
            not_proven(not_written())
        for identity, event in first.items():
            if identity not in second:
                broken(f"{identity} came into one shop, and from there not into the next", steps=_STEPS)
            one, other = meaning(event.record), meaning(second[identity].record)
            differs = sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))
            if differs:
                name = differs[0]
                broken(
                    f"{identity} has {name} {one.get(name)!r} in one shop, and {other.get(name)!r} in its copy",
                    steps=_STEPS,
                )

    asyncio.run(tried())


_STEPS = ("a record of a shop is written to a second one", "what the second tells of it is written to a third")


async def _copied(subject: Subject, canonical_type: str, events: list[Event], effort: Effort) -> dict[str, Event]:
    """What a fresh shop tells after these were written to it, of what it took."""
    async with subject.shop(records=twin_of(subject, canonical_type), seed=effort.seed) as shop:
        batch = deliveries(subject, events)
        outcomes = await push_until_done(shop, canonical_type, batch)
        taken = {
            each.identity
            for each, outcome in zip(batch, outcomes, strict=True)
            if outcome.result in (Result.DELIVERED, Result.UNCHANGED)
        }
        held = await told(shop, canonical_type)
        return {identity: event for identity, event in held.items() if identity in taken}


LAWS: tuple[Law, ...] = (
    Law(
        name="pair-second-sync-writes-nothing",
        says="once everything is there, reading everything again writes nothing",
        fix="what a source tells of an unchanged record must not change: no time of reading, no order that varies",
        ability="both",
        check=second_sync_writes_nothing,
        only=frozenset({"stocklevel", "product", "contact"}),
    ),
    Law(
        name="pair-round-trip-changes-nothing",
        says="what one shop took of a record and tells of it, another one takes whole, and tells the same",
        fix="read each field from where the push writes it; units, rounding, trimming, HTML, the sign of a discount",
        ability="both",
        check=round_trip_changes_nothing,
        only=frozenset({"product", "contact"}),
    ),
)
