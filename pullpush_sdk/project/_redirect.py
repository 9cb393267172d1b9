"""Where a browser comes back to after a person said yes: one request to a loopback address."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from urllib.parse import parse_qsl, urlsplit

from pullpush_sdk.errors import SetupError

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_LONGEST_LINE = 16_384
_PAGE = (
    "<!doctype html><html lang=en><meta charset=utf-8><title>PullPush</title>"
    "<body style='font:16px sans-serif;margin:4em'><p>{words}</p></body></html>"
)


def is_loopback(redirect_uri: str) -> bool:
    """Whether a browser on this machine would come back to this machine, over plain HTTP as such addresses do."""
    parts = urlsplit(redirect_uri)
    return parts.scheme == "http" and parts.hostname in _LOOPBACK


def query_of(address: str) -> dict[str, str]:
    """The parameters of an address that a browser was sent to; a parameter that comes twice counts once, last."""
    return dict(parse_qsl(urlsplit(address.strip()).query, keep_blank_values=True))


@asynccontextmanager
async def listening(redirect_uri: str) -> AsyncIterator[asyncio.Future[Mapping[str, str]]]:
    """Listens at a loopback address; the future has the parameters of the first request to its path.

    Whatever else is asked for (a browser wants an icon) is answered 404. What a request says is not shown back.

    Raises:
        SetupError: another program uses the port.
    """
    parts = urlsplit(redirect_uri)
    came: asyncio.Future[Mapping[str, str]] = asyncio.get_running_loop().create_future()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            line = (await reader.readuntil(b"\r\n")).decode("latin-1").split(" ")
            is_ours = len(line) == 3 and line[0] == "GET" and urlsplit(line[1]).path == (parts.path or "/")
            words = "You can close this window and go back to the terminal." if is_ours else "Nothing is here."
            page = _PAGE.format(words=words).encode()
            status = "200 OK" if is_ours else "404 Not Found"
            head = (
                f"HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {len(page)}\r\n"
                "Referrer-Policy: no-referrer\r\nConnection: close\r\n\r\n"
            )
            writer.write(head.encode() + page)
            await writer.drain()
            if is_ours and not came.done():
                came.set_result(query_of(line[1]))
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError, ValueError):
            pass  # not a browser that comes back; the right one may still
        finally:
            writer.close()

    try:
        server = await asyncio.start_server(answer, parts.hostname, parts.port or 80, limit=_LONGEST_LINE)
    except OSError as error:
        message = f"cannot listen at {parts.hostname}:{parts.port or 80}: {error.strerror or error}"
        raise SetupError(message, hint="name another address with --redirect-uri; the platform must allow it") from None
    async with server:
        yield came
