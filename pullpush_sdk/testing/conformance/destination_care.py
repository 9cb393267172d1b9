"""Laws of careful writing: the newest stands, a bad record spoils no batch, what is not said stays, none is guessed."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from pullpush_sdk.canonical import StockLevel, fields_of
from pullpush_sdk.connector import Delivery, Event, Outcome, Page, Result
from pullpush_sdk.engine.ports import FlowSpec
from pullpush_sdk.sandbox import ChangeError
from pullpush_sdk.testing.engine import memory_engine

from ._lacks import NOT_COUNTED, NOTHING_HELD, no_edit, not_written
from ._law import Effort, Law, broken, not_proven
from ._subject import Shop, Subject, meaning
from .destination import deliveries, given, is_own, push_until_done, told, twin_of

__all__ = ["LAWS"]

Json = Any
_TIMES = 4
"""How many states of one record are written."""
_SAID: Mapping[str, frozenset[str]] = {
    "product": frozenset({"title"}),
    "contact": frozenset({"name", "firstName", "lastName"}),
}
"""Canonical type to the wire fields that a partial write of its name may change."""


def ends_with_the_newest(subject: Subject, canonical_type: str, effort: Effort) -> None:
    """However late an older state arrives, the newest is what the shop ends with."""
    order = list(range(1, _TIMES + 1))
    random.Random(effort.seed).shuffle(order)  # noqa: S311 - a test plan, not a secret
    if order[-1] == _TIMES:
        order = [_TIMES, *order[:-1]]

    async def ended(versions: Sequence[int]) -> Mapping[str, Json]:
        events = await given(subject, canonical_type, effort)
        if not events:
            not_proven(NOTHING_HELD)
        event = _first_own(subject, canonical_type, events)
        async with subject.shop(records=twin_of(subject, canonical_type), seed=effort.seed) as shop:
            for version in versions:
                await _delivered(shop, canonical_type, _state(event, version))
            held = (await told(shop, canonical_type)).get(subject.types[canonical_type].identity(event.record))
            return {} if held is None else meaning(held.record)

    clean, mixed = asyncio.run(ended([_TIMES])), asyncio.run(_ended_at_once(subject, canonical_type, effort, order))
    if not clean:
        not_proven(not_written())
    _same(clean, mixed, f"states arrived in the order {order}", [f"state {each} of a record arrives" for each in order])


def _first_own(subject: Subject, canonical_type: str, events: Sequence[Event]) -> Event:
    """A record that is the same one wherever it is written: a person without an address is another one everywhere."""
    kind = subject.types[canonical_type]
    return next((each for each in events if is_own(kind.identity(each.record), canonical_type)), events[0])


async def _ended_at_once(
    subject: Subject, canonical_type: str, effort: Effort, order: Sequence[int]
) -> Mapping[str, Json]:
    """The end of one record whose states arrive in an order of their own, by the engine's gate."""
    event = _first_own(subject, canonical_type, await given(subject, canonical_type, effort))
    async with subject.shop(records=twin_of(subject, canonical_type), seed=effort.seed) as shop:
        connector = subject.loaded.connector
        flow = FlowSpec(
            name="there", source="left", destination="right", types=(canonical_type,), index_lag=connector.index_lag
        )

        async def push(kind: str, batch: Sequence[Delivery]) -> Sequence[Outcome]:
            outcomes: Sequence[Outcome] = await subject.loaded.hook.pullpush_push(
                connection=shop.connection, canonical_type=kind, batch=batch
            )
            return outcomes

        async with memory_engine(clock=shop.clock, types=subject.types) as engine:
            for version in order:
                page = Page(events=[_state(event, version)], cursor=None)
                await engine.append(flow, canonical_type, page)
                await engine.drain(flow, push)
        held = (await told(shop, canonical_type)).get(subject.types[canonical_type].identity(event.record))
        return {} if held is None else meaning(held.record)


async def _delivered(shop: Shop, canonical_type: str, event: Event) -> None:
    await push_until_done(shop, canonical_type, deliveries(shop.subject, [event]))


def _state(event: Event, version: int) -> Event:
    """The record as it was at a version: another quantity, title or name."""
    states: dict[str, dict[str, Json]] = {
        "stocklevel": {"quantity": 100 + version},
        "product": {"title": f"Title {version}"},
        "contact": {"name": f"Ada Number{version}", "first_name": "Ada", "last_name": f"Number{version}"},
    }
    changes = states[event.type]
    return attrs.evolve(
        event, record=attrs.evolve(event.record, **changes), version=event.version + version * 1_000_000
    )


def tells_a_batch_apart(subject: Subject, canonical_type: str, effort: Effort) -> None:
    """A record that cannot be written spoils none of its batch, and each outcome is that of its own record."""

    async def tried() -> None:
        async with subject.shop(seed=effort.seed) as shop:
            levels = [
                event for event in (await told(shop, canonical_type)).values() if event.record.quantity is not None
            ]
            if len(levels) < 2:
                not_proven(NOT_COUNTED)
            good = [_counted(event, 61 + number) for number, event in enumerate(levels[:4])]
            missing = StockLevel(sku="NO-SUCH-SKU-78", quantity=3, location_id=good[0].record.location_id)
            events = [good[0], attrs.evolve(good[0], record=missing), *good[1:]]
            batch = deliveries(subject, events)
            outcomes = await push_until_done(shop, canonical_type, batch)
            results = [outcome.result.value for outcome in outcomes]
            steps = [f"a batch of {', '.join(each.key for each in batch)} is pushed"]
            if outcomes[1].result is not Result.DEAD:
                broken(f"the outcome of NO-SUCH-SKU-78 is {results[1]}: {results}", steps=steps)
            after = await told(shop, canonical_type)
            for delivery, outcome in zip(batch, outcomes, strict=True):
                if delivery.key == "NO-SUCH-SKU-78":
                    continue
                held = after[delivery.identity].record.quantity
                done = outcome.result in (Result.DELIVERED, Result.UNCHANGED)
                if not done:
                    broken(
                        f"{delivery.key} ended {outcome.result.value} beside a bad one: {outcome.reason}", steps=steps
                    )
                if held != delivery.payload["quantity"]:
                    broken(
                        f"{delivery.key} was written as {delivery.payload['quantity']}, and reads {held}", steps=steps
                    )

    asyncio.run(tried())


def _counted(event: Event, quantity: int) -> Event:
    return attrs.evolve(
        event, record=StockLevel(sku=event.record.sku, quantity=quantity, location_id=event.record.location_id)
    )


def leaves_alone_what_is_not_said(subject: Subject, canonical_type: str, effort: Effort) -> None:
    """A write of one field clears no other: what is absent is left alone, only what is null is cleared."""

    async def tried() -> None:
        events = await given(subject, canonical_type, effort)
        async with subject.shop(records=0, seed=effort.seed) as shop:
            batch = deliveries(subject, events)
            outcomes = await push_until_done(shop, canonical_type, batch)
            before = await told(shop, canonical_type)
            whole = [
                each
                for each, outcome in zip(batch, outcomes, strict=True)
                if outcome.result is Result.DELIVERED and each.identity in before
            ]
            if not whole:
                not_proven(not_written())
            for delivery in whole[:3]:
                needed = {field.wire for field in fields_of(delivery.kind.record) if field.required}
                names = [*delivery.kind.identified_by, *needed]
                partial = {name: delivery.payload[name] for name in names if name in delivery.payload}
                word = "title" if canonical_type == "product" else "name"
                payload = {**partial, word: "Only This"}
                later = attrs.evolve(delivery, id=f"{delivery.id}-part", payload=payload, version=delivery.version + 1)
                (outcome,) = await push_until_done(shop, canonical_type, [later])
                if outcome.result is not Result.DELIVERED:
                    not_proven(f"a partial write is refused: {outcome.reason}")
                held = (await told(shop, canonical_type)).get(delivery.identity)
                if held is None:
                    broken(f"{delivery.key} is gone after a write of its {word}")
                old, new = meaning(before[delivery.identity].record), meaning(held.record)
                quiet = old.keys() - _SAID[canonical_type]
                # A platform may keep two of our fields as one of its own: a company's name is its only name.
                quiet = {each for each in quiet if not (old[each] == old.get(word) and new.get(each) == new.get(word))}
                _same(
                    {name: old[name] for name in quiet},
                    {name: new.get(name) for name in quiet},
                    f"only {word} of {delivery.key} was written",
                    [f"{delivery.key} is written whole", f"{payload} is written"],
                )

    asyncio.run(tried())


def guesses_no_match(subject: Subject, canonical_type: str, effort: Effort) -> None:
    """Where two things have one SKU, neither is written: a person must say which one is meant."""

    async def tried() -> None:
        async with subject.shop(seed=effort.seed) as shop:
            _carried_twice(shop)
            before = await told(shop, canonical_type)
            some = next((event for event in before.values() if event.record.quantity is not None), None)
            if some is None:
                not_proven(NOT_COUNTED)
            record = StockLevel(sku="TWICE-1", quantity=9, location_id=some.record.location_id)
            batch = deliveries(subject, [attrs.evolve(some, record=record)])
            (outcome,) = await push_until_done(shop, canonical_type, batch)
            steps = ["two products get the SKU TWICE-1", "its stock is written as 9"]
            if outcome.result is not Result.DEAD or "TWICE-1" not in outcome.reason:
                broken(f"the outcome was {outcome.result.value}: {outcome.reason!r}", steps=steps)
            after = await told(shop, canonical_type)
            for identity, event in after.items():
                if identity in before and event.record.quantity != before[identity].record.quantity:
                    broken(f"{identity} was written all the same", steps=steps)

    asyncio.run(tried())


def _carried_twice(shop: Shop) -> None:
    """Two things of one SKU: two products that are counted, else two stock records."""
    if not shop.edits("product_create", "stock_create"):
        manifest = shop.subject.loaded.connector.manifest
        push = manifest.push.get("stocklevel") if manifest is not None else None
        if push is not None and push.find is None and (push.update or push.bulk) is not None:
            not_proven("the write names the SKU itself and looks nothing up: which of two is meant the platform says")
        not_proven(no_edit(["product_create", "stock_create"]))
    try:
        for title in ("One", "Another"):
            if shop.edits("stock_create"):
                shop.edit("stock_create", sku="TWICE-1", quantity=5)
                continue
            shop.edit("product_create", sku="TWICE-1", title=title, price=10)
            shop.edit("stock", sku="TWICE-1", quantity=5)
    except ChangeError as error:
        not_proven(f"on this platform a SKU is one thing's only: {error.message}")


def _same(expected: Mapping[str, Json], found: Mapping[str, Json], when: str, steps: Sequence[str]) -> None:
    for name in sorted(expected.keys() | found.keys()):
        if expected.get(name) != found.get(name):
            broken(f"{when}, and {name} is {found.get(name)!r} in place of {expected.get(name)!r}", steps=steps)


LAWS: tuple[Law, ...] = (
    Law(
        name="destination-ends-with-the-newest",
        says="in whatever order the states of a record arrive, the newest is what the shop ends with",
        fix="write over what is there; `version` of an outcome is the platform's update time, or left out",
        ability="write",
        check=ends_with_the_newest,
        only=frozenset({"stocklevel", "product", "contact"}),
    ),
    Law(
        name="destination-tells-a-batch-apart",
        says="a record that cannot be written spoils none of its batch, and each outcome is its own record's",
        fix="match the errors of a bulk answer to its records by their place or key; outcomes in the batch's order",
        ability="write",
        check=tells_a_batch_apart,
        only=frozenset({"stocklevel"}),
    ),
    Law(
        name="destination-leaves-alone-what-is-not-said",
        says="a write of one field clears no other",
        fix="absent is not null: send only what the payload holds, or read the record first and merge",
        ability="write",
        check=leaves_alone_what_is_not_said,
        only=frozenset(_SAID),
    ),
    Law(
        name="destination-guesses-no-match",
        says="where two things have one SKU neither is written, and the reason names it",
        fix="ask for two where you look one up, and refuse where two come",
        ability="write",
        check=guesses_no_match,
        only=frozenset({"stocklevel"}),
    ),
)
