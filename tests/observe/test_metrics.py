"""Metrics and traces of real syncs: scraped over ASGI, and received by a real collector on loopback."""

from __future__ import annotations

import asyncio
import importlib
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client.parser import text_string_to_metric_families

from pullpush_sdk.clock import SystemClock
from pullpush_sdk.engine.open import open_engine
from pullpush_sdk.flows import sync_flow
from pullpush_sdk.http import Redactor
from pullpush_sdk.observe import Metrics, Tracing, metrics_app, tracing
from pullpush_sdk.plugins import Plugins, Source, load_plugins
from pullpush_sdk.project import FILE_NAME, engine_url, ensure_state_dir, load_project
from pullpush_sdk.sandbox import SandboxOptions, serve

DEPOT = str(Path(__file__).parents[1] / "depot")
if DEPOT not in sys.path:
    sys.path.append(DEPOT)

_FILE = """
[connections.left]
connector = "depot"
sandbox = "{left}"
depot = "left"
token = {{env = "DEPOT_TOKEN"}}

[connections.right]
connector = "depot"
sandbox = "{right}"
depot = "right"
token = {{env = "DEPOT_TOKEN"}}

[flows.main]
source = "left"
destination = "right"
types = ["stocklevel"]
state = "active"
"""


def plugins() -> Plugins:
    return load_plugins(
        [
            Source(
                name="depot",
                distribution="pullpush-depot",
                load=lambda: importlib.import_module("pullpush_depot.hooks"),
            )
        ]
    )


async def synced(folder: Path, loaded: Plugins, monkeypatch: pytest.MonkeyPatch, look: Any) -> Any:
    """A sync of 12 stock levels of which one is refused; the answer of `look(engine)` after it."""
    from pullpush_depot.sandbox import build

    left, right = build(SandboxOptions(records=12)), build(SandboxOptions(records=0))
    right.control.changes["store"]({}).refuse.add("S003|")
    monkeypatch.setenv("DEPOT_TOKEN", left.secrets["token"])
    async with serve(left.app) as left_url, serve(right.app) as right_url:
        (folder / FILE_NAME).write_text(_FILE.format(left=left_url, right=right_url))
        project = load_project(folder)
        ensure_state_dir(project)
        engine = open_engine(engine_url(project), clock=SystemClock(), types=loaded.types)
        async with engine, engine.hold():
            await sync_flow(project, loaded, engine, project.flow("main"), redactor=Redactor())
            return await look(engine)


def test_a_scrape_tells_of_reads_pushes_and_what_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    metrics, loaded = Metrics(), plugins()

    async def scrape(engine: Any) -> tuple[httpx.Response, httpx.Response]:
        transport = httpx.ASGITransport(app=metrics_app(metrics, engine))  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://pullpush.example") as client:
            return await client.get("/metrics"), await client.post("/metrics")

    with metrics.watch(loaded):
        got, posted = asyncio.run(synced(tmp_path, loaded, monkeypatch, scrape))
    metrics.pullpush_webhook_answered(connection="left", status=401, seconds=0.01)
    assert posted.status_code == 405
    assert got.headers["content-type"].startswith("text/plain")
    named = ("flow", "type", "outcome", "le")
    found = {
        (sample.name, *(sample.labels[name] for name in named if name in sample.labels)): sample.value
        for family in text_string_to_metric_families(got.text)
        for sample in family.samples
    }
    flow = ("main", "stocklevel")
    assert found["pullpush_events_read_total", *flow] == 12
    assert found["pullpush_deliveries_total", *flow, "delivered"] == 11
    assert found["pullpush_dead_letters", *flow] == 1
    assert found["pullpush_waiting", *flow] == 0
    assert found["pullpush_lag_seconds", "main"] == 0
    assert found["pullpush_pages_read_total", *flow] == 2
    assert found["pullpush_pushed_total", *flow, "delivered"] == 11
    assert found["pullpush_pushed_total", *flow, "dead"] == 1
    assert found["pullpush_push_seconds_count", *flow] == 3
    assert metrics.registry.get_sample_value("pullpush_webhooks_total", {"connection": "left", "status": "401"}) == 1


def test_a_destination_that_rests_and_what_waits_for_it(tmp_path: Path) -> None:
    from pullpush_sdk.connector import Page, WebhookRequest
    from pullpush_sdk.engine.embedded import SqliteEngine
    from pullpush_sdk.engine.inbox import Received
    from pullpush_sdk.errors import UnavailableError
    from pullpush_sdk.testing.clock import VirtualClock
    from pullpush_sdk.testing.engine_laws.bench import flow_of, stock

    async def down(_kind: str, _batch: Any) -> Any:
        raise UnavailableError("no answer")

    async def go() -> None:
        clock = VirtualClock()
        metrics = Metrics(clock)
        async with SqliteEngine(None, clock=clock, types=plugins().types) as engine, engine.hold():
            flow = flow_of()
            await engine.append(flow, "stocklevel", Page(events=[stock("x", 1, 1)], cursor=None))
            await engine.drain(flow, down, max_wait=600)
            request = WebhookRequest(headers={}, query={}, body=b"{}", received_at=clock.now())
            await engine.inbox.keep(Received(connection="left", request=request))
            clock.advance(30)
            await metrics.text(engine)
            value = metrics.registry.get_sample_value
            assert value("pullpush_breaker_open", {"connection": flow.destination}) == 1
            assert value("pullpush_waiting", {"flow": flow.name, "type": "stocklevel"}) == 1
            assert (value("pullpush_lag_seconds", {"flow": flow.name}) or 0) >= 600
            assert value("pullpush_inbox", {"connection": "left"}) == 1
            assert value("pullpush_inbox_failing", {"connection": "left"}) == 0
            assert value("pullpush_inbox_seconds", {"connection": "left"}) == 30

    asyncio.run(go())


def test_a_push_is_linked_to_the_reads_before_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    exporter, provider, loaded = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False), plugins()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    loaded.host.register(Tracing(provider))

    async def nothing(_engine: Any) -> None: ...

    asyncio.run(synced(tmp_path, loaded, monkeypatch, nothing))
    spans = exporter.get_finished_spans()
    reads = [each for each in spans if each.name == "read stocklevel"]
    pushes = [each for each in spans if each.name == "push stocklevel"]
    assert sum(each.attributes["pullpush.events"] for each in reads) == 12
    assert sum(each.attributes["pullpush.deliveries"] for each in pushes) == 12
    linked = {link.context.span_id for each in pushes for link in each.links}
    assert linked
    assert linked <= {each.context.span_id for each in reads}
    assert all(each.start_time <= each.end_time for each in spans)


def test_traces_leave_only_where_an_endpoint_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    received: list[bytes] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        loaded = plugins()
        with tracing(loaded):
            assert not loaded.host.has_plugin("pullpush-tracing")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        with tracing(loaded):
            loaded.observe(
                "pullpush_webhook_answered", connection="left", event="order", status=503,
                started=SystemClock().now(), seconds=0.5,
            )  # fmt: skip
        assert not loaded.host.has_plugin("pullpush-tracing")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    (request,) = (ExportTraceServiceRequest.FromString(each) for each in received)
    (resource,) = request.resource_spans
    (span,) = resource.scope_spans[0].spans
    assert span.name == "webhook"
    assert span.end_time_unix_nano - span.start_time_unix_nano == 500_000_000
    assert span.status.message == "answered 503"
