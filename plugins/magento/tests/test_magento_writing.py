"""Writing stock and products to a Magento shop."""

from __future__ import annotations

from decimal import Decimal

import pytest

from pullpush_sdk import Verb
from pullpush_sdk.connector import Result


def _row(shop, sku, source="default"):
    rows = shop.state()["source_items"]
    return next((row for row in rows if (row["sku"], row["source_code"]) == (sku, source)), None)


def _product(shop, sku):
    return next((product for product in shop.state()["products"] if product["sku"] == sku), None)


def test_levels_are_set_with_all_four_fields(play):
    """Zero is zero and out of stock, a fraction keeps its digits, a missing row is made, a slash is no obstacle."""

    async def scenario(shop):
        outcomes = await shop.push(
            "stocklevel",
            {"sku": "MG-0000", "quantity": 0, "locationId": "default"},
            {"sku": "MG-0001", "quantity": 7, "locationId": "east"},
            {"sku": "MG-0005", "quantity": Decimal("1.25"), "locationId": None},
            {"sku": "MG-0008/x", "quantity": 3},
        )
        assert {each.result for each in outcomes} == {Result.DELIVERED}
        assert _row(shop, "MG-0000") == {"sku": "MG-0000", "source_code": "default", "quantity": 0, "status": 0}
        assert _row(shop, "MG-0001", "east")["quantity"] == 7
        assert _row(shop, "MG-0001")["quantity"] == 0
        assert _row(shop, "MG-0005")["quantity"] == 1.25
        assert _row(shop, "MG-0008/x")["status"] == 1
        events, _, _ = await shop.pull("stocklevel")
        assert {e.record.sku: e.record.quantity for e in events}["MG-0005"] == Decimal("1.25")

    play(scenario, records=9)


@pytest.mark.parametrize("sku", ["NOPE", "MG-0004", "MG-0006"])
def test_what_holds_no_stock_is_not_written(play, sku):
    """The platform would store an unknown SKU without a word; configurable and bundle products hold none."""

    async def scenario(shop):
        (outcome,) = await shop.push("stocklevel", {"sku": sku, "quantity": 5, "locationId": "default"})
        assert outcome.result is Result.DEAD
        assert sku in outcome.reason
        assert _row(shop, sku) is None

    play(scenario, records=8)


def test_a_source_that_is_not_there_is_said(play):
    """In the platform's words."""

    async def scenario(shop):
        (outcome,) = await shop.push("stocklevel", {"sku": "MG-0000", "quantity": 5, "locationId": "moon"})
        assert outcome.result is Result.DEAD
        assert "Could not save Source Item" in outcome.answer

    play(scenario, records=1)


def test_a_new_product_is_created_for_all_store_views(play):
    """A repeat changes nothing."""

    async def scenario(shop):
        lamp = {"sku": "NEW/1", "title": "Lamp", "description": "<p>A lamp</p>", "price": "19.90", "currency": "USD"}
        lamp |= {"status": "active", "variants": []}
        for _ in range(2):
            (outcome,) = await shop.push("product", lamp)
            assert outcome.result is Result.DELIVERED, outcome
        product = _product(shop, "NEW/1")
        assert (product["name"], product["price"], product["status"]) == ("Lamp", 19.90, 1)
        assert (product["type_id"], product["visibility"], product["attribute_set_id"]) == ("simple", 4, 4)
        assert product["custom_attributes"] == [{"attribute_code": "description", "value": "<p>A lamp</p>"}]
        assert len([each for each in shop.state()["products"] if each["sku"] == "NEW/1"]) == 1
        writes = [(call["method"], call["path"]) for call in await shop.calls() if call["method"] != "GET"]
        assert writes == [("POST", "/rest/all/V1/products"), ("PUT", "/rest/all/V1/products/NEW/1")]

    play(scenario, records=1)


def test_an_update_touches_only_what_is_said(play):
    """Absent fields stay as they are."""

    async def scenario(shop):
        before = {**_product(shop, "MG-0000")}
        (outcome,) = await shop.push("product", {"sku": "MG-0000", "price": "7.00"})
        assert outcome.result is Result.DELIVERED
        after = _product(shop, "MG-0000")
        assert after == {**before, "price": 7, "updated_at": after["updated_at"]}

    play(scenario, records=1)


def test_what_would_be_wrong_there_is_dead(play):
    """Another currency, several variants, a new product without a price."""

    async def scenario(shop):
        variants = [{"sku": "T-1"}, {"sku": "T-2"}]
        outcomes = await shop.push(
            "product",
            {"sku": "MG-0000", "price": "7.00", "currency": "EUR"},
            {"sku": "T", "title": "T", "price": "1.00", "variants": variants},
            {"sku": "FREE", "title": "F"},
        )
        assert {each.result for each in outcomes} == {Result.DEAD}
        assert "base currency is USD" in outcomes[0].reason
        assert "2 variants" in outcomes[1].reason
        assert "attribute value is empty" in outcomes[2].answer
        assert _product(shop, "MG-0000")["price"] == 0.99

    play(scenario, records=1)


def test_a_deleted_product_stays(play):
    """Nothing is archived or deleted here yet, and that is said."""

    async def scenario(shop):
        (outcome,) = await shop.push("product", {"sku": "MG-0000"}, verb=Verb.DELETED)
        assert outcome.result is Result.UNCHANGED
        assert _product(shop, "MG-0000")

    play(scenario, records=1)


def test_a_lost_answer_is_asked_again(play):
    """Setting to a value may be repeated."""

    async def scenario(shop):
        match = {"method": "POST", "path": "*/inventory/source-items"}
        shop.sandbox.control.faults.replace([{"fault": "lost_answer", "match": match, "times": 1}])
        (outcome,) = await shop.push("stocklevel", {"sku": "MG-0000", "quantity": 5, "locationId": "default"})
        assert outcome.result is Result.DELIVERED
        assert len([call for call in await shop.calls("source-items") if call["method"] == "POST"]) == 2

    play(scenario, records=1)
