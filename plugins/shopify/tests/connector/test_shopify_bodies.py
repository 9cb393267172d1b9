"""Laws of the pure parts: what is sent adds up, tells variants apart, and searches for exactly one value."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pullpush_shopify.graphql import any_of, quoted
from pullpush_shopify.items import Found, Item
from pullpush_shopify.mark import UNKNOWN, mark
from pullpush_shopify.order_body import creation_of as order_of
from pullpush_shopify.product_body import creation_of as product_of
from pullpush_shopify.product_body import variant_changes
from pullpush_shopify.records import line_total, main_variant, product_options
from pullpush_shopify.sandbox._search import Field, parse_search
from pullpush_shopify.status import order_status

from pullpush_sdk.canonical import OrderStatus
from pullpush_sdk.errors import RejectedError

MONEY = st.integers(0, 10_000_00).map(lambda minor: Decimal(minor).scaleb(-2))
TEXT = st.text(min_size=1, max_size=12).filter(str.strip)
ITEM = Item(id="i", sku="A", tracked=True, variant="gid://shopify/ProductVariant/1", product="p")
FOUND = Found(items={"A": [ITEM]}, currency="SAR", unsettled=False)

LINES = st.lists(
    st.fixed_dictionaries(
        {
            "sku": st.sampled_from(["A", "B", "C", None]),
            "title": TEXT,
            "quantity": st.integers(1, 9),
            "unitPrice": MONEY.map(str),
        },
        optional={"tax": MONEY.map(str)},
    ),
    min_size=1,
    max_size=4,
)


@given(st.lists(TEXT, min_size=1, max_size=3))
def test_a_quoted_value_is_searched_for_to_the_letter(values: list[str]) -> None:
    fields = {"sku": Field("text", lambda record: record.sku)}
    search = parse_search(any_of("sku", values), fields, ZoneInfo("UTC"), lambda _: "")
    matches = search.matches()
    assert all(matches(SimpleNamespace(sku=value)) for value in values)
    assert not matches(SimpleNamespace(sku="".join(values) + "x"))
    assert search.warnings() == []


@pytest.mark.parametrize(("value", "wanted"), [("A 1", "'A 1'"), ("O'Neill", '"O\'Neill"'), ('5"', "'5\"'")])
def test_quotation_marks_are_chosen_by_what_they_hold(value: str, wanted: str) -> None:
    assert quoted(value) == wanted


def totals(body: Any) -> Decimal:
    """What the platform will make of an order's input."""

    def amount(bag: Any) -> Decimal:
        return Decimal(bag["shopMoney"]["amount"])

    total = sum((amount(line["priceSet"]) * line["quantity"] for line in body["lineItems"]), Decimal(0))
    total += sum((amount(line["priceSet"]) for line in body.get("shippingLines", ())), Decimal(0))
    if "discountCode" in body:
        total -= amount(body["discountCode"]["itemFixedDiscountCode"]["amountSet"])
    if not body["taxesIncluded"]:
        taxes = [*body.get("taxLines", ()), *(tax for line in body["lineItems"] for tax in line.get("taxLines", ()))]
        total += sum((amount(tax["priceSet"]) for tax in taxes), Decimal(0))
    return total


@given(LINES, MONEY, MONEY, st.none() | MONEY, st.booleans())
def test_an_orders_parts_add_up_to_its_total_or_it_is_refused(
    lines: list[Any], shipping: Decimal, discount: Decimal, tax: Decimal | None, included: bool
) -> None:
    payload = {
        "orderId": "1",
        "currency": "SAR",
        "lineItems": lines,
        "shippingAmount": str(shipping),
        "discountAmount": str(discount),
        "taxAmount": None if tax is None else str(tax),
        "taxesIncluded": included,
    }
    body, total = order_of(payload, key="k", found=FOUND, custom_lines=True)
    assert totals(body) == total
    assert order_of({**payload, "totalAmount": str(total)}, key="k", found=FOUND, custom_lines=True)[1] == total
    with pytest.raises(RejectedError, match="make"):
        order_of({**payload, "totalAmount": str(total + Decimal("0.01"))}, key="k", found=FOUND, custom_lines=True)
    for line, sent in zip(lines, body["lineItems"], strict=True):
        assert ("variantId" in sent) is (line["sku"] == "A")


VARIANTS = st.lists(
    st.fixed_dictionaries(
        {"sku": TEXT},
        optional={
            "title": TEXT,
            "options": st.dictionaries(
                st.sampled_from(["Size", "Colour"]), st.sampled_from(["S", "M", "L"]), max_size=2
            ),
        },
    ),
    max_size=6,
    unique_by=lambda variant: variant["sku"],
)


@given(VARIANTS)
def test_new_variants_are_told_apart_by_their_options(variants: list[Any]) -> None:
    body = product_of({"sku": "X", "title": "T", "variants": variants})
    names = [option["name"] for option in body["productOptions"]]
    chosen = [tuple((each["optionName"], each["name"]) for each in one["optionValues"]) for one in body["variants"]]
    assert len(chosen) == max(len(variants), 1)
    assert len(set(chosen)) == len(chosen)
    assert all([name for name, _ in one] == names for one in chosen)
    for name, option in zip(names, body["productOptions"], strict=True):
        assert [each["name"] for each in option["values"]] == list(
            dict.fromkeys(value for one in chosen for named, value in one if named == name)
        )
    assert all(one["inventoryItem"] == {"tracked": False} for one in body["variants"])
    assert all(one["metafields"] == [mark(UNKNOWN)] for one in body["variants"])


def test_four_options_are_refused() -> None:
    variant = {"sku": "X", "options": dict.fromkeys("abcd", "1")}
    with pytest.raises(RejectedError, match="4 options"):
        product_of({"sku": "X", "title": "T", "variants": [variant]})


def native(sku: str | None, price: str, **more: Any) -> dict[str, Any]:
    base = {"id": f"v{sku}", "sku": sku, "price": price, "compareAtPrice": None, "barcode": None, "selectedOptions": []}
    return {**base, **more}


def test_amounts_are_compared_as_numbers_and_a_price_is_never_cleared() -> None:
    product = {"variants": {"nodes": [native("A", "5.50", compareAtPrice="7.0"), native("B", "1.00")]}}
    same = {"sku": "A", "price": "5.5", "compareAtPrice": "7.00"}
    assert variant_changes(same, product) == ([], [])
    assert variant_changes({"sku": "A", "price": None, "compareAtPrice": None}, product) == (
        [{"id": "vA", "compareAtPrice": None}],
        [],
    )
    twice = {"variants": {"nodes": [native("A", "1"), native("A", "1")]}}
    assert variant_changes({"sku": "A", "variants": [{"sku": "A", "price": "2"}]}, twice) == ([], ["A"])


WORDS = st.none() | st.sampled_from(
    [
        "PAID",
        "PENDING",
        "AUTHORIZED",
        "PARTIALLY_PAID",
        "PARTIALLY_REFUNDED",
        "REFUNDED",
        "VOIDED",
        "EXPIRED",
        "NEW_WORD",
    ]
)
SENT = st.sampled_from(
    ["UNFULFILLED", "FULFILLED", "PARTIALLY_FULFILLED", "FULFILLMENT_NOT_REQUIRED", "ON_HOLD", "NEW"]
)


@given(WORDS, SENT, st.none() | st.just("2026-01-01T00:00:00Z"))
def test_every_pair_of_words_is_a_canonical_status(paid: str | None, sent: str, cancelled: str | None) -> None:
    order = {"displayFinancialStatus": paid, "displayFulfillmentStatus": sent, "cancelledAt": cancelled}
    status = OrderStatus(order_status(order))
    assert (status is OrderStatus.CANCELLED) == (cancelled is not None or status is OrderStatus.CANCELLED)
    if cancelled is None and paid == "NEW_WORD" and sent in ("UNFULFILLED", "NEW"):
        assert status is OrderStatus.UNKNOWN


@pytest.mark.parametrize(
    ("paid", "sent", "wanted"),
    [
        ("REFUNDED", "FULFILLED", "refunded"),
        ("PAID", "FULFILLED", "completed"),
        ("PAID", "FULFILLMENT_NOT_REQUIRED", "completed"),
        ("PENDING", "FULFILLED", "shipped"),
        ("PAID", "PARTIALLY_FULFILLED", "partially_shipped"),
        ("PARTIALLY_REFUNDED", "UNFULFILLED", "paid"),
        (None, "UNFULFILLED", "pending"),
        ("VOIDED", "UNFULFILLED", "cancelled"),
    ],
)
def test_the_first_state_that_fits_decides(paid: str | None, sent: str, wanted: str) -> None:
    assert order_status({"displayFinancialStatus": paid, "displayFulfillmentStatus": sent}) == wanted


def test_the_main_variant_is_the_first_with_a_sku() -> None:
    assert main_variant([native(None, "1"), native(" ", "2"), native("A", "3")])["price"] == "3"
    assert main_variant(None) == main_variant([native(None, "1")]) == {}
    assert product_options(None) is None


def test_a_discounted_lines_total_is_not_guessed() -> None:
    def bag(amount: str) -> Any:
        return {"shopMoney": {"amount": amount}}

    line = {"originalUnitPriceSet": bag("3.35"), "discountedUnitPriceAfterAllDiscountsSet": bag("3.350"), "quantity": 3}
    assert line_total(line) == Decimal("10.05")
    assert line_total({**line, "discountedUnitPriceAfterAllDiscountsSet": bag("3.33")}) is None
