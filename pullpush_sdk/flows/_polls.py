"""The reading of one running flow: its types by their schedules, in the flow's order, and on request."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

import attrs

from pullpush_sdk.canonical import instant_text
from pullpush_sdk.errors import StoreError, TransientError
from pullpush_sdk.project import Every, FlowConfig, Manual, Schedule

from ._reconcile import reconcile_beside
from ._states import imports_of
from ._surroundings import Surroundings
from ._timetable import Timetable
from ._waiting import wait_for_any
from ._work import FlowWork

Json = Any
RECONCILE = "reconcile"

_log = logging.getLogger("pullpush.flows")

_LONGEST_SLEEP = 30.0
_KEPT_FROM = 60  # seconds between two times; what comes more often need not be made up for after a restart
_STALL_SECONDS = 5.0
_SETTLE_SECONDS = 60.0
_LOOK_SECONDS = 0.2


@attrs.define(kw_only=True)
class Poll:
    """The latest run of one job; `ended` None while it is under way, `error` empty where it went well."""

    began: datetime
    ended: datetime | None = None
    read: int = 0
    error: str = ""


@attrs.define(eq=False)
class _Request:
    """Somebody waits for these jobs to have run."""

    jobs: set[str]
    over: asyncio.Event = attrs.field(factory=asyncio.Event)
    error: Exception | None = None


@attrs.define(kw_only=True, eq=False)
class Polls:
    """When a flow's types are read. `went` is told of each reading that the source and the store let through.

    `reconciling` is held by whoever reconciles the flow.
    """

    flow: FlowConfig
    here: Surroundings
    went: Callable[[], Awaitable[None]]
    store_trouble: str = ""
    reconciling: asyncio.Lock = attrs.field(factory=asyncio.Lock)
    _latest: dict[str, Poll] = attrs.field(init=False, factory=dict)
    _table: Timetable | None = attrs.field(init=False, default=None)
    _asked: asyncio.Event = attrs.field(init=False, factory=asyncio.Event)
    _requests: list[_Request] = attrs.field(init=False, factory=list)

    async def load(self) -> None:
        """Learn when each job began last, also in an earlier process."""
        kept = await self.here.engine.recall(f"flow-polls/{self.flow.name}")
        last = {name: datetime.fromisoformat(at) for name, at in kept.items()} if isinstance(kept, dict) else {}
        jobs: dict[str, Schedule] = {name: self._schedule(name) for name in self._jobs}
        self._table = Timetable(jobs, last, now=self.here.clock.now(), share=self.here.share())

    async def run(self, work: FlowWork, cut: asyncio.Event) -> None:
        """Poll what is due until `cut` is set. A failure that is likely to pass is tried again by itself.

        Raises:
            PullPushError: the source cannot go on by itself; or whatever else its connector raises.
        """
        table, clock = self._timetable, self.here.clock
        while not cut.is_set():
            due = table.due(clock.now())
            for name in due:
                if cut.is_set():
                    return
                await self._one(work, name, cut)
                if name != due[-1]:
                    await self._settle(work, name, cut)
            if not due:
                seconds = table.wait(clock.now())
                # Not longer: the wall clock may be set meanwhile.
                limit = None if seconds is None else min(seconds, _LONGEST_SLEEP)
                await wait_for_any([cut, self._asked], limit, clock)
                self._asked.clear()

    def ask(self, jobs: Iterable[str]) -> None:
        """Poll these as soon as the flow runs."""
        self._timetable.ask(jobs)
        self._asked.set()

    def store_works(self) -> None:
        """The store takes what is written again: what it refused is polled at once."""
        if self.store_trouble:
            self.store_trouble = ""
            self.ask(self.flow.types)

    async def now(self, stop: asyncio.Event) -> Exception | None:
        """Poll every type now and wait for it; why one could not be, None where all were."""
        request = _Request(set(self.flow.types))
        self._requests.append(request)
        self.ask(self.flow.types)
        await wait_for_any([request.over, stop], None, self.here.clock)
        return request.error

    def gave_up(self, error: Exception | None) -> None:
        """Nothing is polled for now: whoever waits is answered."""
        for request in self._requests:
            request.error = request.error or error
            request.over.set()
        self._requests.clear()

    def shown(self) -> dict[str, Json]:
        """Per job how it ran last and when it runs next."""
        now = self.here.clock.now()
        found = {}
        for name in self._jobs:
            poll, due = self._latest.get(name), self._timetable.next(name, now)
            found[name] = {
                "began": None if poll is None else instant_text(poll.began),
                "ended": None if poll is None or poll.ended is None else instant_text(poll.ended),
                "read": 0 if poll is None else poll.read,
                "error": "" if poll is None else poll.error,
                "next": None if due is None else instant_text(due),
            }
        return found

    @property
    def _jobs(self) -> Sequence[str]:
        """What has a schedule: the types, and a reconcile where somebody wants one."""
        reconciles = not isinstance(self.flow.schedule.reconcile, Manual)
        return (*self.flow.types, *([RECONCILE] if reconciles else []))

    @property
    def _timetable(self) -> Timetable:
        assert self._table is not None, "load() comes first"
        return self._table

    async def _one(self, work: FlowWork, name: str, cut: asyncio.Event) -> None:
        table, clock = self._timetable, self.here.clock
        poll = self._latest[name] = Poll(began=clock.now())
        table.began(name, poll.began)
        failure: Exception | None = None
        try:
            if name == RECONCILE:
                poll.read = await self._reconcile(work, cut)
            else:
                await work.read_other_side(work.plugins.types[name], stop=cut)
                poll.read = await work.read(work.plugins.types[name], stop=cut)
            if cut.is_set():
                table.ask([name])  # it was not read to its end
                return
            await self._keep_last(name, poll.began)
            self.store_trouble = ""
        except (TransientError, StoreError) as error:
            failure = error
            self._failed(name, poll, error)
        except Exception as error:
            poll.error = self.here.redactor.text(str(error))
            raise
        else:
            table.went(name)
            await self.went()
            level = logging.INFO if poll.read else logging.DEBUG
            extra = {"flow": self.flow.name, "type": name, "read": poll.read}
            words = "%s: found %d differences by a %s with %s" if name == RECONCILE else "%s: read %d of %s from %s"
            _log.log(level, words, self.flow.name, poll.read, name, self.flow.source, extra=extra)
        finally:
            poll.ended = clock.now()
        self._answer(name, failure)

    async def _reconcile(self, work: FlowWork, cut: asyncio.Event) -> int:
        """How many differences were found."""
        async with self.reconciling:
            report = await reconcile_beside(
                work, types=self.flow.types, stop=cut, max_wait=_SETTLE_SECONDS, redactor=self.here.redactor
            )
        for words in report.notes:
            _log.info("%s: %s", self.flow.name, words, extra={"flow": self.flow.name})
        return sum(each["added"] + each["changed"] for each in report.compared.values())

    def _failed(self, name: str, poll: Poll, error: TransientError | StoreError) -> None:
        now = self.here.clock.now()
        poll.error = self.here.redactor.text(str(error))
        if isinstance(error, StoreError):
            self.store_trouble = poll.error
        self._timetable.failed(name, now, after=getattr(error, "retry_after", None))
        again = self._timetable.next(name, now)
        _log.warning(
            "%s: %s could not be read from %s: %s",
            self.flow.name,
            name,
            self.flow.source,
            error,
            extra={"flow": self.flow.name, "type": name, "next_try": instant_text(again) if again else None},
        )

    def _answer(self, name: str, failure: Exception | None) -> None:
        for request in list(self._requests):
            request.jobs.discard(name)
            request.error = request.error or failure
            if not request.jobs:
                request.over.set()
                self._requests.remove(request)

    async def _keep_last(self, name: str, began: datetime) -> None:
        schedule = self._schedule(name)
        if isinstance(schedule, Every) and schedule.seconds < _KEPT_FROM:
            return
        place = f"flow-polls/{self.flow.name}"
        kept = await self.here.engine.recall(place)
        await self.here.engine.remember(place, {**(kept or {}), name: instant_text(began)})

    def _schedule(self, name: str) -> Schedule:
        return self.flow.schedule.reconcile if name == RECONCILE else self.flow.schedule.of(name)

    async def _settle(self, work: FlowWork, name: str, cut: asyncio.Event) -> None:
        """Let what was read be delivered before the next type is read, so that a stock level finds its product.

        Not for ever: neither for what is being retried nor for a stream that never ends. A first reading waits for a
        destination that is down.
        """
        clock, engine = self.here.clock, self.here.engine
        importing = (each := (await imports_of(engine, self.flow.name)).get(name)) is not None and not each.ended
        before, end = -1, clock.monotonic() + _SETTLE_SECONDS
        stalled = clock.monotonic()
        while not cut.is_set() and (importing or clock.monotonic() < end):
            waiting = (await engine.counts(self.flow.name)).get(name, {}).get("waiting", 0)
            if not waiting:
                return
            if waiting != before or (importing and work.flow.destination in engine.resting()):
                before, stalled = waiting, clock.monotonic()
            if clock.monotonic() - stalled >= _STALL_SECONDS:
                return
            await wait_for_any([cut], _LOOK_SECONDS, clock)
