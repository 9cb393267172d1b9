"""Every example of the mapping reference does what the page says, and the page names everything there is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from pullpush_sdk.canonical import BUILT_IN, loads, to_sparse
from pullpush_sdk.mapping import Functions, check_body, check_map, compile_body, compile_map, parse_body, parse_map
from pullpush_sdk.mapping._parse import RULE_KEYS
from pullpush_sdk.mapping._transforms import TRANSFORMS

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "mapping.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(
    r"```yaml\n# (?P<kind>[^\n]*)\n(?P<map>.*?)```\n```json\n(?P<given>.*?)```\n```json\n(?P<made>.*?)```",
    PAGE,
    re.DOTALL,
)
KINDS = {kind.name: kind for kind in BUILT_IN}
FUNCTIONS = Functions({"shorten": lambda text: text[:5]})
CONTEXT = {"settings": {"shop": "main"}}


def _sorted(value: Any) -> bytes:
    return msgspec.json.Encoder(order="sorted", decimal_format="number").encode(value)


@pytest.mark.parametrize(("kind", "document", "given", "made"), EXAMPLES, ids=[each[0] for each in EXAMPLES])
def test_example(kind: str, document: str, given: str, made: str) -> None:
    if kind == "body":
        template, problems = parse_body(yaml.safe_load(document))
        assert [*problems, *check_body(template, FUNCTIONS, kind=KINDS["product"])] == []
        assert _sorted(compile_body(template, FUNCTIONS).one(loads(given), CONTEXT)) == _sorted(loads(made))
        return
    canonical = KINDS[kind.removeprefix("map: ")]
    spec, problems = parse_map(yaml.safe_load(document))
    assert [*problems, *check_map(spec, canonical, FUNCTIONS)] == []
    record = compile_map(spec, canonical, FUNCTIONS).one(loads(given), CONTEXT)
    assert _sorted(to_sparse(record)) == _sorted(loads(made))


def test_every_block_is_an_example() -> None:
    """No block of the page escapes the test above."""
    assert len(EXAMPLES) * 3 == PAGE.count("```") // 2


def test_the_page_names_every_transform_and_key() -> None:
    rows = set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))
    assert set(TRANSFORMS) <= rows
    assert all(f"`{key}`" in PAGE for key in RULE_KEYS)
    used = {name for each in EXAMPLES for name in re.findall(r"\w+", each[1])}
    assert set(TRANSFORMS) <= used
