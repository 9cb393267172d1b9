"""Everything that a seeded shop holds is read, compared with the sandbox's own dump."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from pullpush_sdk.canonical import to_sparse
from pullpush_sdk.connector import version_of
from pullpush_sdk.errors import AuthError


def number(gid: str) -> str:
    return gid.rsplit("/", 1)[1]


def test_stock_of_every_location_is_read_with_what_is_unknown_as_null(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        events, rejects, _ = await shop.pull("stocklevel")
        levels = (await shop.state())["levels"]
        wanted = {
            (each["sku"], number(each["location"])): each["available"] if each["tracked"] and each["active"] else None
            for each in levels
            if each["sku"]
        }
        assert {(event.record.sku, event.record.location_id): event.record.quantity for event in events} == wanted
        assert len(events) == len(wanted)
        assert len(rejects) == sum(each["sku"] is None for each in levels) > 0
        assert all("sku" in str(reject.error) for reject in rejects)
        assert all(event.version == version_of(event.record.updated_at) for event in events)
        found = set(wanted.values())
        assert None in found
        assert 0 in found
        assert min(each for each in found if each is not None) < 0

    play(scenario, records=90, extra={"locations": "3"})


@pytest.mark.parametrize(
    ("tracked", "active", "available", "quantity"),
    [
        (True, True, 0, 0),
        (True, True, 7, 7),
        (True, True, -2, -2),
        (False, True, 7, None),
        (True, False, 7, None),
        (False, False, 0, None),
    ],
)
def test_a_level_is_a_quantity_only_where_it_is_counted_and_stocked(
    play: Any, tracked: bool, active: bool, available: int, quantity: int | None
) -> None:
    async def scenario(shop: Any) -> None:
        await shop.change("track", sku="SKU-00001", tracked=tracked)
        await shop.change("stock", sku="SKU-00001", quantity=available, active=active)
        events, _, _ = await shop.pull("stocklevel")
        assert [event.record.quantity for event in events] == [quantity]

    play(scenario, records=1)


def test_the_next_sweep_reads_only_what_changed_since(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        for kind in ("stocklevel", "product", "order"):
            events, _, cursor = await shop.pull(kind)
            shop.clock.advance(3600)
            assert (await shop.pull(kind, cursor))[0] == []
            first = events[0].record
            if kind == "stocklevel":
                await shop.change("stock", sku=first.sku, quantity=4321)
            elif kind == "product":
                await shop.change("product", sku=first.sku, title="New title")
            else:
                await shop.change("order", id=first.order_number, note="New note")
            later, _, _ = await shop.pull(kind, cursor)
            assert len(later) == 1
            assert later[0].version > events[0].version

    play(scenario, records=12)


def test_products_are_read_with_all_variants_beyond_the_first_page_of_them(play: Any) -> None:
    sizes = [f"S{at}" for at in range(130)]
    create = {
        "title": "Many",
        "productOptions": [{"name": "Size", "values": [{"name": size} for size in sizes]}],
        "variants": [
            {"optionValues": [{"optionName": "Size", "name": size}], "sku": f"MANY-{size}", "price": "5.50"}
            for size in sizes
        ],
    }

    async def scenario(shop: Any) -> None:
        await shop.change("product", create=create)
        events, rejects, _ = await shop.pull("product")
        state = {number(each["id"]): each for each in (await shop.state())["products"]}
        assert not rejects
        assert {event.record.product_id for event in events} == set(state)
        for event in events:
            product, native = event.record, state[event.record.product_id]
            variants = native["variants"]
            skus = [each["sku"] for each in variants if each["sku"]]
            assert product.sku == skus[0]
            assert product.title == native["title"]
            assert product.native_status == native["status"]
            assert product.currency == "SAR"
            assert [each.sku for each in product.variants] == [each["sku"] for each in variants]
            assert [each.price for each in product.variants] == [Decimal(each["price"]) for each in variants]
        many = next(event.record for event in events if event.record.title == "Many")
        assert len(many.variants) == 130
        assert many.variants[129].options == {"Size": "S129"}
        assert many.options[0].values == tuple(sizes)
        plain = next(event.record for event in events if event.record.sku == "SKU-00001")
        assert plain.options is None
        assert plain.variants[0].title is None
        assert {event.record.status.value for event in events} == {"active", "draft"}

    play(scenario, records=30)


def test_a_product_without_any_sku_is_rejected_with_its_native_text(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        await shop.change("product", create={"title": "Nameless"})
        events, rejects, _ = await shop.pull("product")
        assert events == []
        assert b"Nameless" in rejects[0].native
        assert "sku" in str(rejects[0].error)

    play(scenario, records=0)


def test_orders_are_read_with_guests_deleted_variants_and_totals_of_now(play: Any) -> None:
    lines = [
        {"title": f"Line {at}", "quantity": 1, "priceSet": {"shopMoney": {"amount": "1.10", "currencyCode": "SAR"}}}
        for at in range(70)
    ]

    async def scenario(shop: Any) -> None:
        await shop.change("order", create={"lineItems": lines, "financialStatus": "PAID"})
        events, rejects, _ = await shop.pull("order")
        state = {number(each["id"]): each for each in (await shop.state())["orders"]}
        assert not rejects
        assert {event.record.order_id for event in events} == set(state)
        for event in events:
            order, native = event.record, state[event.record.order_id]
            assert order.total_amount == Decimal(native["current_total"])
            assert order.order_number == native["name"]
            assert order.email == native["email"]
            assert Decimal(order.extensions["orderedTotal"]) == Decimal(native["total"])
            assert [(line.sku, line.quantity) for line in order.line_items] == [
                (each["sku"], each["quantity"]) for each in native["lines"]
            ]
        assert max(len(event.record.line_items) for event in events) == 70
        wire = [to_sparse(event.record) for event in events]
        assert any(
            "customer" not in each or not each["customer"] or "customerId" not in each["customer"] for each in wire
        )
        assert any("variantId" not in line for each in wire for line in each["lineItems"])
        assert len({each["status"] for each in wire}) >= 5

    play(scenario, records=80)


def test_orders_end_after_sixty_days_where_the_permission_for_older_ones_is_missing(play: Any) -> None:
    async def scenario(shop: Any) -> tuple[int, bool]:
        findings = await shop.hook.pullpush_check(connection=shop.connection)
        finding = next(each for each in findings if "read_all_orders" in each.name)
        return len((await shop.pull("order"))[0]), "not granted" in finding.message

    allowed = "read_orders,read_customers,read_products,read_inventory,read_locations"
    everything, _ = play(scenario, records=60)
    recent, is_named = play(scenario, records=60, extra={"scopes": allowed})
    assert recent < everything
    assert is_named


def test_a_missing_permission_stops_the_sweep_and_names_itself(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        with pytest.raises(AuthError, match="permission"):
            await shop.pull("product")

    play(scenario, records=2, extra={"scopes": "read_orders"})


def test_a_small_bucket_slows_the_sweep_down_and_loses_nothing(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        for _ in range(4):
            events, _, _ = await shop.pull("order")
            assert len(events) == 40
        assert sum(shop.clock.slept) > 0

    play(scenario, records=80, rate_limits=True, extra={"bucket": "400", "restore_rate": "10"})


def test_locations_are_named_by_their_number(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        found = await shop.hook.pullpush_locations(connection=shop.connection)
        wanted = {(number(each["id"]), each["name"]) for each in (await shop.state())["locations"]}
        assert {(each.id, each.name) for each in found} == wanted

    play(scenario, records=0, extra={"locations": "3"})


def test_a_snapshot_is_the_whole_state(play: Any) -> None:
    async def scenario(shop: Any) -> None:
        pages = shop.hook.pullpush_snapshot(connection=shop.connection, canonical_type="product")
        assert sum([len(page.events) async for page in pages]) == 12

    play(scenario, records=12)
