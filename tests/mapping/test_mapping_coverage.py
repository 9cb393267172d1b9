"""What a map leaves unread is what may change without changing what it makes; what it fills is what comes out."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pullpush_sdk.canonical import CanonicalTypes, fields_of, to_sparse
from pullpush_sdk.mapping import Functions, compile_map, coverage, parse_map, parse_path, unread
from pullpush_sdk.mapping.spec import Every, Index, Key

TYPES = CanonicalTypes()
ORDER = TYPES["order"]
NAMES = ["a", "b", "c", "odd name"]
LEAVES = st.sampled_from(["x", "y", 1, 0, True, None, ""])
RECORDS = st.recursive(
    LEAVES, lambda inner: st.dictionaries(st.sampled_from(NAMES), inner, max_size=3) | st.lists(inner, max_size=2),
    max_leaves=12,
).filter(lambda value: isinstance(value, dict))  # fmt: skip
PATHS = st.lists(st.sampled_from(["a", "b", "c", '["odd name"]', "[*]", "[0]"]), min_size=1, max_size=3).map(
    lambda steps: "$" + "".join(step if step.startswith("[") else f".{step}" for step in steps)
)
TEXTS = ["orderNumber", "note", "channel", "email"]


def mapped(rules: dict[str, Any], record: Any) -> Any:
    spec, problems = parse_map(rules)
    assert not problems, problems
    done = compile_map(spec, ORDER, Functions(), name="order").many([record], {})
    return [to_sparse(each) for each in done.records], [(each.target, each.message) for _, each in done.errors]


def places(value: Any, path: str) -> list[tuple[Any, Any]]:
    """The container and key of everything that a path of `unread` stands for."""
    found = [(value, None, None)]
    for move in parse_path(path).moves:
        following = []
        for each, _, _ in found:
            if isinstance(move, Key) and isinstance(each, dict) and move.name in each:
                following.append((each[move.name], each, move.name))
            elif isinstance(move, Every) and isinstance(each, list):
                following += [(item, each, index) for index, item in enumerate(each)]
            elif isinstance(move, Index):
                raise AssertionError(path)
        found = following
    return [(container, key) for value, container, key in found if not (isinstance(value, dict | list) and value)]


@given(RECORDS, st.dictionaries(st.sampled_from(TEXTS), PATHS, max_size=4))
def test_what_is_unread_may_be_anything(record: Any, rules: dict[str, Any]) -> None:
    """The law of unread places: every one is changed, and what the map makes, errors included, stays the same."""
    rules = {"orderId": {"value": "1"}, "status": {"value": "pending"}, **rules}
    spec, _ = parse_map(rules)
    found, reads_whole = unread(spec, [record])
    assert not reads_whole
    assert record or [each.path for each in found] == ["$"]
    changed = copy.deepcopy(record)
    for each in found:
        for container, key in places(changed, each.path):
            if container is not None:
                container[key] = "changed"
    assert mapped(rules, changed) == mapped(rules, record)


@given(RECORDS)
def test_without_rules_every_leaf_is_unread(record: Any) -> None:
    def count(value: Any) -> int:
        inner = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
        return sum(map(count, inner)) if inner else 1

    spec, _ = parse_map({})
    found, _ = unread(spec, [record])
    reached = sum(len(places(record, each.path)) for each in found if each.path != "$")
    assert reached == (count(record) if record else 0)


RULES = {
    "orderId": "id",
    "status": {"value": "pending"},
    "note": "remark",
    "tags": {"value": None},
    "customer.email": "buyer.mail",
    "lineItems": {"path": "lines", "transform": "mapItems", "items": {"sku": "code", "quantity": {"path": "n"}}},
}
NATIVE = [
    {"id": "1", "remark": "soon", "buyer": {"mail": "a@b.c", "age": 4}, "lines": [{"code": "A", "n": 0, "tax": "1.0"}]},
    {"id": "2", "remark": None, "buyer": {}, "lines": []},
    {"remark": "has no id"},
]


def test_every_field_is_told_with_what_came_of_it() -> None:
    spec, _ = parse_map(RULES)
    compiled = compile_map(spec, ORDER, Functions(), name="order")
    found = coverage(spec, ORDER, compiled, [(each, {}) for each in NATIVE])
    assert (found.records, found.refused, found.reads_whole) == (3, 1, False)
    by_path = {each.path: each for each in found.fields}
    assert [each.wire for each in fields_of(ORDER.record)] == [each for each in by_path if not {".", "["} & set(each)]
    wanted = {
        "orderId": ("filled", 2, "id"),
        "note": ("partly", 1, "remark"),
        "tags": ("empty", 0, "= None"),
        "customer.email": ("partly", 1, "buyer.mail"),
        "lineItems[].sku": ("partly", 1, "code"),
        "lineItems[].quantity": ("partly", 1, "n"),  # a real zero is a value
        "email": ("open", 0, ""),
    }
    assert {path: (by_path[path].state, by_path[path].filled, by_path[path].rule) for path in wanted} == wanted
    assert by_path["lineItems[].quantity"].example == 0
    assert [(each.path, each.example, each.records) for each in found.unread] == [
        ("buyer.age", 4, 1),
        ("lines[*].tax", "1.0", 1),
    ]


def test_a_required_field_without_a_rule_is_missing_and_rules_without_records_are_untried() -> None:
    spec, _ = parse_map({"orderId": "id", "status": {"value": "pending"}})
    compiled = compile_map(spec, ORDER, Functions(), name="order")
    states = {each.path: each.state for each in coverage(spec, ORDER, compiled, []).fields}
    assert states["orderId"] == "untried"
    stock = TYPES["stocklevel"]
    bare = coverage(parse_map({"quantity": "n"})[0], stock, None, [({"code": "A", "n": 1}, {})])
    assert [each.path for each in bare.fields if each.state == "missing"] == ["sku"]
    assert [each.path for each in bare.unread] == ["code"]


@pytest.mark.parametrize(
    ("rule", "whole"), [({"compute": "f"}, True), ({"compute": "f", "path": "a"}, False), ("a", False)]
)
def test_a_function_of_the_whole_record_is_said(rule: Any, whole: bool) -> None:
    spec, problems = parse_map({"note": rule})
    assert not problems
    found, reads_whole = unread(spec, [{"a": 1, "b": 2}])
    assert reads_whole is whole
    assert "b" in [each.path for each in found]
