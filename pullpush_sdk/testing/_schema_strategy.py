"""A JSON Schema as a hypothesis strategy: what most schemas of APIs say; the rest is left to a filter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from pullpush_sdk.errors import SetupError

__all__ = ["of_schema"]

Json = Any
Schema = Mapping[str, Json] | bool
_DEEPEST = 4
"""Levels below which only what is required is drawn: schemas may refer to themselves."""
_LARGEST = 2**53
_TEXT = st.characters(codec="utf-8")
_FORMATS: Mapping[str, st.SearchStrategy[str]] = {
    "date-time": st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001
        lambda moment: moment.isoformat()
    ),
    "date": st.dates().map(str),
    "email": st.from_regex(r"[a-z]{1,8}@[a-z]{1,8}\.example", fullmatch=True),
    "uuid": st.uuids().map(str),
    "uri": st.from_regex(r"https://[a-z]{1,8}\.example/[a-z]{0,8}", fullmatch=True),
}


def of_schema(schema: Schema, root: Mapping[str, Json], depth: int) -> st.SearchStrategy[Json]:
    """Values of a schema; `root` is the document that its references speak of.

    Raises:
        SetupError: a reference leads out of the document, or nowhere.
    """
    if isinstance(schema, bool):
        return st.none() if schema else st.nothing()
    if "$ref" in schema:
        target = _target(str(schema["$ref"]), root)
        return st.deferred(lambda: of_schema(target, root, depth + 1))
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(list(schema["enum"]))
    for word in ("oneOf", "anyOf"):
        if word in schema:
            rest = {name: each for name, each in schema.items() if name != word}
            return st.one_of([of_schema(_joined(rest, each, root), root, depth + 1) for each in schema[word]])
    if "allOf" in schema:
        joined: Mapping[str, Json] = {name: each for name, each in schema.items() if name != "allOf"}
        for part in schema["allOf"]:
            joined = _joined(joined, part, root)
        return of_schema(joined, root, depth)
    names = _types(schema)
    return st.one_of([_BY_TYPE[name](schema, root, depth) for name in names])


def _types(schema: Mapping[str, Json]) -> list[str]:
    named = schema.get("type")
    if named is None:
        return (
            ["object"] if "properties" in schema else ["array"] if "items" in schema else ["string", "integer", "null"]
        )
    return [named] if isinstance(named, str) else list(named)


def _target(reference: str, root: Mapping[str, Json]) -> Schema:
    found: Json = root
    try:
        if not reference.startswith("#"):
            raise LookupError
        for step in reference.removeprefix("#").split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            found = found[int(name)] if isinstance(found, list) else found[name]
    except (LookupError, ValueError, TypeError):
        raise SetupError(
            f"the reference {reference!r} leads nowhere in this schema", hint="put what it names into the same document"
        ) from None
    return found  # type: ignore[no-any-return]


def _joined(one: Mapping[str, Json], other: Schema, root: Mapping[str, Json]) -> Mapping[str, Json]:
    """Both at once, as far as drawing goes; what it leaves out, the filter finds."""
    if isinstance(other, bool):
        return one
    if "$ref" in other:
        return _joined(one, _target(str(other["$ref"]), root), root)
    joined = {**one, **other}
    if "properties" in one and "properties" in other:
        joined["properties"] = {**one["properties"], **other["properties"]}
    if "required" in one and "required" in other:
        joined["required"] = [*one["required"], *other["required"]]
    return joined


def _object(schema: Mapping[str, Json], root: Mapping[str, Json], depth: int) -> st.SearchStrategy[Json]:
    properties, required = schema.get("properties", {}), set(schema.get("required", ()))
    free = schema.get("additionalProperties", True)
    always = {
        name: of_schema(properties.get(name, True if free is True else free), root, depth + 1) for name in required
    }
    if depth >= _DEEPEST:
        return st.fixed_dictionaries(always)
    others = {name: of_schema(each, root, depth + 1) for name, each in properties.items() if name not in required}
    drawn = st.fixed_dictionaries(always, optional=others)
    if isinstance(free, Mapping) and not properties:
        table = st.dictionaries(st.text(_TEXT, min_size=1, max_size=8), of_schema(free, root, depth + 1), max_size=3)
        return st.tuples(table, drawn).map(lambda both: {**both[0], **both[1]})
    return drawn


def _array(schema: Mapping[str, Json], root: Mapping[str, Json], depth: int) -> st.SearchStrategy[Json]:
    least = int(schema.get("minItems", 0))
    most = least if depth >= _DEEPEST else min(int(schema.get("maxItems", least + 3)), least + 3)
    if "prefixItems" in schema:
        return st.tuples(*(of_schema(each, root, depth + 1) for each in schema["prefixItems"])).map(list)
    items = of_schema(schema.get("items", True), root, depth + 1)
    return st.lists(items, min_size=least, max_size=most, unique_by=repr if schema.get("uniqueItems") else None)


def _text(schema: Mapping[str, Json], _root: Mapping[str, Json], _depth: int) -> st.SearchStrategy[Json]:
    least, most = int(schema.get("minLength", 0)), schema.get("maxLength")
    if "pattern" in schema:
        drawn = st.from_regex(str(schema["pattern"]))
        return drawn.filter(lambda text: least <= len(text) and (most is None or len(text) <= most))
    if schema.get("format") in _FORMATS:
        return _FORMATS[str(schema["format"])]
    return st.text(_TEXT, min_size=least, max_size=least + 20 if most is None else int(most))


def _integer(schema: Mapping[str, Json], _root: Mapping[str, Json], _depth: int) -> st.SearchStrategy[Json]:
    low, high = _limits(schema)
    step = schema.get("multipleOf")
    drawn = st.integers(int(-(-low // 1)), int(high // 1))
    if not step or int(step) != step:
        return drawn
    whole = int(step)
    return st.integers(-(-int(low) // whole), int(high) // whole).map(lambda number: number * whole)


def _number(schema: Mapping[str, Json], root: Mapping[str, Json], depth: int) -> st.SearchStrategy[Json]:
    low, high = _limits(schema)
    step = schema.get("multipleOf")
    if step:
        return st.integers(int(low / step), int(high / step)).map(lambda number: round(number * step, 10))
    return _integer(schema, root, depth) | st.floats(float(low), float(high), allow_nan=False, allow_infinity=False)


def _limits(schema: Mapping[str, Json]) -> tuple[Json, Json]:
    low = schema.get("minimum", schema.get("exclusiveMinimum", -_LARGEST))
    high = schema.get("maximum", schema.get("exclusiveMaximum", _LARGEST))
    return low, high


_BY_TYPE: Mapping[str, Callable[[Mapping[str, Json], Mapping[str, Json], int], st.SearchStrategy[Json]]] = {
    "object": _object,
    "array": _array,
    "string": _text,
    "integer": _integer,
    "number": _number,
    "boolean": lambda *_: st.booleans(),
    "null": lambda *_: st.none(),
}
