from __future__ import annotations

import hashlib
import hmac
import json

import pytest


@pytest.fixture
def shop(open_shop):
    return open_shop(extra={"webhooks": "manual"})


def _subscribe(shop, url, event, **more):
    answer = shop.post("/webhooks/subscribe", {"event": event, "url": url, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def _flush(shop):
    shop.raw("POST", "/_sandbox/webhooks/flush")


def test_the_signature_covers_the_raw_body(shop, address, receiver):
    """64 hex digits over the bytes as sent; the same payload serialised anew has another signature."""
    _subscribe(shop, address, "product.price.updated", headers=[{"key": "X-Own", "value": "v"}])
    shop.control.change("product", sku="SKU-00001", price=12.5)
    _flush(shop)
    ((headers, body),) = receiver.posts

    def sign(data):
        return hmac.new(shop.secrets["webhook_secret"].encode(), data, hashlib.sha256).hexdigest()

    assert headers["x-salla-security-strategy"] == "Signature"
    assert headers["x-salla-signature"] == sign(body)
    assert sign(json.dumps(json.loads(body)).encode()) != sign(body)
    assert headers["x-own"] == "v"
    payload = json.loads(body)
    assert set(payload) == {"event", "merchant", "created_at", "data"}
    assert payload["merchant"] == int(shop.sandbox.settings["store_id"])
    assert payload["created_at"].endswith("GMT+0300")
    assert (payload["data"]["price"], payload["data"]["currency"]) == (12.5, "SAR")


def test_the_token_strategy_sends_the_secret_as_it_is(shop, address, receiver):
    """No signature then; the secret is never shown again; the signature strategy needs a secret."""
    hook = _subscribe(shop, address, "product.created")
    assert shop.put(f"/webhooks/{hook['id']}", {"security_strategy": "signature"}).status_code == 422
    answer = shop.put(f"/webhooks/{hook['id']}", {"security_strategy": "token", "secret": "s3"})
    assert answer.json()["data"]["security"] == {"strategy": "token", "secret": None}
    shop.post("/products", {"name": "n", "price": 1, "product_type": "product"})
    _flush(shop)
    ((headers, _),) = receiver.posts
    assert headers["authorization"] == "s3"
    assert "x-salla-signature" not in headers


def test_without_a_strategy_nothing_may_be_sent_to_verify(open_shop, address, receiver):
    """The other reading of the documentation, a switch."""
    shop = open_shop(extra={"webhooks": "manual", "unset_strategy": "none"})
    _subscribe(shop, address, "product.price.updated")
    shop.control.change("product", sku="SKU-00001", price=1)
    _flush(shop)
    ((headers, _),) = receiver.posts
    assert not [name for name in headers if name.startswith("x-salla") or name == "authorization"]


def test_order_events(shop, address, receiver):
    """created has the items; the status event's id is not the order's; completing issues the invoice."""
    for event in ("order.created", "order.status.updated", "order.cancelled", "invoice.created"):
        _subscribe(shop, address, event)
    order = shop.control.change("order_create", items=[{"sku": "SKU-00001", "quantity": 1}])["id"]
    shop.control.change("order_status", order_id=order, slug="completed")
    shop.control.change("order_status", order_id=order, slug="canceled")
    _flush(shop)
    created, status, invoice, *rest = receiver.payloads()
    assert (created["event"], created["data"]["id"]) == ("order.created", order)
    assert created["data"]["items"][0]["product"]["id"]
    assert status["data"]["id"] != order
    assert status["data"]["order"]["id"] == order
    assert status["data"]["order"]["status"]["slug"] == "completed"
    assert not status["data"]["status"].isascii()
    assert invoice["data"]["order_id"] == order
    assert [p["event"] for p in rest] == ["order.status.updated", "order.cancelled"]


def test_stock_has_no_event_but_the_low_threshold(shop, address, receiver):
    """A product above its threshold is silent; at it, `product.quantity.low` brings the whole product."""
    _subscribe(shop, address, "product.quantity.low")
    _subscribe(shop, address, "product.updated")
    shop.control.change("stock", sku="SKU-00001", quantity=50)
    _flush(shop)
    assert receiver.posts == []
    shop.control.change("stock", sku="SKU-00001", quantity=3)
    _flush(shop)
    (payload,) = receiver.payloads()
    assert (payload["event"], payload["data"]["quantity"]) == ("product.quantity.low", 3)


def test_carts_customers_and_status_events(shop, address, receiver):
    """Their shapes differ: flat numbers, ids only, customer with source."""
    for event in ("abandoned.cart", "abandoned.cart.purchased", "abandoned.cart.status.changed"):
        _subscribe(shop, address, event)
    for event in ("customer.updated", "product.status.updated", "product.deleted"):
        _subscribe(shop, address, event)
    customer = shop.data("/customers")[0]["id"]
    cart = shop.control.change("cart_create", customer_id=customer, items=[{"sku": "SKU-00001", "quantity": 1}])["id"]
    shop.control.change("cart_purchased", cart_id=cart)
    shop.control.change("customer", customer_id=customer, first_name="Z")
    shop.control.change("product", sku="SKU-00001", status="hidden")
    shop.control.change("product_delete", sku="SKU-00001")
    _flush(shop)
    by_event = {p["event"]: p["data"] for p in receiver.payloads()}
    assert set(by_event["abandoned.cart"]["total"]) == {"amount", "currency"}
    assert not isinstance(by_event["abandoned.cart.purchased"]["total"], dict)
    assert by_event["abandoned.cart.status.changed"] == {"id": cart, "status": "purchased"}
    assert "source" in by_event["customer.updated"]
    assert set(by_event["product.status.updated"]) == {"id", "sku", "mpn", "gtin", "status"}
    assert by_event["product.deleted"]["sku"] == "SKU-00001"


def test_failed_deliveries_are_tried_three_times(shop, address, receiver):
    """202 is a failure by the kit's reading; two retries, five sandbox minutes apart."""
    receiver.status = 202
    _subscribe(shop, address, "product.price.updated")
    shop.control.change("product", sku="SKU-00001", price=1)
    for _ in range(5):
        _flush(shop)
    assert len(receiver.posts) == 3
    assert len({body for _, body in receiver.posts}) == 1


def test_subscriptions(shop):
    """Same event and address updates; list and removal by id and by address; bad ones name their fields."""
    url = "http://127.0.0.1:9/hook"
    hook = _subscribe(shop, url, "order.created")
    assert _subscribe(shop, url, "order.created", name="n")["id"] == hook["id"]
    _subscribe(shop, url, "order.updated")
    assert [h["event"] for h in shop.data("/webhooks")] == ["order.created", "order.updated"]
    assert {"event", "label", "id"} == set(shop.data("/webhooks/events")[0])
    for bad in ("http://localhost/x", "https://test.example.com/x", "nope"):
        answer = shop.post("/webhooks/subscribe", {"event": "order.created", "url": bad})
        assert set(answer.json()["error"]["fields"]) == {"url"}
    answer = shop.post("/webhooks/subscribe", {"event": "stock.changed", "url": url, "version": 3})
    assert set(answer.json()["error"]["fields"]) == {"event", "version"}
    assert shop.raw("DELETE", "/admin/v2/webhooks/unsubscribe").status_code == 422
    removed = shop.raw("DELETE", f"/admin/v2/webhooks/unsubscribe?id={hook['id']}")
    assert (removed.status_code, removed.json()["data"]["code"]) == (202, 202)
    assert shop.raw("DELETE", f"/admin/v2/webhooks/unsubscribe?url={url}").status_code == 202
    assert shop.data("/webhooks") == []
    assert shop.raw("DELETE", f"/admin/v2/webhooks/unsubscribe?url={url}").status_code == 404


def test_one_address_may_hold_one_event_only(open_shop):
    """The other reading of "the same URL updates the events"."""
    shop = open_shop(extra={"same_url_replaces_event": "true"})
    for event in ("order.created", "order.updated"):
        _subscribe(shop, "http://127.0.0.1:9/", event)
    assert [h["event"] for h in shop.data("/webhooks")] == ["order.updated"]


def test_other_machines_get_nothing(shop):
    """A foreign address may be subscribed and is never called."""
    _subscribe(shop, "https://hooks.example.com/x", "product.price.updated")
    shop.control.change("product", sku="SKU-00001", price=1)
    assert shop.control.outbox.pending() == []
    assert shop.control.violations.counts()["webhook_not_sent_off_this_machine"] == 1


def test_the_app_gets_its_tokens_by_webhook(open_shop, address, receiver):
    """Easy mode: `expires` is an absolute time here, `created_at` a plain date, and the new token works."""
    shop = open_shop(extra={"app_webhook_url": address, "webhooks": "manual"})
    shop.control.change("authorize")
    _flush(shop)
    (authorize,) = receiver.payloads()
    assert authorize["event"] == "app.store.authorize"
    assert authorize["data"]["expires"] > shop.clock.now().timestamp()
    assert authorize["created_at"][10] == " "
    shop.token = authorize["data"]["access_token"]
    assert shop.get("/products").status_code == 200
    shop.control.change("uninstall")
    _flush(shop)
    assert (receiver.payloads()[1]["event"], receiver.payloads()[1]["data"]) == ("app.uninstalled", {})


@pytest.mark.parametrize(
    ("rule", "sent"),
    [
        ("price > 100", [False, True]),
        ("price < 100", [True, False]),
        ("sku = `RULE-1`", [True, False]),
        ("sku != `RULE-1`", [False, True]),
        ("price > 100 AND sku = `RULE-1`", [False, False]),
        ("price > 100 AND sku = `RULE-2` OR sku = `RULE-1`", [True, True]),
        ("name = `Two AND a half`", [False, False]),
    ],
)
def test_a_rule_decides_which_events_are_sent(open_shop, receiver, address, rule, sent):
    """By the event's own values; AND binds tighter than OR."""
    shop = open_shop(extra={"webhooks": "manual"})
    answer = shop.post("/webhooks/subscribe", {"event": "product.created", "url": address, "version": 2, "rule": rule})
    assert answer.status_code == (422 if "AND a half" in rule else 200)
    for sku, price in (("RULE-1", 50), ("RULE-2", 150)):
        shop.control.change("product_create", sku=sku, title=sku, price=price)
    shop.raw("POST", "/_sandbox/webhooks/flush")
    there = {payload["data"]["sku"] for payload in receiver.payloads()}
    assert [sku in there for sku in ("RULE-1", "RULE-2")] == sent


@pytest.mark.parametrize("rule", ["colour = `red`", "price", "price ~ 3", "price > `"])
def test_a_rule_that_makes_no_sense_is_refused(shop, rule):
    body = {"event": "product.created", "url": "https://a.example.com/x", "rule": rule}
    answer = shop.post("/webhooks/subscribe", body)
    assert answer.status_code == 422
    assert "rule" in answer.json()["error"]["fields"]
