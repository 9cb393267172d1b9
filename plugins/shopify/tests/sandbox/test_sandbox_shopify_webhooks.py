"""Webhook subscriptions and deliveries, and bulk operations."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

SUBSCRIBE = """mutation ($topic: WebhookSubscriptionTopic!, $sub: WebhookSubscriptionInput!) {
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: $sub) {
    webhookSubscription { id topic uri format name apiVersion { handle } } userErrors { field message } } }"""
LIST = "{ webhookSubscriptions(first: 50) { nodes { id topic uri name includeFields } } }"
RUN = """mutation ($q: String!) { bulkOperationRunQuery(query: $q) {
  bulkOperation { id status } userErrors { code field message } } }"""
JOB = """query ($id: ID!) { bulkOperation(id: $id) {
  status type url objectCount rootObjectCount fileSize completedAt errorCode } }"""


def _subscribe(shop: Any, topic: str, uri: str, **more: Any) -> Any:
    return shop.data(SUBSCRIBE, topic=topic, sub={"uri": uri, **more})["webhookSubscriptionCreate"]


def _flush(shop: Any) -> None:
    shop.http.post("/_sandbox/webhooks/flush")


def test_a_change_is_delivered_signed_over_its_raw_bytes(make_shop: Any, receiver: Any) -> None:
    shop = make_shop(records=4)
    _subscribe(shop, "INVENTORY_LEVELS_UPDATE", receiver.url, name="stock")
    level = shop.level("SKU-00001")
    shop.change("stock", sku="SKU-00001", quantity=3)
    _flush(shop)
    ((headers, body),) = receiver.got
    digest = hmac.new(shop.sandbox.secrets["client_secret"].encode(), body, hashlib.sha256).digest()
    assert headers["x-shopify-hmac-sha256"] == base64.b64encode(digest).decode()
    assert headers["x-shopify-topic"] == "inventory_levels/update"
    assert headers["x-shopify-shop-domain"] == "sandbox-store.myshopify.com"
    assert headers["x-shopify-api-version"] == "2026-10"
    assert headers["x-shopify-name"] == "stock"
    assert len({headers[f"x-shopify-{name}"] for name in ("webhook-id", "event-id", "triggered-at")}) == 3
    shown = json.loads(body)
    assert shown["available"] == 3
    assert shown["inventory_item_id"] == int(level["item"].rsplit("/", 1)[-1])
    assert shown["updated_at"].endswith("+03:00")
    assert "sku" not in shown


def test_what_is_not_tracked_is_null_in_webhooks(make_shop: Any, receiver: Any) -> None:
    shop = make_shop(records=4)
    _subscribe(shop, "INVENTORY_LEVELS_UPDATE", receiver.url)
    shop.change("stock", sku="SKU-00004", quantity=3)
    _flush(shop)
    assert json.loads(receiver.got[0][1])["available"] is None


def test_one_event_reaches_every_subscription_with_one_event_id(make_shop: Any, receiver: Any) -> None:
    shop = make_shop(records=1)
    _subscribe(shop, "PRODUCTS_UPDATE", receiver.url)
    _subscribe(shop, "PRODUCTS_UPDATE", f"{receiver.url}?second", includeFields=["id", "updated_at"])
    shop.change("product", sku="SKU-00001", title="New")
    _flush(shop)
    first, second = sorted(receiver.got, key=lambda got: len(got[1]), reverse=True)
    assert first[0]["x-shopify-event-id"] == second[0]["x-shopify-event-id"]
    assert first[0]["x-shopify-webhook-id"] != second[0]["x-shopify-webhook-id"]
    assert set(json.loads(second[1])) == {"id", "updated_at"}
    product = json.loads(first[1])
    assert (product["title"], product["variants"][0]["sku"], product["status"]) == ("New", "SKU-00001", "active")
    assert len(product["variants"][0]["price"].partition(".")[2]) == 2


def test_orders_and_customers_fire_their_topics_in_rest_form(make_shop: Any, receiver: Any) -> None:
    shop = make_shop(records=12)
    for topic in ("ORDERS_CREATE", "ORDERS_PAID", "ORDERS_UPDATED", "ORDERS_CANCELLED", "CUSTOMERS_CREATE"):
        _subscribe(shop, topic, receiver.url)
    money = {"shopMoney": {"amount": "55", "currencyCode": "SAR"}}
    order = {
        "lineItems": [{"title": "x", "quantity": 1, "priceSet": money}],
        "customer": {"toUpsert": {"email": "new@example.com"}},
        "financialStatus": "PAID",
    }
    shop.change("order", create=order)
    shop.change("order", id=shop.control.dump()["orders"][-1]["name"], cancel=True)
    _flush(shop)
    topics = [headers["x-shopify-topic"] for headers, _ in receiver.got]
    assert topics == ["customers/create", "orders/create", "orders/paid", "orders/cancelled", "orders/updated"]
    body = json.loads(receiver.got[1][1])
    assert body["total_price"] == "55.00"
    assert body["total_price_set"]["shop_money"] == {"amount": "55.00", "currency_code": "SAR"}
    assert (body["financial_status"], body["fulfillment_status"]) == ("paid", None)
    assert body["customer"]["email"] == "new@example.com"
    assert json.loads(receiver.got[3][1])["cancel_reason"] == "customer"


def test_eight_failed_retries_delete_the_subscription(make_shop: Any, receiver: Any) -> None:
    """The same delivery is tried again with the same id and body; then its subscription is gone."""
    shop = make_shop(records=1)
    receiver.status = 500
    _subscribe(shop, "INVENTORY_LEVELS_UPDATE", receiver.url)
    _subscribe(shop, "PRODUCTS_UPDATE", receiver.url)
    shop.change("stock", sku="SKU-00001", quantity=3)
    while shop.http.get("/_sandbox/webhooks").json()["pending"]:
        _flush(shop)
    assert len(receiver.got) == 9
    assert len({(headers["x-shopify-webhook-id"], body) for headers, body in receiver.got}) == 1
    assert [node["topic"] for node in shop.data(LIST)["webhookSubscriptions"]["nodes"]] == ["PRODUCTS_UPDATE"]


def test_subscriptions_are_checked_listed_changed_and_deleted(make_shop: Any) -> None:
    shop = make_shop(records=0)
    made = _subscribe(shop, "ORDERS_CREATE", "https://hooks.example.com/a", name="orders")["webhookSubscription"]
    assert (made["format"], made["apiVersion"]) == ("JSON", {"handle": "2026-10"})
    for uri, message in (
        ("https://hooks.example.com/a", "Address for this topic has already been taken"),
        ("http://hooks.example.com/a", "Address protocol http:// is not supported"),
    ):
        (error,) = _subscribe(shop, "ORDERS_CREATE", uri)["userErrors"]
        assert error["message"] == message
    assert _subscribe(shop, "ORDERS_CREATE", "https://x.example/b", name="no spaces")["userErrors"]
    update = (
        "mutation ($id: ID!, $sub: WebhookSubscriptionInput!) {"
        " webhookSubscriptionUpdate(id: $id, webhookSubscription: $sub) { webhookSubscription { uri }"
        " userErrors { message } } }"
    )
    done = shop.data(update, id=made["id"], sub={"uri": "https://hooks.example.com/b"})["webhookSubscriptionUpdate"]
    assert done["webhookSubscription"]["uri"] == "https://hooks.example.com/b"
    delete = (
        "mutation ($id: ID!) { webhookSubscriptionDelete(id: $id) { deletedWebhookSubscriptionId"
        " userErrors { message } } }"
    )
    assert shop.data(delete, id=made["id"])["webhookSubscriptionDelete"]["deletedWebhookSubscriptionId"] == made["id"]
    assert shop.data(delete, id=made["id"])["webhookSubscriptionDelete"]["userErrors"]
    assert shop.data(LIST)["webhookSubscriptions"]["nodes"] == []


def test_every_topic_has_a_body(make_shop: Any) -> None:
    """Each topic that a change can fire has a payload maker, and its name maps to an enum value and back."""
    from pullpush_shopify.sandbox._documents import load_schema
    from pullpush_shopify.sandbox._payloads import PAYLOADS
    from pullpush_shopify.sandbox._webhooks import topic_name

    topics: Any = load_schema().type_map["WebhookSubscriptionTopic"]
    assert set(PAYLOADS) <= {topic_name(topic) for topic in topics.values}


BULK = """{ products { edges { node { id title variants { edges { node { id sku
  inventoryItem { id tracked } } } } } } } }"""


def test_a_bulk_query_goes_through_its_states_to_json_lines(make_shop: Any, receiver: Any) -> None:
    shop = make_shop(records=14)
    _subscribe(shop, "BULK_OPERATIONS_FINISH", receiver.url)
    job = shop.data(RUN, q=BULK)["bulkOperationRunQuery"]["bulkOperation"]
    assert job["status"] == "CREATED"
    shop.clock.advance(1.5)
    assert shop.data(JOB, id=job["id"])["bulkOperation"]["status"] == "RUNNING"
    shop.clock.advance(2)
    done = shop.data(JOB, id=job["id"])["bulkOperation"]
    assert (done["status"], done["errorCode"], done["rootObjectCount"]) == ("COMPLETED", None, "14")
    text = shop.http.get(done["url"]).text
    lines = [json.loads(line) for line in text.splitlines()]
    assert (len(text.encode()), len(lines)) == (int(done["fileSize"]), int(done["objectCount"]))
    assert "gid:\\/\\/shopify" in text
    parents = {line["id"] for line in lines if "__parentId" not in line}
    children = [line for line in lines if "__parentId" in line]
    assert {line["__parentId"] for line in children} <= parents
    assert {line["sku"] for line in children} >= {"SKU-00001", "SKU-00003-S", None}
    _flush(shop)
    assert json.loads(receiver.got[0][1])["status"] == "completed"
    shop.clock.advance(8 * 86_400)
    assert shop.http.get(done["url"]).status_code == 400


def test_bulk_queries_are_refused_as_recorded(make_shop: Any) -> None:
    shop = make_shop(records=0)

    def message(query: str) -> str:
        (error,) = shop.data(RUN, q=query)["bulkOperationRunQuery"]["userErrors"]
        assert (error["code"], error["field"]) == ("INVALID", ["query"])
        return error["message"]

    assert message("{ shop { id } }") == "Bulk queries must contain at least one connection."
    assert message("") == "Invalid bulk query: syntax error, unexpected end of file"
    assert "Field 'nope'" in message("{ products { edges { node { nope } } } }")
    assert "depth" in message(
        "{ products { edges { node { id variants { edges { node { id inventoryItem { id"
        " inventoryLevels { edges { node { id } } } } } } } } } } }"
    )


def test_five_bulk_queries_run_at_a_time(make_shop: Any) -> None:
    shop = make_shop(records=0)
    jobs = [shop.data(RUN, q=BULK)["bulkOperationRunQuery"]["bulkOperation"]["id"] for _ in range(5)]
    (error,) = shop.data(RUN, q=BULK)["bulkOperationRunQuery"]["userErrors"]
    assert (error["code"], error["field"]) == ("OPERATION_IN_PROGRESS", None)
    assert error["message"].endswith(f"already in progress: {', '.join(jobs)}.")
    cancel = "mutation ($id: ID!) { bulkOperationCancel(id: $id) { bulkOperation { status } userErrors { message } } }"
    assert shop.data(cancel, id=jobs[0])["bulkOperationCancel"]["bulkOperation"]["status"] == "CANCELING"
    shop.clock.advance(4)
    assert shop.data(JOB, id=jobs[0])["bulkOperation"]["status"] == "CANCELED"
    assert shop.data(JOB, id=jobs[1])["bulkOperation"]["url"] is None
    assert shop.data(RUN, q=BULK)["bulkOperationRunQuery"]["userErrors"] == []
    assert shop.data(JOB, id="gid://shopify/BulkOperation/1")["bulkOperation"] is None
    assert shop.answer(JOB, id="1")["errors"]


def test_a_bulk_mutation_runs_once_per_staged_line(make_shop: Any) -> None:
    shop = make_shop(records=0)
    stage = (
        "mutation ($input: [StagedUploadInput!]!) { stagedUploadsCreate(input: $input) {"
        " stagedTargets { url parameters { name value } } userErrors { message } } }"
    )
    wanted = {"resource": "BULK_MUTATION_VARIABLES", "filename": "v.jsonl", "mimeType": "text/jsonl"}
    (target,) = shop.data(stage, input=[{**wanted, "httpMethod": "POST"}])["stagedUploadsCreate"]["stagedTargets"]
    form = {each["name"]: each["value"] for each in target["parameters"]}
    rows = "\n".join(json.dumps({"input": {"email": f"{n}@example.com"}}) for n in range(3))
    files = {"file": ("v.jsonl", rows.encode(), "text/jsonl")}
    assert shop.http.post(target["url"], data=form, files=files).status_code == 201
    run = (
        "mutation ($m: String!, $p: String!) { bulkOperationRunMutation(mutation: $m, stagedUploadPath: $p) {"
        " bulkOperation { id } userErrors { code } } }"
    )
    inner = (
        "mutation ($input: CustomerSetInput!) { customerSet(input: $input) { customer { id } userErrors { code } } }"
    )
    job = shop.data(run, m=inner, p=form["key"])["bulkOperationRunMutation"]["bulkOperation"]["id"]
    shop.clock.advance(4)
    done = shop.data(JOB, id=job)["bulkOperation"]
    lines = [json.loads(line) for line in shop.http.get(done["url"]).text.splitlines()]
    assert [line["__lineNumber"] for line in lines] == [0, 1, 2]
    assert len(shop.control.dump()["customers"]) == 3
    missing = shop.data(run, m=inner, p="tmp/none")["bulkOperationRunMutation"]
    assert missing["userErrors"] == [{"code": "NO_SUCH_FILE"}]
