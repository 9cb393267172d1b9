from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import cache
from types import SimpleNamespace
from typing import Any

import attrs
import httpx
import pytest
from pullpush_shopify import hooks

from pullpush_sdk import hookimpl
from pullpush_sdk.clock import Clock
from pullpush_sdk.connector import Connection, Delivery
from pullpush_sdk.http import Client, Redactor, Secret, authenticator_of
from pullpush_sdk.manifest import render
from pullpush_sdk.plugins import LoadedConnector
from pullpush_sdk.sandbox import SandboxClock, SandboxOptions, serve
from pullpush_sdk.testing.accounts import TYPES, Account, delivery, load_hooks, player
from pullpush_sdk.testing.clock import VirtualClock

_TRUST = ssl.create_default_context()  # takes longer to make than a test


@cache
def loaded_connector() -> LoadedConnector:
    """The connector as the runtime loads it; it keeps nothing between calls."""
    return load_hooks(hooks, "shopify")


@cache
def narrow_connector(size: int, depth: int) -> LoadedConnector:
    """The connector with small pages, for a shop that cuts filtered lists off early."""
    connector = hooks.pullpush_connector()
    resources = {
        name: attrs.evolve(
            each,
            pagination=attrs.evolve(each.pagination, size=size),
            incremental=attrs.evolve(each.incremental, depth=depth),
        )
        for name, each in connector.manifest.resources.items()
    }
    narrow = attrs.evolve(connector, manifest=attrs.evolve(connector.manifest, resources=resources))
    own = {name: each for name, each in vars(hooks).items() if name.startswith("pullpush_")}
    module = SimpleNamespace(**{**own, "pullpush_connector": hookimpl(lambda: narrow)})
    return load_hooks(module, "shopify")


@attrs.define(kw_only=True)
class Shop(Account):
    """A served sandbox and a connection to it; what is asked of the sandbox goes over the wire, too."""

    address: str

    @property
    def clock(self) -> Any:
        return self.connection.clock

    async def state(self) -> Any:
        return await self.control("GET", "state")

    async def change(self, kind: str, **values: Any) -> Any:
        return await self.control("POST", "change", {"kind": kind, **values})

    async def faults(self, *rules: Mapping[str, Any]) -> None:
        await self.control("POST", "faults", list(rules))

    async def log(self, operation: str = "") -> list[Any]:
        """The platform requests so far; writes are entries of their own."""
        entries = await self.control("GET", "log")
        return [each for each in entries if operation in str(each)] if operation else entries

    async def control(self, method: str, route: str, body: Any = None) -> Any:
        async with httpx.AsyncClient(base_url=self.address, verify=_TRUST) as client:
            answer = await client.request(method, f"/_sandbox/{route}", json=body)
            assert answer.status_code == 200, answer.text
            return answer.json()

    def delivery(self, kind: str, payload: Mapping[str, Any], **more: Any) -> Delivery:
        """A delivery of a sparse wire payload."""
        return delivery(kind, payload, **more)

    async def location(self) -> str:
        return str((await self.state())["locations"][0]["id"]).rpartition("/")[2]

    async def level(self, sku: str) -> Any:
        return next(each for each in (await self.state())["levels"] if each["sku"] == sku)


@asynccontextmanager
async def open_shop(
    *,
    loaded: LoadedConnector | None = None,
    clock: Clock | None = None,
    settings: Mapping[str, Any] | None = None,
    secrets: Mapping[str, str] | Callable[[str], Awaitable[Mapping[str, str]]] | None = None,
    **options: Any,
) -> AsyncIterator[Shop]:
    loaded = loaded or loaded_connector()
    manifest = loaded.connector.manifest
    options.setdefault("rate_limits", False)
    clock = clock or VirtualClock(start=datetime(2026, 11, 20, 12, tzinfo=UTC))
    # One time for both: what the client waits for passes at the platform, too.
    theirs = SandboxClock(source=clock.monotonic, start=clock.now())
    sandbox = loaded.hook.pullpush_sandbox(options=SandboxOptions(clock=theirs, **options))
    plain = {"auth": "app", **sandbox.settings, **(settings or {})}
    redactor = Redactor()
    async with serve(sandbox.app) as address:
        if secrets is None:
            given: Mapping[str, str] = {"access_token": sandbox.secrets["access_token"]}
        else:
            given = await secrets(address) if callable(secrets) else secrets
        hidden = {name: Secret(text) for name, text in given.items()}
        client = Client(
            base_url=render(manifest.base_url, plain),
            auth=authenticator_of(manifest.auth, {**plain, **hidden}, clock=clock, redactor=redactor),
            limits=manifest.limits,
            redactor=redactor,
            clock=clock,
            origin=address,
            classify=loaded.connector.classify,
            tls=_TRUST,
        )
        async with client:
            connection = Connection(
                name="shop",
                connector=loaded.connector,
                settings=plain,
                secrets=hidden,
                client=client,
                clock=clock,
                types=TYPES,
            )
            yield Shop(loaded=loaded, sandbox=sandbox, connection=connection, address=address)


@pytest.fixture
def play() -> Callable[..., Any]:
    """Runs an async scenario against a fresh shop: `play(scenario, records=20)`."""

    return player(open_shop)


@pytest.fixture
def narrow() -> Callable[[int, int], LoadedConnector]:
    """The connector with pages of so many records, for a shop that cuts filtered lists off after so many."""
    return narrow_connector


@pytest.fixture(scope="session")
def opened() -> Callable[..., Any]:
    """`open_shop`, for scenarios that run in a loop of their own."""
    return open_shop
