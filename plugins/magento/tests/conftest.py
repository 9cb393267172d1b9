from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import attrs
import pytest
from pullpush_magento import hooks

from pullpush_sdk import Connection, Delivery, Event, Outcome, Page, Reject, Verb
from pullpush_sdk.canonical import CanonicalTypes, from_wire
from pullpush_sdk.http import Call
from pullpush_sdk.mapping import Functions
from pullpush_sdk.plugins import LoadedConnector, Source, load_connector
from pullpush_sdk.sandbox import Sandbox, SandboxClock, SandboxOptions
from pullpush_sdk.testing.clock import VirtualClock
from pullpush_sdk.testing.connections import connected
from pullpush_sdk.testing.vendor_proof import Recorder

TYPES = CanonicalTypes()


@lru_cache(maxsize=1)
def load() -> LoadedConnector:
    """The connector, read once: it holds nothing of a shop."""
    source = Source(name="magento", distribution="pullpush-magento", load=lambda: hooks)
    return load_connector(source, hooks, types=TYPES, functions=Functions())


@attrs.define(kw_only=True)
class Shop:
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
        answer = await self.connection.client.send(Call(url="https://magento.example/_sandbox/log"))
        return [each for each in answer.json() if each["path"].endswith(ending)]

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
        record = from_wire(TYPES[kind], dict(payload))
        values: dict[str, Any] = {
            "verb": Verb.UPDATED,
            "version": 1,
            "position": number,
            "key": TYPES[kind].key(record),
        }
        values |= {"id": f"d{number}", "identity": str(payload), "kind": TYPES[kind], "payload": payload}
        return Delivery(**{**values, **more})

    async def push_one(self, kind: str, payload: Mapping[str, Any], **more: Any) -> Outcome:
        (outcome,) = await self.push(kind, payload, **more)
        return outcome

    async def snapshot(self, kind: str) -> list[Any]:
        pages = self.hook.pullpush_snapshot(connection=self.connection, canonical_type=kind)
        return [event.record async for page in pages for event in page.events]

    def faults(self, *rules: Mapping[str, Any]) -> None:
        self.sandbox.control.faults.replace(list(rules))


@asynccontextmanager
async def open_shop(
    *,
    settings: Mapping[str, Any] | None = None,
    secrets: Mapping[str, str] | None = None,
    recorder: Recorder | None = None,
    **options: Any,
) -> AsyncIterator[Shop]:
    """`recorder` is put before the sandbox's app."""
    loaded = load()
    clock = VirtualClock(start=datetime(2026, 3, 2, 12, tzinfo=UTC))
    # One time for both: what the client waits for passes at the platform, too.
    theirs = SandboxClock(source=clock.monotonic, start=clock.now())
    sandbox = loaded.hook.pullpush_sandbox(options=SandboxOptions(clock=theirs, **options))
    if recorder is not None:
        recorder.app = sandbox.app
        sandbox = attrs.evolve(sandbox, app=recorder)
    async with connected(loaded, sandbox, settings=settings, secrets=secrets, clock=clock) as connection:
        yield Shop(loaded=loaded, sandbox=sandbox, connection=connection)


@pytest.fixture
def loaded() -> LoadedConnector:
    return load()


@pytest.fixture
def opened() -> Callable[..., Any]:
    """`async with opened(records=20) as shop`."""
    return open_shop


@pytest.fixture
def play() -> Callable[..., Any]:
    """Runs an async scenario against a fresh shop: `play(scenario, records=20)`."""

    def run(scenario: Callable[[Shop], Awaitable[Any]], **options: Any) -> Any:
        async def opened() -> Any:
            async with open_shop(**options) as shop:
                return await scenario(shop)

        return asyncio.run(opened())

    return run
