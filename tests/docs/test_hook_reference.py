"""The hooks' reference page names exactly the hooks that exist, with exactly their arguments."""

import inspect
import re
from pathlib import Path

import pytest

from pullpush_sdk.hookspecs import ConnectorSpec, ExtensionSpec, ObserverSpec

PAGE = Path(__file__).parents[2] / "docs/reference/hooks.md"
SECTIONS = {"Connector hooks": ConnectorSpec, "Extension hooks": ExtensionSpec, "Observer hooks": ObserverSpec}


def documented(section):
    """Signatures under one heading of the page."""
    text = PAGE.read_text(encoding="utf-8")
    body = text.split(f"## {section}\n", 1)[1]
    body = re.split(r"\n## ", body)[0]
    return re.findall(r"^### `(\w+\([^)]*\))`$", body, re.MULTILINE)


@pytest.mark.parametrize("section", SECTIONS)
def test_the_page_lists_every_hook_with_its_arguments(section):
    """Adding, renaming or removing a hook or an argument changes the page."""
    spec = SECTIONS[section]
    declared = [
        f"{name}({', '.join(argument for argument in inspect.signature(function).parameters if argument != 'self')})"
        for name, function in vars(spec).items()
        if name.startswith("pullpush_")
    ]
    assert documented(section) == declared


def test_every_hook_says_what_it_is_for():
    """A spec without a docstring is no contract."""
    for spec in SECTIONS.values():
        for name, function in vars(spec).items():
            if name.startswith("pullpush_"):
                assert len(inspect.getdoc(function) or "") > 40, name
