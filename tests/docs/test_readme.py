"""What the README shows is true: its connector loads, its links lead somewhere, its commands exist."""

import re
from pathlib import Path

import click
import pytest

from pullpush_sdk.canonical import CanonicalTypes
from pullpush_sdk.cli import cli
from pullpush_sdk.manifest import check_manifest, read_manifest
from pullpush_sdk.mapping import Functions

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def block(language):
    return re.search(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)[1]


def test_the_connector_of_the_readme_loads_without_a_finding():
    """It is short, valid, and its maps compile."""
    text = block("yaml")
    manifest = read_manifest(text, file="connector.yaml", format="yaml")
    assert check_manifest(manifest, CanonicalTypes(), Functions()) == []
    assert len([line for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]) <= 22


def test_the_python_of_the_readme_runs():
    """The hook module is complete as printed."""
    scope = {}
    exec(compile(block("python"), "README.md", "exec"), scope)  # our own page
    assert scope["pullpush_connector"].pullpush_impl is not None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page):
    """Every relative link of a page names a file that is there."""
    links = re.findall(r"\]\((?!https?://|#)([^)#\s]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_command_that_the_readme_names_exists():
    """`pullpush …` and `make …` lines call what there is."""
    assert isinstance(cli, click.Group)
    context = click.Context(cli)
    named = set(re.findall(r"\bpullpush ([a-z-]+)", README))
    assert {name for name in named if cli.get_command(context, name) is None} == set()
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"^make ([a-z]+)", README, re.MULTILINE)) <= targets
