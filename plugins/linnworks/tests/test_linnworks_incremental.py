"""Nothing is missed while the merchant edits between pages: at rest, one more sweep has brought the newest state."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

DEFAULT = "00000000-0000-0000-0000-000000000000"
KINDS = ("stocklevel", "product", "order", "contact")


class Reader:
    """Keeps the newest version of each identity, as an engine does, and cursors across sweeps."""

    def __init__(self, account, chance):
        self.account, self.chance = account, chance
        self.cursors = dict.fromkeys(KINDS)
        self.known = {kind: {} for kind in KINDS}

    async def sweep(self, kind, edit):
        """One sweep; edits fall between its pages, and it may be broken off."""
        loaded, connection = self.account.loaded, self.account.connection
        pages = loaded.hook.pullpush_pull(connection=connection, canonical_type=kind, cursor=self.cursors[kind])
        async for page in pages:
            identity = connection.types[kind].identity
            for event in page.events:
                held = self.known[kind].get(identity(event.record))
                if held is None or held.version <= event.version:
                    self.known[kind][identity(event.record)] = event
            assert not page.rejects
            self.cursors[kind] = page.cursor
            connection.clock.advance(self.chance.choice([0, 0, 1]))
            for _ in range(self.chance.choice([0, 0, 1, 3])):
                edit()
            if edit is not quiet and not page.done and self.chance.random() < 0.1:
                await pages.aclose()
                return


def quiet():
    """Nobody edits."""


def merchant(account, chance):
    made = iter(range(10_000))

    def edit():
        state = account.state()
        items = [i for i in state["items"] if not i["_archived"] and not i["IsVariationParent"]]
        orders = [o for o in state["orders"] if not o["Processed"]]
        sku = chance.choice(items)["ItemNumber"]
        kind = chance.randrange(9)
        if kind == 0:
            account.change("stock", sku=sku, location=DEFAULT, quantity=chance.choice([0, 5, None]))
        elif kind == 1:
            account.change("stock", sku=sku, location=DEFAULT, in_orders=chance.randrange(5))
        elif kind == 2:
            account.change("product", sku=sku, title=f"T{next(made)}", price=chance.randrange(99))
        elif kind == 3:
            account.change("product_create", sku=f"N-{next(made)}", title="New", price=1)
        elif kind == 4 and len(items) > 5:
            account.change("product_delete", sku=sku)
        elif kind == 5:
            account.change("order_create", items=[{"sku": sku, "quantity": 1}], email=f"b{next(made) % 7}@example.com")
        elif kind == 6 and orders:
            status = chance.choice(["completed", "cancelled", "processing", "on_hold"])
            account.change("order_status", order=chance.choice(orders)["OrderId"], status=status)
        elif kind == 7 and orders:
            email = chance.choice(orders)["CustomerInfo"]["Address"]["EmailAddress"]
            account.change("customer", email=email, name=f"Name {next(made)}")
        else:
            account.change("customer_create", email=f"c{next(made)}@example.com", name="C")

    return edit


def compare(account, known):
    state = account.state()
    items = {i["ItemNumber"]: i for i in state["items"] if not i["_archived"] and not i["IsVariationParent"]}
    for sku, item in items.items():
        record = known["product"][sku].record
        assert (record.title, record.price) == (item["ItemTitle"], Decimal(str(item["RetailPrice"])))
        for row in item["_levels"]:
            if row["location"] == DEFAULT:
                level = known["stocklevel"][f"{sku}|{DEFAULT}"].record
                counted = row["StockLevel"] - row["InOrders"] if row["MinimumLevel"] >= 0 else None
                assert level.quantity == counted
    names = {}
    for order in state["orders"]:
        event = known["order"][order["OrderId"]]
        over = "cancelled" if order["_cancelled"] else "shipped" if order["Processed"] else None
        parked = order["GeneralInfo"]["IsParked"]
        assert event.record.status == (over or event.record.status)
        assert over or (event.record.status == "on_hold") == (parked and order["GeneralInfo"]["Status"] == 1)
        address = order["CustomerInfo"]["Address"]
        names[address["EmailAddress"].casefold()] = address["FullName"]
    assert {key: known["contact"][key].record.name for key in names} == names


@pytest.mark.parametrize("search", ["kept", "live"])
@pytest.mark.parametrize("stamps", ["ticks", "seconds"])
@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_a_last_sweep_has_everything(play_plain, search, stamps, seed):
    """Pages shift, records tie in one second, sweeps are broken off, clocks differ."""

    async def scenario(account):
        edit, reader = merchant(account, chance), Reader(account, chance)
        for _ in range(4):
            for kind in KINDS:
                await reader.sweep(kind, edit)
                account.connection.clock.advance(chance.choice([0, 1, 900]))
        for kind in KINDS:
            await reader.sweep(kind, quiet)  # may end what was broken off
            await reader.sweep(kind, quiet)
        compare(account, reader.known)

    chance = random.Random(seed)
    extra = {"search": search, "stamps": stamps, "shuffle": chance.choice(["false", "true"])}
    play_plain(scenario, records=240, extra=extra, skew=chance.choice([-3600, 0, 3600]), page=30)


def test_a_sweep_that_lost_an_order_to_a_shift_starts_again_where_it_did(play):
    """An order that changes moves behind the last page, and pushes another one onto a page that was read."""

    async def scenario(account):
        pages = account.hook.pullpush_pull(connection=account.connection, canonical_type="order", cursor=None)
        first = await anext(pages)
        moved = first.events[0].record.order_id
        account.connection.clock.advance(5)
        account.change(
            "order", number=next(o["NumOrderId"] for o in account.state()["orders"] if o["OrderId"] == moved)
        )
        rest = [page async for page in pages]
        seen = {e.record.order_id for page in (first, *rest) for e in page.events}
        assert len(seen) == len(account.state()["orders"]) - 1
        assert rest[-1].cursor == {}
        events = await account.snapshot("order")
        assert len({e.record.order_id for e in events}) == len(account.state()["orders"])

    play(scenario, records=800, extra={"search": "live"})
