"""What a platform's JSON looks like: from a schema, or from example values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import attrs

__all__ = ["Param", "Shape", "field_paths", "required_paths", "shape_of_examples", "with_examples"]

Json = Any
_DEEPEST = 5
_MOST = 400
_ITEMS = 50


@attrs.frozen(kw_only=True)
class Shape:
    """One place of a JSON value.

    `kind` is text, integer, number, boolean, object, list, or unknown. `example` is None where there is none; `item`
    is the shape of a list's items; `name` is what the schema is called, empty where it has no name. `required` are
    the properties that an object must have, `closed` says that it takes no others; `read_only` that requests leave it
    out. `least` and `most` bound a number, both included.
    """

    kind: str
    format: str = ""
    enum: Sequence[Json] = ()
    example: Json = None
    default: Json = None
    properties: Mapping[str, Shape] = attrs.field(factory=dict)
    required: frozenset[str] = frozenset()
    closed: bool = False
    read_only: bool = False
    item: Shape | None = None
    name: str = ""
    about: str = ""
    least: int | float | None = None
    most: int | float | None = None


@attrs.frozen(kw_only=True)
class Param:
    """A parameter of a request; `place` is path, query, header or body. `default` is what counts where it is not
    sent, `most` the largest number that it takes; None means that nobody says so.
    """

    name: str
    place: str
    kind: str = "text"
    format: str = ""
    required: bool = False
    example: Json = None
    default: Json = None
    most: int | float | None = None
    enum: Sequence[Json] = ()

    @property
    def fixed(self) -> Json:
        """The value that it has in every request: its only word, or its default; None where a person chooses."""
        return self.enum[0] if len(self.enum) == 1 else self.default


def with_examples(shape: Shape, values: Sequence[Json], depth: int = 0) -> Shape:
    """The shape with what these values add to it: examples where it has none, places that it leaves open."""
    known = [value for value in values if value is not None]
    if not known or depth > _DEEPEST:
        return shape
    if shape.kind == "object" and shape.properties:
        objects = [value for value in known if isinstance(value, Mapping)]
        properties = {
            name: with_examples(inner, [value.get(name) for value in objects], depth + 1)
            for name, inner in shape.properties.items()
        }
        return attrs.evolve(shape, properties=properties)
    if shape.kind == "list" and shape.item is not None:
        items = [item for value in known if isinstance(value, list) for item in value][:_ITEMS]
        return attrs.evolve(shape, item=with_examples(shape.item, items, depth + 1))
    seen = shape_of_examples(known, depth)
    if shape.kind == "unknown" or (shape.kind == seen.kind and seen.kind in ("object", "list")):
        return attrs.evolve(seen, name=shape.name, about=shape.about, read_only=shape.read_only)
    return attrs.evolve(shape, example=seen.example) if shape.example is None else shape


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
        return Shape(
            kind="list", item=shape_of_examples([item for value in known for item in value][:_ITEMS], depth + 1)
        )
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


def required_paths(shape: Shape, *, deepest: int = 3) -> Iterator[tuple[str, ...]]:
    """The places that a request's body must have, the outer ones first; nothing below what it may leave out."""
    for name in shape.properties:
        inner = shape.properties[name]
        if name not in shape.required or inner.read_only:
            continue
        yield (name,)
        if inner.kind == "object" and deepest > 1:
            yield from ((name, *rest) for rest in required_paths(inner, deepest=deepest - 1))
