"""Stock kept equal in both directions between any two platforms: after the last outside change both are silent."""

from __future__ import annotations

import asyncio
import itertools
import random

import pytest

from tests.matrix import compared
from tests.matrix.world import PLATFORMS, End, world

SKUS = [f"TW-{number}" for number in range(5)]
DEFAULT = "00000000-0000-0000-0000-000000000000"
READS = ("GET", "HEAD")


class Kind:
    """A platform in one of the ways in which it keeps stock."""

    def __init__(self, name, connector, *, settings=None, extra=None, orders=None):
        self.name, self.connector, self.settings, self.extra = name, connector, settings or {}, extra or {}
        self.orders = orders  # an edit that changes what open orders have taken

    def end(self, seed):
        return End(connector=self.connector, records=0, seed=seed, settings=self.settings, extra=self.extra)


def _taken(control, sku, number):
    control.change("stock", sku=sku, location=DEFAULT, in_orders=number)


AVAILABLE = Kind("linnworks", "linnworks", orders=_taken)
LEVEL = Kind("linnworks-level", "linnworks", settings={"stock_basis": "level"}, orders=_taken)
MSI = Kind("magento", "magento", extra={"inventory": "sources"})
LEGACY = Kind("magento-legacy", "magento", extra={"inventory": "legacy"})
SHOPIFY = Kind("shopify", "shopify")
SALLA = Kind("salla", "salla", extra={"branches": "2"})
PLAIN = (AVAILABLE, MSI, SALLA, SHOPIFY)
PAIRS = [
    *itertools.combinations_with_replacement(PLAIN, 2),
    *((LEVEL, other) for other in (LEVEL, *PLAIN)),
    *((LEGACY, other) for other in (LEGACY, *PLAIN)),
]


def writes(both):
    """What changes stock at either side: requests that write, told apart from GraphQL queries by their text."""
    found = []
    for side, box in both.boxes.items():
        for entry in box.control.log.after(0):
            body = entry.get("body")
            query = body.get("query", "") if isinstance(body, dict) else ""
            path = entry["path"].rsplit("/", 1)[-1]
            is_stock = (
                path in ("SetStockLevel", "bulk", "source-items", "inventory") or "stockItems" in entry["path"]
            ) and entry["method"] not in READS
            if is_stock or "mutation" in query:
                found.append((side, entry["n"]))
    return found


async def stock_of(both, side):
    flow = both.project.flow("there")
    here, there = next(iter(flow.locations.items()))
    levels = compared.stocklevel((await both.records(side, "stocklevel")).values(), here if side == "left" else there)
    return {sku: levels.get(sku) for sku in SKUS}


async def rest(both, *, most=8):
    """Rounds until one writes nothing; how many that took."""
    for number in range(most):
        before = len(writes(both))
        for flow in ("there", "back"):
            await both.until_done(flow)
            both.clock.advance(5)
        if len(writes(both)) == before:
            return number
    raise AssertionError(f"after {most} rounds both sides still write: {writes(both)[-4:]}")


def edit(both, kinds, chance, number):
    """A merchant's change on either side, or an order that takes pieces."""
    side = chance.choice(["left", "right"])
    kind, sku = kinds[side], chance.choice(SKUS)
    both.clock.advance(1)
    control = both.boxes[side].control
    if kind.orders and number % 3 == 0:
        kind.orders(control, sku, chance.randrange(4))
    else:
        here, there = next(iter(both.project.flow("there").locations.items()))
        place = here if side == "left" else there
        control.change(
            "stock",
            sku=sku,
            quantity=chance.choice([0, chance.randrange(5, 90)]),
            **({"location": place} if place else {}),
        )


async def play(folder, setenv, left, right, seed):
    chance, kinds = random.Random(seed), {"left": left, "right": right}
    async with world(folder, setenv, left.end(seed), right.end(seed + 1), ["stocklevel"], back=True) as both:
        here, there = next(iter(both.project.flow("there").locations.items()))
        for side, place in (("left", here), ("right", there)):
            for number, sku in enumerate(SKUS):
                both.change(side, "product_create", sku=sku, title=sku, price="5")
                both.change(side, "stock", sku=sku, quantity=10 + number, **({"location": place} if place else {}))
        await rest(both)
        for number in range(8):
            edit(both, kinds, chance, number)
            if chance.random() < 0.5:
                await both.until_done(chance.choice(["there", "back"]))
        await rest(both)
        before = len(writes(both))
        for _ in range(3):
            for flow in ("there", "back"):
                both.clock.advance(60)
                await both.until_done(flow)
        after = len(writes(both))
        delivered = [outcome for *_, outcome in both.told.outcomes if str(outcome.result) == "delivered"]
        shown = [await stock_of(both, "left"), await stock_of(both, "right")]
        return before, after, delivered, shown, await both.letters()


def judge(folder, setenv, left, right, seed):
    before, after, delivered, (here, there), letters = asyncio.run(play(folder, setenv, left, right, seed))
    assert delivered, "nothing went over"
    assert before > 0
    assert after == before, "somebody wrote at rest"
    # Below zero is what one platform may show of what orders have taken, and another does not take.
    refused = {key for _, key, _ in letters}
    assert all("below zero" in reason for _, _, reason in letters), letters
    assert {sku: here[sku] for sku in SKUS if sku not in refused} == {
        sku: there[sku] for sku in SKUS if sku not in refused
    }
    assert None not in here.values()


@pytest.mark.parametrize(("left", "right"), [pytest.param(*p, id=f"{p[0].name}-and-{p[1].name}") for p in PAIRS])
def test_both_sides_come_to_rest(left, right, tmp_path, monkeypatch):
    judge(tmp_path, monkeypatch.setenv, left, right, seed=3)


@pytest.mark.full
@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", range(10, 16))
@pytest.mark.parametrize(("left", "right"), [pytest.param(*p, id=f"{p[0].name}-and-{p[1].name}") for p in PAIRS])
def test_matrix_comes_to_rest_with_other_histories(left, right, seed, tmp_path, monkeypatch):
    judge(tmp_path, monkeypatch.setenv, left, right, seed)


def test_every_platform_meets_every_other_one():
    met = {frozenset((left.connector, right.connector)) for left, right in PAIRS}
    assert len(met) == len(list(itertools.combinations_with_replacement(PLATFORMS, 2)))
