"""The connector's face: abilities, and what it makes of refusals."""

from __future__ import annotations

import ast
from pathlib import Path

import pullpush_magento
import pytest
from pullpush_magento.answers import message_of


def test_abilities_are_what_the_readme_says(loaded):
    """Six types are read, five are written, the others are refused with a reason."""
    connector = loaded.connector
    assert connector.reads == {"stocklevel", "product", "order", "contact", "invoice", "cart"}
    assert connector.snapshots == connector.reads - {"cart"}
    assert connector.writes == {"stocklevel", "product", "order", "contact", "invoice"}
    assert connector.webhooks == {"order", "contact", "invoice"}
    assert set(connector.refused) == {"call", "cart"}
    assert all(connector.refused.values())


def test_the_sandbox_shares_no_code_with_the_connector():
    """Both could have one fault in common, and agree."""
    folder = Path(pullpush_magento.__file__).parent / "sandbox"
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pullpush_magento"):
                assert node.module.startswith("pullpush_magento.sandbox"), path


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            b'{"message": "No %fieldName in %store", "parameters": {"fieldName": "sku", "store": "all"}}',
            "No sku in all",
        ),
        (b'{"message": "%1 of %2", "parameters": ["a", "b"]}', "a of b"),
        (
            b'{"message": "Failed", "errors": [{"message": "no %field", "parameters": {"field": "x"}}]}',
            "Failed; no x",
        ),
        (b'{"messages": {"error": [{"code": 500, "message": "Fatal"}]}}', "Fatal"),
        (b'{"message": "plain"}', "plain"),
        (b"<html>", ""),
        (b"[]", ""),
    ],
)
def test_messages_are_filled_in_from_lists_and_objects(body, words):
    """The platform leaves the placeholders to the client."""
    assert message_of(body) == words
