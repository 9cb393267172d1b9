"""Where credentials travel, and where they must never show."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import traceback
from urllib.parse import parse_qsl, quote

import pytest
from oauthlib.oauth1.rfc5849 import signature

from pullpush_sdk.errors import AuthError, ContractError, PullPushError, RejectedError, SetupError
from pullpush_sdk.http import Call, Redactor, Secret, Token, call_of
from pullpush_sdk.http._hosts import Hosts
from pullpush_sdk.http._wire import proxy_for
from pullpush_sdk.manifest import (
    ApiKeyAuth,
    BasicAuth,
    BearerAuth,
    Limits,
    OAuth1Auth,
    OAuth2Auth,
    Placement,
    Request,
)

SECRET = 'p@ss/w"rd+1 é'
VALUES = {"key": Secret(SECRET), "user": "merchant"}


@pytest.mark.parametrize(
    ("auth", "header", "expected"),
    [
        (BearerAuth(token="{{key}}"), "authorization", "Bearer " + SECRET),
        (ApiKeyAuth(key="{{key}}", place=Placement(header="X-Key", format="k={{token}}")), "x-key", "k=" + SECRET),
        (
            BasicAuth(username="{{user}}", password="{{key}}"),
            "authorization",
            "Basic " + base64.b64encode(f"merchant:{SECRET}".encode()).decode(),
        ),
    ],
)
async def test_fixed_credentials_travel_in_their_header(kit, auth, header, expected):
    async with (
        kit.platform(kit.script(kit.json(1))) as platform,
        kit.client(platform.url, auth=auth, values=VALUES) as client,
    ):
        await client.send(Call(url="/a"))
    assert platform.received[0].headers[header].encode("latin-1").decode() == expected


async def test_a_key_may_travel_as_a_parameter(kit):
    auth = ApiKeyAuth(key="{{key}}", place=Placement(query="api_key"))
    async with (
        kit.platform(kit.script(kit.json(1))) as platform,
        kit.client(platform.url, auth=auth, values=VALUES) as client,
    ):
        await client.send(Call(url="/a?x=1", params={"page": "2"}))
    assert parse_qsl(platform.received[0].query) == [("x", "1"), ("page", "2"), ("api_key", SECRET)]


@pytest.mark.parametrize(
    "call",
    [
        Call(url="/products", params=(("searchCriteria[pageSize]", "5"), ("q", "a b&c=d/é"), ("q", "two"))),
        Call(method="PUT", url="/products/A%2FB?fields=sku", body=b'{"x": 1}', content_type="application/json"),
        Call(method="POST", url="/form", body=b"a=1&b=%20x", content_type="application/x-www-form-urlencoded"),
    ],
)
async def test_oauth1_signs_what_is_sent(kit, call):
    """The platform's side of the check is oauthlib's own, over the request as it arrived."""
    auth = OAuth1Auth(consumer_key="{{ck}}", consumer_secret="{{cs}}", token="{{t}}", token_secret="{{ts}}")
    values = {"ck": "consumer", "cs": "consumer-secret", "t": "token-1", "ts": "token-secret"}
    async with (
        kit.platform(kit.script(kit.json(1))) as platform,
        kit.client(platform.url, auth=auth, values=values) as client,
    ):
        await client.send(call)
    request = platform.received[0]
    fields = dict(
        part.strip().split("=", 1) for part in request.headers["authorization"].removeprefix("OAuth ").split(",")
    )
    assert fields["oauth_signature_method"] == '"HMAC-SHA256"'
    assert fields["oauth_token"] == '"token-1"'

    is_form = request.headers.get("content-type") == "application/x-www-form-urlencoded"
    params = signature.collect_parameters(
        uri_query=request.query,
        body=request.body.decode() if is_form else "",
        headers={"Authorization": request.headers["authorization"]},
        exclude_oauth_signature=True,
    )
    base = signature.signature_base_string(
        request.method,
        signature.base_string_uri(platform.url + request.target),
        signature.normalize_parameters(params),
    )
    expected = base64.b64encode(hmac.digest(b"consumer-secret&token-secret", base.encode(), hashlib.sha256)).decode()
    assert fields["oauth_signature"] == f'"{quote(expected, safe="")}"'


async def test_a_redirect_keeps_to_declared_hosts_and_no_byte_reaches_another(kit):
    async with kit.platform(kit.script(kit.json("stolen"))) as elsewhere:
        handler = kit.script(kit.reply(status=302, headers={"Location": elsewhere.url + "/steal"}))
        async with (
            kit.platform(handler) as platform,
            kit.client(platform.url, auth=BearerAuth(token="{{key}}"), values=VALUES) as client,
        ):
            with pytest.raises(ContractError, match="not a declared host"):
                await client.send(Call(url="/a"))
    assert not elsewhere.received


async def test_a_redirect_within_the_host_is_followed_signed_and_only_so_often(kit):
    def handler(request):
        if request.path == "/loop":
            return kit.reply(status=307, headers={"Location": "/loop"})
        return (
            kit.json(request.target) if request.path == "/b" else kit.reply(status=301, headers={"Location": "b?x=1"})
        )

    async with (
        kit.platform(handler) as platform,
        kit.client(platform.url, auth=BearerAuth(token="{{key}}"), values={"key": "abcdef"}) as client,
    ):
        assert (await client.send(Call(url="/a", params={"page": "2"}))).json() == "/b?x=1"
        assert platform.received[1].headers["authorization"] == "Bearer abcdef"
        with pytest.raises(ContractError, match="redirects"):
            await client.send(Call(url="/loop"))
        with pytest.raises(ContractError, match="301"):
            await client.send(Call(method="POST", url="/a"))
    assert len(platform.received) == 2 + 4 + 1


async def test_a_next_link_to_another_host_is_refused_before_any_byte(kit):
    async with (
        kit.platform(kit.script(kit.json("stolen"))) as elsewhere,
        kit.platform(kit.script()) as platform,
        kit.client(platform.url, auth=BearerAuth(token="{{key}}"), values=VALUES) as client,
    ):
        with pytest.raises(ContractError, match="not a declared host"):
            await client.send(Call(url=elsewhere.url + "/page2", from_answer=True))
        with pytest.raises(SetupError, match="not a declared host"):
            await client.send(Call(url=elsewhere.url + "/page2"))
    assert not elsewhere.received
    assert not platform.received


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example.com/a",
        "ftp://api.example.com/a",
        "https://user:pass@api.example.com/a",
        "https://api.example.com:8443/a",
        "https://api.example.com.evil.net/a",
        "https://evil.net/api.example.com",
        "https://api.example.com\\@evil.net/a",
        "https://api.example.com/a\r\nX: 1",
        "/a\r\nHost: evil.net",
        "https:///a",
        "https://api.example.com:port/a",
        "https://example.org/a",
    ],
)
def test_no_url_leaves_the_declared_hosts(url):
    with pytest.raises(SetupError):
        Hosts("https://api.example.com/v1", ["files.example.com", "*.example.org"]).resolve(url)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("/orders?x=1", "https://api.example.com/v1/orders?x=1"),
        ("", "https://api.example.com/v1"),
        ("//evil.net/a", "https://api.example.com/v1/evil.net/a"),
        ("https://files.example.com/a", "https://files.example.com/a"),
        ("https://FILES.example.com:443/a", "https://FILES.example.com:443/a"),
        ("https://eu.example.org/a", "https://eu.example.org/a"),
    ],
)
def test_urls_resolve_under_the_base_or_on_declared_hosts(url, expected):
    hosts = Hosts("https://api.example.com/v1/", ["files.example.com", "*.example.org"])
    assert hosts.resolve(url) == expected


@pytest.mark.parametrize("url", ["/orders", "https://api.example.com/v1/orders", "http://127.0.0.1:9/v1/orders"])
def test_an_origin_takes_the_place_of_every_declared_host(url):
    hosts = Hosts("https://api.example.com/v1", ["files.example.com"], origin="http://127.0.0.1:9")
    assert hosts.resolve(url) == "http://127.0.0.1:9/v1/orders"
    assert hosts.resolve("https://files.example.com?x=1") == "http://127.0.0.1:9?x=1"
    with pytest.raises(SetupError):
        hosts.resolve("https://evil.net/")


@pytest.mark.parametrize("origin", ["https://sandbox.example.com", "http://127.0.0.1:9/path", "127.0.0.1:9"])
def test_an_origin_is_a_loopback_address(origin):
    with pytest.raises(SetupError):
        Hosts("https://api.example.com", origin=origin)


async def test_a_header_cannot_break_out_of_its_line(kit):
    async with kit.platform(kit.script(kit.json(1))) as platform, kit.client(platform.url) as client:
        for headers in ({"X-A": "1\r\nX-B: 2"}, {"X-A\r\nX-B": "2"}, {"X A": "1"}):
            with pytest.raises(SetupError, match="header"):
                await client.send(Call(url="/", headers=headers))
        await client.send(Call(url="/", headers={"accept": "text/csv"}))
    assert [request.headers["accept"] for request in platform.received] == ["text/csv"]


@pytest.mark.parametrize(
    ("host", "environ", "proxy"),
    [
        ("api.example.com", {}, ""),
        ("api.example.com", {"HTTPS_PROXY": "http://p:1"}, "http://p:1"),
        ("api.example.com", {"HTTPS_PROXY": "http://p:1", "https_proxy": "http://q:1"}, "http://q:1"),
        ("api.example.com", {"all_proxy": "http://p:1", "no_proxy": ".example.com"}, ""),
        ("127.0.0.1", {"ALL_PROXY": "http://p:1"}, ""),
    ],
)
def test_the_environment_names_the_proxy_but_never_for_loopback(host, environ, proxy):
    assert proxy_for("https", host, environ) == proxy


class _Everything(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record):
        self.lines.append(self.format(record))


@pytest.fixture
def all_logs():
    """Every record of every logger at DEBUG."""
    root, handler = logging.getLogger(), _Everything()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield handler
    root.removeHandler(handler)
    root.setLevel(before)


SECRETS = {
    "client_secret": Secret("client/secret+one"),
    "access": Secret("access-token-one"),
    "refresh": Secret("refresh-token-one"),
    "key": Secret("api+key/one=="),
    "password": Secret("pass word&one"),
    "client_id": "app",
    "user": "merchant",
}
KINDS = [
    BearerAuth(token="{{key}}"),
    ApiKeyAuth(key="{{key}}", place=Placement(query="anything")),
    ApiKeyAuth(key="{{key}}", place=Placement(header="X-Anything")),
    BasicAuth(username="{{user}}", password="{{password}}"),
    OAuth1Auth(consumer_key="{{user}}", consumer_secret="{{password}}", token="{{access}}", token_secret="{{key}}"),
    OAuth2Auth(token_url="/token", access_token="{{access}}", refresh_token="{{refresh}}"),
    OAuth2Auth(token_url="/token", access_token="{{access}}", refresh_token="{{refresh}}", client_auth="basic"),
]


@pytest.mark.parametrize("auth", KINDS, ids=lambda auth: auth.kind)
async def test_secrets_stand_in_no_log_no_error_and_no_repr(kit, all_logs, auth):
    """The platform echoes everything it got, in every form, and fails in every way."""

    def echo(request):
        if request.path == "/token" and not request.query:
            return kit.json({"access_token": "access-token-two", "refresh_token": "refresh-token-two"})
        said = {"target": request.target, "headers": dict(request.headers), "body": request.body.decode()}
        leak = {"Set-Cookie": "sid=" + quote(json.dumps(said)), "X-Echo": quote(request.target)}
        if request.path == "/reset":
            return kit.reply(reset=True)
        return kit.reply(status=int(request.path[1:]), body=json.dumps(said).encode(), headers=leak)

    redactor = Redactor()
    shown: list[str] = []
    async with (
        kit.platform(echo) as platform,
        kit.client(platform.url, auth=auth, values=SECRETS, redactor=redactor, limits=Limits(retries=1)) as client,
    ):
        shown += [repr(client), repr(client.auth), repr(client.auth.scheme), repr(redactor)]
        for path in ("/200", "/401", "/403", "/422", "/429", "/500", "/302", "/reset"):
            call = Call(url=path)
            shown.append(repr(call))
            try:
                shown.append(repr(await client.send(call)))
            except PullPushError as error:
                shown += [str(error), repr(error), getattr(error, "answer", "")]
                shown += traceback.format_exception(error)
        shown += [repr(await client.auth.token(client._exchange))]
    texts = shown + all_logs.lines
    assert any("/422" in line for line in all_logs.lines)
    known = [value.reveal() for value in SECRETS.values() if isinstance(value, Secret)]
    known += ["access-token-two", "refresh-token-two", base64.b64encode(b"merchant:pass word&one").decode()]
    for secret in known:
        for form in (secret, quote(secret, safe=""), json.dumps(secret)[1:-1]):
            assert not [text for text in texts if form in text], f"{form} was shown"


async def test_a_token_error_shows_no_field_but_the_standards_own(kit):
    auth = OAuth2Auth(token_url="/token", refresh_token="{{refresh}}")
    reply = kit.json(
        {"error": "invalid_client", "error_description": "who?", "refresh_token": "new-unknown-token"}, 400
    )
    async with (
        kit.platform(kit.script(reply)) as platform,
        kit.client(platform.url, auth=auth, values=SECRETS) as client,
    ):
        with pytest.raises(AuthError, match="invalid_client") as caught:
            await client.send(Call(url="/a"))
    assert caught.value.answer == "who?"


def test_a_cut_answer_holds_no_part_of_a_secret():
    redactor = Redactor(["abcdefghijklmnop"])
    body = b"x" * (65_536 - 8) + b"abcdefghijklmnop" + b"y" * 100
    assert "abcd" not in redactor.start_of(body, limit=10**6)
    assert redactor.start_of(b"x" * 495 + b"abcdefghijklmnop") == "x" * 495 + "***"
    assert redactor.start_of(b"next: https://x/?access_token=unheard") == "next: https://x/?access_token=***"


def test_a_secret_hides_itself_but_in_reveal():
    secret = Secret("the-text")
    assert f"{secret}{secret!r}{[secret]}{secret:>3}" == "***Secret(***)[Secret(***)]***"
    assert secret == Secret("the-text") != Secret("another")
    assert hash(secret) == hash(Secret("the-text"))
    assert secret.reveal() == "the-text"
    assert "the-text" not in repr(Token(access="the-text", refresh="the-text"))
    with pytest.raises(TypeError):
        "x" + secret  # type: ignore[operator]
    import pickle

    with pytest.raises(TypeError):
        pickle.dumps(secret)


def test_secrets_reach_a_request_by_template_only():
    request = Request(method="POST", path="/a", json={"key": "{{key}}"}, headers={"X": "k {{key}}"})
    call = call_of(request, {"key": Secret("abcdefgh")})
    assert call.body == b'{"key":"abcdefgh"}'
    assert call.headers == {"X": "k abcdefgh"}
    assert "abcdefgh" not in repr(call)


def test_rejected_answers_are_cut(kit):
    assert len(RejectedError("x", answer=Redactor().start_of(b"a" * 10_000)).answer) == 500
