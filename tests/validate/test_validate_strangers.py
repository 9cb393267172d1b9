"""Documents of other authors: what is right has no error, what cannot be read to its end is refused at once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pullpush_sdk.errors import SetupError
from pullpush_sdk.manifest._reading_rules import unbalanced, variables_of
from pullpush_sdk.openapi.document import read_document, read_text
from pullpush_sdk.validate import Example, Options, validate, write_example
from pullpush_sdk.validate.families.requests import _reads

APIS = sorted((Path(__file__).parents[1] / "apis").glob("*/connector.yaml"))


@pytest.mark.parametrize("manifest", APIS, ids=lambda path: path.parent.name)
def test_manifests_of_real_platforms_have_no_error(manifest):
    found = validate(str(manifest), Options(behaviour=False)).report.findings
    assert [f"{each.code} {each.path}: {each.message}" for each in found if each.severity == "error"] == []


@pytest.mark.parametrize(
    "text", ["openapi: 3.0.0\na: " + "[" * 100_000, "".join(" " * n + "a:\n" for n in range(1000))]
)
def test_a_document_that_nests_without_end_is_refused(text):
    with pytest.raises(SetupError, match="nests deeper than"):
        read_text(text, "openapi.yaml")


def test_a_pipe_is_no_document(tmp_path):
    pipe = tmp_path / "openapi.yaml"
    os.mkfifo(pipe)
    with pytest.raises(SetupError, match="is no file"):
        read_document(pipe)


@pytest.mark.parametrize(
    ("value", "form", "good"),
    [
        ("2026-01-31T10:00:00Z", "%Y-%m-%dT%H:%M:%SZ", True),
        ("2026-01-31T10:00:00Z", "iso", True),
        ("2026-01-31T10:00:00Z", "%d.%m.%Y", False),
        ("2026-01-31T10:00:00Z", "%y-%M-%dT%H:%M:%SZ", False),
        ("1769853600", "unix", True),
        ("1769853600", "unix_ms", False),
        ("1769853600000", "unix_ms", True),
    ],
)
def test_a_recorded_moment_is_of_a_format_or_not(value, form, good):
    assert _reads(value, form) is good


@pytest.mark.parametrize(
    ("edit", "place", "line"),
    [
        ({"$.sync.resources.orders.responseMapping.dataProperty": ""}, "dataProperty", "orders"),
        ({"$.sync.headers.Authorization": "Bearer {{acessToken}}"}, "$.sync.headers.Authorization", "Authorization"),
    ],
)
def test_findings_of_a_miniapp_stand_at_its_own_keys(tmp_path, edit, place, line):
    target = write_example(Example(on="miniapp", wrong=edit, right={}), tmp_path, wrong=True)
    found = [
        each for each in validate(str(target), Options(behaviour=False)).report.findings if each.severity == "error"
    ]
    assert any(place in each.path or line in each.path for each in found), found


QUERY = """query Q($first: Int = 5, $after: String) { # { not a bracket
 p(first: $first, after: $after, q: "(") { a } }"""


def test_a_query_is_read_for_its_variables_and_brackets():
    assert variables_of(QUERY) == {"first", "after"}
    assert unbalanced(QUERY) == ""
    assert unbalanced(QUERY.removesuffix("}")) == "`{` is not closed"
    assert unbalanced(QUERY + ")") == "`)` closes nothing"
