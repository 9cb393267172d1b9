"""Laws of reading: complete, resumable, missing nothing that changes meanwhile, never turning "unknown" into zero."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from glob import escape
from typing import Any

from pullpush_sdk.canonical import dumps, from_wire, loads, to_sparse
from pullpush_sdk.connector import Event, Page
from pullpush_sdk.errors import PullPushError, TransientError
from pullpush_sdk.sandbox import ChangeError

from ._history import KINDS, Edit, Known, grown, kinds_for, known_records, play, try_histories
from ._journal import note
from ._lacks import NOT_COUNTED, NOTHING_HELD, no_edit
from ._law import Effort, Law, NotProvenError, broken, not_proven
from ._subject import Shop, Subject, in_several_pages, newest
from ._truth import holds_what_was_told

__all__ = ["LAWS"]

_SETTLE = 6
"""Sweeps after which a quiet source must have told everything."""
_PATIENCE = 60
"""Tries after which a source under random faults must have come to an end."""


def reads_everything(subject: Subject, canonical_type: str, effort: Effort) -> None:
    """A sweep ends, says so, and holds every record of the shop; the next one has nothing new."""

    async def tried() -> None:
        async with subject.shop(seed=effort.seed) as shop:
            pages = [page async for page in shop.pages(canonical_type)]
            if not pages or not pages[-1].done:
                broken("the sweep's last page does not say that it is done")
            if any(page.done for page in pages[:-1]):
                broken("a page before the last one says that the sweep is done")
            events = [event for page in pages for event in page.events]
            _well_formed(subject, events)
            first = newest(shop, events)
            if not first and not shop.sandbox.control.contents:
                not_proven(NOTHING_HELD)
            again, _ = await shop.sweep(canonical_type, pages[-1].cursor)
            for event in again:
                old = first.get(shop.identity(event))
                if old is None or event.record != old.record:
                    broken(f"nothing changed, and the second sweep tells something new of {shop.identity(event)}")
            unproven = _unheld(shop, canonical_type, pages)
            await _snapshot_agrees(shop, canonical_type, set(first))
            if not first or unproven:
                not_proven(unproven or NOTHING_HELD)

    asyncio.run(tried())


def _unheld(shop: Shop, canonical_type: str, pages: Sequence[Page]) -> str:
    """Why the shop's own books say nothing about what was told, empty where they agree."""
    try:
        holds_what_was_told(shop, canonical_type, pages)
    except NotProvenError as why:
        return str(why)
    return ""


async def _snapshot_agrees(shop: Shop, canonical_type: str, expected: set[str]) -> None:
    if canonical_type not in shop.subject.loaded.connector.snapshots:
        return
    hook = shop.subject.loaded.hook
    pages = hook.pullpush_snapshot(connection=shop.connection, canonical_type=canonical_type)
    found = {shop.identity(event) async for page in pages for event in page.events}
    if found != expected:
        broken(f"snapshot and sweep disagree about {sorted(found ^ expected)[:5]}")


def _well_formed(subject: Subject, events: Sequence[Event]) -> None:
    for event in events:
        kind = subject.types[event.type]
        if from_wire(kind, loads(dumps(to_sparse(event.record)))) != event.record:
            broken(f"the record {kind.identity(event.record)} does not survive its own wire form")


def goes_on_from_every_page(subject: Subject, canonical_type: str, effort: Effort) -> None:
    """Whoever stops after any page and goes on from its cursor, in another process, misses nothing."""

    async def tried() -> None:
        async with subject.shop(records=subject.many_of.get(canonical_type, subject.many), seed=effort.seed) as shop:
            pages = await grown(shop, canonical_type)
            everything = set(newest(shop, [event for page in pages for event in page.events]))
            step = max(1, len(pages) // max(effort.examples, 1))
            for stop in range(0, len(pages) - 1, step):
                before = {shop.identity(event) for page in pages[: stop + 1] for event in page.events}
                cursor = loads(dumps(pages[stop].cursor))  # as a store gives it back
                rest, _ = await shop.sweep(canonical_type, cursor)
                missing = everything - before - {shop.identity(event) for event in rest}
                if missing:
                    broken(f"stopped after page {stop + 1} and gone on: {sorted(missing)[:5]} never came")

    asyncio.run(tried())


def misses_no_change(subject: Subject, canonical_type: str, effort: Effort) -> None:
    """Whatever changes before, between and while pages are read: at rest the newest state of every record was told."""

    def kinds() -> list[str]:
        async def asked() -> list[str]:
            async with subject.shop() as shop:
                return kinds_for(shop, canonical_type)

        return asyncio.run(asked())

    possible = kinds()
    if not possible:
        not_proven(no_edit(KINDS.get(canonical_type, ())))

    async def seeded() -> tuple[Subject, int, Known]:
        reader, enough = await in_several_pages(subject, canonical_type)
        # Tried for every history: a type of which a great shop has few records is tried in a lesser one.
        records = min(subject.many, enough)
        async with reader.shop(records=records) as shop:
            return reader, records, await known_records(shop, canonical_type)

    reader, records, known = asyncio.run(seeded())
    try_histories(effort, possible, lambda history: asyncio.run(_told(reader, canonical_type, history, records, known)))


async def _told(subject: Subject, canonical_type: str, history: Sequence[Edit], records: int, known: Known) -> None:
    async with subject.shop(records=records) as shop:
        waiting = list(enumerate(history))
        events: list[Event] = []
        cursor, seen = None, 0
        for _ in range(2):  # a first sweep over everything, and one over what changed
            async for page in shop.pages(canonical_type, cursor):
                events += page.events
                cursor = page.cursor if page.cursor is not None else cursor
                while waiting and waiting[0][1].after_page <= seen:
                    made, edit = waiting.pop(0)
                    shop.clock.advance(edit.wait)
                    with suppress(ChangeError):  # the record is gone, or the platform forbids the change
                        play(shop, edit, known, made)
                seen += 1
        events += await _settled(shop, canonical_type, cursor)
        truth = newest(shop, (await shop.sweep(canonical_type))[0])
        told = newest(shop, events)
        for identity, event in truth.items():
            if identity not in told:
                broken(f"{identity} was never told")
            if told[identity].record != event.record:
                broken(f"{identity} was told as {_short(told[identity])}, and is {_short(event)}")


async def _settled(shop: Shop, canonical_type: str, cursor: Any) -> list[Event]:
    """What further sweeps tell until one tells nothing that was not told before."""
    events: list[Event] = []
    before: set[tuple[str, int]] = set()
    for _ in range(_SETTLE):
        more, cursor = await shop.sweep(canonical_type, cursor)
        events += more
        now = {(shop.identity(event), event.version) for event in more}
        if now <= before:
            break
        before |= now
    return events


def _short(event: Event) -> str:
    return str(to_sparse(event.record))[:300]


def comes_through_failures(subject: Subject, canonical_type: str, effort: Effort) -> None:
    """With answers lost, cut, slow, refused for now: the sweep is repeated from its cursor and ends complete."""

    async def tried(seed: int) -> None:
        async with subject.shop(seed=effort.seed, served=True) as shop:
            everything = set(newest(shop, (await shop.sweep(canonical_type))[0]))
            note(f"from now on requests are refused, reset, cut and lost at random (seed {seed})")
            shop.sandbox.control.faults.replace(_faults(seed))
            told, cursor = set(), None
            for _ in range(_PATIENCE):
                try:
                    async for page in shop.pages(canonical_type, cursor):
                        told |= {shop.identity(event) for event in page.events}
                        cursor = page.cursor if page.cursor is not None else cursor
                    break
                except TransientError:
                    continue
                except PullPushError as error:
                    broken(f"a failure that passes is told as {type(error).__name__}: {error}")
            else:
                broken(f"after {_PATIENCE} tries the sweep had not come to an end")
            if everything - told:
                broken(f"{sorted(everything - told)[:5]} never came")

    for n in range(max(1, effort.examples // 5)):
        asyncio.run(tried(effort.seed + n))


def _faults(seed: int) -> list[dict[str, Any]]:
    some = {"probability": 0.5, "times": 5, "seed": seed}  # a client that tries again by itself must run out of tries
    return [
        {"fault": "status", "status": 503, "body": "busy", **some},
        {"fault": "status", "status": 429, "headers": {"Retry-After": "0"}, "body": {}, **some, "seed": seed + 1},
        {"fault": "reset", **some, "seed": seed + 2},
        {"fault": "truncate", **some, "seed": seed + 3},
        {"fault": "lost_answer", **some, "seed": seed + 4},
    ]


def ends_on_a_repeated_page(subject: Subject, canonical_type: str, effort: Effort) -> None:
    """A platform that gives the same page for ever is noticed; reading ends, with an error or complete."""

    async def tried() -> None:
        async with subject.shop(records=subject.many_of.get(canonical_type, subject.many), seed=effort.seed) as shop:
            count = len(await grown(shop, canonical_type))
            note("from now on every list gives its first page again")
            shop.sandbox.control.faults.replace(_repeats(shop))
            with suppress(PullPushError):
                seen = 0
                async for _ in shop.pages(canonical_type):
                    seen += 1
                    if seen > 20 * count + 100:
                        broken(f"after {seen} pages there was no end")

    asyncio.run(tried())


def _repeats(shop: Shop) -> list[dict[str, Any]]:
    """A rule for every address that was asked: each gives its own first answer for ever, never another one's."""
    asked = dict.fromkeys((entry["method"], entry["path"]) for entry in shop.sandbox.control.log.after())
    return [
        {"fault": "repeat_page", "match": {"method": method, "path": escape(path)}, "skip": 1} for method, path in asked
    ]


def keeps_unknown_apart_from_zero(subject: Subject, canonical_type: str, effort: Effort) -> None:
    """Stock that the platform does not know is null, a stock of zero is zero."""

    async def tried() -> None:
        async with subject.shop(seed=effort.seed) as shop:
            if not shop.edits("stock"):
                not_proven(no_edit(["stock"]))
            levels = newest(shop, (await shop.sweep(canonical_type))[0])
            counted = [event.record for event in levels.values() if event.record.quantity is not None]
            if not counted:
                not_proven(NOT_COUNTED)
            record = counted[effort.seed % len(counted)]
            for quantity in (0, 7, None, 0):
                shop.edit("stock", sku=record.sku, location=record.location_id, quantity=quantity)
                now = newest(shop, (await shop.sweep(canonical_type))[0])
                found = now.get(subject.types[canonical_type].identity(record))
                told = found.record.quantity if found is not None else None
                if told != quantity:
                    broken(f"the shop has {quantity!r} of {record.sku}, told was {told!r}")

    asyncio.run(tried())


LAWS: tuple[Law, ...] = (
    Law(
        name="source-reads-everything",
        says="a sweep ends, says so and holds every record of the shop; where nothing changed the next has nothing new",
        fix="pagination (is the last page told by the answer?), the cursor of the last page, `done`",
        ability="read",
        check=reads_everything,
    ),
    Law(
        name="source-goes-on-from-every-page",
        says="reading on from any page's cursor, in another process, misses nothing",
        fix="the cursor must say where in the sweep it stands, not only when the sweep began",
        ability="read",
        check=goes_on_from_every_page,
    ),
    Law(
        name="source-misses-no-change",
        says="whatever changes while pages are read, the newest state of every record is told in the end",
        fix="incremental.overlap, a sort order that edits do not disturb, ties in one second, shifted pages",
        ability="read",
        check=misses_no_change,
    ),
    Law(
        name="source-comes-through-failures",
        says="failures that pass are told as such, and reading on from the last cursor is complete",
        fix="which statuses are worth a retry, `classify`, and the cursor after a failed page",
        ability="read",
        check=comes_through_failures,
    ),
    Law(
        name="source-ends-on-a-repeated-page",
        says="a page that comes for ever ends the reading with an error",
        fix="stop where a page brings nothing new",
        ability="read",
        check=ends_on_a_repeated_page,
    ),
    Law(
        name="source-keeps-unknown-apart-from-zero",
        says="stock that is not known is null, and only a real zero is zero",
        fix="the map of `quantity`: no default, toNumberOrNull, a test of the fields that say `not tracked`",
        ability="read",
        check=keeps_unknown_apart_from_zero,
        only=frozenset({"stocklevel"}),
    ),
)
