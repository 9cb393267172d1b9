"""Whatever an author writes stays data: no text of a document becomes code, no size or depth breaks the parser."""

from __future__ import annotations

import ast
import linecache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pullpush_sdk.canonical import BUILT_IN
from pullpush_sdk.mapping import (
    Functions,
    compile_body,
    compile_map,
    interpret,
    interpret_body,
    parse_body,
    parse_map,
    project,
)

PRODUCT = next(kind for kind in BUILT_IN if kind.name == "product")
HOSTILE = [
    "__import__('os').system('echo x')",
    "'); raise SystemExit  # ",
    '"""',
    "\\",
    "\n    import os\n",
    "{r.__class__}",
    "K0",
    "\x00",
    "\u2028",
    "UNSET",
    "]",
    "%s",
]


def _quoted(text: str) -> str:
    return '["' + text.replace("\\", "\\\\").replace('"', '\\"') + '"]'


IDENTITY = "no hostile text is as long as this"


def _check(text: str) -> None:
    """A map and a body with the text in every place that takes text do what they say, and no more."""
    functions = Functions({text: str})
    literal = {"value": text}
    record = {text: {"v": text, "l": [{"k": text, text: "found"}]}, "id": IDENTITY}
    equals = text.replace("\\", "\\\\").replace("'", "\\'")
    document = {
        "sku": "id",
        "title": f"{_quoted(text)}.v",
        "description": literal,
        "vendor": {"path": f"{_quoted(text)}.l[?k=='{equals}']{_quoted(text)}"},
        "handle": {"path": "id", "transform": "lookup", "table": {text: "x"}, "default": text},
        "productType": {"path": "nothing", "default": text},
        "barcode": {"path": _quoted(text) + ".v", "compute": text, "secret": True},
        "url": {"path": "id", "when": {"path": _quoted(text) + ".v", "equals": text}, "otherwise": literal},
        "tags": {"path": _quoted(text) + ".v", "transform": "split", "separator": text},
        "extensions.x" + text.replace(".", ""): literal,
    }
    spec, problems = parse_map(document)
    assert problems == []
    compiled = compile_map(spec, PRODUCT, functions, name=text)
    made = compiled.one(record, {})
    assert (made.title, made.description, made.vendor, made.handle, made.url) == (text, text, "found", text, IDENTITY)
    assert made == interpret(spec, PRODUCT, functions, record, {})
    assert repr(project(spec).decode(b'[{"id":"A"}]').records)
    template, problems = parse_body({text: {text: literal}, "l": [literal, _quoted(text)]})
    assert problems == []
    body = compile_body(template, functions, name=text)
    assert body.one(record, {}) == interpret_body(template, functions, record, {})
    for source in (compiled.source, body.source):
        _only_ours(source)


def _only_ours(source: str) -> None:
    """Source holds no text constant but our own words for the reasons of errors, and calls nothing but constants."""
    tree = ast.parse(source)
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    assert texts <= {"[", "]"}
    assert not [
        node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom | ast.Global | ast.Lambda)
    ]
    assert source.isascii()


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_data(text: str) -> None:
    _check(text)


@settings(max_examples=60, deadline=None)
@given(st.text(min_size=1, max_size=12).filter(lambda text: text.strip() == text))
def test_any_text_stays_data(text: str) -> None:
    _check(text)


def test_source_is_in_linecache() -> None:
    """A traceback through generated code shows its lines."""
    spec, _ = parse_map({"sku": "id"})
    compiled = compile_map(spec, PRODUCT, Functions(), name="only\nhere")
    (file,) = [file for file in linecache.cache if "only_here" in file]
    assert "".join(linecache.getlines(file)) == compiled.source
    linecache.checkcache()
    assert file in linecache.cache


def test_deep_documents_are_problems() -> None:
    """Nothing recurses further than its limit."""
    otherwise: Any = "a"
    for _ in range(3000):
        otherwise = {"path": "a", "when": {"path": "b", "exists": True}, "otherwise": otherwise}
    body: Any = "a"
    items: Any = {"sku": "a"}
    value: Any = 1
    for _ in range(3000):
        body, value = {"k": body}, [value]
        items = {"extensions.x": {"path": "a", "transform": "mapItems", "items": items}}
    for document in ({"title": otherwise}, items, {"extensions.x": {"value": value}}):
        _, problems = parse_map(document)
        assert problems
    assert parse_body(body)[1][0].code == "mapping-depth"


def test_documents_that_hold_themselves_are_problems() -> None:
    """A YAML alias can make a document its own part."""
    body: dict[str, Any] = {}
    body.update(a=body, b=body)
    assert {"mapping-depth", "mapping-size"} >= {each.code for each in parse_body(body)[1]} > set()
    value: list[Any] = []
    value += [value, value]
    (problem,) = parse_map({"extensions.x": {"value": value}})[1]
    assert "deeper than" in problem.message or "parts" in problem.message


def test_too_many_rules_are_one_problem() -> None:
    document = {f"extensions.k{at}": "a" for at in range(2500)}
    spec, problems = parse_map(document)
    assert [each.code for each in problems] == ["mapping-size"]
    assert len(spec.rules) == 2000


def test_the_largest_documents_compile() -> None:
    """Everything at its limit at once stays below the limits of Python's own compiler."""
    path = "a[*][?k==1]" + ".b" * 20 + "[*]"
    rule: Any = {"paths": [path] * 32, "transform": ["coalesce", *["coalesce"] * 15]}
    for _ in range(8):
        rule = {"path": path, "when": [{"path": path, "exists": True}] * 16, "otherwise": rule}
    for _ in range(3):
        rule = {"path": path, "transform": "mapItems", "items": {"x": rule}, "when": {"path": path, "exists": True}}
        rule = {"path": "a", "when": {"path": "b", "exists": True}, "otherwise": rule}
    spec, problems = parse_map({"sku": "id", "extensions.x": rule})
    assert problems == []
    compiled = compile_map(spec, PRODUCT, Functions(), name="large")
    assert compiled.one({"id": "A"}, {}) == interpret(spec, PRODUCT, Functions(), {"id": "A"}, {})
    wide, problems = parse_map({"sku": "id", **{f"extensions.k{at}": f"k{at}" for at in range(1900)}})
    assert problems == []
    record = {"id": "A", **{f"k{at}": at for at in range(1900)}}
    assert compile_map(wide, PRODUCT, Functions(), name="wide").one(record, {}).extensions["k1899"] == 1899
