"""A shop that sends webhooks, the process that receives them, and hands to write them by."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import attrs
import httpx
from starlette.applications import Starlette
from starlette.types import ASGIApp

from pullpush_sdk.canonical import CanonicalTypes
from pullpush_sdk.clock import SystemClock
from pullpush_sdk.connector import Connection, Delivery, Outcome
from pullpush_sdk.declarative import connector_of
from pullpush_sdk.engine.embedded import SqliteEngine
from pullpush_sdk.engine.policy import Backoff
from pullpush_sdk.engine.ports import FlowSpec
from pullpush_sdk.hookspecs import hookimpl
from pullpush_sdk.http import Call, Client, MemoryTokenStore, Redactor, Secret, authenticator_of
from pullpush_sdk.manifest import Limits as ClientLimits
from pullpush_sdk.manifest import NoAuth, read_manifest
from pullpush_sdk.plugins import LoadedConnector, Source, load_plugins
from pullpush_sdk.serve import Limits, Target, direct, listen, make_server, webhook_routes, work_inbox

SECRET = "s3cret-of-the-shop"
WEBHOOK: dict[str, Any] = {
    "verification": {"kind": "hmac-sha256", "header": "X-Sign", "secret": "{{hook_secret}}"},
    "event_name": {"parts": [{"source": "header", "path": "X-Topic"}], "fallback": {"path": "event"}},
    "transaction_id": {"parts": [{"source": "header", "path": "X-Id"}]},
    "array_path": "batch",
    "challenge": {"field": "type", "equals": "url_verification", "path": "challenge", "response_field": "challenge"},
    "response_status": 202,
    "response_body": {"ok": True},
    "handlers": {
        "order.updated": {
            "canonical_type": "order",
            "data_path": "$.data",
            "map": {"orderId": "id", "status": {"value": "pending"}, "note": "note", "updatedAt": "at"},
        },
        # Thin: the body names the record only.
        "stock.changed": {"canonical_type": "stocklevel", "resource": "stock", "data_path": "$.data", "refetch": True},
    },
}
DOCUMENT: dict[str, Any] = {
    "manifest": 1,
    "name": "shop",
    "title": "Shop",
    "version": "1.0.0",
    "base_url": "{{address}}",
    "secrets": ["hook_secret"],
    "settings": {"type": "object", "properties": {"address": {"type": "string"}}},
    "limits": {"retries": 0},
    "resources": {
        "stock": {
            "canonical_type": "stocklevel",
            "list": {"path": "/stock"},
            "details": {"path": "/stock/{{record.id}}"},
            "canonical_map": {"sku": "sku", "quantity": "quantity"},
        }
    },
    "webhook": WEBHOOK,
}


def shop(hooks: Mapping[str, Any] | None = None, **webhook: Any) -> LoadedConnector:
    """The shop's connector, with other keys of its webhook section (None takes one away) or hooks of its own."""
    section = {name: value for name, value in {**WEBHOOK, **webhook}.items() if value is not None}
    document = {**DOCUMENT, "webhook": section}
    manifest = read_manifest(json.dumps(document), file="shop.json", format="json")
    own = {name: hookimpl(each) for name, each in (hooks or {}).items()}
    module = SimpleNamespace(pullpush_connector=hookimpl(lambda: connector_of(manifest)), **own)
    plugins = load_plugins([Source(name="shop", distribution="pullpush-shop", load=lambda: module)])
    assert not plugins.failures, plugins.failures
    return plugins.connector("shop")


def flow(name: str = "main", *types: str, **changes: Any) -> FlowSpec:
    return FlowSpec(
        **{"name": name, "source": "shop", "destination": "erp", "types": types or ("order", "stocklevel"), **changes}
    )


def connection_to(loaded: LoadedConnector, client: Client | None, **secrets: str) -> Connection:
    return Connection(
        name="shop",
        connector=loaded.connector,
        settings={},
        secrets={name: Secret(text) for name, text in ({"hook_secret": SECRET} | secrets).items()},
        client=client,  # type: ignore[arg-type]  # hooks that do no I/O have none
        clock=SystemClock(),
        types=CanonicalTypes(),
    )


@attrs.define
class Sent:
    """One answer to a webhook."""

    status: int
    body: bytes
    headers: Mapping[str, str]


@attrs.define(kw_only=True)
class Process:
    """A receiving process: its server, engine and target."""

    url: str
    port: int
    engine: SqliteEngine
    target: Target
    http: httpx.AsyncClient
    writes: list[tuple[str, dict[str, Any]]] = attrs.field(factory=list)

    async def send(
        self, body: bytes, topic: str = "order.updated", *, id_: str | None = None, to: str = "shop", **headers: str
    ) -> Sent:
        """A webhook, signed as the shop signs unless `X_Sign` says otherwise."""
        named = {"X-Topic": topic, "X-Sign": sign(body)} | {k.replace("_", "-"): v for k, v in headers.items()}
        if id_ is not None:
            named["X-Id"] = id_
        sent = await self.http.post(f"{self.url}/webhooks/{to}", content=body, headers=named)
        return Sent(sent.status_code, sent.content, sent.headers)

    async def order(self, number: str, note: str, **options: Any) -> Sent:
        return await self.send(json.dumps({"data": {"id": number, "note": note}}).encode(), **options)

    async def stock(self, number: str, **options: Any) -> Sent:
        return await self.send(json.dumps({"data": {"id": number}}).encode(), "stock.changed", **options)

    async def work(self, **options: Any) -> None:
        """Work the inbox until nothing is left."""
        options.setdefault("backoff", Backoff(base=0.001, cap=0.002))
        await work_inbox(self.targets, self.engine, stop=asyncio.Event(), until_idle=True, **options)

    async def drain(self, spec: FlowSpec) -> list[tuple[str, dict[str, Any]]]:
        """Deliver what waits; key and payload of every write."""

        async def push(_kind: str, batch: Sequence[Delivery]) -> Sequence[Outcome]:
            self.writes += [(each.key, dict(each.payload)) for each in batch]
            return [Outcome.delivered() for _ in batch]

        await self.engine.drain(spec, push)
        return self.writes

    def targets(self, name: str) -> Target | None:
        return self.target if name == self.target.connection.name else None


def sign(body: bytes, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


@asynccontextmanager
async def process(
    folder: Path,
    *,
    flows: Sequence[FlowSpec] = (),
    loaded: LoadedConnector | None = None,
    platform: str | None = None,
    limits: Limits | None = None,
    secrets: Mapping[str, str] | None = None,
    clock: Any = None,
    is_direct: bool = False,
) -> AsyncIterator[Process]:
    """A server on loopback over a store in `folder`; the caller works the inbox."""
    specs = list(flows or [flow()])
    connector = loaded or shop()
    async with AsyncExitStack() as stack:
        engine = await stack.enter_async_context(
            SqliteEngine(folder / "store.db", clock=clock or SystemClock(), types=CanonicalTypes(), busy_seconds=0.2)
        )
        await stack.enter_async_context(engine.hold())
        client = None if platform is None else await stack.enter_async_context(client_of(platform))
        target = Target(
            connection=connection_to(connector, client, **(secrets or {})),
            loaded=connector,
            flows=lambda kind: [each for each in specs if kind in each.types],
        )

        def targets(name: str) -> Target | None:
            return target if name == "shop" else None

        routes = webhook_routes(targets, engine, limits=limits, clock=clock)
        app = direct(Starlette(routes=routes), routes) if is_direct else Starlette(routes=routes)
        port = await stack.enter_async_context(_served(app, limits))
        http = await stack.enter_async_context(httpx.AsyncClient(timeout=20))
        url = f"http://127.0.0.1:{port}"
        yield Process(url=url, port=port, engine=engine, target=target, http=http)


@asynccontextmanager
async def _served(app: ASGIApp, limits: Limits | None) -> AsyncIterator[int]:
    listener = listen("127.0.0.1", 0)
    server = make_server(app, limits=limits, graceful_seconds=1)
    serving = asyncio.ensure_future(server.serve(sockets=[listener]))
    while not server.started:  # noqa: ASYNC110 - uvicorn tells nobody
        await asyncio.sleep(0.002)
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        await serving
        listener.close()


def client_of(platform: str) -> Client:
    clock, redactor = SystemClock(), Redactor()
    auth = authenticator_of(NoAuth(), {}, clock=clock, redactor=redactor, store=MemoryTokenStore())
    limits = ClientLimits(retries=0, concurrency=8)
    return Client(
        base_url="https://shop.example", auth=auth, limits=limits, redactor=redactor, clock=clock, origin=platform
    )


def run(scenario: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(scenario())  # type: ignore[arg-type]  # an async function's awaitable is a coroutine


__all__ = ["SECRET", "Call", "Process", "client_of", "connection_to", "flow", "process", "run", "shop", "sign"]
