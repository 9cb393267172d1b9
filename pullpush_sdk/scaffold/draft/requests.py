"""A list's request as a manifest has it: what is open in it becomes a setting or a secret of the connection."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from pullpush_sdk.openapi import snake

from .credentials import SECRET
from .observed import constant_body
from .resources import Listing, pagination_of
from .shapes import Param, Sketch
from .yamltext import comment

__all__ = ["Opened", "list_request", "opened_of"]

Json = Any


@attrs.define(kw_only=True)
class Opened:
    """What a connection must bring: settings by name, secrets, and the headers that every request has; `signed` are
    names under which sign-in travels, in lower case.
    """

    settings: dict[str, Json]
    secrets: list[str]
    signed: frozenset[str]
    headers: dict[str, str] = attrs.field(factory=dict)

    def path(self, path: str) -> str:
        """A path of the document as one of the manifest."""

        def setting(found: re.Match[str]) -> str:
            name = snake(found[1])
            self.settings.setdefault(name, {"type": "string", "title": comment(found[1])})
            return f"{{{{{name}}}}}"

        text = re.sub(r"\{([^{}]+)\}", setting, path)
        text = re.sub(r"(?<!\{)\{(?!\{)|(?<!\})\}(?!\})", "", text)
        return text if text.startswith("/") else f"/{text}"

    def value(self, param: Param) -> str:
        """What a required parameter holds: its only value or its default, else a setting, or a secret."""
        if param.fixed is not None and "{" not in str(param.fixed):
            return str(param.fixed).lower() if isinstance(param.fixed, bool) else str(param.fixed)
        name = snake(param.name)
        if name in self.secrets or (SECRET.search(param.name) and param.place == "header"):
            self.secrets += [name] if name not in self.secrets else []
            return f"{{{{{name}}}}}"
        shown: dict[str, Json] = {"type": "string", "title": comment(param.name)}
        words = [str(each) for each in param.enum]
        shown |= {"enum": words} if words else {}
        if param.example is not None and (not words or str(param.example) in words):
            shown["default"] = str(param.example)
        self.settings.setdefault(name, shown)
        return f"{{{{{name}}}}}"


def opened_of(sketch: Sketch) -> Opened:
    """What the connection of a sketch brings before any list is asked for."""
    place = sketch.auth.get("place")
    own = {str(name).lower() for name in (*(place.values() if isinstance(place, Mapping) else ()), *sketch.headers)}
    return Opened(
        settings=dict(sketch.settings),
        secrets=list(sketch.secrets),
        signed=frozenset(own),
        headers=dict(sketch.headers),
    )


def list_request(listing: Listing, opened: Opened) -> tuple[dict[str, Json], str]:
    """The list's request. Open parts of its path, and what it requires and the document gives no value for, become
    settings of the connection; what has one value, or a default, is written down.
    """
    operation, paging = listing.operation, _paging_names(pagination_of(listing)[0])
    request: dict[str, Json] = {"path": opened.path(operation.path)}
    asks = ""
    if operation.method == "POST":
        body = constant_body(operation.exchanges, paging) or _constants(operation.params, paging)
        request = {"method": "POST", **request, "json": body, "idempotent": True}
        asks = "is more asked for than this?" if body else "what must the body hold?"
    asked: dict[str, str] = {}
    for param in operation.params:
        name = param.name
        if not param.required or name in paging or name.lower() in opened.signed or not _SENT.fullmatch(name):
            continue
        if param.place == "query":
            asked[name] = opened.value(param)
        elif param.place == "header" and name.lower() not in _OWN_HEADERS:
            opened.headers.setdefault(name, opened.value(param))
    return request | ({"params": asked} if asked else {}), asks


_SENT = re.compile(r"[!-z|~]+")
"""Names that travel as they are."""
_OWN_HEADERS = frozenset({"authorization", "accept", "content-type", "content-length", "host", "user-agent", "cookie",
                          "connection", "accept-encoding"})  # fmt: skip
"""Headers that every request has, or that sign-in brings."""


def _constants(params: Sequence[Param], paging: set[Any]) -> dict[str, Json]:
    """What a body must hold and the document gives a value for."""
    return {
        param.name: value
        for param in params
        if param.place == "body" and param.required and param.name not in paging
        and (value := param.fixed if param.fixed is not None else param.example) is not None and "{" not in str(value)
    }  # fmt: skip


def _paging_names(pagination: Mapping[str, Json]) -> set[Any]:
    """The parameters that paging sends."""
    return {pagination.get(key) for key in ("page_param", "offset_param", "cursor_param", "size_param")}
