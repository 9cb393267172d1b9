"""Bytes out, bytes back: the only module that imports the HTTP library.

httpx's transport interface is used below its client: redirects, cookies, retries and logging are ours to decide, and
a page costs half the CPU. Connections are kept alive and shared by all calls of one Wire.
"""

from __future__ import annotations

import asyncio
import os
import re
import ssl
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple, Protocol
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]  # missing in typeshed

import httpcore
import httpx

from pullpush_sdk.errors import ContractError, RequestTimeoutError, SetupError, UnavailableError

from ._socket import Network, Sent, under_way

RawHeaders = list[tuple[bytes, bytes]]

# Idle connections are given up before common servers (uvicorn, Node: 5 s) close them: a request on a connection that
# is just being closed is a lost answer, which a write may not repeat.
_KEEP_ALIVE = 4.0
_LARGEST = 256 << 20
# Connecting and the TLS handshake may take so many seconds each, and together less than the whole: whoever gets no
# connection knows then that nothing was sent, instead of running into the time limit of the answer.
_CONNECT = 10.0
_CONNECT_PART = 0.45
# A URL that the library leaves as it is: no dots to be resolved, nothing to be quoted.
_PLAIN = re.compile(
    r"https?://[^/?#]+(/(?:[\w\-~!$&()*+,;:@/=]|%[\da-fA-F]{2}|(?<!/)\.)*(?:\?(?:[\w\-.~!$&()*+,;:@/=?]|%[\da-fA-F]{2})*)?)",
    re.ASCII,
)
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)


class RawAnswer(NamedTuple):
    """An answer as it came; the body is decompressed."""

    status: int
    headers: RawHeaders
    body: bytes


class Exchanges(Protocol):
    """What carries a client's requests."""

    async def send(
        self, method: str, url: str, headers: RawHeaders, body: bytes | None, *, within: float, is_safe: bool
    ) -> RawAnswer:
        """As `Wire.send`."""
        ...

    async def aclose(self) -> None:
        """As `Wire.aclose`."""
        ...


class Wire:
    """A pool of connections. `tls` replaces the default trust (certifi, or what SSL_CERT_FILE names).

    Proxies are taken from the environment (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`), never for loopback.
    """

    def __init__(self, *, connections: int, tls: ssl.SSLContext | None = None) -> None:
        self._limits = httpx.Limits(
            max_connections=connections, max_keepalive_connections=connections, keepalive_expiry=_KEEP_ALIVE
        )
        self._tls = tls
        self._routes: dict[tuple[str, str], httpx.AsyncBaseTransport] = {}
        self._transports: dict[str, httpx.AsyncBaseTransport] = {}

    async def aclose(self) -> None:
        """Closes every connection."""
        for transport in self._transports.values():
            await transport.aclose()
        self._routes.clear()
        self._transports.clear()

    async def send(
        self,
        method: str,
        url: str,
        headers: RawHeaders,
        body: bytes | None,
        *,
        within: float,
        is_safe: bool,
    ) -> RawAnswer:
        """One exchange, body read to its end within `within` seconds.

        Raises:
            UnavailableError: no connection (surely not sent), or it broke off before the answer was complete.
            RequestTimeoutError: no complete answer in time. Of a write both say that it may have been applied.
            ContractError: the answer cannot be decompressed, or is larger than we take.
        """
        connect = min(_CONNECT, within * _CONNECT_PART)
        request = httpx.Request(
            method, url, headers=headers, content=body, extensions={"timeout": {"connect": connect, "pool": within}}
        )
        transport = self._route(request.url)
        host = request.url.host
        # What a library's own transport does is not seen here.
        sent = Sent(anything=not isinstance(transport, _Direct))
        mark = under_way.set(sent)
        try:
            async with asyncio.timeout(within):
                response = await transport.handle_async_request(request)
                return unpacked(await _read(response), host)
        except _NOT_SENT as error:
            raise UnavailableError(f"no connection to {host}: {error}") from error
        except TimeoutError as error:
            if not sent.anything:  # connecting has limits of its own, and a busy machine may pass them all at once
                raise UnavailableError(f"no connection to {host} within {within:g} s") from error
            raise too_late(host, within, is_safe=is_safe) from error
        except httpx.TransportError as error:
            raise broken_off(host, str(error) or "it was closed", is_safe=is_safe) from error
        finally:
            under_way.reset(mark)

    def _route(self, url: httpx.URL) -> httpx.AsyncBaseTransport:
        key = (url.scheme, url.host)
        if (transport := self._routes.get(key)) is None:
            proxy = proxy_for(url.scheme, url.host, os.environ)
            if (transport := self._transports.get(proxy)) is None:
                transport = self._transports[proxy] = self._transport(proxy)
            self._routes[key] = transport
        return transport

    def _transport(self, proxy: str) -> httpx.AsyncBaseTransport:
        if not proxy:
            return _Direct(self._limits, self._tls)
        try:
            return httpx.AsyncHTTPTransport(verify=self._tls or _default_tls(), limits=self._limits, proxy=proxy)
        except (ValueError, ImportError, httpx.InvalidURL):
            hint = "HTTPS_PROXY, HTTP_PROXY or ALL_PROXY should be an http:// address"
            raise SetupError("the proxy named by the environment cannot be used", hint=hint) from None


class _Direct(httpx.AsyncBaseTransport):
    """httpx's transport over our own sockets."""

    def __init__(self, limits: httpx.Limits, tls: ssl.SSLContext | None) -> None:
        self._limits = limits
        self._tls = tls
        self._pools: dict[str, httpcore.AsyncConnectionPool] = {}
        self._network = Network()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        wanted = httpcore.Request(
            request.method,
            httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=request.content,
            extensions=request.extensions,
        )
        try:
            response = await self._pool(url.scheme).handle_async_request(wanted)
        except httpcore.ConnectError as error:
            raise httpx.ConnectError(str(error)) from error
        except (httpcore.ConnectTimeout, httpcore.PoolTimeout) as error:
            raise httpx.ConnectTimeout(str(error)) from error
        except (httpcore.NetworkError, httpcore.ProtocolError) as error:
            raise httpx.RemoteProtocolError(str(error)) from error
        return httpx.Response(response.status, headers=response.headers, stream=_Body(response))

    async def aclose(self) -> None:
        for pool in self._pools.values():
            await pool.aclose()
        await self._network.settle()

    def _pool(self, scheme: str) -> httpcore.AsyncConnectionPool:
        # Trust costs 30 ms to load: a sandbox on plain http never does.
        if (pool := self._pools.get(scheme)) is None:
            pool = self._pools[scheme] = httpcore.AsyncConnectionPool(
                ssl_context=(self._tls or _default_tls()) if scheme == "https" else None,
                max_connections=self._limits.max_connections,
                max_keepalive_connections=self._limits.max_keepalive_connections,
                keepalive_expiry=self._limits.keepalive_expiry,
                network_backend=self._network,
            )
        return pool


class _Body(httpx.AsyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    async def __aiter__(self):  # type: ignore[no-untyped-def]  # noqa: ANN204 - httpx's protocol
        try:
            async for chunk in self._response.aiter_stream():
                yield chunk
        except (httpcore.NetworkError, httpcore.ProtocolError) as error:
            raise httpx.RemoteProtocolError(str(error)) from error

    async def aclose(self) -> None:
        await self._response.aclose()


async def _read(response: httpx.Response) -> RawAnswer:
    size = 0
    chunks: list[bytes] = []
    try:
        async for chunk in response.stream:  # type: ignore[union-attr]
            chunks.append(chunk)
            size += len(chunk)
            if size > _LARGEST:
                raise ContractError(f"the answer is larger than {_LARGEST >> 20} MB", hint="use a smaller page size")
    finally:
        await response.aclose()
    body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
    return RawAnswer(response.status_code, response.headers.raw, body)


def unpacked(answer: RawAnswer, host: str) -> RawAnswer:
    """The answer with its body decompressed.

    Raises:
        ContractError: it cannot be.
    """
    if not any(name.lower() == b"content-encoding" for name, _ in answer.headers):
        return answer
    try:
        response = httpx.Response(answer.status, headers=answer.headers, content=answer.body)
    except httpx.DecodingError as error:
        raise ContractError(f"the answer of {host} cannot be decompressed: {error}") from error
    return answer._replace(body=response.content)


def too_late(host: str, within: float, *, is_safe: bool) -> RequestTimeoutError:
    """No complete answer in time."""
    return RequestTimeoutError(f"{host} gave no complete answer within {within:g} s", maybe_applied=not is_safe)


def broken_off(host: str, why: str, *, is_safe: bool) -> UnavailableError:
    """A connection that broke while an answer was awaited."""
    message = f"the connection to {host} broke before the answer was complete: {why}"
    return UnavailableError(message, maybe_applied=not is_safe)


def raw_target(url: str) -> bytes:
    """Path and query of a URL as they travel."""
    if (plain := _PLAIN.fullmatch(url)) is not None:
        return plain[1].encode("ascii")
    return httpx.URL(url).raw_path


@lru_cache(maxsize=256)
def raw_host(scheme: str, netloc: str) -> bytes:
    """The header `Host` of a URL: lower case, ASCII, without the port that its scheme has anyway."""
    return httpx.URL(f"{scheme}://{netloc}").netloc


def proxy_for(scheme: str, host: str, environ: Mapping[str, str]) -> str:
    """The proxy that an environment names for a host, empty for none; lower-case names win, as everywhere."""

    def named(name: str) -> str:
        return environ.get(name) or environ.get(name.upper()) or ""

    if host in ("127.0.0.1", "::1", "localhost"):
        return ""
    if proxy_bypass_environment(host, {"no": named("no_proxy")}):
        return ""
    return named(f"{scheme}_proxy") or named("all_proxy")


@lru_cache(maxsize=1)
def _default_tls() -> ssl.SSLContext:
    return httpx.create_ssl_context()
