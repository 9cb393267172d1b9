"""The sockets under httpcore's connections, on asyncio's own transports.

httpcore reads through anyio in pieces of 64 kB; a page of 300 kB then costs about a third more CPU than when the event
loop hands over what has arrived. httpcore's network backend is a public interface, and this is one for asyncio only:
TCP, TLS by `start_tls`, whatever is buffered in one read.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterable
from contextvars import ContextVar
from typing import Any

import attrs
import httpcore

# Received and not yet read: above the first mark the peer is made to wait, below the second it may go on.
_HIGH = 1 << 20
_LOW = 1 << 18
# For connections whose caller went away; on a working network they are there at once.
_PATIENCE = 1.0


@attrs.define
class Sent:
    """Whether any byte of a request was handed over: before that nothing can have been applied."""

    anything: bool = False


under_way: ContextVar[Sent | None] = ContextVar("under_way", default=None)
"""The request that the current task is sending."""


class Stream(asyncio.Protocol, httpcore.AsyncNetworkStream):
    """One connection: bytes as they come, an empty read at its end."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._chunks: list[bytes] = []
        self._size = 0
        self._is_paused = False
        self._is_closed = False
        self._error: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._chunks.append(data)
        self._size += len(data)
        if self._size > _HIGH and not self._is_paused and self._transport is not None:
            self._is_paused = True
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        self._is_closed = True
        self._wake()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_closed = True
        self._error = self._error or exc
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002, ASYNC109
        """Everything that has arrived, more than `max_bytes` too; time limits are the caller's."""
        if not self._chunks and not self._is_closed:
            self._waiter = self._loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        if not self._chunks:
            if self._error is not None:
                raise httpcore.ReadError(str(self._error)) from self._error
            return b""
        data = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        self._chunks.clear()
        self._size = 0
        if self._is_paused and self._transport is not None:
            self._is_paused = False
            self._transport.resume_reading()
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002, ASYNC109
        """Hands the bytes to the system; they are in memory already, so nothing is gained by waiting for it."""
        if self._transport is None or self._transport.is_closing():
            raise httpcore.WriteError("the connection is closed")
        if buffer:
            if (sent := under_way.get()) is not None:
                sent.anything = True
            self._transport.write(buffer)

    async def aclose(self) -> None:
        if self._transport is not None:
            self._transport.abort() if self._is_closed else self._transport.close()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> httpcore.AsyncNetworkStream:
        """The same connection, encrypted.

        Raises:
            httpcore.ConnectError: the handshake failed, a certificate that is not trusted included.
            httpcore.ConnectTimeout: it took too long.
        """
        assert self._transport is not None
        inner = Stream(self._loop)
        try:
            async with asyncio.timeout(timeout):
                transport = await self._loop.start_tls(
                    self._transport, inner, ssl_context, server_hostname=server_hostname
                )
        except TimeoutError as error:
            self._transport.abort()
            raise httpcore.ConnectTimeout("the TLS handshake took too long") from error
        except (OSError, ssl.SSLError) as error:
            self._transport.abort()
            raise httpcore.ConnectError(str(error)) from error
        except asyncio.CancelledError:
            self._transport.abort()
            raise
        assert transport is not None
        inner.connection_made(transport)
        return inner

    def get_extra_info(self, info: str) -> Any:
        """`is_readable` tells httpcore whether an idle connection was closed by the other side."""
        if info == "is_readable":
            return self._is_closed or bool(self._chunks) or self._transport is None or self._transport.is_closing()
        return None if self._transport is None else self._transport.get_extra_info(info)


class Network(httpcore.AsyncNetworkBackend):
    """Opens connections on the running event loop.

    A caller that is cancelled leaves a connection half open: asyncio drops its socket unclosed. So an attempt goes on
    by itself and is closed when it succeeds; `settle` waits for those.
    """

    def __init__(self) -> None:
        self._left: set[asyncio.Future[Any]] = set()

    async def settle(self) -> None:
        """Returns when no attempt that its caller left is under way any more; slow ones are broken off."""
        if self._left:
            await asyncio.wait(self._left, timeout=_PATIENCE)
        slow = list(self._left)
        for opening in slow:
            opening.cancel()
        await asyncio.gather(*slow, return_exceptions=True)
        await asyncio.sleep(0)  # what was aborted is closed in the loop's next turn

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's interface
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        del local_address, socket_options  # never set by our pools
        loop = asyncio.get_running_loop()
        opening = asyncio.ensure_future(
            loop.create_connection(lambda: Stream(loop), host, port, happy_eyeballs_delay=0.25)
        )
        try:
            async with asyncio.timeout(timeout):
                _, stream = await asyncio.shield(opening)
        except TimeoutError as error:
            self._leave(opening)
            raise httpcore.ConnectTimeout(f"no connection within {timeout} s") from error
        except OSError as error:
            raise httpcore.ConnectError(_reason(error)) from error
        except asyncio.CancelledError:
            self._leave(opening)
            raise
        return stream

    def _leave(self, opening: asyncio.Future[Any]) -> None:
        self._left.add(opening)
        opening.add_done_callback(self._left.discard)
        opening.add_done_callback(_close)


def _close(opening: asyncio.Future[Any]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result()[0].abort()


def _reason(error: OSError) -> str:
    return f"the name cannot be resolved ({error.strerror})" if isinstance(error, socket.gaierror) else str(error)
