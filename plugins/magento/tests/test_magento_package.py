"""The connector's face: abilities, and its calls against the vendor's own schemas where those are at hand."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pullpush_magento
import pytest
from pullpush_magento import products
from pullpush_magento.answers import message_of

_SPECS = Path(__file__).resolve().parents[3].parent / "shared" / "vendor-specs" / "magento" / "commerce-webapi"


def test_abilities_are_what_the_readme_says(loaded):
    """Four types are read, two are written, the others are refused with a reason."""
    connector = loaded.connector
    assert connector.reads == connector.snapshots == {"stocklevel", "product", "order", "contact"}
    assert connector.writes == {"stocklevel", "product"}
    assert set(connector.refused) == {"call", "cart", "invoice"}
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
        (b'{"message": "plain"}', "plain"),
        (b"<html>", ""),
        (b"[]", ""),
    ],
)
def test_messages_are_filled_in_from_lists_and_objects(body, words):
    """The platform leaves the placeholders to the client."""
    assert message_of(body) == words


def _calls(manifest):
    """Method and path of everything that the manifest and the arranging of products send."""
    requests = [manifest.check.request, manifest.locations.list]
    for resource in manifest.resources.values():
        requests += [resource.list, resource.details, *(each.request for each in resource.attach)]
    for push in manifest.push.values():
        requests += [part.request for part in (push.find, push.create, push.update) if part is not None]
    yield from ((request.method, request.path) for request in requests if request is not None)
    yield "GET", products.ATTRIBUTES


def _shape(path):
    """A path with its parameters unnamed."""
    return re.sub(r"\{[^{}]*\}", "{}", path.partition("/V1")[2])


@pytest.mark.vendor
def test_every_call_stands_in_the_vendors_schemas(loaded):
    """Path and method of each, in every schema on file. Lines are read: the files are too large for a parser."""
    if not _SPECS.is_dir():
        pytest.skip(f"the vendor's schemas are not at {_SPECS}")
    calls = {
        (method, _shape(path.replace("{{", "{").replace("}}", "}")))
        for method, path in _calls(loaded.connector.manifest)
    }
    assert len(calls) == 13
    for schema in sorted(_SPECS.glob("admin-schema-*.yaml")):
        known, path = set(), ""
        for line in schema.read_text(encoding="utf-8").splitlines():
            if (match := re.fullmatch(r"  \"?(/V1/[^\"]*?)\"?:", line)) is not None:
                path = _shape(match[1])
            elif (match := re.fullmatch(r"    (get|post|put|delete):", line)) is not None:
                known.add((match[1].upper(), path))
        assert calls <= known, (schema.name, calls - known)
