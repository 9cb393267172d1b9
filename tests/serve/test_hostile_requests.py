"""Whatever is sent: an answer that is no 500, no traceback, bounded memory, and the next request is served."""

from __future__ import annotations

import gzip
import json
import resource
import socket
import time
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pullpush_sdk.serve import Limits

from .kit import shop, sign
from .running import Running, read_all, running

QUICK = Limits(body=200_000, headers=16_384, head_seconds=0.4, body_seconds=0.4, in_flight=2_000_000)
BOMB = gzip.compress(b"0" * 50_000_000)
ALLOWED = {202, 400, 401, 404, 405, 408, 413, 415, 431, 503}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("hostile"), limits=QUICK, loaded=shop(), is_direct=True) as inner:
        yield inner


@pytest.fixture(autouse=True)
def _serves_on(served: Running, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """After every test the receiver still takes a good webhook, and no fault of ours was logged."""
    yield
    assert status_of(served.raw(post(b'{"data": {"id": 1}}'))) == 202
    assert not [each for each in caplog.records if each.exc_info], caplog.text


def post(body: bytes, *headers: bytes, signed: bool = True, path: bytes = b"/webhooks/shop") -> bytes:
    lines = [b"POST " + path + b" HTTP/1.1", b"Host: x", b"Connection: close", *headers]
    lines += [] if any(each.startswith(b"X-Topic:") for each in headers) else [b"X-Topic: order.updated"]
    lines += [b"X-Sign: " + sign(body).encode()] if signed else []
    return b"\r\n".join([*lines, b"Content-Length: %d" % len(body), b"", body])


def status_of(answer: bytes) -> int:
    assert answer.startswith(b"HTTP/1.1 "), answer[:200]
    assert b"Traceback" not in answer
    return int(answer[9:12])


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def test_a_body_of_a_gigabyte_is_refused_early(served: Running) -> None:
    """With its length said, it is not read at all; streamed without, no further than the limit."""
    before, piece = peak_mb(), b"x" * 65_536
    said = served.raw(b"POST /webhooks/shop HTTP/1.1\r\nHost: x\r\nContent-Length: 1073741824\r\n\r\n", piece)
    assert status_of(said) == 413
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as connection:
        connection.sendall(b"POST /webhooks/shop HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        sent = 0
        try:
            for _ in range(2**30 // len(piece)):
                connection.sendall(b"%x\r\n" % len(piece) + piece + b"\r\n")
                sent += len(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass
        answer = read_all(connection)
    assert sent < 64 * 2**20, "it went on reading"
    assert answer == b"" or status_of(answer) == 413
    assert peak_mb() - before < 60


def test_many_large_bodies_at_once_share_one_bound(served: Running) -> None:
    """More than is held for all together is told to come again."""
    connections = [socket.create_connection(("127.0.0.1", served.port), timeout=20) for _ in range(16)]
    try:
        head = b"POST /webhooks/shop HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n"
        for each in connections:
            each.sendall(head + b"x" * 199_000)
        answers = [read_all(each) for each in connections]
    finally:
        for each in connections:
            each.close()
    assert {status_of(each) for each in answers} <= {503, 408}
    assert any(b"retry-after" in each for each in answers)


@pytest.mark.parametrize(
    "head",
    [
        b"GET /webhooks/shop HTTP/1.1\r\nX-Long: " + b"y" * 10_000_000 + b"\r\n\r\n",
        b"GET /" + b"u" * 10_000_000 + b" HTTP/1.1\r\n\r\n",
        b"POST /webhooks/shop HTTP/1.1\r\n" + b"a: b\r\n" * 500_000 + b"\r\n",
        b"POST /webhooks/shop HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nX-Long: " + b"y" * 60_000 + b"\r\n\r\n{}",
    ],
    ids=["value", "target", "many", "just too long"],
)
def test_a_head_without_end_is_cut_off(served: Running, head: bytes) -> None:
    before = peak_mb()
    answer = served.raw(head)
    assert answer == b"" or status_of(answer) in {400, 431}
    assert peak_mb() - before < 60


def test_slow_senders_are_let_go(served: Running) -> None:
    """Nothing sent, a head that trickles, a body that trickles: an answer in time, or the end."""
    beginnings = [
        b"",
        b"POST /webhooks/shop HT",
        b"POST /webhooks/shop HTTP/1.1\r\nHost: x\r\nX-",
        b"POST /webhooks/shop HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{",
        b"POST /webhooks/shop HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
    ]
    started = time.monotonic()
    connections = [socket.create_connection(("127.0.0.1", served.port), timeout=20) for _ in beginnings]
    for each, beginning in zip(connections, beginnings, strict=True):
        each.sendall(beginning)
    for each in connections:
        assert status_of(read_all(each)) == 408
        each.close()
    assert time.monotonic() - started < 5


def test_a_connection_that_was_good_before_may_not_dawdle_either(served: Running) -> None:
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as connection:
        connection.sendall(post(b'{"data": {"id": 1}}').replace(b"Connection: close\r\n", b""))
        answer = b""
        while not answer.endswith(b"}"):
            answer += connection.recv(4096)
        assert status_of(answer) == 202
        connection.sendall(b"POST /webhooks/shop HTTP/1.1\r\n")
        assert status_of(read_all(connection)) == 408


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "gzip, gzip", "GZIP"])
def test_nothing_is_unpacked(served: Running, coding: str) -> None:
    """A zip bomb is refused by its name, however small it is."""
    assert status_of(served.raw(post(BOMB, b"Content-Encoding: " + coding.encode()))) == 415


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
        b'{"type": "url_verification", "challenge": ' + b"[" * 50_000,
        b'{"data": {"id": ' + b"9" * 100_000 + b"}}",
        b'{"data": {"id": 1e999999999, "note": 1e-999999999}}',
        b'{"data": {"id": NaN}}',
        b'{"data": {"id": Infinity}}',
        b'{"data": {"id": 1}, "data": {"id": 2}}',
        b'{"data": {"id": "\\ud800"}}',
        b"\xff\xfe\x00",
        b"\xef\xbb\xbf{}",
        b"",
        b"null",
        b'"text"',
        b'{"batch": [1, null, "x", [], {}, {"event": "order.updated"}]}',
        b'{"batch": []}',
        json.dumps({"batch": [{"event": "order.updated", "data": {"id": n}} for n in range(3_000)]}).encode(),
    ],
    ids=lambda body: repr(body[:30]),
)
def test_odd_bodies_are_kept_and_end_somewhere(served: Running, body: bytes) -> None:
    """A genuine body is not judged at the door; the worker makes events or a dead letter of it."""
    assert status_of(served.raw(post(body, b"X-Topic-2: a"))) == 202
    served.ask(served.inner.work())
    assert served.ask(served.inner.engine.inbox.status()) == []


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    target=st.builds(lambda path, query: path + b"?" + query, st.binary(max_size=40), st.binary(max_size=40)),
    headers=st.lists(st.tuples(st.binary(max_size=12), st.binary(max_size=40)), max_size=6),
    body=st.binary(max_size=200),
    signed=st.booleans(),
)
@example(target=b"shop?" + b"a=1&" * 200, headers=[], body=b"", signed=True)
@example(target=b"%ff%00?%", headers=[(b"Expect", b"100-continue")], body=b"x", signed=True)
@example(target=b"shop", headers=[(b"Upgrade", b"websocket"), (b"Connection", b"upgrade")], body=b"{}", signed=True)
@example(target=b"shop", headers=[(b"Content-Length", b"5"), (b"Transfer-Encoding", b"chunked")], body=b"", signed=True)
@example(target=b"shop", headers=[(b"X-Id", b"\xff\xfe"), (b"X-Topic", b"\xe9")], body=b"{}", signed=True)
def test_any_bytes_get_an_answer(
    served: Running, target: bytes, headers: list[tuple[bytes, bytes]], body: bytes, signed: bool
) -> None:
    lines = [name + b": " + value for name, value in headers]
    answer = served.raw(post(body, *lines, signed=signed, path=b"/webhooks/" + target))
    assert answer == b"" or status_of(answer) in ALLOWED | {100, 200}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(garbage=st.binary(min_size=1, max_size=400))
def test_bytes_that_are_no_http_get_a_refusal_or_the_end(served: Running, garbage: bytes) -> None:
    answer = served.raw(garbage, ends=True)
    assert answer == b"" or status_of(answer) in ALLOWED


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**40), 10**40)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["id", "data", "note", "event", "batch", "at", "type", "x"]), inner, max_size=5
        )
    ),
    max_leaves=20,
)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=JSON, topic=st.sampled_from(["order.updated", "", "other"]))
def test_any_json_becomes_events_or_a_dead_letter(served: Running, body: object, topic: str) -> None:
    raw = json.dumps(body).encode()
    answer = served.raw(post(raw, b"X-Topic: " + topic.encode()))
    assert status_of(answer) in {200, 202}
    served.ask(served.inner.work())
    assert served.ask(served.inner.engine.inbox.status()) == []
