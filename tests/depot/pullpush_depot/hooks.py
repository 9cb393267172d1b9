from __future__ import annotations

import hmac
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any

from pullpush_sdk.canonical import dumps, from_wire
from pullpush_sdk.connector import (
    Connection,
    Connector,
    Delivery,
    Event,
    Finding,
    Location,
    Outcome,
    Page,
    WebhookRequest,
    version_of,
)
from pullpush_sdk.errors import FieldError
from pullpush_sdk.hookspecs import hookimpl
from pullpush_sdk.http import Call
from pullpush_sdk.sandbox import Sandbox, SandboxOptions

TYPES = frozenset({"product", "stocklevel", "order"})


@hookimpl
def pullpush_connector() -> Connector:
    return Connector(
        name="depot",
        title="Depot",
        version="1.0",
        settings={
            "type": "object",
            "properties": {
                "depot": {"type": "string", "description": "the warehouse's name", "pattern": "^[a-z]+$"},
                "token": {"type": "string"},
                "page": {"type": "integer", "default": 10},
            },
            "required": ["depot", "token"],
        },
        secrets=("token",),
        reads=TYPES,
        writes=TYPES,
        snapshots=TYPES - {"order"},
        webhooks=TYPES,
        batch={"stocklevel": 5},
        refused={"invoice": "a warehouse sends no bills"},
        docs="https://depot.example/docs",
    )


async def _send(connection: Connection, method: str, url: str, body: Any = None) -> Any:
    call = Call(
        method=method,
        url=url,
        headers={"Authorization": f"Bearer {connection.secrets['token'].reveal()}"},
        body=None if body is None else dumps(body),
        content_type=None if body is None else "application/json",
        idempotent=True,
    )
    return (await connection.client.send(call)).json()


@hookimpl
def pullpush_check(connection: Connection) -> Any:
    async def look() -> list[Finding]:
        who = await _send(connection, "GET", "/whoami")
        return [Finding(name="credentials", ok=True, message=f"signed in as {who['name']}")]

    return look()


@hookimpl
def pullpush_locations(connection: Connection) -> Any:
    async def look() -> list[Location]:
        return [Location(**each) for each in await _send(connection, "GET", "/locations")]

    return look()


@hookimpl
def pullpush_pull(connection: Connection, canonical_type: str, cursor: Any) -> AsyncIterator[Page]:
    return _pages(connection, canonical_type, cursor or 0)


@hookimpl
def pullpush_snapshot(connection: Connection, canonical_type: str) -> AsyncIterator[Page]:
    return _pages(connection, canonical_type, 0)


async def _pages(connection: Connection, canonical_type: str, after: int) -> AsyncIterator[Page]:
    kind = connection.types[canonical_type]
    size = connection.settings["page"]
    done = False
    while not done:
        answer = await _send(connection, "GET", f"/{canonical_type}?after={after}&limit={size}")
        events = []
        for row in answer["rows"]:
            try:
                record = from_wire(kind, row["record"])
            except Exception:
                record = row["record"]
            at = row["record"].get("updatedAt")
            version = version_of(datetime.fromisoformat(at)) if isinstance(at, str) else row["revision"]
            events.append(Event(type=canonical_type, record=record, version=version))
        after, done = answer["after"], answer["done"]
        yield Page(events=events, cursor=after, done=done)


@hookimpl
def pullpush_verify(connection: Connection, request: WebhookRequest) -> bool:
    given = request.headers.get("x-depot-token", "")
    return hmac.compare_digest(given.encode(), connection.secrets["token"].reveal().encode())


@hookimpl
def pullpush_receive(connection: Connection, request: WebhookRequest) -> Any:
    async def read() -> list[Event]:
        """`{type, record, version}`, or `{type, look}` where only the record's identity is told."""
        try:
            body = request.json()
            kind = connection.types[body["type"]]
        except (ValueError, KeyError, TypeError) as error:
            raise FieldError("this is no notice of the depot", target="type") from error
        row = {"record": body.get("record"), "revision": body.get("version", version_of(request.received_at))}
        if "look" in body:
            row = await _send(connection, "GET", f"/{kind.name}/{body['look']}")
        record = from_wire(kind, row["record"])
        return [Event(type=kind.name, record=record, version=row["revision"])]

    return read()


@hookimpl
def pullpush_push(connection: Connection, canonical_type: str, batch: Sequence[Delivery]) -> Any:
    async def write() -> list[Outcome]:
        rows = [{"identity": each.identity, "record": dict(each.payload)} for each in batch]
        answer = await _send(connection, "POST", f"/{canonical_type}", rows)
        return [Outcome.delivered() if not each else Outcome.dead(each) for each in answer["problems"]]

    return write()


@hookimpl
def pullpush_sandbox(options: SandboxOptions) -> Sandbox:
    from .sandbox import build

    return build(options)
