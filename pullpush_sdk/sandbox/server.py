"""Serves an ASGI app on a loopback port, in a thread of its own."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from pullpush_sdk.errors import SetupError
from pullpush_sdk.sandbox._middleware import CLOSE_EXTENSION

__all__ = ["serve"]

_START_TIMEOUT = 10.0


@asynccontextmanager
async def serve(app: ASGIApp, *, host: str = "127.0.0.1", port: int = 0, quiet: bool = True) -> AsyncIterator[str]:
    """Serve `app` while the block runs; yields its address, `http://127.0.0.1:PORT`.

    The server has a thread and an event loop of its own: a client in the block may block, use another loop or be
    another process, and the caller's signal handlers stay untouched. Leaving the block closes idle connections,
    gives running requests one second, and joins the thread. `port=0` takes a free one. `quiet=False` lets the
    server log requests through the `uvicorn` loggers.

    Raises:
        SetupError: the port is taken, or the optional server package is missing.
    """
    listener = _listen(host, port)
    try:
        server = _make_server(app, quiet=quiet)
    except BaseException:
        listener.close()
        raise
    address = f"http://{host}:{listener.getsockname()[1]}"
    thread = threading.Thread(
        target=lambda: asyncio.run(server.serve(sockets=[listener])), name=f"sandbox {address}", daemon=True
    )
    thread.start()
    try:
        await _wait_started(server, thread)
        yield address
    finally:
        server.stop()
        while thread.is_alive():
            # Polled rather than joined in an executor: leaving works in a loop that is being cancelled too.
            await asyncio.shield(asyncio.sleep(0.005))
        thread.join()
        listener.close()


def _listen(host: str, port: int) -> socket.socket:
    try:
        listener = socket.create_server((host, port), backlog=256)
    except OSError as error:
        raise SetupError(f"cannot listen on {host}:{port}: {error}", hint="use port 0 for a free one") from error
    # asyncio sets this on sockets that name their protocol only; without it every answer after a connection's first
    # waits 40 ms for the client's delayed acknowledgement. Accepted sockets inherit it.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


async def _wait_started(server: Any, thread: threading.Thread) -> None:
    async with asyncio.timeout(_START_TIMEOUT):
        while not server.started:
            if not thread.is_alive():
                raise SetupError("the sandbox server ended while it was starting")
            await asyncio.sleep(0.002)


def _make_server(app: ASGIApp, *, quiet: bool) -> Any:
    try:
        import uvicorn  # noqa: PLC0415 - an optional dependency, needed by those who serve
        from uvicorn.protocols.http.h11_impl import H11Protocol  # noqa: PLC0415
    except ImportError as error:
        hint = "pip install 'pullpush-sdk[sandbox]'"
        raise SetupError("serving a sandbox needs the package uvicorn", hint=hint) from error

    class ClosableProtocol(H11Protocol):
        """Lets the app close the connection without an answer; see `CLOSE_EXTENSION`."""

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self.app = _with_close(app, transport)

    class Stoppable(uvicorn.Server):
        """Ends when it is told to, where its own loop would look ten times a second, and at once where nobody is
        connected any more.
        """

        def __init__(self, config: uvicorn.Config) -> None:
            super().__init__(config)
            self._told: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None

        def stop(self) -> None:
            """From any thread."""
            self.should_exit = True
            if self._told is not None:
                loop, event = self._told
                loop.call_soon_threadsafe(event.set)

        async def main_loop(self) -> None:
            event = asyncio.Event()
            self._told = (asyncio.get_running_loop(), event)
            seconds = 0
            while not await self.on_tick(seconds * 10):
                with suppress(TimeoutError):
                    await asyncio.wait_for(event.wait(), 1.0)
                seconds += 1

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            await asyncio.sleep(0.001)  # clients that have just left are seen to have left
            if self.server_state.connections:
                await super().shutdown(sockets)
                return
            for closing in (*self.servers, *(sockets or ())):
                closing.close()

    config = uvicorn.Config(
        app,
        http=ClosableProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical" if quiet else "info",
        access_log=not quiet,
        timeout_graceful_shutdown=1,
        server_header=False,
        # A platform tells its own time: the sandbox's clock, which need not be this machine's.
        date_header=False,
    )
    return Stoppable(config)


def _with_close(app: ASGIApp, transport: asyncio.Transport) -> Any:
    def close(*, reset: bool) -> None:
        if reset:
            # Zero linger turns the close into a TCP reset.
            linger = struct.pack("ii", 1, 0)
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            transport.abort()
        else:
            transport.close()

    async def closable(scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("extensions", {})[CLOSE_EXTENSION] = close
        await app(scope, receive, send)

    return closable
