"""Two platforms on this machine, one project file between them, and a clock that nobody waits for.

The whole way of a record is tried: the real flow, engine, client and sandbox; what is not real is the wait.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import attrs
from starlette.types import ASGIApp

from pullpush_sdk.canonical import from_wire
from pullpush_sdk.connector import Connection, Delivery, Event, Outcome, Page, version_of
from pullpush_sdk.engine.open import open_engine
from pullpush_sdk.engine.ports import Engine, FlowSpec
from pullpush_sdk.flows import Connections, Silent, SyncReport, flow_state, read_locations, sync_flow
from pullpush_sdk.flows._poll_lock import PollLocks
from pullpush_sdk.flows._work import open_work
from pullpush_sdk.http import Redactor
from pullpush_sdk.plugins import LoadedConnector, Plugins
from pullpush_sdk.project import FILE_NAME, FlowConfig, Project, engine_url, ensure_state_dir, load_project
from pullpush_sdk.project.connect import open_connection
from pullpush_sdk.sandbox import Sandbox, SandboxClock, SandboxOptions, serve
from pullpush_sdk.testing.clock import VirtualClock
from pullpush_sdk.testing.conformance import Subject

__all__ = ["End", "Told", "World", "world"]

Json = Any
_SIDES = ("left", "right")


@attrs.frozen(kw_only=True)
class End:
    """One side: which connector, its settings, and how its sandbox is built."""

    connector: str
    records: int = 8
    seed: int = 0
    rate_limits: bool = False
    settings: Mapping[str, Json] = attrs.field(factory=dict)
    extra: Mapping[str, str] = attrs.field(factory=dict)

    def sandbox(self, plugins: Plugins, clock: SandboxClock) -> Sandbox:
        """The platform on this machine."""
        options = SandboxOptions(
            records=self.records, seed=self.seed, rate_limits=self.rate_limits, extra=dict(self.extra), clock=clock
        )
        return Subject.of(plugins, self.connector).sandbox(options)


@attrs.frozen
class Told:
    """Every outcome of every delivery, in order: (flow, canonical type, delivery, outcome)."""

    outcomes: list[tuple[str, str, Delivery, Outcome]] = attrs.field(factory=list)

    def by(self, plugins: Plugins) -> Plugins:
        """The plugins with every push written down: a first import is no news to observers."""
        recorded = {
            name: attrs.evolve(each, hook=_Recorded(each.hook, self.outcomes))
            for name, each in plugins.connectors.items()
        }
        return attrs.evolve(plugins, connectors=recorded)


class _Recorded:
    """A connector's hooks that tell of every outcome."""

    def __init__(self, good: Any, kept: list[tuple[str, str, Delivery, Outcome]]) -> None:
        self._good, self._kept = good, kept

    def __getattr__(self, name: str) -> Any:
        return getattr(self._good, name)

    async def pullpush_push(
        self, connection: Connection, canonical_type: str, batch: Sequence[Delivery]
    ) -> Sequence[Outcome]:
        """As the good one, and written down."""
        outcomes: Sequence[Outcome] = await self._good.pullpush_push(
            connection=connection, canonical_type=canonical_type, batch=batch
        )
        flow = "there" if connection.name == "right" else "back"
        self._kept.extend((flow, canonical_type, each, outcome) for each, outcome in zip(batch, outcomes, strict=True))
        return outcomes


@attrs.define(kw_only=True)
class World:
    """Both sides (`left`, `right`) with the engine between them; `boxes` are their sandboxes."""

    boxes: Mapping[str, Sandbox]
    project: Project
    plugins: Plugins
    clock: VirtualClock
    told: Told
    engine: Engine = attrs.field(init=False)
    _opened: AsyncExitStack = attrs.field(factory=AsyncExitStack)

    async def open(self) -> None:
        """Open the engine and take it for this process."""
        self.engine = open_engine(engine_url(self.project), clock=self.clock, types=self.plugins.types)
        await self._opened.enter_async_context(self.engine)
        await self._opened.enter_async_context(self.engine.hold())

    async def close(self) -> None:
        """Leave the engine to another process."""
        await self._opened.aclose()

    async def give(self, kind: str, *wires: Mapping[str, Json], flow: str = "there") -> None:
        """Records enter a flow as if its source had told them just now."""
        self.clock.advance(1)
        version = version_of(self.clock.now())
        spec = await self._spec(self.project.flow(flow))
        events = [
            Event(type=kind, record=from_wire(self.plugins.types[kind], dict(wire)), version=version + number)
            for number, wire in enumerate(wires)
        ]
        cursor = await self.engine.checkpoint(flow, kind)
        await self.engine.append(spec, kind, Page(events=events, cursor=cursor))

    async def _spec(self, flow: FlowConfig) -> FlowSpec:
        """The engine's view of a flow, its stock locations settled."""
        state = await flow_state(self.engine, flow)
        async with (
            Connections(
                project=self.project, plugins=self.plugins, redactor=Redactor(), clock=self.clock
            ) as connections,
            open_work(
                self.project,
                self.engine,
                flow,
                connections=connections,
                locks=PollLocks.of(self.project, self.clock),
                state=state,
                clock=self.clock,
                progress=Silent(),
                note=lambda _: None,
            ) as opened,
        ):
            return opened.spec

    async def sync(self, flow: str = "there", *, max_wait: float = 3600.0) -> SyncReport:
        """One run of a flow."""
        return await sync_flow(
            self.project,
            self.plugins,
            self.engine,
            self.project.flow(flow),
            redactor=Redactor(),
            max_wait=max_wait,
            clock=self.clock,
        )

    async def until_done(self, flow: str = "there", *, most: int = 40) -> dict[str, Counter[str]]:
        """Runs of a flow until one reads to the end and leaves nothing; their counts, added up.

        Raises:
            AssertionError: that had not happened after `most` runs.
        """
        added: dict[str, Counter[str]] = {}
        last: SyncReport | None = None
        for _ in range(most):
            last = await self.sync(flow)
            for kind, counts in last.counts.items():
                added[kind] = added.get(kind, Counter()) + Counter(counts)
            if last.error is None and not last.waiting:
                return added
            self.clock.advance(30)
        raise AssertionError(f"not done after {most} runs: {last}")

    async def records(self, side: str, kind: str, **settings: Json) -> dict[str, Any]:
        """What a connection shows of a type: identity to record."""
        async with self.connection(side, **settings) as (connection, loaded):
            pages = loaded.hook.pullpush_pull(connection=connection, canonical_type=kind, cursor=None)
            events = [event async for page in pages for event in page.events]
        return {self.plugins.types[kind].identity(event.record): event.record for event in events}

    @asynccontextmanager
    async def connection(self, side: str, **settings: Json) -> AsyncIterator[tuple[Connection, LoadedConnector]]:
        """An open connection and its connector; `settings` are laid over the project's."""
        project = self.project
        if settings:
            config = project.connections[side]
            config = attrs.evolve(config, settings={**config.settings, **settings})
            project = attrs.evolve(project, connections={**project.connections, side: config})
        async with open_connection(project, side, self.plugins, clock=self.clock) as connection:
            yield connection, self.plugins.connector(connection.connector.name)

    async def letters(self) -> list[tuple[str, str, str]]:
        """Dead letters as (type, key, reason)."""
        return [(each.type, each.key, each.reason) for each in await self.engine.dead_letters()]

    def outcomes(self, kind: str, flow: str = "there") -> dict[str, Outcome]:
        """The last outcome per identity of what was pushed."""
        return {
            delivery.identity: outcome
            for name, found, delivery, outcome in self.told.outcomes
            if name == flow and found == kind
        }

    def change(self, side: str, kind: str, **values: Json) -> Mapping[str, Any]:
        """A merchant's edit, a second after whatever was before."""
        self.clock.advance(1)
        return self.boxes[side].control.change(kind, **values)

    def faults(self, *rules: Mapping[str, Json]) -> None:
        """The same plan at both sides, each with dice of its own."""
        for number, box in enumerate(self.boxes.values()):
            box.control.faults.replace([{**rule, "seed": rule.get("seed", 0) * 2 + number} for rule in rules])


@asynccontextmanager
async def world(
    folder: Path,
    setenv: Callable[[str, str], None],
    left: End,
    right: End,
    types: Sequence[str],
    *,
    plugins: Plugins,
    clock: VirtualClock | None = None,
    back: bool = False,
    place: tuple[str, str] | None = None,
    in_front: Callable[[str, ASGIApp], ASGIApp] | None = None,
) -> AsyncIterator[World]:
    """Both sides served, a project in `folder`, and an active flow `there`; with `back` also the flow back.

    Secrets go into environment variables by `setenv` (pytest's `monkeypatch.setenv`). Stock goes from the first place
    of the one side to the first of the other, or between the two that `place` names. `in_front` puts something of a
    test's own in front of a side's app.
    """
    ticking, told = clock or VirtualClock(), Told()
    ends = dict(zip(_SIDES, (left, right), strict=True))
    boxes = {
        name: end.sandbox(plugins, SandboxClock(source=ticking.monotonic, start=ticking.now()))
        for name, end in ends.items()
    }
    apps = {side: in_front(side, box.app) if in_front else box.app for side, box in boxes.items()}
    async with serve(apps["left"]) as left_url, serve(apps["right"]) as right_url:
        urls = {"left": left_url, "right": right_url}
        tables = [_table(name, end, urls[name], boxes[name], plugins, setenv) for name, end in ends.items()]
        flows = [_flow("there", "left", "right", types)]
        flows += [_flow("back", "right", "left", types)] if back else []
        file = folder / FILE_NAME
        file.write_text("\n\n".join([*tables, *flows]), encoding="utf-8")
        if "stocklevel" in types:
            here, there = place or await _first_places(load_project(folder), plugins, ticking)
            maps = [f'[flows.there.locations]\n"{here}" = "{there}"\n']
            maps += [f'[flows.back.locations]\n"{there}" = "{here}"\n'] if back else []
            file.write_text("\n\n".join([*tables, *flows, *maps]), encoding="utf-8")
        project = load_project(folder)
        ensure_state_dir(project)
        both = World(boxes=boxes, project=project, plugins=told.by(plugins), clock=ticking, told=told)
        await both.open()
        try:
            yield both
        finally:
            await both.close()


def _table(  # noqa: PLR0917 - what a table is made of
    name: str, end: End, url: str, sandbox: Sandbox, plugins: Plugins, setenv: Callable[[str, str], None]
) -> str:
    lines = [f"[connections.{name}]", f'connector = "{end.connector}"', f'sandbox = "{url}"']
    known = plugins.connector(end.connector).connector.settings.get("properties", {})
    settings = {key: value for key, value in sandbox.settings.items() if key in known} | dict(end.settings)
    lines += [f"{key} = {_value(value)}" for key, value in settings.items()]
    lines += _secret_lines(name, sandbox, setenv)
    return "\n".join(lines)


def _secret_lines(name: str, sandbox: Sandbox, setenv: Callable[[str, str], None]) -> Iterator[str]:
    for key, secret in sandbox.secrets.items():
        variable = f"{name}_{key}".upper()
        setenv(variable, secret)
        yield f'{key} = {{env = "{variable}"}}'


def _value(value: Json) -> str:
    return str(value).lower() if isinstance(value, bool) else f'"{value}"'


def _flow(name: str, source: str, destination: str, types: Sequence[str]) -> str:
    listed = ", ".join(f'"{each}"' for each in types)
    return f'[flows.{name}]\nsource = "{source}"\ndestination = "{destination}"\ntypes = [{listed}]\nstate = "active"\n'


async def _first_places(project: Project, plugins: Plugins, clock: VirtualClock) -> tuple[str, str]:
    found = []
    for name in _SIDES:
        async with open_connection(project, name, plugins, clock=clock) as connection:
            places = await read_locations(plugins.connector(connection.connector.name), connection)
            found.append(next((each.id for each in places if each.active), ""))
    return found[0], found[1]
