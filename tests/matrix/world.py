"""Two platforms on this machine, one project file between them, and a clock that nobody waits for."""

from __future__ import annotations

import importlib.util
from collections import Counter
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import attrs

from pullpush_sdk.canonical import from_wire
from pullpush_sdk.connector import Event, Page, version_of
from pullpush_sdk.engine.open import open_engine
from pullpush_sdk.flows import read_locations, sync_flow
from pullpush_sdk.flows._poll_lock import PollLocks
from pullpush_sdk.flows._pool import Connections
from pullpush_sdk.flows._report import Silent
from pullpush_sdk.flows._states import flow_state
from pullpush_sdk.flows._work import open_work
from pullpush_sdk.http import Redactor
from pullpush_sdk.plugins import find_sources, load_plugins
from pullpush_sdk.project import FILE_NAME, engine_url, ensure_state_dir, load_project
from pullpush_sdk.project.connect import open_connection
from pullpush_sdk.sandbox import SandboxClock, SandboxOptions, serve
from pullpush_sdk.testing.clock import VirtualClock

PLATFORMS = ("linnworks", "magento", "salla", "shopify")
# Products first: a stock level finds its product, an order its lines; stock next: what is out of stock is not sold.
ORDER = ("product", "contact", "stocklevel", "order", "invoice")
CURRENCY = "SAR"
"""Of every shop: a price in another one is refused, which is a test of its own."""
ORDERS_ALLOWED = {"magento": {"orders_reserve_stock": True, "orders_send_mail": True, "missing_phone": "+966500000000"}}
"""What must be said before a platform takes orders at all."""


class Told:
    """A plugin that keeps every outcome of every delivery, in order."""

    def __init__(self):
        self.outcomes = []

    def by(self, plugins):
        """The plugins with every push written down: a first import is no news to observers."""
        return attrs.evolve(
            plugins,
            connectors={
                name: attrs.evolve(each, hook=_Recorded(each.hook, self.outcomes))
                for name, each in plugins.connectors.items()
            },
        )


class _Recorded:
    """A connector's hooks that tell of every outcome."""

    def __init__(self, good, kept):
        self._good, self._kept = good, kept

    def __getattr__(self, name):
        return getattr(self._good, name)

    def pullpush_push(self, connection, canonical_type, batch):
        return self._told(connection, canonical_type, batch)

    async def _told(self, connection, canonical_type, batch):
        outcomes = await self._good.pullpush_push(connection=connection, canonical_type=canonical_type, batch=batch)
        flow = "there" if connection.name == "right" else "back"
        self._kept.extend((flow, canonical_type, each, outcome) for each, outcome in zip(batch, outcomes, strict=True))
        return outcomes


def load():
    """The four platforms."""
    return load_plugins([each for each in find_sources() if each.name in PLATFORMS])


PLUGINS = load()


def shared_types(source, destination):
    """What the one reads and the other writes, in the order in which a flow runs it."""
    reads, writes = PLUGINS.connector(source).connector.reads, PLUGINS.connector(destination).connector.writes
    return [name for name in ORDER if name in reads & writes]


def no_data_cases(platform):
    """Every form of "no data" of a platform, beside its real zeros, as its own tests have them."""
    path = next((Path(__file__).parents[2] / "plugins" / platform).rglob("no_data_cases.py"))
    spec = importlib.util.spec_from_file_location(f"no_data_cases_of_{platform}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.CASES


@attrs.frozen(kw_only=True)
class End:
    """One side: which platform, its settings, and how its sandbox is built."""

    connector: str
    records: int = 8
    seed: int = 0
    rate_limits: bool = False
    settings: dict = attrs.field(factory=dict)
    extra: dict = attrs.field(factory=dict)

    def sandbox(self, clock):
        """The platform on this machine."""
        extra = {"currency": CURRENCY} if self.connector == "linnworks" else {}
        options = SandboxOptions(
            records=self.records,
            seed=self.seed,
            rate_limits=self.rate_limits,
            extra={**extra, **self.extra},
            clock=clock,
        )
        return PLUGINS.connector(self.connector).hook.pullpush_sandbox(options=options)


@attrs.define(kw_only=True)
class World:
    """Both sides with the engine between them."""

    boxes: dict[str, Any]
    project: Any
    plugins: Any
    clock: Any
    told: Told
    engine: Any = None
    _opened: AsyncExitStack = attrs.field(factory=AsyncExitStack)

    async def open(self):
        """Open the engine and take it for this process."""
        self.engine = open_engine(engine_url(self.project), clock=self.clock, types=self.plugins.types)
        await self._opened.enter_async_context(self.engine)
        await self._opened.enter_async_context(self.engine.hold())

    async def close(self):
        """Leave the engine to another process."""
        await self._opened.aclose()

    async def give(self, kind, *wires, flow="there"):
        """Records enter a flow as if its source had told them just now."""
        self.clock.advance(1)
        version = version_of(self.clock.now())
        spec = await self._spec(self.project.flow(flow))
        events = [
            Event(type=kind, record=from_wire(self.plugins.types[kind], wire), version=version + number)
            for number, wire in enumerate(wires)
        ]
        cursor = await self.engine.checkpoint(flow, kind)
        await self.engine.append(spec, kind, Page(events=events, cursor=cursor))

    async def _spec(self, flow):
        """The engine's view of a flow, its stock locations settled."""
        own = Connections(project=self.project, plugins=self.plugins, redactor=Redactor(), clock=self.clock)
        opening = {"locks": PollLocks.of(self.project, self.clock), "clock": self.clock, "progress": Silent()}
        state = await flow_state(self.engine, flow)
        async with own as connections:
            work = open_work(
                self.project, self.engine, flow, connections=connections, state=state, note=lambda _: None, **opening
            )
            async with work as opened:
                return opened.spec

    async def sync(self, flow="there", *, max_wait=3600.0):
        """One run of a flow, which must come to its end."""
        return await sync_flow(
            self.project,
            self.plugins,
            self.engine,
            self.project.flow(flow),
            redactor=Redactor(),
            max_wait=max_wait,
            clock=self.clock,
        )

    async def until_done(self, flow="there", *, most=40):
        """Runs of a flow until one reads to the end and leaves nothing; their counts, added up."""
        added, last = {}, None
        for _ in range(most):
            last = await self.sync(flow)
            for kind, counts in last.counts.items():
                added[kind] = added.get(kind, Counter()) + Counter(counts)
            if last.error is None and not last.waiting:
                return added
            self.clock.advance(30)
        raise AssertionError(f"not done after {most} runs: {last}")

    async def records(self, side, kind, **settings):
        """What a connection shows of a type: identity to record."""
        async with self.connection(side, **settings) as (connection, loaded):
            pages = loaded.hook.pullpush_pull(connection=connection, canonical_type=kind, cursor=None)
            events = [event async for page in pages for event in page.events]
        return {self.plugins.types[kind].identity(event.record): event.record for event in events}

    @asynccontextmanager
    async def connection(self, side, **settings):
        """An open connection and its connector, without faults."""
        project = self.project
        if settings:
            config = project.connections[side]
            config = attrs.evolve(config, settings={**config.settings, **settings})
            project = attrs.evolve(project, connections={**project.connections, side: config})
        async with open_connection(project, side, self.plugins, clock=self.clock) as connection:
            yield connection, self.plugins.connector(connection.connector.name)

    async def letters(self):
        """Dead letters as (type, key, reason)."""
        return [(each.type, each.key, each.reason) for each in await self.engine.dead_letters()]

    def outcomes(self, kind, flow="there"):
        """The last outcome per identity of what was pushed."""
        return {
            delivery.identity: outcome
            for name, found, delivery, outcome in self.told.outcomes
            if name == flow and found == kind
        }

    def change(self, side, kind, **values):
        """A merchant's edit, a second after whatever was before."""
        self.clock.advance(1)
        return self.boxes[side].control.change(kind, **values)

    def faults(self, *rules):
        """The same plan at both sides, each with dice of its own."""
        for number, box in enumerate(self.boxes.values()):
            box.control.faults.replace([{**rule, "seed": rule.get("seed", 0) * 2 + number} for rule in rules])


def _value(value):
    return str(value).lower() if isinstance(value, bool) else f'"{value}"'


def _table(name, end, url, sandbox, setenv):
    lines = [f"[connections.{name}]", f'connector = "{end.connector}"', f'sandbox = "{url}"']
    known = PLUGINS.connector(end.connector).connector.settings.get("properties", {})
    settings = {key: value for key, value in sandbox.settings.items() if key in known} | end.settings
    lines += [f"{key} = {_value(value)}" for key, value in settings.items()]
    for key, secret in sandbox.secrets.items():
        variable = f"{name}_{key}".upper()
        setenv(variable, secret)
        lines.append(f'{key} = {{env = "{variable}"}}')
    return "\n".join(lines)


def _flow(name, source, destination, types):
    text = f'[flows.{name}]\nsource = "{source}"\ndestination = "{destination}"\ntypes = {list(types)}\n'
    text += 'state = "active"\n'
    return text.replace("'", '"')


@asynccontextmanager
async def world(folder, setenv, left, right, types, *, clock=None, back=False, place=None, in_front=None):
    """Both sides served, and an active flow `there`; with `back` also the flow back.

    Stock goes from the first place of the one side to the
    first of the other, or between the two that `place` names. `in_front` puts something of a test's own in front of
    a side's app.
    """
    clock, told = clock or VirtualClock(), Told()
    ends = {"left": left, "right": right}
    boxes = {name: end.sandbox(SandboxClock(source=clock.monotonic, start=clock.now())) for name, end in ends.items()}
    apps = {side: in_front(side, box.app) if in_front else box.app for side, box in boxes.items()}
    async with serve(apps["left"]) as left_url, serve(apps["right"]) as right_url:
        urls = {"left": left_url, "right": right_url}
        tables = [_table(name, end, urls[name], boxes[name], setenv) for name, end in ends.items()]
        flows = [_flow("there", "left", "right", types)]
        flows += [_flow("back", "right", "left", types)] if back else []
        (folder / FILE_NAME).write_text("\n\n".join([*tables, *flows]))
        plugins = told.by(load())
        assert not plugins.failures, plugins.failures
        if "stocklevel" in types:
            here, there = place or await _first_places(load_project(folder), plugins, clock)
            maps = [f'[flows.there.locations]\n"{here}" = "{there}"\n']
            maps += [f'[flows.back.locations]\n"{there}" = "{here}"\n'] if back else []
            (folder / FILE_NAME).write_text("\n\n".join([*tables, *flows, *maps]))
        project = load_project(folder)
        ensure_state_dir(project)
        both = World(boxes=boxes, project=project, plugins=plugins, clock=clock, told=told)
        await both.open()
        try:
            yield both
        finally:
            await both.close()


async def _first_places(project, plugins, clock):
    found = []
    for name in ("left", "right"):
        async with open_connection(project, name, plugins, clock=clock) as connection:
            places = await read_locations(plugins.connector(connection.connector.name), connection)
            found.append(next((each.id for each in places if each.active), ""))
    return found
