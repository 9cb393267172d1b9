from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import pytest
from pullpush_linnworks import hooks

from pullpush_sdk import Connection, Delivery, Event, Outcome, Page, Reject, Verb
from pullpush_sdk.canonical import CanonicalTypes
from pullpush_sdk.http import Call
from pullpush_sdk.mapping import Functions
from pullpush_sdk.plugins import LoadedConnector, Source, load_connector
from pullpush_sdk.sandbox import Sandbox, SandboxClock, SandboxOptions, serve
from pullpush_sdk.testing.clock import VirtualClock
from pullpush_sdk.testing.connections import connected

TYPES = CanonicalTypes()


def load() -> LoadedConnector:
    source = Source(name="linnworks", distribution="pullpush-linnworks", load=lambda: hooks)
    return load_connector(source, hooks, types=TYPES, functions=Functions())


@attrs.define(kw_only=True)
class Account:
    """A served sandbox and a connection to it, driven through the connector's hooks."""

    loaded: LoadedConnector
    sandbox: Sandbox
    connection: Connection

    @property
    def hook(self) -> Any:
        return self.loaded.hook

    def state(self) -> Any:
        return self.sandbox.control.dump()

    def change(self, kind: str, **values: Any) -> Any:
        return self.sandbox.control.change(kind, **values)

    async def calls(self, ending: str = "") -> list[Any]:
        """The platform requests so far; asked for over the wire, so that the last one is in the log."""
        answer = await self.connection.client.send(Call(url="https://api.linnworks.net/_sandbox/log"))
        return [each for each in answer.json() if each["path"].endswith(ending)]

    async def snapshot(self, kind: str) -> list[Event]:
        pages = self.hook.pullpush_snapshot(connection=self.connection, canonical_type=kind)
        return [event async for page in pages for event in page.events]

    async def pages(self, kind: str, cursor: Any = None) -> list[Page]:
        pages = self.hook.pullpush_pull(connection=self.connection, canonical_type=kind, cursor=cursor)
        return [page async for page in pages]

    async def pull(self, kind: str, cursor: Any = None) -> tuple[list[Event], list[Reject], Any]:
        pages = await self.pages(kind, cursor)
        events = [event for page in pages for event in page.events]
        return events, [reject for page in pages for reject in page.rejects], pages[-1].cursor

    async def push(self, kind: str, *payloads: Mapping[str, Any], **more: Any) -> Sequence[Outcome]:
        batch = [self._delivery(kind, payload, number, **more) for number, payload in enumerate(payloads)]
        outcomes = await self.hook.pullpush_push(connection=self.connection, canonical_type=kind, batch=batch)
        assert len(outcomes) == len(batch)
        return outcomes

    @staticmethod
    def _delivery(kind: str, payload: Mapping[str, Any], number: int, **more: Any) -> Delivery:
        key = str(payload.get("sku") or payload.get("orderId"))
        values: dict[str, Any] = {"verb": Verb.UPDATED, "version": 1, "position": number, "key": key}
        values |= {"id": f"d{number}", "identity": str(payload), "kind": TYPES[kind], "payload": payload}
        return Delivery(**{**values, **more})


@asynccontextmanager
async def open_account(
    *,
    settings: Mapping[str, Any] | None = None,
    secrets: Mapping[str, str] | None = None,
    clock: VirtualClock | None = None,
    skew: float = 0,
    recorder: Any = None,
    **options: Any,
) -> AsyncIterator[Account]:
    loaded = load()
    clock = clock or VirtualClock(start=datetime(2026, 3, 2, 12, tzinfo=UTC))
    # One time for both: what the client waits for passes at the platform, too. `skew`: how far its clock is ahead.
    theirs = SandboxClock(source=clock.monotonic, start=clock.now() + timedelta(seconds=skew))
    options.setdefault("rate_limits", False)
    sandbox = loaded.hook.pullpush_sandbox(options=SandboxOptions(clock=theirs, **options))
    if recorder is not None:
        recorder.app = sandbox.app
        sandbox = attrs.evolve(sandbox, app=recorder)
    async with connected(loaded, sandbox, settings=settings, secrets=secrets, clock=clock) as connection:
        yield Account(loaded=loaded, sandbox=sandbox, connection=connection)


@pytest.fixture
def loaded() -> LoadedConnector:
    return load()


@pytest.fixture(scope="session")
def play_plain() -> Callable[..., Any]:
    """As `play`, for tests that run a scenario many times; `page` makes the lists' pages small."""

    def run(scenario: Callable[[Account], Awaitable[Any]], *, page: int | None = None, **options: Any) -> Any:
        async def opened() -> Any:
            async with open_account(**options) as account:
                if page is not None:
                    account.connection.connector = with_pages(account.connection.connector, page)
                return await scenario(account)

        return asyncio.run(opened())

    return run


def with_pages(connector: Any, size: int) -> Any:
    """The connector with so many records a page."""
    manifest = connector.manifest
    resources = {
        name: attrs.evolve(
            each,
            pagination=attrs.evolve(each.pagination, size=size),
            list=attrs.evolve(
                each.list, params={**each.list.params, "entriesPerPage": size} if each.list.params else {}
            ),
        )
        for name, each in manifest.resources.items()
    }
    return attrs.evolve(connector, manifest=attrs.evolve(manifest, resources=resources))


@pytest.fixture
def play() -> Callable[..., Any]:
    """Runs an async scenario against a fresh account: `play(scenario, records=20)`."""

    def run(scenario: Callable[[Account], Awaitable[Any]], **options: Any) -> Any:
        async def opened() -> Any:
            async with open_account(**options) as account:
                return await scenario(account)

        return asyncio.run(opened())

    return run


@attrs.define
class Answer:
    """What came back: status, headers, text."""

    status: int
    headers: dict
    text: bytes

    @property
    def json(self):
        return json.loads(self.text)


@attrs.define
class Http:
    """A plain client: no connector, no library of ours."""

    origin: str
    sandbox: object
    token: str = ""
    server: str = ""

    def send(self, method, path, body=None, *, form=False, token=None):
        headers = {"Authorization": self.token if token is None else token}
        data = None
        if body is not None:
            data = (urllib.parse.urlencode(body) if form else json.dumps(body)).encode()
            headers["Content-Type"] = "application/x-www-form-urlencoded" if form else "application/json"
        request = urllib.request.Request(self.origin + path, data=data, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return Answer(answer.status, dict(answer.headers), answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, dict(error.headers), error.read())

    def authorize(self, **wrong):
        secrets = self.sandbox.secrets
        names = {"ApplicationId": "application_id", "ApplicationSecret": "application_secret"}
        body = {name: secrets[key] for name, key in names.items()} | {"Token": secrets["installation_token"]}
        return self.send("POST", "/api/Auth/AuthorizeByApplication", body | wrong)

    def sign_in(self):
        session = self.authorize().json
        self.token, self.server = session["Token"], urllib.parse.urlsplit(session["Server"]).path
        return self

    def post(self, method, body, **more):
        return self.send("POST", f"{self.server}/api/{method}", body, **more)

    def get(self, method, **query):
        return self.send("GET", f"{self.server}/api/{method}?{urllib.parse.urlencode(query)}")

    def orders(self, **query):
        return self.send("GET", f"/v2/orders?{urllib.parse.urlencode(query, doseq=True)}")


@pytest.fixture
def account():
    """Runs a test's steps against a served sandbox: `account(steps, records=8, ...)`."""

    def run(steps, *, limits=False, signed_in=True, records=8, **extra):
        now = [0.0]
        clock = SandboxClock(source=lambda: now[0], start=datetime(2026, 3, 2, 12, 0, 0, 123456, tzinfo=UTC))
        options = SandboxOptions(records=records, rate_limits=limits, extra=extra, clock=clock)
        sandbox = hooks.pullpush_sandbox(options=options)

        async def served():
            async with serve(sandbox.app) as origin:
                http = Http(origin, sandbox)
                await asyncio.to_thread(lambda: steps(http.sign_in() if signed_in else http))

        asyncio.run(served())

    return run
