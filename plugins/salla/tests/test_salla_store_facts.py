"""What the store is asked once, where its buyers live, and sales that are no sales."""

from __future__ import annotations

import asyncio

import pytest
from pullpush_salla.functions import bill_to


def test_the_first_pushes_of_a_start_ask_for_the_currency_once(world):
    """Ten products pushed side by side; and one list of SKUs for stock that is pushed side by side."""

    async def run():
        async with world(records=30) as w:
            names = [f"SKU-000{n:02}" for n in (1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 14, 15)]
            products = [{"sku": sku, "price": "5", "currency": "SAR"} for sku in names]
            await asyncio.gather(*(w.push("product", each) for each in products))
            levels = [{"sku": sku, "quantity": 5} for sku in names]
            await asyncio.gather(*(w.push("stocklevel", *levels) for _ in range(4)))
            log = await w.calls()
            return [
                sum(each["path"].endswith(path) for each in log) for path in ("/store/info", "/products/quantities")
            ]

    assert asyncio.run(run()) == [1, 1]


@pytest.mark.parametrize("switch", ["kept", "ended", "refused"])
def test_a_price_may_fall_below_a_running_sale(world, switch):
    """Whatever the platform does then: the price of the record is what a buyer pays."""

    async def run():
        async with world(extra={"sale_above_price": switch}) as w:
            prices = {"price": "300", "compareAtPrice": "400", "currency": "SAR"}
            first = await w.push("product", {"sku": "SKU-00001", **prices})
            w.change("product", sku="SKU-00001", name="Other")
            second = await w.push("product", {"sku": "SKU-00001", "price": "5", "currency": "SAR"})
            row = next(each for each in w.state()["products"] if each["sku"] == "SKU-00001")
            return [*first, *second], row["regular_price"], row["sale_price"]

    outcomes, regular, sale = asyncio.run(run())
    assert [each.result for each in outcomes] == ["delivered", "delivered"]
    # Silent about the price before, the sale stays on, from a regular price that is still above.
    assert (regular, sale) == (40000, 500)


def test_what_a_merchant_leaves_behind_is_mended_by_the_next_price(world):
    """A sale price above the regular one, which counts while nobody touches it, is ended."""

    async def run():
        async with world() as w:
            w.change("product", sku="SKU-00001", price="5", sale_price="300")
            payload = {"sku": "SKU-00001", "price": "350", "compareAtPrice": None, "currency": "SAR"}
            (outcome,) = await w.push("product", payload)
            row = next(each for each in w.state()["products"] if each["sku"] == "SKU-00001")
            return outcome.result, row["regular_price"], row["sale_price"]

    assert asyncio.run(run()) == ("delivered", 35000, None)


@pytest.mark.parametrize(
    ("customer", "expected"),
    [
        (None, None),
        ({"first_name": "A", "city": "", "country": None, "country_code": "", "location": ""}, None),
        (
            {"first_name": "A", "last_name": "B", "email": "a@b.c", "city": "Jeddah", "location": "Corniche 1"},
            {"name": "A B", "firstName": "A", "lastName": "B", "email": "a@b.c", "city": "Jeddah"}
            | {"address1": "Corniche 1"},
        ),
    ],
)
def test_an_order_says_where_its_buyer_lives(customer, expected):
    """Where no place is known there is no address, whatever else is."""
    assert bill_to(customer) == expected
