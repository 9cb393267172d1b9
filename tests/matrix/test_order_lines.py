"""What an order says that was sold and paid: each piece once, and amounts that come to the platform's own total.

The platform's own book is asked directly, without our connector.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from decimal import Decimal

import pytest

from tests.matrix import compared
from tests.matrix.world import PLATFORMS, End, world

CENT = Decimal("0.01")


def exact(value):
    return Decimal(str(value)).quantize(CENT)


def linnworks(book):
    """Order id to total, of the bare book."""
    return {each["OrderId"]: exact(each["TotalsInfo"]["TotalCharge"]) for each in book["orders"]}


def magento(book):
    return {str(each["entity_id"]): exact(each["grand_total"]) for each in book["orders"]}


def shopify(book):
    return {re.sub(r"\D", "", each["id"].rsplit("/", 1)[-1]): exact(each["current_total"]) for each in book["orders"]}


TOTALS = {"linnworks": linnworks, "magento": magento, "shopify": shopify}


def sold(record):
    """What the lines come to by themselves, each after its discount."""
    return sum((line.total for line in record.line_items if line.total is not None), Decimal(0))


async def read(folder, setenv, platform, scenario=None):
    left, right = End(connector=platform, records=24), End(connector="shopify", records=0)
    async with world(folder, setenv, left, right, ["order"]) as both:
        records = await both.records("left", "order")
        return records, both.boxes["left"].control.dump()


@pytest.mark.parametrize("platform", sorted(TOTALS))
def test_the_total_is_the_platforms_to_the_minor_unit(platform, tmp_path, monkeypatch):
    records, book = asyncio.run(read(tmp_path, monkeypatch.setenv, platform))
    totals = TOTALS[platform](book)
    assert len(records) >= 4
    for identity, record in records.items():
        assert record.total_amount == totals[identity], identity


@pytest.mark.parametrize("platform", PLATFORMS)
def test_lines_and_other_amounts_come_to_the_total(platform, tmp_path, monkeypatch):
    """No parent is counted beside its children, nor children beside their parent."""
    records, _ = asyncio.run(read(tmp_path, monkeypatch.setenv, platform))
    seen = Counter()
    for identity, record in records.items():
        if record.refunded_amount or (record.extensions or {}).get("orderedTotal") not in (
            None,
            str(record.total_amount),
        ):
            continue  # a total of now beside lines as ordered
        goods = sold(record)
        added = (record.shipping_amount or 0) + (0 if record.taxes_included else record.tax_amount or 0)
        # A discount is in the lines already, or taken off the whole; the platform's page says which.
        possible = {goods + added, goods + added - (record.discount_amount or 0), goods + (record.shipping_amount or 0)}
        assert record.total_amount in possible, (identity, goods, added, record.total_amount, record.discount_amount)
        seen["whole"] += 1
    assert seen["whole"] >= 3


def test_magento_counts_a_configurable_product_and_a_bundle_once(tmp_path, monkeypatch):
    """Of the two rows of a configurable product one is a line; of a bundle either the parent or its parts are."""
    records, book = asyncio.run(read(tmp_path, monkeypatch.setenv, "magento"))
    composed = 0
    for row in book["orders"]:
        record = records[str(row["entity_id"])]
        parents = {item["item_id"] for item in row["items"] if item["product_type"] in ("configurable", "bundle")}
        children = [item for item in row["items"] if item.get("parent_item_id") in parents]
        composed += bool(children)
        shown = {line.line_id for line in record.line_items}
        for parent in parents:
            parts = {str(item["item_id"]) for item in children if item["parent_item_id"] == parent}
            assert (str(parent) in shown) != bool(parts & shown), "counted twice, or not at all"
    assert composed


@pytest.mark.parametrize("destination", PLATFORMS)
def test_a_bundle_is_sold_once_at_the_destination_too(destination, tmp_path, monkeypatch):
    """Magento's composed orders elsewhere: lines and total as they were read, or a dead letter that says why."""

    async def run():
        left = End(connector="magento", records=16)
        right = End(
            connector=destination,
            records=0,
            settings={"orders_reserve_stock": True, "orders_send_mail": True} if destination == "magento" else {},
        )
        async with world(tmp_path, monkeypatch.setenv, left, right, ["product", "stocklevel", "order"]) as both:
            await both.until_done()
            here, there = await both.records("left", "order"), await both.records("right", "order")
            outcomes = both.outcomes("order")
            return here, there, outcomes, await both.letters()

    here, there, outcomes, letters = asyncio.run(run())
    arrived = [record for identity, record in here.items() if str(outcomes[identity].result) == "delivered"]
    assert compared.order(there.values(), buyers=False) == compared.order(arrived, buyers=False)
    refused = {key: reason for kind, key, reason in letters if kind == "order"}
    for identity, outcome in outcomes.items():
        if str(outcome.result) == "dead":
            assert len(refused[identity]) > 15
