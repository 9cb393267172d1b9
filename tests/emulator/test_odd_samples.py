"""Samples are other people's files: whatever they hold, an emulator comes of it, and every request has an answer."""

import asyncio
import contextlib
import json

import httpx
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pullpush_sdk.emulator import Exchange, Samples, WebhookSample, emulate
from pullpush_sdk.sandbox import ChangeError, SandboxOptions
from tests.emulator.test_merchant import HEAD, RESOURCES
from tests.emulator.test_platform_behaviour import read_manifest

TEXTS = st.sampled_from(
    [
        "",
        "A-1",
        "x",
        "2",
        "{{token}}",
        "{{",
        "2026-01-01T00:00:00Z",
        "https://h.example/goods?page=2",
        "2026-13-45T00:00",
    ]
)
NAMES = st.sampled_from(
    ["id", "code", "left", "page", "next", "total", "rows", "data", "query", "jsonrpc", "node", "has_more"]
)
SCALARS = st.none() | st.booleans() | st.integers(-3, 3) | TEXTS
BODIES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=12
)
PATHS = st.sampled_from(["/goods", "/goods/A-1", "/goods/2/rows", "/stock", "/", "/orders/A-1", "/goods/search"])
PARAMS = st.lists(
    st.tuples(NAMES, st.sampled_from(["1", "2", "A-1", "", "{{api_key}}", "2026-01-01T00:00:00Z"])), max_size=2
)
NO_EXPLAINING = (Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink)
METHODS = st.sampled_from(["GET", "POST", "PUT", "DELETE"])
EFFECTS = st.none() | st.just({"list": "/goods", "match": {"code": "$.code"}, "set": {"left": "$.left"}})
EXCHANGES = st.builds(
    Exchange,
    method=METHODS,
    path=PATHS,
    params=PARAMS.map(tuple),
    sent=BODIES,
    status=st.sampled_from([200, 200, 201, 400, 401, 404, 429]),
    answer_headers=st.dictionaries(
        st.sampled_from(["link", "x-total", "x-page"]), st.sampled_from(["3", "<x>; rel=next"])
    ),
    body=BODIES,
    effect=EFFECTS,
)
HOOKS = st.builds(
    WebhookSample, headers=st.just({"x-sig": "t=1,v1=abc"}), body=BODIES.map(json.dumps), secrets=st.just({"s": "abc"})
)
EDITS = ("stock", "product", "product_create", "order_create", "customer_create")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], phases=NO_EXPLAINING)
@given(
    exchanges=st.lists(EXCHANGES, max_size=5), hooks=st.lists(HOOKS, max_size=1), asks=st.lists(EXCHANGES, max_size=3)
)
def test_whatever_was_recorded_every_request_has_an_answer(exchanges, hooks, asks):
    text = json.dumps({**HEAD, "resources": RESOURCES})
    manifest = read_manifest(text, file="mart.json", format="json")
    box = emulate(manifest, Samples(exchanges=exchanges, webhooks=hooks), SandboxOptions(records=4))
    json.dumps([str(each) for each in box.not_proven])
    box.control.change("subscribe", url="http://127.0.0.1:9/")
    for kind in set(EDITS) & box.control.changes.keys():
        with contextlib.suppress(ChangeError):
            box.control.change(kind, sku="A-1", email="a@example.com", items=[{"sku": "A-1"}], quantity=1, title="T")

    async def asked():
        transport = httpx.ASGITransport(app=box.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://mart") as client:
            for each in [*exchanges, *asks]:
                answer = await client.request(each.method, each.path, params=each.params, json=each.sent)
                assert 200 <= answer.status_code < 500

    asyncio.run(asked())
