"""One run of one flow: read what is new, store it, deliver it, and stop where nothing is lost.

Types run in the flow's order, each delivered before the next is read, so that a stock level finds its product. While
a page is stored and delivered the next one is fetched; the log lies on disk, so memory does not grow with the number
of records. Events and cursor of a page are stored together: a run that ends anywhere goes on from there.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack

import attrs

from pullpush_sdk.canonical import CanonicalType
from pullpush_sdk.clock import Clock, SystemClock
from pullpush_sdk.connector import Delivery, Outcome, Result
from pullpush_sdk.engine.policy import checked
from pullpush_sdk.engine.ports import OUTCOMES, DrainReport, Engine
from pullpush_sdk.errors import EngineError, PullPushError, StoreFullError, UnavailableError
from pullpush_sdk.http import Redactor
from pullpush_sdk.plugins import Plugins
from pullpush_sdk.project import FlowConfig, Project

from ._abilities import require_abilities
from ._inbox import RECEIVE_SECONDS, Receive, Waiting
from ._poll_lock import PollLocks
from ._pool import Connections
from ._report import Progress, Silent, SyncReport, name_connection
from ._states import flow_state, keep_last_sync, keep_trouble
from ._work import FlowWork, open_work

_log = logging.getLogger("pullpush.flows")


async def sync_flow(
    project: Project,
    plugins: Plugins,
    engine: Engine,
    flow: FlowConfig,
    *,
    redactor: Redactor,
    progress: Progress | None = None,
    stop: asyncio.Event | None = None,
    read: bool = True,
    max_wait: float = 300.0,
    clock: Clock | None = None,
    connections: Connections | None = None,
    receive: Receive | None = None,
) -> SyncReport:
    """Run a flow once; the caller holds the store. `connections` are those to share, None opens its own.

    `receive` takes in raw webhooks that wait for the flow's source, before anything is read; None leaves them.

    Setting `stop` ends it gracefully: no further page, deliveries under way are awaited. With `read` false only what
    waits already is delivered. `max_wait` is for how many seconds a destination that does not answer is waited for.

    Raises:
        SetupError: the flow cannot start; nothing was read.
        EngineError: the store failed; what was stored before is kept.
    """
    require_abilities(project, plugins, flow)
    state = await flow_state(engine, flow)
    if state == "paused":
        note = f"{flow.name} is paused: nothing was read or written; pullpush flow activate {flow.name} starts it"
        return SyncReport(flow=flow.name, state=state, counts={}, notes=(note,))
    before = await engine.counts(flow.name)
    time, watched = clock or SystemClock(), progress or Silent()
    notes: list[str] = []
    async with AsyncExitStack() as stack:
        if connections is None:
            own = Connections(project=project, plugins=plugins, redactor=redactor, clock=time)
            connections = await stack.enter_async_context(own)
        if receive is not None:
            inbox = Waiting(project=project, engine=engine, clock=time, stop=stop or asyncio.Event())
            left = await inbox.received(flow.source, connections, receive, min(max_wait, RECEIVE_SECONDS))
            notes += [left] if left else []
        work = await stack.enter_async_context(
            open_work(
                project,
                engine,
                flow,
                connections=connections,
                locks=PollLocks.of(project, time),
                state=state,
                clock=time,
                progress=watched,
                note=notes.append,
            )
        )
        run = Run(work=work, progress=watched, notes=notes)
        await run.all_types(stop or asyncio.Event(), read=read, max_wait=max_wait)
    after = await engine.counts(flow.name)
    report = SyncReport(
        flow=flow.name,
        state=state,
        counts=counted_since(flow, before, after),
        waiting=sum(each.get("waiting", 0) for each in after.values()),
        interrupted=run.interrupted,
        error=run.error,
        notes=tuple(dict.fromkeys(run.notes)),
    )
    await keep_last_sync(engine, report, time.now(), redactor)
    if report.error is None and not report.interrupted:
        await keep_trouble(engine, flow.name, None)
    plugins.observe("pullpush_flow_finished", flow=flow.name, counts=report.counts)
    return report


@attrs.define(kw_only=True)
class Run:
    """A flow under way; `error` is why it cannot go on, `notes` what a person should know."""

    work: FlowWork
    progress: Progress
    notes: list[str]
    error: PullPushError | None = None
    interrupted: bool = False
    _cut: asyncio.Event = attrs.field(factory=asyncio.Event)

    async def all_types(self, stop: asyncio.Event, *, read: bool, max_wait: float) -> None:
        """Read and deliver type by type until done, stopped or failed."""
        flow = self.work.flow
        self.progress.flow_started(flow.name, self.work.spec.state)
        watcher = asyncio.ensure_future(self._watch(stop))
        try:
            for name in flow.types if read else ():
                self.progress.type_started(flow.name, name)
                await self._read_and_deliver(self.work.plugins.types[name])
                # What failed to be read keeps the next types back; what was read is still delivered.
                if self.error is None and not self._cut.is_set():
                    await self.deliver_rest(stop, max_wait)
                if self.error is not None or self._cut.is_set():
                    break
            if not stop.is_set() and (not read or self._may_deliver()):
                await self.deliver_rest(stop, max_wait)
        finally:
            watcher.cancel()
        self.interrupted = stop.is_set()

    def _may_deliver(self) -> bool:
        """After a failed read the rest can go; after a failed delivery it cannot."""
        return self.error is not None and not self._cut.is_set()

    async def _watch(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._cut.set()

    async def _read_and_deliver(self, kind: CanonicalType) -> None:
        """Deliver while reading; returns when the source is read and the pushes under way are settled."""
        if not await self.read_other_side(kind):
            return
        complete = asyncio.Event()
        delivering = asyncio.ensure_future(
            self.work.engine.drain(self.work.spec, self._push, stop=complete, until_idle=False, observer=self.work)
        )
        # A delivery that must stop (credentials, the store) stops the reading too.
        delivering.add_done_callback(lambda _: self._cut.set() if not complete.is_set() else None)
        try:
            await self.work.read(kind, stop=self._cut)
        except BaseException as error:
            full = isinstance(error, StoreFullError)  # nothing more is read; what waits makes room by being delivered
            if not isinstance(error, PullPushError) or (isinstance(error, EngineError) and not full):
                # Cancelled, or without a store: nothing can be settled now, what is in flight is tried again later.
                delivering.cancel()
                await asyncio.gather(delivering, return_exceptions=True)
                raise
            _log.info("reading %s of %s ended early: %s", kind.name, self.work.flow.source, error)
            self.error = error
        complete.set()
        self._take(await delivering)

    async def read_other_side(self, kind: CanonicalType) -> bool:
        """See FlowWork. False where the destination could not be read."""
        try:
            await self.work.read_other_side(kind, stop=self._cut)
        except EngineError as error:
            if not isinstance(error, StoreFullError):
                raise
            self.error = error
        except PullPushError as error:
            _log.info("reading %s of %s ended early: %s", kind.name, self.work.flow.destination, error)
            self.error = error
        return self.error is None and not self._cut.is_set()

    async def deliver_rest(self, stop: asyncio.Event, max_wait: float, *, until_idle: bool = True) -> None:
        """Deliver what waits. Not `until_idle` means until stopped."""
        report = await self.work.engine.drain(
            self.work.spec, self._push, stop=stop, until_idle=until_idle, max_wait=max_wait, observer=self.work
        )
        self._take(report)

    def _take(self, report: DrainReport) -> None:
        self.notes.extend(report.faults)
        if report.error is not None:
            self.error = name_connection(report.error, self.work.flow.destination)
            self._cut.set()
        elif report.unreachable:
            self.error = UnavailableError(
                f"{self.work.flow.destination} does not answer: {report.unreachable}",
                hint=f"nothing is lost: {report.waiting} deliveries wait for the next sync",
            )
            self._cut.set()

    async def _push(self, canonical_type: str, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        outcomes = checked(await self.work.push(canonical_type, batch), len(batch))
        settled = sum(1 for each in outcomes if each.result is not Result.RETRY)
        self.progress.counted(self.work.flow.name, canonical_type, settled=settled)
        return outcomes


def counted_since(
    flow: FlowConfig, before: Mapping[str, Mapping[str, int]], after: Mapping[str, Mapping[str, int]]
) -> dict[str, dict[str, int]]:
    """What this run added, per type in the flow's order; a type that nothing happened to has zeros."""
    found = {}
    for name in flow.types:
        old, new = before.get(name, {}), after.get(name, {})
        found[name] = {each: new.get(each, 0) - old.get(each, 0) for each in ("read", *OUTCOMES)}
    return found
