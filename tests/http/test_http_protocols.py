"""GraphQL and JSON-RPC refuse with status 200: what their bodies say counts as the status that it means."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pullpush_sdk.errors import (
    AuthError,
    ConflictError,
    RateLimitedError,
    RejectedError,
    TokenExpiredError,
    TransientError,
    UnavailableError,
)
from pullpush_sdk.http import Call, Redactor, call_of
from pullpush_sdk.http._protocols import protocol_of
from pullpush_sdk.manifest import Limits, Request
from pullpush_sdk.testing.clock import VirtualClock

WRITE = Call(method="POST", url="/", body=b"{}", content_type="application/json", protocol="graphql")
CALL = Call(method="POST", url="/", body=b"{}", content_type="application/json", protocol="jsonrpc")


def graphql(code=None, **extensions):
    named = {**({} if code is None else {"code": code}), **extensions}
    return {"data": None, "errors": [{"message": "said so", **({"extensions": named} if named else {})}]}


def rpc(code):
    return {"jsonrpc": "2.0", "id": 1, "error": {"code": code, "message": "said so"}}


async def sent(kit, call, *answers, retries=0):
    """What a call ends in, with so many tries more."""
    async with (
        kit.platform(kit.script(*map(kit.json, answers))) as platform,
        kit.client(platform.url, limits=Limits(retries=retries), clock=VirtualClock()) as client,
    ):
        return await client.send(call), len(platform.received)


@pytest.mark.parametrize(
    ("call", "answer", "kind", "maybe_applied"),
    [
        (WRITE, graphql(), RejectedError, None),
        (WRITE, {"errors": ["as a text"]}, RejectedError, None),
        (WRITE, {"errors": "as a text"}, RejectedError, None),
        (WRITE, graphql("BAD_USER_INPUT"), RejectedError, None),
        (WRITE, {**graphql(), "data": {"made": {"id": 1}}}, RejectedError, None),
        (WRITE, graphql("FORBIDDEN"), AuthError, None),
        (WRITE, graphql("THROTTLED"), RateLimitedError, False),
        (WRITE, graphql("rate_limited"), RateLimitedError, False),
        (WRITE, graphql("INTERNAL_SERVER_ERROR"), UnavailableError, True),
        (WRITE, graphql("ANY", http={"status": 409}), ConflictError, None),
        (WRITE, graphql("ANY", http={"status": 503}), UnavailableError, True),
        (WRITE, graphql("NOT_FOUND", http={"status": 404}), RejectedError, None),
        (CALL, rpc(-32602), RejectedError, None),
        (CALL, rpc(-32601), RejectedError, None),
        (CALL, rpc(404), RejectedError, None),
        (CALL, rpc(200), RejectedError, None),
        (CALL, rpc("odd"), RejectedError, None),
        (CALL, {"error": "as a text"}, RejectedError, None),
        (CALL, rpc(-32603), UnavailableError, True),
        (CALL, rpc(-32001), UnavailableError, True),
        (CALL, rpc(429), RateLimitedError, False),
        (CALL, rpc(403), AuthError, None),
        (CALL, [{"jsonrpc": "2.0", "id": 1, "result": 1}, rpc(-32602)], RejectedError, None),
    ],
    ids=str,
)
async def test_a_refusal_in_a_good_answer_is_told_as_what_it_means(kit, call, answer, kind, maybe_applied):
    with pytest.raises(kind) as caught:
        await sent(kit, call, answer)
    if isinstance(caught.value, TransientError):
        assert caught.value.maybe_applied is maybe_applied
    if isinstance(caught.value, RejectedError | TransientError):
        words = "as a text" if "as a text" in str(answer) else "said so"
        assert words in str(caught.value)
        assert getattr(caught.value, "status", None) != 404, "a method that is not there is no record that is not there"


@pytest.mark.parametrize("code", ["UNAUTHENTICATED", "unauthorized"])
async def test_a_token_that_ran_out_is_told_as_such(kit, code):
    with pytest.raises((TokenExpiredError, AuthError)):
        await sent(kit, WRITE, graphql(code))


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        (WRITE, {"data": {"made": {"userErrors": [], "errors": [1]}}}),
        (WRITE, {"data": {}, "errors": []}),
        (WRITE, {"data": {}, "errors": None}),
        (WRITE, {"error": "not GraphQL's"}),
        (CALL, {"jsonrpc": "2.0", "id": 1, "result": {"error": "a field of its own"}}),
        (CALL, {"jsonrpc": "2.0", "id": 1, "result": 1, "error": None}),
        (CALL, {"errors": ["not JSON-RPC's"]}),
        (Call(method="POST", url="/"), {"errors": ["not ours to judge"], "error": 1}),
    ],
    ids=str,
)
async def test_anything_else_is_an_answer(kit, call, answer):
    (found, _) = await sent(kit, call, answer)
    assert found.json() == answer


async def test_a_throttled_query_is_tried_again_when_its_points_are_back(kit):
    """Without a word of it in the manifest; the answer says what is left and how fast it comes back."""
    cost = {"requestedQueryCost": 500, "throttleStatus": {"currentlyAvailable": 100, "restoreRate": 50}}
    clock = VirtualClock()
    throttled = {**graphql("THROTTLED"), "extensions": {"cost": cost}}
    async with (
        kit.platform(kit.script(kit.json(throttled), kit.json({"data": {"made": 1}}))) as platform,
        kit.client(platform.url, limits=Limits(retries=1), clock=clock) as client,
    ):
        answer = await client.send(WRITE)
    assert answer.json() == {"data": {"made": 1}}
    assert len(platform.received) == 2
    assert clock.monotonic() >= 8.0


async def test_a_failure_inside_is_tried_again_only_where_that_is_safe(kit):
    inside, good = graphql("INTERNAL_SERVER_ERROR"), {"data": {"made": 1}}
    with pytest.raises(UnavailableError):
        await sent(kit, WRITE, inside, good, retries=1)
    repeatable = Call(method="POST", url="/", idempotent=True, protocol="graphql")
    assert (await sent(kit, repeatable, inside, good, retries=1))[1] == 2


async def test_a_connectors_own_judgement_comes_first(kit):
    def classify(answer):
        return AuthError("closed") if b"errors" in answer.body else None

    async with (
        kit.platform(kit.script(kit.json(graphql()))) as platform,
        kit.client(platform.url, classify=classify) as client,
    ):
        with pytest.raises(AuthError, match="closed"):
            await client.send(WRITE)


async def test_what_is_echoed_of_a_secret_is_not_shown(kit):
    redactor = Redactor()
    redactor.add("hunter-2-secret")
    answer = {"errors": [{"message": "no such key hunter-2-secret"}]}
    async with (
        kit.platform(kit.script(kit.json(answer))) as platform,
        kit.client(platform.url, redactor=redactor) as client,
    ):
        with pytest.raises(RejectedError) as caught:
            await client.send(WRITE)
    assert "hunter-2-secret" not in str(caught.value) + repr(caught.value) + caught.value.answer


@pytest.mark.parametrize(
    ("request_", "protocol"),
    [
        (Request(method="POST", query="query { shop { name } }"), "graphql"),
        (Request(method="POST", json={"query": "mutation Make($a: ID!) { make(a: $a) }"}), "graphql"),
        (Request(method="POST", json={"query": "  { shop { name } }", "variables": {}}), "graphql"),
        (Request(method="POST", json={"query": "fragment A on B { c }\nquery Q { d }"}), "graphql"),
        (Request(method="POST", json={"query": "red shoes {size 9}"}), ""),
        (Request(method="POST", json={"query": "query"}), ""),
        (Request(method="POST", json={"query": {"match": 1}}), ""),
        (Request(method="POST", json={"jsonrpc": "2.0", "method": "call"}), "jsonrpc"),
        (Request(method="POST", json=[{"jsonrpc": "2.0", "method": "call"}]), "jsonrpc"),
        (Request(method="POST", form={"jsonrpc": "2.0"}), ""),
        (Request(), ""),
    ],
)
def test_a_request_shows_what_it_speaks(request_, protocol):
    assert call_of(request_, {}).protocol == protocol


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["query", "jsonrpc", "a"]), inner),
    max_leaves=8,
)


@given(JSON)
def test_any_body_has_a_protocol_or_none(body):
    assert protocol_of(json.loads(json.dumps(body))) in ("", "graphql", "jsonrpc")
