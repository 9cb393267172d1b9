"""Events of many webhooks into the logs of the flows that read them, and the settled requests out of the inbox."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from typing import TypeVar

import attrs

from pullpush_sdk.clock import Clock
from pullpush_sdk.connector import Event, Page
from pullpush_sdk.engine.inbox import DeadRequest
from pullpush_sdk.engine.ports import Engine, FlowSpec
from pullpush_sdk.errors import StoreError
from pullpush_sdk.flows import End, settle_clashes

from ._target import Target
from ._work import Done, Work

__all__ = ["Logs"]

T = TypeVar("T")

_log = logging.getLogger("pullpush.serve")

_PAGE = 500
_PATIENCE = 10.0


@attrs.define
class _Stream:
    """The pages of one flow, connection and type.

    A transport id belongs to one work; the next work with the same id begins a new page, because repeats are told
    from page to page.
    """

    flow: FlowSpec
    target: Target
    pages: list[list[Event]] = attrs.field(factory=lambda: [[]])
    owners: dict[str | None, Work] = attrs.field(factory=dict)

    def add(self, event: Event, work: Work) -> None:
        if self.owners.get(event.transport_id, work) is not work or len(self.pages[-1]) >= _PAGE:
            self.pages.append([])
            self.owners.clear()
        self.owners[event.transport_id] = work
        self.pages[-1].append(event)


@attrs.define(kw_only=True)
class Logs:
    """Stores what came of works. `giving_up` says whether a store in trouble is waited for no longer."""

    engine: Engine
    clock: Clock
    giving_up: Callable[[], bool]

    async def store(self, done: Sequence[Done]) -> bool:
        """Append the events in the works' order, then settle the requests that are complete; whether that was done.

        Repeating any of it after a crash changes nothing: every event has a transport id that stays the same.
        """
        streams = self._streams(done)
        stored = await self._patiently(
            lambda: asyncio.gather(*(self._append(*key[1:], stream) for key, stream in streams.items()))
        )
        if not stored:
            return False
        finished, dead = _settled(done)
        return not finished or await self._patiently(lambda: self.engine.inbox.settle(finished, dead))

    def _streams(self, done: Iterable[Done]) -> dict[tuple[str, str, str], _Stream]:
        streams: dict[tuple[str, str, str], _Stream] = {}
        readers: dict[tuple[str, str], Sequence[FlowSpec]] = {}
        for each in done:
            row = each.work.row
            for event in each.events:
                known = _identified(each.work, event)
                place = (row.connection, event.type)
                if place not in readers:
                    readers[place] = row.target.flows(event.type)
                for flow in readers[place]:
                    if row.flow in (None, flow.name):
                        stream = streams.setdefault((flow.name, *place), _Stream(flow, row.target))
                        stream.add(known, each.work)
        return streams

    async def _append(self, connection: str, canonical_type: str, stream: _Stream) -> None:
        for events in stream.pages:
            page = Page(events=events, cursor=None)
            counts = await self.engine.append(
                stream.flow, canonical_type, page, transport_scope=connection, accepted=True
            )
            if counts.clashed:
                await self._settle_clashes(canonical_type, stream)

    async def _settle_clashes(self, canonical_type: str, stream: _Stream) -> None:
        """Ask the source which record carries a key; one that takes long is asked by the next poll instead."""
        end = End(loaded=stream.target.loaded, connection=stream.target.connection)
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                kind = end.connection.types[canonical_type]
                await settle_clashes(self.engine, stream.flow, kind, end, which="new")

    async def _patiently(self, call: Callable[[], Awaitable[object]]) -> bool:
        """Until the store has done it; what waits meanwhile is in the inbox still."""
        wait = 0.1
        while True:
            try:
                await call()
            except StoreError as error:
                if self.giving_up():
                    return False
                _log.warning("%s; trying again", error)
                await self.clock.sleep(wait)
                wait = min(wait * 2, 5.0)
            else:
                return True


def _identified(work: Work, event: Event) -> Event:
    """The event with a transport id that is its own for ever: the platform's, or its place in the inbox."""
    if event.transport_id is None:
        id_ = f"inbox {work.row.id}.{work.item}"
    elif work.row.has_id:
        id_ = f"{work.event} {event.transport_id} {work.item}"
    else:
        id_ = f"{work.event} {event.transport_id}"
    return attrs.evolve(event, transport_id=id_)


def _settled(done: Iterable[Done]) -> tuple[list[int], list[DeadRequest]]:
    """Requests of which nothing is left to do, and what could not become events of them."""
    finished: list[int] = []
    dead: list[DeadRequest] = []
    for each in done:
        row = each.work.row
        row.left -= 1
        if each.reason and each.request is not None:
            row.dead += _letters(each)
        if row.left <= 0:
            finished.append(row.id)
            dead += row.dead
    return finished, dead


def _letters(done: Done) -> list[DeadRequest]:
    assert done.request is not None
    work, row = done.work, done.work.row
    letters = [
        DeadRequest(
            row=row.id,
            item=work.item,
            flow=flow.name,
            type=canonical_type,
            shadow=flow.state == "shadow",
            connection=row.connection,
            event=work.event,
            request=done.request,
            key=work.lane[2] if len(work.lane) > 2 else "",
            reason=done.reason,
            answer=done.answer,
        )
        for flow, canonical_type in work.flows
    ]
    if not letters:
        _log.warning("a webhook of %s that no flow reads is dropped: %s", row.connection, done.reason)
    return letters
