"""The word that stands before a credential in its header, such as Bearer, and where it would be sent twice."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ._auth import ways_of
from ._model_auth import ApiKeyAuth, Auth, BearerAuth, OAuth2Auth, SessionAuth
from ._template import placeholders

Json = Any
_TWICE = re.compile(r"\b([A-Za-z][\w-]*)\s+\1\b", re.IGNORECASE)
_FIRST = re.compile(r"([A-Za-z][\w-]*)\s")


def doubled_words(auth: Auth, settings: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    """Paths of an auth section that send a scheme word twice by themselves, each with the word.

    `settings` are the schemas of the settings by name: a value that stands there counts as what will be sent.
    """
    for path, way in ways_of(auth):
        before, name = _before(way), _field(way)
        if (twice := _TWICE.search(before)) is not None:
            yield f"{path}.place.format", twice[1]
        template = getattr(way, name) or "" if name else ""
        if _starts(template, before):
            yield f"{path}.{name}", _words(before)[-1]
        for each in sorted(_leading(template)):
            schema = settings.get(each, {})
            for key in ("default", "const") if isinstance(schema, Mapping) else ():
                if _starts(schema.get(key), before):
                    yield f"$.settings.properties.{each}.{key}", _words(before)[-1]


def doubled_values(auth: Auth, values: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    """Names of settings and secrets whose value begins with the word that is written before it, each with the word."""
    for _, way in ways_of(auth):
        before, name = _before(way), _field(way)
        for each in sorted(_leading((getattr(way, name) or "") if name else "")):
            if _starts(values.get(each), before):
                yield each, _words(before)[-1]


def _starts(value: Json, before: str) -> bool:
    """Whether a credential begins with the last word of what is written before it."""
    first = _FIRST.match(value.lstrip()) if isinstance(value, str) else None
    words = _words(before)
    return first is not None and bool(words) and first[1].lower() == words[-1].lower()


def _before(way: Auth) -> str:
    if isinstance(way, BearerAuth):
        return "Bearer "
    if isinstance(way, ApiKeyAuth | OAuth2Auth | SessionAuth):
        return way.place.format.partition("{{token}}")[0]
    return ""


def _field(way: Auth) -> str:
    """The field that says which credential travels; empty where that is got by an exchange."""
    if isinstance(way, BearerAuth):
        return "token"
    if isinstance(way, ApiKeyAuth):
        return "key"
    return "access_token" if isinstance(way, OAuth2Auth) else ""


def _leading(template: str) -> frozenset[str]:
    """The setting that a template begins with."""
    found = re.match(r"\s*(\{\{[^{}]*\}\})", template)
    return placeholders(found[1]) if found is not None else frozenset()


def _words(before: str) -> list[str]:
    return re.findall(r"[A-Za-z][\w-]*", before) if before.endswith((" ", "\t")) else []
