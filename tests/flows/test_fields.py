"""What counts as a difference between a record as it would be written and as the destination shows it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pullpush_sdk.canonical import BUILT_IN, UNSET, Product, StockLevel, Variant, to_sparse
from pullpush_sdk.flows._fields import Comparer
from pullpush_sdk.testing.strategies import records

KINDS = {kind.name: kind for kind in BUILT_IN}


def changes(name: str, source: Any, destination: Any) -> list[tuple[str, Any, Any]]:
    comparer = Comparer(KINDS[name])
    found = comparer.changes(comparer.written(to_sparse(source)), comparer.held(to_sparse(destination)))
    return [(each.field, each.old, each.new) for each in found]


def product(**fields: Any) -> Product:
    return Product(sku="A", **fields)


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(sorted(KINDS)).flatmap(lambda name: st.tuples(st.just(name), records(KINDS[name]))))
def test_a_record_does_not_differ_from_itself(drawn: tuple[str, Any]) -> None:
    name, record = drawn
    assert changes(name, record, record) == []


@pytest.mark.parametrize(
    ("source", "destination"),
    [
        (product(price=Decimal("5.50")), product(price=Decimal("5.5"))),
        (product(weight=Decimal("5.0")), product(weight=5)),
        (product(title="x"), product(title="x", vendor="theirs")),  # what the source leaves out is not written
        (product(title="x", vendor="mine"), product(title="x")),  # what the destination does not show
        (product(tags=("a", "b")), product(tags=("b", "a"))),
        (product(description=""), product(description=None)),
        (product(tags=()), product(tags=None)),
        (product(native_status="sale"), product(native_status="ACTIVE")),
        (product(product_id="1", url="https://a.example"), product(product_id="2", url="https://b.example")),
        (product(variants=()), product(variants=(Variant(sku="A", title="only"),))),
        (
            product(variants=(Variant(sku="x", price=Decimal(1)), Variant(sku="y", price=Decimal(2)))),
            product(variants=(Variant(sku="y", price=Decimal(2)), Variant(sku="x", price=Decimal("1.0")))),
        ),
        (product(extensions={"a": 1}), product(extensions={"b": 2})),
    ],
)
def test_no_difference(source: Product, destination: Product) -> None:
    assert changes("product", source, destination) == []


@pytest.mark.parametrize(
    ("source", "destination", "expected"),
    [
        (product(title="new"), product(title="old"), [("title", "old", "new")]),
        (product(vendor=None), product(vendor="x"), [("vendor", "x", None)]),  # null clears
        (product(price=Decimal(0)), product(price=None), [("price", None, "0")]),
        (product(tags=("a",)), product(tags=("a", "a")), [("tags", ["a", "a"], ["a"])]),
        (
            product(variants=(Variant(sku="x", price=Decimal(1)), Variant(sku="z"))),
            product(variants=(Variant(sku="y"), Variant(sku="x", price=Decimal(3)))),
            [("variants[x].price", "3", "1"), ("variants[z]", None, {"sku": "z"}), ("variants[y]", {"sku": "y"}, None)],
        ),
    ],
)
def test_differences_name_the_field_and_both_values(source: Product, destination: Product, expected: Any) -> None:
    assert changes("product", source, destination) == expected


def test_zero_differs_from_no_data_at_the_destination() -> None:
    def level(quantity: Any) -> StockLevel:
        return StockLevel(sku="A", quantity=quantity, location_id=None)

    assert changes("stocklevel", level(0), level(None)) == [("quantity", None, 0)]
    assert changes("stocklevel", level(0), level(0)) == []
    assert changes("stocklevel", level(3), level(UNSET)) == []
