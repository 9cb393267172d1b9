"""Reading on while the shop changes: at rest, one more sweep has delivered the newest state of every record."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pullpush_sdk.sandbox import ChangeError

SKUS = ["MG-0000", "MG-0001", "MG-0003", "MG-0004-R", "MG-0005", "NEW-1", "NEW-2"]
EDITS = st.one_of(
    st.tuples(
        st.just("stock"), st.sampled_from(SKUS), st.sampled_from([None, 0, 3, 8]), st.sampled_from(["default", "east"])
    ),
    st.tuples(st.just("product"), st.sampled_from(SKUS), st.integers(1, 9)),
    st.tuples(st.just("sale"), st.sampled_from(SKUS), st.integers(1, 9), st.none() | st.integers(1, 9)),
    st.tuples(
        st.just("offer"),
        st.sampled_from(SKUS),
        st.sampled_from([None, 0, 0.5]),
        st.sampled_from([None, "2026-03-02 06:05:00", "2026-03-03"]),
        st.sampled_from([None, "2026-03-03 06:20:00", "2026-03-04"]),
    ),
    st.tuples(st.just("product_create"), st.sampled_from(SKUS[-2:]), st.integers(1, 9)),
    st.tuples(st.just("product_delete"), st.sampled_from(SKUS)),
    st.tuples(st.just("order_create"), st.sampled_from(SKUS[:1])),
    st.tuples(st.just("order_status"), st.integers(1, 6), st.sampled_from(["completed", "cancelled", "processing"])),
    st.tuples(st.just("customer"), st.integers(0, 3), st.sampled_from(["Ann Lee", "Bo Li"])),
    st.tuples(st.just("customer_create"), st.integers(7, 8), st.sampled_from(["Ann Lee", "Bo Li"])),
    st.tuples(st.just("customer_delete"), st.integers(0, 8)),
    st.tuples(st.just("clock"), st.sampled_from([0.0, 0.4, 1.0, 700.0, 43_200.0])),
)
KINDS = ("stocklevel", "product", "order", "contact", "invoice", "cart")


def _edit(shop: Any, edit: tuple[Any, ...]) -> None:
    """One edit by the merchant; what does not fit the shop as it is now is no edit."""
    kind, *values = edit
    if kind == "clock":
        shop.connection.clock.advance(values[0])
        return
    named = {
        "stock": lambda sku, quantity, place: {"sku": sku, "quantity": quantity, "location": place},
        "product": lambda sku, price: {"sku": sku, "price": price, "title": f"T{price}"},
        "sale": lambda sku, price, before: {"sku": sku, "price": price, "compare_at": before},
        "offer": lambda sku, price, first, last: {
            "sku": sku,
            "special_price": price,
            "special_from_date": first,
            "special_to_date": last,
        },
        "product_create": lambda sku, price: {"sku": sku, "price": price, "title": "T"},
        "product_delete": lambda sku: {"sku": sku},
        "order_create": lambda sku: {"items": [{"sku": sku, "quantity": 1}]},
        "order_status": lambda order, status: {"order": str(order), "status": status},
        "customer": lambda number, name: {"email": f"ada{number}@example.com", "name": name},
        "customer_create": lambda number, name: {"email": f"ada{number}@example.com", "name": name},
        "customer_delete": lambda number: {"email": f"ada{number}@example.com"},
    }[kind](*values)
    try:
        shop.change({"sale": "product", "offer": "product"}.get(kind, kind), **named)
    except ChangeError:
        return


class Log:
    """What a destination would hold: per identity the state with the highest version, the later one among equals."""

    def __init__(self, shop: Any) -> None:
        self._shop, self.cursors, self.held = shop, dict.fromkeys(KINDS), {kind: {} for kind in KINDS}

    async def sweep(self, kind: str, edits: list[tuple[Any, ...]]) -> None:
        """One sweep; an edit falls between each two of its pages."""
        types = self._shop.connection.types
        pages = self._shop.hook.pullpush_pull(
            connection=self._shop.connection, canonical_type=kind, cursor=self.cursors[kind]
        )
        async for page in pages:
            assert not page.rejects
            for event in page.events:
                identity = types[kind].identity(event.record)
                known = self.held[kind].get(identity)
                if known is None or event.version >= known[0]:
                    self.held[kind][identity] = (event.version, event.record)
            self.cursors[kind] = page.cursor
            if edits:
                _edit(self._shop, edits.pop())


@given(edits=st.lists(EDITS, max_size=24), rounds=st.integers(1, 2), size=st.sampled_from([4, 5]))
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_is_missed_while_the_shop_changes(play, edits, rounds, size):
    """Rows that come, go and move while pages are read, ties within a second, clocks that jump between sweeps."""

    async def scenario(shop):
        log, left = Log(shop), list(edits)
        for _ in range(rounds):
            for kind in KINDS:
                await log.sweep(kind, left)
        while left:
            _edit(shop, left.pop())
        for kind in KINDS:
            await log.sweep(kind, [])
        for kind in KINDS:
            identity = shop.connection.types[kind].identity
            fresh = Log(shop)
            await fresh.sweep(kind, [])
            for name, (_, record) in fresh.held[kind].items():
                assert log.held[kind].get(name, (0, None))[1] == record, (kind, name, identity(record))

    play(scenario, records=8, settings={"page_size": size})


@pytest.mark.parametrize("kind", ["product", "order", "contact", "invoice"])
def test_a_row_that_vanishes_shifts_no_other(play, kind):
    """Pages are asked for by key: what is deleted while the list is read hides nobody."""

    async def scenario(shop):
        pages = shop.hook.pullpush_pull(connection=shop.connection, canonical_type=kind, cursor=None)
        whole = [event.record for event in (await shop.pull(kind))[0]]
        seen, first = [], True
        async for page in pages:
            seen += [event.record for event in page.events]
            if first:
                first = False
                shop.change("product_delete", sku="MG-0000")
                shop.change("customer_delete", email="ada0@example.com")
        assert seen == whole

    play(scenario, records=24, settings={"page_size": 3})


def test_a_sweep_asks_for_what_changed_since_the_last_one_began(play):
    """In the platform's own writing of UTC, less ten minutes for clocks that differ."""

    async def scenario(shop):
        _, _, cursor = await shop.pull("order")
        shop.connection.clock.advance(7200)
        shop.change("order", increment_id="000000001", state="complete")
        events, _, _ = await shop.pull("order", cursor)
        assert [(e.record.order_number, e.record.status) for e in events] == [("000000001", "completed")]
        assert "2026-03-02%2011%3A50%3A00" in (await shop.calls("/orders"))[-1]["query"]

    play(scenario, records=14)


def test_a_clock_that_is_minutes_behind_loses_nothing(play):
    """The shop stamps by its own clock: changes of the last ten minutes before a sweep are read again."""

    async def scenario(shop):
        _, _, cursor = await shop.pull("order")
        order = next(each for each in shop.state()["orders"] if each["entity_id"] == 1)
        order |= {"state": "complete", "updated_at": "2026-03-02 11:51:00"}  # stamped by a clock that is slow
        events, _, _ = await shop.pull("order", cursor)
        assert [event.record.status for event in events if event.record.order_id == "1"] == ["completed"]

    play(scenario, records=4)


def test_a_child_whose_parent_is_gone_is_told_as_a_product_of_its_own(play):
    """Its own time stands still: the cursor knows who was a child, in its plain form as well."""

    async def scenario(shop):
        _, _, cursor = await shop.pull("product")
        shop.connection.clock.advance(7200)
        shop.change("product_delete", sku="MG-0004")
        events, rejects, cursor = await shop.pull("product", json.loads(json.dumps(cursor)))
        assert not rejects
        assert [event.record.sku for event in events] == ["MG-0004-R", "MG-0004-B"]
        assert not (await shop.pull("product", cursor))[0]

    play(scenario, records=8)
