"""Logs every platform request and makes the fault plan happen to it."""

from __future__ import annotations

import json
import time
from email.utils import format_datetime
from typing import Any

import attrs
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pullpush_sdk.sandbox.clock import SandboxClock
from pullpush_sdk.sandbox.faults import Answer, FaultPlan, FaultRule
from pullpush_sdk.sandbox.log import RequestLog, decode_body

__all__ = ["CLOSE_EXTENSION", "Instrumented"]

# Under this name `serve` puts a function into the scope's extensions that closes the client's connection:
# ASGI itself has no way to end a request without an answer that a server would not report as our mistake.
CLOSE_EXTENSION = "pullpush.close"


@attrs.frozen(kw_only=True)
class _Request:
    scope: Scope
    body: bytes
    receive: Receive
    send: Send

    def facts(self) -> dict[str, str]:
        return {
            "method": str(self.scope["method"]),
            "path": str(self.scope["path"]),
            "query": self.scope["query_string"].decode("latin-1"),
            "body": self.body.decode("utf-8", errors="replace"),
        }


class Instrumented:
    """ASGI middleware: body in memory, fault plan, log. The control routes do not pass through here."""

    def __init__(self, app: ASGIApp, *, clock: SandboxClock, log: RequestLog, faults: FaultPlan) -> None:
        self._app = app
        self._clock = clock
        self._log = log
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Carry out one request, with whatever the plan has in store for it."""
        started, at = time.monotonic_ns(), self._clock.now().isoformat()
        status: int | None = None

        async def noting_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message = {**message, "headers": [*message.get("headers", ()), self._date()]}
            await send(message)

        request = _Request(scope=scope, body=await _read(receive), receive=receive, send=noting_send)
        facts = request.facts()
        rule = self._faults.pick(facts)
        try:
            if rule is None:
                await self._pass(request, self._faults.page_watchers(facts))
            else:
                await self._suffer(request, rule)
        finally:
            entry: dict[str, Any] = {"at": at, "method": facts["method"], "path": facts["path"]}
            entry |= {"query": facts["query"], "status": status, "started": started, "ended": time.monotonic_ns()}
            entry["fault"] = rule.fault if rule else None
            if request.body:
                entry["body"] = decode_body(request.body, _header(scope, b"content-type"))
            self._log.append(entry)

    def _date(self) -> tuple[bytes, bytes]:
        return b"date", format_datetime(self._clock.now(), usegmt=True).encode()

    async def _pass(self, request: _Request, watchers: list[FaultRule]) -> None:
        if not watchers:
            await self._app(request.scope, _replay(request.body, request.receive), request.send)
            return
        answer = await self._answer(request)
        for rule in watchers:
            rule.last_answer = answer
        await _reply(request.send, answer)

    async def _suffer(self, request: _Request, rule: FaultRule) -> None:
        if rule.fault == "reset":
            await _close(request, reset=True)
        elif rule.fault == "status":
            await _reply(request.send, _status_answer(rule))
        elif rule.fault == "repeat_page":
            assert rule.last_answer is not None
            await _reply(request.send, rule.last_answer)
        else:
            answer = await self._answer(request)
            if rule.fault == "lost_answer":
                await _close(request, reset=False)
            elif rule.fault == "slow":
                await self._drip(request.send, answer, rule.seconds)
            else:
                await _start(request.send, answer)
                half = answer.body[: len(answer.body) // 2]
                await request.send({"type": "http.response.body", "body": half, "more_body": True})
                await _close(request, reset=False)

    async def _answer(self, request: _Request) -> Answer:
        """Carry the request out and keep its answer to ourselves."""
        status, headers, chunks = 500, (), bytearray()

        async def collect(message: Message) -> None:
            nonlocal status, headers
            if message["type"] == "http.response.start":
                status, headers = message["status"], tuple(message.get("headers", ()))
            else:
                chunks.extend(message.get("body", b""))

        await self._app(request.scope, _replay(request.body, request.receive), collect)
        return Answer(status=status, headers=headers, body=bytes(chunks))

    async def _drip(self, send: Send, answer: Answer, seconds: float) -> None:
        await _start(send, answer)
        drops = 10
        size = max(1, -(-len(answer.body) // drops))
        for offset in range(0, max(1, len(answer.body)), size):
            await self._clock.sleep(seconds / drops)
            await send({"type": "http.response.body", "body": answer.body[offset : offset + size], "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _read(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        body.extend(message.get("body", b""))
        if not message.get("more_body", False):
            return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    """The body once more, then whatever the server says (a disconnect)."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


async def _start(send: Send, answer: Answer) -> None:
    await send({"type": "http.response.start", "status": answer.status, "headers": list(answer.headers)})


async def _reply(send: Send, answer: Answer) -> None:
    await _start(send, answer)
    await send({"type": "http.response.body", "body": answer.body})


def _status_answer(rule: FaultRule) -> Answer:
    body = b"" if rule.body is None else json.dumps(rule.body, ensure_ascii=False).encode()
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in rule.headers.items()]
    names = {name for name, _ in headers}
    if body and b"content-type" not in names:
        headers.append((b"content-type", b"application/json"))
    headers.append((b"content-length", str(len(body)).encode()))
    return Answer(status=rule.status, headers=tuple(headers), body=body)


async def _close(request: _Request, *, reset: bool) -> None:
    close = request.scope.get("extensions", {}).get(CLOSE_EXTENSION)
    if close is None:
        # An in-process client has no connection; it sees the error that a socket would have raised.
        raise ConnectionResetError("the fault plan closed this connection")
    close(reset=reset)
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _header(scope: Scope, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")
