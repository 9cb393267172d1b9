"""The how-to guides: every manifest in them is good, every sample in them proves what it says, every module runs."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path

import pytest

from pullpush_sdk.canonical import CanonicalTypes
from pullpush_sdk.cli import cli
from pullpush_sdk.declarative import recording_verifies
from pullpush_sdk.emulator import read_samples
from pullpush_sdk.manifest import check_manifest, read, read_manifest
from pullpush_sdk.mapping import Functions

FOLDER = Path(__file__).parents[2] / "docs/how-to"
GUIDES = (
    "oauth", "pagination", "webhooks", "destination-writes", "custom-functions", "miniapp-import", "publish",
)  # fmt: skip
BASE = {
    "manifest": 1,
    "name": "lamps",
    "title": "Lamps",
    "version": "1.0.0",
    "base_url": "https://api.lamps.example/v1",
    "auth": {"kind": "none"},
}


def blocks(guide, language):
    text = (FOLDER / f"{guide}.md").read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def parts():
    return [pytest.param(text, id=f"{guide}-{n}") for guide in GUIDES for n, text in enumerate(blocks(guide, "yaml"))]


def whole(text):
    """A guide's part of a manifest, with what every manifest has."""
    named = {line.partition(":")[0] for line in text.splitlines() if re.match(r"\w", line)}
    head = {key: value for key, value in BASE.items() if key not in named}
    return read_manifest(
        "".join(f"{key}: {json.dumps(value)}\n" for key, value in head.items()) + text, file="connector.yaml"
    )


@pytest.mark.parametrize("text", parts())
def test_every_part_of_a_manifest_is_good(text):
    """It loads, and its maps fit their types."""
    functions = Functions({"lamps:cm": lambda text: text})
    assert check_manifest(whole(text), CanonicalTypes(), functions) == []


def test_each_guide_has_its_examples():
    """A guide whose blocks were renamed would be tested no more."""
    assert len(parts()) == 6
    assert [len(blocks(guide, "json")) for guide in GUIDES] == [1, 0, 1, 0, 0, 0, 0]


def test_the_recorded_webhook_is_signed_as_its_manifest_says():
    """And with another body it is not."""
    (part,), (sample,) = blocks("webhooks", "yaml"), blocks("webhooks", "json")
    (hook,) = json.loads(sample)["webhooks"]
    manifest = whole(part)
    headers = {name.lower(): value for name, value in hook["headers"].items()}
    assert recording_verifies(manifest.webhook.verification, headers, hook["body"].encode(), hook["secrets"])
    assert not recording_verifies(manifest.webhook.verification, headers, b"{}", hook["secrets"])
    assert json.loads(hook["body"])["kind"] in manifest.webhook.handlers


@pytest.mark.parametrize("guide", ["oauth", "webhooks"])
def test_samples_can_be_read(guide, tmp_path):
    """By the emulator, as they stand."""
    import attrs

    (sample,) = blocks(guide, "json")
    manifest = attrs.evolve(whole(blocks(guide, "yaml")[0]), samples={"shown": copy.deepcopy(json.loads(sample))})
    found = read_samples(manifest, tmp_path)
    assert found.exchanges or found.webhooks


def test_the_miniapp_document_loads():
    """As a source of products."""
    (text,) = blocks("miniapp-import", "javascript")
    loaded = read(text, file="lamps.js")
    assert loaded.manifest.origin != "manifest"
    assert {each.canonical_type for each in loaded.manifest.resources.values()} == {"product"}


@pytest.mark.parametrize("guide", ["custom-functions", "miniapp-import"])
def test_the_modules_run(guide):
    """Complete as printed."""
    for text in blocks(guide, "python"):
        scope = {}
        exec(compile(text, f"{guide}.md", "exec"), scope)  # our own page
        if "cm" in scope:
            assert [scope["cm"](text) for text in ("12 cm", "12 in", None)] == [12, None, None]


@pytest.mark.parametrize("guide", GUIDES)
def test_every_option_that_is_named_exists(guide):
    """`pullpush COMMAND --option` in the text and in blocks."""
    text = (FOLDER / f"{guide}.md").read_text(encoding="utf-8")
    for command, rest in re.findall(r"pullpush ([a-z][a-z-]+)([^`\n]*)", text):
        known = cli.get_command(None, command)
        assert known is not None, command
        options = {name for parameter in known.params for name in (*parameter.opts, *parameter.secondary_opts)}
        assert set(re.findall(r"--[a-z-]+", rest)) <= options, (command, rest)
