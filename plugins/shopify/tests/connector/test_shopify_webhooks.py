"""A webhook only says where to look: its events are what is read there, exactly as a poll would give them."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from pullpush_shopify.graphql import ask
from pullpush_shopify.subscriptions import TOLD_ALREADY
from pullpush_shopify.webhooks import REFUSED

from pullpush_sdk.canonical import to_sparse
from pullpush_sdk.connector import Verb, WebhookRequest
from pullpush_sdk.errors import AuthError, FieldError

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


async def subscribed(shop: Any) -> list[str]:
    return sorted(topic_name(each["topic"]) for each in (await shop.state())["subscriptions"])


def topic_name(topic: str) -> str:
    heads = ("INVENTORY_LEVELS", "INVENTORY_ITEMS")
    head = next((each for each in heads if topic.startswith(each)), topic.partition("_")[0])
    return f"{head}/{topic[len(head) + 1 :]}".lower()


@pytest.mark.parametrize("is_live", [False, True])
def test_subscribing_twice_registers_every_topic_once(play: Any, is_live: bool) -> None:
    async def scenario(shop: Any) -> None:
        url = "https://hooks.example.com/webhooks/shop"
        for _ in range(2):
            findings = await shop.hook.pullpush_subscribe(connection=shop.connection, url=url)
            assert all(each.ok for each in findings), findings
        handlers = shop.connection.connector.manifest.webhook.handlers
        carts = {name for name, handler in handlers.items() if handler.canonical_type == "cart"}
        wanted = (set(handlers) - TOLD_ALREADY | {"app/uninstalled"}) - (set() if is_live else carts)
        assert await subscribed(shop) == sorted(wanted)
        findings = await shop.hook.pullpush_subscribe(connection=shop.connection, url="http://hooks.example.com/")
        assert not any(each.ok for each in findings)

    play(scenario, records=0, settings={"live_carts": is_live})


def test_a_subscription_that_the_platform_deleted_comes_back(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        url = "https://hooks.example.com/webhooks/shop"
        await shop.hook.pullpush_subscribe(connection=shop.connection, url=url)
        everything = await subscribed(shop)
        store = next(iter((await shop.state())["subscriptions"]))
        document = "mutation ($id: ID!) { webhookSubscriptionDelete(id: $id) { userErrors { message } } }"
        await ask(shop.connection, document, {"id": store["id"]})
        assert await subscribed(shop) != everything
        findings = await shop.hook.pullpush_subscribe(connection=shop.connection, url=url)
        assert [each.name for each in findings if each.message == "was registered"] == [
            f"webhook {topic_name(store['topic'])}"
        ]
        assert await subscribed(shop) == everything

    play(scenario, records=0)


def test_a_burst_of_stock_webhooks_is_looked_up_together(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        levels = (await shop.state())["levels"]
        bodies = [
            {"inventory_item_id": number(each["item"]), "location_id": number(each["location"]), "available": 1}
            for each in levels
        ] * 3
        before = len(await shop.log("graphql.json"))
        found = await asyncio.gather(*(received(shop, "inventory_levels/update", body) for body in bodies))
        assert [event.record.sku for (event,) in found] == [each["sku"] for each in levels] * 3
        assert len(await shop.log("graphql.json")) - before == -(-len(levels) // 50)

    play(scenario, records=12)


def test_a_look_up_that_fails_fails_for_all_that_asked_and_may_be_repeated(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        level = await shop.level("SKU-00001")
        body = {"inventory_item_id": number(level["item"]), "location_id": number(level["location"])}
        await shop.faults({"match": {"path": "*graphql.json"}, "fault": "status", "status": 402, "times": 1})
        asked = [received(shop, "inventory_levels/update", body) for _ in range(3)]
        failed = await asyncio.gather(*asked, return_exceptions=True)
        assert all(isinstance(each, AuthError) for each in failed), failed
        (event,) = await received(shop, "inventory_levels/update", body)
        assert event.record.sku == "SKU-00001"

    play(scenario, records=1)


def test_an_item_that_is_counted_no_more_tells_of_all_its_levels(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        before, _, _ = await shop.pull("stocklevel")
        shop.clock.advance(5)
        changed = await shop.change("stock", sku="SKU-00001", quantity=None)
        events = await received(shop, "inventory_items/update", {"id": number(changed["item"])})
        assert {event.record.location_id for event in events} == {event.record.location_id for event in before}
        assert all(event.record.quantity is None for event in events)
        assert min(event.version for event in events) > max(event.version for event in before)

    play(scenario, records=1, extra={"locations": "2"})


def test_a_deleted_record_is_known_by_what_was_read_of_it(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        await shop.pull("product")
        await shop.pull("contact")
        product = await shop.change("product_delete", sku="SKU-00001")
        (event,) = await received(shop, "products/delete", {"id": number(product["product"])})
        assert (event.verb, event.record.sku) == (Verb.DELETED, "SKU-00001")
        customer = await shop.change("customer_delete", email="buyer00001@example.com")
        (event,) = await received(shop, "customers/delete", {"id": number(customer["customer"])})
        assert (event.verb, event.record.email) == (Verb.DELETED, "buyer00001@example.com")
        for topic in ("products/delete", "customers/delete"):
            with pytest.raises(FieldError, match="not seen before"):
                await received(shop, topic, {"id": 1})

    play(scenario, records=4)


def test_a_record_that_is_still_there_was_not_deleted(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        (event, *_), _, _ = await shop.pull("contact")
        (again,) = await received(shop, "customers/delete", {"id": int(event.record.contact_id)})
        assert again.verb is Verb.UPDATED
        assert to_sparse(again.record) == to_sparse(event.record)

    play(scenario, records=4)


def test_a_payment_gives_the_invoice_that_a_poll_gives(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        orders, _, _ = await shop.pull("order")
        polled, _, _ = await shop.pull("invoice")
        assert polled
        invoices = {event.record.order_id: to_sparse(event.record) for event in polled}
        for order in orders:
            for topic, name in (("orders/paid", "id"), ("refunds/create", "order_id")):
                events = await received(shop, topic, {name: int(order.record.order_id)})
                assert [to_sparse(each.record) for each in events] == [invoices[order.record.order_id] for _ in events]
                assert bool(events) == (order.record.order_id in invoices)

    play(scenario, records=20)


def test_topics_that_are_no_change_of_a_record_are_refused_with_what_to_do(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        for topic, hint in REFUSED.items():
            with pytest.raises(FieldError) as caught:
                await received(shop, topic, {"id": 1})
            assert caught.value.hint == hint

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
