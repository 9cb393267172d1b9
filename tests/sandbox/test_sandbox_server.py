from __future__ import annotations

import asyncio
import socket
import threading
import urllib.request

import pytest

from pullpush_sdk.errors import SetupError
from pullpush_sdk.sandbox import serve


def test_a_blocking_client_in_the_same_loop_is_served(make_toy):
    """The server has a thread of its own, so a client that blocks the caller's loop still gets its answer."""

    async def main() -> None:
        async with serve(make_toy().app) as url:
            with urllib.request.urlopen(f"{url}/items?page=9") as answer:  # noqa: ASYNC210 - the point
                assert b'"9"' in answer.read()

    asyncio.run(main())


def test_leaving_frees_port_and_thread(make_toy):
    """After the block nothing listens and no thread is left, also when the block raises."""

    async def main() -> str:
        address = ""
        with pytest.raises(KeyError):
            async with serve(make_toy().app) as address:
                raise KeyError
        return address

    before = threading.active_count()
    port = int(asyncio.run(main()).rsplit(":", 1)[1])
    assert threading.active_count() == before
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def test_a_taken_port_is_a_mistake_with_a_hint(make_toy):
    """The message names the address."""

    async def main() -> None:
        async with serve(make_toy().app) as url:
            port = int(url.rsplit(":", 1)[1])
            with pytest.raises(SetupError, match=str(port)):
                async with serve(make_toy().app, port=port):
                    raise AssertionError

    asyncio.run(main())
