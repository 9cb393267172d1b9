"""Nothing is missed: a merchant works while pages are read, the search lags, lists are cut off, seconds are shared."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pullpush_sdk.canonical import to_sparse
from pullpush_sdk.sandbox import ChangeError

TYPES = ("stocklevel", "product", "order", "contact", "invoice", "cart")
DEPTH = 7


class Merchant:
    """Random edits of everything, of few records again and again."""

    def __init__(self, shop: Any, seed: int) -> None:
        self.dice, self.change = random.Random(seed), shop.sandbox.control.change
        self.state = shop.sandbox.control.dump
        self.made = 0

    def work(self) -> None:
        """An edit or two; one that does not fit what is there is left."""
        for _ in range(self.dice.randint(0, 2)):
            edit = self.dice.choice(
                (self._stock, self._stock, self._product, self._catalogue, self._order, self._person, self._cart)
            )
            try:
                edit()
            except ChangeError:
                continue

    def _sku(self) -> str:
        known = [each["sku"] for each in self.state()["levels"] if each["sku"]]
        return str(self.dice.choice(known[:6] if self.dice.random() < 0.5 else known))

    def _stock(self) -> None:
        sku, quantity = self._sku(), self.dice.choice((None, 0, 1, 5, -1))
        if self.dice.random() < 0.2:
            self.change("track", sku=sku, tracked=self.dice.random() < 0.5)
        elif quantity is not None and self.dice.random() < 0.2:
            self.change("stock", sku=sku, quantity=quantity, active=self.dice.random() < 0.5)
        else:
            self.change("stock", sku=sku, quantity=quantity)

    def _product(self) -> None:
        sku = self._sku()
        if self.dice.random() < 0.2:
            self.made += 1
            self.change("product", sku=sku, new_sku=f"RENAMED-{self.made}")
        else:
            self.change(
                "product", sku=sku, title=f"Title {self.dice.randint(0, 9)}", price=str(self.dice.randint(1, 9))
            )

    def _catalogue(self) -> None:
        self.made += 1
        if self.dice.random() < 0.3:
            self.change("product_delete", sku=self._sku())
        elif self.dice.random() < 0.5:
            self.change("checkout", sku=self._sku())
        else:
            self.change("product_create", sku=f"MADE-{self.made}", title="Made", price="3.50")

    def _order(self) -> None:
        orders = [each["id"].rpartition("/")[2] for each in self.state()["orders"]]
        if not orders or self.dice.random() < 0.4:
            self.change("order_create", items=[{"sku": self._sku(), "quantity": 1}], email="new@example.com")
        else:
            status = self.dice.choice(("completed", "processing", "cancelled"))
            self.change("order_status", order=self.dice.choice(orders), status=status)

    def _cart(self) -> None:
        """A buyer comes back to his checkout: fills it again, or is done."""
        carts = [each["id"] for each in self.state()["checkouts"]]
        edits: tuple[dict[str, Any], ...] = (
            {"quantity": self.dice.randint(1, 9)},
            {"sku": self._sku()},
            {"completed": True},
        )
        self.change("checkout", id=self.dice.choice(carts), **self.dice.choice(edits))

    def _person(self) -> None:
        self.made += 1
        email = self.dice.choice([each["email"] for each in self.state()["customers"] if each["email"]])
        if self.dice.random() < 0.2:
            self.change("customer_delete", email=email)
        elif self.dice.random() < 0.5:
            self.change("customer", email=email, name=f"Name {self.dice.randint(0, 9)}")
        else:
            self.change("customer_create", email=f"made{self.made}@example.com", name="Made Up")


async def sweep(shop: Any, kind: str, cursor: Any, newest: dict[str, Any], between: Callable[[], None]) -> Any:
    """One sweep; of each identity the newest state is kept, as the engine's gate keeps it."""
    pages = shop.hook.pullpush_pull(connection=shop.connection, canonical_type=kind, cursor=cursor)
    async for page in pages:
        for event in page.events:
            identity = shop.connection.types[kind].identity(event.record)
            if identity not in newest or event.version >= newest[identity].version:
                newest[identity] = event
        cursor = page.cursor
        between()
    return cursor


async def snapshot(shop: Any, kind: str) -> dict[str, Any]:
    found = {}
    async for page in shop.hook.pullpush_snapshot(connection=shop.connection, canonical_type=kind):
        for event in page.events:
            found[shop.connection.types[kind].identity(event.record)] = to_sparse(event.record)
    return found


def own(record: Any) -> dict[str, Any]:
    """A record without what it shows of others: buyers, who may be deleted, and ids of products are live references."""
    shown = to_sparse(record) if not isinstance(record, dict) else dict(record)
    if "lineItems" in shown:
        shown.pop("customer", None)
        shown["lineItems"] = [
            {name: value for name, value in line.items() if name not in ("productId", "variantId")}
            for line in shown["lineItems"]
        ]
    return shown


CASES = st.tuples(
    st.integers(0, 2**20), st.sampled_from(["0", "40", "600"]), st.lists(st.integers(0, 2), min_size=1, max_size=2)
)


@pytest.mark.parametrize("kind", TYPES)
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(case=CASES)
def test_at_rest_one_more_sweep_has_delivered_the_newest_state_of_everything(
    play: Any, narrow: Any, kind: str, case: tuple[int, str, list[int]]
) -> None:
    seed, lag, gaps = case

    async def scenario(shop: Any) -> None:
        merchant, newest = Merchant(shop, seed), dict[str, Any]()

        def between() -> None:
            shop.clock.advance(merchant.dice.choice((0, 0, 0.4, 3)))
            merchant.work()

        cursor = None
        for gap in [0, *gaps]:
            shop.clock.advance((0, 1, 700)[gap])
            cursor = await sweep(shop, kind, cursor, newest, between)
        shop.clock.advance(float(lag) + 1)
        await sweep(shop, kind, cursor, newest, lambda: None)
        wanted = await snapshot(shop, kind)
        found = {key: own(newest[key].record) if key in newest else None for key in wanted}
        assert found == {key: own(each) for key, each in wanted.items()}

    extra = {"index_lag": lag, "depth_limit": str(DEPTH), "locations": "2", "default_status": "active"}
    play(scenario, loaded=narrow(4, DEPTH), records=10, seed=seed % 7, extra=extra)


def test_a_checkout_tells_its_own_changes_and_not_those_of_its_buyer(play: Any, narrow: Any) -> None:
    """What a deleted customer leaves behind is seen by comparing, and told with the checkout's next change."""

    async def scenario(shop: Any) -> None:
        made = await shop.change("customer_create", email="gone@example.com", name="Soon Gone")
        assert made
        sku = next(each["sku"] for each in (await shop.state())["levels"] if each["sku"])
        cart = (await shop.change("checkout", sku=sku, email="gone@example.com"))["key"]
        newest: dict[str, Any] = {}
        cursor = await sweep(shop, "cart", None, newest, lambda: None)
        assert newest[cart].record.customer.email == "gone@example.com"
        for _ in range(2):  # a sweep goes back to the beginning of the one before, and over its overlap
            shop.clock.advance(3600)
            cursor = await sweep(shop, "cart", cursor, newest, lambda: None)
        await shop.change("customer_delete", email="gone@example.com")
        again: dict[str, Any] = {}
        cursor = await sweep(shop, "cart", cursor, again, lambda: None)
        assert cart not in again
        assert "customer" not in (await snapshot(shop, "cart"))[cart]
        await shop.change("checkout", id=cart, quantity=3)
        await sweep(shop, "cart", cursor, again, lambda: None)
        assert to_sparse(again[cart].record) == (await snapshot(shop, "cart"))[cart]
        assert again[cart].record.line_items[0].quantity == 3

    play(scenario, loaded=narrow(4, DEPTH), records=10)


@pytest.mark.parametrize("kind", ["product", "order", "stocklevel"])
def test_changes_beyond_the_depth_of_a_filtered_list_are_all_read(play: Any, narrow: Any, kind: str) -> None:
    """A sweep after a change of everything, in a shop that shows seven records of a filtered list."""

    async def scenario(shop: Any) -> None:
        _, _, cursor = await shop.pull(kind)
        shop.clock.advance(3600)
        everything = await snapshot(shop, kind)
        for each in (await shop.state())["products"]:
            for variant in each["variants"]:
                if variant["sku"]:
                    await shop.change("product", sku=variant["sku"], title="All new")
                    await shop.change("stock", sku=variant["sku"], quantity=3)
            shop.clock.advance(1)
        for each in (await shop.state())["orders"]:
            await shop.change("order", id=each["name"], note="All new")
        events, _, _ = await shop.pull(kind, cursor)
        changed = {shop.connection.types[kind].identity(event.record) for event in events}
        assert changed == set(everything)
        assert len(everything) > 2 * DEPTH

    play(scenario, loaded=narrow(3, DEPTH), records=34, extra={"depth_limit": str(DEPTH)})


def test_a_resumed_sweep_goes_on_where_it_stood(play: Any, narrow: Any) -> None:
    """A reader that starts anew at every page, in the middle of windows of a cut list."""

    async def scenario(shop: Any) -> None:
        found, cursor, done = set(), None, False
        while not done:
            pages = shop.hook.pullpush_pull(connection=shop.connection, canonical_type="product", cursor=cursor)
            async for page in pages:
                found |= {event.record.sku for event in page.events}
                cursor, done = page.cursor, page.done
                break
            await pages.aclose()
        assert found == set(await snapshot(shop, "product"))

    play(scenario, loaded=narrow(3, DEPTH), records=30, extra={"depth_limit": str(DEPTH)})
