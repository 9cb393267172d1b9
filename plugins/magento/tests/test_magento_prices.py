"""What is paid, and what it was before: reading and writing against the shop's own arithmetic."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pullpush_magento.prices import Prices, price_body, prices_of, wanted_prices
from pullpush_magento.sandbox.offers import checked, final_price

from pullpush_sdk.errors import FieldError

NOW = datetime(2026, 3, 2, 6)  # noqa: DTZ001 - the store's wall clock has no zone
TODAY = NOW.date()
AMOUNTS = st.integers(0, 40).map(lambda units: Decimal(units) / 4)
DAYS = st.none() | st.integers(-3, 3).map(lambda days: f"{TODAY + timedelta(days=days)} 00:00:00")
TIMES = st.none() | st.integers(-60, 60).map(lambda hours: str(NOW + timedelta(hours=hours)))
KINDS = st.sampled_from(["simple", "simple", "bundle"])


def product(price, special=None, first=None, last=None, kind="simple"):
    """A native product as the shop answers."""
    own = {"special_price": special, "special_from_date": first, "special_to_date": last}
    attributes = [{"attribute_code": code, "value": value} for code, value in own.items() if value is not None]
    return {"type_id": kind, "price": price, "custom_attributes": attributes}


@st.composite
def products(draw):
    """Every way in which a special price may lie in a shop: running, over, to come, too high, without a price."""
    first, last = draw(DAYS), draw(DAYS | TIMES)
    if first and last and last < first:
        first, last = last, first
    if last and last < str(TODAY):
        first = first or last  # else the shop makes today the first day, and refuses every save from then on
    special = draw(st.none() | AMOUNTS.map(lambda amount: f"{amount:.6f}"))
    return product(float(draw(AMOUNTS)), special, first, last, draw(KINDS))


def saved(native, body):
    """The product after a save, by the sandbox's arithmetic."""
    given_now = {each["attribute_code"]: each for each in body.get("custom_attributes", ())}
    attributes = checked(native["custom_attributes"], given_now, TODAY, null="cleared")
    return {**native, "price": float(body.get("price", native["price"])), "custom_attributes": attributes}


def paid_in(native, at=NOW):
    return Decimal(str(final_price(native, at, end="exact")))


@given(native=products())
def test_what_is_read_is_what_the_shop_charges(native):
    prices = prices_of(native, NOW)
    assert prices.paid == paid_in(native)
    assert prices.regular == Decimal(str(native["price"]))
    assert prices.sale is None or prices.sale < prices.regular


@st.composite
def records(draw):
    """Canonical prices: with or without a word about the price before the offer."""
    record = {"price": str(draw(AMOUNTS))}
    if draw(st.booleans()):
        record["compareAtPrice"] = draw(st.none() | AMOUNTS.map(str))
    return record


@given(native=products(), record=records())
def test_what_is_written_is_what_a_buyer_pays(native, record):
    """And the price before it is the one that is told, or stays where nothing is said of it; twice writes once."""
    before, wanted = prices_of(native, NOW), wanted_prices(record, prices_of(native, NOW))
    after = saved(native, price_body(wanted, native, NOW, TODAY))
    paid = Decimal(record["price"])
    assert abs(paid_in(after) - paid) <= (Decimal("0.005") if native["type_id"] == "bundle" else 0)
    told = record.get("compareAtPrice", None if before.sale is None else before.regular)
    shown = prices_of(after, NOW)
    assert shown.regular == (Decimal(told) if told is not None and Decimal(told) > paid else paid)
    assert price_body(wanted, after, NOW, TODAY) == {}


@given(native=products(), first=AMOUNTS, second=AMOUNTS)
def test_no_old_special_price_comes_into_force(native, first, second):
    """Whatever lies in the shop, prices without an offer are what is charged, now and after each further write."""
    for amount in (first, second):
        record = {"price": str(amount), "compareAtPrice": None}
        native = saved(native, price_body(wanted_prices(record, prices_of(native, NOW)), native, NOW, TODAY))
        assert paid_in(native) == amount


@given(native=products(), days=st.integers(0, 9))
def test_a_new_offer_has_no_end(native, days):
    """The end of one that is over, or was to come, does not end it; one that ran keeps its own."""
    ran = prices_of(native, NOW).sale is not None
    wanted = Prices(regular=Decimal(50), sale=Decimal(20))
    after = saved(native, price_body(wanted, native, NOW, TODAY))
    dates = [
        {each["attribute_code"]: each["value"] for each in one["custom_attributes"]}.get("special_to_date")
        for one in (native, after)
    ]
    assert dates[1] == (dates[0] if ran else None)
    assert ran or paid_in(after, NOW + timedelta(days=days)) == 20


@pytest.mark.parametrize(
    ("native", "paid", "regular"),
    [
        (product(10, "7.000000"), "7", "10"),
        (product(10, "7.000000", "2026-03-02 00:00:00"), "7", "10"),
        (product(10, "7.000000", "2026-03-03 00:00:00"), "10", "10"),
        (product(10, "7.000000", None, "2026-03-02 00:00:00"), "7", "10"),  # the last day counts whole
        (product(10, "7.000000", None, "2026-03-01 00:00:00"), "10", "10"),
        (product(10, "7.000000", None, "2026-03-02"), "7", "10"),
        (product(10, "7.000000", None, "2026-03-02 06:00:00"), "7", "10"),
        (product(10, "7.000000", None, "2026-03-02 05:59:59"), "10", "10"),  # a time ends then
        (product(10, "7.000000", "0000-00-00 00:00:00", "0000-00-00 00:00:00"), "7", "10"),
        (product(10, "0.000000"), "0", "10"),  # nought is a price
        (product(10, ""), "10", "10"),
        (product(10, "10.000000"), "10", "10"),
        (product(10, "12.000000"), "10", "10"),
        (product(9.99, "80.000000", kind="bundle"), "7.99", "9.99"),  # a percentage
    ],
)
def test_prices_as_they_are_in_force(native, paid, regular):
    prices = prices_of(native, NOW)
    assert (prices.paid, prices.regular) == (Decimal(paid), Decimal(regular))


def test_a_date_that_is_none_is_no_guess():
    with pytest.raises(FieldError, match="special_to_date is 'soon'"):
        prices_of(product(10, "7", None, "soon"), NOW)


def test_the_dates_of_a_running_offer_stay():
    """Its price alone is written; what ends it is all taken away."""
    native = product(10, "7.000000", "2026-03-01 00:00:00", "2026-03-05 00:00:00")
    lower = price_body(Prices(regular=Decimal(10), sale=Decimal(6)), native, NOW, TODAY)
    assert lower == {"custom_attributes": [{"attribute_code": "special_price", "value": "6"}]}
    none = price_body(Prices(regular=Decimal(10)), native, NOW, TODAY)
    codes = ("special_price", "special_from_date", "special_to_date")
    assert none == {"custom_attributes": [{"attribute_code": code, "value": None} for code in codes]}


def test_what_the_merchant_has_planned_stays():
    """An offer of tomorrow is not ended by a price of today."""
    native = product(10, "7.000000", "2026-03-03 00:00:00", "2026-03-05 00:00:00")
    assert price_body(Prices(regular=Decimal(9)), native, NOW, TODAY) == {"price": Decimal(9)}


def test_a_new_offer_starts_on_the_day_that_it_is_everywhere():
    body = price_body(Prices(regular=Decimal(10), sale=Decimal(6)), None, NOW, date(2026, 3, 1))
    assert body == {
        "price": Decimal(10),
        "custom_attributes": [
            {"attribute_code": "special_price", "value": "6"},
            {"attribute_code": "special_from_date", "value": "2026-03-01 00:00:00"},
        ],
    }


@pytest.mark.parametrize(
    ("record", "now", "wanted"),
    [
        ({}, Prices(regular=Decimal(9)), None),
        ({"price": None}, Prices(regular=Decimal(9)), None),
        ({"compareAtPrice": None}, None, None),
        ({"compareAtPrice": None}, Prices(regular=Decimal(9), sale=Decimal(8)), Prices(regular=Decimal(8))),
        ({"compareAtPrice": "9"}, Prices(regular=Decimal(8)), Prices(regular=Decimal(9), sale=Decimal(8))),
        ({"price": "7"}, Prices(regular=Decimal(9), sale=Decimal(8)), Prices(regular=Decimal(9), sale=Decimal(7))),
        ({"price": "9"}, Prices(regular=Decimal(9), sale=Decimal(8)), Prices(regular=Decimal(9))),
        ({"price": "7"}, Prices(regular=Decimal(9)), Prices(regular=Decimal(7))),
        ({"price": "7", "compareAtPrice": "7"}, None, Prices(regular=Decimal(7))),
    ],
)
def test_what_a_record_asks_for(record, now, wanted):
    assert wanted_prices(record, now) == wanted
