"""Hostile and absurd documents end in findings, soon, and never in a traceback."""

from __future__ import annotations

import json
import os
import time
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pullpush_sdk.canonical import CanonicalTypes, dumps
from pullpush_sdk.errors import ManifestError, SetupError
from pullpush_sdk.manifest import check_manifest, load
from pullpush_sdk.mapping import Functions
from pullpush_sdk.scaffold.draft import read_har, read_postman
from pullpush_sdk.validate import Options, edited, validate
from pullpush_sdk.validate._examples import base
from pullpush_sdk.validate.places import texts
from pullpush_sdk.webhooks import read_recorded

STATIC = Options(behaviour=False)
CYCLE = "manifest: 1\nname: &a [*a]\n"
LAUGHS = "manifest: 1\na: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{b}: &{b} [{','.join('*' + a for _ in range(9))}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)
DEEP = "manifest: 1\nname: " + "[" * 5000 + "]" * 5000


def findings(path):
    return validate(str(path), STATIC).report.findings


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("connector.yaml", CYCLE.encode()),
        ("connector.yaml", LAUGHS.encode()),
        ("connector.yaml", DEEP.encode()),
        ("connector.yaml", b""),
        ("connector.yaml", b"\xff\xfe\x00m"),
        ("connector.yaml", b"manifest: 1\nx: \x00"),
        ("acme.json", b'{"ns": ' + b"[" * 100_000),
        ("acme.js", b"export default {ns: 'a', sync: {...evil}}"),
        ("acme.js", b"({ns: process.exit(1)})"),
        ("acme.json", b"[]"),
        ("acme.json", b"17"),
    ],
)
def test_a_hostile_document_is_a_finding(tmp_path, name, content):
    file = tmp_path / name
    file.write_bytes(content)
    started = time.monotonic()
    assert [each for each in findings(file) if each.severity == "error"]
    assert time.monotonic() - started < 5


def test_a_hundred_megabytes_are_not_read(tmp_path):
    file = tmp_path / "connector.yaml"
    with file.open("wb") as out:
        out.truncate(100_000_000)
    started = time.monotonic()
    assert [each.code for each in findings(file)] == ["manifest-limit"]
    assert time.monotonic() - started < 3


def test_samples_and_recordings_that_are_no_files_are_refused(tmp_path):
    document = {"manifest": 1, "name": "a", "title": "A", "version": "1.0.0", "base_url": "https://a.example"}
    named = {"pipe": "pipe.json", "round": "round.json", "none": "x" * 300}
    (tmp_path / "connector.json").write_text(json.dumps({**document, "samples": named}))
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "round.json").symlink_to(tmp_path / "round.json")
    refused = {each.path for each in findings(tmp_path / "connector.json") if each.code == "samples-file"}
    assert refused == {"$.samples.pipe", "$.samples.round", "$.samples.none"}
    zero = tmp_path / "zero.json"
    zero.symlink_to("/dev/zero")
    for read in (read_har, read_postman, lambda file: read_recorded(file, datetime.now(UTC))):
        for file in (zero, tmp_path / "pipe.json"):
            with pytest.raises(SetupError, match="is no file"):
                read(file)


ODD = st.recursive(
    st.none() | st.booleans() | st.integers(-10, 10**20) | st.text(max_size=8) | st.just("{{x}}") | st.just("[[x]]"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def places(value):
    return sorted({path for _, path in texts(value)})


@pytest.mark.parametrize("name", ["shop", "miniapp"])
def test_wrong_types_everywhere_are_findings(name, tmp_path_factory):
    """Any value at any place: no exception, and what has no error of loading loads, what has one does not."""
    document = base(name)
    every = places(document)

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(st.dictionaries(st.sampled_from(every), ODD, min_size=1, max_size=3))
    def check(edits):
        try:
            changed = edited(document, edits)
        except (KeyError, TypeError, IndexError):
            return
        file = tmp_path_factory.mktemp("odd") / f"{name}.json"
        file.write_bytes(dumps(changed))
        report = validate(str(file), STATIC).report
        wrong = [each for each in report.findings if each.family == "structure" and each.severity == "error"]
        assert bool(wrong) == (not loads_at_run_time(file))
        json.dumps([each.message for each in report.findings])

    check()


def loads_at_run_time(file):
    try:
        manifest = load(file).manifest
    except ManifestError:
        return False
    return not check_manifest(manifest, CanonicalTypes(), Functions())
