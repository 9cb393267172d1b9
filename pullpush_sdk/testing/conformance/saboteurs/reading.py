"""Broken readers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from pullpush_sdk.canonical import to_sparse
from pullpush_sdk.connector import Connection, Delivery, Event, Page, moment_of
from pullpush_sdk.errors import AuthError, ContractError, FieldError, RejectedError, TransientError
from pullpush_sdk.http import Answer, Call
from pullpush_sdk.testing.conformance.source_drift import NEW_FIELD

from ._hooks import Pages, Pull, Sabotage, reading, reading_with

__all__ = ["SABOTEURS"]

Json = Any
_FOR_EVER = 100_000


async def _cursor_of_the_end(pages: Pull, cursor: Json) -> Pages:
    """Every page claims to be where the whole sweep ends."""
    read = [page async for page in pages(cursor)]
    for page in read:
        yield attrs.evolve(page, cursor=read[-1].cursor)


async def _reads_once(pages: Pull, cursor: Json) -> Pages:
    """What changes after the first page is somebody else's matter."""
    if cursor is not None:
        yield Page(events=[], cursor=cursor, done=True)
        return
    async for page in pages(cursor):
        yield page


async def _gives_up(pages: Pull, cursor: Json) -> Pages:
    try:
        async for page in pages(cursor):
            yield page
    except TransientError as error:
        raise RejectedError(f"the platform said no: {error}") from error


async def _turns_in_circles(pages: Pull, cursor: Json) -> Pages:
    last: Page | None = None
    try:
        async for page in pages(cursor):
            last = page
            yield page
    except ContractError:
        for _ in range(_FOR_EVER if last is not None else 0):
            assert last is not None
            yield last


async def _unknown_is_zero(pages: Pull, cursor: Json) -> Pages:
    async for page in pages(cursor):
        events = [
            attrs.evolve(event, record=attrs.evolve(event.record, quantity=0))
            if event.type == "stocklevel" and event.record.quantity is None
            else event
            for event in page.events
        ]
        yield attrs.evolve(page, events=events)


async def _forgets_one(pages: Pull, cursor: Json) -> Pages:
    """Off by one: the first record of the first page is taken for a heading, in every sweep alike."""
    first = cursor is None
    async for page in pages(cursor):
        yield attrs.evolve(page, events=page.events[1:] if first else page.events)
        first = False


async def _one_of_each_instant(pages: Pull, cursor: Json) -> Pages:
    """Tells records apart by the time of their update."""
    seen: set[int] = set()
    async for page in pages(cursor):
        events = []
        for event in page.events:
            if cursor is None or _instant(event) not in seen:
                events.append(event)
                seen.add(_instant(event))
        yield attrs.evolve(page, events=events)


def _instant(event: Event) -> int:
    updated = getattr(event.record, "updated_at", None)
    return hash(updated) if updated else event.version


async def _by_its_own_clock(pages: Pull, cursor: Json, connection: Connection) -> Pages:
    """Takes this machine's time for the platform's: what was stamped before the last sweep is old."""
    since = (cursor or {}).get("mine") if isinstance(cursor, dict) else None
    now = connection.clock.now()
    async for page in pages((cursor or {}).get("its") if isinstance(cursor, dict) else None):
        events = [each for each in page.events if since is None or moment_of(each.version).isoformat() >= since]
        yield attrs.evolve(page, events=events, cursor={"its": page.cursor, "mine": now.isoformat()})


def _remembers_the_dead(good: Any) -> Any:
    """Tells of whatever it ever told: a cache that nothing ever leaves."""
    kept: dict[str, list[Event]] = {}

    async def with_ghosts(pages: Pull, cursor: Json, connection: Connection) -> Pages:
        old = kept.setdefault(str(id(connection)), [])
        yield Page(events=list(old), cursor=cursor)
        async for page in pages(cursor):
            old += page.events
            yield page

    return reading_with(with_ghosts)(good)


def _acknowledges(good: Any) -> Any:
    """Writes while it reads: marks the first record as seen."""

    async def marked(pages: Pull, cursor: Json, connection: Connection) -> Pages:
        first: Event | None = None
        async for page in pages(cursor):
            first = first or next(iter(page.events), None)
            yield page
        if first is not None:
            await good.pullpush_push(connection=connection, canonical_type=first.type, batch=[_seen(connection, first)])

    return reading_with(marked)(good)


def _seen(connection: Connection, event: Event) -> Delivery:
    kind, payload = connection.types[event.type], dict(to_sparse(event.record))
    name = {"stocklevel": "quantity", "product": "title", "contact": "name"}.get(event.type, "note")
    return Delivery(
        id="seen",
        kind=kind,
        verb=event.verb,
        key=kind.key(event.record),
        identity=kind.identity(event.record),
        payload={**payload, name: 7_777 if name == "quantity" else "Seen"},
        version=event.version + 1,
        position=1,
    )


async def _takes_refusals_for_the_end(pages: Pull, cursor: Json) -> Pages:
    last = cursor
    try:
        async for page in pages(cursor):
            last = page.cursor
            yield page
    except AuthError:
        yield Page(events=[], cursor=last, done=True)


async def _reads_strictly(pages: Pull, cursor: Json, connection: Connection) -> Pages:
    """Refuses whatever its model does not name."""
    good = connection.client

    class Strict:
        def __getattr__(self, name: str) -> Any:
            return getattr(good, name)

        async def send(self, call: Call, **options: Any) -> Answer:
            answer = await good.send(call, **options)
            if NEW_FIELD.encode() in answer.body:
                raise FieldError(f"unexpected field {NEW_FIELD}")
            return answer

    connection.client = Strict()  # type: ignore[assignment]
    try:
        async for page in pages(cursor):
            yield page
    finally:
        connection.client = good


SABOTEURS: Mapping[str, Sabotage] = {
    "source-reads-everything": reading(_forgets_one),
    "source-goes-on-from-every-page": reading(_cursor_of_the_end),
    "source-misses-no-change": reading(_reads_once),
    "source-comes-through-failures": reading(_gives_up),
    "source-ends-on-a-repeated-page": reading(_turns_in_circles),
    "source-keeps-unknown-apart-from-zero": reading(_unknown_is_zero),
    "source-bears-shared-instants": reading(_one_of_each_instant),
    "source-bears-a-skewed-clock": reading_with(_by_its_own_clock),
    "source-tells-no-dead-record": _remembers_the_dead,
    "source-changes-nothing": _acknowledges,
    "source-outlives-its-token": reading(_takes_refusals_for_the_end),
    "source-bears-new-fields": reading_with(_reads_strictly),
}
