"""The connector's face."""

from __future__ import annotations

import ast
from pathlib import Path

import pullpush_linnworks


def test_abilities_are_what_the_readme_says(loaded):
    """Four types are read, three are written, the others are refused with a reason."""
    connector = loaded.connector
    assert connector.reads == connector.snapshots == {"stocklevel", "product", "order", "contact"}
    assert connector.writes == {"stocklevel", "product", "order"}
    assert set(connector.refused) == {"call", "cart", "contact.write", "invoice"}
    assert all(connector.refused.values())


def test_the_sandbox_shares_no_code_with_the_connector():
    """Both could have one fault in common, and agree."""
    folder = Path(pullpush_linnworks.__file__).parent / "sandbox"
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pullpush_linnworks"):
                assert node.module.startswith("pullpush_linnworks.sandbox"), path
