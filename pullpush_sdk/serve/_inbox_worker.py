"""The worker behind the receiver: the inbox in arrival order into the logs of every flow.

What needs no look-up is done as it is read. What needs one waits in a lane per record of the platform: lanes go side by
side, the works of one lane one after the other, so that a look-up that fails holds back only its own record. What came
of works is stored in the order in which they ended, many in one commit. Memory holds a bounded number of bodies: what
waits behind a look-up, or for its next try, is read again when its turn comes.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable

import attrs

from pullpush_sdk.clock import Clock, SystemClock
from pullpush_sdk.connector import WebhookRequest
from pullpush_sdk.declarative import Labels
from pullpush_sdk.engine.inbox import Kept
from pullpush_sdk.engine.policy import Backoff
from pullpush_sdk.engine.ports import Engine
from pullpush_sdk.errors import StoreError, UnavailableError

from ._logs import Logs
from ._looking import Looking
from ._target import Target
from ._work import Done, Row, Work, works_of

__all__ = ["work_inbox"]

_log = logging.getLogger("pullpush.serve")

_ROWS = 128
_BYTES = 8 * 1024 * 1024
_MOST_BYTES = 32 * 1024 * 1024
_MOST_WORKS = 100_000
_LOOK_SECONDS = 1.0
_SOON = 0.02


async def work_inbox(
    targets: Callable[[str], Target | None],
    engine: Engine,
    *,
    stop: asyncio.Event,
    clock: Clock | None = None,
    backoff: Backoff | None = None,
    concurrency: int = 16,
    until_idle: bool = False,
) -> None:
    """Turn stored raw requests into events of every flow that reads them, until `stop` is set.

    The caller holds the store. One worker per store. `concurrency` is how many look-ups go on at once over all
    connections. With `until_idle` it ends as soon as nothing is left that anybody can receive. Setting `stop` breaks
    look-ups off and stores what is there; what is not stored stays in the inbox. So does what came for a connection
    that `targets` does not know, or cannot tell of yet (UnavailableError): it is asked again.

    Raises:
        LeaseLostError: this process does not hold the store.
    """
    ticking = clock or SystemClock()
    worker = _Worker(targets=targets, engine=engine, clock=ticking, backoff=backoff or Backoff(), slots=concurrency)
    await worker.run(stop, until_idle=until_idle)


@attrs.define(kw_only=True, eq=False)
class _Worker:
    targets: Callable[[str], Target | None]
    engine: Engine
    clock: Clock
    backoff: Backoff
    slots: int
    _lanes: dict[tuple[str, ...], deque[Work]] = attrs.field(init=False, factory=dict)
    _running: set[asyncio.Task[None]] = attrs.field(init=False, factory=set)
    _labels: dict[str, tuple[Target, Labels | None]] = attrs.field(init=False, factory=dict)
    _later: dict[str, int] = attrs.field(init=False, factory=dict)
    _out: list[Done] = attrs.field(init=False, factory=list)
    _ready: asyncio.Event = attrs.field(init=False, factory=asyncio.Event)
    _room: asyncio.Event = attrs.field(init=False, factory=asyncio.Event)
    _works: int = attrs.field(init=False, default=0)
    _bytes: int = attrs.field(init=False, default=0)
    _last: int = attrs.field(init=False, default=0)
    _closing: bool = attrs.field(init=False, default=False)
    _looking: Looking = attrs.field(init=False)
    _logs: Logs = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._looking = Looking(
            engine=self.engine,
            clock=self.clock,
            backoff=self.backoff,
            slots=asyncio.Semaphore(self.slots),
            load=self._load,
            let_go=self._let_go,
            target=self._target,
        )
        self._logs = Logs(engine=self.engine, clock=self.clock, giving_up=lambda: self._closing)

    async def run(self, stop: asyncio.Event, *, until_idle: bool) -> None:
        """Until stopped, idle, or failed."""
        reading = asyncio.ensure_future(self._read(until_idle=until_idle))
        storing = asyncio.ensure_future(self._store())
        stopping = asyncio.ensure_future(stop.wait())
        try:
            await asyncio.wait([reading, storing, stopping], return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._closing = True
            for task in (reading, stopping, *self._running):
                task.cancel()
            await asyncio.gather(reading, stopping, *self._running, return_exceptions=True)
            self._ready.set()
            await asyncio.gather(storing, return_exceptions=True)
        for task in (storing, reading):
            if not task.cancelled() and (error := task.exception()) is not None:
                raise error

    # In

    async def _read(self, *, until_idle: bool) -> None:
        while True:
            await self._until_room()
            try:
                rows = await self.engine.inbox.read(after=self._last, limit=_ROWS, most_bytes=_BYTES)
            except StoreError as error:
                _log.warning("%s; trying again", error)
                await self.clock.sleep(_LOOK_SECONDS)
                continue
            for kept in rows:
                self._last = kept.id
                if kept.connection not in self._later:
                    self._admit(kept)
            if not rows:
                if self._later:
                    await self._try_later_ones()
                if until_idle and self._works == 0:
                    return
                await self.engine.inbox.wait(_SOON if until_idle else _LOOK_SECONDS)

    async def _until_room(self) -> None:
        while self._bytes > _MOST_BYTES or self._works > _MOST_WORKS:
            self._room.clear()
            await self._room.wait()

    async def _try_later_ones(self) -> None:
        """Requests of connections that were not known are read again, in order, where they are known now."""
        ready = {name for name in self._later if self._target(name) is not None}
        if not ready:
            return
        after, end = min(self._later[name] for name in ready) - 1, self._last
        first = {name: self._later.pop(name) for name in ready}
        while after < end:
            await self._until_room()
            try:
                rows = await self.engine.inbox.read(after=after, limit=_ROWS, most_bytes=_BYTES)
            except StoreError as error:
                _log.warning("%s; trying again", error)
                await self.clock.sleep(_LOOK_SECONDS)
                continue
            for kept in rows:
                after = kept.id
                if kept.connection in ready and first[kept.connection] <= kept.id <= end:
                    self._admit(kept)
            if not rows:
                break

    def _target(self, name: str) -> Target | None:
        try:
            return self.targets(name)
        except UnavailableError as error:
            _log.debug("webhooks of %s wait: %s", name, error)
            return None

    def _admit(self, kept: Kept) -> None:
        target = self._target(kept.connection)
        if target is None:
            if kept.connection not in self._later:
                self._later[kept.connection] = kept.id
                _log.warning("webhooks of %s wait: the connection cannot be used yet", kept.connection)
            return
        works = works_of(kept, target, self._labels_of(kept.connection, target))
        self._works += len(works)
        if not works:
            self._works += 1
            self._emit(Done(work=_nothing(kept, target)))
        for work in works:
            self._begin(work)

    def _begin(self, work: Work) -> None:
        queue = self._lanes.get(work.lane)
        if queue is not None:
            work.request = None
            queue.append(work)
            return
        done = self._looking.at_once(work) if work.is_plain else None
        self._count(work)
        if done is not None:
            self._emit(done)
            return
        self._lanes[work.lane] = deque([work])
        task = asyncio.ensure_future(self._run_lane(work.lane))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _run_lane(self, lane: tuple[str, ...]) -> None:
        queue = self._lanes[lane]
        while queue:
            done = await self._looking.done(queue[0])
            queue.popleft()
            self._emit(done)
        del self._lanes[lane]

    async def _load(self, work: Work) -> WebhookRequest | None:
        """The request of a work, read again where it was let go of; None where it is gone from the inbox."""
        while work.request is None:
            try:
                found = await self.engine.inbox.fetch([work.row.id])
            except StoreError as error:
                _log.warning("%s; trying again", error)
                await self.clock.sleep(_LOOK_SECONDS)
                continue
            target = work.row.target
            again = works_of(found[0], target, self._labels_of(work.row.connection, target)) if found else []
            if work.item >= len(again):
                return None
            work.request = again[work.item].request
            self._count(work)
        return work.request

    def _count(self, work: Work) -> None:
        work.size = 0 if work.request is None else len(work.request.body)
        self._bytes += work.size

    def _let_go(self, work: Work) -> None:
        self._bytes -= work.size
        work.size, work.request = 0, None
        self._room.set()

    def _labels_of(self, name: str, target: Target) -> Labels | None:
        found = self._labels.get(name)
        if found is None or found[0] is not target:
            webhook = target.webhook
            found = self._labels[name] = (target, None if webhook is None else Labels(webhook))
        return found[1]

    # Out

    def _emit(self, done: Done) -> None:
        self._out.append(done)
        self._ready.set()

    async def _store(self) -> None:
        while self._out or not self._closing:
            await self._ready.wait()
            self._ready.clear()
            done, self._out = self._out, []
            if done and not await self._logs.store(done):
                return
            self._works -= len(done)
            for each in done:
                self._let_go(each.work)


def _nothing(kept: Kept, target: Target) -> Work:
    """The work of an empty batch: nothing is to be done but to settle it."""
    row = Row(id=kept.id, connection=kept.connection, target=target, flow=kept.flow, has_id=False, left=1)
    return Work(row=row, item=0, event="", lane=(), is_plain=True, request=None)
