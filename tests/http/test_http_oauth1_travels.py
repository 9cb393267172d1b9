"""What OAuth 1 signs is what travels: the platform computes the same signature from the request that it gets."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from urllib.parse import parse_qsl, quote, unquote

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pullpush_sdk.http import Call, scheme_of
from pullpush_sdk.manifest import OAuth1Auth

SCHEME = scheme_of(
    OAuth1Auth(
        consumer_key="ck", consumer_secret="c&s", token="to", token_secret="t s", signature_method="HMAC-SHA256"
    ),
    {},
)
PLACES = st.sampled_from(
    [
        "https://shop.example",
        "https://Shop.Example:443",
        "https://shop.example:8443",
        "https://müller.example",
        "https://shop.example/a/../b",
        "http://127.0.0.1:80",
        "http://127.0.0.1:8080",
        "http://localhost:443",
        "http://[::1]:80",
    ]
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.text(
    "+~*%&=/?#;,.:@!'()[]{}|\"\\-_ aä0<>", max_size=8
)
NAMES = TEXTS.filter(lambda name: not name.startswith("oauth_"))
PAIRS = st.lists(st.tuples(NAMES, TEXTS), max_size=5)


def rfc(text: str) -> str:
    return quote(text, safe="-._~")


def expected(sent: httpx.Request, form: str) -> tuple[str, str]:
    """The signature that a request carries, and the one by RFC 5849, 3.4, over what travels."""
    header = sent.headers["authorization"]
    carried = {name: unquote(text) for name, text in re.findall(r'(oauth_\w+)="([^"]*)"', header)}
    signature = carried.pop("oauth_signature")
    path, _, query = sent.url.raw_path.decode("ascii").partition("?")
    pairs = [*carried.items(), *parse_qsl(query, keep_blank_values=True), *parse_qsl(form, keep_blank_values=True)]
    listed = "&".join(f"{name}={text}" for name, text in sorted((rfc(name), rfc(text)) for name, text in pairs))
    own_port = {"http": ":80", "https": ":443"}[sent.url.scheme]
    host = sent.headers["host"].lower().removesuffix(own_port)
    base = "&".join(map(rfc, (sent.method, f"{sent.url.scheme}://{host}{path}", listed)))
    key = f"{rfc('c&s')}&{rfc('t s')}".encode()
    return signature, base64.b64encode(hmac.new(key, base.encode(), hashlib.sha256).digest()).decode()


def judged(call: Call) -> tuple[str, str]:
    """Signed as the client does it, sent as the HTTP library does it."""
    signed = SCHEME.sign(call, None)
    sent = httpx.Request(signed.method, signed.target, headers=dict(signed.headers))
    is_form = call.content_type == "application/x-www-form-urlencoded"
    return expected(sent, (call.body or b"").decode() if is_form else "")


@given(PLACES, st.lists(TEXTS, max_size=3), PAIRS, st.sampled_from(["GET", "PUT", "DELETE"]))
@settings(max_examples=300, deadline=None)
@example("https://müller.example", [], [], "GET")
@example("https://shop.example/a/../b", ["x"], [], "GET")
@example("http://127.0.0.1:80", ["x"], [("a", "+ ~*")], "GET")
def test_names_values_and_addresses(place: str, path: list[str], params: list[tuple[str, str]], method: str) -> None:
    url = "/".join([place, *(quote(part, safe="") for part in path)])
    carried, computed = judged(Call(method=method, url=url, params=params))
    assert carried == computed


@pytest.mark.parametrize("query", ["q[0]=1&q[1]=2", "a|b={c}", "^=`", "q=a+b%20c&q", "a=%E4", "ä=ö", "x=\"'<>"])
def test_queries_that_the_platform_wrote_itself(query: str) -> None:
    carried, computed = judged(Call(url=f"https://shop.example/next?{query}", params=[("page", "[2]")]))
    assert carried == computed


@given(st.lists(st.tuples(st.text("abc+%&= ", min_size=1), TEXTS), min_size=1, max_size=3))
@settings(max_examples=50, deadline=None)
def test_forms(fields: list[tuple[str, str]]) -> None:
    body = "&".join(f"{rfc(name)}={rfc(text)}" for name, text in fields).encode()
    call = Call(
        method="POST", url="https://shop.example/f", body=body, content_type="application/x-www-form-urlencoded"
    )
    carried, computed = judged(call)
    assert carried == computed
