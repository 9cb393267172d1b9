from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from functools import cache
from typing import Any

import attrs
import pytest
from pullpush_linnworks import hooks

from pullpush_sdk.plugins import LoadedConnector
from pullpush_sdk.sandbox import SandboxClock, SandboxOptions, serve
from pullpush_sdk.testing.accounts import Account, load_hooks, opened, player


@cache
def load() -> LoadedConnector:
    return load_hooks(hooks, "linnworks")


class Linnworks(Account):
    LOG = "https://api.linnworks.net/_sandbox/log"


def open_account(**options: Any) -> AbstractAsyncContextManager[Linnworks]:
    return opened(load(), account=Linnworks, **options)


@pytest.fixture
def loaded() -> LoadedConnector:
    return load()


@pytest.fixture(scope="session")
def play_plain() -> Callable[..., Any]:
    """As `play`, for tests that run a scenario many times; `page` makes the lists' pages small."""

    def run(scenario: Callable[[Linnworks], Awaitable[Any]], *, page: int | None = None, **options: Any) -> Any:
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
    return player(open_account)


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
