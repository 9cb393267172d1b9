"""Templates: `{{name}}` in texts of a manifest, filled in with values and never evaluated.

A text that is exactly one placeholder becomes the value itself, with its type; inside longer text the value is written
out. `{{name|text}}` falls back to the text where the name is unknown or its value null. Names are dotted paths
(`{{item.id}}`), nothing else: no expressions, no filters, no nesting.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from pullpush_sdk.canonical import dumps
from pullpush_sdk.errors import ManifestError, Problem

from ._document import below

Json = Any
Lookup = Callable[[str], Json]

_PLACEHOLDER = re.compile(r"\{\{\s*(?P<name>[A-Za-z_][\w\-]*(?:\.[\w\-]+)*)\s*(?:\|(?P<default>[^{}]*))?\}\}", re.ASCII)
_OPENING = "{{"


def render(value: Json, values: Lookup | Mapping[str, Json], *, path: str = "$") -> Json:
    """`value` with every placeholder in its texts filled in; dict keys stay as they are.

    `values` is a mapping (`item.id` is looked up whole first, then step by step through nested mappings) or a function
    from name to value that raises KeyError or LookupError for an unknown name. `path` is where the value stands in the
    manifest, for messages.

    Raises:
        ManifestError: a name is unknown, a null would be written into a text, or `{{` opens no placeholder. The one
            problem names the placeholder and its path; values are never shown.
    """
    lookup = _finder(values) if isinstance(values, Mapping) else values
    names = values if isinstance(values, Mapping) else ()
    return _render(value, lookup, names, path)


def placeholders(value: Json) -> frozenset[str]:
    """The names that a template needs, those with a fallback included."""
    return frozenset(match["name"] for text, _ in texts(value) for match in _PLACEHOLDER.finditer(text))


def required_placeholders(value: Json) -> frozenset[str]:
    """The names that a template cannot do without: those that have no fallback."""
    return frozenset(
        match["name"] for text, _ in texts(value) for match in _PLACEHOLDER.finditer(text) if match["default"] is None
    )


def is_malformed(text: str) -> bool:
    """True where `{{` stands in the text without being a placeholder."""
    return _OPENING in _PLACEHOLDER.sub("", text)


def texts(value: Json, path: str = "$") -> Iterator[tuple[str, str]]:
    """Every text inside a value with its JSON path; keys are not among them."""
    if isinstance(value, str):
        yield value, path
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from texts(item, below(path, str(key)))
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from texts(item, f"{path}[{index}]")


def _render(value: Json, lookup: Lookup, names: Iterable[str], path: str) -> Json:
    if isinstance(value, str):
        return _render_text(value, lookup, names, path) if _OPENING in value else value
    if isinstance(value, Mapping):
        return {key: _render(item, lookup, names, below(path, str(key))) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_render(item, lookup, names, f"{path}[{index}]") for index, item in enumerate(value)]
    return value


def _render_text(text: str, lookup: Lookup, names: Iterable[str], path: str) -> Json:
    if is_malformed(text):
        raise _error("`{{` opens no placeholder", path, "write {{name}}, or {{name|text if absent}}")
    if (whole := _PLACEHOLDER.fullmatch(text)) is not None:
        return _value(whole, lookup, names, path)

    def written(match: re.Match[str]) -> str:
        value = _value(match, lookup, names, path)
        if value is None:
            raise _error(f"{{{{{match['name']}}}}} is empty (null) and stands inside a text", path, "give it a value")
        return _written(value)

    return _PLACEHOLDER.sub(written, text)


def _value(match: re.Match[str], lookup: Lookup, names: Iterable[str], path: str) -> Json:
    name, default = match["name"], match["default"]
    try:
        value = lookup(name)
    except LookupError:
        if default is not None:
            return default
        close = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean {{{{{close[0]}}}}}?" if close else f"give the connection a setting `{name}`"
        raise _error(f"{{{{{name}}}}} is not known here", path, hint) from None
    return default if value is None and default is not None else value


def _written(value: Json) -> str:
    """A value inside longer text: booleans and containers as JSON, numbers in full digits."""
    if isinstance(value, str):
        return value
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, (bool, Mapping, list, tuple)):
        return dumps(value).decode()
    return str(value)


def _finder(values: Mapping[str, Json]) -> Lookup:
    def find(name: str) -> Json:
        if name in values:
            return values[name]
        found: Json = values
        for step in name.split("."):
            if not isinstance(found, Mapping):
                raise KeyError(name)
            found = found[step]
        return found

    return find


def _error(message: str, path: str, hint: str) -> ManifestError:
    return ManifestError(f"{message} (at {path})", [Problem(message=message, path=path, hint=hint)], hint=hint)
