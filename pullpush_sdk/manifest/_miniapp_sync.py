"""`sync` of a MiniApp document: shared headers, job limits, and resources.

The format names the page-size parameter only; pages are counted by `page` from 1. What other platforms need (a page
parameter of another name, offsets, cursors, links) can be said by keys that begin with `x-`: an extension of this SDK
that the hosted runtime does not know.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from ._document import Json, below
from ._miniapp_fields import CONTENT_TYPES, RESOURCE_KEYS, canonical_map
from ._miniapp_report import Block, Report
from ._miniapp_request import read_method
from ._model import Resource
from ._model_http import Limits, Pagination, Request, Response
from ._schema import meant

_KINDS = ("page", "offset", "cursor", "link", "next_url", "none")
_EXTENSIONS = {
    "x-kind": "kind",
    "x-pageParam": "page_param",
    "x-offsetParam": "offset_param",
    "x-cursorParam": "cursor_param",
}
_RESPONSE_EXTENSIONS = {
    "x-nextCursor": "next_cursor",
    "x-nextUrl": "next_url",
    "x-hasNext": "has_next",
    "x-totalPages": "total_pages",
}


def read_limits(sync: Block | None) -> tuple[Limits, bool]:
    """The limits of bulk jobs, and whether bulk sync is on; the defaults are readings, the format states none."""
    block = sync.block("syncConfiguration") if sync is not None else None
    if block is None:
        return Limits(requests=10, timeout=30.0), True
    enabled = block.boolean("enabled", default=True)
    timeout = _milliseconds(block)
    found = Limits(requests=block.number("rateLimitPerSecond") or 10, timeout=timeout)
    # Pages have the platform's size and writes the destination's: the batch size has nothing left to say.
    block.close(("batchSize",))
    return found, enabled


def _milliseconds(block: Block) -> float:
    value = block.any("timeout")
    if value is None:
        return 30.0
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)) or not 0 < value <= 3_600_000:
        block.report.wrong("expected milliseconds, more than 0 and at most an hour", block.at("timeout"))
        return 30.0
    return float(value) / 1000


def read_resources(members: Iterable[tuple[str, Block]], *, enabled: bool, report: Report) -> dict[str, Resource]:
    """The resources by key; one of an unknown content type is kept and reported, since nothing says what it becomes."""
    found: dict[str, Resource] = {}
    for name, each in members:
        resource = _resource(name, each, enabled=enabled, report=report) if each.value else None
        if resource is not None:
            found[name] = resource
        elif not each.value:
            report.keep(each.path, {})
            report.note(f"the resource `{name}` is empty", each.path, "fill it in, or remove it")
    return found


def _resource(name: str, block: Block, *, enabled: bool, report: Report) -> Resource | None:
    canonical_type = _canonical_type(name, block, report)
    if canonical_type is None:
        report.keep(block.path, block.value)
        return None
    path = below("$.resources", name)
    report.stands_for(path, block.path)
    endpoints = block.block("endpoints")
    listed = _endpoint(endpoints, "list", f"{path}.list", report)
    details = _endpoint(endpoints, "details", f"{path}.details", report)
    if endpoints is not None:
        endpoints.close()
    expand = block.boolean("expandDetails", default=False)
    if expand and details is None:
        report.wrong("expandDetails without endpoints.details", block.at("expandDetails"), "add endpoints.details")
    response = _response(block.block("responseMapping"), f"{path}.response", report)
    mapping = block.block("apiMapping")
    rules: dict[str, Json] = {}
    if mapping is not None:
        report.stands_for(f"{path}.canonical_map", mapping.path)
        rules = canonical_map(mapping, canonical_type, f"{path}.canonical_map")
    elif listed is not None:
        report.wrong("`apiMapping` is missing", block.path, "say which field comes from where")
    found = Resource(
        name=name,
        canonical_type=canonical_type,
        title=block.text("displayName") or block.text("name") or name,
        list=listed,
        details=details if expand else None,
        details_records=response.records if expand else "",
        pagination=_pagination(block, f"{path}.pagination", report),
        response=response,
        canonical_map=rules,
        version="updated_at" if "updatedAt" in rules else "observed",
        enabled=block.boolean("enabled", default=True) and enabled,
    )
    block.text("displayName")
    if block.text("name", name) != name:
        report.note("`name` differs from the resource's key", block.at("name"), f"the key {name} is used")
    block.close(("description", "icon"))
    return found


def _canonical_type(name: str, block: Block, report: Report) -> str | None:
    content_type = block.text("contentType")
    if content_type in CONTENT_TYPES:
        return CONTENT_TYPES[content_type]
    if not content_type and name in RESOURCE_KEYS:
        report.note("`contentType` is missing", block.path, f"read as {RESOURCE_KEYS[name]}, by the resource's key")
        return RESOURCE_KEYS[name]
    if not content_type:
        report.wrong("`contentType` is missing", block.path, f"one of {', '.join(CONTENT_TYPES)}")
    else:
        message = f"content type `{content_type[:40]}` is not known: the resource is kept and not read"
        report.note(message, block.at("contentType"), meant(content_type, CONTENT_TYPES))
    return None


def _endpoint(endpoints: Block | None, key: str, model_path: str, report: Report) -> Request | None:
    block = endpoints.block(key) if endpoints is not None else None
    if block is None:
        return None
    report.stands_for(model_path, block.path)
    report.stands_for(f"{model_path}.path", block.at("url"))
    report.stands_for(f"{model_path}.method", block.at("method"))
    url = report.template(block.text("url"), block.at("url"), fields=key == "details")
    if not url:
        report.wrong("`url` is missing", block.path, "a path below baseUrl, or an absolute URL")
    params: Json = report.templates(block.any("queryParams"), block.at("queryParams")) or {}
    if not isinstance(params, dict):
        report.wrong("expected an object", block.at("queryParams"))
        params = {}
    found = Request(method=read_method(block), path=url, params=params)
    block.close()
    return found


def _pagination(resource: Block, model_path: str, report: Report) -> Pagination:
    block = resource.block("pagination")
    if block is None:
        report.note("no pagination: one answer is taken for the whole list", resource.path, "add pagination")
        return Pagination()
    report.stands_for(model_path, block.path)
    for key, field in (("paramName", "size_param"), ("defaultLimit", "size"), ("maxLimit", "max_size")):
        if block.has(key):
            report.stands_for(f"{model_path}.{field}", block.at(key))
    said: dict[str, Json] = {}
    for key, field in _EXTENSIONS.items():
        if block.has(key):
            said[field] = block.text(key)
            _not_portable(block, key, report)
    start = block.number("x-start", least=0)
    if start is not None:
        said["start"] = start
        _not_portable(block, "x-start", report)
    if said.setdefault("kind", "page") not in _KINDS:
        report.wrong(f"expected one of {', '.join(_KINDS)}", block.at("x-kind"))
        said["kind"] = "page"
    most = block.number("maxLimit")
    size = block.number("defaultLimit")
    if size is None:
        size = min(100, most or 100)
    if most is not None and size > most:
        report.note("defaultLimit is larger than maxLimit, which is used", block.at("defaultLimit"))
        size = most
    found = Pagination(**said, size_param=block.text("paramName") or None, size=size, max_size=most)
    block.close()
    return found


def _response(block: Block | None, model_path: str, report: Report) -> Response:
    if block is None:
        return Response()
    report.stands_for(model_path, block.path)
    for key, field in (("dataProperty", "records"), ("totalProperty", "total"), *_RESPONSE_EXTENSIONS.items()):
        if block.has(key):
            report.stands_for(f"{model_path}.{field}", block.at(key))
    said: dict[str, Any] = {}
    for key, field in _RESPONSE_EXTENSIONS.items():
        if block.has(key):
            said[field] = _bare(block.text(key))
            _not_portable(block, key, report)
    found = Response(
        records=_bare(block.text("dataProperty")), total=_bare(block.text("totalProperty")) or None, **said
    )
    block.close()
    return found


def _bare(path: str) -> str:
    """A path of an answer without its `$.`."""
    return path.removeprefix("$").removeprefix(".")


def _not_portable(block: Block, key: str, report: Report) -> None:
    report.note(f"`{key}` is an extension of this SDK", block.at(key), "the hosted runtime pages by number only")
