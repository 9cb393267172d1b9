# ruff: noqa: E501 - lists of names
"""Where in an answer a list's records stand, and how the list goes on: by the names that platforms use."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import attrs

from .shapes import Param, Shape
from .words import singular, words_of

__all__ = [
    "BESIDE_RECORDS",
    "PAGING_NAMES",
    "ListPaging",
    "RecordList",
    "fixed_parts",
    "paging_of",
    "records_of",
    "since_of",
    "telling_part",
]

Json = Any
_LIST_NAMES = ("data", "items", "results", "records", "rows", "list", "entries", "content", "value", "values", "objects",
               "hits", "member", "elements", "payload", "nodes")  # fmt: skip
BESIDE_RECORDS = frozenset(
    {"errors", "error", "warnings", "messages", "included", "facets", "aggregations", "links", "filters"}
)
"""Lists that stand beside the records of an answer."""
NO_NOUNS = frozenset(
    {
        "get",
        "list",
        "search",
        "all",
        "find",
        "query",
        "by",
        "api",
        "rest",
        "paged",
        "filter",
        "v",
        "retrieve",
        "fetch",
        "look",
        "lookup",
        "batch",
    }
)
GENERIC = frozenset(
    {"items", "item", "mine", "me", "details", "full", "v1", "v2", "v3", "v4", "index", "entries", "records"}
)
_PAGE = ("page", "page_number", "page_no", "page_num", "current_page", "pagenumber", "page_index",
         "search_criteria_current_page", "p")  # fmt: skip
_OFFSET = ("offset", "skip", "start", "start_at", "from_index", "start_index", "first_result", "page_offset")
_CURSOR = ("cursor", "after", "page_token", "next_token", "starting_after", "page_info", "continuation_token",
           "next_cursor", "next", "page_cursor", "page_after", "bookmark", "scroll_id", "marker")  # fmt: skip
_SIZE = ("per_page", "page_size", "limit", "size", "entries_per_page", "count", "pagesize", "max_results", "take", "top",
         "search_criteria_page_size", "results_per_page", "perpage", "page_limit", "first", "items_per_page")  # fmt: skip
_SINCE = ("updated_since", "updated_at_min", "modified_since", "updated_after", "modified_after", "since", "changed_since",
          "last_modified", "min_date_modified", "updated_from", "date_modified_min", "updated_at_gte", "last_updated", "from_date",
          "filter_updated_since", "filter_updated_at", "filter_updated_after", "changed_after")  # fmt: skip
_NEXT = ("next_cursor", "end_cursor", "next_page_token", "next_token", "cursor", "continuation_token", "cursors_after",
         "after", "next_page_cursor", "bookmark", "scroll_id", "marker")  # fmt: skip
_URL = ("next_url", "next_link", "next_page_url", "next", "next_href", "links_next", "odata_next_link")
_PAGES = ("total_pages", "page_count", "last_page", "pages")
_TOTAL = ("total", "total_count", "total_records", "total_entries", "total_results", "count", "total_items")
_MORE = ("has_more", "has_next", "has_next_page", "more", "has_more_items", "more_results")
_HEADERS = {"x-total-count": "total", "x-total": "total", "x-wp-total": "total", "x-wp-totalpages": "pages",
            "x-total-pages": "pages", "x-pagination-total-count": "total", "x-pagination-page-count": "pages"}  # fmt: skip
PAGING_NAMES = frozenset({*_PAGE, *_OFFSET, *_CURSOR, *_SIZE})
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


@attrs.frozen(kw_only=True)
class RecordList:
    """Where a list of records stands in an answer (names from the root) and what one of them looks like."""

    place: tuple[str, ...]
    record: Shape


@attrs.frozen(kw_only=True)
class ListPaging:
    """How a list goes on.

    `pager` is the parameter that says which page (None for an address that is whole), `size` that of the page size,
    `start` the first page's number, `key` for `keyset` the record's field that the pager takes. Places of an answer,
    None where it has none: `cursor` and `url` of what comes next, `total`, `pages`, and `more`, a flag; `told` are
    headers by what they count. `link` says that a Link header names the next page. `unclear` is what the document
    leaves open, empty: nothing.
    """

    kind: Literal["none", "page", "offset", "cursor", "keyset", "next_url", "link"]
    pager: Param | None = None
    size: Param | None = None
    start: int = 1
    key: str = ""
    cursor: tuple[str, ...] | None = None
    url: tuple[str, ...] | None = None
    link: bool = False
    total: tuple[str, ...] | None = None
    pages: tuple[str, ...] | None = None
    more: tuple[str, ...] | None = None
    told: Mapping[str, str] = attrs.field(factory=dict)
    unclear: str = ""


def fixed_parts(path: str) -> list[str]:
    """A path's parts that are no placeholders, without what stands behind a dot."""
    parts = path.split("?", maxsplit=1)[0].split("/")
    return [part.split(".")[0] for part in parts if part and not part.startswith("{")]


def telling_part(path: str) -> str:
    """The part of a path that names what is listed: the last one that is not a placeholder, a verb, or just `items`."""
    fixed = fixed_parts(path)
    telling = [part for part in fixed if set(words_of(part)) - NO_NOUNS - GENERIC]
    return (telling or fixed or [""])[-1]


def records_of(path: str, answer: Shape) -> RecordList | None:
    """Where in the answer to `path` the list of objects stands that has the most to say; None where there is none."""
    found = [
        (place, item)
        for place, item in _lists(answer, (), 0)
        if item.kind == "object" and item.properties and not _in_a_record(answer, place)
    ]
    if not found:
        return None
    noun = set(map(singular, words_of(telling_part(path))))

    def worth(each: tuple[tuple[str, ...], Shape]) -> tuple[int, int, int]:
        name = each[0][-1] if each[0] else ""
        named = name == "" or name.lower() in _LIST_NAMES or bool(noun & set(map(singular, words_of(name))))
        return (int(named) - 2 * (name.lower() in BESIDE_RECORDS), -len(each[0]), len(each[1].properties))

    place, record = max(found, key=worth)
    return RecordList(place=place, record=record)


def _in_a_record(answer: Shape, place: tuple[str, ...]) -> bool:
    """Whether a list stands inside one record (the addresses of a customer): an object below the root with an id."""
    holder = answer
    for name in place[:-1]:
        holder = holder.properties[name]
        if "id" in holder.properties:
            return True
    return False


def _lists(shape: Shape, place: tuple[str, ...], depth: int) -> Iterator[tuple[tuple[str, ...], Shape]]:
    if shape.kind == "list" and shape.item is not None:
        yield place, shape.item
    elif shape.kind == "object" and depth < 4:
        for name, inner in shape.properties.items():
            if _PLAIN.fullmatch(name):
                yield from _lists(inner, (*place, name), depth + 1)


def paging_of(
    params: Sequence[Param], answer: Shape | None, headers: frozenset[str] = frozenset(), record: Shape | None = None
) -> ListPaging:
    """How a list goes on that takes these parameters and answers so, with these headers (in lower case); `record` is
    what one of its records looks like.
    """
    size, page = named(params, _SIZE), named(params, _PAGE)
    offset, cursor = named(params, _OFFSET), named(params, _CURSOR)
    places = {name: place for place, name in _leaves(answer)} if answer is not None else {}

    def at(names: Sequence[str]) -> tuple[str, ...] | None:
        return next((places[name] for name in names if name in places), None)

    shown: dict[str, Any] = {
        "cursor": at(_NEXT),
        "url": at(_URL),
        "link": "link" in headers,
        "total": at(_TOTAL),
        "pages": at(_PAGES),
        "more": at(_MORE),
        "told": {what: name for name, what in _HEADERS.items() if name in headers},
        "size": size,
    }
    if answer is not None and shown["url"] is not None and _is_token(answer, shown["url"]):
        shown |= {"cursor": shown["cursor"] or shown["url"], "url": None}
    if cursor is not None and page is None and shown["cursor"] is not None:
        return ListPaging(kind="cursor", pager=cursor, **shown)
    if shown["url"] is not None and page is None and offset is None:
        return ListPaging(kind="next_url", pager=cursor, **shown, unclear="does it hold the whole address?")
    ends = size is not None or shown["total"] or shown["pages"] or shown["more"] or shown["told"]
    open_end = "" if ends else "when is the last page reached?"
    if page is not None:
        start = 0 if any(type(each) is int and each == 0 for each in (page.example, page.default)) else 1
        return ListPaging(kind="page", pager=page, start=start, **shown, unclear=open_end)
    if offset is not None:
        return ListPaging(kind="offset", pager=offset, start=0, **shown, unclear=open_end)
    if shown["link"]:
        return ListPaging(kind="link", pager=cursor, **shown)
    if cursor is not None and record is not None and "id" in record.properties:
        words = f"does {cursor.name} take the last record's id?"
        return ListPaging(kind="keyset", pager=cursor, key="id", **shown, unclear=words)
    if cursor is not None:
        words = f"the list takes {cursor.name}; where does an answer name the next one?"
        return ListPaging(kind="none", unclear=words)
    if shown["cursor"] is not None:
        words = f"an answer names the next page by {'.'.join(shown['cursor'])}; which parameter takes that?"
        return ListPaging(kind="none", unclear=words)
    if size is not None:
        return ListPaging(kind="none", unclear=f"the list takes {size.name}; how is the next page asked for?")
    return ListPaging(kind="none", unclear="is everything in one answer?")


def _is_token(answer: Shape, place: Sequence[str]) -> bool:
    """Whether the example at a place is no part of an address."""
    shape = answer
    for name in place:
        shape = shape.properties[name]
    return isinstance(shape.example, str) and re.fullmatch(r"[^/?&\s]+", shape.example) is not None


def since_of(params: Sequence[Param]) -> Param | None:
    """The parameter by which only changes are listed, where one is plainly there."""
    return named([param for param in params if param.place == "query"], _SINCE)


def named(params: Sequence[Param], names: Sequence[str]) -> Param | None:
    """The parameter of the first of these names that one has."""
    spelled = {"_".join(words_of(param.name)): param for param in reversed(params)}
    return next((spelled[name] for name in names if name in spelled), None)


def _leaves(shape: Shape, place: tuple[str, ...] = (), depth: int = 0) -> Iterator[tuple[tuple[str, ...], str]]:
    """Places of plain values outside of lists, with their names in words; the nearest to the root comes last."""
    if shape.kind != "object" or depth > 2:
        return
    for name, inner in shape.properties.items():
        if inner.kind == "object" and _PLAIN.fullmatch(name):
            yield from _leaves(inner, (*place, name), depth + 1)
    for name, inner in shape.properties.items():
        if inner.kind in ("text", "integer", "number", "boolean", "unknown") and _PLAIN.fullmatch(name):
            yield (*place, name), "_".join(words_of(name))
