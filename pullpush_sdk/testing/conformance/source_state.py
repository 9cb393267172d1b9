"""Laws of reading what moves: shared instants, clocks that disagree, deletions; and of reading that leaves no trace."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from pullpush_sdk.canonical import dumps, loads
from pullpush_sdk.connector import Event, Verb
from pullpush_sdk.sandbox import ChangeError

from ._history import KINDS, Edit, creation_of, kinds_for, known_records, play
from ._lacks import NOTHING_HELD, TOO_FEW_EDITED, no_deletion, no_edit
from ._law import Effort, Law, broken, not_proven
from ._subject import Shop, Subject, in_several_pages, meaning, newest
from ._truth import books, holds_what_was_told, same_books

__all__ = ["LAWS"]

Json = Any
_STOPS = 400
"""Pages after which a sweep over what changed must have ended."""
_SKEWS = (-7200.0, 7200.0)
"""Seconds by which the platform's clock differs from ours: an hour that a summer time takes, and one more."""
_EDITS = ("stock", "product", "customer", "order_status", "invoice", "cart", "call")


async def _changed_together(shop: Shop, canonical_type: str, most: int, *, after: float = 60) -> set[str]:
    """Edit so many records in one instant, or make some where nobody edits them; the keys of those that changed."""
    kinds = [kind for kind in kinds_for(shop, canonical_type) if kind in _EDITS]
    new = "" if kinds else creation_of(shop, canonical_type)
    if not kinds and not new:
        not_proven(no_edit(KINDS.get(canonical_type, ())))
    known = await known_records(shop, canonical_type)
    shop.clock.advance(after)
    changed = set()
    for number, key in enumerate(known.keys[:most]):
        edit = Edit(after_page=0, kind=new or kinds[0], which=number, value=300 + number)
        with suppress(ChangeError):  # this one cannot be edited
            made = play(shop, edit, known, number)
            changed.add(made if new else key)
    return changed


def bears_shared_instants(subject: Subject, canonical_type: str, effort: Effort) -> None:
    """Many records that change in one instant are all told, also by a reader that stops after every page."""

    async def tried() -> None:
        reader, many = await in_several_pages(subject, canonical_type)
        async with reader.shop(records=many, seed=effort.seed) as shop:
            _, cursor = await shop.sweep(canonical_type)
            changed = await _changed_together(shop, canonical_type, many)
            if len(changed) < 2:
                not_proven(TOO_FEW_EDITED)
            shop.clock.advance(90)
            told = {_key(shop, event) for event in await _stopping(shop, canonical_type, cursor)}
            if changed - told:
                missing = sorted(changed - told)
                broken(
                    f"{len(changed)} records changed in one instant, and {len(missing)} of them were never told:"
                    f" {', '.join(missing[:5])}",
                    steps=[
                        "read everything",
                        f"{len(changed)} records change in the same instant",
                        "read on from the last cursor, stopping after every page and going on from its cursor",
                    ],
                )

    asyncio.run(tried())


async def _stopping(shop: Shop, canonical_type: str, cursor: Json) -> list[Event]:
    """What is told by a reader that a restart interrupts after every page whose cursor goes on."""
    events: list[Event] = []
    for _ in range(_STOPS):
        begun, done = dumps(cursor), True
        async for page in shop.pages(canonical_type, cursor):
            events += page.events
            done = page.done
            if page.cursor is not None and dumps(page.cursor) != begun:
                cursor = loads(dumps(page.cursor))  # as a store gives it back
                break
        if done:
            return events
    return broken(f"a reader that stops after every page had not come to the end after {_STOPS} pages")


def _key(shop: Shop, event: Event) -> str:
    return shop.subject.types[event.type].key(event.record)


def bears_a_skewed_clock(subject: Subject, canonical_type: str, effort: Effort) -> None:
    """Where the platform's clock is two hours before or behind ours, what changes between two sweeps is told."""

    async def tried(skew: float) -> None:
        async with subject.shop(seed=effort.seed, skew=skew) as shop:
            _, cursor = await shop.sweep(canonical_type)
            shop.clock.advance(600)
            _, cursor = await shop.sweep(canonical_type, cursor)
            changed = await _changed_together(shop, canonical_type, 3, after=1)
            shop.clock.advance(600)
            events, _ = await shop.sweep(canonical_type, cursor)
            missing = sorted(changed - {_key(shop, event) for event in events})
            if missing:
                side = "before" if skew > 0 else "behind"
                broken(
                    f"{', '.join(missing[:5])} changed and was not told",
                    steps=[
                        f"the platform's clock is {abs(skew):g} s {side} ours",
                        "read everything, and ten minutes later again",
                        f"a second later {', '.join(missing[:5])} changes",
                        "ten minutes later: read on from the last cursor",
                    ],
                )

    for skew in _SKEWS:
        asyncio.run(tried(skew))


def tells_no_dead_record(subject: Subject, canonical_type: str, effort: Effort) -> None:
    """What was deleted is told as deleted or no more; it is never told as it was, and takes nothing else along."""

    async def tried() -> None:
        async with subject.shop(seed=effort.seed) as shop:
            kind = _DELETIONS.get(canonical_type, "")
            if not shop.edits(kind):
                not_proven(no_deletion(kind))
            events, cursor = await shop.sweep(canonical_type)
            before = newest(shop, events)
            known = await known_records(shop, canonical_type)
            if not known.keys:
                not_proven(NOTHING_HELD)
            shop.clock.advance(60)
            key = known.keys[effort.seed % len(known.keys)]
            shop.edit(kind, **{_NAMED_BY[kind]: key})
            shop.clock.advance(60)
            more, _ = await shop.sweep(canonical_type, cursor)
            _no_ghost(shop, before, more, key, "a sweep from the cursor")
            again = [page async for page in shop.pages(canonical_type)]
            everything = [event for page in again for event in page.events]
            _no_ghost(shop, before, everything, key, "reading everything again")
            gone = {identity for identity, event in before.items() if _key(shop, event) != key}
            missing = gone - set(newest(shop, everything))
            if missing:
                broken(f"{key} was deleted, and {', '.join(sorted(missing)[:5])} went with it")
            if canonical_type in shop.sandbox.control.contents:
                holds_what_was_told(shop, canonical_type, again)

    asyncio.run(tried())


_DELETIONS = {"product": "product_delete", "contact": "customer_delete", "order": "order_delete"}
_NAMED_BY = {"product_delete": "sku", "customer_delete": "email", "order_delete": "order"}


def _no_ghost(shop: Shop, before: dict[str, Event], events: list[Event], key: str, when: str) -> None:
    for event in events:
        old = before.get(shop.identity(event))
        if old is None or _key(shop, old) != key or event.verb is Verb.DELETED:
            continue
        if event.record == old.record or meaning(event.record) == meaning(old.record):
            broken(
                f"{key} was deleted, and {when} tells it as it was", steps=["read everything", f"delete {key}", when]
            )


def changes_nothing(subject: Subject, canonical_type: str, effort: Effort) -> None:
    """Whoever checks, lists and reads leaves the shop as it was: a preview may be run at any time."""

    async def tried() -> None:
        async with subject.shop(seed=effort.seed) as shop:
            hook = subject.loaded.hook
            before = books(shop)
            await shop.sweep(canonical_type)
            same_books(before, books(shop), "reading")
            if canonical_type in subject.loaded.connector.snapshots:
                async for _ in hook.pullpush_snapshot(connection=shop.connection, canonical_type=canonical_type):
                    pass
                same_books(before, books(shop), "a snapshot")
            for look in (hook.pullpush_check, hook.pullpush_locations):
                asked = look(connection=shop.connection)
                if asked is not None:
                    await asked
            same_books(before, books(shop), "a check")

    asyncio.run(tried())


LAWS: tuple[Law, ...] = (
    Law(
        name="source-bears-shared-instants",
        says="records that change in one instant are all told, also by a reader that stops after every page",
        fix="a cursor of the update time alone skips those that share it: go on from the same instant, or add the id",
        ability="read",
        check=bears_shared_instants,
    ),
    Law(
        name="source-bears-a-skewed-clock",
        says="where the platform's clock is two hours before or behind ours, what changes between two sweeps is told",
        fix="let sweeps overlap by minutes (incremental.overlap), or go on from the platform's own time",
        ability="read",
        check=bears_a_skewed_clock,
    ),
    Law(
        name="source-tells-no-dead-record",
        says="what was deleted is told as deleted or no more, and takes nothing else along",
        fix="the filter for archived records; pages by number shift when a record goes",
        ability="read",
        check=tells_no_dead_record,
        only=frozenset(_DELETIONS),
    ),
    Law(
        name="source-changes-nothing",
        says="checking, listing and reading leave the shop as it was",
        fix="reads that acknowledge, mark as seen or create on look-up; do that in a push",
        ability="read",
        check=changes_nothing,
    ),
)
