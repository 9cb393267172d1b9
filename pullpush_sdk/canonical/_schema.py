"""The JSON Schema (2020-12) of a canonical type, derived from its record class: the contract for other languages."""

from __future__ import annotations

from typing import Any

from ._fields import Kind, fields_of
from ._types import CanonicalType
from ._values import INSTANT_TEXT, MONEY_TEXT

_MONEY = {"type": "string", "pattern": f"^{MONEY_TEXT.pattern}$"}
_INSTANT = {"type": "string", "format": "date-time", "pattern": f"^{INSTANT_TEXT.pattern}$"}
_NOT_BLANK = {"pattern": r"\S"}
_PLAIN: dict[str, dict[str, Any]] = {
    "text": {"type": "string"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "json": {"type": "object"},
    "map": {"type": "object", "additionalProperties": {"type": "string"}},
    "money": _MONEY,
    "instant": _INSTANT,
}


def json_schema(kind: CanonicalType) -> dict[str, Any]:
    """The published schema of one type and version: key fields required, null allowed where unknown is."""
    definitions: dict[str, Any] = {}
    body = _object(kind.record, definitions)
    schema: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:pullpush:canonical:{kind.name}:{kind.version}",
        "title": kind.name,
        **body,
    }
    if not any(field.required for field in fields_of(kind.record)):
        schema["anyOf"] = [
            {"properties": {wire: {"type": "string", **_NOT_BLANK}}, "required": [wire]} for wire in kind.identified_by
        ]
    if definitions:
        schema["$defs"] = dict(sorted(definitions.items()))
    return schema


def _object(cls: type[Any], definitions: dict[str, Any]) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for field in fields_of(cls):
        shape = _shape(field.kind, definitions)
        if not field.required:
            shape = _or_null(shape)
        elif field.kind.name == "text":
            shape = {**shape, **_NOT_BLANK}
        properties[field.wire] = {**shape, "description": field.doc} if field.doc else shape
    return {
        "description": " ".join((cls.__doc__ or "").split()),
        "type": "object",
        "properties": properties,
        "required": [field.wire for field in fields_of(cls) if field.always],
        "additionalProperties": False,
    }


def _shape(kind: Kind, definitions: dict[str, Any]) -> dict[str, Any]:
    if kind.name == "list":
        assert kind.item is not None
        return {"type": "array", "items": _shape(kind.item, definitions)}
    if kind.of is None:
        return _PLAIN[kind.name]
    if kind.name == "enum":
        return {"enum": [str(word) for word in kind.of]}
    if kind.of.__name__ not in definitions:
        definitions[kind.of.__name__] = {}
        definitions[kind.of.__name__] = _object(kind.of, definitions)
    return {"$ref": f"#/$defs/{kind.of.__name__}"}


def _or_null(shape: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in shape:
        return {"anyOf": [shape, {"type": "null"}]}
    if "enum" in shape:
        return {"enum": [*shape["enum"], None]}
    return {**shape, "type": [shape["type"], "null"]}
