"""Products are created whole and updated by what is said and differs; no variant is ever dropped."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from pullpush_sdk.canonical import to_sparse
from pullpush_sdk.connector import Result, Verb

SHIRT = {
    "sku": "SHIRT-S",
    "title": "Shirt {{ size }}",
    "description": "<p>Soft.</p>",
    "price": "19.90",
    "currency": "SAR",
    "status": "active",
    "vendor": "Weaver",
    "tags": ["cotton", "new"],
    "variants": [
        {"sku": "SHIRT-S", "price": "19.90", "options": {"Size": "S", "Colour": "Blue"}, "barcode": "6281"},
        {"sku": "SHIRT-M", "price": "21.5", "options": {"Size": "M", "Colour": "Blue"}, "compareAtPrice": "25"},
    ],
}


async def product_of(shop: Any, sku: str) -> Any:
    products = (await shop.state())["products"]
    return [each for each in products if any(variant["sku"] == sku for variant in each["variants"])]


def test_a_product_is_created_with_its_variants_which_nobody_counts_yet(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        (outcome,) = await shop.push("product", shop.delivery("product", SHIRT))
        assert outcome.result is Result.DELIVERED, outcome
        (native,) = await product_of(shop, "SHIRT-S")
        assert native["id"] == outcome.native_id
        assert [(each["sku"], Decimal(each["price"])) for each in native["variants"]] == [
            ("SHIRT-S", Decimal("19.90")),
            ("SHIRT-M", Decimal("21.50")),
        ]
        events, _, _ = await shop.pull("product")
        read = to_sparse(events[0].record)
        assert read == outcome.returned
        assert events[0].version == outcome.version
        assert read["title"] == SHIRT["title"]
        assert read["vendor"] == "Weaver"
        assert [each["options"] for each in read["variants"]] == [each["options"] for each in SHIRT["variants"]]
        assert not any(each["extensions"]["tracked"] for each in read["variants"])
        assert Decimal(read["variants"][1]["compareAtPrice"]) == 25

    play(scenario, records=0)


def test_writing_what_is_there_already_changes_nothing(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        events, _, _ = await shop.pull("product")
        batch = [shop.delivery("product", to_sparse(event.record), id=f"d{at}") for at, event in enumerate(events)]
        outcomes = await shop.push("product", *batch)
        assert {each.result for each in outcomes} == {Result.UNCHANGED}
        assert not [each for each in await shop.log() if each["method"] == "WRITE"]

    play(scenario, records=14)


def test_only_what_is_said_and_differs_is_written(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        await shop.push("product", shop.delivery("product", SHIRT))
        change = {"sku": "SHIRT-M", "title": "Shirt 2"}
        (outcome,) = await shop.push("product", shop.delivery("product", change, id="d2", fields=frozenset({"title"})))
        assert outcome.result is Result.DELIVERED
        assert outcome.returned["title"] == "Shirt 2"
        assert outcome.returned["description"] == SHIRT["description"]
        assert len(outcome.returned["variants"]) == 2
        price = {"sku": "SHIRT-S", "price": "20", "currency": "SAR"}
        (outcome,) = await shop.push("product", shop.delivery("product", price, id="d3"))
        assert outcome.result is Result.DELIVERED
        assert [Decimal(each["price"]) for each in outcome.returned["variants"]] == [Decimal(20), Decimal("21.5")]
        (outcome,) = await shop.push("product", shop.delivery("product", {**price, "price": "20.00"}, id="d4"))
        assert outcome.result is Result.UNCHANGED

    play(scenario, records=0)


def test_a_variant_that_is_not_said_stays_and_one_that_is_missing_is_named(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        await shop.push("product", shop.delivery("product", SHIRT))
        variants = [{"sku": "SHIRT-M", "price": "30.00"}, {"sku": "SHIRT-XL", "price": "31.00"}]
        payload = {"sku": "SHIRT-M", "currency": "SAR", "variants": variants}
        (outcome,) = await shop.push("product", shop.delivery("product", payload, id="d2"))
        assert outcome.result is Result.DELIVERED
        assert "SHIRT-XL" in outcome.reason
        (native,) = await product_of(shop, "SHIRT-S")
        assert [(each["sku"], Decimal(each["price"])) for each in native["variants"]] == [
            ("SHIRT-S", Decimal("19.9")),
            ("SHIRT-M", Decimal(30)),
        ]

    play(scenario, records=0)


def test_a_price_in_another_currency_is_never_written(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        for currency in ("EUR", None):
            payload = {"sku": "SKU-00001", "price": "5.00", "currency": currency}
            (outcome,) = await shop.push("product", shop.delivery("product", payload))
            assert outcome.result is Result.DEAD
            assert "SAR" in outcome.reason
        (outcome,) = await shop.push("product", shop.delivery("product", {"sku": "SKU-00001", "title": "Plain"}))
        assert outcome.result is Result.DELIVERED

    play(scenario, records=1)


def test_skus_that_point_to_several_products_are_a_dead_letter(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        await shop.change("product", sku="SKU-00002", new_sku="SKU-00001")
        (outcome,) = await shop.push("product", shop.delivery("product", {"sku": "SKU-00001", "title": "Which"}))
        assert outcome.result is Result.DEAD
        assert all(each["id"] in outcome.reason for each in await product_of(shop, "SKU-00001"))

    play(scenario, records=2)


def test_a_part_of_an_unknown_product_does_not_create_it(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        payload = {"sku": "NOBODY", "title": "Part"}
        (outcome,) = await shop.push("product", shop.delivery("product", payload, fields=frozenset({"title"})))
        assert outcome.result is Result.DEAD
        (outcome,) = await shop.push("product", shop.delivery("product", {"sku": "NOBODY"}))
        assert outcome.result is Result.DEAD
        assert "title" in outcome.reason

    play(scenario, records=0)


def test_a_deleted_product_is_archived(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        deleted = shop.delivery("product", {"sku": "SKU-00001"}, verb=Verb.DELETED)
        assert (await shop.push("product", deleted))[0].result is Result.DELIVERED
        assert [each["status"] for each in await product_of(shop, "SKU-00001")] == ["ARCHIVED"]
        assert (await shop.push("product", deleted))[0].result is Result.UNCHANGED

    play(scenario, records=1)


def test_a_creation_without_an_answer_is_found_again_though_the_search_lags(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        await shop.faults({"match": {"body": "*productSet*"}, "fault": "lost_answer"})
        (outcome,) = await shop.push("product", shop.delivery("product", SHIRT))
        assert outcome.result is Result.RETRY
        assert outcome.maybe_applied
        await shop.faults()
        again = shop.delivery("product", SHIRT, attempt=2, maybe_applied=True)
        (outcome,) = await shop.push("product", again)
        assert outcome.result is Result.UNCHANGED
        assert len(await product_of(shop, "SHIRT-S")) == 1

    play(scenario, records=1, extra={"index_lag": "30"})


def test_the_next_change_finds_the_product_by_the_id_that_was_remembered(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        (created,) = await shop.push("product", shop.delivery("product", SHIRT))
        payload = {**SHIRT, "title": "Renamed", "sku": "SHIRT-NEW", "variants": []}
        renamed = shop.delivery("product", payload, id="d2", native_id=created.native_id)
        (outcome,) = await shop.push("product", renamed)
        assert outcome.native_id == created.native_id
        assert len((await shop.state())["products"]) == 1

    play(scenario, records=0, extra={"index_lag": "3600"})


def test_a_lost_product_that_never_came_is_created_when_it_comes_again(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        lost = shop.delivery("product", SHIRT, attempt=2, maybe_applied=True)
        (outcome,) = await shop.push("product", lost)
        assert outcome.result is Result.DELIVERED
        assert len(await product_of(shop, "SHIRT-S")) == 1

    play(scenario, records=0)


def test_a_product_made_a_moment_ago_is_not_made_again(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        await shop.push("product", shop.delivery("product", SHIRT))
        (outcome,) = await shop.push("product", shop.delivery("product", {**SHIRT, "title": "Shirt 2"}, id="d2"))
        assert outcome.result is Result.DELIVERED
        assert [each["title"] for each in await product_of(shop, "SHIRT-S")] == ["Shirt 2"]

    play(scenario, records=0, extra={"index_lag": "120"})


LARGE = {
    "sku": "SHIRT-L",
    "price": "23.00",
    "options": {"Size": "L", "Colour": "Blue"},
    "weight": 2,
    "weightUnit": "kg",
}


def test_a_new_variant_that_fits_the_options_is_added_and_nobody_counts_it_yet(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        await shop.push("product", shop.delivery("product", SHIRT))
        grown = {**SHIRT, "variants": [*SHIRT["variants"], LARGE]}
        (outcome,) = await shop.push("product", shop.delivery("product", grown, id="d2"))
        assert outcome.result is Result.DELIVERED, outcome
        added = outcome.returned["variants"][-1]
        assert (added["sku"], added["options"]["Size"], Decimal(added["price"])) == ("SHIRT-L", "L", 23)
        assert (added["weight"], added["weightUnit"]) == (2, "kg")
        level = await shop.level("SHIRT-L")
        assert not level["tracked"]
        (again,) = await shop.push("product", shop.delivery("product", grown, id="d3"))
        assert again.result is Result.UNCHANGED

    play(scenario, records=0)


def test_a_lost_answer_never_adds_a_variant_twice(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        await shop.push("product", shop.delivery("product", SHIRT))
        grown = {**SHIRT, "variants": [*SHIRT["variants"], LARGE]}
        await shop.faults({"match": {"body": "*productVariantsBulkCreate*"}, "fault": "lost_answer", "times": 1})
        (outcome,) = await shop.push("product", shop.delivery("product", grown, id="d2"))
        assert outcome.result is Result.RETRY
        await shop.push("product", shop.delivery("product", grown, id="d2", attempt=2, maybe_applied=True))
        (native,) = await product_of(shop, "SHIRT-S")
        assert [each["sku"] for each in native["variants"]] == ["SHIRT-S", "SHIRT-M", "SHIRT-L"]

    play(scenario, records=0)


def test_a_weight_is_written_where_it_differs_and_a_foreign_unit_is_not(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        await shop.push("product", shop.delivery("product", SHIRT))
        heavy = {**SHIRT["variants"][0], "weight": Decimal("1.5"), "weightUnit": "KG"}
        (outcome,) = await shop.push("product", shop.delivery("product", {**SHIRT, "variants": [heavy]}, id="d2"))
        assert outcome.returned["variants"][0]["weight"] == Decimal("1.5")
        (again,) = await shop.push("product", shop.delivery("product", {**SHIRT, "variants": [heavy]}, id="d3"))
        assert again.result is Result.UNCHANGED
        foreign = {**heavy, "weight": 9, "weightUnit": "stone"}
        (other,) = await shop.push("product", shop.delivery("product", {**SHIRT, "variants": [foreign]}, id="d4"))
        assert other.result is Result.UNCHANGED

    play(scenario, records=0)
