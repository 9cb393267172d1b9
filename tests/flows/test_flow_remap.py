"""A record that no map could read: after the map is mended, retrying its dead letter maps it again."""

from __future__ import annotations

import asyncio
import importlib
import json
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from pullpush_sdk import hookimpl
from pullpush_sdk.clock import SystemClock
from pullpush_sdk.connector import Page, Reject
from pullpush_sdk.declarative import connector_of
from pullpush_sdk.engine.locations import LocationPlan
from pullpush_sdk.engine.open import open_engine
from pullpush_sdk.engine.ports import DeadFilter
from pullpush_sdk.errors import FieldError
from pullpush_sdk.flows import Desk, flow_spec
from pullpush_sdk.http import Redactor
from pullpush_sdk.manifest import read_manifest
from pullpush_sdk.plugins import Plugins, Source, load_plugins
from pullpush_sdk.project import FILE_NAME, engine_url, ensure_state_dir, load_project
from pullpush_sdk.sandbox import SandboxOptions, serve

_PROJECT = """
[connections.shelf]
connector = "shelf"
sandbox = "{shelf}"

[connections.depot]
connector = "depot"
sandbox = "{depot}"
depot = "right"
token = {{env = "DEPOT_TOKEN"}}

[flows.main]
source = "shelf"
destination = "depot"
types = ["stocklevel"]
state = "active"
"""


def shelf(quantity: Any, *, version: str = "observed") -> Plugins:
    """The connector with its rule for the quantity, beside the depot."""
    manifest = {
        "manifest": 1,
        "name": "shelf",
        "title": "Shelf",
        "version": "1.0.0",
        "base_url": "https://shelf.example",
        "resources": {
            "stock": {
                "canonical_type": "stocklevel",
                "list": {"path": "/stock"},
                "response": {"records": "data"},
                "version": version,
                "canonical_map": {"sku": "code", "quantity": quantity},
            }
        },
    }
    loaded = read_manifest(json.dumps(manifest), file="shelf.json", format="json")
    module = SimpleNamespace(pullpush_connector=hookimpl(lambda: connector_of(loaded)))
    depot = importlib.import_module("pullpush_depot.hooks")
    plugins = load_plugins(
        [
            Source(name="shelf", distribution="pullpush-shelf", load=lambda: module),
            Source(name="depot", distribution="pullpush-depot", load=lambda: depot),
        ]
    )
    assert not plugins.failures, plugins.failures
    return plugins


@pytest.mark.usefixtures("plugins")
def test_a_mended_map_delivers_what_it_could_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"code": "S1", "count": 4}, {"code": "S2", "count": {"whole": 7}}]

    async def stock(_request: Request) -> JSONResponse:
        return JSONResponse({"data": rows})

    async def go() -> None:
        broken, mended = shelf("count"), shelf({"paths": ["count.whole", "count"], "transform": "coalesce"})
        right = broken.connector("depot").hook.pullpush_sandbox(options=SandboxOptions(records=0))
        monkeypatch.setenv("DEPOT_TOKEN", right.secrets["token"])
        app = Starlette(routes=[Route("/stock", stock)])
        async with serve(app) as shelf_url, serve(right.app) as depot_url:
            (tmp_path / FILE_NAME).write_text(_PROJECT.format(shelf=shelf_url, depot=depot_url))
            project = load_project(tmp_path)
            ensure_state_dir(project)
            engine = open_engine(engine_url(project), clock=SystemClock(), types=broken.types)
            async with engine:
                desk = Desk(project=project, plugins=broken, engine=engine, redactor=Redactor())
                (report,) = await desk.sync(["main"])
                assert report.counts["stocklevel"]["dead"] == 1
                (letter,) = await engine.dead_letters()
                assert "quantity" in letter.hint
                again = await desk.retry_dead(DeadFilter())
                assert again.count == 0
                assert "quantity" in again.refused[letter.id], "its map is as it was"
                desk = Desk(project=project, plugins=mended, engine=engine, redactor=Redactor())
                again = await desk.retry_dead(DeadFilter(cause=letter.cause))
                assert (again.count, dict(again.refused)) == (1, {})
                assert again.deliveries[0].counts["stocklevel"]["delivered"] == 1
                assert not await engine.dead_letters()
        held = right.control.changes["store"]({}).rows["stocklevel"]
        assert {record["sku"]: record["quantity"] for _, record in held.values()} == {"S1": 4, "S2": 7}

    asyncio.run(go())


@pytest.mark.usefixtures("plugins")
def test_an_old_record_mapped_again_does_not_overwrite_a_newer_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its version is the moment at which it was read, not that of the second try."""

    async def go() -> None:
        plugins = shelf("count")
        right = plugins.connector("depot").hook.pullpush_sandbox(options=SandboxOptions(records=0))
        monkeypatch.setenv("DEPOT_TOKEN", right.secrets["token"])
        async with serve(right.app) as depot_url:
            (tmp_path / FILE_NAME).write_text(_PROJECT.format(shelf=depot_url, depot=depot_url))
            project = load_project(tmp_path)
            ensure_state_dir(project)
            flow = project.flow("main")
            spec = flow_spec(project, plugins, flow, state="active", plan=LocationPlan())
            engine = open_engine(engine_url(project), clock=SystemClock(), types=plugins.types)
            desk = Desk(project=project, plugins=plugins, engine=engine, redactor=Redactor())
            native = b'{"code": "S1", "count": 1}'
            async with engine:
                async with engine.hold():
                    for origin in ("stock", "", "elsewhere"):
                        reject = Reject(native=native + b" " * len(origin), error=FieldError("bad"), origin=origin)
                        await engine.append(spec, "stocklevel", Page(events=[], rejects=[reject], cursor=1))
                    hook = plugins.connector("shelf").hook
                    event = await hook.pullpush_remap(
                        connection=SimpleNamespace(settings={}, clock=SystemClock()),
                        canonical_type="stocklevel",
                        native=b'{"code": "S1", "count": 9}',
                        origin="stock",
                        read_at=datetime(2100, 1, 1, tzinfo=UTC),
                    )
                    assert event.version == 4102444800000000
                    newer = plugins.types["stocklevel"].record(sku="S1", quantity=9)
                    now = SystemClock().now()
                    later = type(event)(
                        type="stocklevel", record=newer, version=int(now.timestamp() * 1e6) + 60_000_000
                    )
                    await engine.append(spec, "stocklevel", Page(events=[later], cursor=2))
                report = await desk.retry_dead(DeadFilter())
                assert report.count == 2
                assert ["no resource 'elsewhere'" in reason for reason in report.refused.values()] == [True]
                counts = (await engine.counts("main"))["stocklevel"]
                assert (counts["delivered"], counts["dead"]) == (1, 1)
                assert counts["stale"] + counts["superseded"] == 2
        held = right.control.changes["store"]({}).rows["stocklevel"]
        assert [record["quantity"] for _, record in held.values()] == [9]

    asyncio.run(go())
