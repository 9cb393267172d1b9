"""What each kind of field takes, and why it refuses the rest, as a table over a class that has them all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import attrs
import pytest

from pullpush_sdk.canonical import (
    BOOLEAN,
    INSTANT,
    INTEGER,
    JSON,
    MONEY,
    NUMBER,
    TEXT,
    TEXT_MAP,
    UNSET,
    Customer,
    ProductStatus,
    enum_of,
    list_of,
    optional,
    record_of,
    required,
)
from pullpush_sdk.errors import FieldError
from pullpush_sdk.mapping import Functions, compile_map, interpret, parse_map


@attrs.frozen(kw_only=True)
class Part:
    part_id: str = required(TEXT)
    size: Any = optional(INTEGER)


@attrs.frozen(kw_only=True)
class Everything:
    text: Any = optional(TEXT)
    integer: Any = optional(INTEGER)
    number: Any = optional(NUMBER)
    money: Any = optional(MONEY)
    instant: Any = optional(INSTANT)
    boolean: Any = optional(BOOLEAN)
    map: Any = optional(TEXT_MAP)
    json: Any = optional(JSON)
    enum: Any = optional(enum_of(ProductStatus))
    texts: Any = optional(list_of(TEXT))
    moneys: Any = optional(list_of(MONEY))
    customer: Any = optional(record_of(Customer))
    parts: Any = optional(list_of(Part))
    extensions: Any = optional(JSON)


NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
HUGE = 10**5000

TAKEN: list[tuple[str, Any, Any]] = [
    ("text", "x", "x"),
    ("text", "", ""),
    ("text", 5, "5"),
    ("text", ProductStatus.DRAFT, "draft"),
    ("integer", 5, 5),
    ("integer", "5.0", 5),
    ("integer", Decimal("5.0"), 5),
    ("integer", " ", None),
    ("number", 5, 5),
    ("number", Decimal("5.0"), 5),
    ("number", Decimal("5.50"), Decimal("5.50")),
    ("number", " 7 ", 7),
    ("number", "", None),
    ("money", 5, Decimal(5)),
    ("money", "5.50", Decimal("5.50")),
    ("money", Decimal("1E+2"), Decimal("1E+2")),
    ("money", "", None),
    ("instant", "2026-01-31T12:00:00Z", NOON),
    ("instant", " 2026-01-31T13:00:00+01:00 ", NOON),
    ("instant", NOON, NOON),
    ("instant", NOON.astimezone(timezone(timedelta(hours=3))), NOON),
    ("instant", " ", None),
    ("boolean", True, True),
    ("boolean", False, False),
    ("map", {"a": "b", "c": 5, "d": None}, {"a": "b", "c": "5"}),
    ("json", {"a": [1]}, {"a": [1]}),
    ("enum", "active", ProductStatus.ACTIVE),
    ("enum", ProductStatus.ACTIVE, ProductStatus.ACTIVE),
    ("texts", ["a", 5, None], ("a", "5")),
    ("texts", [], ()),
    ("moneys", ["1.50", "", 2], (Decimal("1.50"), Decimal(2))),
    ("customer", {"email": "a", "name": None, "vip": True}, Customer(email="a", name=None, extensions={"vip": True})),
    ("customer", {"extensions": {"a": 1}, "b": 2}, Customer(extensions={"b": 2, "a": 1})),
    ("customer", Customer(email="a"), Customer(email="a")),
    ("parts", [{"partId": 1, "size": "2", "colour": "red"}], (Part(part_id="1", size=2),)),
    ("extensions.at", NOON, "2026-01-31T12:00:00Z"),
    ("extensions.at", (NOON, 1), ["2026-01-31T12:00:00Z", 1]),
    ("extensions.at", ProductStatus.DRAFT, "draft"),
]
REFUSED: list[tuple[str, Any, str]] = [
    ("text", True, "text: expected text, got true"),
    ("text", Decimal("1.5"), "text: expected text, got 1.5"),
    ("text", [], "text: expected text, got a list"),
    ("text", HUGE, "text: expected a number of at most 1000 digits, got a number of more than 60 digits"),
    ("integer", "5.5", "integer: expected a whole number, got '5.5'"),
    ("integer", "1e5000", "integer: expected a number of at most 1000 digits, got '1e5000'"),
    ("number", True, "number: expected a number, got true"),
    ("number", "many", "number: expected a number, got 'many'"),
    ("number", 0.5, "number: expected an exact number; a float has lost digits, got a float"),
    ("number", Decimal("NaN"), "number: expected a finite number, got NaN"),
    ("money", "1,5", "money: expected a number, got '1,5'"),
    ("money", {}, "money: expected a number, got an object"),
    ("money", "9" * 1001, f"money: expected a number, got '{'9' * 59}…'"),
    ("instant", "tomorrow", "instant: expected an ISO 8601 time with an offset or Z, got 'tomorrow'"),
    ("instant", 1769846400, "instant: expected the text of a time, got 1769846400"),
    ("instant", datetime(2026, 1, 1), "instant: expected a time with an offset, got a datetime"),  # noqa: DTZ001
    ("boolean", 1, "boolean: expected true or false, got 1"),
    ("boolean", "true", "boolean: expected true or false, got 'true'"),
    ("map", {"a": {}}, "map.a: expected text, got an object"),
    ("map", [], "map: expected an object of texts, got a list"),
    ("json", [], "json: expected an object, got a list"),
    ("enum", "x", "enum: expected one of active, draft, hidden, archived, unknown, got 'x'"),
    ("enum", 5, "enum: expected one of active, draft, hidden, archived, unknown, got 5"),
    ("texts", "a", "texts: expected a list, got 'a'"),
    ("texts", ["a", {}], "texts[1]: expected text, got an object"),
    ("customer", "a", "customer: expected an object, got 'a'"),
    ("customer", {"email": []}, "customer.email: expected text, got a list"),
    ("parts", [{"size": 1}], "parts[0].partId: identity is missing"),
    ("parts", [{"partId": "1", "size": "x"}], "parts[0].size: expected a number, got 'x'"),
    ("extensions.at", 0.5, "extensions.at: expected an exact number; a float has lost digits, got a float"),
    ("extensions.at", object(), "extensions.at: expected a JSON value, got a object"),
]


def both(target: str, value: Any) -> list[Any]:
    """What a plain path rule makes of a value, compiled and interpreted: the field's value or the message."""
    spec, problems = parse_map({target: "v"})
    assert problems == []
    compiled = compile_map(spec, Everything, Functions())
    answers = []
    for way in (compiled.one, lambda record, context: interpret(spec, Everything, Functions(), record, context)):
        try:
            made = way({"v": value}, {})
        except FieldError as error:
            answers.append(error.message)
        else:
            name, _, key = target.partition(".")
            answers.append(getattr(made, name)[key] if key else getattr(made, name))
    return answers


@pytest.mark.parametrize(("target", "value", "expected"), TAKEN, ids=[f"{row[0]}-{at}" for at, row in enumerate(TAKEN)])
def test_taken(target: str, value: Any, expected: Any) -> None:
    assert [repr(each) for each in both(target, value)] == [repr(expected)] * 2


@pytest.mark.parametrize(
    ("target", "value", "message"), REFUSED, ids=[f"{row[0]}-{at}" for at, row in enumerate(REFUSED)]
)
def test_refused(target: str, value: Any, message: str) -> None:
    """The message names the field, what it expected, the value and where it was read."""
    answers = both(target, value)
    assert answers[0] == answers[1]
    assert answers[0].startswith(f"{message} (read from v")


@pytest.mark.parametrize("target", [field.name for field in attrs.fields(Everything)])
def test_every_field_takes_null_and_missing(target: str) -> None:
    assert both(target, None) == [None, None]
    assert both(target, UNSET) == [UNSET, UNSET]
