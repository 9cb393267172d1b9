"""What a platform's JSON looks like: from a schema, or from example values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import attrs

__all__ = ["Param", "Shape", "Sketch", "SketchedOperation", "field_paths", "shape_of_examples"]

Json = Any
_DEEPEST = 5
_MOST = 400


@attrs.frozen(kw_only=True)
class Shape:
    """One place of a JSON value.

    `kind` is text, integer, number, boolean, object, list, or unknown. `example` is None where there is none; `item`
    is the shape of a list's items; `name` is what the schema is called, empty where it has no name.
    """

    kind: str
    format: str = ""
    enum: Sequence[str] = ()
    example: Json = None
    properties: Mapping[str, Shape] = attrs.field(factory=dict)
    item: Shape | None = None
    name: str = ""
    about: str = ""


@attrs.frozen(kw_only=True)
class Param:
    """A parameter of a request; `place` is path, query, header or body."""

    name: str
    place: str
    kind: str = "text"
    format: str = ""
    required: bool = False
    example: Json = None


@attrs.frozen(kw_only=True)
class SketchedOperation:
    """One request that the platform takes; `exchanges` are recorded ones in the form of sample files."""

    method: str
    path: str
    params: Sequence[Param] = ()
    answer: Shape | None = None
    body: Shape | None = None
    example: Json = None
    words: str = ""
    exchanges: Sequence[Json] = ()


@attrs.frozen(kw_only=True)
class Sketch:
    """What is known of a platform; `auth` is the manifest's auth section, `gaps` what a person must fill in."""

    title: str = ""
    base_url: str = ""
    auth: Mapping[str, Json] = attrs.field(factory=dict)
    secrets: Sequence[str] = ()
    settings: Mapping[str, Json] = attrs.field(factory=dict)
    operations: Sequence[SketchedOperation] = ()
    gaps: Mapping[str, str] = attrs.field(factory=dict)


def shape_of_examples(values: Sequence[Json], depth: int = 0) -> Shape:
    """The shape that all of these values fit; null fits every shape."""
    known = [value for value in values if value is not None]
    if not known:
        return Shape(kind="unknown")
    first = known[0]
    if all(isinstance(value, Mapping) for value in known) and depth < _DEEPEST + 2:
        names = list(dict.fromkeys(str(name) for value in known for name in value))[:_MOST]
        properties = {name: shape_of_examples([value.get(name) for value in known], depth + 1) for name in names}
        return Shape(kind="object", properties=properties)
    if all(isinstance(value, list) for value in known) and depth < _DEEPEST + 2:
        return Shape(kind="list", item=shape_of_examples([item for value in known for item in value][:50], depth + 1))
    return Shape(kind=_kind(known), example=first if isinstance(first, str | int | float | Decimal) else None)


def _kind(values: Sequence[Json]) -> str:
    if all(isinstance(value, bool) for value in values):
        return "boolean"
    if all(isinstance(value, int) and not isinstance(value, bool) for value in values):
        return "integer"
    if all(isinstance(value, int | float | Decimal) and not isinstance(value, bool) for value in values):
        return "number"
    return "text" if all(isinstance(value, str) for value in values) else "unknown"


def field_paths(shape: Shape, *, deepest: int = 2) -> Iterator[tuple[tuple[str, ...], Shape]]:
    """Every place inside an object down to a depth, with the names that lead there; a list is a place of its own."""
    left = _MOST

    def walk(node: Shape, names: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Shape]]:
        nonlocal left
        for name, inner in node.properties.items():
            if left <= 0:
                return
            left -= 1
            here = (*names, name)
            if inner.kind == "object" and inner.properties and len(here) <= deepest:
                yield from walk(inner, here)
            else:
                yield here, inner

    yield from walk(shape, ())
