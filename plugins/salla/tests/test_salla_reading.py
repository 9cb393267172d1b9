"""Reading through the real connector and client, against what the sandbox itself says it holds."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import datetime
from decimal import Decimal
from importlib.resources import files

import pytest

from pullpush_sdk.manifest import load, placeholders

ALL = frozenset({"stocklevel", "product", "order", "contact", "cart", "invoice"})


def _minor(amount):
    return None if amount is None else int(amount * 100)


def _at(text):
    return datetime.fromisoformat(text)


def test_the_manifest_has_no_finding_and_gives_the_abilities(loaded):
    """Six types are read, four are written; what a request needs is a setting or a secret."""
    found = load(files("pullpush_salla") / "connector.yaml")
    assert found.notes == ()
    connector = loaded.connector
    assert connector.reads == connector.snapshots == ALL
    assert connector.writes == {"stocklevel", "product", "order", "contact"}
    assert connector.batch["stocklevel"] == 100
    known = set(connector.settings["properties"]) | set(connector.secrets)
    assert placeholders([found.manifest.base_url, dict(found.manifest.headers)]) <= known


def test_check_and_locations(loaded, world):
    """The account is named; inactive branches are no locations."""

    async def run():
        async with world(extra={"branches": "3"}) as w:
            (finding,) = await loaded.hook.pullpush_check(connection=w.connection)
            places = await loaded.hook.pullpush_locations(connection=w.connection)
            return finding, places, w.state()["branches"]

    finding, places, branches = asyncio.run(run())
    assert finding.ok
    assert "Sandbox store" in finding.message
    assert {place.id: place.active for place in places} == {str(b["id"]): bool(b["active"]) for b in branches}
    assert sum(place.active for place in places) == 2


@pytest.mark.parametrize("extra", [{}, {"quantities_per_page": "ignored", "past_last_page": "404"}])
def test_every_kind_of_stock_is_read_as_what_it_is(world, extra):
    """Counted is its number, zero is zero; unlimited and unknown are no data, in every active branch."""

    async def run():
        async with world(records=40, extra={"branches": "3", **extra}) as w:
            return await w.read("stocklevel"), w.state()

    levels, state = asyncio.run(run())
    expected = {}
    for product in state["products"]:
        kinds = [(v["sku"] or f"salla:variant:{v['id']}", v["stock"]) for v in product["variants"]]
        own = product["sku"] or f"salla:product:{product['id']}"
        for sku, stock in kinds or [(own, product["stock"])]:
            for branch in (b["id"] for b in state["branches"] if b["active"]):
                counted = stock["by_branch"].get(branch, 0)
                expected[sku, str(branch)] = None if stock["unlimited"] else counted
    assert {(level.sku, level.location_id): level.quantity for level in levels} == expected
    assert len(levels) == len(expected)
    of = {level.sku: level.quantity for level in levels}
    assert of["SKU-00005"] is of["SKU-00007"] is of["SKU-00015"] is None
    assert of["SKU-00006"] == 0
    assert of["SKU-00001"] > 0


def test_products_match_the_store(world):
    """Title, prices, variants and options as the store holds them; one without any SKU is rejected, not guessed."""

    async def run():
        async with world(records=40) as w:
            pages = await w.pages("product")
            return [e.record for p in pages for e in p.events], [r for p in pages for r in p.rejects], w.state()

    products, rejects, state = asyncio.run(run())
    native = {str(row["id"]): row for row in state["products"]}
    assert len(rejects) == 2
    assert all("sku" in str(reject.error) for reject in rejects)
    assert {p.product_id for p in products} == {
        id_ for id_, row in native.items() if row["sku"] or any(v["sku"] for v in row["variants"])
    }
    for product in products:
        row = native[product.product_id]
        assert product.title == row["name"][1]
        paid = row["regular_price"] if row["sale_price"] is None else row["sale_price"]
        assert _minor(product.price) == paid
        assert _minor(product.compare_at_price) == (row["regular_price"] if row["sale_price"] else None)
        assert product.currency == "SAR"
        assert product.status == ("hidden" if row["status"] == "hidden" else "active")
        assert product.native_status == row["status"]
        assert [v.sku for v in product.variants] == [v["sku"] for v in row["variants"]]
        assert [_minor(v.price) for v in product.variants] == [v["price"] for v in row["variants"]]
        assert product.sku == (row["sku"] or row["variants"][0]["sku"])
    sized = next(p for p in products if p.sku == "SKU-00003-S")
    assert [v.options for v in sized.variants] == [{"Size": "Small"}, {"Size": "Medium"}]
    assert sized.options[0].values == ("Small", "Medium")


@pytest.mark.parametrize("detail", ["light", "full"])
def test_orders_add_up_and_match_the_store(world, detail):
    """Lines, discounts, shipping and tax make the total to the last minor unit, whatever the details show."""

    async def run():
        async with world(records=60, extra={"order_detail": detail}, scale=2000.0) as w:
            return await w.read("order"), w.state()

    orders, state = asyncio.run(run())
    native = {str(row["id"]): row for row in state["orders"]}
    assert len(orders) == len(native) == 30
    for order in orders:
        row = native[order.order_id]
        lines = order.line_items
        assert order.total_amount == (
            order.subtotal_amount - order.discount_amount + order.shipping_amount + order.tax_amount
        )
        assert order.subtotal_amount == sum(line.unit_price * line.quantity for line in lines)
        assert sum(line.total for line in lines) == order.subtotal_amount - order.discount_amount
        shipping_tax = order.tax_amount - sum(line.tax for line in lines)
        assert shipping_tax == (0 if not row["lines"][0]["taxed"] else _rounded(row["shipping"] * 15))
        assert [(line.sku, line.quantity, _minor(line.unit_price)) for line in lines] == [
            (each["sku"] or None, each["quantity"], each["unit"]) for each in row["lines"]
        ]
        assert order.order_number == str(row["reference_id"])
        assert order.currency == "SAR"
        assert order.created_at == _at(row["created_at"])
        assert order.updated_at == _at(row["updated_at"])
        assert _minor(Decimal(order.extensions["cashOnDelivery"])) == row["cash_on_delivery"]
        _same_buyer(order.customer, row["customer"])
    assert len({order.native_status for order in orders}) == 13
    assert "unknown" not in {str(order.status) for order in orders}
    assert any(order.discount_amount for order in orders)


def _rounded(hundredths):
    return Decimal((hundredths + 50) // 100) / 100


def _same_buyer(customer, row):
    if row is None:
        assert customer is None
        return
    assert (customer.customer_id or None) == (None if row["id"] is None else str(row["id"]))
    assert customer.email == (row["email"] or None)
    assert customer.phone == f"+966{row['mobile']}"
    assert customer.name == f"{row['first_name']} {row['last_name']}"


def test_contacts_carts_and_invoices_match_the_store(world):
    """Customers without a mail address have null; purchased carts are not listed; invoices carry their lines."""

    async def run():
        async with world(records=80, scale=2000.0) as w:
            return await w.read("contact"), await w.read("cart"), await w.read("invoice"), w.state()

    contacts, carts, invoices, state = asyncio.run(run())
    assert {(c.contact_id, c.email, c.phone, c.name) for c in contacts} == {
        (str(r["id"]), r["email"] or None, f"+966{r['mobile']}", f"{r['first_name']} {r['last_name']}")
        for r in state["customers"]
    }
    active = {str(r["id"]): r for r in state["carts"] if r["status"] == "active"}
    assert {c.cart_id for c in carts} == set(active)
    for cart in carts:
        row = active[cart.cart_id]
        assert cart.status == "abandoned"
        assert _minor(cart.subtotal_amount) == sum(line["unit"] * line["quantity"] for line in row["lines"])
        assert [line.product_id for line in cart.line_items] == [str(line["product_id"]) for line in row["lines"]]
        assert cart.updated_at == _at(row["updated_at"])
    issued = {str(r["id"]): r for r in state["invoices"]}
    orders = {r["id"]: r for r in state["orders"]}
    assert {i.invoice_id for i in invoices} == set(issued)
    assert invoices
    for invoice in invoices:
        row = issued[invoice.invoice_id]
        assert invoice.order_id == str(row["order"])
        assert invoice.kind == "invoice"
        assert invoice.currency == "SAR"
        assert invoice.issued_at == _at(row["created_at"])
        assert [line.quantity for line in invoice.line_items] == [
            line["quantity"] for line in orders[row["order"]]["lines"]
        ]
        assert invoice.amount == (
            invoice.subtotal_amount - invoice.discount_amount + invoice.shipping_amount + invoice.tax_amount
        )
        assert sum(line.total for line in invoice.line_items) == invoice.subtotal_amount - invoice.discount_amount


def test_a_second_sweep_of_orders_reads_only_what_changed(world):
    """Newest change first: the changed order comes again, old pages are not asked for."""

    async def run():
        async with world(records=160, scale=2000.0) as w:
            first = await w.pages("order")
            w.sandbox.control.clock.advance(3600)
            w.change("order_status", reference_id=40_000_003, slug="shipped")
            before = len(await w.asked())
            again = await w.pages("order", first[-1].cursor)
            return first, again, len(await w.asked()) - before

    first, again, asked = asyncio.run(run())
    assert sum(len(page.events) for page in first) == 80
    (page,) = again
    assert "40000003" in [event.record.order_number for event in page.events]
    assert page.events[0].record.status == "shipped"
    assert asked <= 1 + 2 * 30 + 1


def test_a_sweep_keeps_within_the_budget(world):
    """More requests than a minute's budget: the client waits, the platform never refuses."""

    async def run():
        async with world(records=140, extra={"plan": "plus"}, scale=400.0) as w:
            orders = await w.read("order")
            violations = w.sandbox.control.violations.counts()
            return len(orders), len(await w.asked("GET")), violations

    orders, asked, violations = asyncio.run(run())
    assert orders == 70
    assert asked > 120
    assert not any(violations.values())


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "status", "status": 429, "headers": {"Retry-After": "2"}},
        {"fault": "status", "status": 500},
        {"fault": "reset"},
        {"fault": "lost_answer"},
        {"fault": "truncate"},
    ],
    ids=lambda fault: str(fault.get("status", fault["fault"])),
)
def test_a_sweep_survives_faults(world, fault):
    """Every third answer fails once or twice; every level is read once all the same."""

    async def run():
        async with world(records=100, scale=2000.0) as w:
            w.faults({"match": {"path": "*/quantities"}, "skip": 1, "times": 2, **fault})
            return await w.read("stocklevel"), w.state()

    levels, state = asyncio.run(run())
    rows = sum(len(product["variants"]) or 1 for product in state["products"])
    assert len(levels) == rows
    assert set(Counter(level.sku for level in levels).values()) == {1}
