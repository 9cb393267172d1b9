"""A server that nobody can hold up: limits on a request's headers, and on the time that its head and body may take.

uvicorn with httptools bounds neither; how large a body may be is for those to say who read it.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from pullpush_sdk.errors import SetupError

from ._limits import Limits

__all__ = ["listen", "make_server"]

_BACKLOG = 2_048
_KEEP_ALIVE = 75


def listen(host: str, port: int) -> socket.socket:
    """A listening socket for `make_server(…).serve(sockets=[…])`, to be closed by the caller; port 0 takes a free one.

    Raises:
        SetupError: the port is taken, or the address is not of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise SetupError(
            f"cannot listen on {host}:{port}: {error.strerror or error}", hint="name another one with --host or --port"
        ) from None
    # asyncio sets this on sockets that name their protocol only; without it every answer after a connection's first
    # waits 40 ms for the client's delayed acknowledgement. Accepted sockets inherit it.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


class _Server(uvicorn.Server):
    """Leaves the process's signals to whoever runs it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def make_server(app: ASGIApp, *, limits: Limits | None = None, graceful_seconds: float = 10.0) -> uvicorn.Server:
    """A uvicorn server for `app`, to be awaited by `serve(sockets=[listen(…)])`.

    `should_exit = True` ends it; it handles no signals.
    """
    given = limits or Limits()
    config = uvicorn.Config(
        app,
        http=_protocol(given),
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        date_header=False,
        limit_concurrency=given.connections,
        timeout_keep_alive=_KEEP_ALIVE,
        timeout_graceful_shutdown=max(round(graceful_seconds), 1),
    )
    return _Server(config)


def _protocol(limits: Limits) -> Any:
    class BoundedProtocol(HttpToolsProtocol):
        """Counts the bytes of a request's head, and gives head and body so much time each.

        A request that comes in one piece, as most do, sets no timer.
        """

        head: int = 0
        in_head: bool = True
        in_body: bool = False
        deadline: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self.deadline = self.loop.call_later(limits.head_seconds, self.too_slow)

        def connection_lost(self, exc: Exception | None) -> None:
            self.no_deadline()
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            if self.in_head:
                self.head += len(data)
            super().data_received(data)
            if self.transport.is_closing():
                return
            if self.in_head and self.head > limits.headers:
                self.refuse(b"431 Request Header Fields Too Large")
            elif self.in_head or self.in_body:
                if self.deadline is None:
                    seconds = limits.head_seconds if self.in_head else limits.body_seconds
                    self.deadline = self.loop.call_later(seconds, self.too_slow)
            elif self.cycle.response_complete and self.timeout_keep_alive_task is None:
                # Line ends between two requests begin none.
                self.timeout_keep_alive_task = self.loop.call_later(_KEEP_ALIVE, self.timeout_keep_alive_handler)

        def on_message_begin(self) -> None:
            super().on_message_begin()
            self.in_head, self.head = True, 0

        def on_headers_complete(self) -> None:
            self.no_deadline()
            self.in_head, self.in_body = False, True
            super().on_headers_complete()

        def on_message_complete(self) -> None:
            self.no_deadline()
            self.in_body = False
            super().on_message_complete()

        def no_deadline(self) -> None:
            if self.deadline is not None:
                self.deadline.cancel()
                self.deadline = None

        def too_slow(self) -> None:
            if self.transport.is_closing():
                return
            if self.in_body and not self.cycle.response_complete:
                self.cycle.disconnected = True
                self.cycle.message_event.set()
            self.refuse(b"408 Request Timeout")

        def refuse(self, status: bytes) -> None:
            self.no_deadline()
            self.transport.write(b"HTTP/1.1 " + status + b"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            self.transport.close()

    return BoundedProtocol
