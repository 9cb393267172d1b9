"""The guide to connectors in Python is a connector: it loads, keeps the laws, and signs what it sends."""

from __future__ import annotations

import asyncio
import importlib
import re
import sys
from pathlib import Path

import attrs
import pytest

from pullpush_sdk.canonical import CanonicalTypes
from pullpush_sdk.errors import AuthError
from pullpush_sdk.testing.accounts import load_hooks
from pullpush_sdk.testing.conformance import LAWS, Effort, NotProvenError, Subject

GUIDE = Path(__file__).parents[2] / "docs/how-to/python.md"
_FILE = re.compile(r"^<!-- file: (\S+) -->\n```\w+\n(.*?)^```", re.MULTILINE | re.DOTALL)
TRIED = (
    "source-reads-everything",
    "source-goes-on-from-every-page",
    "source-misses-no-change",
    "source-keeps-unknown-apart-from-zero",
    "source-outlives-its-token",
    "destination-writes-what-it-is-given",
    "destination-loses-no-answer",
    "destination-refuses-what-is-not-there",
)


@pytest.fixture(scope="module")
def subject(tmp_path_factory):
    """The page's files as a package."""
    folder = tmp_path_factory.mktemp("guide") / "lockers_of_the_guide"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    files = dict(_FILE.findall(GUIDE.read_text(encoding="utf-8")))
    assert set(files) == {"connector.yaml", "hooks.py", "signing.py", "reading.py", "writing.py", "sandbox.py"}
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    sys.path.insert(0, str(folder.parent))
    try:
        loaded = load_hooks(importlib.import_module(f"{folder.name}.hooks"), "lockers")
        importlib.import_module(f"{folder.name}.sandbox")
    finally:
        sys.path.remove(str(folder.parent))
    build = loaded.hook.pullpush_sandbox
    return Subject(loaded=loaded, types=CanonicalTypes(), sandbox=lambda options: build(options=options), many=120)


@pytest.mark.parametrize("name", TRIED)
def test_the_connector_of_the_guide_keeps_the_law(subject, name):
    law = next(law for law in LAWS if law.name == name)
    proven = 0
    for canonical_type in law.types(subject):
        try:
            law.run(subject, canonical_type, Effort(examples=2))
        except NotProvenError:
            continue
        proven += 1
    assert proven


def test_what_signs_each_request_decides_whether_it_is_heard(subject):
    """The session's request is signed too: with another key there is none."""

    async def swept(of):
        async with of.shop(records=1) as shop:
            return await shop.sweep("product")

    events, _ = asyncio.run(swept(subject))
    assert len(events) == 1
    with pytest.raises(AuthError):
        asyncio.run(swept(attrs.evolve(subject, secrets={"signing_key": "another one"})))
