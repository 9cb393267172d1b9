"""The pure parts: prices on both sides, mapping functions, and what a store would charge."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pullpush_salla import functions
from pullpush_salla.catalogue import Row
from pullpush_salla.prices import price_body, prices_of, wanted_prices
from pullpush_salla.quotes import differences, quote
from pullpush_salla.sandbox.words import BUILT_IN
from pullpush_salla.variants import options_of

from pullpush_sdk.canonical import FinancialStatus, FulfillmentStatus, OrderStatus

cents = st.integers(1, 10**7)


def text(minor):
    return str(Decimal(minor) / 100)


def native(regular, sale):
    """Prices as the platform shows them, in one of its forms of "no sale"."""
    money = {"amount": Decimal(sale or regular) / 100, "currency": "SAR"}
    return {"price": money, "regular_price": {"amount": Decimal(regular) / 100}, "sale_price": {"amount": 0}}


@given(regular=cents, sale=cents | st.none(), price=cents, before=cents | st.none() | st.just("unsaid"))
def test_writing_the_difference_gives_the_wanted_prices_and_then_nothing(regular, sale, price, before):
    """For every state of the store and every record: what is paid afterwards is the record's price."""
    sale = None if sale is None or sale >= regular else sale
    record = {"price": text(price), **({} if before == "unsaid" else {"compareAtPrice": before and text(before)})}
    now = prices_of(native(regular, sale))
    wanted = wanted_prices(record, now)
    body = price_body(wanted, now)
    regular = int(body.get("price", Decimal(regular) / 100) * 100)
    sale = int(body["sale_price"] * 100) or None if "sale_price" in body else sale
    after = prices_of(native(regular, sale))
    assert after == wanted
    assert after.paid == Decimal(price) / 100
    assert price_body(wanted_prices(record, after), after) == {}


@pytest.mark.parametrize("regular", [None, {}, {"amount": 0}, {"amount": "0.00"}])
def test_a_regular_price_of_nought_is_none(regular):
    """A variant that was never on sale shows nought."""
    found = prices_of({"price": {"amount": 43}, "regular_price": regular})
    assert (found.regular, found.sale) == (43, None)
    assert prices_of({"price": {}}) is None


def test_every_status_of_the_platform_has_its_words():
    """No built-in slug is unknown; the words are the canonical ones, an unknown slug says so."""
    assert set(functions.ORDER_STATUS) == set(BUILT_IN)
    for slug in [*BUILT_IN, "new_in_2027", None]:
        words = (
            OrderStatus(functions.order_status(slug)),
            FinancialStatus(functions.financial_status(slug, "bank")),
            FulfillmentStatus(functions.fulfillment_status(slug)),
        )
        assert ("unknown" in words) == (slug not in BUILT_IN)


@pytest.mark.parametrize(
    ("slug", "method", "expected"),
    [("under_review", "cod", "pending"), ("completed", "cod", "paid"), ("under_review", "mada", "paid")],
)
def test_cash_on_delivery_is_paid_at_the_door(slug, method, expected):
    assert functions.financial_status(slug, method) == expected


@pytest.mark.parametrize(
    ("code", "mobile", "expected"),
    [
        ("+966", 500000001, "+966500000001"),
        ("966", "500000001", "+966500000001"),
        (None, "+966500000001", "+966500000001"),
        ("+966", "+966500000001", "+966500000001"),
        (None, "966500000000", "+966500000000"),
        ("+966", "", None),
        ("+966", None, None),
    ],
)
def test_phone_numbers(code, mobile, expected):
    assert functions.phone(code, mobile) == expected


def test_names_for_what_has_no_sku():
    """Two rows without a SKU stay two, and neither is a SKU that somebody could have."""
    assert functions.stock_sku(" ", 7, 9) == "salla:variant:7"
    assert functions.stock_sku(None, None, 9) == "salla:product:9"
    assert functions.product_sku("", [{"sku": None}, {"sku": "B"}]) == "B"
    assert functions.product_sku(None, []) is None


@pytest.mark.parametrize(("word", "expected"), [("ر.س", "SAR"), ("SAR", "SAR"), ("AED", "AED"), (None, None)])
def test_the_sign_of_the_riyal_is_its_code(word, expected):
    assert functions.currency(word) == expected


PRODUCT = {
    "id": 1,
    "price": {"amount": Decimal(52)},
    "pre_tax_price": {"amount": Decimal("45.22")},
    "tax": {"amount": Decimal("6.78")},
    "options": [{"values": [{"id": 5, "price": {"amount": 10}}, {"id": 6, "price": {"amount": 99}}]}],
}


def test_a_store_whose_prices_contain_tax_is_quoted_without_it():
    """52 with 15 % of tax is 45.22 without (the vendor's own sample); the chosen option's price comes on top."""
    found = quote({"sku": "A", "quantity": 2}, Row(product=PRODUCT))
    assert (found.unit, found.percent, found.shown(with_tax=True)) == (Decimal("45.22"), 15, Decimal("52.00"))
    variant = {"id": 2, "price": {"amount": 52}, "related_option_values": [5]}
    assert quote({"sku": "A", "quantity": 1}, Row(product=PRODUCT, variant=variant)).unit == Decimal("53.91")
    assert quote({"sku": "A", "quantity": 1}, Row(product={"id": 3, "price": {}})) is None


def test_differences_name_every_line_then_the_total():
    """Line by line first; a total is compared where all lines agree."""
    quotes = [quote({"sku": "A", "quantity": 1}, Row(product=PRODUCT))]
    lines = [{"sku": "A", "quantity": 1, "unitPrice": "45.22"}]
    assert differences(quotes, {"lineItems": lines, "totalAmount": "52.00"}) == []
    (total,) = differences(quotes, {"lineItems": lines, "totalAmount": "52.01"})
    assert "52.00 in Salla, it says 52.01" in total
    (line,) = differences(quotes, {"lineItems": [{**lines[0], "unitPrice": "45"}], "totalAmount": "1"})
    assert "'A' costs 45.22 in Salla, 45 in the order" in line


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([{"Size": "S"}, {"Size": "M"}], {"Size": ["S", "M"]}),
        ([{"Size": "S"}, {"Size": "S"}], None),
        ([{"Size": "S"}, {"Colour": "Red"}], None),
        ([{}, {}], None),
    ],
)
def test_options_must_tell_variants_apart(options, expected):
    assert options_of([{"options": each} for each in options]) == expected
