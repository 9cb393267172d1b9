"""Laws of reading a platform that is not what it was: credentials that end half-way, fields that nobody knew."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import attrs
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pullpush_sdk.errors import AuthError, PullPushError, TransientError
from pullpush_sdk.sandbox import Sandbox, SandboxOptions

from ._law import Effort, Law, broken
from ._subject import Shop, Subject, meaning, newest

__all__ = ["LAWS", "NEW_FIELD"]

Json = Any
NEW_FIELD = "pullpush_new_field"
_TRIES = 10


def outlives_its_token(subject: Subject, canonical_type: str, effort: Effort) -> None:
    """A token that ends between two requests ends no reading early: it is renewed, or told as what it is."""

    async def tried(after: int) -> None:
        async with subject.shop(seed=effort.seed) as shop:
            everything = set(newest(shop, (await shop.sweep(canonical_type))[0]))
            shop.sandbox.control.faults.replace(
                [{"fault": "status", "status": 401, "body": {"error": "token expired"}, "skip": after, "times": 1}]
            )
            steps = [f"request {after + 1} of a sweep is answered with 401, the next ones are not"]
            told = await _to_the_end(shop, canonical_type, steps)
            if everything - told:
                missing = sorted(everything - told)
                broken(f"the sweep said that it was done, and {', '.join(missing[:5])} never came", steps=steps)

    for after in range(3):
        asyncio.run(tried(after))


async def _to_the_end(shop: Shop, canonical_type: str, steps: list[str]) -> set[str]:
    """What is told until a sweep ends, each try going on from the last cursor."""
    told: set[str] = set()
    cursor: Json = None
    for _ in range(_TRIES):
        try:
            async for page in shop.pages(canonical_type, cursor):
                told |= {shop.identity(event) for event in page.events}
                cursor = page.cursor if page.cursor is not None else cursor
        except (AuthError, TransientError):
            continue
        except PullPushError as error:
            broken(f"a token that ended is told as {type(error).__name__}: {error}", steps=steps)
        return told
    return broken(f"after {_TRIES} tries the sweep had not come to an end", steps=steps)


def bears_new_fields(subject: Subject, canonical_type: str, effort: Effort) -> None:
    """A platform that adds a field to its records is read as before."""

    async def told(of: Subject) -> dict[str, Json]:
        async with of.shop(seed=effort.seed) as shop:
            events, _ = await shop.sweep(canonical_type)
            return {identity: meaning(event.record) for identity, event in newest(shop, events).items()}

    def drifted(options: SandboxOptions) -> Sandbox:
        sandbox = subject.sandbox(options)
        return attrs.evolve(sandbox, app=_Drift(sandbox.app))

    steps = [f"every record of every list has a further field {NEW_FIELD!r}", "read everything"]
    before = asyncio.run(told(subject))
    try:
        after = asyncio.run(told(attrs.evolve(subject, sandbox=drifted)))
    except PullPushError as error:
        broken(f"reading ends with {type(error).__name__}: {error}", steps=steps)
    for identity, record in before.items():
        if identity not in after:
            broken(f"{identity} is told no more", steps=steps)
        if after[identity] != record:
            broken(f"{identity} was {record}, and is {after[identity]}", steps=steps)


class _Drift:
    """A platform whose records have a field that no map knows."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        start: list[Message] = []
        body = bytearray()

        async def kept(message: Message) -> None:
            if message["type"] != "http.response.body":
                start.append(message)
                return
            body.extend(message.get("body", b""))
            if not message.get("more_body"):
                await _answer(start[0], bytes(body), send)

        await self._app(scope, receive, kept if scope["type"] == "http" else send)


async def _answer(start: Message, body: bytes, send: Send) -> None:
    with suppress(ValueError):  # nothing that has fields
        body = json.dumps(_grown(json.loads(body))).encode()
    headers = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
    headers.append((b"content-length", str(len(body)).encode()))
    await send({**start, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _grown(value: Json) -> Json:
    """The same with a new field in every object of every list: others may be tables by name."""
    if isinstance(value, Mapping):
        return {name: _grown(each) for name, each in value.items()}
    if not isinstance(value, list):
        return value
    return [
        {**_grown(each), NEW_FIELD: {"since": "today", "tags": [None, 1]}}
        if isinstance(each, Mapping)
        else _grown(each)
        for each in value
    ]


LAWS: tuple[Law, ...] = (
    Law(
        name="source-outlives-its-token",
        says="a token that ends between two requests ends no reading early: it is renewed, or told as an AuthError",
        fix="401 is neither an empty page nor a record's fault: let it out, or let the auth of the manifest renew it",
        ability="read",
        check=outlives_its_token,
    ),
    Law(
        name="source-bears-new-fields",
        says="a field that the platform adds to its records changes nothing",
        fix="read by name what you need and leave the rest alone; no strict models, no counted columns",
        ability="read",
        check=bears_new_fields,
    ),
)
