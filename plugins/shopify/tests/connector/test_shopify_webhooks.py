"""A webhook only says where to look: its events are what is read there, exactly as a poll would give them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from pullpush_sdk.canonical import to_sparse
from pullpush_sdk.connector import Verb, WebhookRequest
from pullpush_sdk.errors import FieldError

SECRETS = {
    "access_token": "shpat_sandbox00000000000000000000000",
    "client_secret": "shpss_sandbox00000000000000000000000",
}


def webhook(topic: str, body: Any, secret: str = SECRETS["client_secret"]) -> WebhookRequest:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    signature = base64.b64encode(hmac.new(secret.encode(), raw, hashlib.sha256).digest()).decode()
    headers = {"x-shopify-topic": topic, "x-shopify-webhook-id": "w-1", "x-shopify-hmac-sha256": signature}
    return WebhookRequest(headers=headers, query={}, body=raw, received_at=datetime(2026, 11, 20, 12, tzinfo=UTC))


async def received(shop: Any, topic: str, body: Any) -> Any:
    return await shop.hook.pullpush_receive(connection=shop.connection, request=webhook(topic, body))


def number(gid: str) -> int:
    return int(gid.rsplit("/", 1)[1])


def test_only_what_the_secret_signed_is_genuine(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        def is_genuine(request: WebhookRequest) -> bool:
            return bool(shop.hook.pullpush_verify(connection=shop.connection, request=request))

        assert is_genuine(webhook("orders/create", {"id": 1}))
        assert not is_genuine(webhook("orders/create", {"id": 1}, secret="guess"))
        good = webhook("orders/create", {"id": 1})
        assert not is_genuine(WebhookRequest(headers=good.headers, query={}, body=b"{}", received_at=good.received_at))

    play(scenario, records=1, secrets=SECRETS)


def test_without_a_client_secret_nothing_is_genuine(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        request = webhook("orders/create", {"id": 1}, secret="")
        assert not shop.hook.pullpush_verify(connection=shop.connection, request=request)

    play(scenario, records=0)


def test_a_stock_webhook_gives_the_level_as_it_is_read_now(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        changed = await shop.change("stock", sku="SKU-00001", quantity=17)
        body = {
            "inventory_item_id": number(changed["item"]),
            "location_id": number(changed["location"]),
            "available": 3,
        }
        (event,) = await received(shop, "inventory_levels/update", body)
        polled, _, _ = await shop.pull("stocklevel")
        assert to_sparse(event.record) == to_sparse(polled[0].record)
        assert event.version == polled[0].version
        assert event.record.quantity == 17
        assert event.transport_id == "w-1"

    play(scenario, records=1)


@pytest.mark.parametrize("change", ["untracked", "inactive"])
def test_a_stock_webhook_of_what_is_not_counted_is_no_data(play: Any, change: str) -> None:
    async def scenario(shop: Any) -> None:
        changed = await shop.change("stock", sku="SKU-00001", quantity=17, active=change != "inactive")
        await shop.change("track", sku="SKU-00001", tracked=change != "untracked")
        body = {
            "inventory_item_id": number(changed["item"]),
            "location_id": number(changed["location"]),
            "available": 0,
        }
        (event,) = await received(shop, "inventory_levels/update", body)
        assert event.record.quantity is None

    play(scenario, records=1)


def test_a_cut_link_is_no_data_and_a_deleted_item_is_nothing(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        level = await shop.level("SKU-00001")
        cut = {"inventory_item_id": number(level["item"]), "location_id": 1}
        (event,) = await received(shop, "inventory_levels/disconnect", cut)
        assert event.record.quantity is None
        assert event.record.sku == "SKU-00001"
        assert await received(shop, "inventory_levels/update", {**cut, "inventory_item_id": 1}) == ()

    play(scenario, records=1)


def test_products_and_orders_are_read_again_whole(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        for kind, topic in (("product", "products/update"), ("order", "orders/create")):
            polled, _, _ = await shop.pull(kind)
            for event in polled:
                id_ = event.record.product_id if kind == "product" else event.record.order_id
                (again,) = await received(shop, topic, {"id": int(id_), "title": "not believed"})
                assert to_sparse(again.record) == to_sparse(event.record)
                assert again.version == event.version
                assert again.verb is (Verb.CREATED if topic.endswith("create") else Verb.UPDATED)

    play(scenario, records=8)


def test_an_order_is_deleted_only_if_it_cannot_be_read(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        polled, _, _ = await shop.pull("order")
        alive = polled[0].record
        (event,) = await received(shop, "orders/delete", {"id": int(alive.order_id)})
        assert event.verb is Verb.UPDATED
        await shop.change("order", id=alive.order_number, delete=True)
        (event,) = await received(shop, "orders/delete", {"id": int(alive.order_id)})
        assert event.verb is Verb.DELETED
        assert event.record.order_id == alive.order_id
        assert await received(shop, "orders/updated", {"id": int(alive.order_id)}) == ()

    play(scenario, records=4)


def test_what_nobody_handles_is_nothing_and_a_body_without_an_id_is_a_fault(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        assert await received(shop, "themes/publish", {"id": 1}) == ()
        for body in ({}, [], b"not json"):
            with pytest.raises(FieldError):
                await received(shop, "products/update", body)

    play(scenario, records=0)


def test_subscribing_twice_registers_every_topic_once(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        url = "https://hooks.example.com/webhooks/shop"
        for _ in range(2):
            findings = await shop.hook.pullpush_subscribe(connection=shop.connection, url=url)
            assert all(each.ok for each in findings), findings
        topics = sorted(each["topic"] for each in (await shop.state())["subscriptions"])
        handlers = shop.connection.connector.manifest.webhook.handlers
        assert topics == sorted(name.replace("/", "_").upper() for name in handlers)
        findings = await shop.hook.pullpush_subscribe(connection=shop.connection, url="http://hooks.example.com/")
        assert not any(each.ok for each in findings)

    play(scenario, records=0)


def test_a_product_with_more_variants_than_one_answer_holds_is_read_whole(play: Any) -> None:
    sizes = [f"S{at}" for at in range(130)]
    create = {
        "title": "Many",
        "productOptions": [{"name": "Size", "values": [{"name": size} for size in sizes]}],
        "variants": [{"optionValues": [{"optionName": "Size", "name": size}], "sku": f"MANY-{size}"} for size in sizes],
    }

    async def scenario(shop: Any) -> None:
        made = await shop.change("product", create=create)
        (event,) = await received(shop, "products/create", {"id": number(made["product"])})
        polled, _, _ = await shop.pull("product")
        assert to_sparse(event.record) == to_sparse(polled[0].record)
        assert len(event.record.variants) == 130

    play(scenario, records=0)
