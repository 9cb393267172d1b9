"""Request objects of a MiniApp document: url, method, headers, queryParams, bodyType, body, mapping."""

from __future__ import annotations

from urllib.parse import parse_qsl

from ._document import Json
from ._miniapp_report import Block
from ._model_http import Request

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_BODY_TYPES = ("json", "x-www-form-urlencoded", "formData")


def read_request(block: Block, *, fields: bool = False) -> Request:
    """A request with its placeholders translated; with `fields`, `{id}` in its URL names the record's field."""
    report = block.report
    url = report.template(block.text("url"), block.at("url"), fields=fields)
    if not url:
        report.wrong("`url` is missing", block.path, "where the request goes")
    body = report.templates(block.any("body"), block.at("body"))
    is_json = read_body_type(block) == "json"
    return Request(
        method=read_method(block),
        path=url,
        params=read_texts(block, "queryParams"),
        headers=read_texts(block, "headers"),
        json=body if is_json and body else None,
        form=body if not is_json and isinstance(body, dict) and body else None,
    )


def read_method(block: Block) -> str:
    """The HTTP method, GET where absent."""
    method = block.text("method", "GET").upper()
    if method not in _METHODS:
        block.report.wrong(f"expected one of {', '.join(_METHODS)}, found `{method[:20]}`", block.at("method"))
        return "GET"
    return method


def read_body_type(block: Block) -> str:
    """How the body is encoded; multipart forms are sent url-encoded, with a note."""
    kind = block.text("bodyType", "json")
    if kind not in _BODY_TYPES:
        block.report.wrong(f"expected one of {', '.join(_BODY_TYPES)}, found `{kind[:30]}`", block.at("bodyType"))
    if kind == "formData":
        block.report.note("formData is sent as x-www-form-urlencoded", block.at("bodyType"))
    return kind


def read_texts(block: Block, key: str) -> dict[str, Json]:
    """Headers or parameters, their texts as templates; numbers and booleans as text."""
    inner = block.block(key)
    if inner is None:
        return {}
    found = {}
    for name in inner.value:
        value = inner.any(name)
        if isinstance(value, (dict, list)):
            inner.report.wrong("expected text", inner.at(name))
        elif isinstance(value, bool):
            found[name] = "true" if value else "false"
        elif value is not None:
            found[name] = inner.report.template(str(value), inner.at(name))
    return found


def split_query(url: str) -> tuple[str, dict[str, str]]:
    """A URL without its query, and the query's parameters."""
    address, _, query = url.partition("?")
    return address, dict(parse_qsl(query, keep_blank_values=True))
