"""A deliberately broken connector for every law: a law that no mistake can break proves nothing.

Each takes a good connector and makes one mistake that real connectors make.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any

import attrs

from pullpush_sdk.connector import Connection, Delivery, Outcome, Page
from pullpush_sdk.errors import ContractError, RejectedError, TransientError
from pullpush_sdk.plugins import LoadedConnector

from ._subject import Subject

__all__ = ["SABOTEURS", "sabotaged"]

Json = Any
Pages = AsyncIterator[Page]
_FOR_EVER = 100_000


class _Hooks:
    """A connector's hooks, some of them replaced."""

    def __init__(self, good: Any, **replaced: Callable[..., Any]) -> None:
        self._good = good
        for name, function in replaced.items():
            setattr(self, name, function)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._good, name)


def _reading(change: Callable[[Callable[[Json], Pages], Json], Pages]) -> Callable[[Any], Any]:
    """A saboteur of `pullpush_pull`: gets the good one as a function of the cursor, and the cursor."""

    def sabotage(good: Any) -> Any:
        def pull(connection: Connection, canonical_type: str, cursor: Json) -> Pages:
            def pages(since: Json) -> Pages:
                found: Pages = good.pullpush_pull(connection=connection, canonical_type=canonical_type, cursor=since)
                return found

            return change(pages, cursor)

        return _Hooks(good, pullpush_pull=pull)

    return sabotage


Push = Callable[[Sequence[Delivery]], Awaitable[Sequence[Outcome]]]


def _writing(change: Callable[[Push, Sequence[Delivery]], Awaitable[Sequence[Outcome]]]) -> Callable[[Any], Any]:
    """A saboteur of `pullpush_push`: gets the good one as a function of the batch, and the batch."""

    def sabotage(good: Any) -> Any:
        def push(
            connection: Connection, canonical_type: str, batch: Sequence[Delivery]
        ) -> Awaitable[Sequence[Outcome]]:
            def good_push(some: Sequence[Delivery]) -> Awaitable[Sequence[Outcome]]:
                written: Awaitable[Sequence[Outcome]] = good.pullpush_push(
                    connection=connection, canonical_type=canonical_type, batch=some
                )
                return written

            return change(good_push, batch)

        return _Hooks(good, pullpush_push=push)

    return sabotage


async def _never_done(pages: Callable[[Json], Pages], cursor: Json) -> Pages:
    async for page in pages(cursor):
        yield attrs.evolve(page, done=False)


async def _cursor_of_the_end(pages: Callable[[Json], Pages], cursor: Json) -> Pages:
    """Every page claims to be where the whole sweep ends."""
    read = [page async for page in pages(cursor)]
    for page in read:
        yield attrs.evolve(page, cursor=read[-1].cursor)


async def _reads_once(pages: Callable[[Json], Pages], cursor: Json) -> Pages:
    """What changes after the first page is somebody else's matter."""
    if cursor is not None:
        yield Page(events=[], cursor=cursor, done=True)
        return
    async for page in pages(cursor):
        yield page


async def _gives_up(pages: Callable[[Json], Pages], cursor: Json) -> Pages:
    try:
        async for page in pages(cursor):
            yield page
    except TransientError as error:
        raise RejectedError(f"the platform said no: {error}") from error


async def _turns_in_circles(pages: Callable[[Json], Pages], cursor: Json) -> Pages:
    last: Page | None = None
    try:
        async for page in pages(cursor):
            last = page
            yield page
    except ContractError:
        for _ in range(_FOR_EVER if last is not None else 0):
            assert last is not None
            yield last


async def _unknown_is_zero(pages: Callable[[Json], Pages], cursor: Json) -> Pages:
    async for page in pages(cursor):
        events = [
            attrs.evolve(event, record=attrs.evolve(event.record, quantity=0))
            if event.type == "stocklevel" and event.record.quantity is None
            else event
            for event in page.events
        ]
        yield attrs.evolve(page, events=events)


async def _writes_nothing(_push: Push, batch: Sequence[Delivery]) -> Sequence[Outcome]:
    return [Outcome.delivered() for _ in batch]


def _changed(delivery: Delivery) -> Delivery:
    """The delivery with another quantity, title or name: what a write that adds up would leave behind."""
    payload: dict[str, Json] = dict(delivery.payload)
    for name in ("quantity", "title", "name", "note"):
        if name in payload:
            old = payload[name]
            payload[name] = old + 1 if isinstance(old, int) else f"{old}+"
            break
    return attrs.evolve(delivery, payload=payload)


async def _adds_up(push: Push, batch: Sequence[Delivery]) -> Sequence[Outcome]:
    """A second attempt writes on top of the first."""
    return await push([_changed(each) if each.maybe_applied else each for each in batch])


async def _always_adds(push: Push, batch: Sequence[Delivery]) -> Sequence[Outcome]:
    return [Outcome.delivered() for _ in await push([_changed(each) for each in batch])]


async def _takes_silence_for_yes(push: Push, batch: Sequence[Delivery]) -> Sequence[Outcome]:
    try:
        outcomes = await push(batch)
    except TransientError:
        return [Outcome.delivered() for _ in batch]
    return [Outcome.delivered() if each.maybe_applied else each for each in outcomes]


async def _swallows_refusals(push: Push, batch: Sequence[Delivery]) -> Sequence[Outcome]:
    return [Outcome.delivered() if each.result == "dead" else each for each in await push(batch)]


async def _buries_at_once(push: Push, batch: Sequence[Delivery]) -> Sequence[Outcome]:
    try:
        outcomes = await push(batch)
    except TransientError as error:
        return [Outcome.dead(str(error)) for _ in batch]
    return [Outcome.dead(each.reason) if each.result == "retry" else each for each in outcomes]


SABOTEURS: Mapping[str, Callable[[Any], Any]] = {
    "source-reads-everything": _reading(_never_done),
    "source-goes-on-from-every-page": _reading(_cursor_of_the_end),
    "source-misses-no-change": _reading(_reads_once),
    "source-comes-through-failures": _reading(_gives_up),
    "source-ends-on-a-repeated-page": _reading(_turns_in_circles),
    "source-keeps-unknown-apart-from-zero": _reading(_unknown_is_zero),
    "destination-writes-what-it-is-given": _writing(_writes_nothing),
    "destination-writes-twice-as-once": _writing(_adds_up),
    "destination-loses-no-answer": _writing(_takes_silence_for_yes),
    "destination-refuses-what-is-not-there": _writing(_swallows_refusals),
    "destination-outlives-an-outage": _writing(_buries_at_once),
    "pair-comes-to-rest": _writing(_always_adds),
}
"""Law to what breaks it: the hooks of a good connector in, those of a broken one out."""


def sabotaged(subject: Subject, law: str) -> Subject:
    """The subject with the mistake that the law is there to find."""
    loaded: LoadedConnector = subject.loaded
    return attrs.evolve(subject, loaded=attrs.evolve(loaded, hook=SABOTEURS[law](loaded.hook)))
