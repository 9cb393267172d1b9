"""The blocks of the vendor's published guide, where its text lies beside this repository."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pullpush_sdk.canonical import CanonicalTypes
from pullpush_sdk.manifest import check_manifest, read, read_miniapp
from pullpush_sdk.mapping import Functions

GUIDE = Path(__file__).parents[2].parent / "shared" / "seeds" / "miniapp-sync-guide.md"
pytestmark = [
    pytest.mark.vendor,
    pytest.mark.skipif(not GUIDE.exists(), reason="the vendor's guide is not part of this repository"),
]


def blocks():
    return re.findall(r"```javascript\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)


def test_every_block_of_the_guide_loads_as_printed():
    found = blocks()
    assert len(found) == 3
    for text in found:
        for loaded in (read(text), read_miniapp(text, "guide.js")):
            assert loaded.manifest.origin == "miniapp-sync"
            assert check_manifest(loaded.manifest, CanonicalTypes(), Functions()) == []


def test_the_resource_block_stands_inside_the_structure_block():
    structure, resource, _ = blocks()
    text = structure.replace("products: { /* ... */ },", resource)
    loaded = read(text)
    products = loaded.manifest.resources["products"]
    assert products.details.path == "/products/{{record.id}}"
    assert products.pagination.size_param == "per_page"
    assert loaded.manifest.base_url == "https://api.example.com/v2"
    assert check_manifest(loaded.manifest, CanonicalTypes(), Functions()) == []
