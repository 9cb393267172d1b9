"""Paging: parameters that do not cross, an end that is seen, and agreement with recorded pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from pullpush_sdk.canonical import UNSET
from pullpush_sdk.errors import Problem
from pullpush_sdk.manifest import Pagination, Resource, Response
from pullpush_sdk.manifest.sites import Site, requests_of
from pullpush_sdk.mapping import read_path
from pullpush_sdk.samples import Exchange
from pullpush_sdk.validate._case import Case
from pullpush_sdk.validate._matching import exchanges_of
from pullpush_sdk.validate.places import below

Json = Any
_PARAM = {"page": "page_param", "offset": "offset_param", "cursor": "cursor_param"}


def check(case: Case) -> Iterator[Problem]:
    """The declarations of every list, then recorded pages."""
    manifest = case.manifest
    if manifest is None:
        return
    for site in requests_of(manifest):
        if site.pagination is not None and site.response is not None:
            yield from _declared(case, site, site.pagination, site.response)
    for name, resource in manifest.resources.items():
        if resource.list is not None:
            yield from _recorded(case, below("$.resources", name), resource)


def _declared(case: Case, site: Site, pages: Pagination, response: Response) -> Iterator[Problem]:
    path = f"{site.path.removesuffix('.list').removesuffix('.request')}.pagination"
    if pages.kind == "none":
        own = case.python is not None and any(each.name == "pullpush_pull" for each in case.python.hooks)
        if not own and ".resources." in site.path and not site.path.endswith(("for_each.list", "request")):
            yield case.at(
                "pagination-none",
                path,
                "one answer is taken for the whole list",
                "state how the platform pages, or that it never does",
            )
        return
    param = _PARAM.get(pages.kind)
    if param is not None and pages.size_param is not None and getattr(pages, param) == pages.size_param:
        yield case.at(
            "pagination-params",
            f"{path}.size_param",
            f"`{pages.size_param}` is both the page size and what moves on",
            "they are two parameters",
        )
    wanted = getattr(pages, param) if param is not None else None
    if wanted is not None and wanted in site.request.params and not site.request.json:
        yield case.at(
            "pagination-fixed",
            below(f"{site.path}.params", wanted),
            f"`{wanted}` is fixed here and set by paging",
            "leave it to pagination",
        )
    if pages.size_param is not None and pages.size_param in site.request.params:
        yield case.at(
            "pagination-fixed",
            below(f"{site.path}.params", pages.size_param),
            f"`{pages.size_param}` is fixed here and set by paging",
            "leave it to pagination",
        )
    written = dict(parse_qsl(urlsplit(site.request.path).query, keep_blank_values=True))
    for name in (wanted, pages.size_param):
        if name is not None and name in written:
            yield case.at(
                "pagination-fixed",
                f"{site.path}.path",
                f"`{name}` is fixed here and set by paging",
                "leave it to pagination",
            )
    unseen = not (response.total or response.total_pages or response.has_next)
    if pages.kind in {"page", "offset"} and unseen and pages.size_param is None:
        yield case.at(
            "pagination-end",
            path,
            "no total, and no page size is asked for: a short page is not seen",
            "add response.total, response.has_next or size_param",
        )
    if pages.kind == "page" and pages.start not in {0, 1}:
        yield case.at(
            "pagination-start",
            f"{path}.start",
            f"pages are counted from {pages.start}: those before are never read",
            "0 or 1",
        )
    if pages.size < 10 and case.manifest is not None and case.manifest.origin == "manifest":
        yield case.at(
            "pagination-size",
            f"{path}.size",
            f"{pages.size} records a page is very little",
            "use the platform's largest page",
        )


def _recorded(case: Case, path: str, resource: Resource) -> Iterator[Problem]:
    """What the recorded pages of a list say against its declaration."""
    assert resource.list is not None
    assert case.manifest is not None
    pages = [each for each in exchanges_of(case.manifest, resource.list, case.samples) if each.status < 300]
    if not pages:
        return
    for name in ("records", "total", "total_pages", "next_cursor", "has_next", "next_url"):
        text = getattr(resource.response, name)
        if not text:
            continue
        found = [_at(each.body, text) for each in pages]
        if all(value is UNSET for value in found):
            yield case.at(
                "pagination-response",
                f"{path}.response.{name}",
                f"no recorded answer has anything at {text[:80]}",
                _near(text, pages[0].body),
            )
    records = [_at(each.body, resource.response.records or "$") for each in pages]
    # A connector that reads in Python takes the records out by itself.
    own = case.python is not None and any(hook.name == "pullpush_pull" for hook in case.python.hooks)
    if not own and not resource.response.records and not any(isinstance(each, list) for each in records):
        yield case.at("pagination-response", path, "the recorded answers are no lists", "state response.records")
    yield from _moves_on(case, path, resource, pages)


def _moves_on(case: Case, path: str, resource: Resource, pages: Sequence[Exchange]) -> Iterator[Problem]:
    declared = resource.pagination
    param = _PARAM.get(declared.kind)
    if param is None or len({_asked(each, resource) for each in pages}) < 2:
        return
    wanted = getattr(declared, param)
    # A first page may be asked for without it: that, too, is another value than the second page's.
    sent = [_sent(each, wanted) for each in pages]
    values = [value for value in sent if value is not None]
    if not values:
        others = sorted({key for each in pages for key, _ in each.params})
        yield case.at(
            "pagination-param",
            f"{path}.pagination.{param}",
            f"no recorded request has `{wanted}`",
            f"they have {', '.join(others) or 'none'}",
        )
    elif len(set(sent)) == 1:
        yield case.at(
            "pagination-param",
            f"{path}.pagination.{param}",
            f"`{wanted}` is the same in all recorded pages",
            "it does not move the list on",
        )
    elif declared.kind == "page" and len(values) == len(pages) and min(values).isdigit():
        first = min(int(each) for each in values if each.isdigit())
        if first != declared.start:
            yield case.at(
                "pagination-start",
                f"{path}.pagination.start" if declared.start != 1 else f"{path}.pagination",
                f"the first recorded page is {first}, declared is {declared.start}",
                f"start: {first}",
            )
    if declared.size_param is not None and not any(_sent(each, declared.size_param) for each in pages):
        yield case.at(
            "pagination-param",
            f"{path}.pagination.size_param",
            f"no recorded request has `{declared.size_param}`",
            "name the platform's parameter",
        )


def _asked(exchange: Exchange, resource: Resource) -> str:
    """The request without its time filter: the first page of two sweeps is the same one."""
    since = resource.incremental.param if resource.incremental is not None else None
    return str((sorted((key, value) for key, value in exchange.params if key != since), exchange.sent))


def _sent(exchange: Exchange, name: str) -> str | None:
    params = dict(exchange.params)
    if name in params:
        return params[name]
    value: Json = exchange.sent
    for key in name.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return None if value is None else str(value)


def _at(answer: Json, text: str) -> Json:
    try:
        return read_path(answer, text)
    except ValueError:
        return UNSET


def _near(text: str, answer: Json) -> str:
    import difflib  # noqa: PLC0415

    names: list[str] = []

    def walk(value: Json, before: str, depth: int) -> None:
        if isinstance(value, dict) and depth < 4:
            for key, each in value.items():
                names.append(f"{before}{key}")
                walk(each, f"{before}{key}.", depth + 1)

    walk(answer, "", 0)
    close = difflib.get_close_matches(text.removeprefix("$."), names, n=1)
    return f"did you mean {close[0]}?" if close else f"the answer has {', '.join(names[:12]) or 'no keys'}"
