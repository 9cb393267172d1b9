"""Tokens: renewed once for all, durable before use, never asked for twice with a key that is good once."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import stat
import sys
import textwrap
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, parse_qsl, urlsplit

import attrs
import pytest

from pullpush_sdk.errors import (
    AccessRevokedError,
    AuthError,
    ContractError,
    RequestTimeoutError,
    SetupError,
    StoreError,
    UnavailableError,
)
from pullpush_sdk.http import Authorization, Call, FileTokenStore, MemoryTokenStore, Secret, Token, scheme_of
from pullpush_sdk.manifest import BearerAuth, Limits, OAuth2Auth, Placement, Request, SessionAuth, SessionState
from pullpush_sdk.testing.clock import VirtualClock

GET = Call(url="/orders")
VALUES = {"client_id": "app-1", "client_secret": Secret("very-secret-client"), "access": None, "refresh": None}
ACCOUNTS = "https://accounts.example.com/auth"
OAUTH = OAuth2Auth(
    authorize_url=ACCOUNTS,
    token_url="/oauth2/token",
    access_token="{{access}}",
    refresh_token="{{refresh}}",
    rotates=True,
)


INSTANTS = attrs.evolve(OAUTH, expires_field="expires", expires="unix")


class Shop:
    """A platform whose refresh tokens are good once: a second use revokes everything (RFC 6819 5.2.2.3)."""

    def __init__(self, kit, *, life: int = 3600) -> None:
        self.kit = kit
        self.access = "access-0000"
        self.refresh = "refresh-0000"
        self.count = 0
        self.refreshes = 0
        self.revoked = False
        self.life = life

    def __call__(self, request):
        if request.path == "/oauth2/token":
            return self._token(dict(parse_qsl(request.body.decode())))
        if self.revoked or request.headers.get("authorization") != f"Bearer {self.access}":
            return self.kit.json({"error": {"message": "The access token is invalid"}}, 401)
        return self.kit.json([1])

    def expire(self) -> None:
        self.access = "access-gone"

    def _token(self, form):
        self.refreshes += 1
        if self.revoked or form["refresh_token"] != self.refresh or form["client_secret"] != "very-secret-client":
            self.revoked = True
            return self.kit.json({"error": "invalid_grant", "error_description": "used before"}, 400)
        self.count += 1
        self.access, self.refresh = f"access-{self.count:04}", f"refresh-{self.count:04}"
        return self.kit.json(
            {"access_token": self.access, "refresh_token": self.refresh, "expires_in": self.life, "scope": "all"}
        )


def given(access: str = "access-0000", refresh: str = "refresh-0000"):
    return {**VALUES, "access": Secret(access), "refresh": Secret(refresh)}


async def test_an_expired_token_is_refreshed_once_and_the_call_repeated(kit):
    shop, store = Shop(kit), MemoryTokenStore()
    async with (
        kit.platform(shop) as platform,
        kit.client(platform.url, auth=OAUTH, values=given(), store=store) as client,
    ):
        await client.send(GET)
        shop.expire()
        assert (await client.send(GET)).json() == [1]
    assert shop.refreshes == 1
    assert (await store.load()).refresh == "refresh-0001"


async def test_many_calls_at_once_share_one_refresh(kit):
    shop = Shop(kit)
    async with (
        kit.platform(shop) as platform,
        kit.client(platform.url, auth=OAUTH, values=given(), limits=Limits(concurrency=8)) as client,
    ):
        await client.send(GET)
        shop.expire()
        await asyncio.gather(*(client.send(GET) for _ in range(20)))
    assert shop.refreshes == 1


async def test_a_token_is_renewed_before_it_ends(kit):
    shop, clock = Shop(kit), VirtualClock()
    async with (
        kit.platform(shop) as platform,
        kit.client(platform.url, auth=OAUTH, values=given("", "refresh-0000"), clock=clock) as client,
    ):
        await client.send(GET)  # no access token among the settings: the refresh token brings one
        clock.advance(3600 - 301)
        await client.send(GET)
        assert shop.refreshes == 1
        clock.advance(2)
        await client.send(GET)
    assert shop.refreshes == 2
    assert all(request.path == "/oauth2/token" or "Bearer" in str(request.headers) for request in platform.received)


async def test_a_token_is_durable_before_its_first_use(kit):
    """Whatever order the requests arrive in, the store held the new token when the platform first saw it."""
    shop, store = Shop(kit), MemoryTokenStore()
    seen = []

    def watched(request):
        seen.append((request.headers.get("authorization"), store._token.access if store._token else None))
        return shop(request)

    async with (
        kit.platform(watched) as platform,
        kit.client(platform.url, auth=OAUTH, values=given(), store=store) as client,
    ):
        await client.send(GET)
        shop.expire()
        await client.send(GET)
    assert ("Bearer access-0001", "access-0001") in seen


async def test_a_token_that_could_not_be_stored_is_stored_by_the_next_attempt_not_renewed_again(kit):
    class Full(MemoryTokenStore):
        full = False

        async def save(self, token):
            if self.full:
                raise StoreError("no space left")
            await super().save(token)

    shop, store = Shop(kit), Full()
    async with (
        kit.platform(shop) as platform,
        kit.client(platform.url, auth=OAUTH, values=given(), store=store) as client,
    ):
        await client.send(GET)
        shop.expire()
        store.full = True
        with pytest.raises(StoreError):
            await client.send(GET)
        store.full = False
        await client.send(GET)
    assert shop.refreshes == 1
    assert (await store.load()).access == "access-0001"


async def test_reuse_of_a_refresh_token_is_reported_as_revoked(kit):
    shop = Shop(kit)
    shop.expire()
    async with (
        kit.platform(shop) as platform,
        kit.client(platform.url, auth=OAUTH, values=given(refresh="refresh-used")) as client,
    ):
        with pytest.raises(AccessRevokedError, match="authorise this connection again") as caught:
            await client.send(GET)
    assert shop.refreshes == 1
    assert "refresh-used" not in str(caught.value)


async def test_a_fresh_token_that_is_refused_too_ends_in_revoked_after_one_refresh(kit):
    shop = Shop(kit)

    def deaf(request):
        return shop(request) if request.path == "/oauth2/token" else kit.json({"message": "user deleted"}, 401)

    async with kit.platform(deaf) as platform, kit.client(platform.url, auth=OAUTH, values=given()) as client:
        with pytest.raises(AccessRevokedError, match="fresh token"):
            await client.send(GET)
    assert shop.refreshes == 1


async def test_a_401_that_classify_calls_a_missing_scope_is_not_refreshed(kit):
    shop = Shop(kit)

    def classify(answer):
        return AuthError("the scope is missing") if answer.status == 401 else None

    async with kit.platform(shop) as platform:
        shop.expire()
        async with kit.client(platform.url, auth=OAUTH, values=given(), classify=classify) as client:
            with pytest.raises(AuthError, match="scope"):
                await client.send(GET)
    assert shop.refreshes == 0


async def test_a_fixed_credential_that_is_refused_names_the_settings(kit):
    async with kit.platform(kit.script(kit.json({}, 401))) as platform:
        async with kit.client(platform.url, auth=BearerAuth(token="{{key}}"), values={"key": "abcdefgh"}) as client:
            with pytest.raises(AuthError, match="settings") as caught:
                await client.send(GET)
        assert type(caught.value) is AuthError
        assert len(platform.received) == 1


async def test_a_lost_refresh_answer_is_not_repeated_and_says_what_it_means(kit):
    shop = Shop(kit)
    shop.expire()

    def losing(request):
        return kit.reply(stall=True, cut=0) if request.path == "/oauth2/token" else shop(request)

    async with kit.platform(losing) as platform:
        async with kit.client(platform.url, auth=OAUTH, values=given(), limits=Limits(timeout=0.1)) as client:
            with pytest.raises(RequestTimeoutError, match="invalid_grant") as caught:
                await client.send(GET)
        assert not caught.value.maybe_applied, "it is the refresh that is in doubt, not the call"
        assert [request.path for request in platform.received] == ["/orders", "/oauth2/token"]


async def test_a_token_endpoint_that_is_down_stops_nobody_while_the_old_token_lives(kit):
    shop, clock = Shop(kit), VirtualClock()
    down = False

    def handler(request):
        return kit.reply(status=503) if down and request.path == "/oauth2/token" else shop(request)

    async with (
        kit.platform(handler) as platform,
        kit.client(platform.url, auth=OAUTH, values=given(""), clock=clock) as client,
    ):
        await client.send(GET)
        down = True
        clock.advance(3400)
        for _ in range(3):
            await client.send(GET)
        asked = [request.path for request in platform.received].count("/oauth2/token")
        assert asked == 2, "one refresh failed, and the platform is then left alone for a while"
        clock.advance(300)
        with pytest.raises(UnavailableError):
            await client.send(GET)


async def test_a_cancelled_caller_does_not_throw_a_token_away(kit):
    shop, store = Shop(kit), MemoryTokenStore()
    async with kit.platform(shop) as platform:
        async with kit.client(platform.url, auth=OAUTH, values=given(), store=store) as client:
            await client.send(GET)
            shop.expire()
            platform.gate = asyncio.Event()
            call = asyncio.create_task(client.send(GET))
            await platform.until(lambda: len(platform.received) == 2)
            platform.gate.set()
            await platform.until(lambda: platform.received[-1].path == "/oauth2/token")
            call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
    assert (await store.load()).refresh == shop.refresh == "refresh-0001"


async def test_settings_that_an_operator_changes_win_over_the_store_once(kit, tmp_path):
    key = FileTokenStore.new_key()
    shop = Shop(kit)
    store = FileTokenStore(tmp_path / "token", [key])
    async with kit.platform(shop) as platform:
        async with kit.client(platform.url, auth=OAUTH, values=given(), store=store) as client:
            await client.send(GET)
            shop.expire()
            await client.send(GET)
        async with kit.client(platform.url, auth=OAUTH, values=given(), store=store) as client:
            await client.send(GET)  # unchanged settings: the store's newer token stands
        assert shop.refreshes == 1
        shop.access, shop.refresh = "access-typed-in", "refresh-typed-in"
        values = given("access-typed-in", "refresh-typed-in")
        async with kit.client(platform.url, auth=OAUTH, values=values, store=store) as client:
            await client.send(GET)
        assert shop.refreshes == 1
    assert (await store.load()).access == "access-typed-in"


_OTHER_PROCESS = """
    import asyncio, sys
    from pathlib import Path
    from pullpush_sdk.clock import SystemClock
    from pullpush_sdk.http import Call, Client, FileTokenStore, Redactor, authenticator_of
    from pullpush_sdk.manifest import OAuth2Auth

    async def main(url, path, key):
        redactor, clock = Redactor(), SystemClock()
        auth = OAuth2Auth(token_url="/oauth2/token", rotates=True)
        values = {"client_id": "app-1", "client_secret": "very-secret-client"}
        store = FileTokenStore(Path(path), [key])
        authenticator = authenticator_of(auth, values, clock=clock, redactor=redactor, store=store)
        async with Client(base_url=url, auth=authenticator, redactor=redactor) as client:
            await authenticator.token(client._exchange)
            print("ready", flush=True)
            await asyncio.to_thread(sys.stdin.readline)
            print((await client.send(Call(url="/orders"))).json(), flush=True)

    asyncio.run(main(*sys.argv[1:]))
"""


async def test_two_processes_with_one_expired_token_refresh_it_exactly_once(kit, tmp_path):
    key = FileTokenStore.new_key()
    await FileTokenStore(tmp_path / "token", [key]).save(Token(access="access-0000", refresh="refresh-0000"))
    shop = Shop(kit)
    shop.expire()
    async with kit.platform(shop) as platform:
        program = textwrap.dedent(_OTHER_PROCESS)
        arguments = (platform.url, str(tmp_path / "token"), key.reveal())
        pipe = asyncio.subprocess.PIPE
        others = [
            await asyncio.create_subprocess_exec(sys.executable, "-c", program, *arguments, stdin=pipe, stdout=pipe)
            for _ in range(2)
        ]
        for other in others:
            assert await other.stdout.readline() == b"ready\n"
        for other in others:
            other.stdin.write(b"go\n")
        results = [await other.communicate() for other in others]
    assert [out for out, _ in results] == [b"[1]\n", b"[1]\n"]
    assert shop.refreshes == 1
    assert not shop.revoked


async def test_the_token_file_is_sealed_private_and_rotates_keys(tmp_path):
    old, new = FileTokenStore.new_key(), FileTokenStore.new_key()
    path = tmp_path / "deep" / "token"
    token = Token(
        access="access-text",
        refresh="refresh-text",
        expires_at=datetime(2027, 1, 1, tzinfo=UTC),
        obtained_at=datetime(2026, 1, 1, tzinfo=UTC),
        extra={"scope": "all"},
        bootstrap="f",
    )
    await FileTokenStore(path, [old]).save(token)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert b"text" not in path.read_bytes()
    rotated = FileTokenStore(path, [new, old])
    assert await rotated.load() == token
    await rotated.save(token)
    assert await FileTokenStore(path, [new]).load() == token
    with pytest.raises(StoreError, match="given key"):
        await FileTokenStore(path, [old]).load()
    assert sorted(file.name for file in path.parent.iterdir()) == ["token"]
    assert await FileTokenStore(tmp_path / "none", [new]).load() is None
    with pytest.raises(SetupError, match="new_key"):
        FileTokenStore(path, ["short"])


async def test_a_held_lock_is_waited_for_without_blocking_and_given_up_with_a_hint(tmp_path):
    key = FileTokenStore.new_key()
    first = FileTokenStore(tmp_path / "token", [key])
    second = FileTokenStore(tmp_path / "token", [key], patience=0.1)
    async with first.lock():
        with pytest.raises(StoreError, match="hanging process"):
            async with second.lock():
                pass
    async with second.lock():
        pass


@pytest.mark.parametrize(
    ("auth", "fields", "seconds"),
    [
        (OAUTH, {"expires_in": 60}, 60),
        (OAUTH, {"expires_in": "60"}, 60),
        (
            INSTANTS,
            {"expires": 1209599},
            1209599,
        ),
        (
            INSTANTS,
            {"expires": 1767225700},
            100,
        ),
        (attrs.evolve(OAUTH, expires_field="expires"), {"expires_in": 5}, 5),
        (OAUTH, {}, None),
        (OAUTH, {"expires_in": None}, None),
    ],
)
async def test_every_form_of_expiry_is_read(kit, auth, fields, seconds):
    clock = VirtualClock()  # starts at Unix time 1767225600
    async with (
        kit.platform(kit.script(kit.json({"access_token": "fresh-token", **fields}))) as platform,
        kit.client(platform.url, auth=auth, values=VALUES, clock=clock) as client,
    ):
        asked = client.authorization("http://127.0.0.1/back")
        token = await client.authorize(asked, {"code": "code", "state": asked.state})
    assert token.expires_at == (None if seconds is None else clock.now() + timedelta(seconds=seconds))


async def test_client_credentials_ask_again_where_there_is_no_refresh_token(kit):
    auth = OAuth2Auth(
        grant="client_credentials",
        token_url="/token",
        token_body="json",
        scopes=("read", "write"),
        place=Placement(header="X-Shop-Token"),
    )
    replies = [kit.json({"access_token": "first-token"}), kit.json({}, 401), kit.json({"access_token": "second-token"})]
    async with (
        kit.platform(kit.script(*replies, kit.json([2]))) as platform,
        kit.client(platform.url, auth=auth, values=VALUES) as client,
    ):
        assert (await client.send(GET)).json() == [2]
    sent = json.loads(platform.received[0].body)
    assert sent == {
        "grant_type": "client_credentials",
        "scope": "read write",
        "client_id": "app-1",
        "client_secret": "very-secret-client",
    }
    assert platform.received[3].headers["x-shop-token"] == "second-token"


async def test_the_authorization_code_is_asked_for_and_redeemed(kit):
    auth = OAuth2Auth(
        authorize_url="https://accounts.example.com/auth?lang=en",
        token_url="/token",
        client_auth="basic",
        scopes=("a", "b"),
        authorize_params={"access_type": "{{kind}}"},
        token_params={"expiring": "1"},
    )
    values = {**VALUES, "kind": "offline"}
    async with (
        kit.platform(kit.script(kit.json({"access_token": "t-12345", "refresh_token": "r-12345"}))) as platform,
        kit.client(platform.url, auth=auth, values=values) as client,
    ):
        asked = client.authorization("http://127.0.0.1:9/back")
        await client.authorize(asked, {"code": "the-code", "state": asked.state})
        await client.send(GET)
    assert asked.url.startswith("https://accounts.example.com/auth?")
    assert parse_qs(urlsplit(asked.url).query) == {
        "lang": ["en"],
        "response_type": ["code"],
        "client_id": ["app-1"],
        "redirect_uri": ["http://127.0.0.1:9/back"],
        "scope": ["a b"],
        "state": [asked.state],
        "access_type": ["offline"],
    }
    redeemed, called = platform.received
    assert dict(parse_qsl(redeemed.body.decode())) == {
        "grant_type": "authorization_code",
        "code": "the-code",
        "redirect_uri": "http://127.0.0.1:9/back",
        "expiring": "1",
    }
    assert redeemed.headers["authorization"].startswith("Basic ")
    assert called.headers["authorization"] == "Bearer t-12345"


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (({"error": "invalid_client"}, 401), AuthError),
        (({"error": "invalid_grant"}, 401), AccessRevokedError),
        (({"error": "invalid_grant"}, 200), AccessRevokedError),
        (({"token": "elsewhere"}, 200), ContractError),
    ],
)
async def test_a_token_endpoint_that_gives_none_says_why(kit, reply, error):
    async with (
        kit.platform(kit.script(kit.json(*reply))) as platform,
        kit.client(platform.url, auth=OAUTH, values=given("")) as client,
    ):
        with pytest.raises(error):
            await client.send(GET)
    assert len(platform.received) == 1


async def test_a_connection_that_was_never_authorised_says_so(kit):
    async with (
        kit.platform(kit.script(kit.json(1))) as platform,
        kit.client(platform.url, auth=OAUTH, values=VALUES) as client,
    ):
        with pytest.raises(SetupError, match="pullpush auth"):
            await client.send(GET)
    assert not platform.received


SESSION = SessionAuth(
    exchange=Request(method="POST", path="/authorize", json={"Secret": "{{secret}}"}),
    token="Token",
    base_url="Server",
    expires="TTL",
)


class Sessions:
    """Every session lives on a server path of its own."""

    def __init__(self, kit) -> None:
        self.kit = kit
        self.url = ""
        self.count = 0

    def __call__(self, request):
        if request.path == "/authorize":
            self.count += 1
            return self.kit.json({"Token": f"session-{self.count}", "Server": f"{self.url}/s{self.count}", "TTL": 1200})
        good = request.path == f"/s{self.count}/orders" and request.headers["authorization"] == f"session-{self.count}"
        return self.kit.json([self.count]) if good else self.kit.json({}, 401)


async def test_a_session_is_exchanged_again_when_it_dies_or_ends_and_moves_to_its_own_base_url(kit):
    sessions, clock = Sessions(kit), VirtualClock()
    async with kit.platform(sessions) as platform:
        sessions.url = platform.url
        values = {"secret": Secret("permanent")}
        async with kit.client(platform.url, auth=SESSION, values=values, clock=clock) as client:
            assert (await client.send(GET)).json() == [1]
            sessions.count = 7  # the platform forgot it
            assert (await client.send(GET)).json() == [8]
            clock.advance(1100)
            assert (await client.send(GET)).json() == [9]


@pytest.mark.parametrize(
    ("word", "error"), [("MAINTENANCE", UnavailableError), ("LOCKED", AuthError), ("NEVER HEARD OF", AuthError)]
)
async def test_a_session_that_says_that_it_is_no_good_is_not_used(kit, word, error):
    """Its status is 200; the word decides whether it is asked for again or a person must act."""
    state = SessionState(path="Status.State", good=["OK"], later=["MAINTENANCE"], reason="Status.Reason")
    auth = attrs.evolve(SESSION, state=state, base_url=None)
    bad = kit.json({"Token": "session-1", "Status": {"State": word, "Reason": "painters in the house"}})
    good = kit.json({"Token": "session-2", "Status": {"State": "OK"}})
    async with (
        kit.platform(kit.script(bad, good, kit.json([1]))) as platform,
        kit.client(platform.url, auth=auth, values={"secret": Secret("permanent")}) as client,
    ):
        with pytest.raises(error, match=f"{word}: painters in the house"):
            await client.send(GET)
        assert (await client.send(GET)).json() == [1]


async def test_a_session_that_says_nothing_of_its_state_is_good(kit):
    auth = attrs.evolve(SESSION, state=SessionState(path="Status.State", good=["OK"]), base_url=None)
    async with (
        kit.platform(kit.script(kit.json({"Token": "session-1"}), kit.json([1]))) as platform,
        kit.client(platform.url, auth=auth, values={"secret": Secret("permanent")}) as client,
    ):
        assert (await client.send(GET)).json() == [1]


async def test_a_session_on_an_undeclared_host_is_refused(kit):
    reply = kit.json({"Token": "session-1", "Server": "https://evil.example.net", "TTL": 60})
    async with (
        kit.platform(kit.script(reply)) as platform,
        kit.client(platform.url, auth=SESSION, values={"secret": "permanent"}) as client,
    ):
        with pytest.raises(ContractError, match=r"evil\.example\.net"):
            await client.send(GET)


async def test_a_code_verifier_proves_who_asked(kit):
    auth = attrs.evolve(OAUTH, pkce=True)
    async with (
        kit.platform(kit.script(kit.json({"access_token": "t-12345"}))) as platform,
        kit.client(platform.url, auth=auth, values=VALUES) as client,
    ):
        asked = client.authorization("http://127.0.0.1:9/back")
        await client.authorize(asked, {"code": "the-code", "state": asked.state})
    query = dict(parse_qsl(urlsplit(asked.url).query))
    verifier = dict(parse_qsl(platform.received[0].body.decode()))["code_verifier"]
    digest = hashlib.sha256(verifier.encode()).digest()
    assert query["code_challenge"] == base64.urlsafe_b64encode(digest).decode().rstrip("=")
    assert query["code_challenge_method"] == "S256"
    assert asked.state not in repr(asked)


# The message and digest are a public test vector of the platform that signs callbacks like this.
SIGNED = {
    "code": "0907a61c0c8d55e99db179b68161bc00",
    "shop": "some-shop.myshopify.com",
    "state": "0.6784241404160823",
    "timestamp": "1337178173",
    "hmac": "700e2dadb827fcc8609e9d5ce208b2e9cdaab9df07390d2cbca10d7c328fc4bf",
}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({}, None),
        ({"shop": "other.myshopify.com"}, "signature"),
        ({"hmac": ""}, "signature"),
        ({"hmac": "ä"}, "signature"),
        ({"state": "another"}, "another question"),
        ({"state": ""}, "another question"),
    ],
)
def test_a_signed_callback_is_verified(change, message):
    auth = attrs.evolve(OAUTH, callback_hmac="hmac", client_id="a", client_secret="hush", access_token=None)
    scheme = scheme_of(attrs.evolve(auth, refresh_token=None), {})
    asked = Authorization(url="", redirect_uri="", state=SIGNED["state"])
    if message is None:
        assert scheme.code_of(asked, SIGNED) == SIGNED["code"]
        return
    with pytest.raises(AuthError, match=message):
        scheme.code_of(asked, {**SIGNED, **change})


@pytest.mark.parametrize(
    ("answer", "message"),
    [({"error": "access_denied"}, "not granted: access_denied"), ({}, "no code")],
)
async def test_a_callback_that_brings_no_code_says_why(kit, answer, message):
    async with kit.client("http://127.0.0.1:1", auth=OAUTH, values=VALUES) as client:
        asked = client.authorization("http://127.0.0.1:9/back")
        with pytest.raises(AuthError, match=message):
            await client.authorize(asked, {"state": asked.state, **answer})
