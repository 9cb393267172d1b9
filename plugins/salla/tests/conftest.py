from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from pullpush_salla import hooks
from pullpush_salla.sandbox import build
from starlette.responses import Response

from pullpush_sdk.http import Call
from pullpush_sdk.plugins import LoadedConnector
from pullpush_sdk.sandbox import SandboxClock, SandboxOptions, serve
from pullpush_sdk.testing.accounts import Account, load_hooks
from pullpush_sdk.testing.connections import connected

API = "/admin/v2"


class Shop:
    """A sandbox with a frozen clock and a plain HTTP client that holds its access token."""

    def __init__(self, **options: Any) -> None:
        self.clock = SandboxClock(source=lambda: 0.0)
        self._runner = asyncio.Runner()
        options.setdefault("rate_limits", False)
        self.sandbox = build(SandboxOptions(clock=self.clock, **options))
        self.control = self.sandbox.control
        self.secrets = self.sandbox.secrets
        self.token = self.secrets["access_token"]
        transport = httpx.ASGITransport(self.sandbox.app)
        self._client = httpx.AsyncClient(transport=transport, base_url="http://sandbox")

    def run(self, steps: Any) -> Any:
        return self._runner.run(steps)

    def raw(self, method: str, path: str, **request: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}", **request.pop("headers", {})}
        return self.run(self._client.request(method, path, headers=headers, **request))

    def get(self, path: str, **query: Any) -> httpx.Response:
        return self.raw("GET", API + path, params=query)

    def english(self, method: str, path: str, **request: Any) -> httpx.Response:
        return self.raw(method, API + path, headers={"Accept-Language": "en"}, **request)

    def post(self, path: str, body: Any, **more: Any) -> httpx.Response:
        return self.raw("POST", API + path, json=body, **more)

    def put(self, path: str, body: Any, **more: Any) -> httpx.Response:
        return self.raw("PUT", API + path, json=body, **more)

    def data(self, path: str, **query: Any) -> Any:
        answer = self.get(path, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def all(self, path: str, **query: Any) -> list[Any]:
        rows, page = [], 1
        while True:
            answer = self.get(path, page=page, per_page=60, **query).json()
            rows += answer["data"]
            if page >= answer["pagination"]["totalPages"]:
                return rows
            page += 1

    def quantities(self, **query: Any) -> dict[Any, Any]:
        return {row["sku"]: row for row in self.all("/products/quantities", **query)}

    def form(self, **form: str) -> httpx.Response:
        client = {"client_id": self.secrets["client_id"], "client_secret": self.secrets["client_secret"]}
        return self.raw("POST", "/oauth2/token", data={**client, **form})

    def refresh(self, token: str) -> httpx.Response:
        return self.form(grant_type="refresh_token", refresh_token=token)

    def close(self) -> None:
        self.run(self._client.aclose())
        self._runner.close()


@pytest.fixture
def open_shop() -> Iterator[Callable[..., Shop]]:
    """Builds shops: keyword arguments are sandbox options, `extra` its switches."""
    shops: list[Shop] = []

    def make(**options: Any) -> Shop:
        shops.append(Shop(**options))
        return shops[-1]

    yield make
    for shop in shops:
        shop.close()


@pytest.fixture
def shop(open_shop: Callable[..., Shop]) -> Shop:
    return open_shop()


class Receiver:
    """An app's webhook address: keeps what is posted as (headers, raw body), answers `status`."""

    def __init__(self) -> None:
        self.status = 200
        self.posts: list[tuple[dict[str, str], bytes]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = {k.decode(): v.decode() for k, v in scope["headers"]}
        body, more = b"", True
        while more:
            message = await receive()
            body += message["body"]
            more = message.get("more_body", False)
        self.posts.append((headers, body))
        await Response(status_code=self.status)(scope, receive, send)

    def payloads(self) -> list[Any]:
        return [json.loads(body) for _, body in self.posts]


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def address(receiver: Receiver) -> Iterator[str]:
    """The receiver's address, served for the length of a test."""
    with asyncio.Runner() as runner:
        server = serve(receiver)
        yield runner.run(server.__aenter__())
        runner.run(server.__aexit__(None, None, None))


class Time:
    """The sandbox's clock as the connector sees it: both run on the same time, whatever its speed."""

    def __init__(self, clock: SandboxClock) -> None:
        self._clock = clock
        self.now, self.monotonic, self.sleep = clock.now, clock.seconds, clock.sleep


class World(Account):
    """A connection to a served sandbox, and what tests ask of both."""

    LOG = "https://api.salla.dev/_sandbox/log"

    async def read(self, canonical_type: str, cursor: Any = None) -> list[Any]:
        """The records of a sweep."""
        return [event.record for page in await self.pages(canonical_type, cursor) for event in page.events]

    async def asked(self, method: str = "", path: str = "") -> list[Any]:
        """The requests so far whose method is this and whose path holds that, but for the store's information.

        An answer may be here before its request is in the log; the one that is asked here comes after all others.
        """
        await self.connection.client.send(Call(url="/store/info"))
        return [
            entry
            for entry in self.sandbox.control.log.after(0)
            if entry["method"].startswith(method) and path in entry["path"] and "/store/info" not in entry["path"]
        ]


@pytest.fixture(scope="session")
def loaded() -> LoadedConnector:
    return load_hooks(hooks, "salla")


@pytest.fixture
def world(loaded: LoadedConnector) -> Callable[..., Any]:
    """A context manager: `async with world(records=20, extra={…}) as w`; a second in there takes five milliseconds."""
    return _worlds(loaded)


@pytest.fixture(scope="session")
def world_now(loaded: LoadedConnector) -> Callable[..., Any]:
    """The same for tests that run many of them."""
    return _worlds(loaded)


def _worlds(loaded: LoadedConnector) -> Callable[..., Any]:

    @asynccontextmanager
    async def make(
        *, settings: Any = None, secrets: Any = None, store: Any = None, scale: float = 200.0, **options: Any
    ) -> AsyncIterator[World]:
        clock = SandboxClock(scale=scale)
        options.setdefault("records", 20)
        sandbox = loaded.hook.pullpush_sandbox(options=SandboxOptions(clock=clock, **options))
        async with connected(
            loaded, sandbox, clock=Time(clock), settings=settings, secrets=secrets, store=store
        ) as connection:
            yield World(loaded=loaded, sandbox=sandbox, connection=connection)

    return make
