"""Straight-line code that turns a record into its JSON object: one function per class, made once.

The general converter asks every field for its handler; a page of records asks a million times. The emitted function
asks nothing: it reads each slot, leaves absent fields out, and writes values by the field's kind.
"""

from __future__ import annotations

import linecache
from collections.abc import Callable
from typing import Any

from ._fields import Field, Kind, fields_of
from ._values import UNSET, instant_text, money_text

Unstructure = Callable[[Any], dict[str, Any]]

_PLAIN = frozenset({"text", "integer", "number", "boolean", "map", "json"})


def make_unstructure(cls: type[Any], *, sparse: bool, inner: Callable[[type[Any]], Unstructure]) -> Unstructure:
    """The function for one record class; `inner` gives those of the classes inside it.

    With `sparse` every absent field is left out, else key fields appear as null.
    """
    source, names = emit_unstructure(cls, sparse=sparse, inner=inner)
    file = f"<pullpush unstructure {cls.__module__}.{cls.__qualname__}{' sparse' if sparse else ''}>"
    scope: dict[str, Any] = dict(names)
    exec(compile(source, file, "exec"), scope)  # noqa: S102 - our own emitter's text: field names and literals
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    return scope["unstructure"]  # type: ignore[no-any-return]


def emit_unstructure(
    cls: type[Any], *, sparse: bool, inner: Callable[[type[Any]], Unstructure]
) -> tuple[str, dict[str, Any]]:
    """The source text and the objects that it names."""
    names: dict[str, Any] = {"UNSET": UNSET, "instant_text": instant_text, "money_text": money_text}
    lines = ["def unstructure(record):", "    out = {}"]
    for field in fields_of(cls):
        lines += _emit_field(field, sparse=sparse, names=names, inner=inner)
    lines.append("    return out")
    return "\n".join(lines) + "\n", names


def _emit_field(
    field: Field, *, sparse: bool, names: dict[str, Any], inner: Callable[[type[Any]], Unstructure]
) -> list[str]:
    value = _emit_value(field.kind, "value", field.name, names, inner)
    read = f"    value = record.{field.name}"
    write = (
        f"    out[{field.wire!r}] = {value}"
        if value == "value"
        else f"    out[{field.wire!r}] = None if value is None else {value}"
    )
    if field.required:
        return [read, write]
    if field.always and not sparse:
        return [read, f"    if value is UNSET: out[{field.wire!r}] = None", f"    else: {write.strip()}"]
    return [read, f"    if value is not UNSET: {write.strip()}"]


def _emit_value(
    kind: Kind, value: str, name: str, names: dict[str, Any], inner: Callable[[type[Any]], Unstructure]
) -> str:
    """The expression of a value that is neither absent nor null."""
    if kind.name in _PLAIN:
        return value
    if kind.name == "money":
        # `str` is the faster one, and differs only where it writes an exponent.
        return f"(text if 'E' not in (text := str({value})) else money_text({value}))"
    if kind.name == "instant":
        return f"instant_text({value})"
    if kind.name == "enum":
        return f"{value}._value_"  # `.value` is a slow property
    if kind.name == "record":
        assert kind.of is not None
        names[f"unstructure_{name}"] = inner(kind.of)
        return f"unstructure_{name}({value})"
    assert kind.item is not None
    item = _emit_value(kind.item, "item", name, names, inner)
    return f"list({value})" if item == "item" else f"[{item} for item in {value}]"
