"""What is read from a Magento shop, against what the shop holds."""

from __future__ import annotations

from decimal import Decimal

import pytest

from pullpush_sdk.canonical import UNSET
from pullpush_sdk.errors import AuthError, SetupError


def _read(events):
    found = {(e.record.sku, e.record.location_id): e.record.quantity for e in events}
    assert len(found) == len(events)
    return found


def _number(value):
    return None if value is None else Decimal(str(value))


def _expected_legacy(state):
    """By hand: the stock item of everything that is sold by itself, unknown where stock is not managed."""
    return {
        (product["sku"], "default"): _number(item["qty"]) if item["manage_stock"] else None
        for product in state["products"]
        for item in [state["stock_items"][product["sku"]]]
        if product["type_id"] == "simple"
    }


def _expected_sources(state):
    """By hand: the rows of sources in use, unknown where stock is not managed or the product is gone."""
    managed = {sku: item["manage_stock"] for sku, item in state["stock_items"].items()}
    return {
        (row["sku"], row["source_code"]): _number(row["quantity"]) if managed.get(row["sku"]) else None
        for row in state["source_items"]
        if row["source_code"] in ("default", "east")
    }


@pytest.mark.parametrize("stock", ["legacy", "sources"])
@pytest.mark.parametrize("past_last_page", ["repeat", "empty"])
def test_every_quantity_is_read_once(play, stock, past_last_page):
    """Several pages, ended by their total; SKUs with a slash among them."""

    async def scenario(shop):
        events, rejects, _ = await shop.pull("stocklevel")
        assert not rejects
        expected = _expected_legacy if stock == "legacy" else _expected_sources
        assert len(events) > 100
        assert _read(events) == expected(shop.state())

    play(scenario, records=120, settings={"stock": stock}, extra={"past_last_page": past_last_page})


def test_zero_and_every_form_of_unknown_stay_apart(play):
    """A real zero is 0; unmanaged and null are null; composite products are no events."""

    async def scenario(shop):
        found = _read((await shop.pull("stocklevel"))[0])
        assert found["MG-0001", "default"] == 0
        assert found["MG-0002", "default"] is None  # stock is not managed; its number reads 0
        assert found["MG-0003", "default"] == -4  # backorders
        assert found["MG-0005", "default"] == Decimal("2.5")
        assert found["MG-0007", "default"] is None  # the platform's own null
        assert not [sku for sku, _ in found if sku in ("MG-0004", "MG-0006")]  # configurable, bundle
        assert "MG-0004-R" in {sku for sku, _ in found}

    play(scenario, records=8, settings={"stock": "legacy"})


def test_sources_that_are_off_and_products_that_are_gone_are_no_numbers(play):
    """Nothing of a disabled source; an orphan row is null and stops nobody."""

    async def scenario(shop):
        found = _read((await shop.pull("stocklevel"))[0])
        assert found["GONE-1", "default"] is None
        assert found["MG-0001", "default"] == 0
        assert found["MG-0002", "default"] is None
        assert {place for _, place in found} == {"default", "east"}
        asked = [call["path"] for call in await shop.calls() if "/stockItems/" in call["path"]]
        assert len(asked) == len(set(asked)) == len({sku for sku, _ in found})

    play(scenario, records=8, settings={"stock": "sources"})


@pytest.mark.parametrize("stock", ["legacy", "sources"])
def test_a_sweep_of_stock_goes_on_where_it_was_broken_off(play, stock):
    """The first page's cursor leads to the rest."""

    async def scenario(shop):
        pages = await shop.pages("stocklevel")
        assert len(pages) > 1
        assert [page.done for page in pages] == [False] * (len(pages) - 1) + [True]
        rest, _, _ = await shop.pull("stocklevel", pages[0].cursor)
        whole = [event for page in pages for event in page.events]
        assert _read(pages[0].events) | _read(rest) == _read(whole)

    play(scenario, records=120, settings={"stock": stock})


def test_a_child_is_a_variant_and_nothing_else(play):
    """Visible by itself or not, each child stands once, under its parent, with the words of its options."""

    async def scenario(shop):
        events, rejects, _ = await shop.pull("product")
        assert not rejects
        held = shop.state()["products"]
        links = {
            link for product in held for link in product["extension_attributes"].get("configurable_product_links", ())
        }
        assert sorted(e.record.sku for e in events) == sorted(p["sku"] for p in held if p["id"] not in links)
        parent = next(e.record for e in events if e.record.sku == "MG-0004")
        assert [(v.sku, v.price, v.options, v.extensions) for v in parent.variants] == [
            ("MG-0004-R", Decimal("4.99"), {"Color": "Red"}, UNSET),
            ("MG-0004-B", Decimal("5.99"), {"Color": "Blue"}, UNSET),
        ]
        assert [(each.name, each.values) for each in parent.options] == [("Color", ("Red", "Blue"))]
        assert parent.price is UNSET  # reads 0 at the platform

    play(scenario, records=130)


def test_products_carry_what_the_shop_holds(play):
    """Name, description, price, status, times."""

    async def scenario(shop):
        events, _, _ = await shop.pull("product")
        plain = next(e.record for e in events if e.record.sku == "MG-0008/x")
        assert (plain.title, plain.description, plain.price) == ("Lamp 8", "<p>Lamp 8</p>", Decimal("8.99"))
        assert (plain.currency, plain.status, plain.product_type) == ("SAR", "active", "simple")
        assert plain.created_at.isoformat() == "2026-01-31T12:00:00+00:00"
        off = next(e.record for e in events if e.record.sku == "MG-0009")
        assert off.status == "draft"

    play(scenario, records=10)


def test_the_next_sweep_sees_a_changed_product_and_a_changed_child(play):
    """Plain products by their time; a child's change shows in its parent although the parent's time stands still."""

    async def scenario(shop):
        _, _, cursor = await shop.pull("product")
        shop.connection.clock.advance(7200)
        shop.change("product", sku="MG-0000", price=50)
        shop.change("product", sku="MG-0004-R", price=60)
        events, _, _ = await shop.pull("product", cursor)
        found = {e.record.sku: e.record for e in events}
        assert set(found) == {"MG-0000", "MG-0004"}
        assert found["MG-0000"].price == 50
        assert found["MG-0004"].variants[0].price == 60

    play(scenario, records=8)


def test_lines_add_up_to_the_order(play):
    """A configurable product counts once, a bundle as a whole or by its parts; totals are the order's currency's."""

    async def scenario(shop):
        events, rejects, _ = await shop.pull("order")
        assert not rejects
        held = {str(order["entity_id"]): order for order in shop.state()["orders"]}
        assert len(events) == len(held) > 100
        for event in events:
            record, order = event.record, held[event.record.order_id]
            assert sum(line.total for line in record.line_items) == _number(order["subtotal"])
            assert record.total_amount == _number(order["grand_total"])
            assert record.discount_amount == -order["discount_amount"]
            assert (record.currency, record.order_number) == ("SAR", order["increment_id"])
            assert record.native_status == order["status"]
        lines = {e.record.order_id: [line.sku for line in e.record.line_items] for e in events}
        by_kind = [lines[number] for number in ("1", "2", "3", "4")]
        plain, kit = "MG-0000", "MG-0006"
        assert by_kind == [
            [plain],
            [plain, "MG-0004-R"],
            [plain, f"{kit}-4", f"{kit}-5"],
            [plain, f"{kit}-SET"],
        ]


def test_invoices_count_every_value_once(play):
    """Their lines do not say whose parts they are: children and bundles priced by their parts are left out."""

    async def scenario(shop):
        events, rejects, _ = await shop.pull("invoice")
        assert not rejects
        held = {str(each["entity_id"]): each for each in shop.state()["invoices"]}
        assert len(events) == len(held) > 40
        for event in events:
            record, native = event.record, held[event.record.invoice_id]
            assert sum(line.total for line in record.line_items) == _number(native["subtotal"])
            assert (record.amount, record.currency) == (_number(native["grand_total"]), "SAR")
            assert (record.order_id, record.status) == (str(native["order_id"]), "paid")
        skus = {sku for event in events for sku in [line.sku for line in event.record.line_items]}
        assert skus == {"MG-0000", "MG-0004-R", "MG-0006-4", "MG-0006-5", "MG-0006-SET"}

    play(scenario, records=240)


def test_carts_with_the_date_of_noughts(play):
    """Carts in use and turned into orders; what was never updated has no date, and is read all the same."""

    async def scenario(shop):
        events, rejects, _ = await shop.pull("cart")
        assert not rejects
        records = {event.record.cart_id: event.record for event in events}
        assert len(records) == 20
        assert [records[key].status for key in ("1", "2", "3")] == ["active", "active", "converted"]
        assert records["4"].updated_at is None
        assert (records["2"].customer.email, records["2"].currency) == ("ada1@example.com", "SAR")
        assert records["1"].subtotal_amount == Decimal("1.98")

    play(scenario, records=40)


def test_what_is_salable_is_read_without_composite_products(play):
    """Unmanaged stock reads 0 in that list like a real zero: the stock item tells them apart. It cannot be written."""

    async def scenario(shop):
        shop.change("stock", sku="MG-0001", quantity=0, location="east")
        found = _read((await shop.pull("stocklevel"))[0])
        assert found["MG-0001", "base"] == 0
        assert found["MG-0002", "base"] is None
        assert found["MG-0004-R", "base"] == 20
        assert not {sku for sku, _ in found} & {"MG-0004", "MG-0006"}
        with pytest.raises(SetupError, match="cannot be written"):
            await shop.push("stocklevel", {"sku": "MG-0000", "quantity": 1})

    play(scenario, records=8, settings={"stock": "salable"})


def test_the_mode_is_found_once_and_kept(play):
    """A shop without the inventory modules is read by its stock items; the cursor keeps what was found."""

    async def scenario(shop):
        events, _, cursor = await shop.pull("stocklevel")
        assert _read(events) == _expected_legacy(shop.state())
        assert cursor["mode"] == "legacy"
        places = await shop.hook.pullpush_locations(connection=shop.connection)
        assert [place.id for place in places] == ["default"]

    play(scenario, records=9, extra={"inventory": "legacy"})


def test_items_that_are_null_are_an_empty_list(play):
    """As some shops are said to write it."""

    async def scenario(shop):
        for kind in ("product", "order", "contact", "invoice", "cart", "stocklevel"):
            events, rejects, _ = await shop.pull(kind)
            assert (events, rejects) == ([], []), kind

    play(scenario, records=0, extra={"empty_items": "null"})


def test_states_money_and_buyers_of_orders(play):
    """Each state in our words; guests have their names in the address."""

    async def scenario(shop):
        events, _, _ = await shop.pull("order")
        words = {e.record.native_status: (e.record.status, e.record.financial_status) for e in events}
        assert words == {
            "my_new": ("pending", "pending"),
            "my_processing": ("processing", "paid"),
            "my_complete": ("completed", "paid"),
            "my_canceled": ("cancelled", "voided"),
            "my_holded": ("on_hold", "pending"),
            "my_closed": ("refunded", "refunded"),
            "my_payment_review": ("pending", "pending"),
        }
        guest, member = events[0].record, events[1].record
        assert (guest.customer.name, guest.customer.company) == ("Gail Guest 0", "Guest & Co")
        assert (member.customer.name, member.customer.customer_id) == ("Ada Lovelace", "2")
        assert guest.shipping_address.city == "Austin"

    play(scenario, records=14)


def test_the_next_sweep_of_orders_asks_for_changes_only(play):
    """In the platform's own writing of UTC, less ten minutes."""

    async def scenario(shop):
        _, _, cursor = await shop.pull("order")
        shop.connection.clock.advance(7200)
        shop.change("order", increment_id="000000001", state="complete")
        events, _, _ = await shop.pull("order", cursor)
        assert [(e.record.order_number, e.record.status) for e in events] == [("000000001", "completed")]
        query = (await shop.calls("/orders"))[-1]["query"]
        assert "2026-03-02%2011%3A50%3A00" in query

    play(scenario, records=14)


def test_customers_with_the_company_of_their_billing_address(play):
    """Which is not their first address."""

    async def scenario(shop):
        events, rejects, _ = await shop.pull("contact")
        assert not rejects
        assert [(e.record.email, e.record.name) for e in events[:2]] == [
            ("ada0@example.com", "Ada Lovelace 0"),
            ("ada1@example.com", "Ada Lovelace 1"),
        ]
        assert [e.record.company for e in events[:2]] == [UNSET, "Engines 1"]
        assert events[1].record.addresses[1].province_code == "TX"

    play(scenario, records=8)


def test_snapshots_are_the_same_as_a_first_sweep(play):
    """The repairs of the sweep hold for the snapshot, too."""

    async def scenario(shop):
        for kind in ("product", "stocklevel"):
            swept = [event.record for event in (await shop.pull(kind))[0]]
            pages = shop.hook.pullpush_snapshot(connection=shop.connection, canonical_type=kind)
            assert [event.record async for page in pages for event in page.events] == swept

    play(scenario, records=8, settings={"stock": "legacy"})


def test_check_and_locations(play):
    """The shop's own address proves the token; a source that is off is no place for stock."""

    async def scenario(shop):
        (finding,) = await shop.hook.pullpush_check(connection=shop.connection)
        assert finding.ok
        assert "https://magento.example/" in finding.message
        places = await shop.hook.pullpush_locations(connection=shop.connection)
        assert {place.id: place.active for place in places} == {"default": True, "east": True, "old": False}

    play(scenario, records=1, settings={"stock": "sources"})


def test_stock_items_have_one_place(play):
    """Read as stock items, the stock is that of the source `default`, whatever other sources there are."""

    async def scenario(shop):
        places = await shop.hook.pullpush_locations(connection=shop.connection)
        assert [place.id for place in places] == ["default"]

    play(scenario, records=1, settings={"stock": "legacy"})


def test_a_refused_token_names_its_three_causes(play):
    """One text for all of them at the platform."""

    async def scenario(shop):
        with pytest.raises(AuthError, match="standalone Bearer tokens") as caught:
            await shop.pull("order")
        assert "Magento_Sales::actions_view" in caught.value.message
        (finding,) = await shop.hook.pullpush_check(connection=shop.connection)
        assert not finding.ok

    play(scenario, records=2, extra={"bearer": "off"}, settings={"auth": "bearer"})
