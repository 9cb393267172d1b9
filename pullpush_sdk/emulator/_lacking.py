"""What a document says that a request must have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pullpush_sdk.openapi import Shape
from pullpush_sdk.samples import Asked

from ._endpoints import Endpoint
from ._inputs import inputs_of, is_placeholder

__all__ = ["lacking"]

Json = Any
_MOST_ITEMS = 100


def lacking(endpoint: Endpoint, asked: Asked) -> str:
    """The first thing that a request lacks of what the endpoint's document demands, in words; empty: nothing."""
    if endpoint.needs:
        inputs = inputs_of(asked)
        for where in endpoint.needs:
            if inputs.get(where) in (None, ""):
                return f"the parameter {where.name_as_sent} is required"
    return _missing(endpoint.takes, asked.sent, "the body") if endpoint.takes is not None else ""


def _missing(shape: Shape, sent: Json, place: str) -> str:
    if is_placeholder(sent):
        return ""
    if shape.kind == "object":
        return _of_object(shape, sent, place)
    if shape.kind == "list":
        if not isinstance(sent, list):
            return f"{place} is no list"
        rows = enumerate(sent[:_MOST_ITEMS]) if shape.item is not None else ()
        found = (_missing(shape.item, each, f"{place}[{index}]") for index, each in rows if shape.item is not None)
        return next(filter(None, found), "")
    if shape.enum and sent is not None and str(sent) not in {str(each) for each in shape.enum}:
        return f"{place} is none of {', '.join(map(str, shape.enum[:10]))}"
    if isinstance(sent, dict | list) and shape.kind != "unknown":
        return f"{place} holds no {shape.kind}"
    return ""


def _of_object(shape: Shape, sent: Json, place: str) -> str:
    if not isinstance(sent, Mapping):
        return f"{place} is no object"
    before = "" if place == "the body" else f"{place}."
    for name, inner in shape.properties.items():
        if name in shape.required and not inner.read_only and sent.get(name) is None:
            return f"{before}{name} is required"
    if shape.closed and shape.properties:
        unknown = sorted(str(name) for name in sent if name not in shape.properties)
        if unknown:
            return f"{before}{unknown[0]} is not known"
    found = (
        _missing(inner, sent[name], f"{before}{name}")
        for name, inner in shape.properties.items()
        if sent.get(name) is not None
    )
    return next(filter(None, found), "")
