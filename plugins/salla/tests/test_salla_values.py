"""The pure parts: prices on both sides, mapping functions, and what a store would charge."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pullpush_salla import functions
from pullpush_salla.catalogue import Row
from pullpush_salla.contacts import split_number
from pullpush_salla.prices import price_body, prices_of, wanted_prices
from pullpush_salla.quotes import Plan, Quote, plan_of, quote
from pullpush_salla.sandbox.words import BUILT_IN
from pullpush_salla.variants import options_of

from pullpush_sdk.canonical import FinancialStatus, FulfillmentStatus, OrderStatus

cents = st.integers(1, 10**7)


def text(minor):
    return str(Decimal(minor) / 100)


def native(regular, sale, counts):
    """Prices as the platform shows them, in one of its forms of "no sale".

    `counts`: which of the stored sale prices are paid: `all` (also those above the regular price) or `lower`.
    """
    is_on = sale is not None and (counts == "all" or sale < regular)
    money = {"amount": Decimal(sale if is_on else regular) / 100, "currency": "SAR"}
    stored = {"amount": Decimal(sale or 0) / 100}
    return {"price": money, "regular_price": {"amount": Decimal(regular) / 100}, "sale_price": stored}


@given(
    regular=cents,
    sale=cents | st.none(),
    price=cents,
    before=cents | st.none() | st.just("unsaid"),
    counts=st.sampled_from(("all", "lower")),
)
@example(regular=500, sale=36742, price=40000, before=None, counts="all")
def test_writing_the_difference_gives_the_wanted_prices_and_then_nothing(regular, sale, price, before, counts):
    """For every state of the store and every record: what is paid afterwards is the record's price."""
    record = {"price": text(price), **({} if before == "unsaid" else {"compareAtPrice": before and text(before)})}
    held = native(regular, sale, counts)
    wanted = wanted_prices(record, prices_of(held))
    body = price_body(wanted, held)
    regular = int(body.get("price", Decimal(regular) / 100) * 100)
    sale = int(body["sale_price"] * 100) or None if "sale_price" in body else sale
    held = native(regular, sale, counts)
    after = prices_of(held)
    assert after == wanted
    assert after.paid == Decimal(price) / 100
    assert price_body(wanted_prices(record, after), held) == {}


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
    assert (found.unit, found.percent, found.total) == (Decimal("45.22"), 15, Decimal("104.01"))
    variant = {"id": 2, "price": {"amount": 52}, "related_option_values": [5]}
    assert quote({"sku": "A", "quantity": 1}, Row(product=PRODUCT, variant=variant)).unit == Decimal("53.91")
    assert quote({"sku": "A", "quantity": 1}, Row(product={"id": 3, "price": {}})) is None


def charged(plan, quotes):
    """What the store would come to by a plan, without what is left for shipping."""
    priced = [
        Quote(sku=q.sku, quantity=q.quantity, unit=u, percent=q.percent)
        for q, u in zip(quotes, plan.units, strict=True)
    ]
    return sum((each.total for each in priced), Decimal(0))


LINE = st.tuples(st.integers(1, 5), st.integers(0, 10**5), st.sampled_from([0, 5, 15]))


@given(lines=st.lists(LINE, min_size=1, max_size=5), discount=st.integers(0, 500), shipping=st.integers(0, 5000))
def test_a_plan_comes_to_the_orders_total_to_the_last_place_or_says_why_not(lines, discount, shipping):
    """For any lines, order discount and shipping; the total is that of the source's own arithmetic."""
    quotes = [
        Quote(sku=f"S{n}", quantity=q, unit=Decimal(999), percent=Decimal(t)) for n, (q, _, t) in enumerate(lines)
    ]
    net = sum(q * p for q, p, _ in lines)
    total = Decimal(net - discount + shipping) / 100
    payload = {
        "totalAmount": str(total),
        "discountAmount": text(discount),
        "shippingAmount": text(shipping),
        "lineItems": [
            {"sku": q.sku, "quantity": q.quantity, "unitPrice": text(p)}
            for q, (_, p, _) in zip(quotes, lines, strict=True)
        ],
    }
    plan = plan_of(quotes, payload)
    if isinstance(plan, Plan):
        assert charged(plan, quotes) + plan.extra == total
        assert all(unit >= 0 for unit in plan.units)
        assert plan.extra in (0, total - charged(plan, quotes))
    else:
        assert plan
        assert all(plan)
    if all(t == 0 for _, _, t in lines) and any(q == 1 and p >= discount for q, p, _ in lines) and discount <= net:
        assert isinstance(plan, Plan)


@given(gross=st.integers(1, 10**6), quantity=st.just(1))
def test_prices_with_tax_are_taken_apart_exactly_where_that_is_possible(gross, quantity):
    """One piece at any price with 15 % of tax in it."""
    quotes = [Quote(sku="A", quantity=quantity, unit=Decimal(1), percent=Decimal(15))]
    line = {"sku": "A", "quantity": quantity, "unitPrice": text(gross)}
    plan = plan_of(quotes, {"totalAmount": text(gross), "taxesIncluded": True, "lineItems": [line]})
    possible = any(n + (n * 15 + 50) // 100 == gross for n in range(gross * 100 // 115 - 2, gross * 100 // 115 + 3))
    assert isinstance(plan, Plan) == possible
    if possible:
        assert charged(plan, quotes) == Decimal(gross) / 100


@pytest.mark.parametrize(
    ("number", "parts"),
    [
        ("+966511111111", ("+966", "511111111")),
        ("+12025550143", ("+1", "2025550143")),
        ("+79161234567", ("+7", "9161234567")),
        ("+4915112345678", ("+49", "15112345678")),
        ("+201001234567", ("+20", "1001234567")),
        ("+35312345678", ("+353", "12345678")),
    ],
)
def test_numbers_are_split_behind_the_calling_code(number, parts):
    assert split_number(number) == parts


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
