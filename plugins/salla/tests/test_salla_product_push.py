"""Writing products: created once, changed where they differ, never in another currency."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

SHIRT = {
    "sku": "TEE-S",
    "title": "Tee",
    "description": "<p>Soft</p>",
    "price": "100.00",
    "currency": "SAR",
    "status": "active",
    "media": [{"url": "https://cdn.example.com/a.png", "kind": "image", "alt": "front"}],
    "variants": [
        {"sku": "TEE-S", "price": "100.00", "barcode": "1111", "options": {"Size": "S", "Colour": "Red"}},
        {"sku": "TEE-M", "price": "110.00", "compareAtPrice": "130.00", "options": {"Size": "M", "Colour": "Red"}},
    ],
}
MUG = {"sku": "MUG-9", "title": "Mug", "price": "25.50", "currency": "SAR", "costPrice": "7.25", "barcode": "62810000"}


def native(state, sku):
    """The product that carries a SKU, itself or in a variant."""
    return next(row for row in state["products"] if row["sku"] == sku or any(v["sku"] == sku for v in row["variants"]))


def prices(row):
    """Regular and sale price by SKU; a variant without a price has the product's."""
    own = row["regular_price"]
    return {v["sku"]: (own if v["price"] is None else v["price"], v["sale_price"]) for v in row["variants"]}


async def writes(w):
    return [entry for entry in await w.asked() if entry["method"] != "GET" and "/oauth2" not in entry["path"]]


def test_a_product_in_one_form_is_created(world):
    """With prices to the last place, without a quantity; a picture makes it appear."""

    async def run():
        async with world() as w:
            outcomes = await w.push("product", {**MUG, "compareAtPrice": "30", "media": SHIRT["media"]})
            return outcomes, native(w.state(), "MUG-9"), await w.asked("POST", "/products")

    (outcome,), row, posts = asyncio.run(run())
    assert outcome.result == "delivered"
    assert outcome.native_id == str(row["id"])
    assert (row["regular_price"], row["sale_price"], row["cost"], row["gtin"]) == (3000, 2550, 725, "62810000")
    assert row["images"] == 1
    assert row["status"] == "out"
    assert "quantity" not in posts[0]["body"]


def test_a_product_with_variants_is_created_from_its_options(world):
    """Every variant has its SKU, price and barcode; the product itself gave its SKU up."""

    async def run():
        async with world() as w:
            outcomes = await w.push("product", SHIRT)
            return outcomes, native(w.state(), "TEE-M")

    (outcome,), row = asyncio.run(run())
    assert outcome.result == "delivered"
    assert row["sku"] == ""
    assert {v["sku"]: v["barcode"] for v in row["variants"]} == {"TEE-S": "1111", "TEE-M": None}
    assert prices(row) == {"TEE-S": (10000, None), "TEE-M": (13000, 11000)}
    assert [option["name"][1] for option in row["options"]] == ["Size", "Colour"]


def test_the_same_product_again_is_unchanged(world):
    """Amounts compare as numbers: 100 is 100.00; nothing is written."""

    async def run():
        async with world() as w:
            await w.push("product", SHIRT)
            await w.push("product", MUG)
            before = len(await writes(w))
            plain = {**SHIRT, "price": "100", "variants": [{**v, "price": v["price"][:3]} for v in SHIRT["variants"]]}
            again = [*await w.push("product", plain), *await w.push("product", {**MUG, "price": "25.5"})]
            return again, len(await writes(w)) - before

    outcomes, written = asyncio.run(run())
    assert [str(outcome.result) for outcome in outcomes] == ["unchanged", "unchanged"]
    assert written == 0


def test_only_what_differs_is_written(world):
    """A new title is a request with a title; stock, status and prices stay out of it."""

    async def run():
        async with world() as w:
            await w.push("product", MUG)
            await w.push("product", {**MUG, "title": "Big mug"})
            await w.push("product", {"sku": "MUG-9", "description": "Blue"}, fields=frozenset({"description"}))
            return [entry["body"] for entry in await w.asked("PUT", "/products/")], native(w.state(), "MUG-9")

    bodies, row = asyncio.run(run())
    assert bodies == [{"name": "Big mug"}, {"description": "Blue"}]
    assert row["description"][1] == "Blue"


@pytest.mark.parametrize(
    ("written", "then", "expected"),
    [
        ({"price": "20", "compareAtPrice": None}, {"price": "15", "compareAtPrice": "20"}, (2000, 1500)),
        ({"price": "15", "compareAtPrice": "20"}, {"price": "20", "compareAtPrice": None}, (2000, None)),
        ({"price": "15", "compareAtPrice": "20"}, {"price": "12"}, (2000, 1200)),
        ({"price": "15", "compareAtPrice": "20"}, {"price": "25"}, (2500, None)),
        ({"price": "15", "compareAtPrice": "20"}, {"price": "15", "compareAtPrice": "10"}, (1500, None)),
    ],
)
def test_a_compare_at_price_is_a_sale(world, written, then, expected):
    """Above the price it is the regular one; gone or below, the sale is over; unsaid, it stays."""

    async def run():
        async with world() as w:
            await w.push("product", {**MUG, **written})
            outcomes = await w.push("product", {"sku": "MUG-9", "currency": "SAR", **then})
            return outcomes, native(w.state(), "MUG-9")

    (outcome,), row = asyncio.run(run())
    assert outcome.result == "delivered"
    assert (row["regular_price"], row["sale_price"]) == expected


@pytest.mark.parametrize("currency", ["USD", None])
def test_a_price_in_another_currency_is_dead(world, currency):
    """The letter names both currencies, and nothing is written; a record without prices passes."""

    async def run():
        async with world() as w:
            priced = await w.push("product", {"sku": "SKU-00001", "price": "1", "currency": currency})
            plain = await w.push("product", {"sku": "SKU-00001", "title": "New", "currency": currency})
            return *priced, *plain

    priced, plain = asyncio.run(run())
    assert priced.result == "dead"
    assert "SAR" in priced.reason
    assert str(currency or "no stated") in priced.reason
    assert plain.result == "delivered"


def test_variants_without_a_price_of_their_own_keep_theirs(world):
    """The product's price moves; a variant that followed it is written at the price that it shall have."""

    async def run():
        async with world() as w:
            await w.push(
                "product",
                {**SHIRT, "variants": [{**v, "price": "100", "compareAtPrice": None} for v in SHIRT["variants"]]},
            )
            await w.push(
                "product",
                {
                    **SHIRT,
                    "price": "120",
                    "variants": [
                        {**SHIRT["variants"][0], "price": "120"},
                        {"sku": "TEE-M", "price": "100"},
                    ],
                },
            )
            return native(w.state(), "TEE-M")

    assert prices(asyncio.run(run())) == {"TEE-S": (12000, None), "TEE-M": (10000, None)}


def test_one_form_that_is_a_variant_there_changes_that_variant_only(world):
    """Title and description belong to the whole product."""

    async def run():
        async with world() as w:
            before = native(w.state(), "SKU-00003-S")
            payload = {"sku": "SKU-00003-M", "title": "Other", "price": "1.25", "currency": "SAR"}
            outcomes = await w.push("product", payload)
            return outcomes, before, native(w.state(), "SKU-00003-S")

    (outcome,), before, after = asyncio.run(run())
    assert outcome.result == "delivered"
    assert after["name"] == before["name"]
    assert [v["price"] for v in after["variants"]] == [before["variants"][0]["price"], 125]


@pytest.mark.parametrize(
    ("payload", "more", "words"),
    [
        ({"sku": "NEW", "price": "1", "currency": "SAR"}, {"fields": frozenset({"price"})}, "partial"),
        ({"sku": "NEW", "title": "T"}, {}, "without a price"),
        ({"sku": "NEW", "price": "1", "currency": "SAR"}, {}, "without a title"),
        ({**SHIRT, "variants": [{"sku": "A"}, {"sku": "B"}]}, {}, "told apart by options"),
        ({**SHIRT, "sku": "SKU-00001"}, {}, "without options"),
        (
            {**SHIRT, "sku": "SKU-00003-S", "variants": [{"sku": "SKU-00003-S"}, {"sku": "SKU-00003-XL"}]},
            {},
            "lacks the variants SKU-00003-XL",
        ),
    ],
)
def test_what_cannot_be_written_is_dead_and_says_why(world, payload, more, words):
    """No half of it is guessed."""

    async def run():
        async with world() as w:
            return await w.push("product", payload, **more)

    (outcome,) = asyncio.run(run())
    assert outcome.result == "dead"
    assert words in outcome.reason


@pytest.mark.parametrize("step", range(7))
@pytest.mark.parametrize("fault", ["lost_answer", "reset"])
def test_a_creation_that_is_cut_off_is_finished_by_the_next_attempt(world, step, fault):
    """Whichever answer gets lost: one product, all variants, no second one."""

    async def run():
        async with world(scale=2000.0) as w:
            count = len(w.state()["products"])
            w.faults({"match": {"method": "P*"}, "fault": fault, "skip": step, "times": 6})
            outcomes = await w.push("product", SHIRT)
            for attempt in range(2, 6):
                if outcomes[0].result != "retry":
                    break
                w.faults()
                maybe = outcomes[0].maybe_applied
                outcomes = await w.push("product", SHIRT, attempt=attempt, maybe_applied=maybe)
            return outcomes, len(w.state()["products"]) - count, native(w.state(), "TEE-M")

    (outcome,), made, row = asyncio.run(run())
    assert outcome.result == "delivered"
    assert made == 1
    assert row["sku"] == ""
    assert prices(row) == {"TEE-S": (10000, None), "TEE-M": (13000, 11000)}
    assert row["images"] == 1


def test_a_hidden_product_stays_hidden_when_it_gets_its_picture(world):
    """Salla shows a new product with its first picture, whatever was asked for when it was made."""

    async def run():
        async with world() as w:
            outcomes = await w.push("product", {**MUG, "status": "hidden", "media": SHIRT["media"]})
            return outcomes, native(w.state(), "MUG-9")

    (outcome,), row = asyncio.run(run())
    assert outcome.result == "delivered"
    assert (row["images"], row["status"]) == (1, "hidden")


def test_a_product_of_the_merchants_is_not_taken_for_a_half_made_one(world):
    """Options would throw its stock away: it has stock, so it was not made just now."""

    async def run():
        async with world() as w:
            before = native(w.state(), "SKU-00001")
            outcomes = await w.push("product", {**SHIRT, "sku": "SKU-00001"}, attempt=2, maybe_applied=True)
            return outcomes, before, native(w.state(), "SKU-00001")

    (outcome,), before, after = asyncio.run(run())
    assert outcome.result == "dead"
    assert after == before


def test_a_sku_that_was_taken_meanwhile_is_looked_up_again(world):
    """Refused as a duplicate, found at the second look, updated."""

    async def run():
        async with world() as w:
            await w.push("product", MUG)
            none = {"data": [], "pagination": {}}
            w.faults(
                {
                    "match": {"path": "*/products", "method": "GET"},
                    "fault": "status",
                    "body": none,
                    "status": 200,
                    "times": 1,
                },
                {"match": {"path": "*/products/sku/*"}, "fault": "status", "status": 404, "times": 1},
            )
            return await w.push("product", {**MUG, "title": "Second"}), native(w.state(), "MUG-9")

    (outcome,), row = asyncio.run(run())
    assert outcome.result == "delivered"
    assert row["name"][1] == "Second"


def test_a_deletion_hides(world):
    """The product stays, hidden; one that is not there is unchanged."""

    async def run():
        async with world() as w:
            there = await w.push("product", {"sku": "SKU-00001"}, verb="deleted")
            gone = await w.push("product", {"sku": "GHOST"}, verb="deleted")
            return *there, *gone, native(w.state(), "SKU-00001")

    there, gone, row = asyncio.run(run())
    assert (there.result, gone.result, row["status"]) == ("delivered", "unchanged", "hidden")


def test_a_product_read_from_salla_is_unchanged_when_written_back(world):
    """What the reader says is what the writer compares: a round trip writes nothing."""

    async def run():
        from pullpush_sdk.canonical import to_sparse

        async with world(records=30, scale=2000.0) as w:
            products = await w.read("product")
            before = len(await writes(w))
            outcomes = [(await w.push("product", to_sparse(product)))[0] for product in products]
            return products, outcomes, (await writes(w))[before:]

    products, outcomes, written = asyncio.run(run())
    assert written == []
    assert [str(each.result) for each in outcomes] == ["unchanged"] * len(products)
    assert all(isinstance(product.price, Decimal) for product in products)
