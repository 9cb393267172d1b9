"""Writing stock: what goes through is there, what cannot is dead and says why, nothing is lost in silence."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

BULK = "/products/quantities/bulk"


def level(sku, quantity, branch=None):
    return {"sku": sku, "quantity": quantity, **({} if branch is None else {"locationId": str(branch)})}


def results(outcomes):
    return [str(outcome.result) for outcome in outcomes]


def stock_of(state, sku):
    """The stock of a product or variant by SKU, with the branches' quantities by id."""
    for product in state["products"]:
        for row in (product, *product["variants"]):
            if row["sku"] == sku:
                return row["stock"]
    raise KeyError(sku)


def test_levels_are_written_to_their_branches_in_one_request(world):
    """A hundred levels are one write; unlimited items become counted; other branches stay as they are."""

    async def run():
        async with world(records=130, extra={"branches": "2"}) as w:
            before = w.state()
            branch = before["branches"][1]["id"]
            skus = [p["sku"] for p in before["products"] if p["sku"]][:100]
            outcomes = await w.push("stocklevel", *[level(sku, n, branch) for n, sku in enumerate(skus)])
            return skus, branch, before, outcomes, w.state(), await w.asked("POST", BULK)

    skus, branch, before, outcomes, after, posts = asyncio.run(run())
    assert results(outcomes) == ["delivered"] * 100
    assert len(posts) == 1
    main = before["branches"][0]["id"]
    for n, sku in enumerate(skus):
        stock, old = stock_of(after, sku), stock_of(before, sku)
        assert stock["by_branch"][branch] == n
        assert stock["by_branch"].get(main) == old["by_branch"].get(main)
        assert not stock["unlimited"]


@pytest.mark.parametrize("unknown", ["ignore", "refuse"])
@pytest.mark.parametrize("count", [1, 40])
def test_an_unknown_sku_is_a_dead_letter_and_its_neighbours_go(world, unknown, count):
    """The platform would take the row without a word: it is never sent."""

    async def run():
        async with world(records=60, extra={"bulk_unknown": unknown}) as w:
            known = [p["sku"] for p in w.state()["products"] if p["sku"]][:count]
            outcomes = await w.push("stocklevel", level("GHOST", 3), *[level(sku, 8) for sku in known])
            return outcomes, [stock_of(w.state(), sku) for sku in known], await w.asked("POST", BULK)

    outcomes, stocks, (post,) = asyncio.run(run())
    assert results(outcomes) == ["dead", *["delivered"] * count]
    assert "'GHOST'" in outcomes[0].reason
    assert {quantity for stock in stocks for quantity in stock["by_branch"].values()} == {8}
    assert "GHOST" not in str(post["body"])


def test_a_sku_that_two_things_carry_is_dead_and_names_both(world):
    """In the whole list and in the search for one alike."""
    rows = [{"id": 7, "sku_id": None, "sku": "TWIN"}, {"id": 8, "sku_id": 81, "sku": "TWIN"}]
    pages = {"data": rows, "pagination": {"currentPage": 1, "totalPages": 1}}
    found = {"data": [{"id": 7, "sku": "TWIN", "skus": []}, {"id": 8, "sku": "", "skus": [{"id": 81, "sku": "TWIN"}]}]}

    async def run():
        async with world(records=20) as w:
            w.faults(
                {"match": {"path": "*/quantities"}, "fault": "status", "status": 200, "body": pages},
                {"match": {"path": "*/products", "query": "*TWIN*"}, "fault": "status", "status": 200, "body": found},
            )
            (alone,) = await w.push("stocklevel", level("TWIN", 1))
            many = await w.push("stocklevel", *[level(f"X{n}", 1) for n in range(11)], level("TWIN", 1))
            return alone, many[-1], await w.asked("POST", BULK)

    alone, among_many, posts = asyncio.run(run())
    for outcome in (alone, among_many):
        assert outcome.result == "dead"
        assert "product 7, variant 81" in outcome.reason
    assert posts == []


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (level("SKU-00001", Decimal("1.5")), "whole pieces"),
        (level("SKU-00001", -1), "below zero"),
        (level("SKU-00001", 1, "gid://x"), "not the id of a Salla branch"),
        (level("SKU-00001", 1, 999), "products.0.branch"),
    ],
)
def test_what_the_platform_cannot_hold_is_dead(world, payload, words):
    """And is not sent, or is refused by name."""

    async def run():
        async with world() as w:
            return await w.push("stocklevel", payload, level("SKU-00002", 4))

    bad, good = asyncio.run(run())
    assert bad.result == "dead"
    assert words in bad.reason
    assert good.result == "delivered"


def test_a_refusal_of_the_whole_is_halved(world):
    """A store that takes fewer rows per request than we send gets them in smaller ones."""

    async def run():
        async with world(records=60, extra={"bulk_max_rows": "15"}) as w:
            skus = [p["sku"] for p in w.state()["products"] if p["sku"]][:40]
            outcomes = await w.push("stocklevel", *[level(sku, 5) for sku in skus])
            return outcomes, [stock_of(w.state(), sku)["by_branch"] for sku in skus]

    outcomes, stocks = asyncio.run(run())
    assert results(outcomes) == ["delivered"] * 40
    assert all(set(stock.values()) == {5} for stock in stocks)


@pytest.mark.parametrize("fault", ["lost_answer", "reset", "truncate"])
def test_a_write_whose_answer_is_lost_is_sent_again(world, fault):
    """Overwriting twice is overwriting once."""

    async def run():
        async with world() as w:
            w.faults({"match": {"path": f"*{BULK}"}, "fault": fault, "times": 2})
            outcomes = await w.push("stocklevel", level("SKU-00001", 17))
            return outcomes, stock_of(w.state(), "SKU-00001"), len(await w.asked("POST", BULK))

    (outcome,), stock, posts = asyncio.run(run())
    assert outcome.result == "delivered"
    assert set(stock["by_branch"].values()) == {17}
    assert posts == 3


def test_a_platform_that_is_down_means_retry_for_every_level(world):
    """No dead letter; what may have been written says so."""

    async def run():
        async with world() as w:
            w.faults({"match": {"path": f"*{BULK}"}, "fault": "status", "status": 503})
            return await w.push("stocklevel", level("SKU-00001", 1), level("GHOST", 1))

    known, ghost = asyncio.run(run())
    assert known.result == "retry"
    assert known.maybe_applied
    assert ghost.result == "dead"


def test_queued_writes_of_one_sku_keep_their_order(world):
    """The later figure wins although both wait in the platform's queue."""

    async def run():
        async with world(extra={"bulk_delay": "3600"}) as w:
            for quantity in (5, 3, 9):
                await w.push("stocklevel", level("SKU-00001", quantity))
            waiting = w.state()["bulk_waiting"]
            w.sandbox.control.clock.advance(4000)
            return waiting, stock_of(w.state(), "SKU-00001")

    waiting, stock = asyncio.run(run())
    assert waiting == 3
    assert set(stock["by_branch"].values()) == {9}


def test_the_list_of_skus_is_read_once_for_many_batches(world):
    """A second batch within ten minutes asks for the unknown ones only."""

    async def run():
        async with world(records=70) as w:
            skus = [p["sku"] for p in w.state()["products"] if p["sku"]]
            await w.push("stocklevel", *[level(sku, 1) for sku in skus[:20]])
            lists = len(await w.asked("GET", "/quantities"))
            await w.push("stocklevel", *[level(sku, 2) for sku in skus[20:40]])
            return lists, len(await w.asked("GET", "/quantities"))

    first, both = asyncio.run(run())
    assert first == both > 0
