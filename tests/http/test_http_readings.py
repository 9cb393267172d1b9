"""How the odd forms of headers, expiries and token answers are read."""

from __future__ import annotations

import socket
import ssl
from datetime import UTC, datetime, timedelta

import attrs
import httpcore
import pytest

from pullpush_sdk.errors import (
    AccessRevokedError,
    AuthError,
    ContractError,
    RequestTimeoutError,
    SetupError,
    UnavailableError,
)
from pullpush_sdk.http import Call, MemoryTokenStore, Token
from pullpush_sdk.http._socket import Network
from pullpush_sdk.http._status import retry_after, seconds_until
from pullpush_sdk.manifest import Limits, OAuth2Auth, Request, SessionAuth
from pullpush_sdk.testing.clock import VirtualClock

NOW = datetime(2026, 1, 1, tzinfo=UTC)  # Unix time 1767225600
HTTP_DATE = "Thu, 01 Jan 2026 00:01:00 GMT"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("5", 5.0), ("0.5", 0.5), ("-3", 0.0), (HTTP_DATE, 60.0), ("soon", None), ("", None), ("Thu, 99 Jan", None)],
)
def test_retry_after_is_read_in_each_form(text, seconds):
    assert retry_after({"retry-after": text}, NOW) == seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30", 30.0),
        ("1767225690", 90.0),
        ("1767225690500", 90.5),
        ("1767225000", 0.0),
        (HTTP_DATE, 60.0),
        ("never", None),
    ],
)
def test_a_reset_is_read_as_duration_instant_or_date(text, seconds):
    assert seconds_until(text, NOW) == seconds


@pytest.mark.parametrize(
    ("status", "error", "maybe_applied"),
    [(408, RequestTimeoutError, True), (425, UnavailableError, False), (503, UnavailableError, True)],
)
async def test_passing_failures_of_a_write_say_whether_it_may_have_happened(kit, status, error, maybe_applied):
    async with (
        kit.platform(kit.script(kit.reply(status=status))) as platform,
        kit.client(platform.url, limits=Limits(retries=0)) as client,
    ):
        with pytest.raises(error) as caught:
            await client.send(Call(method="POST", url="/"))
    assert caught.value.maybe_applied is maybe_applied


async def test_remaining_without_a_reset_waits_the_whole_period(kit):
    clock = VirtualClock()
    limits = Limits(per=20.0, remaining_header="Left")
    replies = (kit.json(1, Left="many"), kit.json(1, Left="3"), kit.json(1, Left="0"), kit.json(1))
    async with (
        kit.platform(kit.script(*replies)) as platform,
        kit.client(platform.url, clock=clock, limits=limits) as client,
    ):
        for _ in range(3):
            await client.send(Call(url="/"))
        assert clock.monotonic() == 0
        await client.send(Call(url="/"))
    assert clock.monotonic() == 20.0


@pytest.mark.parametrize(
    ("ends", "seconds"),
    [
        (1200, 1200),
        ("1200", 1200),
        (1767226600, 1000),
        ("2026-01-01T00:10:00Z", 600),
        ("later", 1800),
        (None, 1800),
        (0, 1800),
        (True, 1800),
    ],
)
async def test_a_sessions_end_is_read_in_each_form(kit, ends, seconds):
    auth = SessionAuth(exchange=Request(method="POST", path="/s"), token="$.data.token", expires="data.ends")
    store = MemoryTokenStore()
    body = {"data": {"token": "session-1", "ends": ends}}
    async with (
        kit.platform(kit.script(kit.json(body))) as platform,
        kit.client(platform.url, auth=auth, store=store) as client,
    ):
        await client.send(Call(url="/"))
    token = await store.load()
    assert token is not None
    assert token.expires_at == NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [(403, {}, AuthError), (200, {"Token": 5}, ContractError), (200, [], ContractError)],
)
async def test_an_exchange_without_a_session_says_why(kit, status, body, error):
    auth = SessionAuth(exchange=Request(method="POST", path="/s"), token="Token")
    async with (
        kit.platform(kit.script(kit.json(body, status))) as platform,
        kit.client(platform.url, auth=auth) as client,
    ):
        with pytest.raises(error):
            await client.send(Call(url="/"))


OAUTH = OAuth2Auth(
    authorize_url="https://accounts.example.com/auth",
    token_url="/token",
    client_id="app",
    client_secret="secret-1",
    access_token="{{access}}",
)


async def test_a_token_answer_may_be_a_form(kit):
    reply = kit.reply(body=b"access_token=form-token&expires_in=60")
    async with (
        kit.platform(kit.script(reply)) as platform,
        kit.client(platform.url, auth=OAUTH, values={"access": None}) as client,
    ):
        asked = client.authorization("http://127.0.0.1/")
        token = await client.authorize(asked, {"code": "code", "state": asked.state})
    assert (token.access, token.expires_at) == ("form-token", NOW + timedelta(seconds=60))
    assert token.refresh is None


async def test_a_permanent_token_that_is_refused_is_revoked(kit):
    async with (
        kit.platform(kit.script(kit.json({}, 401))) as platform,
        kit.client(platform.url, auth=OAUTH, values={"access": "permanent-1"}) as client,
    ):
        with pytest.raises(AccessRevokedError, match="no refresh token"):
            await client.send(Call(url="/"))


async def test_a_token_that_came_another_way_is_adopted_and_stored(kit):
    store = MemoryTokenStore()
    async with (
        kit.platform(kit.script(kit.json(1))) as platform,
        kit.client(platform.url, auth=OAUTH, values={"access": None}, store=store) as client,
    ):
        await client.auth.adopt(Token(access="by-webhook"))
        await client.send(Call(url="/"))
    assert platform.received[0].headers["authorization"] == "Bearer by-webhook"
    assert await store.load() == Token(access="by-webhook")


async def test_what_cannot_be_authorised_by_a_code_says_so(kit):
    async with kit.client("http://127.0.0.1:1") as client:
        with pytest.raises(SetupError, match="OAuth 2"):
            client.authorization("http://127.0.0.1/")
    nowhere = attrs.evolve(OAUTH, authorize_url=None)
    async with kit.client("http://127.0.0.1:1", auth=nowhere, values={"access": None}) as client:
        with pytest.raises(SetupError, match="authorize_url"):
            client.authorization("http://127.0.0.1/")
    by_itself = attrs.evolve(OAUTH, grant="client_credentials")
    async with kit.client("http://127.0.0.1:1", auth=by_itself, values={"access": None}) as client:
        with pytest.raises(SetupError, match="by a person"):
            client.authorization("http://127.0.0.1/")


async def test_an_authorised_token_takes_the_place_of_those_in_the_settings(kit):
    """Until the operator puts others there."""
    store = MemoryTokenStore()
    replies = [kit.json({"access_token": "by-code-1"}), kit.json(1), kit.json(2), kit.json(3)]
    async with kit.platform(kit.script(*replies)) as platform:
        for given in ("old-setting", "old-setting", "new-setting"):
            values = {"access": given}
            async with kit.client(platform.url, auth=OAUTH, values=values, store=store) as client:
                if len(platform.received) == 0:
                    asked = client.authorization("http://127.0.0.1/")
                    await client.authorize(asked, {"code": "code", "state": asked.state})
                await client.send(Call(url="/"))
    sent = [request.headers["authorization"] for request in platform.received[1:]]
    assert sent == ["Bearer by-code-1", "Bearer by-code-1", "Bearer new-setting"]


async def test_the_token_host_is_called_for_tokens_only(kit):
    """It needs no declaration of its own, and the connection's calls do not get there."""
    token = kit.script(kit.json({"access_token": "token-1"}))
    async with kit.platform(token) as accounts, kit.platform(kit.script(kit.json("data"))) as api:
        url = accounts.url + "/token"
        auth = OAuth2Auth(grant="client_credentials", token_url=url, client_id="app", client_secret="secret-1")
        async with kit.client(api.url, auth=auth) as client:
            assert (await client.send(Call(url="/"))).json() == "data"
            with pytest.raises(SetupError, match="not a declared host"):
                await client.send(Call(url=url))
    assert len(accounts.received) == 1
    assert "authorization" not in accounts.received[0].headers


@pytest.fixture
def silent():
    """Where connections stand, and nobody ever says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize("within", [0.2, 0.02, 0.001])
async def test_a_handshake_that_hangs_was_surely_not_applied(kit, silent, within):
    """Whichever of the time limits is noticed first."""
    async with kit.client(f"https://127.0.0.1:{silent}", limits=Limits(timeout=within, retries=0)) as client:
        with pytest.raises(UnavailableError, match="no connection") as caught:
            await client.send(Call(method="POST", url="/"))
    assert not caught.value.maybe_applied


async def test_a_handshake_has_a_limit_of_its_own(silent):
    """It is named, where there is time to see it."""
    stream = await Network().connect_tcp("127.0.0.1", silent)
    with pytest.raises(httpcore.ConnectTimeout, match="handshake"):
        await stream.start_tls(ssl.create_default_context(), "localhost", timeout=0.01)


async def test_a_request_that_was_sent_may_have_been_applied(kit):
    """The same limit on a connection that stands already."""
    stalled = kit.reply(stall=True, cut=0)
    async with (
        kit.platform(kit.script(kit.json(1), stalled)) as platform,
        kit.client(platform.url, limits=Limits(retries=0)) as client,
    ):
        await client.send(Call(url="/"))
        with pytest.raises(RequestTimeoutError) as caught:
            await client.send(Call(method="POST", url="/", timeout=0.3))
        assert platform.connections == 1
    assert caught.value.maybe_applied
