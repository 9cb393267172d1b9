"""What the sandbox plays besides: pictures, weights, discounts, privacy topics, late bodies, early cuts, and edits in
the words that all sandboxes share.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

SUBSCRIBE = """mutation ($topic: WebhookSubscriptionTopic!, $sub: WebhookSubscriptionInput!) {
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: $sub) { userErrors { message } } }"""
RUN = """mutation ($q: String!) { bulkOperationRunQuery(query: $q) { bulkOperation { id } userErrors { message } } }"""
JOB = "query ($id: ID!) { bulkOperation(id: $id) { status errorCode url partialDataUrl objectCount } }"
ORDER = """mutation ($order: OrderCreateOrderInput!, $options: OrderCreateOptionsInput) {
  orderCreate(order: $order, options: $options) {
    order { id displayFinancialStatus totalReceivedSet { shopMoney { amount } } discountCodes
            lineItems(first: 5) { nodes { discountAllocations { allocatedAmountSet { shopMoney { amount } } }
              discountedTotalSet { shopMoney { amount } }
              withCodes: discountedTotalSet(withCodeDiscounts: true) { shopMoney { amount } } } } }
    userErrors { message } } }"""


def _money(amount: str) -> dict[str, Any]:
    return {"shopMoney": {"amount": amount, "currencyCode": "SAR"}}


def _line(amount: str) -> dict[str, Any]:
    return {"title": "x", "quantity": 1, "priceSet": _money(amount)}


def test_pictures_have_no_address_until_they_are_ready(make_shop: Any) -> None:
    shop = make_shop(records=6)
    picture = "id alt mediaContentType status preview { image { url } } ... on MediaImage { image { url altText } }"
    page = f"media(first: 1) {{ nodes {{ {picture} }} pageInfo {{ hasNextPage }} }}"
    query = f"{{ products(first: 6) {{ nodes {{ {page} }} }} }}"
    found = [each["media"] for each in shop.data(query)["products"]["nodes"]]
    assert [len(each["nodes"]) for each in found] == [1, 1, 0, 1, 1, 0]
    assert found[1]["pageInfo"]["hasNextPage"]
    assert found[0]["nodes"][0]["image"]["url"].startswith("https://")
    waiting = found[3]["nodes"][0]
    assert (waiting["status"], waiting["image"], waiting["preview"]["image"]) == ("PROCESSING", None, None)


def test_a_weight_is_unknown_until_somebody_weighs(make_shop: Any) -> None:
    shop = make_shop(records=5)
    query = "{ inventoryItems(first: 20) { nodes { id sku measurement { weight { value unit } } } } }"
    items = {each["sku"]: each for each in shop.data(query)["inventoryItems"]["nodes"]}
    assert items["SKU-00001"]["measurement"]["weight"] == {"value": 0.5, "unit": "GRAMS"}
    assert items["SKU-00005"]["measurement"]["weight"] is None
    update = """mutation ($id: ID!, $input: InventoryItemInput!) { inventoryItemUpdate(id: $id, input: $input) {
      inventoryItem { measurement { weight { value unit } } } userErrors { message } } }"""
    given = {"measurement": {"weight": {"value": 1.25, "unit": "POUNDS"}}}
    answer = shop.data(update, id=items["SKU-00005"]["id"], input=given)["inventoryItemUpdate"]
    assert answer["inventoryItem"]["measurement"]["weight"] == {"value": 1.25, "unit": "POUNDS"}


def test_discounts_by_code_are_left_out_of_a_lines_total_unless_asked_for(make_shop: Any) -> None:
    shop = make_shop(records=0)
    code = {"itemFixedDiscountCode": {"code": "THREE", "amountSet": _money("3.00")}}
    order = {"lineItems": [_line("10.00"), _line("5.00")], "discountCode": code}
    made = shop.data(ORDER, order=order)["orderCreate"]["order"]
    assert made["discountCodes"] == ["THREE"]
    lines = made["lineItems"]["nodes"]
    assert [each["discountedTotalSet"]["shopMoney"]["amount"] for each in lines] == ["10.0", "5.0"]
    with_codes = [Decimal(each["withCodes"]["shopMoney"]["amount"]) for each in lines]
    taken = [Decimal(each["discountAllocations"][0]["allocatedAmountSet"]["shopMoney"]["amount"]) for each in lines]
    assert sum(taken) == 3
    assert [each + off for each, off in zip(with_codes, taken, strict=True)] == [10, 5]


@pytest.mark.parametrize("is_paid", [False, True])
def test_a_status_is_kept_but_only_transactions_pay(make_shop: Any, is_paid: bool) -> None:
    shop = make_shop(records=0)
    order: dict[str, Any] = {"lineItems": [_line("10.00")], "financialStatus": "PAID", "email": "a@example.com"}
    if is_paid:
        order["transactions"] = [{"kind": "SALE", "status": "SUCCESS", "amountSet": _money("10.00")}]
    made = shop.data(ORDER, order=order, options={"sendReceipt": is_paid})["orderCreate"]["order"]
    assert made["displayFinancialStatus"] == "PAID"
    assert made["totalReceivedSet"]["shopMoney"]["amount"] == ("10.0" if is_paid else "0.0")
    wanted = [{"order": made["id"], "kind": "sendReceipt", "to": "a@example.com"}] if is_paid else []
    assert shop.http.get("/_sandbox/state").json()["mails"] == wanted


def test_a_filtered_list_ends_where_the_switch_says_and_a_whole_one_does_not(make_shop: Any) -> None:
    shop = make_shop(records=12, extra={"depth_limit": "5"})
    page = "nodes { id } pageInfo { hasNextPage endCursor }"
    query = f"query ($q: String) {{ products(first: 4, query: $q) {{ {page} }} }}"
    more = f"query ($q: String, $a: String) {{ products(first: 4, query: $q, after: $a) {{ {page} }} }}"
    first = shop.data(query, q="status:active,draft,archived")["products"]
    second = shop.data(more, q="status:active,draft,archived", a=first["pageInfo"]["endCursor"])["products"]
    assert (len(second["nodes"]), second["pageInfo"]["hasNextPage"]) == (1, False)
    assert len(shop.data("{ products(first: 50) { nodes { id } } }")["products"]["nodes"]) == 12


@pytest.mark.parametrize("default", ["", "active"])
def test_what_a_list_without_a_status_shows_can_be_chosen(make_shop: Any, default: str) -> None:
    """The platform's text names `active` as the filter's default; whether that holds is not known."""
    shop = make_shop(records=60, extra={"default_status": default} if default else {})
    query = "query ($q: String) { products(first: 100, query: $q) { nodes { status } } }"
    seen = {each["status"] for each in shop.data(query)["products"]["nodes"]}
    assert seen == ({"ACTIVE"} if default else {"ACTIVE", "DRAFT", "ARCHIVED"})
    named = shop.data(query, q="status:active,draft,archived,unlisted")["products"]["nodes"]
    assert {each["status"] for each in named} == {"ACTIVE", "DRAFT", "ARCHIVED"}


@pytest.mark.parametrize("is_late", [False, True])
def test_a_body_may_be_put_together_as_late_as_it_is_sent(make_shop: Any, receiver: Any, is_late: bool) -> None:
    """Two quick changes then show the last value twice; a retry repeats the first attempt's body."""
    shop = make_shop(records=1, extra={"late_bodies": "yes"} if is_late else {})
    shop.data(SUBSCRIBE, topic="INVENTORY_LEVELS_UPDATE", sub={"uri": receiver.url})
    receiver.status = 500
    for quantity in (5, 6):
        shop.control.change("stock", sku="SKU-00001", quantity=quantity)
    shop.http.post("/_sandbox/webhooks/flush")
    first = [json.loads(body)["available"] for _, body in receiver.got]
    assert first == ([6, 6] if is_late else [5, 6])
    receiver.status = 200
    receiver.got.clear()
    shop.control.change("stock", sku="SKU-00001", quantity=7)
    shop.http.post("/_sandbox/webhooks/flush")
    assert sorted(json.loads(body)["available"] for _, body in receiver.got) == [*first, 7]


def test_privacy_topics_go_to_the_apps_own_address(make_shop: Any, receiver: Any) -> None:
    shop = make_shop(records=4, extra={"compliance_url": receiver.url})
    for topic in ("customers/data_request", "customers/redact", "shop/redact"):
        shop.change("compliance", topic=topic, email="buyer00001@example.com")
    shop.http.post("/_sandbox/webhooks/flush")
    assert [headers["x-shopify-topic"] for headers, _ in receiver.got] == [
        "customers/data_request",
        "customers/redact",
        "shop/redact",
    ]
    assert json.loads(receiver.got[0][1])["customer"]["email"] == "buyer00001@example.com"
    assert "x-shopify-hmac-sha256" in receiver.got[0][0]
    assert shop.http.post("/_sandbox/change", json={"kind": "compliance", "topic": "x"}).status_code == 400


def test_an_uninstalled_app_is_told_and_has_no_access_left(make_shop: Any, receiver: Any) -> None:
    shop = make_shop(records=1)
    shop.data(SUBSCRIBE, topic="APP_UNINSTALLED", sub={"uri": receiver.url})
    shop.change("uninstall")
    shop.http.post("/_sandbox/webhooks/flush")
    assert [headers["x-shopify-topic"] for headers, _ in receiver.got] == ["app/uninstalled"]
    assert shop.post("{ shop { name } }").status_code == 401
    assert shop.http.get("/_sandbox/state").json()["subscriptions"] == []


def _exchange(shop: Any, **more: str) -> Any:
    return shop.http.post(
        "/admin/oauth/access_token",
        data={
            "client_id": shop.sandbox.secrets["client_id"],
            "client_secret": shop.sandbox.secrets["client_secret"],
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
            "subject_token": "head.body.signature",
            "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
            "requested_token_type": "urn:shopify:params:oauth:token-type:offline-access-token",
            **more,
        },
    )


@pytest.mark.parametrize(("expiring", "fields"), [("0", set()), ("1", {"refresh_token", "expires_in"})])
def test_a_session_token_is_exchanged(make_shop: Any, expiring: str, fields: set[str]) -> None:
    shop = make_shop(records=0)
    answer = _exchange(shop, expiring=expiring)
    assert answer.status_code == 200
    assert fields <= set(answer.json())
    token = answer.json()["access_token"]
    assert shop.post("{ shop { name } }", **{"X-Shopify-Access-Token": token}).status_code == 200
    online = _exchange(shop, requested_token_type="urn:shopify:params:oauth:token-type:online-access-token")
    assert online.json()["expires_in"] == 86400


def test_a_bad_session_token_is_refused(make_shop: Any) -> None:
    shop = make_shop(records=0)
    assert _exchange(shop, subject_token="no token").status_code == 400
    assert _exchange(shop, requested_token_type="other").status_code == 400


def test_a_bulk_job_that_fails_leaves_what_it_had(make_shop: Any) -> None:
    shop = make_shop(records=3, extra={"scopes": "read_products"})
    query = "{ products { edges { node { id variants { edges { node { id inventoryItem { id } } } } } } } }"
    job = shop.data(RUN, q=query)["bulkOperationRunQuery"]["bulkOperation"]["id"]
    shop.http.post("/_sandbox/clock", json={"advance": 60})
    found = shop.data(JOB, id=job)["bulkOperation"]
    assert (found["status"], found["errorCode"], found["url"]) == ("FAILED", "ACCESS_DENIED", None)
    if found["objectCount"] != "0":
        rows = shop.http.get(found["partialDataUrl"].removeprefix(shop.address)).text.splitlines()
        assert len(rows) == int(found["objectCount"])


def test_edits_in_shared_words_name_the_key_of_what_changed(make_shop: Any) -> None:
    shop = make_shop(records=4)
    assert shop.change("stock", sku="SKU-00001", quantity=None)["key"] == "SKU-00001"
    assert shop.level("SKU-00001")["tracked"] is False
    assert shop.change("stock", sku="SKU-00001", quantity=0)["key"] == "SKU-00001"
    assert (shop.level("SKU-00001")["tracked"], shop.level("SKU-00001")["available"]) == (True, 0)
    assert shop.change("product", sku="SKU-00001", title="New", price="3.5")["key"] == "SKU-00001"
    assert shop.change("product_create", sku="NEW-1", title="Made", price="4.25")["key"] == "NEW-1"
    assert shop.level("NEW-1")["tracked"]
    order = shop.change("order_create", items=[{"sku": "NEW-1", "quantity": 2}], email="New@Example.com")["key"]
    for status, wanted in (("processing", "PAID"), ("completed", "PAID")):
        assert shop.change("order_status", order=order, status=status)["key"] == order
        found = next(each for each in shop.control.dump()["orders"] if each["id"].endswith(order))
        assert (found["financial_status"], found["total"]) == (wanted, "8.50")
    shop.change("order_status", order=order, status="cancelled")
    assert shop.change("product_delete", sku="NEW-1")["key"] == "NEW-1"
    assert shop.change("customer_create", email="Ada@Example.com", name="Ada B. Stone")["key"] == "ada@example.com"
    assert shop.change("customer", email="ada@example.com", name="Ada Rock")["key"] == "ada@example.com"
    assert shop.change("customer_delete", email="ada@example.com")["key"] == "ada@example.com"
    for kind, values in (
        ("product_create", {"sku": "X"}),
        ("order_status", {"order": "1", "status": "completed"}),
        ("customer_delete", {"email": "no@example.com"}),
    ):
        assert shop.http.post("/_sandbox/change", json={"kind": kind, **values}).status_code == 400
