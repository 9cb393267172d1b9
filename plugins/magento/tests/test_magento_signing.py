"""The sandbox takes every signature of the client, whatever is signed, and under whichever address it is served."""

from __future__ import annotations

import asyncio
from urllib.parse import quote

from hypothesis import example, given, settings
from hypothesis import strategies as st
from pullpush_magento.sandbox import build

from pullpush_sdk.clock import SystemClock
from pullpush_sdk.errors import AuthError
from pullpush_sdk.http import Call, Client, Redactor, authenticator_of
from pullpush_sdk.manifest import OAuth1Auth
from pullpush_sdk.sandbox import SandboxOptions
from pullpush_sdk.testing.in_memory import InMemory

BOX = build(SandboxOptions(records=1))
AUTH = OAuth1Auth(
    consumer_key="{{consumer_key}}",
    consumer_secret="{{consumer_secret}}",
    token="{{access_token}}",
    token_secret="{{access_token_secret}}",
    signature_method="HMAC-SHA256",
)
ANY = frozenset({400, 404, 405, 500})
ADDRESSES = st.sampled_from(["127.0.0.1", "127.0.0.1:80", "127.0.0.1:443", "LOCALHOST:80", "127.0.0.1:8080"])
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.text(
    "+~*%&=/?#;,.:@!'()[]{}|\"\\-_ aä0<>", max_size=8
)
PAIRS = st.lists(st.tuples(TEXTS.filter(lambda name: not name.startswith("oauth_")), TEXTS), max_size=4)


async def asked(origin: str, call: Call, *, secrets: dict[str, str]) -> int:
    wire = InMemory(BOX.app)
    auth = authenticator_of(AUTH, secrets, clock=SystemClock(), redactor=Redactor())
    client = Client(
        base_url="https://magento.example/rest", auth=auth, redactor=Redactor(), origin=f"http://{origin}", wire=wire
    )
    async with client:
        return (await client.send(call)).status


def status_of(address: str, call: Call, **wrong: str) -> int:
    return asyncio.run(asked(address, call, secrets={**BOX.secrets, **wrong}))


@given(ADDRESSES, TEXTS, PAIRS, st.sampled_from(["GET", "PUT"]))
@settings(max_examples=200, deadline=None)
@example("127.0.0.1:80", "a/b", [("q", "+ ~*")], "GET")
def test_whatever_is_signed_is_taken(address: str, sku: str, params: list[tuple[str, str]], method: str) -> None:
    call = Call(method=method, url=f"/V1/stockItems/x{quote(sku, safe='')}", params=params, accepts=ANY)
    assert status_of(address, call) in ANY | {200}


@given(ADDRESSES, st.sampled_from(["consumer_secret", "access_token_secret", "consumer_key", "access_token"]))
@settings(max_examples=20, deadline=None)
def test_what_is_signed_with_another_secret_is_not(address: str, name: str) -> None:
    try:
        status = status_of(address, Call(url="/V1/store/storeConfigs"), **{name: "another"})
    except AuthError:
        return
    raise AssertionError(f"taken: {status}")
