"""The template is a connector: as it lies it loads, carries all seven types, and passes its own tests."""

import importlib
import re
import sys
from pathlib import Path

import pytest

from pullpush_sdk.manifest import check_manifest
from pullpush_sdk.plugins import Source, load_plugins
from pullpush_sdk.scaffold import AUTH, PAGING, TYPES, run_tests, template_folder
from pullpush_sdk.scaffold._blocks import cut
from pullpush_sdk.testing.conformance import LAWS, BrokenLawError, Effort, Subject
from pullpush_sdk.testing.conformance.saboteurs import sabotaged

FOLDER = Path(__file__).parents[2] / "templates/connector"


@pytest.fixture
def plugins(monkeypatch):
    """The template, loaded where it lies."""
    monkeypatch.syspath_prepend(str(FOLDER))
    source = Source(
        name="acme", distribution="pullpush-acme", load=lambda: importlib.import_module("pullpush_acme.hooks")
    )
    try:
        yield load_plugins([source])
    finally:
        for name in [name for name in sys.modules if name.startswith("pullpush_acme")]:
            del sys.modules[name]


def test_the_template_loads_as_it_lies(plugins):
    """Nothing in it waits to be filled in."""
    assert not plugins.failures
    connector = plugins.connector("acme").connector
    assert connector.reads == connector.writes == connector.webhooks == set(TYPES)
    functions = plugins.functions.extended({f"acme:{name}": each for name, each in connector.functions.items()})
    assert check_manifest(connector.manifest, plugins.types, functions) == []


def test_the_template_passes_its_own_tests_as_it_lies():
    """All laws for all seven types are tried by `make template`; here what takes seconds."""
    trial = run_tests(FOLDER, "-k", "not laws")
    assert trial.ok, trial.output


@pytest.mark.full
@pytest.mark.timeout(600)
def test_the_template_keeps_every_law(request):
    """As it lies, for all seven types."""
    if "full" not in request.config.getoption("-m"):
        pytest.skip("minutes long: run `make template`")
    trial = run_tests(FOLDER)
    assert trial.ok, trial.output


NOW_PROVEN = [
    ("source-misses-no-change", "call"),
    ("source-bears-shared-instants", "cart"),
    ("source-bears-a-skewed-clock", "invoice"),
    ("source-tells-no-dead-record", "order"),
    ("destination-guesses-no-match", "stocklevel"),
    ("webhook-says-what-a-poll-reads", "invoice"),
    ("webhook-tells-deletions", "order"),
]


def test_whoever_breaks_what_the_template_proves_is_caught(plugins):
    """The shop edits, deletes and tells of it for every type: a broken connector cannot hide behind it."""
    subject = Subject.of(plugins, "acme", many=45)
    laws = {law.name: law for law in LAWS}
    for name, kind in NOW_PROVEN:
        with pytest.raises(BrokenLawError):
            laws[name].run(sabotaged(subject, name), kind, Effort(examples=3, seed=1))


def test_every_option_has_its_files():
    """Whole files that stand in for the template's own; bearer tokens and pages are its own."""
    assert template_folder() == FOLDER
    for name in set(AUTH) - {"bearer"}:
        for ending in ("py", "yaml", "md", "json"):
            assert (FOLDER / f"options/auth/{name}.{ending}").is_file(), name
    for name in set(PAGING) - {"page"}:
        for ending in ("py", "yaml"):
            assert (FOLDER / f"options/paging/{name}.{ending}").is_file(), name


def test_every_condition_of_a_block_is_one_that_can_hold():
    """A misspelt one would leave its lines out for ever, without a word."""
    known = {f"type:{name}" for name in TYPES} | {
        "auth", "functions", "paging", "read", "unread", "write", "webhooks", "subscribe",
        "python", "sandbox", "emulated", "whole", "drafted",
    }  # fmt: skip
    for path in FOLDER.rglob("*"):
        if path.is_file() and path.suffix in (".py", ".yaml", ".md", ".toml"):
            text = path.read_text(encoding="utf-8")
            whole = cut(text, frozenset(known))
            assert "# <" not in whole, path
            lines = {line.strip() for line in text.splitlines()}
            marks = {line.strip("#<!->/ ") for line in lines if line.startswith(("# <", "<!-- <"))}
            assert {part for mark in marks for part in re.split("[,|]", mark)} <= {*known, "else"}, path
