"""A receiving process in a thread of its own, for tests whose examples are plain functions."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from .kit import Process, process

T = TypeVar("T")


class Running:
    """A process whose engine is asked from another thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop, inner: Process) -> None:
        self.loop = loop
        self.inner = inner
        self.port = inner.port

    def ask(self, what: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(what, self.loop).result(60)

    def raw(self, *pieces: bytes, timeout: float = 20.0, ends: bool = False) -> bytes:
        """All that comes back for bytes on a connection of their own, until it is closed; `ends` says that no more
        will come.
        """
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as connection:
            try:
                for piece in pieces:
                    connection.sendall(piece)
                if ends:
                    connection.shutdown(socket.SHUT_WR)
            except (BrokenPipeError, ConnectionResetError):
                pass
            return read_all(connection)


def read_all(connection: socket.socket) -> bytes:
    got = b""
    try:
        while chunk := connection.recv(65_536):
            got += chunk
    except ConnectionResetError:
        pass
    return got


@contextmanager
def running(folder: Path, **options: Any) -> Iterator[Running]:
    ready: list[Running | BaseException] = []
    is_ready, over = threading.Event(), threading.Event()

    async def serve() -> None:
        try:
            async with process(folder, **options) as inner:
                ready.append(Running(asyncio.get_running_loop(), inner))
                is_ready.set()
                while not over.is_set():  # noqa: ASYNC110 - told from another thread
                    await asyncio.sleep(0.01)
        except BaseException as error:
            ready.append(error)
            is_ready.set()
            raise

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    is_ready.wait(20)
    first = ready[0]
    if isinstance(first, BaseException):
        raise first
    try:
        yield first
    finally:
        over.set()
        thread.join(20)
