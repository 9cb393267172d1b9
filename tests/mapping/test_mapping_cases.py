"""Cases as data: every line of cases.json holds for generated code, the interpreter and the projected decoder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from pullpush_sdk.canonical import BUILT_IN, dumps, loads, to_sparse
from pullpush_sdk.errors import FieldError
from pullpush_sdk.mapping import Functions, check_map, compile_map, interpret, parse_map, project

KINDS = {kind.name: kind for kind in BUILT_IN}


def _boom(_value: Any) -> Any:
    raise KeyError("boom")


FUNCTIONS = Functions(
    {
        "double": lambda value: value + value,
        "shop:there": lambda *values: [value for value in values if value is not None],
        "shop:size": len,
        "shop:boom": _boom,
    }
)
CASES = loads(Path(__file__).with_name("cases.json").read_bytes())


def _sorted(value: Any) -> bytes:
    return msgspec.json.Encoder(order="sorted", decimal_format="number").encode(value)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["why"])
def test_case(case: dict[str, Any]) -> None:
    """Every way of mapping gives what the case expects."""
    kind, context = KINDS[case["type"]], case.get("context", {})
    spec, problems = parse_map(case["mapping"])
    assert [*problems, *check_map(spec, kind, FUNCTIONS)] == []
    compiled = compile_map(spec, kind, FUNCTIONS, name=case["why"])
    page = project(spec, records_path="data").decode(dumps({"data": [case["input"]]}))
    ways = [
        lambda: compiled.one(case["input"], context),
        lambda: interpret(spec, kind, FUNCTIONS, case["input"], context),
        lambda: compiled.one(page.records[0], context),
    ]
    for way in ways:
        if "error" in case:
            with pytest.raises(FieldError) as caught:
                way()
            assert caught.value.message == case["error"]
        else:
            assert _sorted(to_sparse(way())) == _sorted(case["expected"])


def test_cases_say_why_once() -> None:
    """No case is written twice."""
    whys = [case["why"] for case in CASES]
    assert len(set(whys)) == len(whys)
