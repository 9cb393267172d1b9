"""Two records of a source with one SKU: both are named, neither overwrites the other, and a mend loses nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pullpush_sdk.canonical import Product, StockLevel
from pullpush_sdk.connector import Event, Outcome, Page, Verb
from pullpush_sdk.engine.locations import LocationPlan
from pullpush_sdk.engine.ports import Counts, DeadFilter, Engine
from pullpush_sdk.testing.clock import VirtualClock
from pullpush_sdk.testing.engine_laws.bench import Bench, flow_of

from .sqlite_engine import SqliteUnderTest

PRODUCTS = flow_of("product")
STOCK = flow_of("stocklevel")


def told(native: str | None, sku: str, title: str, version: int, verb: Verb = Verb.UPDATED, **more: Any) -> Event:
    record = Product(sku=sku, title=title)
    return Event(type="product", record=record, version=version, native_id=native, verb=verb, **more)


def level(native: str, sku: str, quantity: int | None, version: int, location: str | None = None) -> Event:
    record = StockLevel(sku=sku, quantity=quantity, location_id=location)
    return Event(type="stocklevel", record=record, version=version, native_id=native)


def on_bench(tmp_path, case: Callable[[Bench], Awaitable[None]]) -> None:
    async def run() -> None:
        async with Bench(SqliteUnderTest(tmp_path)) as bench:
            await case(bench)

    asyncio.run(run())


async def letters(bench: Bench) -> list[str]:
    return [each.reason for each in await bench.engine.dead_letters()]


async def ask(bench: Bench, flow, found: dict[str, Any] | None, which="new") -> int:
    kind = flow.types[0]
    asked = await bench.engine.suspects(flow, kind, which=which)
    return await bench.engine.settle_suspects(flow, kind, asked, found)


def test_the_one_that_holds_a_sku_goes_on_and_the_other_is_a_dead_letter_that_names_both(tmp_path):
    async def case(bench: Bench) -> None:
        await bench.append(PRODUCTS, told("gid://p/1", "A", "Red shirt", 10))
        page = [told("gid://p/2", "A", "Blue shirt", 20), told("gid://p/3", "B", "Hat", 5)]
        counts = await bench.append(PRODUCTS, *page)
        assert (counts.dead, counts.clashed, counts.waiting) == (1, 1, 1)
        await bench.append(PRODUCTS, told("gid://p/1", "A", "Red shirt!", 30))
        await bench.drain(PRODUCTS)
        assert bench.destination.state["A"]["title"] == "Red shirt!"
        assert all("Blue" not in str(write.payload) for write in bench.destination.writes)
        (letter,) = await bench.engine.dead_letters()
        for part in ("'A'", '1 "Red shirt"', '2 "Blue shirt"', "another SKU", "retry"):
            assert part in letter.reason
        assert (letter.key, letter.payload["title"], letter.mapped) == ("A", "Blue shirt", True)
        (group,) = await bench.engine.dead_groups()
        assert group.kind == "clash"
        await bench.tally(PRODUCTS)

    on_bench(tmp_path, case)


def test_two_that_come_together_are_both_dead_letters_since_neither_was_there_first(tmp_path):
    async def case(bench: Bench) -> None:
        page = [told("1", "A", "Red", 10), told("2", "A", "Blue", 20)]
        assert (await bench.append(PRODUCTS, *page)).clashed == 2
        for _ in range(2):  # a sweep that shows everything each time tells nothing new
            counts = await bench.append(PRODUCTS, *page)
            assert (counts.repeat, counts.dead) == (2, 0)
        later = await bench.append(PRODUCTS, told("2", "A", "Blue!", 30))
        assert later.dead == 1
        await bench.drain(PRODUCTS)
        assert not bench.destination.writes
        assert len(await letters(bench)) == 2
        await bench.append(PRODUCTS, told("1", "A1", "Red", 40))
        await bench.drain(PRODUCTS)
        assert {sku: each["title"] for sku, each in bench.destination.state.items()} == {"A": "Blue!", "A1": "Red"}
        assert not await letters(bench)
        await bench.tally(PRODUCTS)

    on_bench(tmp_path, case)


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("first", ["left", "right"])
def test_a_sku_that_moves_from_one_record_to_another_is_no_clash(tmp_path, together, first):
    async def case(bench: Bench) -> None:
        await bench.append(PRODUCTS, told("1", "A", "Red", 10), told("2", "B", "Blue", 10))
        await bench.drain(PRODUCTS)
        moves = [told("1", "A1", "Red", 20), told("2", "A", "Blue", 21)]
        if first == "right":
            moves.reverse()
        if together:
            await bench.append(PRODUCTS, *moves)
        else:
            for each in moves:
                await bench.append(PRODUCTS, each)
        await bench.drain(PRODUCTS)
        assert bench.destination.state["A"]["title"] == "Blue"
        assert bench.destination.state["A1"]["title"] == "Red"
        assert not await letters(bench)
        await bench.tally(PRODUCTS)

    on_bench(tmp_path, case)


def test_two_records_may_exchange_their_skus(tmp_path):
    async def case(bench: Bench) -> None:
        await bench.append(PRODUCTS, told("1", "A", "Red", 10), told("2", "B", "Blue", 10))
        await bench.append(PRODUCTS, told("1", "B", "Red", 20))
        assert len(await letters(bench)) == 1
        await bench.append(PRODUCTS, told("2", "A", "Blue", 21))
        await bench.drain(PRODUCTS)
        assert {sku: each["title"] for sku, each in bench.destination.state.items()} == {"A": "Blue", "B": "Red"}
        assert not await letters(bench)

    on_bench(tmp_path, case)


def test_one_deleted_and_made_again_under_the_same_sku_is_no_clash(tmp_path):
    async def case(bench: Bench) -> None:
        await bench.append(PRODUCTS, told("1", "A", "Red", 10))
        await bench.append(PRODUCTS, told("1", "A", "Red", 20, Verb.DELETED))  # ignored by the flow, and still heard
        counts = await bench.append(PRODUCTS, told("2", "A", "Red", 30))
        assert (counts.waiting, counts.dead) == (1, 0)
        await bench.append(PRODUCTS, told("3", "A", "New", 40))  # nobody told that 2 is gone: the source is asked
        assert len(await letters(bench)) == 1
        assert await ask(bench, PRODUCTS, {"3": Product(sku="A", title="New")}) == 1
        await bench.drain(PRODUCTS)
        assert bench.destination.state["A"]["title"] == "New"
        assert not await letters(bench)
        await bench.tally(PRODUCTS)

    on_bench(tmp_path, case)


def test_the_deletion_of_one_of_two_deletes_nothing_of_the_other(tmp_path):
    flow = flow_of("product", on_delete="delete")

    async def case(bench: Bench) -> None:
        await bench.append(flow, told("1", "A", "Red", 10))
        await bench.append(flow, told("2", "A", "Blue", 20))
        await bench.append(flow, told("2", "A", "Blue", 30, Verb.DELETED))
        assert not await letters(bench)
        await bench.append(flow, told("3", "A", "Green", 40))
        await bench.append(flow, told("1", "A", "Red", 50, Verb.DELETED))
        await bench.drain(flow)
        assert [write.verb for write in bench.destination.writes] == ["updated", "updated"]
        assert bench.destination.state["A"]["title"] == "Green"
        await bench.append(flow, told("3", "A", "Green", 60, Verb.DELETED))
        await bench.drain(flow)
        assert bench.destination.writes[-1].verb == "deleted"
        await bench.tally(flow)

    on_bench(tmp_path, case)


def test_what_is_told_in_the_meantime_is_not_lost_whatever_its_version(tmp_path):
    async def case(bench: Bench) -> None:
        await bench.append(PRODUCTS, told("1", "A", "Red", 1_000))
        await bench.drain(PRODUCTS)
        await bench.append(PRODUCTS, told("2", "A", "Blue", 3))  # revisions of two records are not comparable
        await bench.append(PRODUCTS, told("1", "A1", "Red", 1_001))
        await bench.drain(PRODUCTS)
        assert bench.destination.state["A"]["title"] == "Blue"
        await bench.append(PRODUCTS, told("2", "A", "Blue!", 4))
        await bench.drain(PRODUCTS)
        assert bench.destination.state["A"]["title"] == "Blue!"
        await bench.append(PRODUCTS, told("1", "A", "Late", 999))
        await bench.drain(PRODUCTS)
        assert bench.destination.state["A"]["title"] == "Blue!"
        assert not await letters(bench)

    on_bench(tmp_path, case)


def test_while_a_state_of_the_last_holder_waits_the_next_one_goes_behind_it(tmp_path):
    async def case(bench: Bench) -> None:
        await bench.append(PRODUCTS, told("1", "A", "Red", 1_000))
        await bench.append(PRODUCTS, told("2", "A", "Blue", 3))
        await bench.append(PRODUCTS, told("1", "A1", "Red", 1_001))
        await bench.drain(PRODUCTS)
        assert bench.destination.state["A"]["title"] == "Blue"

    on_bench(tmp_path, case)


def test_the_same_content_as_the_last_holders_is_told_again(tmp_path):
    async def case(bench: Bench) -> None:
        await bench.append(PRODUCTS, told("1", "A", "Same", 10))
        await bench.drain(PRODUCTS)
        await bench.append(PRODUCTS, told("2", "A", "Same", 10))
        await bench.append(PRODUCTS, told("1", "A1", "Same", 11))
        await bench.drain(PRODUCTS)
        assert len(bench.destination.positions("A")) == 2

    on_bench(tmp_path, case)


def test_an_older_store_takes_over_whom_it_meets_and_events_without_an_id_pass(tmp_path):
    async def case(bench: Bench) -> None:
        await bench.append(PRODUCTS, told(None, "A", "Red", 10))
        await bench.drain(PRODUCTS)
        counts = await bench.append(PRODUCTS, told("1", "A", "Red", 11))
        assert (counts.unchanged, counts.dead) == (1, 0)
        await bench.append(PRODUCTS, told(None, "A", "Redder", 12))
        await bench.drain(PRODUCTS)
        assert bench.destination.state["A"]["title"] == "Redder"
        assert (await bench.append(PRODUCTS, told("2", "A", "Blue", 13))).clashed == 1

    on_bench(tmp_path, case)


def test_a_retry_without_a_mend_stays_and_says_why(tmp_path):
    async def case(bench: Bench) -> None:
        await bench.append(PRODUCTS, told("1", "A", "Red", 10), told("2", "A", "Blue", 20))
        report = await bench.engine.retry_dead(DeadFilter())
        assert report.retried == 0
        assert len(report.refused) == 2
        await bench.drain(PRODUCTS)
        assert not bench.destination.writes
        shown = {"1": Product(sku="A", title="Red"), "2": Product(sku="A", title="Blue")}
        assert await ask(bench, PRODUCTS, shown) == 0
        assert await bench.engine.suspects(PRODUCTS, "product", which="new") == []
        assert sorted(await bench.engine.suspects(PRODUCTS, "product", which="longest")) == ["1", "2"]
        assert await ask(bench, PRODUCTS, None, "all") == 0
        assert await ask(bench, PRODUCTS, {"2": Product(sku="A", title="Blue")}, "all") == 1
        await bench.drain(PRODUCTS)
        assert bench.destination.state["A"]["title"] == "Blue"
        assert await bench.engine.drop_dead(DeadFilter()) == 0
        await bench.tally(PRODUCTS)

    on_bench(tmp_path, case)


def test_a_clash_leads_no_partials_and_is_no_older_state_of_the_holder(tmp_path):
    async def case(bench: Bench) -> None:
        bench.destination.answer = lambda _: Outcome.dead("no")
        await bench.append(PRODUCTS, told("1", "A", "Bad", 10))
        await bench.append(PRODUCTS, told("2", "A", "Blue", 5))
        await bench.drain(PRODUCTS)
        assert len(await letters(bench)) == 2

    on_bench(tmp_path, case)


def test_stock_is_told_apart_by_item_over_all_locations(tmp_path):
    async def case(bench: Bench) -> None:
        await bench.append(STOCK, level("1", "A", 5, 10, "here"), level("1", "A", 3, 10, "there"))
        counts = await bench.append(STOCK, level("2", "A", 7, 20, "there"), level("2", "A", None, 20, "here"))
        assert (counts.clashed, counts.skipped) == (1, 1)
        await bench.append(STOCK, level("1", "A1", 5, 30, "here"))
        await bench.append(STOCK, level("2", "A", 0, 31, "here"))
        await bench.drain(STOCK)
        assert {each: level["quantity"] for each, level in bench.destination.state.items()} == {
            "A|here": 0,
            "A|there": 7,
            "A1|here": 5,
        }
        await bench.tally(STOCK)

    on_bench(tmp_path, case)


def test_an_item_that_is_no_longer_counted_under_another_sku_frees_the_one_it_had(tmp_path):
    async def case(bench: Bench) -> None:
        await bench.append(STOCK, level("1", "A", 5, 10))
        await bench.append(STOCK, level("1", "B", None, 20))
        assert (await bench.append(STOCK, level("2", "A", 7, 30))).clashed == 0
        await bench.drain(STOCK)
        assert bench.destination.state["A|"]["quantity"] == 7

    on_bench(tmp_path, case)


def test_a_sum_holds_nothing_of_the_item_that_had_the_sku_before(tmp_path):
    flow = flow_of("stocklevel", locations=LocationPlan(sums={"total": ("here", "there")}))

    async def case(bench: Bench) -> None:
        await bench.append(flow, level("1", "A", 5, 10, "here"), level("1", "A", 3, 10, "there"))
        await bench.append(flow, level("2", "A", 7, 20, "there"))
        assert len(await letters(bench)) == 1
        await bench.append(flow, level("1", "A1", 5, 30, "here"))
        await bench.drain(flow)
        assert bench.destination.quantities("A")[-1] == 7

    on_bench(tmp_path, case)


def test_what_another_process_wrote_meanwhile_is_not_overlooked(tmp_path):
    under, clock = SqliteUnderTest(tmp_path), VirtualClock()

    async def append(engine: Engine, event: Event) -> Counts:
        async with engine.hold():
            return await engine.append(PRODUCTS, "product", Page(events=[event], cursor=None))

    async def run() -> None:
        async with under.open(clock) as one, under.open(clock) as two:
            await append(one, told("1", "A", "Red", 10))
            await append(two, told("1", "B", "Red", 20))
            await append(two, told("2", "A", "Blue", 30))
            assert (await append(one, told("1", "A", "Red", 40))).clashed == 1

    asyncio.run(run())


def test_a_page_that_was_not_stored_leaves_no_memory_of_its_keys(tmp_path):
    async def case(bench: Bench) -> None:
        await bench.append(PRODUCTS, told("1", "A", "Red", 10))
        with pytest.raises(TypeError):
            await bench.append(PRODUCTS, told("1", "B", "Red", 20), cursor=object())  # noticed at the very end
        await bench.append(PRODUCTS, told("1", "B", "Red", 20))
        assert (await bench.append(PRODUCTS, told("2", "B", "Blue", 30))).clashed == 1

    on_bench(tmp_path, case)


@attrs.define
class Shop:
    """Products by their own ids; `told` counts its changes."""

    carried: dict[str, tuple[str, str, int]] = attrs.field(factory=dict)
    clock: int = 1_000

    def set(self, native: str, sku: str, title: str) -> None:
        self.clock += 1
        self.carried[native] = (sku, title, self.clock)

    def sweep(self, since: int) -> list[Event]:
        changed = sorted((version, native) for native, (_, _, version) in self.carried.items() if version > since)
        return [told(native, *self.carried[native][:2], version) for version, native in changed]

    def found(self) -> dict[str, Product]:
        return {native: Product(sku=sku, title=title) for native, (sku, title, _) in self.carried.items()}


ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("set"), st.sampled_from("123"), st.sampled_from("ABC")),
        st.tuples(st.just("delete"), st.sampled_from("123")),
        st.tuples(st.sampled_from(["sweep", "drain", "whole", "shuffled", "ask", "reopen"])),
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(acts=ACTS, size=st.integers(1, 3))
def test_after_a_mend_the_destination_holds_what_the_shop_holds(tmp_path_factory, acts, size):
    """Whatever happened before, and however it was told, in whatever order and pages."""
    shop, seen = Shop(), [0]

    async def read(bench: Bench, events: list[Event]) -> None:
        for start in range(0, len(events), size):
            if (await bench.append(PRODUCTS, *events[start : start + size])).clashed:
                await ask(bench, PRODUCTS, shop.found())

    async def sweep(bench: Bench, *, since: int) -> None:
        seen[0] = shop.clock
        await read(bench, shop.sweep(since))

    async def case(bench: Bench) -> None:
        for number, act in enumerate(acts):
            match act:
                case ("set", native, sku):
                    shop.set(native, sku, f"title {number}")
                case ("delete", native):
                    shop.carried.pop(native, None)
                case ("sweep",):
                    await sweep(bench, since=seen[0])
                case ("whole",):
                    await sweep(bench, since=0)
                case ("shuffled",):
                    await read(bench, shop.sweep(0)[::-1])
                case ("drain",):
                    await bench.drain(PRODUCTS)
                case ("reopen",):
                    await bench.reopen()
                case _:
                    await ask(bench, PRODUCTS, shop.found(), "longest")
        skus = [sku for sku, _, _ in shop.carried.values()]
        for native, (sku, _, _) in list(shop.carried.items()):
            if skus.count(sku) > 1:
                shop.set(native, f"{sku}{native}", f"mended {native}")
        await sweep(bench, since=seen[0])
        await ask(bench, PRODUCTS, shop.found(), "all")
        await bench.drain(PRODUCTS)
        for sku, title, _ in shop.carried.values():
            assert bench.destination.state[sku]["title"] == title
        assert not await letters(bench)
        if "product" in await bench.engine.counts(PRODUCTS.name):
            await bench.tally(PRODUCTS)

    on_bench(tmp_path_factory.mktemp("claims"), case)
