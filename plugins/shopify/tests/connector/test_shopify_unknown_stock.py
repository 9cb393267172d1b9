"""No data is not zero: what the connector makes is not counted until somebody says how many there are."""

from __future__ import annotations

from typing import Any

import pytest
from pullpush_shopify.graphql import ask

from pullpush_sdk.connector import Outcome, Result, version_of

LAMP = {"sku": "LAMP", "title": "Lamp", "price": "5", "currency": "SAR"}
COUNT = {"match": {"body": "*CountVariant*"}}
SET = {"match": {"body": "*inventorySetQuantities*"}}
SELL = """
mutation Sell($order: OrderCreateOrderInput!) {
  orderCreate(order: $order, options: {inventoryBehaviour: DECREMENT_OBEYING_POLICY}) { userErrors { code } }
}
"""


async def make(shop: Any, sku: str = "LAMP") -> None:
    (outcome,) = await shop.push("product", shop.delivery("product", {**LAMP, "sku": sku}))
    assert outcome.result is Result.DELIVERED, outcome


async def say(shop: Any, quantity: int | None, **more: Any) -> Outcome:
    payload = {"sku": more.pop("sku", "LAMP"), "quantity": quantity}
    payload["locationId"] = more.pop("location", None) or await shop.location()
    (outcome,) = await shop.push("stocklevel", shop.delivery("stocklevel", payload, **more))
    return outcome


async def shown(shop: Any, sku: str = "LAMP") -> list[int | None]:
    """The quantities that a poll reads."""
    events, rejects, _ = await shop.pull("stocklevel")
    assert rejects == []
    return [event.record.quantity for event in events if event.record.sku == sku]


async def sell(shop: Any) -> list[str]:
    """Sell one lamp to a buyer who gets only what is there; the reasons against it."""
    variant = (await shop.state())["products"][0]["variants"][0]["id"]
    line = {"variantId": variant, "quantity": 1, "priceSet": {"shopMoney": {"amount": "5", "currencyCode": "SAR"}}}
    data = await ask(shop.connection, SELL, {"order": {"currency": "SAR", "lineItems": [line]}})
    return [each["code"] for each in data["orderCreate"]["userErrors"]]


async def marks(shop: Any) -> list[str]:
    """The marks of all variants, in their order; "" for one without."""
    products = (await shop.state())["products"]
    found = [variant["metafields"] for product in products for variant in product["variants"]]
    return [next((value for name, value in each.items() if name.endswith("--pullpush.stock")), "") for each in found]


async def writes(shop: Any) -> list[tuple[int, int]]:
    """Figures compared with and set, in time order."""
    logged = [each["write"] for each in await shop.log() if each["method"] == "WRITE" and each["path"] == "inventory"]
    return [(each["expected"], each["quantity"]) for each in logged]


async def counts(shop: Any) -> int:
    """How often a variant was written after its creation."""
    return sum(each["method"] == "WRITE" and each["path"] == "variant" for each in await shop.log())


def test_a_new_product_of_unknown_stock_has_none_and_sells_on(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        await make(shop)
        assert (await say(shop, None)).result is Result.SKIPPED
        assert await shown(shop) == [None]
        assert await marks(shop) == ["unknown"]
        assert await sell(shop) == []
        assert await shown(shop) == [None]
        assert (await say(shop, 0, id="d2")).result is Result.DELIVERED
        assert await sell(shop) == ["INVENTORY_CLAIM_FAILED"]

    play(scenario, records=0)


@pytest.mark.parametrize("quantity", [0, 7, -2])
def test_the_first_real_number_is_counted_and_written(play: Any, quantity: int) -> None:
    async def scenario(shop: Any) -> None:
        await make(shop)
        outcome = await say(shop, quantity)
        assert outcome.result is Result.DELIVERED, outcome
        assert outcome.returned["quantity"] == quantity
        level = await shop.level("LAMP")
        assert (level["tracked"], level["active"], level["available"]) == (True, True, quantity)
        events, _, _ = await shop.pull("stocklevel")
        assert [event.record.quantity for event in events] == [quantity]
        assert outcome.version == version_of(events[0].record.updated_at)
        assert await marks(shop) == ["known"]
        assert (await say(shop, quantity, id="d2")).result is Result.UNCHANGED
        assert await counts(shop) == 1

    play(scenario, records=0)


def test_a_figure_that_was_hidden_while_nobody_counted_is_replaced(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        await make(shop)
        await shop.change("stock", sku="LAMP", quantity=99)
        assert (await say(shop, 0)).result is Result.DELIVERED
        assert await shown(shop) == [0]
        assert await writes(shop) == [(99, 0)]

    play(scenario, records=0)


def test_what_a_merchant_leaves_uncounted_stays_so(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        await make(shop)
        await shop.change("track", sku="SKU-00001", tracked=False)
        outcome = await say(shop, 9, sku="SKU-00001")
        assert outcome.result is Result.SKIPPED
        assert "not tracked" in outcome.reason
        # Made here, counted since its first quantity, and switched off by the merchant after that.
        assert (await say(shop, 7)).result is Result.DELIVERED
        await shop.change("track", sku="LAMP", tracked=False)
        assert (await say(shop, 8, id="d2")).result is Result.SKIPPED
        assert await shown(shop) == await shown(shop, "SKU-00001") == [None]

    play(scenario, records=1)


def test_a_merchant_who_counts_first_may_stop_counting_later(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        await make(shop)
        await shop.change("track", sku="LAMP", tracked=True)
        await shop.change("stock", sku="LAMP", quantity=4)
        await say(shop, 4)
        assert await marks(shop) == ["known"]
        assert await writes(shop) == []
        await shop.change("track", sku="LAMP", tracked=False)
        assert (await say(shop, 4, id="d2")).result is Result.SKIPPED

    play(scenario, records=0)


def test_a_new_item_is_stocked_wherever_a_quantity_comes_for(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        await make(shop)
        places = [each["id"].rsplit("/", 1)[1] for each in (await shop.state())["locations"]]
        for at, place in enumerate(reversed(places)):
            assert (await say(shop, 10 + at, location=place, id=f"d{at}")).result is Result.DELIVERED
        levels = {each["location"].rsplit("/", 1)[1]: each for each in (await shop.state())["levels"]}
        assert [levels[place]["available"] for place in places] == [11, 10]
        assert all(each["active"] for each in levels.values())
        # Where the merchant ends it, the setting decides.
        await shop.change("stock", sku="LAMP", quantity=10, location=places[1], active=False)
        assert (await say(shop, 12, location=places[1], id="d9")).result is Result.SKIPPED

    play(scenario, records=0, extra={"locations": "2"})


@pytest.mark.parametrize("quantity", [0, 7])
@pytest.mark.parametrize("fault", ["lost_answer", "reset"])
@pytest.mark.parametrize("rule", [COUNT, SET])
def test_a_lost_answer_between_counting_and_setting_does_no_harm(
    play: Any, rule: Any, fault: str, quantity: int
) -> None:
    async def scenario(shop: Any) -> None:
        await make(shop)
        await shop.faults({**rule, "fault": fault, "times": 1})
        assert (await say(shop, quantity)).result is Result.DELIVERED
        assert await shown(shop) == [quantity]
        assert await writes(shop) == ([(0, 7)] if quantity else [])

    play(scenario, records=0)


@pytest.mark.parametrize("quantity", [0, 7])
def test_what_ends_between_counting_and_setting_is_finished_by_the_next_attempt(play: Any, quantity: int) -> None:
    async def scenario(shop: Any) -> None:
        await make(shop)
        await shop.faults({**COUNT, "fault": "lost_answer"})
        assert (await say(shop, quantity)).result is Result.RETRY
        await shop.faults()
        assert (await shop.level("LAMP"))["tracked"]
        assert await writes(shop) == []
        lost = await counts(shop)
        outcome = await say(shop, quantity, attempt=2, maybe_applied=True)
        assert outcome.result is Result.DELIVERED
        assert await shown(shop) == [quantity]
        assert await counts(shop) == lost

    play(scenario, records=0)


def test_a_count_that_does_not_show_yet_is_tried_again_before_anything_is_set(play: Any) -> None:
    body = {"data": {"productVariantsBulkUpdate": {"userErrors": []}}}

    async def scenario(shop: Any) -> None:
        await make(shop)
        await shop.faults({**COUNT, "fault": "status", "status": 200, "body": body, "times": 1})
        outcome = await say(shop, 7)
        assert outcome.result is Result.RETRY
        assert outcome.after is not None
        assert await writes(shop) == []
        assert (await say(shop, 7, attempt=2)).result is Result.DELIVERED
        assert await shown(shop) == [7]

    play(scenario, records=0)


def test_a_refused_count_is_a_dead_letter_of_that_item_alone(play: Any) -> None:
    error = {"code": "PRODUCT_SUSPENDED", "field": ["productId"], "message": "Product is suspended."}
    body = {"data": {"productVariantsBulkUpdate": {"userErrors": [error]}}}

    async def scenario(shop: Any) -> None:
        await make(shop)
        await shop.faults({**COUNT, "fault": "status", "status": 200, "body": body, "times": 1})
        place = await shop.location()
        bad, good = await shop.push(
            "stocklevel",
            *(
                shop.delivery("stocklevel", {"sku": sku, "quantity": 444, "locationId": place}, id=sku)
                for sku in ("LAMP", "SKU-00001")
            ),
        )
        assert bad.result is Result.DEAD
        assert "PRODUCT_SUSPENDED" in bad.answer
        assert good.result is Result.DELIVERED
        assert await shown(shop) == [None]

    play(scenario, records=1)
