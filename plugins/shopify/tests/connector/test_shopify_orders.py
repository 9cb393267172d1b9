"""Orders are created once, with sums exact to the minor unit, and changed only in what may change."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from pullpush_sdk.connector import Result, Verb

ORDER = {
    "orderId": "A-1001",
    "orderNumber": "1001",
    "status": "paid",
    "financialStatus": "paid",
    "currency": "SAR",
    "totalAmount": "152.10",
    "subtotalAmount": "120.00",
    "taxAmount": "17.10",
    "shippingAmount": "20.00",
    "discountAmount": "5.00",
    "taxesIncluded": False,
    "lineItems": [
        {"sku": "SKU-00001", "title": "Lamp", "quantity": 2, "unitPrice": "35.00", "total": "70.00", "tax": "10.10"},
        {"title": "Rug", "quantity": 1, "unitPrice": "50.00", "total": "50.00", "tax": "7.00"},
    ],
    "customer": {"email": "omar@example.com", "name": "Omar Khan"},
    "email": "omar@example.com",
    "shippingAddress": {
        "name": "Omar Khan",
        "address1": "1 King Road",
        "city": "Riyadh",
        "countryCode": "SA",
        "postalCode": "11564",
    },
    "shippingMethod": "Express",
    "note": "Ring twice",
    "tags": ["vip"],
    "createdAt": "2026-11-19T10:00:00Z",
}
CREATE = {"match": {"body": "*orderCreate*"}}


async def made(shop: Any) -> list[Any]:
    orders = (await shop.state())["orders"]
    return [each for each in orders if each["source_identifier"] == "pullpush:A-1001"]


def test_an_order_is_created_whole(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        level = await shop.level("SKU-00001")
        (outcome,) = await shop.push("order", shop.delivery("order", ORDER))
        assert outcome.result is Result.DELIVERED, outcome
        (native,) = await made(shop)
        assert native["id"] == outcome.native_id
        assert Decimal(native["total"]) == Decimal("152.10")
        assert native["financial_status"] == "PAID"
        assert native["email"] == "omar@example.com"
        read = outcome.returned
        assert [line.get("variantId") is not None for line in read["lineItems"]] == [True, False]
        assert [(line["title"], line["quantity"]) for line in read["lineItems"]] == [("Lamp", 2), ("Rug", 1)]
        assert Decimal(read["taxAmount"]) == Decimal("17.10")
        assert Decimal(read["shippingAmount"]) == 20
        assert read["note"] == "Ring twice"
        assert read["tags"] == ["vip"]
        assert read["customer"]["firstName"] == "Omar"
        assert read["shippingAddress"]["city"] == "Riyadh"
        assert await shop.level("SKU-00001") == level
        (again,) = await shop.push("order", shop.delivery("order", ORDER, id="d2"))
        assert again.result is Result.UNCHANGED
        assert again.native_id == outcome.native_id
        assert len(await made(shop)) == 1

    play(scenario, records=2)


def test_no_receipt_and_no_stock_movement_is_asked_for(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        sent = []
        send = shop.connection.client.send

        async def noting(call: Any) -> Any:
            sent.append(json.loads(call.body))
            return await send(call)

        shop.connection.client.send = noting
        await shop.push("order", shop.delivery("order", ORDER))
        (create,) = [each["variables"] for each in sent if "orderCreate" in each["query"]]
        assert create["options"] == {
            "inventoryBehaviour": "BYPASS",
            "sendReceipt": False,
            "sendFulfillmentReceipt": False,
        }
        assert "transactions" not in create["order"]

    play(scenario, records=2)


@pytest.mark.parametrize("fault", ["lost_answer", "truncate", "reset"])
@pytest.mark.parametrize("lag", ["0", "45"])
def test_a_lost_answer_never_makes_a_second_order(play: Any, fault: str, lag: str) -> None:
    async def scenario(shop: Any) -> None:
        await shop.faults({**CREATE, "fault": fault, "times": 1})
        (outcome,) = await shop.push("order", shop.delivery("order", ORDER))
        assert outcome.result is Result.RETRY
        assert outcome.maybe_applied
        again = shop.delivery("order", ORDER, attempt=2, maybe_applied=True)
        (outcome,) = await shop.push("order", again)
        assert outcome.result in (Result.DELIVERED, Result.UNCHANGED)
        assert len(await made(shop)) == 1

    play(scenario, records=2, extra={"index_lag": lag})


def test_parts_that_do_not_make_the_total_are_a_dead_letter_that_says_why(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        (outcome,) = await shop.push("order", shop.delivery("order", {**ORDER, "totalAmount": "152.11"}))
        assert outcome.result is Result.DEAD
        assert "152.11" in outcome.reason
        assert "152.10" in outcome.reason
        assert await made(shop) == []

    play(scenario, records=2)


def test_a_total_that_comes_out_otherwise_there_is_reported(play: Any) -> None:
    created = {"id": "gid://shopify/Order/1", "name": "#1", "totalPriceSet": {"shopMoney": {"amount": "152.09"}}}
    body = {"data": {"orderCreate": {"order": created, "userErrors": []}}}

    async def scenario(shop: Any) -> None:
        await shop.faults({**CREATE, "fault": "status", "status": 200, "body": body})
        (outcome,) = await shop.push("order", shop.delivery("order", ORDER))
        assert outcome.result is Result.DEAD
        assert "152.09" in outcome.reason

    play(scenario, records=2)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"currency": "EUR"}, "SAR"),
        ({"currency": None}, "SAR"),
        ({"lineItems": []}, "lines"),
        ({"lineItems": [{"title": "Half", "quantity": Decimal("0.5"), "unitPrice": "304.20"}]}, "whole pieces"),
        ({"lineItems": [{"title": "Priceless", "quantity": 1}]}, "no price"),
    ],
)
def test_what_shopify_cannot_hold_is_a_dead_letter(play: Any, change: dict[str, Any], said: str) -> None:
    async def scenario(shop: Any) -> None:
        (outcome,) = await shop.push("order", shop.delivery("order", {**ORDER, **change}))
        assert outcome.result is Result.DEAD
        assert said in outcome.reason
        assert await made(shop) == []

    play(scenario, records=2)


def test_included_taxes_and_taxes_of_the_whole_order_keep_the_total(play: Any) -> None:
    lines = [{"title": "Lamp", "quantity": 3, "unitPrice": "38.33"}]
    included = {**ORDER, "lineItems": lines, "taxesIncluded": True, "taxAmount": "17.52", "totalAmount": "129.99"}
    whole = {**ORDER, "orderId": "A-1002", "lineItems": lines, "totalAmount": "147.51", "taxAmount": "17.52"}

    async def scenario(shop: Any) -> None:
        outcomes = await shop.push("order", shop.delivery("order", included), shop.delivery("order", whole, id="d2"))
        assert [each.result for each in outcomes] == [Result.DELIVERED] * 2, outcomes
        assert [Decimal(each.returned["totalAmount"]) for each in outcomes] == [Decimal("129.99"), Decimal("147.51")]
        assert [Decimal(each.returned["taxAmount"]) for each in outcomes] == [Decimal("17.52")] * 2

    play(scenario, records=0)


def test_a_known_order_changes_in_note_tags_and_address_only(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        (created,) = await shop.push("order", shop.delivery("order", ORDER))
        address = {**ORDER["shippingAddress"], "city": "Jeddah"}
        payload = {**ORDER, "note": "Ring once", "tags": ["vip", "late"], "shippingAddress": address}
        changed = shop.delivery("order", payload, id="d2", native_id=created.native_id)
        (outcome,) = await shop.push("order", changed)
        assert outcome.result is Result.DELIVERED
        assert outcome.returned["note"] == "Ring once"
        assert set(outcome.returned["tags"]) == {"vip", "late"}
        assert outcome.returned["shippingAddress"]["city"] == "Jeddah"
        lines = [{**ORDER["lineItems"][0], "quantity": 9}]
        other = shop.delivery("order", {**payload, "lineItems": lines}, id="d3", native_id=created.native_id)
        (outcome,) = await shop.push("order", other)
        assert outcome.result is Result.UNCHANGED
        assert outcome.reason

    play(scenario, records=2)


def test_a_cancelled_order_is_cancelled_once_and_never_created(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        cancelled = {**ORDER, "status": "cancelled"}
        (outcome,) = await shop.push("order", shop.delivery("order", cancelled))
        assert outcome.result is Result.SKIPPED
        await shop.push("order", shop.delivery("order", ORDER))
        part = {"orderId": "A-1001", "status": "cancelled"}
        partial = shop.delivery("order", part, id="d2", fields=frozenset({"status"}))
        assert (await shop.push("order", partial))[0].result is Result.DELIVERED
        assert (await shop.push("order", partial))[0].result is Result.UNCHANGED
        assert [each["financial_status"] for each in await made(shop)] != ["PAID"]

    play(scenario, records=2)


def test_an_order_that_was_written_before_is_never_created_anew(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        (created,) = await shop.push("order", shop.delivery("order", ORDER))
        shop.clock.advance(61 * 86_400)
        later = shop.delivery("order", {**ORDER, "note": "Late"}, id="d2", native_id=created.native_id)
        (outcome,) = await shop.push("order", later)
        assert outcome.result is Result.DEAD
        assert "read_all_orders" in outcome.reason
        assert len(await made(shop)) == 1

    scopes = "write_orders,write_customers,read_products,read_inventory,read_locations"
    play(scenario, settings={"custom_lines": True}, records=0, extra={"scopes": scopes})


def test_a_part_of_an_unknown_order_and_a_deletion_write_nothing(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        part = shop.delivery("order", {"orderId": "A-1001", "status": "paid"}, fields=frozenset({"status"}))
        gone = shop.delivery("order", {"orderId": "A-1002"}, id="d2", verb=Verb.DELETED)
        outcomes = await shop.push("order", part, gone)
        assert [each.result for each in outcomes] == [Result.DEAD, Result.SKIPPED]
        assert not [each for each in await shop.log() if each["method"] == "WRITE"]

    play(scenario, records=2)


def test_five_orders_a_minute_are_waited_for(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        batch = [shop.delivery("order", {**ORDER, "orderId": f"A-{at}"}, id=f"d{at}") for at in range(8)]
        done = {}
        for attempt in range(1, 30):
            left = [each for each in batch if each.id not in done]
            if not left:
                break
            for each in left:
                each.attempt = attempt
            for each, outcome in zip(left, await shop.push("order", *left), strict=True):
                if outcome.result is Result.DELIVERED:
                    done[each.id] = outcome
            shop.clock.advance(15)
        orders = [each["source_identifier"] for each in (await shop.state())["orders"]]
        assert sorted(orders) == sorted(f"pullpush:A-{at}" for at in range(8))

    play(scenario, settings={"custom_lines": True}, records=0, extra={"orders_per_minute": "5"})


def test_a_lost_order_that_never_came_is_created_when_it_comes_again(play: Any) -> None:
    """The engine lets the search index have its time: `index_lag` in the manifest."""

    async def scenario(shop: Any) -> None:
        assert shop.connection.connector.index_lag == {"order": 60, "product": 60}
        lost = shop.delivery("order", ORDER, attempt=2, maybe_applied=True)
        (outcome,) = await shop.push("order", lost)
        assert outcome.result is Result.DELIVERED
        assert len(await made(shop)) == 1

    play(scenario, records=2)


def test_an_answer_that_cannot_be_understood_may_have_made_the_order(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        body = {"errors": [{"message": "Something odd."}]}
        await shop.faults({**CREATE, "fault": "status", "status": 200, "body": body})
        (outcome,) = await shop.push("order", shop.delivery("order", ORDER))
        assert outcome.result is Result.RETRY
        assert outcome.maybe_applied

    play(scenario, records=2)


def test_several_orders_of_one_key_are_a_dead_letter(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        line = {"title": "Lamp", "quantity": 1}
        for _ in range(2):
            await shop.change("order", create={"lineItems": [line], "sourceIdentifier": "pullpush:A-1001"})
        (outcome,) = await shop.push("order", shop.delivery("order", ORDER))
        assert outcome.result is Result.DEAD
        assert all(each["id"] in outcome.reason for each in await made(shop))

    play(scenario, records=2)


def with_line(sku: str) -> dict[str, Any]:
    first, second = ORDER["lineItems"]
    return {**ORDER, "lineItems": [first, {**second, "sku": sku}]}


def test_a_sku_that_is_not_there_is_a_dead_letter_unless_the_flow_says_otherwise(play: Any) -> None:
    async def strict(shop: Any) -> None:
        (outcome,) = await shop.push("order", shop.delivery("order", with_line("GONE"), attempt=3))
        assert outcome.result is Result.DEAD
        assert "GONE" in outcome.reason
        assert await made(shop) == []

    async def lenient(shop: Any) -> None:
        (outcome,) = await shop.push("order", shop.delivery("order", with_line("GONE"), attempt=3))
        assert outcome.result is Result.DELIVERED
        assert [line.get("variantId") is not None for line in outcome.returned["lineItems"]] == [True, False]

    play(strict, records=2)
    play(lenient, records=2, settings={"custom_lines": True})


def test_a_sku_that_is_there_twice_is_a_dead_letter_that_names_both_items(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        await shop.change("product_create", sku="SKU-00002", title="Copy", price="5")
        (outcome,) = await shop.push("order", shop.delivery("order", with_line("SKU-00002"), attempt=3))
        assert outcome.result is Result.DEAD
        items = [each["item"] for each in (await shop.state())["levels"] if each["sku"] == "SKU-00002"]
        assert len(items) == 2
        assert all(item in outcome.reason for item in items)

    play(scenario, records=2, settings={"custom_lines": True})


def test_a_product_that_was_made_a_moment_ago_is_found_though_the_search_lags(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        await shop.change("product_create", sku="NEW-1", title="New", price="5")
        (outcome,) = await shop.push("order", shop.delivery("order", with_line("NEW-1")))
        assert outcome.result is Result.DELIVERED
        assert all(line["variantId"] for line in outcome.returned["lineItems"])

    play(scenario, records=2, extra={"index_lag": "600"})


@pytest.mark.parametrize("is_asked", [False, True])
def test_mails_payment_and_stock_follow_the_settings_alone(play: Any, is_asked: bool) -> None:
    """Seen in the shop's own books: messages, received money, stock; of a creation as of a cancellation."""

    async def scenario(shop: Any) -> None:
        before = (await shop.level("SKU-00001"))["available"]
        (outcome,) = await shop.push("order", shop.delivery("order", ORDER))
        assert outcome.result is Result.DELIVERED
        state = await shop.state()
        (native,) = await made(shop)
        assert native["financial_status"] == "PAID"
        assert Decimal(native["received"]) == (Decimal("152.10") if is_asked else 0)
        assert [each["kind"] for each in state["mails"]] == (
            ["sendReceipt", "sendFulfillmentReceipt"] if is_asked else []
        )
        assert (await shop.level("SKU-00001"))["available"] == before - (2 if is_asked else 0)
        cancelled = shop.delivery("order", {**ORDER, "status": "cancelled"}, native_id=outcome.native_id)
        await shop.push("order", cancelled)
        assert len((await shop.state())["mails"]) == (3 if is_asked else 0)
        assert (await shop.level("SKU-00001"))["available"] == before

    names = ("notify_customer", "capture_payment", "move_stock")
    play(scenario, records=2, settings=dict.fromkeys(names, is_asked))
