"""Reconcile: deliver what differs between both sides of a flow, and nothing else.

What the source does not speak of is left alone: nothing is deleted, no quantity becomes zero. Differences go through
the flow's own log, so order per key and the gate hold as for any other event: a newer delivery is not overwritten.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any, Self

import attrs

from pullpush_sdk.canonical import CanonicalType, from_wire, instant_text, loads
from pullpush_sdk.clock import Clock, SystemClock
from pullpush_sdk.connector import Event, Page
from pullpush_sdk.engine.ports import Engine
from pullpush_sdk.errors import PullPushError
from pullpush_sdk.http import Redactor
from pullpush_sdk.plugins import Plugins
from pullpush_sdk.project import FlowConfig, Project

from ._abilities import require_abilities
from ._clashes import settle_clashes
from ._compare import chosen_types, compare_again, compare_type
from ._poll_lock import PollLocks
from ._pool import Connections
from ._report import Progress, Silent, SyncReport
from ._settled import Settled
from ._spill import Finding, SourceRow, Spill
from ._states import flow_state
from ._sync import Run, counted_since
from ._waiting import wait_for_any
from ._work import FlowWork, open_work

__all__ = [
    "ReconcileReport",
    "last_reconcile",
    "paused_report",
    "reconcile_beside",
    "reconcile_flow",
]

Json = Any
Deliver = Callable[[], Awaitable[PullPushError | None]]

_SETTLED = frozenset({"delivered", "unchanged", "skipped"})
_LOOK_SECONDS = 0.2


@attrs.frozen(kw_only=True)
class ReconcileReport(SyncReport):
    """One reconcile of one flow: `counts` is what became of the differences, `compared` what was found before.

    `compared` holds, per canonical type, the counts of a TypeComparison.
    """

    compared: Mapping[str, Mapping[str, int]] = attrs.field(factory=dict)

    @classmethod
    def from_json(cls, value: Mapping[str, Json]) -> Self:
        """See SyncReport."""
        plain = SyncReport.from_json(value)
        parts = {each.name: getattr(plain, each.name) for each in attrs.fields(SyncReport)}
        return cls(**parts, compared=value.get("compared", {}))

    def to_json(self) -> dict[str, Json]:
        """See SyncReport."""
        return {**super().to_json(), "compared": {name: dict(each) for name, each in self.compared.items()}}


async def reconcile_flow(
    project: Project,
    plugins: Plugins,
    engine: Engine,
    flow: FlowConfig,
    *,
    redactor: Redactor,
    progress: Progress | None = None,
    stop: asyncio.Event | None = None,
    types: Sequence[str] = (),
    max_wait: float = 300.0,
    clock: Clock | None = None,
) -> ReconcileReport:
    """Compare both sides type by type and deliver the differences; the caller holds the store.

    Setting `stop` ends it gracefully between two pages.

    Raises:
        SetupError: the flow cannot start; nothing was read.
        RemoteError: a side could not be read to its end; nothing of that type was delivered.
        EngineError: the store failed, or something else dispatches the flow; what was stored before is kept.
    """
    require_abilities(project, plugins, flow)
    chosen = chosen_types(flow, types)
    state = await flow_state(engine, flow)
    if state == "paused":
        return paused_report(flow)
    time, watched, over = clock or SystemClock(), progress or Silent(), stop or asyncio.Event()
    notes: list[str] = []
    async with AsyncExitStack() as stack:
        connections = Connections(project=project, plugins=plugins, redactor=redactor, clock=time)
        work = await stack.enter_async_context(
            open_work(
                project,
                engine,
                flow,
                connections=await stack.enter_async_context(connections),
                locks=PollLocks.of(project, time),
                state=state,
                clock=time,
                progress=watched,
                note=notes.append,
            )
        )
        run = Run(work=work, progress=watched, notes=notes)

        async def deliver() -> PullPushError | None:
            await run.deliver_rest(over, max_wait)
            return run.error

        return await reconcile_work(
            work, types=chosen, stop=over, deliver=deliver, max_wait=max_wait, redactor=redactor, notes=notes
        )


def paused_report(flow: FlowConfig) -> ReconcileReport:
    """What there is to say of a flow that is paused."""
    note = f"{flow.name} is paused: nothing was compared; pullpush flow activate {flow.name} starts it"
    return ReconcileReport(flow=flow.name, state="paused", counts={}, notes=(note,))


async def reconcile_work(
    work: FlowWork,
    *,
    types: Sequence[str],
    stop: asyncio.Event,
    deliver: Deliver,
    max_wait: float,
    redactor: Redactor,
    notes: Sequence[str] = (),
) -> ReconcileReport:
    """Reconcile a flow that is open; `deliver` returns when what was appended is delivered, or why it cannot be.

    Raises:
        RemoteError: a side could not be read to its end; nothing of that type was delivered.
        StoreError: the store failed; what was stored before is kept.
    """
    before = await work.engine.counts(work.flow.name)
    reconciling = _Reconciling(work=work, stop=stop, deliver=deliver, max_wait=max_wait)
    for name in types:
        if reconciling.goes_on:
            await reconciling.one_type(work.plugins.types[name])
    after = await work.engine.counts(work.flow.name)
    report = ReconcileReport(
        flow=work.flow.name,
        state=work.spec.state,
        counts={name: each for name, each in counted_since(work.flow, before, after).items() if name in types},
        waiting=sum(each.get("waiting", 0) for each in after.values()),
        interrupted=stop.is_set(),
        error=reconciling.error,
        notes=tuple(dict.fromkeys([*notes, *reconciling.notes])),
        compared=reconciling.compared,
    )
    await _keep(work.engine, report, work.clock, redactor)
    work.plugins.observe("pullpush_flow_finished", flow=work.flow.name, counts=report.counts)
    return report


async def reconcile_beside(
    work: FlowWork, *, types: Sequence[str], stop: asyncio.Event, max_wait: float, redactor: Redactor
) -> ReconcileReport:
    """Reconcile a flow that something else delivers: what was appended is waited for, at most `max_wait` seconds.

    Raises what `reconcile_work` raises.
    """

    async def deliver() -> None:
        await _until_delivered(work, stop, max_wait)

    return await reconcile_work(work, types=types, stop=stop, deliver=deliver, max_wait=max_wait, redactor=redactor)


async def _until_delivered(work: FlowWork, stop: asyncio.Event, max_wait: float) -> None:
    """Until the flow has nothing left, or it takes too long."""
    end = work.clock.monotonic() + max_wait
    while not stop.is_set() and work.clock.monotonic() < end:
        counts = await work.engine.counts(work.flow.name)
        if not any(each.get("waiting") for each in counts.values()):
            return
        await wait_for_any([stop], _LOOK_SECONDS, work.clock)


async def last_reconcile(engine: Engine, flow: str) -> dict[str, Json] | None:
    """When the last reconcile ended, how, and what it found per type; None before the first."""
    kept = await engine.recall(f"flow-last-reconcile/{flow}")
    return kept if isinstance(kept, dict) else None


async def _keep(engine: Engine, report: ReconcileReport, clock: Clock, redactor: Redactor) -> None:
    value = {
        "at": instant_text(clock.now()),
        "ok": report.ok,
        "error": redactor.text(report.error_text),
        "interrupted": report.interrupted,
        "compared": {name: dict(each) for name, each in report.compared.items()},
        "counts": {name: dict(each) for name, each in report.counts.items()},
    }
    await engine.remember(f"flow-last-reconcile/{report.flow}", value)


@attrs.define(kw_only=True)
class _Reconciling:
    """A reconcile under way; `error` is why what it found cannot be delivered."""

    work: FlowWork
    stop: asyncio.Event
    deliver: Deliver
    max_wait: float
    error: PullPushError | None = None
    compared: dict[str, dict[str, int]] = attrs.field(factory=dict)
    notes: list[str] = attrs.field(factory=list)

    @property
    def goes_on(self) -> bool:
        """Whether the next type may begin."""
        return self.error is None and not self.stop.is_set()

    async def one_type(self, kind: CanonicalType) -> None:
        """Compare, deliver, and look how the destination holds it."""
        self.work.progress.type_started(self.work.flow.name, kind.name)
        await self.work.read_other_side(kind, stop=self.stop)
        if self.stop.is_set():
            return
        with Spill() as spill:
            found = await compare_type(self.work, kind, spill)
            if found.note:
                self.notes.append(f"{kind.name} was not compared: {found.note}")
                return
            self.compared[kind.name] = dict(found.counts)
            if found.counts["clash"]:
                self.notes.append(
                    f"{kind.name}: {found.counts['clash']} SKUs are carried by several records of one side and were "
                    f"left alone; pullpush preview {self.work.flow.name} names them"
                )
            if found.same:
                return
            stale = await self._append(kind, spill)
            self.error = await self.deliver()
            if stale:
                self.notes.append(f"{kind.name}: {stale} differences are older than what was delivered before")
            elif self.goes_on and self.work.spec.state == "active":
                await self._look_again(kind, spill)

    async def _append(self, kind: CanonicalType, spill: Spill) -> int:
        """Differences into the log, in chunks; the checkpoint stays where it is. How many the gate refused."""
        stale = 0
        for rows in spill.different(*self._delivered(kind)):
            if self.stop.is_set():
                break
            page = Page(events=[_event(kind, row) for row in rows], cursor=None)
            counts = await self.work.engine.append(self.work.spec, kind.name, page, reconcile=True)
            stale += counts.stale
            if counts.clashed:
                await settle_clashes(self.work.engine, self.work.spec, kind, self.work.source, which="new")
            settled = counts.read - counts.waiting
            self.work.progress.counted(self.work.flow.name, kind.name, read=counts.read, settled=settled)
        return stale

    def _delivered(self, kind: CanonicalType) -> tuple[Finding, ...]:
        """What the destination owns is not written over: the flow in the other direction puts the source right."""
        if self.work.opposite is None or self.work.spec.owner.get(kind.name) != "destination":
            return ("added", "changed")
        changed = self.compared[kind.name]["changed"]
        if changed:
            self.notes.append(
                f"{kind.name}: {changed} records that {self.work.flow.destination} owns differ; "
                f"pullpush reconcile {self.work.opposite.flow.name} delivers them"
            )
        return ("added",)

    async def _look_again(self, kind: CanonicalType, spill: Spill) -> None:
        """Read the destination once more: what was delivered and still differs is how it holds it."""
        await wait_for_any(
            [self.stop], min(self.work.spec.index_lag.get(kind.name, 0.0), self.max_wait), self.work.clock
        )
        await compare_again(self.work, kind, spill)
        pairs = {identity: digest for some in spill.digests("held") for identity, digest in some.items()}
        for some in spill.digests("changed", "added"):
            standings = await self.work.engine.standings(self.work.flow.name, kind.name, list(some))
            pairs |= {name: some[name] for name, standing in standings.items() if standing.state in _SETTLED}
        settled = Settled(self.work.engine, self.work.flow.name, kind.name)
        await settled.load()
        await settled.replace(pairs)


def _event(kind: CanonicalType, row: SourceRow) -> Event:
    fields = None if row.fields is None else frozenset(row.fields.split("\n"))
    return Event(
        type=kind.name,
        record=from_wire(kind, loads(row.wire)),
        version=row.version,
        fields=fields,
        native_id=row.native_id,
    )
