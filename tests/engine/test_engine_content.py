"""Content, echoes and locations."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pullpush_sdk.canonical import CanonicalTypes, LineItem, Order, Product, StockLevel, Variant, to_sparse
from pullpush_sdk.engine.content import comparable, content_of, digest_of, written_matches
from pullpush_sdk.engine.echo import ECHO_SECONDS, OwnWrite, echo_of, echo_writer
from pullpush_sdk.engine.locations import LocationPlan, Placement, total

TYPES = CanonicalTypes()


def digest(record: object, name: str) -> bytes:
    return digest_of(content_of(TYPES[name])(to_sparse(record)))


@pytest.mark.parametrize(
    ("name", "one", "other"),
    [
        ("stocklevel", StockLevel(sku="a", quantity=5), StockLevel(sku="a", quantity=Decimal("5.00"))),
        ("product", Product(sku="a", price=Decimal("5.50")), Product(sku="a", price=Decimal("5.5"))),
        ("product", Product(sku="a", price=Decimal(100)), Product(sku="a", price=Decimal("1E+2"))),
        (
            "order",
            Order(order_id="1", line_items=(LineItem(total=Decimal("1.10"), quantity=2),)),
            Order(order_id="1", line_items=(LineItem(total=Decimal("1.1"), quantity=Decimal("2.0")),)),
        ),
        ("product", Product(sku="a", extensions={"x": 1, "y": 2}), Product(sku="a", extensions={"y": 2, "x": 1})),
    ],
)
def test_equal_content_has_an_equal_digest(name: str, one: object, other: object) -> None:
    assert digest(one, name) == digest(other, name)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Product(sku="a", title=None), Product(sku="a")),
        (Product(sku="a", title=""), Product(sku="a", title=None)),
        (Product(sku="a", price=Decimal("0.1")), Product(sku="a", price=Decimal("0.01"))),
        (Product(sku="a", price=Decimal(10)), Product(sku="a", price=Decimal(1))),
    ],
)
def test_different_content_has_a_different_digest(one: Product, other: Product) -> None:
    assert digest(one, "product") != digest(other, "product")


def test_verb_and_field_set_are_part_of_the_digest() -> None:
    digests = {
        digest_of({}),
        digest_of({}, deleted=True),
        digest_of({}, fields=frozenset()),
        digest_of({}, fields=frozenset({"ab"})),
        digest_of({}, fields=frozenset({"a", "b"})),
    }
    assert len(digests) == 5


def test_a_platforms_own_ids_are_no_content_of_an_echo() -> None:
    ours = Product(sku="a", product_id="1", variants=(Variant(sku="v", variant_id="7", price=Decimal("1.0")),))
    theirs = Product(sku="a", product_id="2", variants=(Variant(sku="v", variant_id="9", price=Decimal(1)),))
    read = comparable(TYPES["product"])
    assert read(to_sparse(ours)) == read(to_sparse(theirs))


def test_deletion_is_told_by_the_verb() -> None:
    written = echo_writer(TYPES["product"])
    write = OwnWrite(id=1, content=written({"sku": "a"}, True), at=0)
    assert echo_of({"deleted": True}, [write], now=0) is write
    assert echo_of({"title": "x"}, [write], now=0) is None


def test_newest_matching_write_explains_and_old_ones_do_not() -> None:
    writes = [OwnWrite(id=n, content={"quantity": q}, at=0) for n, q in ((1, 5), (2, 6), (3, 5))]
    assert echo_of({"quantity": 5}, writes, now=0) is writes[2]
    assert echo_of({"quantity": 6}, writes, now=0) is writes[1]
    assert echo_of({"quantity": 5}, writes, now=ECHO_SECONDS * 1_000_000 + 1) is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(json_values)
def test_everything_matches_itself(value: object) -> None:
    assert written_matches(value, value)


@given(st.dictionaries(st.text(max_size=2), st.integers(), min_size=1), st.data())
def test_one_differing_value_is_a_change(written: dict[str, int], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(written)))
    assert not written_matches(written, {**written, name: written[name] + 1, "more": 1})


def test_plan_places_each_location() -> None:
    plan = LocationPlan(moves={"w1": "north", "": "shop"}, sums={"all": ("w2", "w3"), "": ("w4",)})
    assert plan.place("w1") == Placement("north")
    assert plan.place(None) == Placement("shop")
    assert plan.place("w2") == Placement("all", summed=True)
    assert plan.place("w4") == Placement(None, summed=True)
    assert plan.place("w9") is None
    assert plan.members("all") == ("w2", "w3")
    assert LocationPlan().place("w9") == Placement("w9")


@pytest.mark.parametrize(
    ("moves", "sums", "words"),
    [
        ({"a": "x", "b": "x"}, {}, "sum them instead"),
        ({"a": "x"}, {"y": ("a",)}, "goes to two places"),
        ({"a": "x"}, {"x": ("b",)}, "both a sum and the place"),
        ({}, {"x": ("a",), "y": ("a",)}, "goes to two places"),
    ],
)
def test_contradictory_plans_are_refused(moves: dict[str, str], sums: dict[str, tuple[str, ...]], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        LocationPlan(moves=moves, sums=sums)


@given(st.lists(st.none() | st.integers(-9, 9) | st.decimals(-9, 9, places=2)))
def test_total_counts_the_known_only(quantities: list[int | Decimal | None]) -> None:
    known = [quantity for quantity in quantities if quantity is not None]
    assert total(quantities) == (sum(known) if known else None)
