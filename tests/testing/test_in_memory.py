"""An app asked without a socket sees what a server would tell it, and the client gets what a wire would bring."""

from __future__ import annotations

import asyncio
import gzip
import json

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pullpush_sdk.errors import ContractError, RequestTimeoutError, UnavailableError
from pullpush_sdk.http._wire import Wire, raw_target
from pullpush_sdk.sandbox import serve
from pullpush_sdk.sandbox._middleware import CLOSE_EXTENSION
from pullpush_sdk.testing.in_memory import InMemory

HEADERS = [(b"Accept", b"application/json"), (b"X-Name", "Zoë".encode())]
TOLD = ("type", "http_version", "scheme", "method", "root_path", "path", "raw_path", "query_string")
REQUESTS = (
    ("GET", "/a/b?x=1&y=%20z", None),
    ("GET", "", None),
    ("HEAD", "/a", None),
    ("POST", "/caf%C3%A9/[1]?q=a b", b'{"a": 1}'),
    ("POST", "/a", None),
    ("PUT", "/a/../b", b""),
    ("DELETE", "/broken", None),
    ("GET", "/packed", None),
    ("GET", "/empty", None),
)


async def app(scope, receive, send):
    """Tells what it was asked, in a way that the path decides."""
    body = (await receive())["body"]
    path = scope["path"]
    if path == "/broken":
        raise ValueError("the app's own mistake")
    if path in ("/lost", "/reset"):
        scope["extensions"][CLOSE_EXTENSION](reset=path == "/reset")
        return
    if path == "/slow":
        await asyncio.sleep(5)
    told = {name: str(scope[name]) for name in TOLD}
    headers = sorted((name.decode(), value.decode()) for name, value in scope["headers"] if name != b"host")
    answer = json.dumps({**told, "headers": headers, "body": body.decode()}).encode()
    kind = [(b"x-kind", b"told")]
    if path == "/packed":
        answer, kind = gzip.compress(answer), [(b"content-encoding", b"gzip")]
    if path == "/torn":
        kind = [(b"content-encoding", b"gzip")]
    status = 204 if path == "/empty" else 200
    length = [] if path == "/empty" else [(b"content-length", str(len(answer)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": [*kind, *length]})
    await send({"type": "http.response.body", "body": b"" if path == "/empty" else answer})


async def asked(wire, origin, method, target, body, *, within=30.0):
    try:
        answer = await wire.send(method, origin + target, HEADERS, body, within=within, is_safe=method == "GET")
    finally:
        await wire.aclose()
    return answer.status, dict(answer.headers).get(b"x-kind"), answer.body


async def both(method, target, body):
    wire = InMemory(app)
    async with serve(app) as origin:
        return (
            await asked(Wire(connections=1), origin, method, target, body),
            await asked(wire, wire.origin, method, target, body),
        )


@pytest.mark.parametrize(("method", "target", "body"), REQUESTS)
def test_app_and_client_see_what_they_see_over_loopback(method, target, body):
    over_loopback, in_memory = asyncio.run(both(method, target, body))
    assert in_memory == over_loopback


@pytest.mark.parametrize("target", ["/lost", "/reset"])
@pytest.mark.parametrize(("method", "unsure"), [("GET", False), ("POST", True)])
def test_a_connection_that_is_closed_is_told_as_one_that_broke(target, method, unsure):
    wire = InMemory(app)
    with pytest.raises(UnavailableError, match="broke before the answer was complete") as caught:
        asyncio.run(asked(wire, wire.origin, method, target, None))
    assert caught.value.maybe_applied is unsure


def test_an_answer_that_does_not_come_in_time_is_a_timeout():
    wire = InMemory(app)
    with pytest.raises(RequestTimeoutError, match=r"within 0\.05 s"):
        asyncio.run(asked(wire, wire.origin, "GET", "/slow", None, within=0.05))


def test_what_cannot_be_unpacked_is_a_breach():
    wire = InMemory(app)
    with pytest.raises(ContractError, match="cannot be decompressed"):
        asyncio.run(asked(wire, wire.origin, "GET", "/torn", None))


@given(st.text(alphabet="ab1/.?%2f&=+[]{}'\"<>é ~:@!*;,-_", max_size=20))
def test_a_target_travels_as_the_library_sends_it(text):
    try:
        expected = httpx.URL(f"http://127.0.0.1:1025/{text}").raw_path
    except httpx.InvalidURL:
        with pytest.raises(httpx.InvalidURL):
            raw_target(f"http://127.0.0.1:1025/{text}")
        return
    assert raw_target(f"http://127.0.0.1:1025/{text}") == expected
