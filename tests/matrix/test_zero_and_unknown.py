"""Every form of "no data" and every real zero of every platform, through a flow into another platform.

The destination holds the SKU with a number of its own. What is not known ends as skipped, or never comes at all, and
that number stays; what is known is written, zero included, or is a dead letter that says why it cannot be.
"""

from __future__ import annotations

import asyncio
import itertools

import pytest

from tests.matrix.world import PLATFORMS, End, no_data_cases, world

BEFORE = 7
"""What the destination has before."""
FIRST_PLACE = "00000000-0000-0000-0000-000000000000"
KNOWN_PLACES = {"linnworks": FIRST_PLACE, "magento": "default"}
"""The place that a platform's cases are about, where it has several."""


def table():
    """(source, destination, name, edit, sku, expected, switches): each source's cases, destinations in turn."""
    for source in PLATFORMS:
        turns = itertools.cycle(each for each in PLATFORMS if each != source)
        for name, edit, sku, expected, *more in no_data_cases(source):
            yield source, next(turns), name, edit, sku, expected, dict(more[0]) if more else {}


CASES = [pytest.param(each, id=f"{each[0]}-to-{each[1]}: {each[2]}") for each in table()]


def test_every_platform_says_both():
    for source in PLATFORMS:
        expected = [case[5] for case in table() if case[0] == source]
        assert None in expected
        assert 0 in expected


@pytest.mark.parametrize("case", CASES)
def test_only_what_is_known_is_written(case, tmp_path, monkeypatch):
    source, destination, _, edit, sku, expected, switches = case

    async def run():
        left, right = End(connector=source, records=10, extra=switches), End(connector=destination, records=0)
        async with world(tmp_path, monkeypatch.setenv, left, right, ["stocklevel"]) as both:
            here, there = next(iter(both.project.flow("there").locations.items()))
            assert here == KNOWN_PLACES.get(source, here)
            both.change("right", "product_create", sku=sku, title="Held already", price="5")
            both.change("right", "stock", sku=sku, quantity=BEFORE, **({"location": there} if there else {}))
            before = await held(both, sku, there)
            both.clock.advance(1)
            edit(both.boxes["left"].control)
            counts = (await both.until_done())["stocklevel"]
            written = {
                (delivery.payload["sku"], str(outcome.result)): outcome for *_, delivery, outcome in both.told.outcomes
            }
            return counts, written, before, await held(both, sku, there), await both.letters()

    counts, written, before, after, letters = asyncio.run(run())
    assert before == BEFORE
    refused = {key: reason for _, key, reason in letters}
    if expected is None:
        assert after == BEFORE, "what is not known was written"
        assert (sku, "delivered") not in written
        assert sku not in refused
        assert counts["read"] == counts["delivered"] + counts["unchanged"] + counts["skipped"] + counts["dead"]
    elif sku in refused:
        assert after == BEFORE
        assert expected < 0 or expected % 1, refused  # a platform may know neither; a zero it knows
        assert len(refused[sku]) > 15
    else:
        assert after == expected


async def held(both, sku, place):
    """The quantity that the destination shows of a SKU at the flow's place."""
    levels = (await both.records("right", "stocklevel")).values()
    found = [each.quantity for each in levels if each.sku == sku and each.location_id in (place, None)]
    return found[0] if found else None
