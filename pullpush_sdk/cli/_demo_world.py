"""The stage of the demonstration: two sandboxes on loopback, a project in a temporary folder, its store."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from pullpush_sdk.clock import SystemClock
from pullpush_sdk.connector import Connection, Event, Location
from pullpush_sdk.engine.open import open_engine
from pullpush_sdk.engine.ports import Engine
from pullpush_sdk.flows import plan_locations, read_locations
from pullpush_sdk.plugins import LoadedConnector, Plugins
from pullpush_sdk.project import FILE_NAME, Project, engine_url, ensure_state_dir, load_project
from pullpush_sdk.project.connect import open_connection
from pullpush_sdk.sandbox import Sandbox, SandboxOptions, serve

from ._snippets import key, sandbox_connection, value

if TYPE_CHECKING:
    from pullpush_sdk.engine.locations import LocationPlan

    from ._session import Session

STOCK = "stocklevel"


@attrs.frozen(kw_only=True)
class Shop:
    """One platform of the demonstration."""

    name: str
    loaded: LoadedConnector
    sandbox: Sandbox
    connection: Connection

    async def stock(self) -> list[Event]:
        """The whole stock as the platform holds it now, read by its own connector."""
        hook = self.loaded.hook
        pages = hook.pullpush_snapshot(connection=self.connection, canonical_type=STOCK)
        if pages is None:
            pages = hook.pullpush_pull(connection=self.connection, canonical_type=STOCK, cursor=None)
        return [event async for page in pages for event in page.events]


@attrs.frozen(kw_only=True)
class World:
    """Everything the demonstration acts on; `left_out` says in words what these two connectors cannot do.

    `begins_empty` says that the destination had nothing, so that customers have to come first.
    """

    source: Shop
    destination: Shop
    project: Project
    plugins: Plugins
    engine: Engine
    plan: LocationPlan
    left_out: Sequence[str]
    begins_empty: bool


@asynccontextmanager
async def open_world(session: Session, source: str, destination: str, options: SandboxOptions) -> AsyncIterator[World]:
    """The stage, and no trace of it afterwards: servers stopped, the folder removed."""
    from .sandbox import build_sandbox

    names = (source, destination if destination != source else f"{destination}-2")
    plugins = session.plugins
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pullpush-demo-")))
        # A shop that takes goods and orders begins empty: all that is in it then was brought there.
        begins_empty = {"product", "order"} <= plugins.connector(destination).connector.writes
        second = attrs.evolve(options, records=0) if begins_empty else options
        boxes = [build_sandbox(session, source, options), build_sandbox(session, destination, second)]
        addresses = [await stack.enter_async_context(serve(box.app)) for box in boxes]
        parts = [
            _connection(folder, name, connector, box, address)
            for name, connector, box, address in zip(names, (source, destination), boxes, addresses, strict=True)
        ]
        flows, left_out = _flows(plugins, names, (source, destination))
        project = _write(folder, [*parts, *flows])
        shops = []
        for name, connector, box in zip(names, (source, destination), boxes, strict=True):
            connection = await stack.enter_async_context(
                open_connection(project, name, plugins, redactor=session.redactor)
            )
            shops.append(Shop(name=name, loaded=plugins.connector(connector), sandbox=box, connection=connection))
        there = [[each for each in await read_locations(shop.loaded, shop.connection) if each.active] for shop in shops]
        if "stock" in project.flows:
            project = _write(folder, [*parts, *flows, *_location_map(there[0], there[1])])
        ensure_state_dir(project)
        engine = await stack.enter_async_context(
            open_engine(engine_url(project), clock=SystemClock(), types=plugins.types)
        )
        yield World(
            source=shops[0],
            destination=shops[1],
            project=project,
            plugins=plugins,
            engine=engine,
            plan=_plan(project, there),
            left_out=left_out,
            begins_empty=begins_empty,
        )


def _plan(project: Project, there: Sequence[Sequence[Location]]) -> LocationPlan:
    from pullpush_sdk.engine.locations import LocationPlan

    if "stock" not in project.flows:
        return LocationPlan()
    return plan_locations(project, project.flow("stock"), there[0], there[1])


def _connection(folder: Path, name: str, connector: str, box: Sandbox, address: str) -> str:
    """The connection's table; its credentials go to files, as a project would have it."""
    kept = folder / "secrets" / name
    kept.mkdir(parents=True, mode=0o700)
    for secret, text in box.secrets.items():
        (kept / secret).write_text(text, encoding="utf-8")
    references = {secret: {"file": f"secrets/{name}/{secret}"} for secret in box.secrets}
    return sandbox_connection(name, connector, box, address, references)


def _flows(plugins: Plugins, names: Sequence[str], connectors: Sequence[str]) -> tuple[list[str], list[str]]:
    """Catalogue and stock one way, orders the other; what a connector cannot do is left out and said."""
    ends = [plugins.connector(each).connector for each in connectors]
    flows, left_out = [], []
    for flow, kind, start in (("catalogue", "product", 0), ("stock", STOCK, 0), ("orders", "order", 1)):
        reader, writer = ends[start], ends[1 - start]
        if kind not in reader.reads or kind not in writer.writes:
            who = f"{reader.title} does not read" if kind not in reader.reads else f"{writer.title} does not write"
            left_out.append(f"{who} {kind}: {flow} is left out")
            continue
        flows.append(
            f"[flows.{flow}]\nsource = {value(names[start])}\ndestination = {value(names[1 - start])}\n"
            f'types = [{value(kind)}]\nstate = "active"'
        )
    return flows, left_out


def _location_map(source: Sequence[Location], destination: Sequence[Location]) -> list[str]:
    """Where there are several places: the first to the first, the second to the second, and so on."""
    if len(source) <= 1 and len(destination) <= 1:
        return []
    pairs: Mapping[str, str]
    if not destination:
        return [f'[flows.stock.locations]\n"" = {{sum = {value([each.id for each in source])}}}']
    froms = [each.id for each in source] or [""]
    pairs = dict(zip(froms, (each.id for each in destination), strict=False))
    return ["\n".join(["[flows.stock.locations]", *(f"{key(one)} = {value(other)}" for one, other in pairs.items())])]


def _write(folder: Path, parts: Sequence[str]) -> Project:
    (folder / FILE_NAME).write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    return load_project(folder)
