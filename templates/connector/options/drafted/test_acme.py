"""What the Acme connector says of itself: its manifest is good, and its maps fit its samples."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import pytest

from pullpush_sdk.canonical import loads
from pullpush_sdk.mapping import Functions, compile_map, parse_map
from pullpush_sdk.plugins import load_plugins

PLUGINS = load_plugins(only="acme")
CONNECTOR = PLUGINS.connector("acme").connector
MANIFEST = CONNECTOR.manifest


def test_it_reads_what_its_manifest_lists() -> None:
    """The manifest is checked as the connector is loaded."""
    assert CONNECTOR.reads == {resource.canonical_type for resource in MANIFEST.resources.values()}


@pytest.mark.parametrize("name", list(MANIFEST.resources))
def test_its_map_fits_the_sample(name: str) -> None:
    """Every record of the recorded answers becomes a canonical one."""
    resource = MANIFEST.resources[name]
    sample = loads((files("pullpush_acme") / MANIFEST.samples[name]).read_bytes())
    functions = Functions().extended(
        {f"acme:{bare}": function for bare, function in CONNECTOR.functions.items()}, owner="pullpush-acme"
    )
    mapped = compile_map(
        parse_map(resource.canonical_map)[0], PLUGINS.types[resource.canonical_type], functions, name=f"sample_{name}"
    )
    for exchange in sample["exchanges"]:
        records = exchange["answer"]["body"]
        for step in filter(None, resource.response.records.split(".")):
            records = records[step] if isinstance(records, dict) and step in records else []
        context: dict[str, Any] = {"settings": {}, "item": None, "page": {}, "request": {}}
        for record in records if isinstance(records, list) else [records]:
            assert mapped.one(record, context) is not None


def test_no_sample_holds_a_credential() -> None:
    """Credentials stand in samples as placeholders only."""
    for name in MANIFEST.samples.values():
        for exchange in json.loads((files("pullpush_acme") / name).read_text(encoding="utf-8"))["exchanges"]:
            headers = {key.lower(): text for key, text in exchange["request"].get("headers", {}).items()}
            assert "{{" in headers.get("authorization", "{{")
