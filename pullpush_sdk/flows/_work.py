"""A flow with both ends open: reading a type to its end, and writing a batch. Who calls it decides when."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import attrs

from pullpush_sdk.canonical import CanonicalType
from pullpush_sdk.clock import Clock
from pullpush_sdk.connector import Delivery, Location, Outcome
from pullpush_sdk.engine.conflict import has_shared_keys
from pullpush_sdk.engine.locations import LocationPlan
from pullpush_sdk.engine.ports import Engine, FlowSpec
from pullpush_sdk.errors import ContractError, SetupError, StoreFullError, TransientError, UnavailableError
from pullpush_sdk.plugins import Plugins, asked, pages_of
from pullpush_sdk.project import FlowConfig, Project

from ._abilities import require_abilities
from ._ahead import one_ahead
from ._clashes import settle_clashes
from ._locations import plan_locations, read_locations
from ._measured import Pages, measured_push
from ._poll_lock import PollLocks
from ._pool import Connections, End
from ._report import Progress, speaking_of
from ._spec import flow_spec, opposite_of
from ._states import Import, State, flow_state, imports_of, keep_import, read_again, set_read_again
from ._validate import checked, is_written_in_python

Json = Any
_STOCK = "stocklevel"
_TELL_SECONDS = 1.0


@attrs.frozen(kw_only=True)
class Opposite:
    """The flow that goes the other way between the same two ends."""

    flow: FlowConfig
    spec: FlowSpec


@attrs.define(kw_only=True)
class FlowWork:
    """What a flow does. `note` takes what a person should know of a good run.

    `opposite` is the flow that writes back what this one's destination holds, None without one.
    """

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
    opposite: Opposite | None = None

    async def read(self, kind: CanonicalType, *, stop: asyncio.Event) -> int:
        """Read what is new of a type and store it page by page; how many records that were.

        Waits for its turn where somebody else polls the connection. `stop` ends it behind the page under way. The
        first reading of all is a baseline: no observer is told of it, and newer events go first.

        Raises:
            RemoteError: the source failed; pages before it are kept.
            StoreFullError: there is no room for what would be read.
            StoreError: a page could not be stored; it is read again.
        """
        return await self._read(self.flow, self.spec, self.source, kind, stop)

    async def read_other_side(self, kind: CanonicalType, *, stop: asyncio.Event) -> None:
        """What changed at the destination of a two-way pair goes into the log before anything is written over it.

        So a conflict is seen, and settled by owner or version. Comes before `read`, and raises what it raises.
        """
        if self.opposite is None or self.spec.state != "active" or kind.name not in self.opposite.spec.types:
            return
        shared = has_shared_keys(kind, self.spec.match.get(kind.name))
        if not shared or await flow_state(self.engine, self.opposite.flow) != "active":
            return
        await self._read(self.opposite.flow, self.opposite.spec, self.destination, kind, stop)

    async def _read(self, flow: FlowConfig, spec: FlowSpec, end: End, kind: CanonicalType, stop: asyncio.Event) -> int:
        async with self.locks.hold(flow.source, stop=stop) as ours:
            if not ours:
                return 0
            if (pressure := await self.engine.pressure()) is not None:
                raise StoreFullError(f"nothing new is read: {pressure.reason}", hint=pressure.hint)
            with speaking_of(flow.source):
                return await self._pages(flow, spec, end, kind, stop)

    async def _pages(self, flow: FlowConfig, spec: FlowSpec, end: End, kind: CanonicalType, stop: asyncio.Event) -> int:
        again = await read_again(self.engine, flow, kind.name) if spec.state == "active" else None
        cursor = None if again == "start" else await self.engine.checkpoint(flow.name, kind.name)
        first = await self._first_reading(flow.name, kind.name, cursor is None)
        pages = pages_of(
            end.loaded, "pullpush_pull", connection=end.connection, canonical_type=kind.name, cursor=cursor
        )
        if pages is None:
            raise ContractError(f"{end.loaded.name} gave no pages of {kind.name}")
        foreign = is_written_in_python(end.loaded, "pullpush_pull")
        total, told = 0, self.clock.monotonic()
        measured = Pages(spec, kind.name, self.plugins, self.clock)
        async for page in one_ahead(pages, stop=stop):
            good = checked(page, kind) if foreign else page
            counts = await self.engine.append(
                spec,
                kind.name,
                good,
                reconcile=again is not None,
                baseline=first is not None or again is not None,
            )
            measured.stored(counts)
            if counts.clashed:
                await settle_clashes(self.engine, spec, kind, end, which="new")
            if again == "start":
                again = "running"
                await set_read_again(self.engine, flow, kind.name, again)
            if counts.ahead:
                self.note(
                    f"{kind.name}: {flow.source} dated records more than five minutes into the future; "
                    "they were taken as of now: compare the clocks"
                )
            total += counts.read
            if flow is self.flow:
                self.progress.counted(flow.name, kind.name, read=counts.read, settled=counts.read - counts.waiting)
            if first is not None and self.clock.monotonic() - told >= _TELL_SECONDS:
                told = self.clock.monotonic()
                await keep_import(self.engine, flow.name, kind.name, attrs.evolve(first, read=first.read + total))
        ended = not stop.is_set()
        if ended:
            await settle_clashes(self.engine, spec, kind, end, which="longest")
        if again is not None and ended:
            await set_read_again(self.engine, flow, kind.name, None)
        if first is not None:
            done = attrs.evolve(first, read=first.read + total, ended=self.clock.now() if ended else None)
            await keep_import(self.engine, flow.name, kind.name, done)
        return total

    async def _first_reading(self, flow: str, canonical_type: str, from_the_start: bool) -> Import | None:
        """The first reading that is under way, or begins now; None where the type was read before."""
        found = (await imports_of(self.engine, flow)).get(canonical_type)
        if found is not None:
            return None if found.ended else found
        if not from_the_start:
            return None
        # Noted before its first page: the rest of an import that is interrupted is no news either.
        found = Import(read=0, since=self.clock.now())
        await keep_import(self.engine, flow, canonical_type, found)
        return found

    async def push(self, canonical_type: str, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        """Write a batch; see `pullpush_push`."""
        with measured_push(self.spec, canonical_type, batch, self.plugins, self.clock) as answered:
            loaded = self.destination.loaded
            outcomes: Sequence[Outcome] | None = await asked(
                loaded,
                "pullpush_push",
                connection=self.destination.connection,
                canonical_type=canonical_type,
                batch=batch,
            )
            if outcomes is None:
                raise ContractError(f"{loaded.name} did not take {canonical_type}")
            answered.outcomes = outcomes
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
        locations: dict[str, list[Location]] = {}
        plan = await _settled_plan(project, engine, flow, source, destination, locations)
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
            opposite=await _opposite(project, plugins, engine, flow, source, destination, locations),
        )


async def _opposite(  # noqa: PLR0917 - what opening a flow knows
    project: Project,
    plugins: Plugins,
    engine: Engine,
    flow: FlowConfig,
    source: End,
    destination: End,
    locations: dict[str, list[Location]],
) -> Opposite | None:
    """The flow in the other direction. One that cannot start is in nobody's way as long as it is not to write."""
    other = opposite_of(project, flow)
    if other is None:
        return None
    try:
        plan = await _settled_plan(project, engine, other, destination, source, locations)
    except SetupError:
        if await flow_state(engine, other) == "active":
            raise
        return None
    return Opposite(flow=other, spec=flow_spec(project, plugins, other, state="active", plan=plan))


async def known_spec(project: Project, plugins: Plugins, engine: Engine, flow: FlowConfig, state: State) -> FlowSpec:
    """A flow as it is known before any of its ends is open: with the locations of last time.

    Raises:
        SetupError: the flow cannot start.
        UnavailableError: its locations were never read.
    """
    require_abilities(project, plugins, flow)
    plan = LocationPlan()
    if _STOCK in flow.types:
        kept = await _kept_plan(engine, flow)
        if kept is None:
            raise UnavailableError(f"the stock locations of flow {flow.name!r} are not known yet")
        plan = kept
    return flow_spec(project, plugins, flow, state=state, plan=plan)


async def _kept_plan(engine: Engine, flow: FlowConfig) -> LocationPlan | None:
    """The plan of last time; None where there is none, or the project file asks for another one."""
    kept = await engine.recall(f"flow-locations/{flow.name}")
    if not isinstance(kept, dict) or kept["asked"] != _asked(flow):
        return None
    return LocationPlan(moves=kept["moves"], sums=kept["sums"])


def _asked(flow: FlowConfig) -> Json:
    return {"moves": dict(flow.locations), "sums": {each: list(places) for each, places in flow.sums.items()}}


async def _settled_plan(  # noqa: PLR0917 - as above
    project: Project,
    engine: Engine,
    flow: FlowConfig,
    source: End,
    destination: End,
    locations: dict[str, list[Location]],
) -> LocationPlan:
    """The flow's location plan; the one of last time where a platform does not answer now.

    `locations` keeps what was read of each connection.
    """
    if _STOCK not in flow.types:
        return LocationPlan()
    there = []
    for each in (source, destination):
        try:
            if each.connection.name not in locations:
                with speaking_of(each.connection.name):
                    locations[each.connection.name] = await read_locations(each.loaded, each.connection)
            there.append(locations[each.connection.name])
        except TransientError:
            kept = await _kept_plan(engine, flow)
            if kept is None:
                raise
            return kept
    plan = plan_locations(project, flow, there[0], there[1])
    sums = {each: list(places) for each, places in plan.sums.items()}
    name = f"flow-locations/{flow.name}"
    value = {"asked": _asked(flow), "moves": dict(plan.moves), "sums": sums}
    if await engine.recall(name) != value:
        await engine.remember(name, value)
    return plan
