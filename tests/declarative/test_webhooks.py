"""Webhooks by manifest: what is genuine, which event it is, and what it says."""

import asyncio
import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pullpush_sdk import Connection, Verb, WebhookRequest, hookimpl
from pullpush_sdk.declarative import connector_of
from pullpush_sdk.errors import FieldError
from pullpush_sdk.http import Secret
from pullpush_sdk.manifest import read_manifest
from pullpush_sdk.plugins import Source, load_plugins

DOCUMENT = {
    "manifest": 1,
    "name": "shop",
    "title": "Shop",
    "version": "1.0.0",
    "base_url": "https://api.shop.example",
    "secrets": ["hook_secret"],
    "webhook": {
        "verification": {"kind": "hmac-sha256", "header": "X-Sign", "secret": "{{hook_secret}}", "encoding": "hex"},
        "event_name": {"parts": [{"source": "header", "path": "X-Topic"}], "fallback": {"path": "event"}},
        "event_type_map": {"orders/create": "order.created"},
        "transaction_id": {"parts": [{"source": "header", "path": "X-Id"}]},
        "array_path": "orders",
        "handlers": {
            "order.created": {
                "canonical_type": "order",
                "verb": "created",
                "data_path": "$.data",
                "map": {"orderId": "id", "status": {"value": "pending"}, "updatedAt": "at"},
            },
            "order.status": {
                "canonical_type": "order",
                "partial": True,
                "data_path": "$.data",
                "map": {"orderId": "id", "status": "state"},
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
    return plugins.connector("shop"), plugins.types


def connection(loaded, types, **secrets):
    """A connection for hooks that do no I/O: it has no client."""
    hidden = {name: Secret(text) for name, text in secrets.items()}
    return Connection(
        name="c", connector=loaded.connector, settings={}, secrets=hidden, client=None, clock=None, types=types
    )


def request(body, **headers):
    lowered = {name.replace("_", "-").lower(): value for name, value in headers.items()}
    return WebhookRequest(headers=lowered, query={}, body=body, received_at=datetime(2026, 1, 1, tzinfo=UTC))


def verify(loaded, types, asked, **secrets):
    return loaded.hook.pullpush_verify(connection=connection(loaded, types, **secrets), request=asked)


def receive(loaded, types, asked):
    return asyncio.run(loaded.hook.pullpush_receive(connection=connection(loaded, types), request=asked))


@pytest.mark.parametrize("kind", ["hmac-sha1", "hmac-sha256", "hmac-sha512"])
@pytest.mark.parametrize("encoding", ["hex", "base64"])
def test_a_signature_over_the_raw_body_is_genuine_and_nothing_else_is(kind, encoding):
    """Every algorithm and encoding; one byte more or another secret refuses."""
    loaded, types = load(verification={**DOCUMENT["webhook"]["verification"], "kind": kind, "encoding": encoding})
    body = '{"n": 1.0, "é": "\\u00e9"}'.encode()
    digest = hmac.new(b"s3cret", body, kind.removeprefix("hmac-")).digest()
    sign = digest.hex() if encoding == "hex" else base64.b64encode(digest).decode()
    assert verify(loaded, types, request(body, X_Sign=sign), hook_secret="s3cret")
    assert not verify(loaded, types, request(body + b" ", X_Sign=sign), hook_secret="s3cret")
    assert not verify(loaded, types, request(body, X_Sign=sign), hook_secret="other")
    assert not verify(loaded, types, request(body), hook_secret="s3cret")


def test_without_a_secret_nothing_is_genuine():
    """An unset secret must not turn into an empty key that everybody knows."""
    loaded, types = load()
    body = b"{}"
    sign = hmac.new(b"", body, hashlib.sha256).hexdigest()
    assert not verify(loaded, types, request(body, X_Sign=sign))


def test_the_secret_before_a_rotation_is_still_good():
    """While both are set, either signs."""
    loaded, types = load()
    sign = hmac.new(b"old", b"{}", hashlib.sha256).hexdigest()
    both = {"hook_secret": "new", "previous_hook_secret": "old"}
    assert verify(loaded, types, request(b"{}", X_Sign=sign), **both)
    assert not verify(loaded, types, request(b"{}", X_Sign=sign), hook_secret="new")


@given(st.text(max_size=80))
def test_any_signature_text_is_judged_not_crashed_on(sign):
    """Odd header values are refused like any wrong one."""
    loaded, types = GENERAL
    assert not verify(loaded, types, request(b"{}", X_Sign=sign), hook_secret="s3cret")


GENERAL = load()


def test_a_handler_maps_the_object_at_its_data_path():
    """Name from the header through the map of names, id for dedup, version from the record."""
    body = json.dumps({"data": {"id": 7, "at": "2026-01-02T00:00:00Z"}}).encode()
    (event,) = receive(*load(), request(body, X_Topic="orders/create", X_Id="t-1"))
    assert (event.record.order_id, event.verb, event.transport_id) == ("7", Verb.CREATED, "t-1")
    assert event.fields is None


def test_a_handler_without_a_data_path_maps_the_whole_body():
    """`$` is the body itself; list places are paths too."""
    handler = {"canonical_type": "order", "map": {"orderId": "$.rows[0].id", "status": {"value": "paid"}}}
    loaded, types = load(handlers={"order.created": handler})
    body = json.dumps({"event": "order.created", "rows": [{"id": 9}]}).encode()
    (event,) = receive(loaded, types, request(body))
    assert event.record.order_id == "9"


def test_a_partial_handler_speaks_of_its_fields_only():
    """The event carries the set of fields that it knows."""
    body = json.dumps({"event": "order.status", "data": {"id": 7, "state": "shipped"}}).encode()
    (event,) = receive(*load(), request(body))
    assert event.fields == frozenset({"order_id", "status"})


def test_a_batch_keeps_its_order():
    """Items of the declared array are events of their own, one after the other."""
    items = [{"event": "order.status", "data": {"id": n, "state": "paid"}} for n in range(5)]
    events = receive(*load(), request(json.dumps({"orders": items}).encode()))
    assert [event.record.order_id for event in events] == ["0", "1", "2", "3", "4"]


def test_an_event_without_a_handler_is_no_event():
    """It is neither an error nor a record."""
    assert list(receive(*load(), request(b'{"event": "shop.renamed"}'))) == []


@pytest.mark.parametrize(
    "body", [b"", b"nope", b"\xff\xfe", b'{"event": "order.status", "data": {}}', b'{"event": "order.status"}']
)
def test_a_body_that_cannot_be_mapped_is_an_error_about_this_record(body):
    """It becomes a dead letter, whatever is wrong with it."""
    with pytest.raises(FieldError):
        receive(*load(), request(body, X_Topic="order.status"))
