"""One run of one flow: read what is new, store it, deliver it, and stop where nothing is lost.

Types run in the flow's order, each delivered before the next is read, so that a stock level finds its product. While
a page is stored and delivered the next one is fetched; the log lies on disk, so memory does not grow with the number
of records. Events and cursor of a page are stored together: a run that ends anywhere goes on from there.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import attrs

from pullpush_sdk.canonical import CanonicalType
from pullpush_sdk.clock import Clock, SystemClock
from pullpush_sdk.connector import Connection, Delivery, Outcome
from pullpush_sdk.engine.locations import LocationPlan
from pullpush_sdk.engine.ports import OUTCOMES, DrainReport, Engine, FlowSpec
from pullpush_sdk.errors import ContractError, EngineError, PullPushError, StoreFullError, UnavailableError
from pullpush_sdk.http import Redactor
from pullpush_sdk.plugins import LoadedConnector, Plugins
from pullpush_sdk.project import FlowConfig, Project
from pullpush_sdk.project.connect import open_connection

from ._abilities import require_abilities
from ._ahead import one_ahead
from ._locations import plan_locations, read_locations
from ._report import Progress, Silent, SyncReport, name_connection, speaking_of
from ._spec import flow_spec
from ._states import State, flow_state, keep_last_sync, read_again, set_read_again
from ._validate import checked, is_written_in_python

_log = logging.getLogger("pullpush.flows")
_STOCK = "stocklevel"


@attrs.frozen(kw_only=True)
class End:
    """One side of a running flow."""

    loaded: LoadedConnector
    connection: Connection


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
) -> SyncReport:
    """Run a flow once; the caller holds the store.

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
    async with AsyncExitStack() as stack:
        run = await stack.enter_async_context(
            _opened(project, plugins, engine, flow, state=state, redactor=redactor, progress=progress or Silent())
        )
        await run.all_types(stop or asyncio.Event(), read=read, max_wait=max_wait)
    after = await engine.counts(flow.name)
    report = SyncReport(
        flow=flow.name,
        state=state,
        counts=_difference(flow, before, after),
        waiting=sum(each.get("waiting", 0) for each in after.values()),
        interrupted=run.interrupted,
        error=run.error,
        notes=tuple(dict.fromkeys(run.notes)),
    )
    await keep_last_sync(engine, report, (clock or SystemClock()).now(), redactor)
    plugins.observe("pullpush_flow_finished", flow=flow.name, counts=report.counts)
    return report


async def opened_spec(
    project: Project, plugins: Plugins, engine: Engine, flow: FlowConfig, redactor: Redactor
) -> FlowSpec:
    """The engine's view of a flow with its stock locations settled, for records that enter it beside a run.

    Raises:
        PullPushError: the flow cannot start.
    """
    require_abilities(project, plugins, flow)
    state = await flow_state(engine, flow)
    async with _opened(project, plugins, engine, flow, state=state, redactor=redactor, progress=Silent()) as run:
        return run.spec


@asynccontextmanager
async def _opened(
    project: Project,
    plugins: Plugins,
    engine: Engine,
    flow: FlowConfig,
    *,
    state: State,
    redactor: Redactor,
    progress: Progress,
) -> AsyncIterator[_Run]:
    """A run with both connections open and the stock locations settled."""
    async with AsyncExitStack() as stack:
        ends = []
        for name in (flow.source, flow.destination):
            connection = await stack.enter_async_context(open_connection(project, name, plugins, redactor=redactor))
            loaded = plugins.connector(project.connection(name).connector)
            ends.append(End(loaded=loaded, connection=connection))
        plan = LocationPlan()
        if _STOCK in flow.types:
            there = []
            for each in ends:
                with speaking_of(each.connection.name):
                    there.append(await read_locations(each.loaded, each.connection))
            plan = plan_locations(project, flow, there[0], there[1])
        yield _Run(
            flow=flow,
            spec=flow_spec(project, plugins, flow, state=state, plan=plan),
            source=ends[0],
            destination=ends[1],
            plugins=plugins,
            engine=engine,
            progress=progress,
        )


@attrs.define(kw_only=True)
class _Run:
    """A flow under way."""

    flow: FlowConfig
    spec: FlowSpec
    source: End
    destination: End
    plugins: Plugins
    engine: Engine
    progress: Progress
    error: PullPushError | None = None
    interrupted: bool = False
    notes: list[str] = attrs.field(factory=list)
    _cut: asyncio.Event = attrs.field(factory=asyncio.Event)

    async def all_types(self, stop: asyncio.Event, *, read: bool, max_wait: float) -> None:
        """Read and deliver type by type until done, stopped or failed."""
        self.progress.flow_started(self.flow.name, self.spec.state)
        watcher = asyncio.ensure_future(self._watch(stop))
        try:
            for name in self.flow.types if read else ():
                self.progress.type_started(self.flow.name, name)
                await self._read_and_deliver(self.plugins.types[name])
                # What failed to be read keeps the next types back; what was read is still delivered.
                if self.error is None and not self._cut.is_set():
                    await self._deliver_rest(stop, max_wait)
                if self.error is not None or self._cut.is_set():
                    break
            if not stop.is_set() and (not read or self._may_deliver()):
                await self._deliver_rest(stop, max_wait)
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
        complete = asyncio.Event()
        delivering = asyncio.ensure_future(
            self.engine.drain(self.spec, self._push, stop=complete, until_idle=False, observer=_Told(self))
        )
        # A delivery that must stop (credentials, the store) stops the reading too.
        delivering.add_done_callback(lambda _: self._cut.set() if not complete.is_set() else None)
        try:
            with speaking_of(self.flow.source):
                await self._read(kind)
        except BaseException as error:
            full = isinstance(error, StoreFullError)  # nothing more is read; what waits makes room by being delivered
            if not isinstance(error, PullPushError) or (isinstance(error, EngineError) and not full):
                # Cancelled, or without a store: nothing can be settled now, what is in flight is tried again later.
                delivering.cancel()
                await asyncio.gather(delivering, return_exceptions=True)
                raise
            _log.info("reading %s of %s ended early: %s", kind.name, self.flow.source, error)
            self.error = error
        complete.set()
        self._take(await delivering)

    async def _deliver_rest(self, stop: asyncio.Event, max_wait: float) -> None:
        report = await self.engine.drain(
            self.spec, self._push, stop=stop, until_idle=True, max_wait=max_wait, observer=_Told(self)
        )
        self._take(report)

    def _take(self, report: DrainReport) -> None:
        self.notes.extend(report.faults)
        if report.error is not None:
            self.error = name_connection(report.error, self.flow.destination)
            self._cut.set()
        elif report.unreachable:
            self.error = UnavailableError(
                f"{self.flow.destination} does not answer: {report.unreachable}",
                hint=f"nothing is lost: {report.waiting} deliveries wait for the next sync",
            )
            self._cut.set()

    async def _read(self, kind: CanonicalType) -> None:
        again = await read_again(self.engine, self.flow, kind.name) if self.spec.state == "active" else None
        cursor = None if again == "start" else await self.engine.checkpoint(self.flow.name, kind.name)
        pages = self.source.loaded.hook.pullpush_pull(
            connection=self.source.connection, canonical_type=kind.name, cursor=cursor
        )
        if pages is None:
            raise ContractError(f"{self.source.loaded.name} gave no pages of {kind.name}")
        foreign = is_written_in_python(self.source.loaded, "pullpush_pull")
        async for page in one_ahead(pages, stop=self._cut):
            good = checked(page, kind) if foreign else page
            counts = await self.engine.append(self.spec, kind.name, good, reconcile=again is not None)
            if again == "start":
                again = "running"
                await set_read_again(self.engine, self.flow, kind.name, again)
            if counts.ahead:
                self.notes.append(
                    f"{kind.name}: {self.flow.source} dated records more than five minutes into the future; "
                    "they were taken as of now: compare the clocks"
                )
            self.progress.counted(self.flow.name, kind.name, read=counts.read, settled=counts.read - counts.waiting)
        if again is not None and not self._cut.is_set():
            await set_read_again(self.engine, self.flow, kind.name, None)

    async def _push(self, canonical_type: str, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        answer = self.destination.loaded.hook.pullpush_push(
            connection=self.destination.connection, canonical_type=canonical_type, batch=batch
        )
        if answer is None:
            raise ContractError(f"{self.destination.loaded.name} did not take {canonical_type}")
        outcomes: Sequence[Outcome] = await answer
        return outcomes


@attrs.frozen
class _Told:
    """Hands what the engine tells on to observers and to the progress display."""

    run: _Run

    def delivered(self, flow: str, canonical_type: str, batch: Sequence[Delivery], outcomes: Sequence[Outcome]) -> None:
        self.run.plugins.observe(
            "pullpush_delivered", flow=flow, canonical_type=canonical_type, batch=batch, outcomes=outcomes
        )
        settled = sum(1 for each in outcomes if each.result != "retry")
        self.run.progress.counted(flow, canonical_type, settled=settled)

    def dead_letter(self, flow: str, canonical_type: str, reasons: Mapping[str, str]) -> None:
        self.run.plugins.observe("pullpush_dead_letter", flow=flow, canonical_type=canonical_type, reasons=reasons)


def _difference(
    flow: FlowConfig, before: Mapping[str, Mapping[str, int]], after: Mapping[str, Mapping[str, int]]
) -> dict[str, dict[str, int]]:
    """What this run added, per type in the flow's order; a type that nothing happened to has zeros."""
    found = {}
    for name in flow.types:
        old, new = before.get(name, {}), after.get(name, {})
        found[name] = {each: new.get(each, 0) - old.get(each, 0) for each in ("read", *OUTCOMES)}
    return found
