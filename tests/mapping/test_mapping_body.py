"""Bodies: canonical to native by the same grammar; absent is left out, null is null."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from pullpush_sdk.canonical import BUILT_IN, UNSET, LineItem, Order, dumps, to_sparse
from pullpush_sdk.errors import FieldError
from pullpush_sdk.mapping import Functions, check_body, compile_body, interpret_body, parse_body

ORDER = to_sparse(
    Order(
        order_id="1",
        currency="SAR",
        total_amount=Decimal("19.90"),
        note=None,
        line_items=(LineItem(sku="A", quantity=2, unit_price=Decimal("1.50")), LineItem(sku="B")),
    )
)
LINES = {"path": "lineItems", "transform": "mapItems"}

TABLE: list[tuple[str, Any, Any]] = [
    ("paths, nested objects and lists", {"a": {"b": "orderId"}, "l": ["currency"]}, {"a": {"b": "1"}, "l": ["SAR"]}),
    ("absent is left out, null is null", {"phone": "phone", "note": "note"}, {"note": None}),
    ("an object of absent parts is left out", {"a": {"b": "phone", "c": {"d": "email"}}, "x": "orderId"}, {"x": "1"}),
    ("an empty object that was written stays", {"a": {}, "l": []}, {"a": {}, "l": []}),
    ("a list leaves absent parts out", {"l": ["phone", "orderId"], "m": ["phone"]}, {"l": ["1"]}),
    ("fixed values", {"a": {"value": "x"}, "b": 5, "c": None, "d": {"value": {"path": 1}}},
     {"a": "x", "b": 5, "c": None, "d": {"path": 1}}),
    ("object escapes keys of rules", {"at": {"object": {"path": "orderId", "value": {"value": "x"}}}},
     {"at": {"path": "1", "value": "x"}}),
    ("a rule without a keyed object", {"object": {"object": "orderId"}}, {"object": "1"}),
    ("numbers", {"t": {"path": "totalAmount", "transform": "toDecimal"}}, {"t": Decimal("19.90")}),
    ("cents", {"t": {"path": "totalAmount", "transform": "toMinorUnits"}}, {"t": 1990}),
    ("items", {"l": {**LINES, "items": {"s": "sku", "n": "quantity", "o": "$$.orderId"}}},
     {"l": [{"s": "A", "n": 2, "o": "1"}, {"s": "B", "o": "1"}]}),
    ("items as plain values; absent ones are left out", {"l": {**LINES, "items": "quantity"}}, {"l": [2]}),
    ("items as they are", {"l": LINES}, {"l": ORDER["lineItems"]}),
    ("items of an absent list are left out, of null are null",
     {"t": {"path": "tags", "transform": "mapItems", "items": "x"}, "n": {"path": "note", "transform": "mapItems"}},
     {"n": None}),
    ("a failed condition leaves the key out", {"c": {"path": "currency", "when": {"path": "phone", "exists": True}}},
     {}),
    ("otherwise says what stands there instead",
     {"c": {"path": "currency", "when": {"path": "phone", "exists": True}, "otherwise": None}}, {"c": None}),
    ("context", {"store": "@settings.store", "x": "@settings.nothing"}, {"store": 5}),
    ("dates", {"d": {"value": "2026-01-31T08:00:00+01:00"}}, {"d": "2026-01-31T08:00:00+01:00"}),
    ("a rule alone is the body", {"path": "lineItems", "transform": "mapItems", "items": {"s": "sku"}},
     [{"s": "A"}, {"s": "B"}]),
    ("a list is the body", [{"id": "orderId"}], [{"id": "1"}]),
    ("nothing at all is an empty object", {"a": "phone"}, {}),
]  # fmt: skip


@pytest.mark.parametrize(("why", "document", "expected"), TABLE, ids=[row[0] for row in TABLE])
def test_body(why: str, document: Any, expected: Any) -> None:
    template, problems = parse_body(document)
    assert problems == []
    context = {"settings": {"store": 5}}
    made = compile_body(template, name=why).one(ORDER, context)
    assert repr(made) == repr(expected)
    assert repr(interpret_body(template, Functions(), ORDER, context)) == repr(expected)
    assert dumps(made)


def test_a_body_of_one_absent_value_is_unset() -> None:
    template, _ = parse_body("phone")
    assert compile_body(template).one(ORDER, {}) is UNSET


def test_bodies_share_no_fixed_value() -> None:
    """Who changes one native object changes no other."""
    template, _ = parse_body({"a": {"value": {"l": []}}, "b": {"path": "phone", "default": []}})
    compiled = compile_body(template)
    first = compiled.one(ORDER, {})
    first["a"]["l"].append(1)
    first["b"].append(1)
    assert compiled.one(ORDER, {}) == {"a": {"l": []}, "b": []}


def test_a_failure_names_native_place_and_canonical_path() -> None:
    template, _ = parse_body({"rows": {**LINES, "items": {"n": {"path": "sku", "transform": "toDecimal"}}}})
    with pytest.raises(FieldError) as caught:
        compile_body(template).one(ORDER, {})
    assert (caught.value.target, caught.value.path, caught.value.shown) == ("$.rows[0].n", "lineItems[0].sku", "'A'")


def test_paths_of_a_body() -> None:
    template, _ = parse_body(
        {"a": "orderId", "l": {**LINES, "items": {"s": "sku", "o": "$$.note"}}, "x": "@settings.y"}
    )
    assert compile_body(template).paths == {"orderId", "lineItems", "lineItems[*].sku", "$$.note", "@settings.y"}


def test_paths_of_any_form_are_checked_against_the_type() -> None:
    """Indexes, lists, stand-ins, context and free JSON are followed as far as the type says something."""
    template, problems = parse_body(
        {
            "a": "lineItems[0].sku",
            "b": "tags[0]",
            "c": "extensions.any.thing",
            "d": "@settings.x",
            "e": {"path": "note", "when": {"path": "phone", "exists": True}, "otherwise": "email"},
            "f": {"path": "tags", "transform": "mapItems", "items": {"x": "y"}},
            "g": {"path": "extensions.rows", "transform": "mapItems", "items": {"x": "y"}},
            "h": {"path": "nothing.at.all", "transform": "mapItems", "items": {"x": "y"}},
            "i": "customer.email.domain",
        }
    )
    order = next(kind for kind in BUILT_IN if kind.name == "order")
    problems += check_body(template, Functions(), kind=order, path="$.push.order.body")
    assert [each.path for each in problems] == ["$.h"]
