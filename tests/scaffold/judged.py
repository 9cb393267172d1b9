"""What must hold of a connector that nobody has touched yet, seen without running it."""

from __future__ import annotations

import ast
import hashlib
import hmac
import json
import tomllib
from collections.abc import Mapping
from pathlib import Path

from pullpush_sdk.canonical import CanonicalTypes
from pullpush_sdk.manifest import check_manifest, read_manifest
from pullpush_sdk.mapping import Functions
from pullpush_sdk.scaffold import Answers, Names
from pullpush_sdk.validate import Options, validate


def judge_files(names: Names, answers: Answers, files: Mapping[str, str]) -> None:
    """Path to text: what is there is what was asked for, without a trace of the template."""
    manifest = read_manifest(files[f"{names.module}/connector.yaml"])
    functions = Functions({f"{names.name}:tidy": lambda text: text})
    assert check_manifest(manifest, CanonicalTypes(), functions) == []
    points = tomllib.loads(files["pyproject.toml"])["project"]["entry-points"]["pullpush"]
    assert points == {names.name: f"{names.module}.hooks"}
    for path, text in files.items():
        if path.endswith(".py"):
            ast.parse(text)
        if path.endswith(".json"):
            _judge_sample(names, text)
        for token in ("acme", "Acme", "ACME", "<read>", "</"):
            assert token not in text, path
    assert {f"{names.module}/{file}" for file in manifest.samples.values()} <= set(files)
    reads = {resource.canonical_type for resource in manifest.resources.values()}
    assert reads == (set(answers.types) if "read" in answers.flags else set())
    assert set(manifest.push) == (set(answers.types) if "write" in answers.flags else set())
    assert (manifest.webhook is not None) == answers.webhooks
    assert any("/sandbox/" in path for path in files) == answers.python
    assert sum(path.startswith(f"{names.module}/") and path.endswith(".py") for path in files) == 2 or answers.python


def judge_folder(folder: Path, answers: Answers) -> None:
    """`pullpush validate`, without running it, has nothing to say but what the options are."""
    report = validate(str(folder), Options(behaviour=False)).report
    known = {"push-unread"} if answers.kind == "destination" else set()
    known |= {"pagination-none"} if answers.paging == "none" else set()
    assert {each.code for each in report.findings} <= known, report.findings
    assert report.level == "conforms"


def _judge_sample(names: Names, text: str) -> None:
    sample = json.loads(text)
    assert sample["exchanges"]
    header = "-".join(part.capitalize() for part in names.name.split("-"))
    for webhook in sample.get("webhooks", ()):
        signature = hmac.new(b"test", webhook["body"].encode(), hashlib.sha256).hexdigest()
        assert webhook["headers"][f"X-{header}-Signature"] == signature
        assert names.name.replace("-", "").upper() in webhook["body"] or "sku" not in webhook["body"]
