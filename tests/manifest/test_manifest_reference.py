"""The reference page says what the schema says, and its examples load."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pullpush_sdk.manifest import manifest_schema, read

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
SCHEMA = manifest_schema()


def tables():
    """Heading to the rows of the table below it: key to (default, meaning)."""
    found = {}
    for section in re.split(r"^## ", (REFERENCE / "manifest.md").read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        rows = re.findall(r"^\| `(\w+)` \| .*? \| (.*?) ?\| (.*) \|$", section, re.MULTILINE)
        found[section.partition("\n")[0]] = {key: (default, meaning) for key, default, meaning in rows}
    return found


def definitions():
    yield "manifest", SCHEMA
    for name, each in SCHEMA["$defs"].items():
        if "properties" in each and name != "auth":
            yield name, each


@pytest.mark.parametrize(("name", "definition"), list(definitions()), ids=[name for name, _ in definitions()])
def test_every_key_is_on_the_page_with_its_meaning(name, definition):
    rows = tables()[name]
    assert list(rows) == list(definition["properties"])
    for key, (default, meaning) in rows.items():
        schema = definition["properties"][key]
        about = schema.get("description") or SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]]["description"]
        assert meaning == about, key
        assert (default == "required") == (key in definition.get("required", ())), key


@pytest.mark.parametrize("page", ["manifest.md", "miniapp.md"])
def test_the_examples_load(page):
    text = (REFERENCE / page).read_text(encoding="utf-8")
    examples = re.findall(r"```(?:yaml\n# manifest|javascript)\n(.*?)```", text, re.DOTALL)
    assert examples
    for example in examples:
        assert read(example).manifest.resources
