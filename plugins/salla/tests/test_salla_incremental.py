"""Reading misses nothing: the merchant edits between the pages, and one more sweep completes the picture."""

from __future__ import annotations

import asyncio
import random

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from pullpush_sdk.canonical import to_wire


def edits(w, rng, kind):
    """A handful of random edits in the words that every sandbox understands.

    A customer's new name shows in the orders of before, which do not count as changed by that: such edits are left
    out where orders are read.
    """
    control, state = w.sandbox.control, w.sandbox.control.dump()
    skus = [row["sku"] for row in state["products"] if row["sku"]]
    orders = [row["id"] for row in state["orders"]]
    mails = [row["email"] for row in state["customers"] if row["email"]]
    number = rng.randrange(10**6)
    kinds = {
        "stock": {"sku": rng.choice(skus), "quantity": rng.choice([None, 0, 3, 8])},
        "product": {"sku": rng.choice(skus), "title": f"Edited {number}", "price": rng.randrange(1, 99)},
        "product_create": {"sku": f"NEW-{number}", "title": "New", "price": 5},
        "product_delete": {"sku": rng.choice(skus)},
        "order_status": {"order": str(rng.choice(orders)), "status": rng.choice(["completed", "processing"])},
        "order_delete": {"order": str(rng.choice(orders))},
        "customer": {"email": rng.choice(mails), "name": f"Edited {number}"},
        "customer_create": {"email": f"n{number}@example.com", "name": "New Buyer"},
        "customer_delete": {"email": rng.choice(mails)},
    }
    if kind == "order":
        del kinds["customer"]
    for name in rng.sample(sorted(kinds), rng.randrange(0, 4)):
        # Two edits of one round may be of one record: what is gone cannot be edited any more.
        if name.endswith("_create") or not _is_gone(w, kinds[name]):
            control.change(name, **kinds[name])


def _is_gone(w, values):
    state = w.sandbox.control.dump()
    known = {row["sku"] for row in state["products"]} | {str(row["id"]) for row in state["orders"]}
    known |= {row["email"] for row in state["customers"]}
    named = values.get("sku") or values.get("order") or values.get("email")
    return named not in known


async def sweep(w, kind, cursor, newest, rng=None):
    """One sweep; the newest state of each identity goes into `newest`; edits happen after each page."""
    identity = w.connection.types[kind].identity
    hook = w.loaded.hook.pullpush_pull
    async for page in hook(connection=w.connection, canonical_type=kind, cursor=cursor):
        cursor = page.cursor
        for event in page.events:
            key = identity(event.record)
            if key not in newest or event.version >= newest[key].version:
                newest[key] = event
        if rng is not None:
            edits(w, rng, kind)
    return cursor


@pytest.mark.parametrize("order", ["newest", "oldest"])
@pytest.mark.parametrize("kind", ["stocklevel", "product", "order", "contact"])
@given(seed=st.integers(0, 10**6))
@settings(max_examples=3, deadline=None, phases=[Phase.generate])
def test_a_store_that_changes_under_the_reader_is_known_whole_after_one_more_sweep(world_now, kind, order, seed):
    """Created, edited and deleted while pages are read, whichever way lists are sorted; the clock moves in seconds."""

    async def run():
        rng, newest = random.Random(seed), {}
        async with world_now(
            records=130, rate_limits=False, seed=seed, extra={"list_order": order, "branches": "2"}
        ) as w:
            cursor = None
            for _ in range(2):
                cursor = await sweep(w, kind, cursor, newest, rng)
            await sweep(w, kind, cursor, newest)
            held = {}
            await sweep(w, kind, None, held)
            return newest, held

    newest, held = asyncio.run(run())
    assert held
    assert {key: to_wire(newest[key].record) for key in held} == {
        key: to_wire(each.record) for key, each in held.items()
    }


def test_orders_of_one_second_are_all_read(world):
    """Many changes in the second in which a sweep began."""

    async def run():
        async with world(records=10) as w:
            cursor = (await w.pages("order"))[-1].cursor
            ids = {w.change("order_create", items=[{"sku": "SKU-00001", "quantity": 1}])["key"] for _ in range(40)}
            return ids, {record.order_id for record in await w.read("order", cursor)}

    ids, read = asyncio.run(run())
    assert ids <= read
