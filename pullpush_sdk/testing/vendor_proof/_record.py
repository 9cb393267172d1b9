"""Keeps what passes between a client and an ASGI app."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

import attrs
import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

Json = Any


@attrs.frozen(kw_only=True)
class Exchange:
    """One request and its answer; `path` as it travelled, without the query. Bodies are None where they are no JSON.

    `answer_type` is the answer's Content-Type, empty where it has none.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    request: Json
    has_request: bool
    status: int
    answer: Json
    has_answer: bool
    answer_type: str = ""


@attrs.define(kw_only=True)
class Recorder:
    """An ASGI app around another: passes everything on and keeps the exchanges that `wanted` chooses by path."""

    app: ASGIApp
    wanted: Callable[[str], bool] = lambda path: not path.startswith("/_sandbox")
    exchanges: list[Exchange] = attrs.field(factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self.wanted(scope["path"]):
            await self.app(scope, receive, send)
            return
        sent, answered, head = bytearray(), bytearray(), dict[str, Any]()

        async def hear() -> Message:
            message = await receive()
            sent.extend(message.get("body", b""))
            return message

        async def say(message: Message) -> None:
            if message["type"] == "http.response.start":
                head.update(message)
            answered.extend(message.get("body", b""))
            await send(message)

        await self.app(scope, hear, say)
        self.exchanges.append(_exchange(scope, bytes(sent), head, bytes(answered)))


def _exchange(scope: Mapping[str, Any], sent: bytes, head: Mapping[str, Any], answered: bytes) -> Exchange:
    request, has_request = _json(sent)
    answer, has_answer = _json(answered)
    return Exchange(
        method=scope["method"],
        path=scope["raw_path"].decode("latin-1").partition("?")[0],
        query=tuple(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)),
        request=request,
        has_request=has_request,
        status=head["status"],
        answer=answer,
        has_answer=has_answer,
        answer_type=dict(head.get("headers", ())).get(b"content-type", b"").decode("latin-1"),
    )


def _json(body: bytes) -> tuple[Json, bool]:
    try:
        return (msgspec.json.decode(body), True) if body else (None, False)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None, False
