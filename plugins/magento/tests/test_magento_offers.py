"""Special prices of a shop: read by its wall clock, told when they begin and end by themselves, written and ended."""

from __future__ import annotations

import runpy
from decimal import Decimal
from pathlib import Path

import pytest

from pullpush_sdk import UNSET
from pullpush_sdk.connector import Result

DAY = 86_400
raw = runpy.run_path(str(Path(__file__).with_name("raw_shop.py")))["raw"]


def _offer(price, first=None, last=None):
    return {"special_price": price, "special_from_date": first, "special_to_date": last}


def _own(shop, sku):
    row = next(product for product in shop.state()["products"] if product["sku"] == sku)
    own = {each["attribute_code"]: each["value"] for each in row["custom_attributes"]}
    return row["price"], {code: own[code] for code in _offer(None) if code in own}


def _prices(events):
    return {event.record.sku: (event.record.price, event.record.compare_at_price) for event in events}


def test_what_is_paid_and_what_it_was(play):
    """Simple products and children; an offer that does not run now is none."""

    async def scenario(shop):
        shop.change("product", sku="MG-0000", **_offer(0.5, "2026-03-01", "2026-03-02"))
        shop.change("product", sku="MG-0001", **_offer(1, "2026-03-03"))
        shop.change("product", sku="MG-0004-R", price=3, compare_at=5)
        shop.change("product", sku="MG-0005", **_offer(0))
        events, rejects, _ = await shop.pull("product")
        assert not rejects
        told = _prices(events)
        assert told["MG-0000"] == (Decimal("0.5"), Decimal("0.99"))
        assert told["MG-0001"] == (Decimal("1.99"), None)
        assert told["MG-0005"] == (0, Decimal("5.99"))
        assert told["MG-0004"] == (UNSET, UNSET)
        parent = next(event.record for event in events if event.record.sku == "MG-0004")
        assert [(each.price, each.compare_at_price) for each in parent.variants] == [(3, 5), (Decimal("5.99"), None)]
        assert not [event for event in events if "special_price" in (event.record.extensions or {})]

    play(scenario, records=8)


@pytest.mark.parametrize(("zone", "paid"), [("Pacific/Auckland", "0.5"), ("America/Chicago", "0.99")])
def test_the_day_is_that_of_the_store(play, zone, paid):
    """At noon in London on the second of March it is the third in Auckland already."""

    async def scenario(shop):
        shop.change("product", sku="MG-0000", **_offer(0.5, "2026-03-03"))
        assert _prices((await shop.pull("product"))[0])["MG-0000"][0] == Decimal(paid)

    play(scenario, records=1, extra={"timezone": zone})


@pytest.mark.parametrize("pause", [300.0, DAY / 4, 5 * DAY])
def test_an_offer_that_begins_and_ends_by_itself_is_told_once(play, pause):
    """Its product's time stands still: each sweep brings what turned since the last, whatever the pause."""

    async def scenario(shop):
        whole, timed = "MG-0000", "MG-0001"
        shop.change("product", sku=whole, **_offer(0.5, "2026-03-04", "2026-03-05"))
        shop.change("product", sku=timed, **_offer(1, "2026-03-04 09:30:00", "2026-03-05 21:15:00"))
        events, _, cursor = await shop.pull("product")
        held, told, sweeps = _prices(events), [], int(6 * DAY / pause)
        step = max(1, sweeps // 150)  # a busy schedule is looked at around the turns only
        for number in range(sweeps):
            shop.connection.clock.advance(pause)
            if step > 1 and not _is_near(shop, pause):
                continue
            events, _, cursor = await shop.pull("product", cursor)
            told += [(sku, price[0]) for sku, price in _prices(events).items() if held[sku] != price]
            held |= _prices(events)
            if number % 3 == 0:
                assert held == _prices((await shop.pull("product"))[0])
        if pause < DAY:
            both = [(whole, Decimal("0.5")), (timed, 1), (timed, Decimal("1.99")), (whole, Decimal("0.99"))]
            assert told == both

    play(scenario, records=2)


def _is_near(shop, pause):
    """Whether an offer of the test turned a short while ago, by Chicago's clock, six hours behind."""
    hour = (shop.connection.clock.now().hour - 6) % 24 + shop.connection.clock.now().minute / 60
    return any(0 <= (hour - turn) % 24 <= 3 * pause / 3600 for turn in (0, 9.5, 21.25))


def test_nothing_is_asked_twice(play):
    """A sweep in which nothing turned reads two empty lists more."""

    async def scenario(shop):
        shop.change("product", sku="MG-0000", **_offer(0.5, "2026-03-01"))
        shop.connection.clock.advance(3 * 3600)
        _, _, cursor = await shop.pull("product")
        shop.connection.clock.advance(3 * 3600)
        before = len(await shop.calls("/products"))
        events, _, _ = await shop.pull("product", cursor)
        assert not events
        asked = [call["query"] for call in (await shop.calls("/products"))[before:]]
        assert len([query for query in asked if "special_" in query]) == 2

    play(scenario, records=2)


def test_a_cursor_from_before_offers_were_read(play):
    """It does not say when prices were told: every product with a special price is told again."""

    async def scenario(shop):
        shop.change("product", sku="MG-0001", **_offer(1, "2026-03-01"))
        _, _, cursor = await shop.pull("product")
        shop.connection.clock.advance(7200)
        old = {name: value for name, value in cursor.items() if name != "prices"}
        events, _, cursor = await shop.pull("product", old)
        assert _prices(events) == {"MG-0001": (1, Decimal("1.99"))}
        assert not (await shop.pull("product", cursor))[0]

    play(scenario, records=2)


def test_a_wall_clock_that_is_turned_back(play):
    """On the first of November Chicago has the hour from one to two twice; an offer of half past one turns thrice."""

    async def scenario(shop):
        shop.change("product", sku="MG-0000", **_offer(0.5, "2026-11-01 01:30:00"))
        start = shop.connection.clock.now()
        shop.connection.clock.advance((start.replace(month=11, day=1, hour=5, minute=55) - start).total_seconds())
        events, _, cursor = await shop.pull("product")
        held = _prices(events)
        for _ in range(14):
            shop.connection.clock.advance(700)
            events, _, cursor = await shop.pull("product", cursor)
            held |= _prices(events)
            assert held == _prices((await shop.pull("product"))[0])
        assert held["MG-0000"][0] == Decimal("0.5")

    play(scenario, records=1)


def test_a_date_that_is_none_hides_the_price(play):
    """Nothing is said of a price that is not known; nothing is written over it."""

    async def scenario(shop):
        for product in shop.state()["products"]:
            if product["sku"] in ("MG-0000", "MG-0004-R"):
                product["custom_attributes"] += [
                    {"attribute_code": "special_price", "value": "0.5"},
                    {"attribute_code": "special_to_date", "value": "soon"},
                ]
        events, rejects, _ = await shop.pull("product")
        assert not rejects
        assert _prices(events)["MG-0000"] == (UNSET, UNSET)
        assert next(event.record for event in events if event.record.sku == "MG-0004").variants[0].price is UNSET
        outcome = await shop.push_one("product", {"sku": "MG-0000", "price": "3", "currency": "SAR"})
        assert outcome.result is Result.DEAD
        assert "soon" in outcome.reason

    play(scenario, records=5)


# Writing


def _record(price, **more):
    return {"sku": "MG-0000", "price": price, "currency": "SAR", **more}


def test_an_offer_is_written_and_ended(play):
    """In one request each; the second time there is nothing to do, and it reads back."""

    async def scenario(shop):
        offer = _record("7.50", compareAtPrice="9.00")
        outcome = await shop.push_one("product", offer)
        assert outcome.result is Result.DELIVERED, outcome
        assert (outcome.returned["price"], outcome.returned["compareAtPrice"]) == ("7.5", "9")
        stored = {"special_price": "7.500000", "special_from_date": "2026-03-02 00:00:00"}
        assert _own(shop, "MG-0000") == (9, stored)
        assert (await shop.push_one("product", offer)).result is Result.UNCHANGED
        assert (await shop.push_one("product", _record("7.00"))).result is Result.DELIVERED
        assert _own(shop, "MG-0000") == (9, {**stored, "special_price": "7.000000"})
        outcome = await shop.push_one("product", _record("9.00", compareAtPrice=None))
        assert (outcome.returned["price"], outcome.returned["compareAtPrice"]) == ("9", None)
        assert _own(shop, "MG-0000") == (9, {})
        assert len([call for call in await shop.calls() if call["method"] != "GET"]) == 3

    play(scenario, records=1)


@pytest.mark.parametrize("more", [{}, {"compareAtPrice": None}])
@pytest.mark.parametrize(
    "stored", [_offer(0.5, "2026-03-01"), _offer(3, "2026-03-01"), _offer(0.5, None, "2026-03-02")]
)
def test_the_written_price_is_what_a_buyer_pays(play, stored, more):
    """A price above the regular one ends what runs, and takes away what would come into force."""

    async def scenario(shop):
        shop.change("product", sku="MG-0000", **stored)
        assert (await shop.push_one("product", _record("5.00", **more))).result is Result.DELIVERED
        assert _own(shop, "MG-0000") == (5, {})

    play(scenario, records=1)


def test_a_partial_event_of_the_price_before(play):
    """What is paid stays."""

    async def scenario(shop):
        fields = frozenset({"compare_at_price", "currency"})
        payload = {"sku": "MG-0000", "currency": "SAR", "compareAtPrice": "4.00"}
        assert (await shop.push_one("product", payload, fields=fields)).result is Result.DELIVERED
        price, own = _own(shop, "MG-0000")
        assert (price, own["special_price"]) == (4, "0.990000")
        wrong = await shop.push_one("product", {**payload, "currency": "EUR"}, fields=fields)
        assert wrong.result is Result.DEAD

    play(scenario, records=1)


def test_children_and_new_products_have_offers(play):
    """A family, a simple product made of its only variant, and a change of one child."""
    tee = {"sku": "TEE", "title": "Tee", "currency": "SAR", "status": "active"}
    red = {"sku": "TEE-R", "price": "8.00", "compareAtPrice": "10.00", "options": {"Color": "Red"}}
    blue = {"sku": "TEE-B", "price": "9.00", "compareAtPrice": None, "options": {"Color": "Blue"}}

    async def scenario(shop):
        assert (await shop.push_one("product", {**tee, "variants": [red, blue]})).result is Result.DELIVERED
        assert [_own(shop, sku)[0] for sku in ("TEE-R", "TEE-B")] == [10, 9]
        assert _own(shop, "TEE-R")[1]["special_price"] == "8.000000"
        assert not _own(shop, "TEE-B")[1]
        swapped = [
            {**red, "price": "10.00", "compareAtPrice": None},
            {**blue, "price": "6.00", "compareAtPrice": "9.00"},
        ]
        outcome = await shop.push_one("product", {**tee, "variants": swapped})
        assert [(each["price"], each["compareAtPrice"]) for each in outcome.returned["variants"]] == [
            ("10", None),
            ("6", "9"),
        ]
        single = {**tee, "sku": "ONE", "variants": [{**red, "sku": "ONE", "options": {}}]}
        outcome = await shop.push_one("product", single)
        assert (outcome.returned["price"], outcome.returned["compareAtPrice"]) == ("8", "10")

    play(scenario, records=1)


def test_a_shop_that_cannot_end_a_special_price(play):
    """Some releases pass over null ([4] 8274): what is charged then is told, not left to be found out."""

    async def scenario(shop):
        shop.change("product", sku="MG-0000", **_offer(0.5, "2026-03-01"))
        outcome = await shop.push_one("product", _record("5.00", compareAtPrice=None))
        assert outcome.result is Result.DEAD
        assert "sells at 0.5" in outcome.reason
        assert "special price" in outcome.reason

    play(scenario, records=1, extra={"special_null": "kept"})


def test_an_offer_starts_in_every_store_view(play):
    """Its first day is the day that it is in the westernmost one."""

    async def scenario(shop):
        shop.connection.clock.advance(13 * 3600)  # the third of March in London, the second in Chicago
        assert (await shop.push_one("product", _record("0.50", compareAtPrice="0.99"))).result is Result.DELIVERED
        assert _own(shop, "MG-0000")[1]["special_from_date"] == "2026-03-02 00:00:00"

    play(scenario, records=1)


def test_a_bundle_has_a_percentage(play):
    """It is read as an amount, and written so that the amount comes out."""

    async def scenario(shop):
        sku = "MG-0006"
        shop.change("product", sku=sku, price=4, compare_at=6)
        assert _prices((await shop.pull("product"))[0])[sku] == (4, 6)
        assert _own(shop, sku)[1]["special_price"] == "66.666667"
        outcome = await shop.push_one("product", {**_record("5.50", compareAtPrice="7.00"), "sku": sku})
        assert (outcome.returned["price"], outcome.returned["compareAtPrice"]) == ("5.5", "7")
        assert _own(shop, sku)[0] == 7

    play(scenario, records=8)


# The sandbox by itself


def _save(shop, *attributes, sku="MG-0000"):
    custom = [{"attribute_code": code, "value": value} for code, value in attributes]
    body = {"product": {"sku": sku, "custom_attributes": custom}}
    status, answer = shop.send("POST", "/rest/all/V1/products", body)
    own = {each["attribute_code"]: each["value"] for each in answer.get("custom_attributes", ())}
    return status, {code: own[code] for code in _offer(None) if code in own} or answer.get("message")


def test_special_prices_over_plain_http():
    """Stored with six places and a time, from today where nothing is said; refused as the platform does; found by."""
    with raw(records=2) as shop:
        stored = {"special_price": "0.500000", "special_from_date": "2026-03-02 00:00:00"}
        assert _save(shop, ("special_price", 0.5)) == (200, stored)
        late = {**stored, "special_to_date": "2026-03-04 10:00:00"}
        assert _save(shop, ("special_to_date", "2026-03-04 10:00:00")) == (200, late)
        words = "Make sure the To Date is later than or the same as the From Date."
        assert _save(shop, ("special_to_date", "2026-03-01")) == (400, words)
        assert _save(shop, ("special_price", "-1")) == (400, "Please enter a number 0 or greater in this field.")
        assert _save(shop, ("special_price", "x"))[0] == 400
        assert _save(shop, ("special_from_date", "soon")) == (400, "Invalid date")
        window = "&".join(
            f"searchCriteria[filterGroups][{number}][filters][0][{name}]={value}"
            for number, (condition, day) in enumerate([("gteq", "2026-03-04"), ("lteq", "2026-03-05")])
            for name, value in (("field", "special_to_date"), ("conditionType", condition), ("value", day))
        )
        status, listed = shop("GET", f"products?{window}")
        assert (status, [row["sku"] for row in listed["items"]]) == (200, ["MG-0000"])
        assert not [name for name in listed["items"][0] if name.startswith("_")]
        assert _save(shop, ("special_to_date", None)) == (200, stored)
        assert _save(shop, ("special_price", None), ("special_from_date", None)) == (200, None)
        assert _save(shop, ("special_price", ""))[1]["special_price"] == "0.000000"


@pytest.mark.parametrize(("end", "price"), [("exact", 0.99), ("day_later", 0.5)])
def test_both_readings_of_a_last_day_with_a_time(end, price):
    """Older releases charge a day longer; a cart shows it."""
    with raw(records=1, special_end=end) as shop:
        shop.change("product", sku="MG-0000", **_offer(0.5, None, "2026-03-02 12:00:00"))
        shop.advance(DAY)
        cart = shop("POST", "guest-carts", token="")[1]
        item = {"cartItem": {"sku": "MG-0000", "qty": 1, "quote_id": cart}}
        assert shop("POST", f"guest-carts/{cart}/items", item, token="")[1]["price"] == price


def test_an_order_is_placed_at_the_special_price():
    """What a buyer pays is what the shop charges."""
    with raw(records=1) as shop:
        shop.change("product", sku="MG-0000", price=0.5, compare_at=2)
        shop.change("order_create", items=[{"sku": "MG-0000", "quantity": 2}], email="x@example.com")
        order = shop.control.dump()["orders"][-1]
        assert order["grand_total"] == 2 * 0.5 + 5  # shipping
