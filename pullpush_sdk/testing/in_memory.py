"""A platform's app without a server before it: what loopback would carry is handed over as it is.

A request over loopback costs several times what a small platform needs to answer it, and a law asks hundreds. What a
connector sees is the same: the client above signs, limits, retries and judges as ever, a lost or cut answer is the
error that a broken connection is. What only a wire can show (framing, sockets that are reset) is for loopback to show.
"""

from __future__ import annotations

import asyncio
import itertools
from contextvars import Context
from typing import Any
from urllib.parse import unquote, urlsplit

import attrs
from starlette.types import ASGIApp, Message

from pullpush_sdk.http._wire import RawAnswer, RawHeaders, broken_off, raw_host, raw_target, too_late, unpacked
from pullpush_sdk.sandbox._middleware import CLOSE_EXTENSION

__all__ = ["InMemory"]

# Above those that URLs leave out or systems keep.
_PORTS = itertools.cycle(range(1025, 65_536))
_WITH_LENGTH = frozenset({"POST", "PUT", "PATCH"})
_WITHOUT_BODY = frozenset({204, 304})


@attrs.define
class _Exchange:
    """One request and what has come of it so far; `ended` is done when the client would know the end of it."""

    body: bytes
    ended: asyncio.Future[None]
    status: int = 0
    headers: RawHeaders = attrs.field(factory=list)
    answered: bytearray = attrs.field(factory=bytearray)
    is_whole: bool = False
    is_read: bool = False

    def end(self) -> None:
        if not self.ended.done():
            self.ended.set_result(None)

    def close(self, *, reset: bool) -> None:
        """As a server breaks a connection off, see `CLOSE_EXTENSION`."""
        del reset  # a client is told of either as of the other
        self.end()

    async def receive(self) -> Message:
        if not self.is_read:
            self.is_read = True
            return {"type": "http.request", "body": self.body, "more_body": False}
        await self.ended
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if self.ended.done():
            return  # nobody hears it any more
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message.get("headers", ()))
        elif message["type"] == "http.response.body":
            self.answered.extend(message.get("body", b""))
            if not message.get("more_body", False):
                self.is_whole = True
                self.end()


class InMemory:
    """Takes the place of a client's connections; `origin` is the address that the app is asked under.

    The app runs in the caller's event loop, in a task of its own for each request: as with a server, a request whose
    caller went away is carried out all the same.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._under_way: set[asyncio.Task[None]] = set()
        self.origin = f"http://127.0.0.1:{next(_PORTS)}"

    async def send(
        self, method: str, url: str, headers: RawHeaders, body: bytes | None, *, within: float, is_safe: bool
    ) -> RawAnswer:
        """As `Wire.send`."""
        exchange = _Exchange(body or b"", asyncio.get_running_loop().create_future())
        scope = _scope(method, url, headers, body)
        scope["extensions"] = {CLOSE_EXTENSION: exchange.close}
        # What the client keeps about the request that it sends is none of the platform's business.
        task = asyncio.create_task(self._carried_out(scope, exchange), context=Context())
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        host = str(scope["server"][0])
        try:
            async with asyncio.timeout(within):
                await asyncio.shield(exchange.ended)
        except TimeoutError as error:
            raise too_late(host, within, is_safe=is_safe) from error
        if not exchange.is_whole:
            raise broken_off(host, "it was closed", is_safe=is_safe)
        answered = b"" if method == "HEAD" or exchange.status in _WITHOUT_BODY else bytes(exchange.answered)
        return unpacked(RawAnswer(exchange.status, exchange.headers, answered), host)

    async def _carried_out(self, scope: dict[str, Any], exchange: _Exchange) -> None:
        try:
            await self._app(scope, exchange.receive, exchange.send)
        except Exception:  # noqa: BLE001 - what a server makes of an app's mistake
            if not exchange.status:
                exchange.status, exchange.answered, exchange.is_whole = 500, bytearray(b"Internal Server Error"), True
        finally:
            exchange.end()

    async def aclose(self) -> None:
        """Ends what is still under way."""
        left = list(self._under_way)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)


def _scope(method: str, url: str, headers: RawHeaders, body: bytes | None) -> dict[str, Any]:
    """What a server tells an app of a request, with the headers that the HTTP library adds."""
    parts = urlsplit(url)
    path, _, query = raw_target(url).partition(b"?")
    sent = [(b"host", raw_host(parts.scheme, parts.netloc)), *((name.lower(), value) for name, value in headers)]
    if body or method in _WITH_LENGTH:
        sent.append((b"content-length", str(len(body or b"")).encode()))
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "server": (parts.hostname, parts.port),
        "client": ("127.0.0.1", 0),
        "scheme": parts.scheme,
        "method": method,
        "root_path": "",
        "path": unquote(path.decode("ascii")),
        "raw_path": path,
        "query_string": query,
        "headers": sent,
        "state": {},
    }
