"""Every GraphQL document that the connector sends is valid by the vendor's schema.

The vendor's file is not part of this repository; without it the test is skipped aloud. It is of 2026-07, the newest
that is published; no field used here is announced to change in 2026-10.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pullpush_shopify
import pytest
from graphql import build_schema, parse, validate
from pullpush_shopify import carriers, hooks, items, stock

from pullpush_sdk.manifest import Manifest, Request

VENDOR = Path(__file__).parents[5] / "shared" / "vendor-specs" / "shopify"
MANIFEST: Manifest = hooks.pullpush_connector().manifest


def requests_in(value: Any) -> Iterator[Request]:
    if isinstance(value, Request):
        yield value
    elif attrs.has(type(value)):
        for each in attrs.fields(type(value)):
            yield from requests_in(getattr(value, each.name))
    elif isinstance(value, dict | list | tuple):
        for each in value.values() if isinstance(value, dict) else value:
            yield from requests_in(each)


def fragments() -> dict[str, str]:
    """Name of a resource's own fragment to the text of all that it needs."""
    texts = [resource.list.query for resource in MANIFEST.resources.values() if resource.list and resource.list.query]
    parts = [text[text.index("fragment ") :] for text in texts]
    return {part.split()[1]: part for part in parts} | {"Item": items._ITEM}


def documents() -> dict[str, str]:
    """Operation name to document, of the manifest and of every module's constants."""
    found = [request.query for request in requests_in(MANIFEST) if request.query]
    for module in pkgutil.iter_modules(pullpush_shopify.__path__, "pullpush_shopify."):
        if not module.name.endswith("sandbox"):
            values = vars(importlib.import_module(module.name)).values()
            found += [
                value for value in values if isinstance(value, str) and value.startswith(("\nquery", "\nmutation"))
            ]
    found += [stock._levels_document(1), stock._levels_document(3), carriers._document(2)]
    found += [
        "query ProductById($id: ID!) { product(id: $id) { ...Product } }",
        "query OrderById($id: ID!) { order(id: $id) { ...Order } }",
    ]
    named = fragments()
    whole = [
        text + next((part for name, part in named.items() if f"...{name} }}" in text and part not in text), "")
        if "fragment " not in text
        else text
        for text in found
    ]
    return {f"{text.split()[1].partition('(')[0]} {at}": text for at, text in enumerate(whole)}


def test_every_document_is_found() -> None:
    names = {name.split()[0] for name in documents()}
    assert {"Orders", "Products", "StockByLocation", "SetStock", "CreateOrder", "CreateProduct", "Levels"} <= names
    assert len(names) >= 25


@pytest.mark.vendor
def test_every_document_is_valid_by_the_vendors_schema() -> None:
    path = VENDOR / "admin-2026-07.schema.graphql"
    if not path.exists():
        pytest.skip(f"the vendor's file {path.name} is not at hand")
    schema = build_schema(path.read_text(), assume_valid=True)
    wrong = {
        name: [error.message for error in errors]
        for name, text in documents().items()
        if (errors := validate(schema, parse(text)))
    }
    assert wrong == {}
