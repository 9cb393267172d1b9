"""What a map leaves unread: the values of native records that no path of it leads to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs

from ._shape import Shape, read_by
from .spec import Map

__all__ = ["Unread", "unread"]

Json = Any
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_DEEPEST = 12


@attrs.frozen(kw_only=True)
class Unread:
    """A native place that nothing reads: its path (`lines[*].sku`), an example, in how many of the records it stands.

    The example is a value that says something where there is one.
    """

    path: str
    example: Json
    records: int


def unread(spec: Map, records: Sequence[Json]) -> tuple[list[Unread], bool]:
    """The unread places of these records in their order, and whether some rule reads records as a whole besides.

    A function that is given the whole record may read any of them: nobody can see which.
    """
    shape = Shape()
    read_by(spec, shape)
    found: dict[str, list[Json]] = {}
    counts: dict[str, int] = {}
    for record in records:
        here: dict[str, list[Json]] = {}
        for path, value in _leaves(record, shape, "", root=True):
            here.setdefault(path, []).append(value)
        for path, values in here.items():
            found.setdefault(path, []).extend(values)
            counts[path] = counts.get(path, 0) + 1
    places = [
        Unread(path=path, example=next((each for each in values if each not in (None, "", [], {})), values[0]),
               records=counts[path])
        for path, values in found.items()
    ]  # fmt: skip
    return places, shape.whole


def _leaves(value: Json, shape: Shape | None, path: str, *, root: bool = False) -> Iterator[tuple[str, Json]]:
    """Values below a place that hold no other, with their paths, but for those that the shape reads."""
    if shape is not None and shape.whole and not root:
        return
    if path.count(".") + path.count("[") > _DEEPEST:
        yield path, value
    elif isinstance(value, Mapping) and value:
        for key, each in value.items():
            inner = shape.keys.get(key) if shape is not None else None
            yield from _leaves(each, inner, _below(path, str(key)))
    elif isinstance(value, list) and value:
        inner = shape.item if shape is not None else None
        for each in value:
            yield from _leaves(each, inner, f"{path}[*]")
    elif shape is None or root or not (shape.keys or shape.item):
        yield path or "$", value


def _below(path: str, key: str) -> str:
    if _NAME.fullmatch(key):
        return f"{path}.{key}" if path else key
    escaped = key.replace("\\", "\\\\").replace('"', '\\"')
    return f'{path}["{escaped}"]'
