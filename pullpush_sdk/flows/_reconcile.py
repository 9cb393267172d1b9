"""Reconcile: deliver what differs between both sides of a flow, and nothing else.

What the source does not speak of is left alone: nothing is deleted, no quantity becomes zero. Differences go through
the flow's own log, so order per key and the gate hold as for any other event: a newer delivery is not overwritten.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any, Self

import attrs

from pullpush_sdk.canonical import CanonicalType, from_wire, instant_text, loads
from pullpush_sdk.clock import Clock, SystemClock
from pullpush_sdk.connector import Event, Page
from pullpush_sdk.engine.ports import Engine
from pullpush_sdk.errors import EngineError, LeaseLostError, StoreError
from pullpush_sdk.http import Redactor
from pullpush_sdk.plugins import Plugins
from pullpush_sdk.project import FlowConfig, Project

from ._abilities import require_abilities
from ._compare import chosen_types, compare_again, compare_type
from ._report import Progress, Silent, SyncReport
from ._settled import Settled
from ._spill import Finding, SourceRow, Spill
from ._states import flow_state
from ._sync import Run, difference_of, opened

__all__ = ["ReconcileReport", "last_reconcile", "reconcile_flow"]

Json = Any

_log = logging.getLogger("pullpush.flows")
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

    Takes turns with other runs of the flow: where something already dispatches it, the differences are left to that
    and waited for, at most `max_wait` seconds. Setting `stop` ends it gracefully between two pages.

    Raises:
        SetupError: the flow cannot start; nothing was read.
        RemoteError: a side could not be read to its end; nothing of that type was delivered.
        EngineError: the store failed; what was stored before is kept.
    """
    require_abilities(project, plugins, flow)
    chosen = chosen_types(flow, types)
    state = await flow_state(engine, flow)
    if state == "paused":
        note = f"{flow.name} is paused: nothing was compared; pullpush flow activate {flow.name} starts it"
        return ReconcileReport(flow=flow.name, state=state, counts={}, notes=(note,))
    time = clock or SystemClock()
    before = await engine.counts(flow.name)
    async with AsyncExitStack() as stack:
        run = await stack.enter_async_context(
            opened(project, plugins, engine, flow, state=state, redactor=redactor, progress=progress or Silent())
        )
        work = _Work(run=run, clock=time, stop=stop or asyncio.Event(), max_wait=max_wait)
        for name in chosen:
            if work.goes_on:
                await work.one_type(plugins.types[name])
    after = await engine.counts(flow.name)
    report = ReconcileReport(
        flow=flow.name,
        state=state,
        counts={name: each for name, each in difference_of(flow, before, after).items() if name in chosen},
        waiting=sum(each.get("waiting", 0) for each in after.values()),
        interrupted=work.stop.is_set(),
        error=run.error,
        notes=tuple(dict.fromkeys([*run.notes, *work.notes])),
        compared=work.compared,
    )
    await _keep(engine, report, time, redactor)
    plugins.observe("pullpush_flow_finished", flow=flow.name, counts=report.counts)
    return report


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
class _Work:
    """A reconcile under way."""

    run: Run
    clock: Clock
    stop: asyncio.Event
    max_wait: float
    compared: dict[str, dict[str, int]] = attrs.field(factory=dict)
    notes: list[str] = attrs.field(factory=list)

    @property
    def goes_on(self) -> bool:
        """Whether the next type may begin."""
        return self.run.error is None and not self.stop.is_set()

    async def one_type(self, kind: CanonicalType) -> None:
        """Compare, deliver, and look how the destination holds it."""
        self.run.progress.type_started(self.run.flow.name, kind.name)
        if not await self.run.read_other_side(kind):
            return
        with Spill() as spill:
            found = await compare_type(self.run, kind, spill, self.clock)
            if found.note:
                self.notes.append(f"{kind.name} was not compared: {found.note}")
                return
            self.compared[kind.name] = dict(found.counts)
            if found.same:
                return
            stale = await self._append(kind, spill)
            await self._deliver()
            if stale:
                self.notes.append(f"{kind.name}: {stale} differences are older than what was delivered before")
            elif self.goes_on and self.run.spec.state == "active":
                await self._look_again(kind, spill)

    async def _append(self, kind: CanonicalType, spill: Spill) -> int:
        """Differences into the log, in chunks; the checkpoint stays where it is. How many the gate refused."""
        stale = 0
        for rows in spill.different(*self._delivered(kind)):
            if self.stop.is_set():
                break
            page = Page(events=[_event(kind, row) for row in rows], cursor=None)
            counts = await self.run.engine.append(self.run.spec, kind.name, page, reconcile=True)
            stale += counts.stale
            settled = counts.read - counts.waiting
            self.run.progress.counted(self.run.flow.name, kind.name, read=counts.read, settled=settled)
        return stale

    def _delivered(self, kind: CanonicalType) -> tuple[Finding, ...]:
        """What the destination owns is not written over: the flow in the other direction puts the source right."""
        if self.run.opposite is None or self.run.spec.owner.get(kind.name) != "destination":
            return ("added", "changed")
        changed = self.compared[kind.name]["changed"]
        if changed:
            self.notes.append(
                f"{kind.name}: {changed} records that {self.run.flow.destination} owns differ; "
                f"pullpush reconcile {self.run.opposite.name} delivers them"
            )
        return ("added",)

    async def _deliver(self) -> None:
        try:
            await self.run.deliver_rest(self.stop, self.max_wait)
        except (StoreError, LeaseLostError):
            raise
        except EngineError as error:
            _log.debug("%s; waiting for it", error)
            await self._wait_until_delivered()

    async def _wait_until_delivered(self) -> None:
        """Something else dispatches this flow: until it has nothing left, or it takes too long."""
        end = self.clock.monotonic() + self.max_wait
        while not self.stop.is_set() and self.clock.monotonic() < end:
            counts = await self.run.engine.counts(self.run.flow.name)
            if not any(each.get("waiting") for each in counts.values()):
                return
            await self.clock.sleep(_LOOK_SECONDS)

    async def _look_again(self, kind: CanonicalType, spill: Spill) -> None:
        """Read the destination once more: what was delivered and still differs is how it holds it."""
        await self.clock.sleep(min(self.run.spec.index_lag.get(kind.name, 0.0), self.max_wait))
        await compare_again(self.run, kind, spill)
        pairs = {identity: digest for some in spill.digests("held") for identity, digest in some.items()}
        for some in spill.digests("changed", "added"):
            standings = await self.run.engine.standings(self.run.flow.name, kind.name, list(some))
            pairs |= {name: some[name] for name, standing in standings.items() if standing.state in _SETTLED}
        settled = Settled(self.run.engine, self.run.flow.name, kind.name)
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
