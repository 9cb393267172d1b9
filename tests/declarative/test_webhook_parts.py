"""Webhooks that carry more than a record: the customer inside, a token for the connection, another proof."""

import asyncio
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from starlette.applications import Starlette

from pullpush_sdk import WebhookRequest, hookimpl
from pullpush_sdk.declarative import brings_token, connector_of
from pullpush_sdk.errors import ContractError, FieldError, ManifestError
from pullpush_sdk.http import Call, MemoryTokenStore, Token
from pullpush_sdk.manifest import read_manifest
from pullpush_sdk.plugins import Source, load_plugins
from pullpush_sdk.testing.connections import connected

NOW = datetime.now(UTC).replace(microsecond=0)
ORDER = {"orderId": "id", "status": {"value": "pending"}}
PROOF = {"kind": "hmac-sha256", "header": "X-Sign", "secret": "{{hook_secret}}", "encoding": "hex"}
TOKEN_PROOF = {"kind": "header-token", "header": "Authorization", "secret": "{{hook_secret}}"}
OAUTH = {
    "kind": "oauth2",
    "authorize_url": "https://api.shop.example/authorize",
    "token_url": "https://api.shop.example/token",
    "client_id": "{{client_id}}",
    "client_secret": "{{client_secret}}",
    "access_token": "{{access_token|}}",
    "refresh_token": "{{refresh_token|}}",
    "rotates": True,
}
DOCUMENT = {
    "manifest": 1,
    "name": "shop",
    "title": "Shop",
    "version": "1.0.0",
    "base_url": "https://api.shop.example",
    "auth": OAUTH,
    "secrets": ["hook_secret", "client_id", "client_secret", "access_token", "refresh_token"],
    "webhook": {
        "verification": PROOF,
        "alternatives": [TOKEN_PROOF],
        "grants": {"app.authorized": "$.data"},
        "event_name": {"parts": [{"path": "event"}]},
        "transaction_id": {"parts": [{"path": "id"}]},
        "customer": {
            "base_path": "$.data.customer",
            "overrides": {"order.status": "$.data.order.buyer"},
            "map": {"contactId": "id", "email": "mail", "name": "name", "updatedAt": "at"},
        },
        "handlers": {
            "order.created": {"canonical_type": "order", "data_path": "$.data", "map": ORDER},
            "order.status": {"canonical_type": "order", "data_path": "$.data.order", "map": ORDER},
            "customer.updated": {
                "canonical_type": "contact",
                "data_path": "$.data",
                "map": {"contactId": "id", "email": "mail"},
            },
        },
    },
}


def load(**changes):
    document = {**DOCUMENT, "webhook": {**DOCUMENT["webhook"], **changes}}
    manifest = read_manifest(json.dumps(document), file="shop.json", format="json")
    module = SimpleNamespace(pullpush_connector=hookimpl(lambda: connector_of(manifest)))
    plugins = load_plugins([Source(name="shop", distribution="pullpush-shop", load=lambda: module)])
    assert not plugins.failures, plugins.failures
    return plugins.connector("shop")


def asked(body, **headers):
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return WebhookRequest(headers=headers, query={}, body=text, received_at=NOW)


def run(body, *, store=None, secrets=None, loaded=None):
    """The events of one body, received with a real client."""
    loaded = loaded or load()
    sandbox = SimpleNamespace(app=Starlette(), settings={}, secrets={})
    given = {"client_id": "app", "client_secret": "s3cret", "hook_secret": "h00k", **(secrets or {})}

    async def receive():
        async with connected(loaded, sandbox, secrets=given, store=store or MemoryTokenStore()) as connection:
            return await loaded.hook.pullpush_receive(connection=connection, request=asked(body))

    return asyncio.run(receive())


def test_the_customer_of_an_order_comes_beside_it():
    """The order first, then the contact with its own time and an id of its own in the dedup."""
    customer = {"id": 7, "mail": "ada@example.com", "name": "Ada", "at": "2025-12-01T00:00:00Z"}
    body = {"event": "order.created", "id": "t1", "data": {"id": 1, "customer": customer}}
    order, contact = run(body)
    assert (order.type, order.record.order_id, order.transport_id) == ("order", "1", "t1")
    assert (contact.type, contact.record.email, contact.record.contact_id) == ("contact", "ada@example.com", "7")
    assert contact.transport_id not in (None, order.transport_id)
    assert contact.version < order.version
    assert contact.fields is None


def test_an_event_may_have_its_customer_elsewhere():
    """`overrides` names the path per event."""
    data = {"order": {"id": 1, "buyer": {"id": 9, "mail": ""}}, "customer": {"id": 8}}
    _, contact = run({"event": "order.status", "data": data})
    assert contact.record.contact_id == "9"
    assert contact.transport_id is None


@pytest.mark.parametrize("customer", [None, [], "", {}, {"name": "A guest"}, {"id": None, "mail": ""}])
def test_nobody_and_guests_bring_no_contact(customer):
    """The order comes alone, and it does come."""
    (event,) = run({"event": "order.created", "data": {"id": 1, "customer": customer}})
    assert event.type == "order"


def test_a_contact_event_is_not_doubled():
    """What is a contact already has no customer inside."""
    (event,) = run({"event": "customer.updated", "data": {"id": 1, "mail": "a@x.de", "customer": {"id": 2}}})
    assert event.record.contact_id == "1"


def test_a_customer_that_cannot_be_mapped_fails_aloud():
    """The webhook stays to be looked at, with the field that is wrong."""
    with pytest.raises(FieldError, match="updatedAt"):
        run({"event": "order.created", "data": {"id": 1, "customer": {"id": 1, "at": "yesterday"}}})


def test_contacts_count_as_received():
    """The connector says that webhooks bring them."""
    assert load(handlers={"order.created": DOCUMENT["webhook"]["handlers"]["order.created"]}).connector.webhooks == {
        "order",
        "contact",
    }


def grant(access="a1", refresh="r1", days=14.0):
    expires = int((NOW + timedelta(days=days)).timestamp())
    return {"access_token": access, "refresh_token": refresh, "expires": expires, "scope": "all"}


def granted(fields, store, **secrets):
    events = run({"event": "app.authorized", "data": fields}, store=store, secrets=secrets)
    return events, asyncio.run(store.load())


def test_a_token_that_comes_by_webhook_is_stored_and_is_no_event():
    """With its end, whether that is an instant or a number of seconds."""
    store = MemoryTokenStore()
    events, token = granted(grant(), store)
    assert (list(events), token.access, token.refresh) == ([], "a1", "r1")
    assert token.expires_at == NOW + timedelta(days=14)


def test_a_late_copy_of_an_old_grant_does_not_bring_a_used_refresh_token_back():
    """The webhook is delivered again after its token was renewed."""
    store = MemoryTokenStore(Token(access="a2", refresh="r2", expires_at=NOW + timedelta(days=15)))
    assert granted(grant(), store)[1].refresh == "r2"
    assert granted(grant("a3", "r3", days=20), store)[1].refresh == "r3"


def test_a_granted_token_wins_over_those_in_the_settings_until_they_change():
    """The settings hold what an installation began with; a re-installation brings newer ones."""
    store = MemoryTokenStore()
    old = {"access_token": "old-access", "refresh_token": "old-refresh"}
    granted(grant(), store, **old)
    loaded, sandbox = load(), SimpleNamespace(app=Starlette(), settings={}, secrets={})
    base = {"client_id": "app", "client_secret": "s3cret", "hook_secret": "h00k"}

    async def used(secrets):
        async with connected(loaded, sandbox, secrets={**base, **secrets}, store=store) as connection:
            await connection.client.send(Call(url="/anything", accepts=frozenset({404})))
        return await store.load()

    assert asyncio.run(used(old)).access == "a1"
    assert asyncio.run(used({"access_token": "typed", "refresh_token": "in"})).access == "typed"


@pytest.mark.parametrize("data", [None, {}, {"access_token": ""}, {"refresh_token": "top-secret"}, ["top-secret"]])
def test_a_grant_without_a_token_is_refused_without_showing_it(data):
    """And what was stored stays."""
    store = MemoryTokenStore(Token(access="a0"))
    with pytest.raises(ContractError, match="access_token") as caught:
        granted(data, store)
    assert "top-secret" not in str(caught.value)
    assert asyncio.run(store.load()).access == "a0"


@pytest.mark.parametrize(
    ("body", "brings"),
    [({"event": "app.authorized", "data": {}}, True), ({"event": "order.created"}, False), (b"no json", False)],
)
def test_a_body_with_a_token_is_known_before_it_is_kept_anywhere(body, brings):
    """Whoever queues raw webhooks asks first."""
    assert brings_token(load().connector.manifest.webhook, asked(body)) is brings


def signed(secret):
    return {"x-sign": hmac.new(secret, b"{}", hashlib.sha256).hexdigest()}


@pytest.mark.parametrize(
    ("headers", "genuine"),
    [
        (signed(b"h00k"), True),
        ({"authorization": "h00k"}, True),
        ({"authorization": "h00k", **signed(b"other")}, True),
        ({"authorization": "other"}, False),
        ({"authorization": ""}, False),
        (signed(b"other"), False),
        ({}, False),
    ],
)
def test_either_proof_is_enough_and_nothing_else_is(headers, genuine):
    """A signature over the body, or the secret itself in a header."""
    loaded, sandbox = load(), SimpleNamespace(app=Starlette(), settings={}, secrets={})

    async def verified(**secrets):
        given = {"client_id": "a", "client_secret": "b", **secrets}
        async with connected(loaded, sandbox, secrets=given, store=MemoryTokenStore()) as c:
            return loaded.hook.pullpush_verify(connection=c, request=asked(b"{}", **headers))

    assert asyncio.run(verified(hook_secret="h00k")) is genuine
    assert asyncio.run(verified()) is False


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"webhook": {**DOCUMENT["webhook"], "verification": {"kind": "none"}}}, "anybody could bring a token"),
        ({"auth": {"kind": "none"}}, "oauth2"),
        ({"webhook": {**DOCUMENT["webhook"], "grants": {"order.created": "$"}}}, "not both"),
        ({"webhook": {**DOCUMENT["webhook"], "alternatives": [{"kind": "header-token"}]}}, "needs header"),
    ],
)
def test_a_manifest_that_would_take_tokens_from_anybody_is_refused(changes, words):
    """Each with what is wrong."""
    with pytest.raises(ManifestError, match=words):
        read_manifest(json.dumps({**DOCUMENT, **changes}), file="shop.json", format="json")
