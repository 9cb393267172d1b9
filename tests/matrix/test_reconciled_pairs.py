"""After a sync and a reconcile nothing differs between two platforms but what the destination refused."""

import asyncio

import pytest

from pullpush_sdk.flows import compare_flow, reconcile_flow
from pullpush_sdk.http import Redactor
from tests.matrix.test_sixteen_pairs import sellable
from tests.matrix.world import ORDERS_ALLOWED, End, shared_types, world


async def differences(both):
    """Type to the keys that a reconcile would deliver, and the counts of the comparison."""
    here = (both.project, both.plugins, both.engine, both.project.flow("there"))
    async with compare_flow(*here, redactor=Redactor(), clock=both.clock) as comparison:
        return {
            each.type: ({found.key for kind in ("added", "changed") for found in each.differences(kind)}, each.counts)
            for each in comparison.types
        }


async def reconciled(folder, source, destination, setenv):
    """What differs after a sync and a reconcile, the keys of dead letters, a further reconcile's report, and the types
    of which something was written.
    """
    left = End(connector=source, records=12)
    right = End(connector=destination, records=0, seed=1, settings=ORDERS_ALLOWED.get(destination, {}))
    async with world(folder, setenv, left, right, shared_types(source, destination)) as both:
        for sku in await sellable(both):  # beside what is seeded: orders that every platform can take
            both.change("left", "order_create", items=[{"sku": sku, "quantity": 1}], email="b@example.com")
        await both.until_done()
        here = (both.project, both.plugins, both.engine, both.project.flow("there"))
        await reconcile_flow(*here, redactor=Redactor(), max_wait=3600, clock=both.clock)
        found = await differences(both)
        again = await reconcile_flow(*here, redactor=Redactor(), max_wait=3600, clock=both.clock)
        written = {kind for _, kind, _, outcome in both.told.outcomes if outcome.result == "delivered"}
        return found, {(kind, key) for kind, key, _ in await both.letters()}, again, written


@pytest.mark.timeout(120)
@pytest.mark.parametrize(("source", "destination"), [("salla", "shopify"), ("shopify", "magento")])
def test_only_what_was_refused_differs(source, destination, tmp_path, monkeypatch):
    found, dead, again, written = asyncio.run(reconciled(tmp_path, source, destination, monkeypatch.setenv))
    assert written == set(found) == set(shared_types(source, destination))
    for kind, (keys, counts) in found.items():
        assert {(kind, key) for key in keys} <= dead, (kind, counts)
        assert counts["equal"] + counts["held"] > 0, (kind, counts)
    assert again.error is None
    for counts in again.counts.values():
        assert counts["delivered"] == 0
