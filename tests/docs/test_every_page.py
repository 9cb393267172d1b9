"""On every page: what is shown parses, what is imported exists, and commands have the options that are named."""

from __future__ import annotations

import ast
import importlib
import json
import re
import tomllib
from pathlib import Path

import click
import pytest

from pullpush_sdk.cli import cli
from pullpush_sdk.errors import ManifestError
from pullpush_sdk.manifest import read_manifest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
RULES = DOCS / "reference/rules"  # made from the examples that are tried with the rules, wrong ones among them
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(set(DOCS.rglob("*.md")) - set(RULES.glob("*.md")))]
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"\bpullpush ((?:[a-z][a-z-]+ ?)+)([^`\n|]*)")


def pages():
    return pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())


def blocks(page, language):
    return [text for named, text in _BLOCK.findall(page.read_text(encoding="utf-8")) if named == language]


@pages()
def test_json_and_toml_parse(page):
    for text in blocks(page, "json"):
        json.loads(text)
    for text in blocks(page, "toml"):
        tomllib.loads(text)


@pages()
def test_yaml_is_such_as_we_read(page):
    """Parts of a manifest are no whole ones: only what no YAML is may fail."""
    for text in blocks(page, "yaml"):
        assert ": not YAML: " not in _trouble(text), text


def _trouble(text):
    try:
        read_manifest(text, file="page.yaml")
    except ManifestError as error:
        return str(error)
    return ""


@pages()
def test_python_imports_what_there_is(page):
    """By public names, as an author must."""
    for text in blocks(page, "python"):
        tree = ast.parse(text)
        for node in ast.walk(tree):
            if not isinstance(node, ast.ImportFrom) or node.level or not str(node.module).startswith("pullpush_sdk"):
                continue
            assert not any(part.startswith("_") for part in str(node.module).split("."))
            module = importlib.import_module(str(node.module))
            assert [each.name for each in node.names if not hasattr(module, each.name)] == []


@pages()
def test_commands_have_the_options_that_are_named(page):
    """Sub-commands too: `pullpush flow activate NAME`, `pullpush webhook send --count 3`."""
    for words, rest in _COMMAND.findall(page.read_text(encoding="utf-8")):
        command, known = cli, []
        for word in words.split():
            found = command.get_command(click.Context(command), word) if isinstance(command, click.Group) else None
            if found is None:
                break
            command = found
            known.append(word)
        named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", rest.partition("&&")[0].partition(";")[0]))
        if not known:
            assert not named, (words, rest)
            continue
        options = {name for each in command.params for name in (*each.opts, *each.secondary_opts)} | {"--help"}
        assert named <= options, (known, named - options)


def test_every_reference_is_held_against_something():
    """A page of reference that no test names could go stale unseen."""
    text = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    names = [page.name for page in sorted((DOCS / "reference").glob("*.md"))]
    assert [name for name in names if not re.search(rf"{re.escape(name)}\b", text)] == []
