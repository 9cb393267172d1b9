from __future__ import annotations

import asyncio
import importlib
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import attrs
import pytest

from pullpush_sdk.clock import Clock, SystemClock
from pullpush_sdk.engine.open import open_engine
from pullpush_sdk.engine.ports import Engine
from pullpush_sdk.flows import SyncReport, set_flow_state, sync_flow
from pullpush_sdk.http import Redactor
from pullpush_sdk.plugins import Plugins, Source, load_plugins
from pullpush_sdk.project import FILE_NAME, Project, engine_url, ensure_state_dir, load_project
from pullpush_sdk.sandbox import Sandbox, SandboxOptions, serve

DEPOT = str(Path(__file__).parents[1] / "depot")
if DEPOT not in sys.path:
    sys.path.append(DEPOT)


@pytest.fixture(scope="session")
def plugins() -> Plugins:
    hooks = importlib.import_module("pullpush_depot.hooks")
    watcher = SimpleNamespace()
    loaded = load_plugins(
        [
            Source(name="depot", distribution="pullpush-depot", load=lambda: hooks),
            Source(name="watcher", distribution="watcher", load=lambda: watcher),
        ]
    )
    assert not loaded.failures
    return loaded


class Hurry:
    """A clock on which ten seconds pass in one: everything happens as it would, only sooner."""

    def __init__(self) -> None:
        self._wall, self._start = datetime.now(UTC), time.monotonic()

    def now(self) -> datetime:
        return self._wall + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return (time.monotonic() - self._start) * 10

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(seconds, 0.0) / 10)


@pytest.fixture
def hurry() -> Hurry:
    return Hurry()


@attrs.define(kw_only=True)
class World:
    """Two warehouses on loopback, a project that joins them, and its store."""

    left: Sandbox
    right: Sandbox
    project: Project
    plugins: Plugins
    engine: Engine

    def store(self, side: Sandbox) -> Any:
        return side.control.changes["store"]({})

    async def sync(self, flow: str = "main", **options: Any) -> SyncReport:
        """One run, holding the store."""
        options.setdefault("redactor", Redactor())
        async with self.engine.hold():
            return await sync_flow(self.project, self.plugins, self.engine, self.project.flow(flow), **options)

    def quantities(self, side: Sandbox) -> dict[str, Any]:
        rows = self.store(side).rows.get("stocklevel", {})
        return {record["sku"]: record["quantity"] for _, record in rows.values()}

    async def activate(self, flow: str = "main") -> None:
        await set_flow_state(self.engine, self.project.flow(flow), "active")


_FILE = """
[connections.left]
connector = "depot"
sandbox = "{left}"
depot = "left"
token = {{env = "DEPOT_TOKEN"}}
page = 7

[connections.right]
connector = "depot"
sandbox = "{right}"
depot = "right"
token = {{env = "DEPOT_TOKEN"}}

[flows.main]
source = "left"
destination = "right"
types = {types}
state = "{state}"
{more}
"""

MakeWorld = Callable[..., Any]


@pytest.fixture
def make_world(tmp_path: Path, plugins: Plugins, monkeypatch: pytest.MonkeyPatch) -> MakeWorld:
    """A context manager: `async with make_world(records=30) as world`."""

    @asynccontextmanager
    async def make(
        *,
        records: int = 25,
        types: str = '["product", "stocklevel"]',
        state: str = "active",
        more: str = "",
        locations: Mapping[str, list[str]] | None = None,
        clock: Clock | None = None,
    ) -> AsyncIterator[World]:
        hook = plugins.connector("depot").hook
        left = hook.pullpush_sandbox(options=SandboxOptions(records=records))
        right = hook.pullpush_sandbox(options=SandboxOptions(records=0))
        monkeypatch.setenv("DEPOT_TOKEN", left.secrets["token"])
        async with serve(left.app) as left_url, serve(right.app) as right_url:
            text = _FILE.format(left=left_url, right=right_url, types=types, state=state, more=more)
            (tmp_path / FILE_NAME).write_text(text)
            project = load_project(tmp_path)
            ensure_state_dir(project)
            engine = open_engine(engine_url(project), clock=clock or SystemClock(), types=plugins.types)
            async with engine:
                world = World(left=left, right=right, project=project, plugins=plugins, engine=engine)
                for side, ids in (locations or {}).items():
                    world.store(getattr(world, side)).locations = [{"id": each, "name": each.title()} for each in ids]
                yield world

    return make


@pytest.fixture
def run() -> Callable[..., Any]:
    return asyncio.run
