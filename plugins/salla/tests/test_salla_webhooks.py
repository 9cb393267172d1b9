"""Webhooks from the sandbox's own signature to canonical events; and the vendor's samples, where they are at hand."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from pullpush_sdk.canonical import dumps, to_wire
from pullpush_sdk.connector import WebhookRequest, moment_of
from pullpush_sdk.errors import FieldError
from pullpush_sdk.http import Call

SAMPLES = Path(__file__).resolve().parents[3].parent / "shared" / "vendor-specs" / "salla" / "payloads"
ARRIVED = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def request_of(body, headers=None, at=ARRIVED):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return WebhookRequest(headers=headers or {}, query={}, body=raw, received_at=at)


def signed(secret, raw):
    return {"x-salla-signature": hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()}


async def received(w, body, headers=None):
    """The events of one body."""
    hook = w.loaded.hook.pullpush_receive
    return list(await hook(connection=w.connection, request=request_of(body, headers)))


@pytest.fixture
def happenings(world, address, receiver):
    """Carries out merchant edits in a store that is subscribed to; gives each event name with its events."""

    async def run(*edits, **extra):
        async with world(extra={"webhooks": "manual", **extra}) as w:
            findings = await w.loaded.hook.pullpush_subscribe(connection=w.connection, url=f"{address}/webhooks/shop")
            assert [finding.ok for finding in findings] == [True], findings
            for kind, values in edits:
                w.change(kind, **(values(w.state()) if callable(values) else values))
            await w.sandbox.control.outbox.flush()
            found = []
            for headers, body in receiver.posts:
                request = request_of(body, headers, at=w.connection.clock.now())
                assert w.loaded.hook.pullpush_verify(connection=w.connection, request=request)
                found.append((json.loads(body)["event"], await received(w, body, headers)))
            return found, w.state()

    return lambda *edits, **extra: asyncio.run(run(*edits, **extra))


def test_an_order_and_its_status(happenings):
    """Created full, then a partial event of the order itself, not of its history."""
    found, state = happenings(
        ("order_create", {"items": [{"sku": "SKU-00001", "quantity": 2}]}),
        ("order_status", lambda now: {"order_id": now["orders"][-1]["id"], "slug": "canceled"}),
    )
    events = dict(found)
    assert set(events) == {"order.created", "order.status.updated", "order.updated", "order.cancelled"}
    row = state["orders"][-1]
    (created,), (status,) = events["order.created"], events["order.status.updated"]
    assert created.verb == "created"
    assert created.fields is None
    assert created.record.order_id == status.record.order_id == str(row["id"])
    assert [(line.sku, line.quantity) for line in created.record.line_items] == [("SKU-00001", 2)]
    assert created.record.customer.email is None
    assert created.record.currency == "SAR"
    assert status.fields == {
        "order_id",
        "status",
        "native_status",
        "financial_status",
        "fulfillment_status",
        "updated_at",
    }
    assert (status.record.status, status.record.native_status) == ("cancelled", "canceled")
    (cancelled,) = events["order.cancelled"]
    assert cancelled.record.status == "cancelled"
    assert created.version <= status.version == cancelled.version


def test_products(happenings):
    """Full ones as they are read; prices and statuses alone; a variant's product has no SKU to speak of."""
    found, _ = happenings(
        ("product_create", {"name": "Lamp", "price": 12.5, "product_type": "product", "sku": "LAMP"}),
        ("product", {"sku": "LAMP", "price": 20, "sale_price": 15}),
        ("product", {"sku": "LAMP", "status": "hidden"}),
        ("product", {"sku": "SKU-00003-M", "price": 77}),
        ("product_delete", {"sku": "LAMP"}),
    )
    names = [name for name, _ in found]
    assert names.count("product.price.updated") == 2
    (created,), (price,), variant = (events for name, events in found if name.split(".")[1] in {"created", "price"})
    assert (created.record.sku, created.record.price) == ("LAMP", Decimal("12.5"))
    assert price.fields == {"sku", "price", "compare_at_price", "cost_price", "currency"}
    assert (price.record.price, price.record.compare_at_price, price.record.currency) == (15, 20, "SAR")
    assert variant == []
    deleted = dict(found)["product.deleted"][0]
    assert (deleted.verb, deleted.record.sku) == ("deleted", "LAMP")


def test_people_carts_and_invoices(happenings):
    """A cart that is bought is converted; a completed order brings its invoice."""
    person = {"first_name": "A", "last_name": "B", "mobile": "512345678", "mobile_code_country": "+966"}
    found, _ = happenings(
        ("customer_create", person),
        (
            "cart_create",
            lambda now: {
                "customer_id": now["customers"][-1]["id"],
                "items": [{"sku": "SKU-00001", "quantity": 1}],
            },
        ),
        ("cart_purchased", lambda now: {"cart_id": now["carts"][-1]["id"]}),
        ("order_create", {"items": [{"sku": "SKU-00001", "quantity": 2}]}),
        ("order_status", lambda now: {"order_id": now["orders"][-1]["id"], "slug": "completed"}),
    )
    events = {name: each[0].record for name, each in found if each}
    assert events["customer.created"].name == "A B"
    assert events["customer.created"].phone == "+966512345678"
    assert events["abandoned.cart"].status == "abandoned"
    assert events["abandoned.cart.status.changed"].status == "converted"
    assert events["abandoned.cart.purchased"].currency == "SAR"
    invoice = events["invoice.created"]
    assert (invoice.kind, invoice.status, invoice.line_items[0].quantity) == ("invoice", "issued", 2)


def test_stock_hints_say_nothing(happenings):
    """The only stock event fires at a threshold: it is no figure to sync."""
    found, _ = happenings(("stock", {"sku": "SKU-00001", "quantity": 1}))
    assert found == []


def test_only_the_right_signature_is_genuine(world):
    """Over the raw bytes, with the current secret or the one before it; missing, forged and re-serialised are not."""

    async def run():
        async with world(secrets={"previous_webhook_secret": "older"}) as w:
            body = b'{"event": "order.created",  "data": {"id": 1}}'
            secret = w.sandbox.secrets["webhook_secret"]

            def genuine(headers, raw=body):
                return w.loaded.hook.pullpush_verify(connection=w.connection, request=request_of(raw, headers))

            good = signed(secret, body)
            upper = {name: value.upper() for name, value in good.items()}
            # The strategy "token" sends the secret as it is.
            token = {"x-salla-security-strategy": "Token", "authorization": secret}
            yes = [genuine(good), genuine(upper), genuine(signed("older", body)), genuine(token)]
            no = [
                genuine({}),
                genuine({"x-salla-signature": ""}),
                genuine({"authorization": f"{secret}x"}),
                genuine(signed("other", body)),
                genuine(good, json.dumps(json.loads(body)).encode()),
            ]
            return yes, no

    yes, no = asyncio.run(run())
    assert yes == [True] * 4
    assert no == [False] * 5


def test_a_repeat_has_the_same_id_and_another_body_another(world):
    """The signature is the hash of the body."""

    async def run():
        async with world() as w:
            one = {"event": "customer.created", "created_at": "2026-01-01 10:00:00", "data": {"id": 7}}
            two = {**one, "data": {"id": 7, "first_name": "N"}}
            ids = []
            for body in (one, one, two):
                (event,) = await received(w, body, signed("s", json.dumps(body).encode()))
                ids.append(event.transport_id)
            return ids

    first, repeat, other = asyncio.run(run())
    assert first == repeat != other


@pytest.mark.parametrize(
    ("own", "envelope", "expected"),
    [
        ("2026-02-01 10:00:00.000000", "Sun Feb 01 2026 13:00:00 GMT+0300", "2026-02-01T07:00:00+00:00"),
        (None, "Sun Feb 01 2026 13:00:00 GMT+0300", "2026-02-01T10:00:00+00:00"),
        (None, "2026-02-01 13:00:00", "2026-02-01T10:00:00+00:00"),
        (None, "2026-02-01T13:00:00Z", "2026-02-01T13:00:00+00:00"),
        (None, None, ARRIVED.isoformat()),
    ],
)
def test_the_version_is_when_it_happened_not_when_it_came(world, own, envelope, expected):
    """A delivery that was tried again later must not overwrite what happened since."""

    async def run():
        async with world() as w:
            data = {"id": 7, "updated_at": {"date": own, "timezone": "Asia/Riyadh"}}
            return await received(w, {"event": "customer.updated", "created_at": envelope, "data": data})

    (event,) = asyncio.run(run())
    assert moment_of(event.version) == datetime.fromisoformat(expected)


def test_events_without_a_handler_say_nothing_and_garbage_is_refused(world):
    """The first may be new on the platform; the second must become a dead letter."""

    async def run():
        async with world() as w:
            none = await received(w, {"event": "order.shipment.created", "data": {"id": 1}})
            with pytest.raises(FieldError):
                await received(w, b"{oops")
            with pytest.raises(FieldError):
                await received(w, {"event": "order.created", "data": {}})
            return none

    assert asyncio.run(run()) == []


def test_subscribing_twice_leaves_one_hook_an_event(world, address):
    """Whether or not another event at the same address would replace the first."""

    async def run(replaces):
        async with world(extra={"webhooks": "manual", "same_url_replaces_event": replaces}) as w:
            for _ in range(2):
                findings = await w.loaded.hook.pullpush_subscribe(connection=w.connection, url=address)
            return findings, w.state()["subscriptions"]

    for replaces in ("false", "true"):
        (finding,), hooks = asyncio.run(run(replaces))
        assert finding.ok
        assert f"{len(hooks)} events" in finding.message
        assert len(hooks) == len({hook["event"] for hook in hooks}) > 20
        assert {hook["strategy"] for hook in hooks} == {"signature"}


def test_a_hook_that_was_lost_or_changed_is_there_again(world, address):
    """Removed in the portal, or switched to another strategy: subscribing again mends both."""

    async def run():
        async with world(extra={"webhooks": "manual"}) as w:
            subscribe = w.loaded.hook.pullpush_subscribe
            await subscribe(connection=w.connection, url=address)
            first = w.state()["subscriptions"]
            send, hook = w.connection.client.send, first[1]
            await send(Call(method="DELETE", url="/webhooks/unsubscribe", params={"id": str(first[0]["id"])}))
            body = {
                "name": "x",
                "event": hook["event"],
                "url": hook["url"],
                "security_strategy": "token",
                "secret": "x",
            }
            call = Call(method="PUT", url=f"/webhooks/{hook['id']}", body=dumps(body), content_type="application/json")
            await send(call)
            (finding,) = await subscribe(connection=w.connection, url=address)
            return first, finding, w.state()["subscriptions"]

    first, finding, hooks = asyncio.run(run())
    assert finding.ok
    assert {hook["event"] for hook in hooks} == {hook["event"] for hook in first}
    assert {hook["strategy"] for hook in hooks} == {"signature"}


@pytest.mark.parametrize(
    ("url", "secrets", "words"),
    [("http://localhost:9/x", {}, "public https"), ("https://a.example.com", {"webhook_secret": ""}, "random text")],
)
def test_subscribing_fails_with_its_mend(world, url, secrets, words):
    """An address that the platform refuses; a missing secret."""

    async def run():
        async with world(secrets=secrets) as w:
            return await w.loaded.hook.pullpush_subscribe(connection=w.connection, url=url)

    findings = asyncio.run(run())
    assert not findings[0].ok
    assert words in findings[0].hint


def _sample(name):
    path = SAMPLES / f"webhook.{name}.json"
    if not path.exists():
        pytest.skip(f"the vendor's samples are not part of this repository: no {path.name}")
    return path.read_bytes()


@pytest.mark.vendor
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("order.created", {"orderId": "2116149737", "totalAmount": "196", "discountAmount": "5.00", "currency": "SAR"}),
        ("order.status.updated", {"orderId": "629263027", "status": "completed", "nativeStatus": "completed"}),
        ("product.price.updated", {"sku": "PRO-7644", "price": "150", "compareAtPrice": None, "currency": "SAR"}),
        ("product.status.updated", {"sku": "SKU122", "status": "hidden"}),
        ("abandoned.cart", {"cartId": "1097962121", "totalAmount": "100", "status": "abandoned"}),
        ("abandoned.cart.status.changed", {"cartId": "1305879817", "status": "converted"}),
        ("abandoned.cart.purchased", {"cartId": "1305879817", "totalAmount": "34.99", "subtotalAmount": "30.43"}),
    ],
)
def test_the_vendors_samples_map(world, name, expected):
    """Each of them becomes one valid event of the canonical type."""
    body = _sample(name)

    async def run():
        async with world() as w:
            (event,) = await received(w, body)
            kind = w.connection.types[event.type]
            return event, kind, to_wire(event.record)

    event, kind, wire = asyncio.run(run())
    assert isinstance(event.record, kind.record)
    assert {field: wire[field] for field in expected} == expected
    # Products are versioned by arrival: their events do not all say when they happened.
    assert (moment_of(event.version) == ARRIVED) == (event.type == "product")


@pytest.mark.vendor
@pytest.mark.parametrize("name", ["app.store.authorize", "app.uninstalled", "customer.login"])
def test_the_vendors_other_samples_say_nothing(world, name):
    """App events and log-ins are no records."""
    body = _sample(name)

    async def run():
        async with world() as w:
            return await received(w, body)

    assert asyncio.run(run()) == []


@pytest.mark.vendor
def test_the_vendors_invoice_maps_inside_an_envelope(world):
    """Printed without an envelope, sent with one."""
    body = {"event": "invoice.created", "created_at": "2025-05-19 12:05:05"}
    body["data"] = json.loads(_sample("invoice.created.no_envelope"))

    async def run():
        async with world() as w:
            return await received(w, body)

    (event,) = asyncio.run(run())
    record = event.record
    assert (record.invoice_id, record.amount, record.tax_amount) == ("500681815", Decimal("911.97"), Decimal("118.95"))
    assert record.amount == record.subtotal_amount - record.discount_amount + record.tax_amount
    assert record.line_items[0].total == Decimal("793.02")
    assert record.customer.company == "my company"
