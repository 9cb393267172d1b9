from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from pullpush_sdk.errors import ManifestError
from pullpush_sdk.manifest import load, load_manifest, read, read_manifest

HEAD = "manifest: 1\nname: a\ntitle: A\nversion: 1.0.0\n"


def problems(text, **options):
    with pytest.raises(ManifestError) as caught:
        read_manifest(text, file="connector.yaml", **options)
    return caught.value.problems


def shown(text):
    return [f"{each.line}:{each.column} {each.path} {each.message} — {each.hint}" for each in problems(text)]


def test_one_document_in_three_forms_is_one_manifest(connector, tmp_path):
    value = yaml.safe_load(connector)
    as_json = json.dumps(value)
    as_js = "module.exports = " + as_json.replace('"manifest"', "manifest") + ";\n"
    found = [
        read_manifest(connector, file="c.yaml"),
        read_manifest(as_json, file="c.json"),
        read_manifest(as_js, file="c.js"),
        read_manifest(as_json),
    ]
    assert all(each == found[0] for each in found)
    path = tmp_path / "connector.json"
    path.write_text(as_json)
    assert load_manifest(path) == found[0]


@pytest.mark.parametrize("name", ["missing.yaml", ""])
def test_a_file_that_cannot_be_read_is_named(tmp_path, name):
    with pytest.raises(ManifestError, match=r"cannot be read|is no file"):
        load(tmp_path / name)


def test_problems_name_the_file(tmp_path):
    path = tmp_path / "connector.yaml"
    path.write_text(HEAD + "titel: B\n")
    with pytest.raises(ManifestError) as caught:
        load_manifest(path)
    assert str(caught.value.problems[0]).startswith(f"{path}:5:1: unknown key `titel`")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (HEAD + "titel: B\n", "5:1 $.titel unknown key `titel` — did you mean title?"),
        (HEAD + "limits: {request: 5}\n", "5:10 $.limits.request unknown key `request` — did you mean requests?"),
        ("manifest: 2\nname: a\ntitle: A\nversion: 1.0.0\n", "1:11 $.manifest expected 1, found the number 2"),
        ("manifest: 1\nname: a\nversion: 1.0.0\n", "1:1 $ `title` is missing — Name for people."),
        (HEAD.replace("1.0.0", "1.0"), "4:10 $.version expected text, found the number 1.0 — put it in quotes"),
        (HEAD.replace("1.0.0", "'1.0'"), "4:10 $.version expected three numbers, such as 1.0.0"),
        (HEAD.replace("name: a", "name: A b"), "2:7 $.name expected lower-case letters"),
        (HEAD + "auth: {kind: baerer, token: x}\n", "5:14 $.auth.kind expected one of none, bearer,"),
        (HEAD + "auth: {kind: bearer}\n", "5:7 $.auth `token` is missing"),
        (HEAD + "auth: {kind: bearer, tokn: x}\n", "5:22 $.auth.tokn unknown key `tokn` — did you mean token?"),
        (HEAD + "auth: {token: x}\n", "5:7 $.auth `kind` is missing"),
        (HEAD + "auth: x\n", "5:7 $.auth expected an object, found text"),
        (HEAD + "limits: {requests: 1.5}\n", "5:20 $.limits.requests expected a whole number, found the number 1.5"),
        (HEAD + "limits: {concurrency: 0}\n", "5:23 $.limits.concurrency expected at least 1, found the number 0"),
        (HEAD + "limits: {timeout: 0}\n", "5:19 $.limits.timeout expected more than 0"),
        (HEAD + "check:\n", "5:7 $.check expected an object, found null"),
        (HEAD + "secrets: [a, a]\n", "5:10 $.secrets an item stands in the list twice"),
        (HEAD + "webhook: {event_name: {parts: []}}\n", "5:31 $.webhook.event_name.parts must not be empty"),
        (HEAD + "webhook: {handlers: {x: {}}}\n", "5:25 $.webhook.handlers.x needs at least one of resource"),
        (
            HEAD + "auth: {kind: api_key, key: '{{k}}', place: {header: a, query: b}}\nsecrets: [k]\n",
            "5:44 $.auth.place needs one of header, query",
        ),
    ],
)
def test_each_departure_from_the_schema_in_words(text, expected):
    assert any(line.startswith(expected) for line in shown(text)), shown(text)


def test_every_departure_is_in_one_error_in_document_order():
    text = HEAD + "resources:\n  p: {canonical_type: 5, list: {methd: GET}}\n  q: 1\npush: []\n"
    assert [(each.line, each.path) for each in problems(text)] == [
        (6, "$.resources.p.canonical_type"),
        (6, "$.resources.p.list.methd"),
        (7, "$.resources.q"),
        (8, "$.push"),
    ]


def test_messages_hold_no_value_of_a_text():
    text = HEAD + "auth: {kind: bearer, token: [s3cr3t]}\nlimits: s3cr3t\n"
    assert "s3cr3t" not in "\n".join(shown(text))


@pytest.mark.parametrize("text", ["a: 1", "[]", "x", "1", "{}", "name: a\nresources: {p: {canonical_type: order}}"])
def test_what_is_neither_is_refused(text):
    (problem,) = problems(text)
    assert "neither a connector manifest nor a MiniApp document" in problem.message
    assert "manifest: 1" in problem.hint


def test_a_problem_of_the_manifest_is_located(connector):
    from pullpush_sdk.errors import Problem

    loaded = read(connector, file="c.yaml")
    found = loaded.located(Problem(message="x", path="$.resources.products.canonical_map.price.path.deeper"))
    line = next(number for number, text in enumerate(connector.splitlines(), 1) if "price.amount" in text)
    assert (found.file, found.line) == ("c.yaml", line)
    assert found.path.endswith(".deeper")


def test_importing_the_package_loads_no_validator():
    import subprocess
    import sys

    code = "import sys, pullpush_sdk.manifest; print([m for m in ('jsonschema', 'httpx') if m in sys.modules])"
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert done.stdout.strip() == "[]"
