"""What is tried again, when, and what never is."""

from __future__ import annotations

import asyncio
import socket
import ssl
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from pullpush_sdk.errors import (
    AuthError,
    ConflictError,
    ContractError,
    RateLimitedError,
    RejectedError,
    RequestTimeoutError,
    UnavailableError,
)
from pullpush_sdk.http import Call
from pullpush_sdk.manifest import BearerAuth, Limits
from pullpush_sdk.testing.clock import VirtualClock

POST = Call(method="POST", url="/orders", body=b"{}", content_type="application/json")
GET = Call(url="/orders")


async def test_429_with_retry_after_in_seconds_waits_exactly_that(kit):
    clock = VirtualClock()
    handler = kit.script(kit.reply(status=429, headers={"Retry-After": "7"}), kit.json([1]))
    async with kit.platform(handler) as platform, kit.client(platform.url, clock=clock) as client:
        assert (await client.send(GET)).json() == [1]
    assert clock.slept[0] == 7.0
    assert clock.monotonic() == pytest.approx(7.0, abs=0.01)


async def test_429_with_an_http_date_is_read_against_the_answers_own_date(kit):
    clock = VirtualClock()
    theirs = datetime(2031, 5, 1, tzinfo=UTC)  # their clock is years ahead of ours
    headers = {
        "Date": format_datetime(theirs, usegmt=True),
        "Retry-After": format_datetime(theirs + timedelta(seconds=12), usegmt=True),
    }
    async with (
        kit.platform(kit.script(kit.reply(status=429, headers=headers), kit.json(1))) as platform,
        kit.client(platform.url, clock=clock) as client,
    ):
        await client.send(GET)
    assert clock.slept[0] == 12.0


async def test_429_without_retry_after_backs_off_at_least_a_second_and_longer_each_time(kit):
    clock = VirtualClock()
    handler = kit.script(kit.reply(status=429), kit.reply(status=429), kit.json(1))
    async with kit.platform(handler) as platform, kit.client(platform.url, clock=clock) as client:
        await client.send(POST)
    assert len(clock.slept) == 2
    assert all(1.0 <= seconds <= 31.0 for seconds in clock.slept)
    assert clock.slept[0] <= 2.0


async def test_a_429_holds_back_the_connections_other_calls_too(kit):
    clock = VirtualClock()
    handler = kit.script(kit.reply(status=429, headers={"Retry-After": "9"}), kit.json(1))
    limits = Limits(retries=0)
    async with kit.platform(handler) as platform, kit.client(platform.url, clock=clock, limits=limits) as client:
        with pytest.raises(RateLimitedError) as caught:
            await client.send(GET)
        assert caught.value.retry_after == 9.0
        await client.send(GET)
    assert clock.monotonic() >= 9.0


async def test_a_longer_wait_than_our_patience_is_handed_up_unwaited(kit):
    clock = VirtualClock()
    handler = kit.script(kit.reply(status=429, headers={"Retry-After": "3600"}))
    async with kit.platform(handler) as platform, kit.client(platform.url, clock=clock) as client:
        for _ in range(2):
            with pytest.raises(RateLimitedError) as caught:
                await client.send(GET)
            assert caught.value.retry_after == pytest.approx(3600)
    assert clock.monotonic() == 0
    assert len(platform.received) == 1, "the second call knows better than to ask"


async def test_500_then_ok_succeeds_for_reads_and_is_final_for_a_post(kit):
    async with (
        kit.platform(kit.script(kit.reply(status=500), kit.json(1))) as platform,
        kit.client(platform.url) as client,
    ):
        assert (await client.send(GET)).json() == 1
    async with kit.platform(kit.script(kit.reply(status=500), kit.json(1))) as platform:
        async with kit.client(platform.url) as client:
            with pytest.raises(UnavailableError) as caught:
                await client.send(POST)
        assert caught.value.maybe_applied
        assert len(platform.received) == 1


async def test_503_that_says_when_to_come_back_was_not_applied(kit):
    handler = kit.script(kit.reply(status=503, headers={"Retry-After": "2"}), kit.json(1))
    async with kit.platform(handler) as platform, kit.client(platform.url) as client:
        await client.send(POST)
        assert len(platform.received) == 2


async def test_retries_end_after_the_declared_number(kit):
    limits = Limits(retries=3)
    async with kit.platform(kit.script(kit.reply(status=502))) as platform:
        async with kit.client(platform.url, limits=limits) as client:
            with pytest.raises(UnavailableError):
                await client.send(GET)
        assert len(platform.received) == 4


@pytest.mark.parametrize(
    "fault",
    [{"reset": True, "cut": 0}, {"reset": True, "cut": 4}, {"cut": 4}, {"stall": True, "cut": 4}],
    ids=["reset before the answer", "reset in the body", "truncated body", "body that never ends"],
)
async def test_a_lost_answer_is_read_again_but_a_post_is_not_sent_again(kit, fault):
    limits = Limits(timeout=0.15)
    broken = kit.reply(body=b'{"id": 1}', **fault)
    async with (
        kit.platform(kit.script(broken, kit.json(1))) as platform,
        kit.client(platform.url, limits=limits) as client,
    ):
        assert (await client.send(GET)).json() == 1
    async with kit.platform(kit.script(broken, kit.json(1))) as platform:
        async with kit.client(platform.url, limits=limits) as client:
            with pytest.raises(RequestTimeoutError if "stall" in fault else UnavailableError) as caught:
                await client.send(POST)
        assert caught.value.maybe_applied
        assert len(platform.received) == 1


async def test_a_post_said_to_be_idempotent_is_sent_again(kit):
    call = Call(method="POST", url="/graphql", body=b"{}", idempotent=True)
    async with kit.platform(kit.script(kit.reply(cut=1, body=b"12345"), kit.json(1))) as platform:
        async with kit.client(platform.url) as client:
            await client.send(call)
        assert len(platform.received) == 2


async def test_a_write_once_in_doubt_stays_in_doubt_whatever_came_last(kit):
    """The first try may have been applied; the refusals after it do not undo that."""
    put = Call(method="PUT", url="/stock", body=b"1")
    handler = kit.script(kit.reply(reset=True), kit.reply(status=503, headers={"Retry-After": "1"}))
    async with kit.platform(handler) as platform, kit.client(platform.url, limits=Limits(retries=2)) as client:
        with pytest.raises(UnavailableError) as caught:
            await client.send(put)
    assert caught.value.status == 503
    assert caught.value.maybe_applied


async def test_a_refused_connection_is_surely_not_applied_and_retried_for_a_post(kit):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    clock = VirtualClock()
    async with kit.client(f"http://127.0.0.1:{port}", clock=clock, limits=Limits(retries=2)) as client:
        with pytest.raises(UnavailableError) as caught:
            await client.send(POST)
    assert not caught.value.maybe_applied
    assert len(clock.slept) == 2


@pytest.mark.parametrize(
    ("status", "error"),
    [(403, AuthError), (404, RejectedError), (409, ConflictError), (412, ConflictError), (422, RejectedError)],
)
async def test_what_will_not_pass_is_not_repeated(kit, status, error):
    async with kit.platform(kit.script(kit.json({"error": "no stock"}, status))) as platform:
        async with kit.client(platform.url) as client:
            with pytest.raises(error) as caught:
                await client.send(GET)
        assert caught.value.status == status
        assert "no stock" in caught.value.answer
        assert len(platform.received) == 1


async def test_a_status_that_the_call_accepts_is_an_answer(kit):
    async with kit.platform(kit.script(kit.json({"code": 7}, 422))) as platform, kit.client(platform.url) as client:
        assert (await client.send(Call(url="/x", accepts=frozenset({422})))).json() == {"code": 7}


async def test_classify_sees_every_answer_before_its_status_is_judged(kit):
    def classify(answer):
        return RejectedError("sold out") if b"userErrors" in answer.body else None

    async with (
        kit.platform(kit.script(kit.json({"userErrors": [1]}), kit.json(2))) as platform,
        kit.client(platform.url, classify=classify) as client,
    ):
        with pytest.raises(RejectedError, match="sold out"):
            await client.send(GET)
        assert (await client.send(GET)).json() == 2


async def test_concurrency_never_exceeds_the_cap_and_connections_are_reused(kit):
    async with kit.platform(kit.script(kit.json(1))) as platform:
        platform.gate = asyncio.Event()
        async with kit.client(platform.url, limits=Limits(concurrency=3)) as client:
            tasks = [asyncio.create_task(client.send(Call(url=f"/{n}"))) for n in range(12)]
            await platform.until(lambda: platform.open == 3)
            platform.gate.set()
            await asyncio.gather(*tasks)
        assert len(platform.received) == 12
        assert platform.most_at_once == 3
        assert platform.connections == 3


async def test_started_at_is_the_moment_before_the_request_and_after_the_wait_for_the_budget(kit):
    clock = VirtualClock()
    limits = Limits(requests=1, per=10.0)
    async with (
        kit.platform(kit.script(kit.json(1))) as platform,
        kit.client(platform.url, clock=clock, limits=limits) as client,
    ):
        first, second = await client.send(GET), await client.send(GET)
    assert second.started_at - first.started_at == timedelta(seconds=10)


async def test_remaining_zero_waits_for_the_reset(kit):
    clock = VirtualClock()
    reset = int((clock.now() + timedelta(seconds=30)).timestamp())
    limits = Limits(remaining_header="X-RateLimit-Remaining", reset_header="X-RateLimit-Reset")
    handler = kit.script(kit.json(1, X_RateLimit_Remaining="0", X_RateLimit_Reset=str(reset)), kit.json(2))
    async with kit.platform(handler) as platform, kit.client(platform.url, clock=clock, limits=limits) as client:
        await client.send(GET)
        await client.send(GET)
    assert 30 <= clock.monotonic() < 31


async def test_gzip_chunked_and_empty_answers_come_as_plain_bytes(kit):
    import gzip

    page = b'{"a": 1.10}' * 9000
    replies = (
        kit.reply(body=gzip.compress(page), headers={"Content-Encoding": "gzip"}),
        kit.reply(body=page, chunked=True),
        kit.reply(status=204, body=b""),
        kit.reply(body=b"not gzip", headers={"Content-Encoding": "gzip"}),
    )
    async with kit.platform(kit.script(*replies)) as platform, kit.client(platform.url) as client:
        assert (await client.send(GET)).body == page
        assert (await client.send(GET)).body == page
        assert (await client.send(GET)).body == b""
        with pytest.raises(ContractError, match="decompressed"):
            await client.send(GET)


async def test_large_answers_and_bodies_pass_whole(kit):
    page = bytes(range(256)) * 20_000
    async with (
        kit.platform(lambda request: kit.reply(body=request.body or page)) as platform,
        kit.client(platform.url) as client,
    ):
        assert (await client.send(GET)).body == page
        assert (await client.send(Call(method="PUT", url="/", body=page))).body == page


async def test_tls_is_verified_and_a_private_authority_can_be_trusted(kit, tmp_path):
    certificate = _self_signed(tmp_path)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate)
    trusting = ssl.create_default_context(cafile=str(certificate))
    limits = Limits(retries=0)
    async with kit.platform(kit.script(kit.json(1)), ssl=server) as platform:
        async with kit.client(platform.url, tls=trusting) as client:
            assert (await client.send(GET)).json() == 1
            assert (await client.send(GET)).json() == 1
        assert platform.connections == 1
        async with kit.client(platform.url, limits=limits) as client:
            with pytest.raises(UnavailableError, match="certificate") as caught:
                await client.send(POST)
            assert not caught.value.maybe_applied


async def test_a_proxy_of_the_environment_is_asked_to_connect_and_sees_no_credential(kit, monkeypatch):
    async with kit.platform(kit.script(kit.reply(status=403, body=b""))) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        async with kit.client(
            "https://api.example.com",
            auth=BearerAuth(token="{{key}}"),
            values={"key": "abcdef"},
            limits=Limits(retries=0),
        ) as client:
            with pytest.raises(UnavailableError) as caught:
                await client.send(POST)
    assert not caught.value.maybe_applied
    assert [(request.method, request.target) for request in proxy.received] == [("CONNECT", "api.example.com:443")]
    assert "authorization" not in proxy.received[0].headers


def _self_signed(folder):
    from ipaddress import ip_address

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "loopback")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / "certificate.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return file
