"""A platform that misbehaves on command, on a real socket, and clients that talk to it."""

from __future__ import annotations

import asyncio
import inspect
import json
import random
import socket
import struct
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import attrs
import pytest

from pullpush_sdk.clock import Clock
from pullpush_sdk.http import Authenticator, Client, MemoryTokenStore, Redactor, Throttle, scheme_of
from pullpush_sdk.manifest import Auth, Limits, NoAuth
from pullpush_sdk.testing.clock import VirtualClock


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Runs `async def` tests of this folder, each in an event loop of its own."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    wanted = pyfuncitem._fixtureinfo.argnames
    asyncio.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in wanted}))
    return True


@attrs.frozen(kw_only=True)
class Received:
    """A request as it arrived; header names in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]


@attrs.frozen(kw_only=True)
class Reply:
    """An answer, or how it goes wrong.

    `cut` bytes of the body are sent of those announced, then the connection closes; `reset` closes it with a TCP
    reset (before any answer if `cut` is 0); `stall` stops after `cut` bytes and leaves the connection open.
    """

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = attrs.field(factory=dict)
    cut: int | None = None
    reset: bool = False
    stall: bool = False
    chunked: bool = False


def as_json(value: Any, status: int = 200, **headers: str) -> Reply:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Reply(status=status, body=json.dumps(value).encode(), headers=named)


Handler = Callable[[Received], Reply]


class Platform:
    """A server of scripted answers; `received` lists the requests, `most_at_once` how many were open together."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.received: list[Received] = []
        self.connections = 0
        self.open = 0
        self.most_at_once = 0
        self.gate: asyncio.Event | None = None
        self._arrival = asyncio.Condition()
        self.url = ""
        self._tasks: set[asyncio.Task[Any]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            while (request := await self._read(reader)) is not None:
                async with self._arrival:
                    self.received.append(request)
                    self.open += 1
                    self.most_at_once = max(self.most_at_once, self.open)
                    self._arrival.notify_all()
                if self.gate is not None:
                    await self.gate.wait()
                self.open -= 1
                if not await self._reply(self.handler(request), writer):
                    break
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # cancelled by `close` only, and asyncio's streams complain of handlers that end cancelled
        finally:
            writer.close()
            self._tasks.discard(task)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Returns when a request has arrived that makes it hold."""
        async with self._arrival:
            await self._arrival.wait_for(holds)

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _read(self, reader: asyncio.StreamReader) -> Received | None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        except asyncio.IncompleteReadError:
            return None
        first, *lines = head.split("\r\n")[:-2]
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        method, target, _ = first.split(" ")
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        return Received(method=method, target=target, headers=headers, body=body)

    async def _reply(self, reply: Reply, writer: asyncio.StreamWriter) -> bool:
        if reply.reset and not reply.cut:
            _reset(writer)
            return False
        length = {"Transfer-Encoding": "chunked"} if reply.chunked else {"Content-Length": str(len(reply.body))}
        head = "".join(f"{name}: {value}\r\n" for name, value in {**length, **reply.headers}.items())
        writer.write(f"HTTP/1.1 {reply.status} Said\r\n{head}\r\n".encode())
        body = reply.body if reply.cut is None else reply.body[: reply.cut]
        writer.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body) if reply.chunked else body)
        await writer.drain()
        if reply.stall:
            await asyncio.Event().wait()
        if reply.reset:
            _reset(writer)
        return reply.cut is None


def _reset(writer: asyncio.StreamWriter) -> None:
    raw = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@asynccontextmanager
async def _platform(handler: Handler, **options: Any) -> AsyncIterator[Platform]:
    platform = Platform(handler)
    server = await asyncio.start_server(platform.serve, "127.0.0.1", 0, **options)
    scheme = "https" if "ssl" in options else "http"
    platform.url = f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield platform
    finally:
        server.close()
        await platform.close()


def script(*replies: Reply) -> Handler:
    """Answers in this order; the last one again and again."""
    left = list(replies)
    return lambda _request: left.pop(0) if len(left) > 1 else left[0]


def make_client(
    base_url: str,
    *,
    auth: Auth = NoAuth(),  # noqa: B008
    values: Mapping[str, Any] | None = None,
    limits: Limits = Limits(),  # noqa: B008
    clock: Clock | None = None,
    store: Any = None,
    redactor: Redactor | None = None,
    **options: Any,
) -> Client:
    """A client on virtual time with the least of everything."""
    clock = clock or VirtualClock()
    redactor = redactor or Redactor()
    authenticator = Authenticator(
        scheme_of(auth, values or {}), clock=clock, redactor=redactor, store=store or MemoryTokenStore()
    )
    options.setdefault("throttle", Throttle(limits, clock))
    return Client(
        base_url=base_url,
        auth=authenticator,
        limits=limits,
        redactor=redactor,
        clock=clock,
        rng=random.Random(7),
        **options,
    )


@attrs.frozen
class Kit:
    """What the tests of this folder share."""

    platform: Any = _platform
    client: Any = make_client
    reply: Any = Reply
    json: Any = staticmethod(as_json)
    script: Any = staticmethod(script)


@pytest.fixture
def kit() -> Kit:
    return Kit()
