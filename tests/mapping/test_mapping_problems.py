"""What a check says: every finding has its place and a mend, and no document, however odd, breaks the checker."""

from __future__ import annotations

import datetime as dt
from typing import Any

import attrs
import pytest

from pullpush_sdk.canonical import BUILT_IN, TEXT, CanonicalType, Unset, optional
from pullpush_sdk.errors import MappingError
from pullpush_sdk.mapping import Functions, check_body, check_map, compile_map, parse_body, parse_map

KINDS = {kind.name: kind for kind in BUILT_IN}
FUNCTIONS = Functions({"slug": str, "shop:price": str})


def found(document: Any, kind: str = "product") -> list[tuple[str, str, str, str]]:
    spec, problems = parse_map(document)
    problems = [*problems, *check_map(spec, KINDS[kind], FUNCTIONS)]
    return [(each.code.removeprefix("mapping-"), each.path, each.message, each.hint) for each in problems]


STOCK = "null means that nothing is known; a number would be written to the other system"
TABLE = [
    ({"titel": "a"}, "target", "$.titel", "Product has no field 'titel'", "did you mean title?"),
    ({"title": "a", "title.b": "c"}, "target", '$["title.b"]', "has a rule of its own", "keep one"),
    ({"productId": "a", "product_id": "b"}, "target", "$.product_id", "productId is mapped twice", "keep one"),
    (
        {"extensions.a": "x", "extensions.a.b.c": "y"},
        "target",
        '$["extensions.a.b.c"]',
        "has a rule of its own",
        "keep one",
    ),
    ({"price.amount": "a"}, "target", '$["price.amount"]', "price is money and has no fields", "map the field itself"),
    ({"variants.sku": "a"}, "target", '$["variants.sku"]', "variants is list", "transform: mapItems"),
    ({"title": "a b"}, "path", "$.title", "not a path", "{value: …}"),
    ({"title": "a..b"}, "path", "$.title", "expected a name at character 3", "{value: …}"),
    ({"title": "a[1:2]"}, "path", "$.title", "cannot read", "{value: …}"),
    ({"title": "a[?(@.x)]"}, "path", "$.title", "cannot read", "{value: …}"),
    ({"title": "@"}, "path", "$.title", "@ alone names nothing", "{value: …}"),
    ({"title": ""}, "path", "$.title", "an empty path", "{value: …}"),
    ({"title": "a" * 501}, "path", "$.title", "at most 500", "{value: …}"),
    ({"title": ".".join("a" * 25)}, "path", "$.title", "at most 24", "{value: …}"),
    ({"title": "a[*][*][*][*]"}, "path", "$.title", "more than 3 wildcards", "{value: …}"),
    ({"title": ["a"]}, "shape", "$.title", "got a list", "{paths:"),
    ({"title": {"pth": "a"}}, "shape", "$.title", "a rule has a path", "customer.email"),
    ({"title": {"path": "a", "value": "b"}}, "shape", "$.title", "path and value exclude each other", "keep one"),
    ({"title": {"path": ["a"]}}, "path", "$.title.path", "a path is text, got a list", "paths"),
    ({"title": {"paths": []}}, "path", "$.title.paths", "1 to 32", ""),
    ({"title": {"paths": ["a", "b"]}}, "shape", "$.title", "several values", "coalesce"),
    ({"title": {"paths": ["a"], "transform": "trim"}}, "shape", "$.title", "several values", "coalesce"),
    ({"title": {"paths": [{"path": "a"}], "transform": "coalesce"}}, "path", "$.title.paths[0]", "one of paths", ""),
    ({"title": {"transform": "trim"}}, "shape", "$.title", "trim needs a path", "add path"),
    ({"title": {"path": "a", "transform": "tostring"}}, "transform", "$.title.transform", "'tostring'", "toString?"),
    ({"title": {"path": "a", "transform": ["trim", 5]}}, "transform", "$.title.transform[1]", "'5'", "write its name"),
    ({"title": {"path": "a", "transform": []}}, "transform", "$.title.transform", "a name or a list", ""),
    ({"title": {"path": "a", "transform": ["trim"] * 17}}, "size", "$.title.transform", "at most 16", ""),
    ({"title": {"path": "a", "separator": "x"}}, "key", "$.title.separator", "unknown key", "one of"),
    (
        {"title": {"path": "a", "transform": "lookup"}},
        "argument",
        "$.title.transform",
        "lookup needs table",
        "add table",
    ),
    (
        {"title": {"path": "a", "transform": "lookup", "table": []}},
        "argument",
        "$.title.table",
        "expected an object",
        "",
    ),
    (
        {"title": {"path": "a", "transform": "lookup", "table": {"a": ["b"]}}},
        "argument",
        "$.title.table",
        "as the value of a word",
        "",
    ),
    (
        {"title": {"path": "a", "transform": ["split", "join"], "separator": "x"}},
        "argument",
        "$.title.separator",
        "belongs to both split and join",
        "{transform: join",
    ),
    (
        {"title": {"path": "a", "transform": {"transform": "trim", "x": 1}}},
        "argument",
        "$.title.transform.x",
        "unknown argument 'x'",
        "transform",
    ),
    (
        {"createdAt": {"path": "a", "transform": "toDateTime", "timezone": "../etc"}},
        "argument",
        "$.createdAt.timezone",
        "IANA time zone",
        "",
    ),
    (
        {"createdAt": {"path": "a", "transform": "toDateTime", "format": "%Q"}},
        "argument",
        "$.createdAt.format",
        "strptime",
        "",
    ),
    (
        {"createdAt": {"path": "a", "transform": "toDateTime", "format": "%d%d"}},
        "argument",
        "$.createdAt.format",
        "strptime",
        "",
    ),
    (
        {"price": {"path": "a", "transform": "fromMinorUnits", "exponent": 99}},
        "argument",
        "$.price.exponent",
        "0 to 12",
        "",
    ),
    ({"title": {"compute": "slugg", "path": "a"}}, "function", "$.title.compute", "'slugg'", "did you mean slug?"),
    ({"title": {"transform": "compute", "fn": 5}}, "argument", "$.title.fn", "expected text", ""),
    ({"title": {"transform": "compute"}}, "argument", "$.title.transform", "compute needs fn", "add fn"),
    ({"title": {"value": "x", "transform": "trim"}}, "shape", "$.title.transform", "value takes no transform", "final"),
    ({"title": {"value": dt.date(2026, 1, 1)}}, "value", "$.title.value", "not a JSON value", ""),
    ({"title": {"value": float("nan")}}, "value", "$.title.value", "finite", ""),
    ({"price": {"value": "abc"}}, "value", "$.price", "expected a number", "toNumberOrNull"),
    ({"status": {"path": "a", "default": "sold"}}, "value", "$.status.default", "expected one of", "lookup"),
    (
        {"status": {"path": "a", "transform": "lookup", "table": {"x": "sold"}}},
        "value",
        "$.status.table.x",
        "expected one of",
        "lookup",
    ),
    ({"title": {"path": "a", "when": {"path": "b"}}}, "when", "$.title.when", "exactly one test", "equals"),
    ({"title": {"path": "a", "when": []}}, "when", "$.title.when", "1 to 16", ""),
    ({"title": {"path": "a", "when": ["b"]}}, "when", "$.title.when[0]", "an object", "{path: …, equals: …}"),
    ({"title": {"path": "a", "when": {"path": "b", "in": 5}}}, "when", "$.title.when.in", "a list", ""),
    ({"title": {"path": "a", "when": {"path": "b", "exists": 5}}}, "when", "$.title.when.exists", "true or false", ""),
    ({"title": {"path": "a", "otherwise": "b"}}, "shape", "$.title.otherwise", "without when", "default"),
    ({"title": {"path": "a", "secret": "yes"}}, "shape", "$.title.secret", "true or false", ""),
    ({"title": {"path": "a", "transform": "toDateTime"}}, "kind", "$.title.transform", "the field is text", "another"),
    (
        {"title": {"path": "a", "transform": "toDecimal"}},
        "kind",
        "$.title.transform",
        "the field is text",
        "add toString",
    ),
    ({"price": {"path": "a", "transform": "toBoolean"}}, "kind", "$.price.transform", "the field is money", "another"),
    ({"variants": {"path": "a", "transform": "split"}}, "kind", "$.variants.transform", "gives list", "another"),
    ({"title": {"path": "a", "transform": "mapItems"}}, "kind", "$.title.transform", "gives records", "another"),
    (
        {"title": {"path": "a", "transform": ["toBoolean", "trim"]}},
        "kind",
        "$.title.transform[1]",
        "trim does not take the boolean",
        "reorder",
    ),
    (
        {"variants": {"path": "a", "transform": ["mapItems", "first"]}},
        "shape",
        "$.variants.transform[0]",
        "not the last",
        "move it to the end",
    ),
    (
        {"variants": {"path": "a", "transform": "mapItems", "items": {"skuu": "b"}}},
        "target",
        "$.variants.items.skuu",
        "Variant has no field 'skuu'",
        "did you mean sku?",
    ),
    (
        {"variants": {"path": "a", "transform": "mapItems", "items": 5}},
        "shape",
        "$.variants.items",
        "a map is an object",
        "",
    ),
    (
        {"variants": {"path": "a", "transform": "mapItems", "items": {"options.a.b": "c"}}},
        "target",
        '$.variants.items["options.a.b"]',
        "holds texts only",
        "one name after the dot",
    ),
    (
        {"tags": {"path": "a", "transform": "mapItems", "items": {"a": "b"}}},
        "kind",
        "$.tags",
        "the field is list of text",
        "",
    ),
    ({5: "a"}, "shape", "$[5]", "a field name is text", "quote it"),
    ({".".join("a" * 20): "a"}, "size", '$["' + ".".join("a" * 20) + '"]', "16 parts", ""),
]


@pytest.mark.parametrize(("document", "code", "place", "message", "hint"), TABLE)
def test_problem(document: Any, code: str, place: str, message: str, hint: str) -> None:
    """One mistake is one finding, at its place, with a mend."""
    (problem,) = found({"sku": "id", **document})
    assert problem[:2] == (code, place)
    assert message in problem[2]
    assert hint in problem[3]


def test_all_problems_are_collected() -> None:
    """A check does not stop at the first finding."""
    document = {"titel": "a", "price": {"path": "a b"}, "status": {"value": "x"}, "weight": {"transform": "nope"}}
    assert {each[1] for each in found(document)} >= {"$", "$.titel", "$.price.path", "$.status", "$.weight.transform"}


def test_places_stand_below_the_given_path() -> None:
    """A map inside a manifest reports places of the manifest."""
    _, problems = parse_map({"title": "a b"}, path="$.resources.products.canonical_map")
    assert problems[0].path == "$.resources.products.canonical_map.title"


@pytest.mark.parametrize(
    ("kind", "document", "message"),
    [
        ("product", {"title": "a"}, "sku of Product is not mapped"),
        ("order", {}, "orderId of Order is not mapped"),
        ("contact", {"name": "a"}, "neither email nor contact_id"),
        ("product", {"sku": {"value": "A"}}, "sku is a fixed value"),
    ],
)
def test_identity_must_be_read_from_the_record(kind: str, document: Any, message: str) -> None:
    """A map that cannot give an identity is refused before any record is read."""
    (problem,) = found(document, kind)
    assert problem[0] == "identity"
    assert message in problem[2]
    assert problem[3]


@pytest.mark.parametrize("field", ["email", "contactId"])
def test_a_contact_is_identified_by_email_or_id(field: str) -> None:
    assert found({field: "a"}, "contact") == []


@pytest.mark.parametrize(
    ("rule", "place"),
    [
        (0, "$.quantity"),
        ({"value": 5}, "$.quantity"),
        ({"value": "5"}, "$.quantity"),
        ({"path": "q", "default": 0}, "$.quantity.default"),
        ({"paths": ["q", {"value": 0}], "transform": "coalesce"}, "$.quantity.paths[1]"),
        ({"paths": ["q", 0], "transform": "join"}, "$.quantity.paths[1]"),
        ({"path": "q", "transform": "lookup", "table": {"in stock": 5}, "default": 0}, "$.quantity.default"),
        ({"path": "q", "transform": "lookup", "table": {"": 0}}, '$.quantity.table[""]'),
        ({"path": "q", "transform": [{"transform": "lookup", "table": {" ": 0}}]},
         '$.quantity.transform[0].table[" "]'),
        ({"path": "q", "when": {"path": "t", "equals": True}, "otherwise": 0}, "$.quantity.otherwise"),
        ({"path": "q", "when": {"path": "t", "equals": True}, "otherwise": {"path": "q", "default": 1}},
         "$.quantity.otherwise.default"),
        ("@settings.quantity", "$.quantity"),
    ],
)  # fmt: skip
def test_unknown_stock_never_becomes_a_number(rule: Any, place: str) -> None:
    """Nothing that an author writes may stand in for a quantity that the record does not tell."""
    (problem,) = found({"sku": "id", "quantity": rule}, "stocklevel")
    assert problem[:2] == ("stock", place)
    assert problem[3] == STOCK


@pytest.mark.parametrize(
    "rule",
    [
        None,
        {"path": "q", "default": None},
        {"paths": ["q", "r"], "transform": "coalesce"},
        {"path": "q", "transform": "lookup", "table": {"none": 0}, "default": None},
        {"path": "q", "when": {"path": "t", "equals": True}, "otherwise": None},
        "@item.available",
    ],
)
def test_null_stock_is_fine(rule: Any) -> None:
    assert found({"sku": "id", "quantity": rule}, "stocklevel") == []


def test_a_key_that_needs_more_than_is_mapped_is_a_problem() -> None:
    """Types of extensions have keys of their own; the check tries them on a record with every mapped field."""

    @attrs.frozen(kw_only=True)
    class Shelf:
        row: str | None | Unset = optional(TEXT)
        place: str | None | Unset = optional(TEXT)

    shelf = CanonicalType(
        name="shelf", record=Shelf, key=lambda each: each.row.lower() + each.place, identity=lambda each: each.row
    )
    spec, _ = parse_map({"row": "r"})
    (problem,) = check_map(spec, shelf, FUNCTIONS, path="$.m")
    assert (problem.code, problem.path, problem.hint) == (
        "mapping-identity",
        "$.m",
        "map every field that its key reads",
    )
    assert check_map(parse_map({"row": "r", "place": "p"})[0], shelf, FUNCTIONS) == []


def test_a_body_keeps_the_law_of_stock_too() -> None:
    """A default beside the quantity of a stock body is refused."""
    template, problems = parse_body({"qty": {"path": "quantity", "default": 0}})
    assert problems == []
    (problem,) = check_body(template, FUNCTIONS, kind=KINDS["stocklevel"])
    assert (problem.code, problem.path) == ("mapping-stock", "$.qty.default")


BODIES = [
    ({"a": {"path": "nots"}}, "path", "$.a", "did you mean note?"),
    ({"a": {"path": "lineItems", "transform": "mapItems", "items": {"s": "sk"}}}, "path", "$.a.items.s", "sku?"),
    ({"a": {"path": "note", "when": {"path": "zzz", "exists": True}}}, "path", "$.a", "one of"),
    ({"attribute_code": "note", "value": "note"}, "key", "$.attribute_code", "{object:"),
    ({"object": {"a": "note"}, "b": "note"}, "shape", "$", "write {object:"),
    ({5: "note"}, "shape", "$[5]", "quote it"),
    ({"a": {"compute": "nope", "path": "note"}}, "function", "$.a.compute", "one of"),
]


@pytest.mark.parametrize(("document", "code", "place", "hint"), BODIES)
def test_body_problem(document: Any, code: str, place: str, hint: str) -> None:
    """A body is checked against the canonical type that it reads."""
    template, problems = parse_body(document)
    (problem,) = [*problems, *check_body(template, FUNCTIONS, kind=KINDS["order"])]
    assert (problem.code, problem.path) == (f"mapping-{code}", place)
    assert hint in problem.hint


def test_compile_refuses_with_every_problem() -> None:
    """What the check finds is what compile raises."""
    spec, _ = parse_map({"titel": "a", "title": {"compute": "nope", "path": "a"}})
    with pytest.raises(MappingError) as caught:
        compile_map(spec, KINDS["product"], FUNCTIONS, name="p")
    assert len(caught.value.problems) == 2
    spec, _ = parse_map({"title": "a"})
    with pytest.raises(MappingError, match="sku"):
        compile_map(spec, KINDS["product"], FUNCTIONS, name="p")
