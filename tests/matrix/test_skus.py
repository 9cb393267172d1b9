"""A SKU that several records carry, or none does: dead letters that name the records, on either side.

Sources are read by sweep, by webhook and whole for a comparison. Then the merchant mends the shop, and what each record
says arrives by itself.
"""

from __future__ import annotations

import asyncio

import pytest

from pullpush_sdk.canonical import dumps
from pullpush_sdk.connector import Page, WebhookRequest
from pullpush_sdk.engine.ports import DeadFilter
from pullpush_sdk.flows import End as Source
from pullpush_sdk.flows import compare_flow, reconcile_flow, settle_clashes
from pullpush_sdk.http import Redactor
from pullpush_sdk.sandbox import ChangeError
from tests.matrix import goods
from tests.matrix.world import ORDERS_ALLOWED, PLATFORMS, End, world

TYPES = ["product", "stocklevel"]
PAIRS = [("shopify", "salla"), ("linnworks", "shopify"), ("salla", "linnworks")]
"""Sources whose SKUs are not unique, each with a destination."""
NOWHERE = {"shopify": "", "linnworks": "", "salla": ""}
"""What a record without a SKU carries."""


def make(both, side, sku, title):
    """A product beside any other of its SKU; its id."""
    both.change(side, "product_create", sku=f"{sku}-{title}", title=title, price="5")
    return str(both.change(side, "sku", sku=f"{sku}-{title}", new_sku=sku)["id"]).rpartition("/")[2]


async def dead(both, sku):
    """The reasons of the dead letters of a SKU, by type."""
    found = {}
    for kind, key, reason in await both.letters():
        if key == sku:
            found.setdefault(kind, []).append(reason)
    return found


async def titles(both):
    return {key: each.title for key, each in (await both.records("right", "product")).items()}


async def again(both):
    both.clock.advance(1)
    await both.until_done()


@pytest.mark.parametrize(("source", "destination"), PAIRS)
def test_records_of_one_sku_at_the_source(source, destination, tmp_path, monkeypatch):
    """Two that come together; the mend; one deleted and made again; one that joins the holder, and leaves."""

    async def run():
        left, right = End(connector=source, records=1), End(connector=destination, records=0)
        async with world(tmp_path, monkeypatch.setenv, left, right, TYPES) as both:
            red, blue = make(both, "left", "DUP-1", "Red"), make(both, "left", "DUP-1", "Blue")
            await again(both)
            await both_named(both, red, blue)
            await compared_apart(both, red, blue)

            both.change("left", "sku", sku="DUP-1", new_sku="NEW-1")
            await again(both)
            assert not await dead(both, "DUP-1")
            shown = await titles(both)
            assert (shown["DUP-1"], shown["NEW-1"]) == ("Blue", "Red")
            levels = {each.sku for each in (await both.records("right", "stocklevel")).values()}
            assert {"DUP-1", "NEW-1"} <= levels

            both.change("left", "product_delete", sku="DUP-1")
            make(both, "left", "DUP-1", "Green")
            await again(both)
            assert (await titles(both))["DUP-1"] == "Green"
            assert not await dead(both, "DUP-1")

            both.change("left", "sku", sku="NEW-1", new_sku="DUP-1")
            await again(both)
            (reason,) = (await dead(both, "DUP-1"))["product"]
            assert '"Green"' in reason
            assert f'{red} "Red"' in reason
            assert (await titles(both))["DUP-1"] == "Green"
            report = await both.engine.retry_dead(DeadFilter(key="DUP-1"))
            assert report.retried == 0
            assert set(report.refused.values()) == {r for rs in (await dead(both, "DUP-1")).values() for r in rs}
            both.change("left", "sku", sku="DUP-1", new_sku="NEW-2")
            await again(both)
            assert not await dead(both, "DUP-1")
            assert (await titles(both))["NEW-2"] == "Red"

    asyncio.run(run())


async def both_named(both, *natives):
    for kind, letters in (await dead(both, "DUP-1")).items():
        assert len(letters) == 2, kind
        for reason in letters:
            assert "'DUP-1'" in reason
            assert "another SKU" in reason
            assert "retry" in reason
            if kind == "product":
                assert all(
                    f'{native} "{title}"' in reason for native, title in zip(natives, ("Red", "Blue"), strict=True)
                )
    assert set(await dead(both, "DUP-1")) == set(TYPES)
    assert "DUP-1" not in await titles(both)


async def compared_apart(both, *natives):
    """Neither compared nor delivered, and named."""
    arguments = (both.project, both.plugins, both.engine, both.project.flow("there"))
    async with compare_flow(*arguments, redactor=Redactor(), clock=both.clock) as comparison:
        assert not comparison.same
        for each in comparison.types:
            (clash,) = each.differences("clash")
            assert each.counts["clash"] == 1
            shown = clash.to_json()
            assert (shown["key"], shown["side"], len(shown["records"])) == ("DUP-1", "source", 2)
            if each.type == "product":
                assert {record["id"].rpartition("/")[2] for record in shown["records"]} == set(natives)
                assert {record["title"] for record in shown["records"]} == {"Red", "Blue"}
            assert all(found.key != "DUP-1" for kind in ("added", "changed") for found in each.differences(kind))
    report = await reconcile_flow(*arguments, redactor=Redactor(), clock=both.clock)
    assert any("SKUs are carried by several" in note for note in report.notes)
    assert "DUP-1" not in await titles(both)


def test_a_platform_whose_skus_are_unique_lets_one_pass_to_another(tmp_path, monkeypatch):
    async def run():
        left, right = End(connector="magento", records=1), End(connector="shopify", records=0)
        async with world(tmp_path, monkeypatch.setenv, left, right, TYPES) as both:
            both.change("left", "product_create", sku="DUP-1", title="Red", price="5")
            both.change("left", "product_create", sku="DUP-2", title="Blue", price="5")
            with pytest.raises(ChangeError):
                both.change("left", "sku", sku="DUP-2", new_sku="DUP-1")
            await again(both)
            both.change("left", "sku", sku="DUP-1", new_sku="NEW-1")
            both.change("left", "sku", sku="DUP-2", new_sku="DUP-1")
            await again(both)
            shown = await titles(both)
            assert (shown["DUP-1"], shown["NEW-1"]) == ("Blue", "Red")
            both.change("left", "product_delete", sku="DUP-1")
            both.change("left", "product_create", sku="DUP-3", title="Green", price="5")
            both.change("left", "sku", sku="DUP-3", new_sku="DUP-1")
            await again(both)
            assert (await titles(both))["DUP-1"] == "Green"
            assert not await dead(both, "DUP-1")

    asyncio.run(run())


@pytest.mark.parametrize("source", sorted(NOWHERE))
def test_a_record_without_a_sku_is_a_dead_letter_that_names_it(source, tmp_path, monkeypatch):
    async def run():
        left, right = End(connector=source, records=0), End(connector="magento", records=0)
        async with world(tmp_path, monkeypatch.setenv, left, right, ["product"]) as both:
            both.change("left", "product_create", sku="GONE-1", title="Nameless", price="5")
            native = str(both.change("left", "sku", sku="GONE-1", new_sku=NOWHERE[source])["id"])
            await again(both)
            letters = [each for each in await both.engine.dead_letters() if each.type == "product"]
            assert len(letters) == 1
            assert native in f"{letters[0].key} {letters[0].reason} {letters[0].payload}"
            assert "sku" in letters[0].reason
            assert letters[0].hint

    asyncio.run(run())


def webhooks_of(source, native, item, place, shown):
    """What the platform sends when a product, and a stock level, changes."""
    if source == "shopify":
        return [
            ("products/update", {"id": int(native)}),
            ("inventory_levels/update", {"inventory_item_id": int(item), "location_id": int(place)}),
        ]
    return [("", {"event": "product.created", "merchant": 1, "created_at": "now", "data": shown})]


@pytest.mark.parametrize("source", ["shopify", "salla"])
def test_webhooks_name_the_same_records_as_sweeps(source, tmp_path, monkeypatch):
    """The first was read, the second comes by webhook; so does the mend."""

    async def run():
        left, right = End(connector=source, records=0), End(connector="linnworks", records=0)
        async with world(tmp_path, monkeypatch.setenv, left, right, TYPES) as both:
            red = make(both, "left", "DUP-1", "Red")
            await again(both)
            blue = make(both, "left", "DUP-1", "Blue")
            await told(both, source, blue)
            reasons = await dead(both, "DUP-1")
            for kind, letters in reasons.items():
                assert len(letters) == 1, kind
            assert f'{red} "Red", {blue} "Blue"' in reasons["product"][0]
            assert ("stocklevel" in reasons) == (source == "shopify")
            await told(both, source, red)
            both.change("left", "sku", sku="DUP-1", new_sku="NEW-1")
            await told(both, source, red)
            assert not await dead(both, "DUP-1")
            await again(both)
            shown = await titles(both)
            assert (shown["DUP-1"], shown["NEW-1"]) == ("Blue", "Red")

    asyncio.run(run())


async def told(both, source, native):
    """A product's webhooks go into the log as the receiver puts them there."""
    both.clock.advance(1)
    spec = await both._spec(both.project.flow("there"))
    async with both.connection("left") as (connection, loaded):
        shown, item, place = None, "", ""
        if source == "salla":
            from pullpush_sdk.http import Call

            shown = (await connection.client.send(Call(url=f"/products/{native}"))).json()["data"]
        else:
            book = both.boxes["left"].control.dump()
            levels = [each async for each in pages_of(connection, loaded)]
            product = next(each for each in levels if each[0] == native)
            item, place = product[1:]
            assert book
        for number, (topic, body) in enumerate(webhooks_of(source, native, item, place, shown)):
            request = WebhookRequest(
                headers={"x-shopify-topic": topic}, query={}, body=dumps(body), received_at=both.clock.now()
            )
            events = await loaded.hook.pullpush_receive(connection=connection, request=request)
            for kind in TYPES:
                mine = [event for event in events if event.type == kind]
                if mine:
                    counts = await both.engine.append(spec, kind, Page(events=mine, cursor=None))
                    if counts.clashed:
                        end = Source(loaded=loaded, connection=connection)
                        await settle_clashes(both.engine, spec, both.plugins.types[kind], end, which="new")
            assert events or number


async def pages_of(connection, loaded):
    """Product id, item id and place of every Shopify level."""
    from pullpush_shopify.native import product_by_id

    pages = loaded.hook.pullpush_pull(connection=connection, canonical_type="product", cursor=None)
    products = [event.native_id async for page in pages for event in page.events]
    pages = loaded.hook.pullpush_pull(connection=connection, canonical_type="stocklevel", cursor=None)
    levels = [(event.native_id, event.record.location_id) async for page in pages for event in page.events]
    for product in products:
        native = await product_by_id(connection, product)
        for variant in native["variants"]["nodes"]:
            item = variant["inventoryItem"]["legacyResourceId"]
            place = next(place for number, place in levels if number == item)
            yield native["legacyResourceId"], item, place


WRITES = {
    "product": {"sku": "DUP-1", "title": "Other"},
    "stocklevel": {"sku": "DUP-1", "quantity": 9},
}


@pytest.mark.parametrize("destination", PLATFORMS)
def test_a_sku_that_is_double_or_unknown_at_the_destination(destination, tmp_path, monkeypatch):
    """Products, stock and order lines: both records are named, nothing is written."""

    async def run():
        source = "shopify" if destination != "shopify" else "salla"
        left = End(connector=source, records=0)
        right = End(connector=destination, records=0, settings=ORDERS_ALLOWED.get(destination, {}))
        async with world(tmp_path, monkeypatch.setenv, left, right, [*TYPES, "order"]) as both:
            place = next(iter(both.project.flow("there").locations), None)
            make(both, "right", "DUP-1", "Red")
            goods.stocked(both)
            if destination != "magento":
                make(both, "right", "DUP-1", "Blue")
            natives = await held_ids(both, "DUP-1")
            before = both.boxes["right"].control.dump()
            if destination != "magento":
                await both.give("product", WRITES["product"])
                await both.give("stocklevel", {**WRITES["stocklevel"], "locationId": place})
                await both.give("order", goods.order(destination, "O-1", sku="DUP-1"))
            await both.give("stocklevel", {"sku": "NONE-1", "quantity": 9, "locationId": place})
            await both.give("order", goods.order(destination, "O-2", sku="NONE-1"))
            await again(both)
            letters = {(kind, key): reason for kind, key, reason in await both.letters()}
            for name in (("product", "DUP-1"), ("stocklevel", "DUP-1"), ("order", "O-1")):
                if destination != "magento":
                    assert len(natives) == 2
                    assert "DUP-1" in letters.get(name, ""), letters
                    for native in natives:
                        assert any(part in letters[name] for part in native), (name, letters[name], native)
            for name in (("stocklevel", "NONE-1"), ("order", "O-2")):
                assert "NONE-1" in letters[name], letters[name]
            after = both.boxes["right"].control.dump()
            for table in ("products", "items", "orders"):
                assert after.get(table) == before.get(table)

    asyncio.run(run())


async def held_ids(both, sku):
    """For each product of a SKU at the right the ids by which it may be named: its own, its variants', its items'."""
    found = {}
    for kind in TYPES:
        async with both.connection("right") as (connection, loaded):
            pages = loaded.hook.pullpush_pull(connection=connection, canonical_type=kind, cursor=None)
            events = [event async for page in pages for event in page.events if event.record.sku == sku]
        numbers = list(dict.fromkeys(event.native_id.rpartition("/")[2] for event in events))
        for at, number in enumerate(numbers):
            found.setdefault(at, []).append(number)
    return list(found.values())
