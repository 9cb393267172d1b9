"""What writing an order does at a destination besides: nothing, unless the flow says so."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from pullpush_sdk.sandbox import ChangeError
from tests.matrix import goods
from tests.matrix.world import ORDERS_ALLOWED, PLATFORMS, End, world

QUIET = {"magento": {"order_mail": "off"}}
"""What a merchant switches off beforehand where no request can."""
MOVING = {
    "linnworks": {"reserve_stock": True},
    "salla": {"order_takes_stock": True},
    "shopify": {"move_stock": True},
}


def book(both):
    """What left the shop, and what it counts of the goods."""
    box = both.boxes["right"]
    dump = box.control.dump()
    found = {"mails": len(dump.get("mails", ())), "captures": len(dump.get("captures", ()))}
    orders = goods.held(both, "order")
    found["received"] = sum(Decimal(str(each.get("received") or 0)) for each in orders)
    found["notified"] = sum(bool((each.get("receiver") or {}).get("notify")) for each in orders)
    found["invoices"] = len(dump.get("invoices", ()))
    return found


async def pieces(both):
    """The quantity of the goods that the destination shows."""
    levels = (await both.records("right", "stocklevel")).values()
    return sorted(each.quantity for each in levels if each.sku == goods.SKU and each.quantity)


def play(folder, setenv, destination, scenario, *, types=("order",), settings=None):
    async def run():
        left = End(connector="shopify", records=0)
        right = End(connector=destination, records=0, extra=QUIET.get(destination, {}), settings=settings or {})
        async with world(folder, setenv, left, right, types) as both:
            goods.stocked(both)
            return await scenario(both)

    return asyncio.run(run())


@pytest.mark.parametrize("destination", PLATFORMS)
def test_nobody_is_mailed_nothing_is_taken_and_no_stock_moves(destination, tmp_path, monkeypatch):
    async def scenario(both):
        before = book(both), await pieces(both)
        await both.give("order", goods.order(destination, "A1"))
        counts = (await both.until_done())["order"]
        return before, (book(both), await pieces(both)), counts, goods.held(both, "order"), await both.letters()

    before, after, counts, orders, letters = play(tmp_path, monkeypatch.setenv, destination, scenario)
    assert after == before
    if destination == "magento":
        # Placing an order always reserves and may mail there, so that it takes leave to write one at all.
        ((_, _, reason),) = letters
        assert "orders_reserve_stock" in reason
        assert "orders_send_mail" in reason
        assert not orders
    else:
        assert not letters
        assert counts["delivered"] == len(orders) == 1


@pytest.mark.parametrize("destination", sorted(MOVING))
def test_stock_moves_where_the_flow_says_so(destination, tmp_path, monkeypatch):
    """The same book shows it: the test before could have failed."""

    async def scenario(both):
        before = await pieces(both)
        await both.give("order", goods.order(destination, "A1"))
        await both.until_done()
        return before, await pieces(both), await both.letters()

    before, after, letters = play(tmp_path, monkeypatch.setenv, destination, scenario, settings=MOVING[destination])
    assert not letters
    assert (before, after) == ([50], [48])


def test_magento_places_orders_where_the_flow_says_so(tmp_path, monkeypatch):
    """Pieces are reserved, as was allowed; nothing is captured or invoiced."""

    async def scenario(both):
        await both.give("order", goods.order("magento", "A1"))
        await both.until_done()
        return book(both), both.boxes["right"].control.dump()["reservations"], await both.letters()

    after, reserved, letters = play(
        tmp_path, monkeypatch.setenv, "magento", scenario, settings=ORDERS_ALLOWED["magento"]
    )
    assert not letters
    assert after == {"mails": 0, "captures": 0, "received": 0, "notified": 0, "invoices": 0}
    assert {sku: int(number) for sku, number in reserved.items()} == {goods.SKU: -2}


WRONG = {
    "another currency": ({"currency": "KWD"}, "KWD"),
    "a SKU that is not there": (
        {"lineItems": [{"sku": "NOBODY-1", "title": "?", "quantity": 2, "unitPrice": "100.00", "total": "200.00"}]},
        "NOBODY-1",
    ),
    "a total that its parts do not make": ({"totalAmount": "199.99"}, "199.99"),
}


@pytest.mark.parametrize("wrong", list(WRONG))
@pytest.mark.parametrize("destination", PLATFORMS)
def test_what_cannot_be_written_exactly_is_a_dead_letter(destination, wrong, tmp_path, monkeypatch):
    changes, named = WRONG[wrong]

    async def scenario(both):
        before = book(both), await pieces(both)
        await both.give("order", goods.order(destination, "A1", **changes))
        await both.until_done()
        return before, (book(both), await pieces(both)), goods.held(both, "order"), await both.letters()

    before, after, orders, letters = play(
        tmp_path, monkeypatch.setenv, destination, scenario, settings=ORDERS_ALLOWED.get(destination)
    )
    ((_, key, reason),) = letters
    assert key == "A1"
    assert named in reason, reason
    assert not orders
    assert after == before


@pytest.mark.parametrize("destination", PLATFORMS)
def test_a_price_in_another_currency_is_a_dead_letter(destination, tmp_path, monkeypatch):
    async def scenario(both):
        wire = {"sku": goods.SKU, "title": "New", "price": "1.00", "currency": "KWD"}
        await both.give("product", wire, {**wire, "sku": "NEW-1"})
        await both.until_done()
        return (await both.records("right", "product")).values(), await both.letters()

    products, letters = play(tmp_path, monkeypatch.setenv, destination, scenario, types=("product",))
    assert {key for _, key, _ in letters} == {goods.SKU, "NEW-1"}
    assert all("KWD" in reason for *_, reason in letters), letters
    assert [(each.sku, each.price) for each in products] == [(goods.SKU, goods.PRICE)]


@pytest.mark.parametrize("destination", PLATFORMS)
def test_stock_of_a_missing_or_doubled_sku_is_a_dead_letter(destination, tmp_path, monkeypatch):
    async def scenario(both):
        doubled = True
        try:
            goods.stocked(both, quantity=7)
        except ChangeError:
            doubled = False  # the platform takes a SKU once
        place = next(iter(both.project.flow("there").locations)) or None
        await both.give(
            "stocklevel",
            *({"sku": sku, "quantity": 3, "locationId": place} for sku in ("NOBODY-1", goods.SKU)),
        )
        before = await pieces(both)
        await both.until_done()
        return doubled, before, await pieces(both), await both.letters()

    doubled, before, after, letters = play(tmp_path, monkeypatch.setenv, destination, scenario, types=("stocklevel",))
    reasons = {key: reason for _, key, reason in letters}
    missing = next(reason for key, reason in reasons.items() if "NOBODY-1" in key)
    assert "NOBODY-1" in missing
    if doubled:
        (reason,) = (reason for key, reason in reasons.items() if goods.SKU in key)
        assert any(words in reason for words in ("several", "more than once", "2 items")), reason
        assert after == before
    else:
        assert len(letters) == 1
        assert after == [3]
