"""The published JSON Schemas are those of the classes, and valid by their own dialect."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

import pullpush_sdk.canonical
from pullpush_sdk.canonical import BUILT_IN, json_schema

FOLDER = Path(pullpush_sdk.canonical.__file__).parent / "schemas"
# The fields that the published model names, in its spelling; all but identity fields may be null, none may be left out.
PUBLISHED = {
    "stocklevel": ["sku", "quantity", "locationId", "updatedAt"],
    "order": ["orderId", "status", "currency", "totalAmount", "lineItems", "customer", "createdAt"],
    "product": ["sku", "title", "description", "price", "currency", "variants"],
    "contact": ["email", "name", "company"],
    "call": ["callId", "direction", "duration"],
    "invoice": ["invoiceId", "amount", "currency", "status"],
    "cart": ["cartId"],
}


@pytest.mark.parametrize("kind", BUILT_IN, ids=lambda kind: kind.name)
def test_the_published_file_is_the_classes_schema(kind):
    """After a change of a class: `pullpush schema TYPE > pullpush_sdk/canonical/schemas/TYPE.vN.json`."""
    text = (FOLDER / f"{kind.name}.v{kind.version}.json").read_text(encoding="utf-8")
    assert json.loads(text) == json_schema(kind)


@pytest.mark.parametrize("kind", BUILT_IN, ids=lambda kind: kind.name)
def test_the_schema_names_the_published_fields(kind):
    """It is valid by its dialect, requires what is always on the wire, and forbids unknown keys."""
    schema = json_schema(kind)
    Draft202012Validator.check_schema(schema)
    assert schema["required"] == PUBLISHED[kind.name]
    assert schema["additionalProperties"] is False
