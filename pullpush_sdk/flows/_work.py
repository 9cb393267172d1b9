"""A flow with both ends open: reading a type to its end, and writing a batch. Who calls it decides when."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

import attrs

from pullpush_sdk.canonical import CanonicalType
from pullpush_sdk.clock import Clock
from pullpush_sdk.connector import Delivery, Outcome
from pullpush_sdk.engine.locations import LocationPlan
from pullpush_sdk.engine.ports import Engine, FlowSpec
from pullpush_sdk.errors import ContractError, StoreFullError, TransientError
from pullpush_sdk.plugins import Plugins
from pullpush_sdk.project import FlowConfig, Project

from ._abilities import require_abilities
from ._ahead import one_ahead
from ._locations import plan_locations, read_locations
from ._poll_lock import PollLocks
from ._pool import Connections, End
from ._report import Progress, speaking_of
from ._spec import flow_spec
from ._states import Import, State, imports_of, keep_import, read_again, set_read_again
from ._validate import checked, is_written_in_python

_STOCK = "stocklevel"
_TELL_SECONDS = 1.0


@attrs.define(kw_only=True)
class FlowWork:
    """What a flow does. `note` takes what a person should know of a good run."""

    flow: FlowConfig
    spec: FlowSpec
    source: End
    destination: End
    plugins: Plugins
    engine: Engine
    locks: PollLocks
    clock: Clock
    progress: Progress
    note: Callable[[str], None]

    async def read(self, kind: CanonicalType, *, stop: asyncio.Event) -> int:
        """Read what is new of a type and store it page by page; how many records that were.

        Waits for its turn where somebody else polls the connection. `stop` ends it behind the page under way. The
        first reading of all is a baseline: no observer is told of it, and newer events go first.

        Raises:
            RemoteError: the source failed; pages before it are kept.
            StoreFullError: there is no room for what would be read.
            StoreError: a page could not be stored; it is read again.
        """
        async with self.locks.hold(self.flow.source, stop=stop) as ours:
            if not ours:
                return 0
            if (pressure := await self.engine.pressure()) is not None:
                raise StoreFullError(f"nothing new is read: {pressure.reason}", hint=pressure.hint)
            with speaking_of(self.flow.source):
                return await self._read(kind, stop)

    async def _read(self, kind: CanonicalType, stop: asyncio.Event) -> int:
        again = await read_again(self.engine, self.flow, kind.name) if self.spec.state == "active" else None
        cursor = None if again == "start" else await self.engine.checkpoint(self.flow.name, kind.name)
        first = await self._first_reading(kind.name, cursor is None)
        pages = self.source.loaded.hook.pullpush_pull(
            connection=self.source.connection, canonical_type=kind.name, cursor=cursor
        )
        if pages is None:
            raise ContractError(f"{self.source.loaded.name} gave no pages of {kind.name}")
        foreign = is_written_in_python(self.source.loaded, "pullpush_pull")
        total, told = 0, self.clock.monotonic()
        async for page in one_ahead(pages, stop=stop):
            good = checked(page, kind) if foreign else page
            counts = await self.engine.append(
                self.spec,
                kind.name,
                good,
                reconcile=again is not None,
                baseline=first is not None or again is not None,
            )
            if again == "start":
                again = "running"
                await set_read_again(self.engine, self.flow, kind.name, again)
            if counts.ahead:
                self.note(
                    f"{kind.name}: {self.flow.source} dated records more than five minutes into the future; "
                    "they were taken as of now: compare the clocks"
                )
            total += counts.read
            self.progress.counted(self.flow.name, kind.name, read=counts.read, settled=counts.read - counts.waiting)
            if first is not None and self.clock.monotonic() - told >= _TELL_SECONDS:
                told = self.clock.monotonic()
                await keep_import(self.engine, self.flow.name, kind.name, attrs.evolve(first, read=first.read + total))
        ended = not stop.is_set()
        if again is not None and ended:
            await set_read_again(self.engine, self.flow, kind.name, None)
        if first is not None:
            done = attrs.evolve(first, read=first.read + total, ended=self.clock.now() if ended else None)
            await keep_import(self.engine, self.flow.name, kind.name, done)
        return total

    async def _first_reading(self, canonical_type: str, from_the_start: bool) -> Import | None:
        """The first reading that is under way, or begins now; None where the type was read before."""
        found = (await imports_of(self.engine, self.flow.name)).get(canonical_type)
        if found is not None:
            return None if found.ended else found
        if not from_the_start:
            return None
        # Noted before its first page: the rest of an import that is interrupted is no news either.
        found = Import(read=0, since=self.clock.now())
        await keep_import(self.engine, self.flow.name, canonical_type, found)
        return found

    async def push(self, canonical_type: str, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        """Write a batch; see `pullpush_push`."""
        answer = self.destination.loaded.hook.pullpush_push(
            connection=self.destination.connection, canonical_type=canonical_type, batch=batch
        )
        if answer is None:
            raise ContractError(f"{self.destination.loaded.name} did not take {canonical_type}")
        outcomes: Sequence[Outcome] = await answer
        return outcomes

    def delivered(self, flow: str, canonical_type: str, batch: Sequence[Delivery], outcomes: Sequence[Outcome]) -> None:
        """See `Observer`."""
        self.plugins.observe(
            "pullpush_delivered", flow=flow, canonical_type=canonical_type, batch=batch, outcomes=outcomes
        )

    def dead_letter(self, flow: str, canonical_type: str, reasons: Mapping[str, str]) -> None:
        """See `Observer`."""
        self.plugins.observe("pullpush_dead_letter", flow=flow, canonical_type=canonical_type, reasons=reasons)


@asynccontextmanager
async def open_work(
    project: Project,
    engine: Engine,
    flow: FlowConfig,
    *,
    connections: Connections,
    locks: PollLocks,
    state: State,
    clock: Clock,
    progress: Progress,
    note: Callable[[str], None],
) -> AsyncIterator[FlowWork]:
    """A flow with both ends open and its stock locations settled.

    Raises:
        SetupError: the flow cannot start.
        RemoteError: the locations could not be read, and are not known from before.
    """
    plugins = connections.plugins
    require_abilities(project, plugins, flow)
    async with connections.use_both(flow) as (source, destination):
        plan = await _settled_plan(project, engine, flow, source, destination)
        yield FlowWork(
            flow=flow,
            spec=flow_spec(project, plugins, flow, state=state, plan=plan),
            source=source,
            destination=destination,
            plugins=plugins,
            engine=engine,
            locks=locks,
            clock=clock,
            progress=progress,
            note=note,
        )


async def _settled_plan(
    project: Project, engine: Engine, flow: FlowConfig, source: End, destination: End
) -> LocationPlan:
    """The flow's location plan; the one of last time where a platform does not answer now."""
    if _STOCK not in flow.types:
        return LocationPlan()
    there = []
    name = f"flow-locations/{flow.name}"
    asked = {"moves": dict(flow.locations), "sums": {each: list(places) for each, places in flow.sums.items()}}
    for each in (source, destination):
        try:
            with speaking_of(each.connection.name):
                there.append(await read_locations(each.loaded, each.connection))
        except TransientError:
            kept = await engine.recall(name)
            if not isinstance(kept, dict) or kept["asked"] != asked:
                raise
            return LocationPlan(moves=kept["moves"], sums=kept["sums"])
    plan = plan_locations(project, flow, there[0], there[1])
    sums = {each: list(places) for each, places in plan.sums.items()}
    value = {"asked": asked, "moves": dict(plan.moves), "sums": sums}
    if await engine.recall(name) != value:
        await engine.remember(name, value)
    return plan
