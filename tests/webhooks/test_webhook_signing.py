"""A webhook that is made ready is believed by the connection that it was made for, and by no other."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pullpush_sdk import connector_from, hookimpl
from pullpush_sdk.connector import Connection, WebhookRequest
from pullpush_sdk.declarative import Labels, connector_of, signed
from pullpush_sdk.emulator import read_samples
from pullpush_sdk.errors import SetupError
from pullpush_sdk.http import Secret
from pullpush_sdk.manifest import Verification, load, read_manifest
from pullpush_sdk.plugins import Source, load_plugins
from pullpush_sdk.webhooks import Ways, choose, freshened, outgoing, samples_of

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ROOT = Path(__file__).parents[2]
APIS = sorted(
    each.parent
    for each in (ROOT / "tests" / "apis").glob("*/connector.yaml")
    if (each.parent / "samples" / "webhooks.json").is_file()
)

TOKENS = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,12}", fullmatch=True)
VERIFICATIONS = st.builds(
    Verification,
    kind=st.sampled_from(["hmac-sha256", "hmac-sha1", "hmac-sha512", "header-token"]),
    header=TOKENS.map(lambda name: f"X-{name}"),
    secret=st.sampled_from(["{{secret}}", "key-{{secret}}", "{{secret}}{{shop}}"]),
    encoding=st.sampled_from(["hex", "base64"]),
    prefix=st.sampled_from(["", "sha256=", "v0 ", "Bearer "]),
    signed=st.sampled_from(
        ["{{body}}", "{{timestamp}}.{{body}}", "v0:{{timestamp}}:{{body}}", "{{shop}}{{body}}", "POST{{body}}"]
    ),
    timestamp_header=st.sampled_from([None, "X-When"]),
)
FIELDED = st.builds(
    lambda base, signed_: attrs.evolve(
        base, prefix="", field="v1", timestamp_field="t", timestamp_header=None, signed=signed_
    ),
    VERIFICATIONS.filter(lambda each: each.encoding == "hex"),
    st.sampled_from(
        ["{{body}}", "{{fields.t}}.{{body}}", "{{timestamp}}.{{body}}", "{{fields.n}}{{headers.x-id}}{{body}}"]
    ),
)


def connector(webhook, folder=None, **more):
    """A connector of a manifest with this webhook section, loaded as the runtime does."""
    document = {
        "manifest": 1, "name": "pier", "title": "Pier", "version": "1.0.0", "base_url": "https://pier.example",
        "auth": {"kind": "none"}, "secrets": ["secret", "other"],
        "settings": {"type": "object", "properties": {
            "secret": {"type": "string"}, "other": {"type": "string"}, "shop": {"type": "string"}}},
        "resources": {"stock": {"canonical_type": "stocklevel", "list": {"path": "/stock"},
                                "canonical_map": {"sku": "sku", "quantity": "quantity"}}},
        "webhook": webhook, **more,
    }  # fmt: skip
    manifest = read_manifest(json.dumps(document), file="pier.json", format="json")
    made = attrs.evolve(connector_of(manifest), folder=folder)
    module = SimpleNamespace(pullpush_connector=hookimpl(lambda: made))
    plugins = load_plugins([Source(name="pier", distribution="pullpush-pier", load=lambda: module)])
    assert not plugins.failures, plugins.failures
    return plugins.connector("pier"), plugins


def connection(loaded, plugins, settings=None, **secrets):
    hidden = {name: Secret(text) for name, text in secrets.items()}
    return Connection(
        name="shop", connector=loaded.connector, settings={"shop": "s-1", **(settings or {})}, secrets=hidden,
        client=None, clock=None, types=plugins.types,
    )  # fmt: skip


def request(body=b"{}", **headers):
    return WebhookRequest(headers=headers, query={}, body=body, received_at=NOW)


@pytest.fixture(scope="module")
def installed():
    return load_plugins()


HANDLERS = {"stock": {"resource": "stock", "data_path": "$.data"}}


@given(
    VERIFICATIONS | FIELDED,
    st.binary(max_size=60),
    st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1),
)
def test_whatever_is_signed_is_believed_and_only_with_that_secret(how, body, secret):
    """The law of signing, for every form of verification; another secret, moment or body is not believed."""
    loaded, plugins = SHARED
    mine = connection(loaded, plugins, secret=secret)
    from pullpush_sdk.declarative._verify import is_genuine

    sent = signed(how, mine, request(body), NOW)
    assert is_genuine(how, mine, sent)
    assert not is_genuine(how, connection(loaded, plugins, secret=secret + "x"), sent)
    if how.kind != "header-token":
        assert not is_genuine(how, mine, attrs.evolve(sent, body=body + b"!"))
    if how.timestamp_header is not None or how.timestamp_field is not None:
        assert not is_genuine(how, mine, attrs.evolve(sent, received_at=NOW + timedelta(hours=1)))


SHARED = connector(
    {"verification": {"kind": "none"}, "event_name": {"parts": [{"path": "event"}]}, "handlers": HANDLERS}
)


@pytest.mark.parametrize("old", ["1772366400", "1772366400000", "2026-01-01T00:00:00+00:00"])
def test_a_stamp_keeps_the_form_in_which_it_was_recorded(old):
    loaded, plugins = SHARED
    how = Verification(kind="hmac-sha256", header="S", secret="{{secret}}", signed="{{timestamp}}{{body}}",
                       timestamp_header="T")  # fmt: skip
    sent = signed(how, connection(loaded, plugins, secret="k"), request(t=old), NOW).headers["t"]
    assert len(sent) == len(old)
    assert ("T" in sent) == ("T" in old)


def test_what_is_missing_is_named():
    loaded, plugins = SHARED
    how = Verification(kind="hmac-sha256", header="S", secret="{{secret}}", signed="{{hook_url}}{{body}}")
    with pytest.raises(SetupError, match=r"'shop' has no secret"):
        signed(how, connection(loaded, plugins), request(), NOW)
    with pytest.raises(SetupError, match=r"lacks a part.*hook_url"):
        signed(how, connection(loaded, plugins, secret="k"), request(), NOW)


@pytest.mark.parametrize("folder", APIS, ids=lambda each: each.name)
def test_recorded_webhooks_of_real_platforms_are_believed_when_signed_anew(folder):
    """Each declared platform with recorded webhooks: signed by the manifest with a secret of our own."""
    manifest = load(folder / "connector.yaml").manifest
    module = SimpleNamespace(pullpush_connector=hookimpl(lambda: attrs.evolve(connector_of(manifest), folder=folder)))
    plugins = load_plugins([Source(name=manifest.name, distribution="d", load=lambda: module)])
    loaded = plugins.connector(manifest.name)
    samples = asyncio.run(samples_of(loaded, types=plugins.types, functions=plugins.functions, wanted="no such"))
    recorded = [each for each in samples if each.origin == "recorded"]
    assert len(recorded) == len(read_samples(manifest, folder).webhooks) > 0
    mine = connection(
        loaded, plugins, {"webhook_url": "https://here.example/hook"},
        **dict.fromkeys(manifest.secrets, "our-own-secret"),
    )  # fmt: skip
    labels = Labels(manifest.webhook)
    for sample in recorded:
        first, second = (outgoing(loaded, mine, sample.request, Ways()) for _ in range(2))
        assert first.has_new_id
        ids = [labels.label(each.request).transport_id for each in (first, second)]
        if ids[0] is not None:
            assert len({*ids, labels.label(sample.request).transport_id}) == 3
        # What it is about is what it was about.
        pairs = zip(labels.items(sample.request), labels.items(first.request), strict=True)
        assert all(labels.record_of(old) == labels.record_of(new) for old, new in pairs)
        for spoil in ("unsigned", "tampered"):
            spoiled = outgoing(loaded, mine, sample.request, Ways(spoil=spoil))
            now = attrs.evolve(spoiled.request, received_at=datetime.now(UTC))
            assert not loaded.hook.pullpush_verify(connection=mine, request=now)


def test_the_first_proof_whose_secret_is_set_is_taken_or_the_one_that_is_named():
    loaded, plugins = connector(
        {"verification": {"kind": "hmac-sha256", "header": "S", "secret": "{{secret}}"},
         "alternatives": [{"kind": "header-token", "header": "Authorization", "secret": "{{other}}"}],
         "event_name": {"parts": [{"path": "event"}]}, "handlers": HANDLERS}
    )  # fmt: skip
    token = connection(loaded, plugins, other="t0ken")
    found = outgoing(loaded, token, request(), Ways())
    assert found.request.headers["authorization"] == "t0ken"
    assert found.shows_secret
    both = connection(loaded, plugins, other="t0ken", secret="k")
    assert not outgoing(loaded, both, request(), Ways()).shows_secret
    assert outgoing(loaded, both, request(), Ways(proof=2)).shows_secret
    with pytest.raises(SetupError, match="no proof 3"):
        outgoing(loaded, both, request(), Ways(proof=3))
    with pytest.raises(SetupError, match="has no secret"):
        outgoing(loaded, connection(loaded, plugins), request(), Ways())


def test_a_connector_that_verifies_in_python_says_so():
    """Only its platform can sign; one that is believed as it is, is sent as it is."""

    @hookimpl
    def pullpush_verify(connection, request):
        return request.headers.get("seal") == "wax"

    @hookimpl
    def pullpush_connector():
        return connector_from("tests.stranger")

    from tests.stranger import hooks

    sources = [
        Source(name="types", distribution="types",
               load=lambda: SimpleNamespace(pullpush_canonical_types=hooks.pullpush_canonical_types)),
        Source(name="riv", distribution="pullpush-riv",
               load=lambda: SimpleNamespace(pullpush_connector=pullpush_connector, pullpush_verify=pullpush_verify)),
    ]  # fmt: skip
    plugins = load_plugins(sources)
    loaded = plugins.connector("rivendell")
    mine = connection(loaded, plugins)
    with pytest.raises(SetupError, match=r"verifies webhooks in Python \(pullpush_verify of pullpush-riv\)"):
        outgoing(loaded, mine, request(), Ways())
    sealed = request(seal="wax")
    assert outgoing(loaded, mine, sealed, Ways()).request == sealed
    assert "seal" not in outgoing(loaded, mine, sealed, Ways(spoil="unsigned")).request.headers


IDS = [
    ({"parts": [{"path": "id"}]}, {"id": "evt-1"}, True),
    ({"parts": [{"path": "id"}]}, {"id": 17}, True),
    ({"parts": [{"path": "meta.delivery"}]}, {}, True),
    ({"parts": [{"source": "header", "path": "X-Id"}]}, {}, True),
    ({"parts": [{"source": "header", "path": "S"}]}, {}, True),
    ({"parts": [{"source": "query", "path": "delivery"}]}, {}, True),
    ({"parts": [{"path": "data.id"}, {"path": "at"}]}, {"at": "2026-01-01T10:00:00Z"}, True),
    ({"parts": [{"path": "event"}, {"path": "data.id"}]}, {}, False),
]


@pytest.mark.parametrize(("ids", "more", "fresh"), IDS)
def test_a_new_id_changes_nothing_that_the_webhook_says(ids, more, fresh):
    """Every place of an id; where all of it says what the webhook is about, nothing is changed and that is said."""
    loaded, plugins = connector(
        {"verification": {"kind": "hmac-sha256", "header": "S", "secret": "{{secret}}"}, "transaction_id": ids,
         "event_name": {"parts": [{"path": "event"}]}, "handlers": HANDLERS}
    )  # fmt: skip
    webhook = loaded.connector.manifest.webhook
    body = json.dumps({"event": "stock", "data": {"id": 5, "sku": "A", "quantity": 0}, **more}).encode()
    mine = connection(loaded, plugins, secret="k")
    old = signed(webhook.verification, mine, request(body), NOW)
    changed, is_new = freshened(webhook, old)
    assert is_new is fresh
    labels = Labels(webhook)
    ready = outgoing(loaded, mine, old, Ways())
    assert ready.has_new_id is fresh
    assert labels.record_of(changed) == labels.record_of(old)
    assert json.loads(changed.body)["data"] == json.loads(old.body)["data"]
    for each in (changed, ready.request):
        assert (labels.label(each).transport_id != labels.label(old).transport_id) is fresh
    kept = outgoing(loaded, mine, old, Ways(same_id=True)).request
    assert labels.label(kept).transport_id == labels.label(old).transport_id


def test_samples_are_recorded_ones_then_made_of_the_handlers(tmp_path):
    """One that was recorded stands before one that is made; a made one is received as its handler says."""
    recorded = {"webhooks": [{"headers": {}, "body": '{"event": "stock.set", "data": {"sku": "A", "quantity": 1}}'}]}
    exchange = {"exchanges": [{"request": {"path": "/stock"}, "answer": {"body": [{"sku": "Z", "quantity": 0}]}}]}
    (tmp_path / "hook.json").write_text(json.dumps(recorded))
    (tmp_path / "stock.json").write_text(json.dumps(exchange))
    handler = {"resource": "stock", "data_path": "$.data"}
    loaded, plugins = connector(
        {"verification": {"kind": "hmac-sha256", "header": "S", "secret": "{{secret}}"},
         "event_name": {"parts": [{"path": "event"}]}, "handlers": {"stock.set": handler, "stock.gone": handler}},
        folder=tmp_path, samples={"hook": "hook.json", "stock": "stock.json"},
    )  # fmt: skip
    found = asyncio.run(samples_of(loaded, types=plugins.types, functions=plugins.functions))
    assert [(each.name, each.event, each.origin) for each in found] == [
        ("hook", "stock.set", "recorded"),
        ("stock.gone", "stock.gone", "made"),
    ]
    assert choose(found, "stock.set", "pier") is found[0]
    with pytest.raises(SetupError, match=r"no sample webhook 'stock.gon'.*hook, stock.gone"):
        choose(found, "stock.gon", "pier")
    (event,) = asyncio.run(
        loaded.hook.pullpush_receive(connection=connection(loaded, plugins, secret="k"), request=found[1].request)
    )
    assert (event.record.sku, event.record.quantity) == ("Z", 0)


@pytest.mark.parametrize(("name", "events"), [
    ("salla", {"order.created", "product.created"}),
    ("shopify", {"orders/create", "inventory_levels/update"}),
    ("magento", {"order", "contact"}),
])  # fmt: skip
def test_platforms_lend_recordings_and_their_emulator(name, events, installed):
    """The real connectors: what was recorded, sent by their own sandbox or made is signed for another secret."""
    plugins, loaded = installed, installed.connector(name)
    found = asyncio.run(samples_of(loaded, types=plugins.types, functions=plugins.functions))
    assert events <= {each.event for each in found}
    origins = {each.origin for each in found}
    assert origins >= ({"made"} if name == "magento" else {"emulator", "made"})
    mine = connection(loaded, plugins, **dict.fromkeys(loaded.connector.secrets, "another-secret"))
    if name == "magento":
        with pytest.raises(SetupError, match="in Python"):
            outgoing(loaded, mine, found[0].request, Ways())
        return
    for each in found:
        assert outgoing(loaded, mine, each.request, Ways()).has_new_id


def test_a_connector_that_receives_none_says_so(installed):
    plugins = installed
    with pytest.raises(SetupError, match="receives no webhooks"):
        asyncio.run(samples_of(plugins.connector("linnworks"), types=plugins.types, functions=plugins.functions))
