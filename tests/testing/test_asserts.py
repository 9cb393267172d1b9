"""Assertions pass where things are right, and say what is wrong where they are not."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import given, settings

from pullpush_sdk.canonical import BUILT_IN, Product, StockLevel, to_sparse
from pullpush_sdk.connector import Delivery, Event, Outcome, Verb
from pullpush_sdk.testing.asserts import (
    assert_delivered,
    assert_order_per_key,
    assert_same_record,
    assert_same_snapshot,
    differences,
)
from pullpush_sdk.testing.strategies import records

TYPES = {kind.name: kind for kind in BUILT_IN}


def delivery(sku):
    kind = TYPES["stocklevel"]
    payload = {"sku": sku, "quantity": 1}
    return Delivery(
        id=sku, kind=kind, verb=Verb.UPDATED, key=sku, identity=f"{sku}|", payload=payload, version=1, position=1
    )


@attrs.frozen
class Wrote:
    key: str
    version: int


def said(call, *arguments, **options):
    with pytest.raises(AssertionError) as caught:
        call(*arguments, **options)
    return str(caught.value)


def test_delivered():
    batch = [delivery("A"), delivery("B"), delivery("C")]
    assert_delivered(batch, [Outcome.delivered(), Outcome.unchanged(), Outcome.delivered()])
    outcomes = [Outcome.delivered(), Outcome.dead("no such SKU: B"), Outcome.retry("busy")]
    assert said(assert_delivered, batch, outcomes) == (
        "2 of 3 deliveries were not delivered\n"
        "  stocklevel B ended dead: no such SKU: B\n"
        "  stocklevel C ended retry: busy"
    )
    assert "had 1 outcomes" in said(assert_delivered, batch, [Outcome.delivered()])
    assert "no reason was given" in said(assert_delivered, batch[:1], [Outcome.unchanged()], unchanged=False)


def test_order_per_key():
    assert_order_per_key([Wrote("A", 1), Wrote("B", 9), Wrote("A", 2), Wrote("A", 2)])
    assert said(assert_order_per_key, [Wrote("A", 1), Wrote("A", 3), Wrote("B", 1), Wrote("A", 2)]) == (
        "older states were written over newer ones\n  A went back from version 3 to 2 (before: [1, 3])"
    )


def test_fields_are_compared_one_by_one():
    one = Product(sku="A", title="Lamp", price=None)
    other = Product(sku="A", title="Lantern", vendor="Maker")
    assert said(assert_same_record, one, other) == (
        "the records differ\n"
        "  title: 'Lamp', expected 'Lantern'\n"
        "  vendor: absent, expected 'Maker'\n"
        "  price: None, expected nothing"
    )
    assert_same_record(one, other, ignore=["title", "vendor", "price"])


def test_zero_is_not_null():
    found, expected = StockLevel(sku="A", quantity=0), StockLevel(sku="A", quantity=None)
    assert differences(found, expected) == ["quantity: 0, expected None (zero is a figure, null is no data)"]
    assert differences(expected, found) == ["quantity: None, expected 0 (zero is a figure, null is no data)"]


def test_parts_are_named_by_their_place():
    found = {"lineItems": [{"sku": "A", "quantity": 1}, {"sku": "B", "quantity": True}], "customer": {"name": "Ada"}}
    expected = {"lineItems": [{"sku": "A", "quantity": 1}, {"sku": "B", "quantity": 1}], "customer": {"name": "Bob"}}
    assert differences(found, expected) == [
        "lineItems[1].quantity: True, expected 1",
        "customer.name: 'Ada', expected 'Bob'",
    ]


def test_snapshots():
    def level(sku, quantity, version=1):
        return Event(type="stocklevel", record=StockLevel(sku=sku, quantity=quantity, location_id="x"), version=version)

    assert_same_snapshot([level("B", 2), level("A", 9), level("A", 1, 2)], [level("A", 1), level("B", 2)])
    assert said(assert_same_snapshot, [level("A", 1), level("B", 2)], [level("A", 0), level("C", 2)]) == (
        "2 records were found, 2 expected, and they differ\n"
        "  C|x: missing\n"
        "  B|x: not expected\n"
        "  A|x: quantity: 1, expected 0"
    )
    assert "say how with by=" in said(assert_same_snapshot, [{"x": 1}], [])
    assert_same_snapshot([{"x": 1}], [{"x": 1}], by=lambda each: each["x"])


def test_a_long_failure_is_cut():
    text = said(assert_same_snapshot, [], [{"sku": str(n)} for n in range(30)])
    assert text.endswith("  … and 20 more")


@settings(max_examples=20)
@given(records(TYPES["contact"]))
def test_a_record_is_like_itself_and_unlike_any_other(record):
    assert differences(record, record) == []
    other = to_sparse(record) | {"email": "another"}
    assert [line for line in differences(record, other) if line.startswith("email")]
