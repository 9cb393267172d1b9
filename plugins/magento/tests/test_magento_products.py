"""Writing products: simple ones, configurable ones, and prices that belong there."""

from __future__ import annotations

from decimal import Decimal

import pytest

from pullpush_sdk import Verb
from pullpush_sdk.connector import Result

TEE = {
    "sku": "TEE",
    "title": "Tee",
    "description": "<p>A tee</p>",
    "price": "10.00",
    "currency": "SAR",
    "status": "active",
    "variants": [
        {"sku": "TEE-R", "price": "10.00", "options": {"Color": "Red", "Size": "S"}},
        {"sku": "TEE-G", "price": "12.50", "options": {"Color": "Green", "Size": "M"}},
    ],
}


def _product(shop, sku):
    return next((product for product in shop.state()["products"] if product["sku"] == sku), None)


def _custom(product):
    return {each["attribute_code"]: each["value"] for each in product["custom_attributes"]}


async def _read(shop, sku):
    return next(event.record for event in (await shop.pull("product"))[0] if event.record.sku == sku)


def test_a_new_product_is_created_for_all_store_views(play):
    """Twice the same writes once; no SKU stands in an address."""

    async def scenario(shop):
        lamp = {"sku": "NEW/1", "title": "Lamp 0", "description": "<p>A lamp</p>", "price": "19.90", "currency": "SAR"}
        lamp |= {"status": "active", "variants": []}
        first = await shop.push_one("product", lamp)
        assert first.result is Result.DELIVERED, first
        assert (first.returned["sku"], first.returned["price"], first.returned["currency"]) == ("NEW/1", "19.9", "SAR")
        product = _product(shop, "NEW/1")
        assert (product["name"], product["price"], product["status"]) == ("Lamp 0", 19.90, 1)
        assert (product["type_id"], product["visibility"], product["attribute_set_id"]) == ("simple", 4, 4)
        assert _custom(product) == {"description": "<p>A lamp</p>", "url_key": "lamp-0-new-1"}
        assert (await shop.push_one("product", lamp)).result is Result.UNCHANGED
        writes = [(call["method"], call["path"]) for call in await shop.calls() if call["method"] != "GET"]
        assert writes == [("POST", "/rest/all/V1/products")]

    play(scenario, records=1)


def test_an_update_touches_only_what_is_said(play):
    """Absent fields stay as they are, in a partial event as in a whole one."""

    async def scenario(shop):
        before = {**_product(shop, "MG-0000")}
        fields = frozenset({"price", "currency"})
        outcome = await shop.push_one("product", {"sku": "MG-0000", "price": "7.00", "currency": "SAR"}, fields=fields)
        assert outcome.result is Result.DELIVERED
        after = _product(shop, "MG-0000")
        assert after == {**before, "price": 7, "updated_at": after["updated_at"]}
        assert outcome.version is not None

    play(scenario, records=1)


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        ({"sku": "MG-0000", "price": "7.00", "currency": "EUR"}, "base currency is SAR"),
        ({"sku": "MG-0000", "price": "7.00"}, "no stated currency"),
        ({"sku": "FREE", "title": "F"}, "without a price"),
        ({**TEE, "variants": [{"sku": "A"}, {"sku": "B"}]}, "cannot be told apart"),
        ({**TEE, "variants": [{**TEE["variants"][0]}, {**TEE["variants"][1], "sku": "TEE-R"}]}, "share the SKU TEE-R"),
        ({**TEE, "variants": [{"options": {"Color": "Red"}}, {"sku": "B", "options": {"Color": "Blue"}}]}, "no SKU"),
        (
            {**TEE, "variants": [{"sku": n, "price": "1", "options": {"Shape": n}} for n in ("round", "flat")]},
            "no global list attribute named 'Shape'",
        ),
        ({**TEE, "sku": "MG-0000"}, "simple product in Magento, here it has variants"),
    ],
)
def test_what_would_be_wrong_there_is_dead(play, payload, words):
    """Nothing of it is written."""

    async def scenario(shop):
        outcome = await shop.push_one("product", payload)
        assert outcome.result is Result.DEAD
        assert words in outcome.reason
        assert not [call for call in await shop.calls() if call["method"] != "GET"]

    play(scenario, records=1)


def test_a_price_for_websites_of_two_currencies_is_dead(play):
    """One price is written for all of them."""

    async def scenario(shop):
        outcome = await shop.push_one("product", {"sku": "MG-0000", "price": "7.00", "currency": "SAR"})
        assert outcome.result is Result.DEAD
        assert "EUR, SAR" in outcome.reason
        assert (await shop.push_one("product", {"sku": "MG-0000", "title": "Name"})).result is Result.DELIVERED

    play(scenario, records=1, extra={"second_currency": "EUR"})


def test_a_configurable_product_is_made_of_its_variants(play):
    """Children first, a value that the shop lacks is added, and it reads back as one product."""

    async def scenario(shop):
        outcome = await shop.push_one("product", TEE)
        assert outcome.result is Result.DELIVERED, outcome
        parent, child = _product(shop, "TEE"), _product(shop, "TEE-G")
        assert (parent["type_id"], child["visibility"], child["price"]) == ("configurable", 1, 12.5)
        assert parent["extension_attributes"]["configurable_product_links"] == [
            _product(shop, "TEE-R")["id"],
            child["id"],
        ]
        record = await _read(shop, "TEE")
        assert [(v.sku, v.price, v.options) for v in record.variants] == [
            ("TEE-R", 10, {"Color": "Red", "Size": "S"}),
            ("TEE-G", Decimal("12.50"), {"Color": "Green", "Size": "M"}),
        ]
        assert [each["sku"] for each in outcome.returned["variants"]] == ["TEE-R", "TEE-G"]
        assert (await shop.push_one("product", TEE)).result is Result.UNCHANGED
        assert not [event for event in (await shop.pull("product"))[0] if event.record.sku.startswith("TEE-")]

    play(scenario, records=1)


def test_a_further_variant_is_added_and_a_price_changed(play):
    """What is there already stays."""

    async def scenario(shop):
        await shop.push_one("product", TEE)
        blue = {"sku": "TEE-B", "price": "9.00", "options": {"Color": "Blue", "Size": "S"}}
        more = {**TEE, "variants": [{**TEE["variants"][0], "price": "11.00"}, TEE["variants"][1], blue]}
        assert (await shop.push_one("product", more)).result is Result.DELIVERED
        record = await _read(shop, "TEE")
        assert [(v.sku, v.price) for v in record.variants] == [("TEE-R", 11), ("TEE-G", Decimal("12.5")), ("TEE-B", 9)]

    play(scenario, records=1)


def test_a_parent_that_is_known_by_its_first_variant(play):
    """Some platforms give a product with variants no SKU of its own: the parent's is made, and read back as it was."""

    async def scenario(shop):
        product = {**TEE, "sku": "TEE-R"}
        assert (await shop.push_one("product", product)).result is Result.DELIVERED
        assert _product(shop, "TEE-R")["type_id"] == "simple"
        assert _product(shop, "TEE-R-configurable")["type_id"] == "configurable"
        record = await _read(shop, "TEE-R")
        assert [v.sku for v in record.variants] == ["TEE-R", "TEE-G"]
        assert (await shop.push_one("product", product)).result is Result.UNCHANGED

    play(scenario, records=1)


@pytest.mark.parametrize("skip", range(6))
def test_a_family_that_was_broken_off_is_finished(play, skip):
    """A lost answer at any of its requests makes no second product and no second option."""

    async def scenario(shop):
        shop.faults({"fault": "lost_answer", "match": {"method": "POST"}, "skip": skip, "times": 8})
        outcome = await shop.push_one("product", TEE)
        assert outcome.result is Result.RETRY
        assert outcome.maybe_applied
        shop.faults()
        outcome = await shop.push_one("product", TEE, maybe_applied=True, attempt=2)
        assert outcome.result is Result.DELIVERED
        record = await _read(shop, "TEE")
        assert [v.sku for v in record.variants] == ["TEE-R", "TEE-G"]
        skus = [product["sku"] for product in shop.state()["products"]]
        assert len(skus) == len(set(skus))

    play(scenario, records=1)


def test_a_deleted_product_is_switched_off(play):
    """Its history stays; a second time there is nothing to do."""

    async def scenario(shop):
        outcome = await shop.push_one("product", {"sku": "MG-0000"}, verb=Verb.DELETED)
        assert outcome.result is Result.DELIVERED
        assert _product(shop, "MG-0000")["status"] == 2
        assert (await shop.push_one("product", {"sku": "MG-0000"}, verb=Verb.DELETED)).result is Result.UNCHANGED
        assert (await shop.push_one("product", {"sku": "NOPE"}, verb=Verb.DELETED)).result is Result.UNCHANGED

    play(scenario, records=1)


def test_a_configurable_product_takes_no_price(play):
    """It has none of its own; its name is written."""

    async def scenario(shop):
        payload = {"sku": "MG-0004", "title": "New", "price": "5.00", "currency": "SAR"}
        assert (await shop.push_one("product", payload)).result is Result.DELIVERED
        assert (_product(shop, "MG-0004")["name"], _product(shop, "MG-0004")["price"]) == ("New", 0)

    play(scenario, records=5)
