"""A connector's account at its sandbox, for tests: hooks to call, edits and faults to play, requests to look at."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, TypeVar

import attrs

from pullpush_sdk.canonical import CanonicalTypes
from pullpush_sdk.clock import Clock
from pullpush_sdk.connector import Connection, Delivery, Event, Outcome, Page, Reject, Verb
from pullpush_sdk.errors import FieldError
from pullpush_sdk.http import Call
from pullpush_sdk.mapping import Functions
from pullpush_sdk.plugins import LoadedConnector, Source, load_connector
from pullpush_sdk.sandbox import Sandbox, SandboxClock, SandboxOptions

from .clock import VirtualClock
from .connections import connected
from .vendor_proof import Recorder

__all__ = ["TYPES", "Account", "delivery", "load_hooks", "opened", "player"]

AccountT = TypeVar("AccountT", bound="Account")

TYPES = CanonicalTypes()
"""The canonical types that come with the SDK."""


def load_hooks(hooks: Any, name: str) -> LoadedConnector:
    """A connector from the module with its hooks, as the runtime loads it; it holds nothing of any account."""
    source = Source(name=name, distribution=f"pullpush-{name}", load=lambda: hooks)
    return load_connector(source, hooks, types=TYPES, functions=Functions())


@attrs.define(kw_only=True)
class Account:
    """A connection to a served sandbox, driven through the connector's hooks, and the sandbox from within.

    `LOG` is the address of the sandbox's log, as the connection reaches it: absolute where its base has a path.
    """

    LOG: ClassVar[str] = "/_sandbox/log"

    loaded: LoadedConnector
    sandbox: Sandbox
    connection: Connection

    @property
    def hook(self) -> Any:
        """The connector's hooks; all want `connection=`."""
        return self.loaded.hook

    def state(self) -> Any:
        """Everything that the sandbox holds, in the platform's words."""
        return self.sandbox.control.dump()

    def change(self, kind: str, **values: Any) -> Any:
        """An edit by the merchant."""
        return self.sandbox.control.change(kind, **values)

    def faults(self, *rules: Mapping[str, Any]) -> None:
        """What goes wrong from now on; none ends it."""
        self.sandbox.control.faults.replace(list(rules))

    async def calls(self, ending: str = "") -> list[Any]:
        """The platform requests so far; asked for over the wire, so that the last one is in the log."""
        answer = await self.connection.client.send(Call(url=self.LOG))
        return [each for each in answer.json() if each["path"].endswith(ending)]

    async def pages(self, kind: str, cursor: Any = None) -> list[Page]:
        """A whole sweep."""
        pages = self.hook.pullpush_pull(connection=self.connection, canonical_type=kind, cursor=cursor)
        return [page async for page in pages]

    async def pull(self, kind: str, cursor: Any = None) -> tuple[list[Event], list[Reject], Any]:
        """The events and rejects of a sweep, and where the next one starts."""
        pages = await self.pages(kind, cursor)
        events = [event for page in pages for event in page.events]
        return events, [reject for page in pages for reject in page.rejects], pages[-1].cursor

    async def snapshot(self, kind: str) -> list[Event]:
        """The events of a snapshot."""
        pages = self.hook.pullpush_snapshot(connection=self.connection, canonical_type=kind)
        return [event async for page in pages for event in page.events]

    async def push(self, kind: str, *given: Mapping[str, Any] | Delivery, **more: Any) -> Sequence[Outcome]:
        """The outcomes of one batch: deliveries as they are, payloads as deliveries of them with `more`."""
        batch = [
            each if isinstance(each, Delivery) else delivery(kind, each, **{"position": number, **more})
            for number, each in enumerate(given, start=1)
        ]
        outcomes: Sequence[Outcome] = await self.hook.pullpush_push(
            connection=self.connection, canonical_type=kind, batch=batch
        )
        assert len(outcomes) == len(batch)
        return outcomes

    async def push_one(self, kind: str, given: Mapping[str, Any] | Delivery, **more: Any) -> Outcome:
        """The outcome of a batch of one."""
        (outcome,) = await self.push(kind, given, **more)
        return outcome


def delivery(kind: str, payload: Mapping[str, Any], **more: Any) -> Delivery:
    """A delivery of a sparse wire payload: an update of version 1, whose `id` is made of its position."""
    type_ = TYPES[kind]
    values: dict[str, Any] = {"version": 1, "position": 1, **more, "verb": Verb(more.get("verb", Verb.UPDATED))}
    plain = Delivery(
        **{"id": f"d{values['position']}", "key": "", "identity": "", **values, "kind": type_, "payload": payload}
    )
    try:
        record = plain.record
    except FieldError:
        return attrs.evolve(plain, key=more.get("key", str(payload)), identity=more.get("identity", str(payload)))
    return attrs.evolve(
        plain,
        key=more.get("key", type_.key(record)),
        identity=more.get("identity", type_.identity(record)),
    )


@asynccontextmanager
async def opened(
    loaded: LoadedConnector,
    *,
    account: Callable[..., AccountT] = Account,  # type: ignore[assignment]
    settings: Mapping[str, Any] | None = None,
    secrets: Mapping[str, str] | None = None,
    clock: Clock | None = None,
    skew: float = 0,
    recorder: Recorder | None = None,
    **options: Any,
) -> AsyncIterator[AccountT]:
    """A fresh account at the connector's sandbox; `options` are those of the sandbox, whose limits are off.

    Connection and platform share one time: what the client waits for passes at the platform, too. `skew`: by how many
    seconds its clock is ahead. `recorder` is put before the sandbox's app.
    """
    ours = clock or VirtualClock(start=datetime(2026, 3, 2, 12, tzinfo=UTC))
    theirs = SandboxClock(source=ours.monotonic, start=ours.now() + timedelta(seconds=skew))
    sandbox = loaded.hook.pullpush_sandbox(options=SandboxOptions(**{"rate_limits": False, "clock": theirs, **options}))
    if recorder is not None:
        recorder.app = sandbox.app
        sandbox = attrs.evolve(sandbox, app=recorder)
    async with connected(loaded, sandbox, settings=settings, secrets=secrets, clock=ours) as connection:
        yield account(loaded=loaded, sandbox=sandbox, connection=connection)


def player(opening: Callable[..., AbstractAsyncContextManager[AccountT]]) -> Callable[..., Any]:
    """What runs an async scenario in a fresh account: `play(scenario, records=20)`."""

    def play(scenario: Callable[[AccountT], Awaitable[Any]], **options: Any) -> Any:
        async def run() -> Any:
            async with opening(**options) as account:
                return await scenario(account)

        return asyncio.run(run())

    return play
