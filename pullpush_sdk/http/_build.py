"""From a manifest's request and the values at hand to a call."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import quote, urlencode

from pullpush_sdk.canonical import UNSET, dumps
from pullpush_sdk.errors import FieldError, ManifestError
from pullpush_sdk.manifest import Request, render

from ._call import Call
from ._pages import Step
from ._protocols import Protocol, protocol_of
from ._secret import revealed

Json = Any

_PLACEHOLDER = re.compile(r"\{\{[^{}]*\}\}")
_STEP = re.compile(r"\[\d+\]|[^.\[\]]+")
_OPERATION = re.compile(r"\b(?:query|mutation)\s+([A-Za-z_]\w*)")
_NO_STEP = Step()
_JSON = "application/json"


def call_of(
    request: Request,
    values: Mapping[str, Json],
    *,
    step: Step = _NO_STEP,
    content: Json = None,
    accepts: frozenset[int] = frozenset(),
    cost_hint: float | None = None,
) -> Call:
    """The call that a request makes with these values, moved to a listing's `step`.

    Values put into the path are percent-encoded, so that a SKU with a slash stays one segment; a path that begins
    with a placeholder whose value is a whole URL keeps it. A parameter or form field that is null or absent is left
    out, a list repeats its name. In JSON and GraphQL variables null stays null and UNSET is left out; Decimals keep
    their digits. `content` is data to send that holds no templates: GraphQL variables, form fields or the JSON body,
    as the request is made; it goes on top of what the request itself says. Secrets among the values are revealed
    here and nowhere earlier.

    Raises:
        ManifestError: a template names an unknown value.
        FieldError: a value in the path is empty, `.` or `..`, which would make it another path.
    """
    values = revealed(values)
    body, content_type, protocol = _body(request, values, step, content)
    from_answer = step.url is not None
    return Call(
        method=request.method.upper(),
        url=_path(request.path, values) if step.url is None else step.url,
        # A next link carries its own parameters.
        params=() if from_answer else tuple(_pairs({**render(request.params, values), **step.params})),
        headers={name: _text(value) for name, value in render(request.headers, values).items() if value is not None},
        body=body,
        content_type=content_type,
        idempotent=request.idempotent,
        operation=_operation(request),
        cost_hint=cost_hint,
        from_answer=from_answer,
        accepts=accepts,
        protocol=protocol,
    )


def _body(
    request: Request, values: Mapping[str, Json], step: Step, content: Json
) -> tuple[bytes | None, str | None, Protocol]:
    if request.query is not None:
        variables = _present({**render(request.variables, values), **step.variables, **(content or {})})
        return dumps({"query": request.query, "variables": variables}), _JSON, "graphql"
    if request.form is not None:
        pairs = list(_pairs({**render(request.form, values), **step.variables, **(content or {})}))
        return urlencode(pairs, quote_via=quote).encode(), "application/x-www-form-urlencoded", ""
    if request.json is None:
        return (None, None, "") if content is None else (dumps(_present(content)), _JSON, protocol_of(content))
    own = render(request.json, values)
    if isinstance(own, Mapping) and (content is None or isinstance(content, Mapping)):
        own = {**own, **(content or {})}
        for path, value in step.variables.items():
            own = _laid(own, _steps(path), value)
    elif content is not None:
        own = content
    return dumps(_present(own)), _JSON, protocol_of(own)


def _steps(path: str) -> list[str | int]:
    """`params.args[6].offset` as its steps; list positions are numbers."""
    return [int(part[1:-1]) if part.startswith("[") else part for part in _STEP.findall(path)]


def _laid(body: Json, steps: list[str | int], value: Json) -> Json:
    """The body with the value at a path; objects on its way that are missing are made, lists are not."""
    head, *rest = steps
    if isinstance(head, int):
        if not isinstance(body, (list, tuple)) or head >= len(body):
            raise ManifestError(f"the request's body has no list with a position {head} there", [])
        return [
            _laid(item, rest, value) if rest and n == head else value if n == head else item
            for n, item in enumerate(body)
        ]
    within: Mapping[str, Json] = body if isinstance(body, Mapping) else {}
    return {**within, head: _laid(within.get(head), rest, value) if rest else value}


def _present(value: Json) -> Json:
    """A JSON value without the entries that are absent."""
    if isinstance(value, Mapping):
        return {key: _present(item) for key, item in value.items() if item is not UNSET}
    if isinstance(value, (list, tuple)):
        return [_present(item) for item in value if item is not UNSET]
    return value


def _pairs(params: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    for name, value in params.items():
        for item in value if isinstance(value, (list, tuple)) else (value,):
            if item is not None and item is not UNSET:
                yield name, _text(item)


def _text(value: Json) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, (bool, Mapping, list, tuple)):
        return dumps(value).decode()
    return str(value)


def _path(path: str, values: Mapping[str, Json]) -> str:
    def encoded(match: re.Match[str]) -> str:
        value = render(match[0], values)
        text = "" if value is None or value is UNSET else _text(value)
        if match.start() == 0 and text.startswith(("https://", "http://")):
            return text
        if text in ("", ".", ".."):
            shown = "is empty" if not text else f"is {text!r}"
            raise FieldError(f"{match[0]} {shown} and stands in the path {path}", target=match[0], shown=text)
        return quote(text, safe="")

    return _PLACEHOLDER.sub(encoded, path) if "{{" in path else path


def _operation(request: Request) -> str:
    """What calls of equal cost have in common: the GraphQL operation's name, else nothing."""
    if request.query is None:
        return ""
    named = _OPERATION.search(request.query)
    return named[1] if named else "query"
