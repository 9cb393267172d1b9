"""Broken writers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from pullpush_sdk.connector import Delivery, Event, Outcome
from pullpush_sdk.errors import TransientError

from ._hooks import Pages, Pull, Push, Sabotage, reading_with, writing

__all__ = ["SABOTEURS"]

Json = Any


async def _writes_nothing(_push: Push, batch: Sequence[Delivery]) -> Sequence[Outcome]:
    return [Outcome.delivered() for _ in batch]


def _changed(delivery: Delivery) -> Delivery:
    """The delivery with another quantity, title or name: what a write that adds up would leave behind."""
    payload: dict[str, Json] = dict(delivery.payload)
    for name in ("quantity", "title", "name", "firstName", "note"):
        old = payload.get(name)
        if isinstance(old, int | str):
            payload[name] = old + 1 if isinstance(old, int) else f"{old}+"
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


async def _mixes_them_up(push: Push, batch: Sequence[Delivery]) -> Sequence[Outcome]:
    """Gives the outcomes in an order of its own."""
    return list(reversed(await push(batch)))


def _writes_the_first_only(good: Any) -> Any:
    """Takes what it once wrote for written for ever."""
    written: set[str] = set()

    async def change(push: Push, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        outcomes = []
        for delivery in batch:
            known = delivery.identity
            if known in written and not delivery.maybe_applied:
                outcomes.append(Outcome.delivered())
            else:
                written.add(known)
                outcomes += await push([delivery])
        return outcomes

    return writing(change)(good)


_CLEARED: Mapping[str, Mapping[str, Json]] = {
    "product": {"description": None, "vendor": None, "price": "0.00", "barcode": None},
    "contact": {"phone": None, "company": None, "note": None},
}


async def _clears_the_rest(push: Push, batch: Sequence[Delivery]) -> Sequence[Outcome]:
    """Takes what is absent for empty."""
    whole = [attrs.evolve(each, payload={**_CLEARED[each.kind.name], **each.payload}) for each in batch]
    return await push(whole)


async def _takes_any(push: Push, batch: Sequence[Delivery]) -> Sequence[Outcome]:
    """Where two things match, one of them will do."""
    return [Outcome.delivered() if each.result == "dead" else each for each in await push(batch)]


async def _tells_the_time_of_reading(pages: Pull, cursor: Json, connection: Any) -> Pages:
    """Puts its own clock into what it tells."""
    now = connection.clock.now().isoformat()
    async for page in pages(cursor):
        yield attrs.evolve(page, events=[_stamped(event, now) for event in page.events])


def _stamped(event: Event, now: str) -> Event:
    name = {"stocklevel": "quantity", "product": "title", "contact": "name"}[event.type]
    old = getattr(event.record, name)
    new = (old or 0) + len(now) + int(now[11:13]) if name == "quantity" else f"{old} {now}"
    return attrs.evolve(event, record=attrs.evolve(event.record, **{name: new}))


SABOTEURS: Mapping[str, Sabotage] = {
    "destination-writes-what-it-is-given": writing(_writes_nothing),
    "destination-writes-twice-as-once": writing(_adds_up),
    "destination-loses-no-answer": writing(_takes_silence_for_yes),
    "destination-refuses-what-is-not-there": writing(_swallows_refusals),
    "destination-outlives-an-outage": writing(_buries_at_once),
    "destination-ends-with-the-newest": _writes_the_first_only,
    "destination-tells-a-batch-apart": writing(_mixes_them_up),
    "destination-leaves-alone-what-is-not-said": writing(_clears_the_rest),
    "destination-guesses-no-match": writing(_takes_any),
    "pair-comes-to-rest": writing(_always_adds),
    "pair-second-sync-writes-nothing": reading_with(_tells_the_time_of_reading),
    "pair-round-trip-changes-nothing": writing(_always_adds),
}
