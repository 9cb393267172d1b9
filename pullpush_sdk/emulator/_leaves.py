"""JSON as a flat table of leaves: what inference compares between recorded requests and answers."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any, cast

__all__ = ["Place", "at", "leaves", "put", "tables", "without"]

Json = Any
Place = tuple[str | int, ...]
"""Steps from the root of a JSON value; an empty one is the root itself."""


def leaves(value: Json, place: Place = ()) -> Iterator[tuple[Place, Json]]:
    """Every value that holds no other, with its place, in the document's order."""
    if isinstance(value, Mapping) and value:
        for key, each in value.items():
            yield from leaves(each, (*place, key))
    elif isinstance(value, list) and value:
        for index, each in enumerate(value):
            yield from leaves(each, (*place, index))
    else:
        yield place, value


def tables(value: Json, place: Place = ()) -> Iterator[tuple[Place, list[Json]]]:
    """Every list of objects (an empty list too) that is not itself inside a list, with its place."""
    if isinstance(value, list):
        if all(isinstance(each, Mapping) for each in value):
            yield place, value
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from tables(each, (*place, key))


def at(value: Json, place: Place) -> Json:
    """The value at a place, None where a step is missing."""
    for step in place:
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value


def put(value: Json, place: Place, new: Json) -> Json:
    """A copy of the value with `new` at a place; what is empty on the way there becomes an object, and a value that
    can hold nothing stays as it is.
    """
    if not place:
        return new
    changed = copy.deepcopy(value)
    inner = changed
    for step, following in pairwise(place):
        below = at(inner, (step,))
        if not below and isinstance(inner, dict) and isinstance(following, str):
            below = inner[step] = {}
        inner = below
    last = place[-1]
    if isinstance(inner, dict) or (isinstance(inner, list) and isinstance(last, int) and last < len(inner)):
        cast("Any", inner)[last] = new
    return changed


def without(value: Json, place: Place) -> Json:
    """A copy of the value without what stands at a place."""
    changed = copy.deepcopy(value)
    inner = at(changed, place[:-1])
    if isinstance(inner, dict):
        inner.pop(place[-1], None)
    return changed
