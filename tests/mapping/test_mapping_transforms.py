"""The semantics of every transform as a table: value in, value out, or the reason why not."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from pullpush_sdk.canonical import UNSET
from pullpush_sdk.errors import FieldError
from pullpush_sdk.mapping import Functions, compile_body, interpret_body, parse_body
from pullpush_sdk.mapping._transforms import COMPUTE, MAP_ITEMS, TRANSFORMS

REFUSED = object()
BERLIN = {"timezone": "Europe/Berlin"}
HUGE = 10**5000

TABLE: list[tuple[str, dict[str, Any], Any, Any]] = [
    ("toString", {}, "x", "x"),
    ("toString", {}, 5, "5"),
    ("toString", {}, Decimal("5.0"), "5"),
    ("toString", {}, Decimal("5.50"), "5.50"),
    ("toString", {}, Decimal("1E+3"), "1000"),
    ("toString", {}, Decimal("-0.0"), "0"),
    ("toString", {}, True, "true"),
    ("toString", {}, False, "false"),
    ("toString", {}, "", ""),
    ("toString", {}, {}, REFUSED),
    ("toString", {}, [], REFUSED),
    ("toString", {}, HUGE, REFUSED),
    ("toString", {}, Decimal("1E+99999"), REFUSED),
    ("toNumberOrNull", {}, 5, 5),
    ("toNumberOrNull", {}, Decimal("5.50"), Decimal("5.50")),
    ("toNumberOrNull", {}, " 5.0 ", 5),
    ("toNumberOrNull", {}, "1e2", 100),
    ("toNumberOrNull", {}, "", None),
    ("toNumberOrNull", {}, "  ", None),
    ("toNumberOrNull", {}, "abc", None),
    ("toNumberOrNull", {}, "NaN", None),
    ("toNumberOrNull", {}, "-Infinity", None),
    ("toNumberOrNull", {}, "1_000", None),
    ("toNumberOrNull", {}, "1,000", None),
    ("toNumberOrNull", {}, "٣", None),
    ("toNumberOrNull", {}, "1e999999999", None),
    ("toNumberOrNull", {}, True, None),
    ("toNumberOrNull", {}, {}, None),
    ("toDecimal", {}, "5.50", Decimal("5.50")),
    ("toDecimal", {}, 5, Decimal(5)),
    ("toDecimal", {}, " ", None),
    ("toDecimal", {}, "x", REFUSED),
    ("toDecimal", {}, True, REFUSED),
    ("toInteger", {}, "5.0", 5),
    ("toInteger", {}, Decimal("5.0"), 5),
    ("toInteger", {}, "", None),
    ("toInteger", {}, "5.5", REFUSED),
    ("toInteger", {}, Decimal("1E+999999999"), REFUSED),
    ("toBoolean", {}, True, True),
    ("toBoolean", {}, " Yes ", True),
    ("toBoolean", {}, "OFF", False),
    ("toBoolean", {}, 1, True),
    ("toBoolean", {}, 0, False),
    ("toBoolean", {}, "", None),
    ("toBoolean", {}, 2, REFUSED),
    ("toBoolean", {}, "maybe", REFUSED),
    ("toBoolean", {}, [], REFUSED),
    ("toDateTime", {}, "2026-01-31T08:00:00Z", "2026-01-31T08:00:00Z"),
    ("toDateTime", {}, "2026-01-31T08:00:00.25+01:00", "2026-01-31T07:00:00.250000Z"),
    ("toDateTime", {}, "", None),
    ("toDateTime", {}, "2026-01-31", REFUSED),
    ("toDateTime", BERLIN, "2026-01-31", "2026-01-30T23:00:00Z"),
    ("toDateTime", BERLIN, "2026-07-31T02:00:00", "2026-07-31T00:00:00Z"),
    ("toDateTime", {}, "0001-01-01T00:00:00+14:00", REFUSED),
    ("toDateTime", {}, 5, REFUSED),
    ("toDateTime", {"format": "unix"}, 0, "1970-01-01T00:00:00Z"),
    ("toDateTime", {"format": "unix"}, Decimal("1.5"), "1970-01-01T00:00:01.500000Z"),
    ("toDateTime", {"format": "unix_ms"}, "1500", "1970-01-01T00:00:01.500000Z"),
    ("toDateTime", {"format": "unix"}, " ", None),
    ("toDateTime", {"format": "unix"}, "soon", REFUSED),
    ("toDateTime", {"format": "unix"}, 10**20, REFUSED),
    ("toDateTime", {"format": "%d.%m.%Y", **BERLIN}, "31.01.2026", "2026-01-30T23:00:00Z"),
    ("toDateTime", {"format": "%d.%m.%Y", **BERLIN}, "2026-01-31", REFUSED),
    ("toDateTime", {"format": "%Y-%m-%d %z"}, "2026-01-31 +0100", "2026-01-30T23:00:00Z"),
    ("trim", {}, " a ", "a"),
    ("trim", {}, 5, REFUSED),
    ("lower", {}, "Ä", "ä"),
    ("upper", {}, "ä", "Ä"),
    ("split", {}, "a, b,,", ["a", "b"]),
    ("split", {"separator": "|"}, "a|b", ["a", "b"]),
    ("split", {}, "", []),
    ("split", {}, ["a"], REFUSED),
    ("join", {}, ["a", "", None, 5], "a 5"),
    ("join", {"separator": ", "}, ["a", " "], "a"),
    ("join", {}, [], None),
    ("join", {}, "a", REFUSED),
    ("join", {}, [{}, {"a": 1}], REFUSED),
    ("first", {}, ["a", "b"], "a"),
    ("first", {}, [], None),
    ("first", {}, "a", REFUSED),
    ("fromMinorUnits", {}, 1999, Decimal("19.99")),
    ("fromMinorUnits", {}, "5", Decimal("0.05")),
    ("fromMinorUnits", {"exponent": 0}, 5, Decimal(5)),
    ("fromMinorUnits", {"exponent": 3}, 12345678901234567890123456789012, Decimal("12345678901234567890123456789.012")),
    ("fromMinorUnits", {}, "", None),
    ("fromMinorUnits", {}, "19.99", REFUSED),
    ("fromMinorUnits", {}, HUGE, REFUSED),
    ("toMinorUnits", {}, "19.99", 1999),
    ("toMinorUnits", {"exponent": 3}, 5, 5000),
    ("toMinorUnits", {}, "", None),
    ("toMinorUnits", {}, "19.999", REFUSED),
    ("joinCodes", {}, [{"code": "A"}, "B", 5, {"name": "x"}, None], "A,B,5"),
    ("joinCodes", {"separator": " "}, ["A", "B"], "A B"),
    ("joinCodes", {}, [], None),
    ("joinCodes", {}, "A", REFUSED),
    ("joinCodes", {}, [["A"]], REFUSED),
    ("lookup", {"table": {"a": 1}}, "a", 1),
    ("lookup", {"table": {"a": 1}}, "b", REFUSED),
    ("lookup", {"table": {"a": 1}, "default": None}, "b", None),
    ("lookup", {"table": {1: "one"}}, Decimal("1.0"), "one"),
    ("lookup", {"table": {True: "yes"}}, True, "yes"),
    ("lookup", {"table": {5: "five"}}, 5, "five"),
    ("lookup", {"table": {"false": "no"}}, False, "no"),
    ("lookup", {"table": {"a": None}}, "a", None),
    ("lookup", {"table": {"a": 1}, "default": 2}, [], REFUSED),
    ("coalesce", {}, "", None),
    ("coalesce", {}, [], None),
    ("coalesce", {}, 0, 0),
    ("coalesce", {}, False, False),
    ("compute", {"fn": "kind"}, "a", "str"),
    ("compute", {"fn": "float"}, "a", REFUSED),
    ("compute", {"fn": "nan"}, "a", REFUSED),
    ("compute", {"fn": "tuple"}, "a", ["a"]),
    ("compute", {"fn": "naive"}, "a", REFUSED),
    ("compute", {"fn": "object"}, "a", REFUSED),
    ("mapItems", {}, [{"a": 1}], [{"a": 1}]),
    ("mapItems", {}, {}, REFUSED),
]  # fmt: skip
FUNCTIONS = Functions(
    {
        "kind": lambda value: type(value).__name__,
        "float": lambda _: 0.5,
        "nan": lambda _: Decimal("nan"),
        "tuple": lambda value: (value,),
        "naive": lambda _: datetime(2026, 1, 1),  # noqa: DTZ001
        "object": lambda _: object(),
    }
)


def run(name: str, arguments: dict[str, Any], record: dict[str, Any]) -> Any:
    """What a rule over the path `v` gives, in both evaluators; a refusal reads the same in both."""
    template, problems = parse_body({"v": {"path": "v", "transform": name, **arguments}})
    assert problems == []
    answers = []
    for way in (
        lambda: compile_body(template, FUNCTIONS).one(record, {}),
        lambda: interpret_body(template, FUNCTIONS, record, {}),
    ):
        try:
            answers.append(way().get("v", UNSET))
        except FieldError as error:
            answers.append(error.message)
    assert repr(answers[0]) == repr(answers[1])
    return answers[0]


@pytest.mark.parametrize(
    ("name", "arguments", "value", "expected"), TABLE, ids=[f"{row[0]}-{at}" for at, row in enumerate(TABLE)]
)
def test_table(name: str, arguments: dict[str, Any], value: Any, expected: Any) -> None:
    answer = run(name, arguments, {"v": value})
    if expected is REFUSED:
        assert isinstance(answer, str)
        assert answer.startswith("$.v: ")
        assert answer.endswith("(read from v)")
    else:
        assert repr(answer) == repr(expected)


@pytest.mark.parametrize("name", sorted(set(TRANSFORMS) - {COMPUTE}))
def test_missing_and_null_pass_every_transform(name: str) -> None:
    """What was absent stays absent, what was null stays null; only compute sees null."""
    arguments = {"lookup": {"table": {"a": "b"}, "default": "c"}}.get(name, {})
    assert run(name, arguments, {}) is UNSET
    assert run(name, arguments, {"v": None}) is None


def test_compute_sees_null_for_missing() -> None:
    assert run("compute", {"fn": "kind"}, {}) == "NoneType"


def test_every_transform_is_in_the_table() -> None:
    assert {row[0] for row in TABLE} == set(TRANSFORMS)
    assert MAP_ITEMS in TRANSFORMS


def test_a_function_may_return_an_aware_time() -> None:
    functions = Functions({"now": lambda _: datetime(2026, 1, 1, tzinfo=UTC)})
    template, _ = parse_body({"v": {"path": "v", "compute": "now"}})
    assert compile_body(template, functions).one({"v": 1}, {}) == {"v": "2026-01-01T00:00:00Z"}
