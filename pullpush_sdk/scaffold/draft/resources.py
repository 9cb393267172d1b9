# ruff: noqa: E501 - lists of names
"""Which of a platform's requests list records, what the records are, and how the list goes on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import attrs

from .shapes import Param, Shape, SketchedOperation
from .synonyms import TYPE_WORDS
from .words import singular, snake, words_of

__all__ = ["Listing", "listings", "paging_of", "since_of"]

Json = Any
_LIST_NAMES = (
    "data",
    "items",
    "results",
    "records",
    "rows",
    "list",
    "entries",
    "content",
    "value",
    "values",
    "objects",
    "hits",
)
_NO_NOUNS = frozenset({"get", "list", "search", "all", "find", "query", "by", "api", "rest", "paged", "filter", "v"})
_GENERIC = frozenset(
    {"items", "item", "mine", "me", "details", "full", "v1", "v2", "v3", "v4", "index", "entries", "records"}
)
_READS = re.compile(r"(?i)get|list|search|find|query")
_CHANGES = re.compile(
    r"(?i)delete|remove|update|create|add|set|cancel|process|assign|bulk|upload|import|export|login|auth|token"
)
_PAGE = (
    "page",
    "page_number",
    "page_no",
    "page_num",
    "current_page",
    "pagenumber",
    "page_index",
    "search_criteria_current_page",
)
_OFFSET = ("offset", "skip", "start", "start_at", "from_index", "start_index", "first_result")
_CURSOR = (
    "cursor",
    "after",
    "page_token",
    "next_token",
    "starting_after",
    "page_info",
    "continuation_token",
    "next_cursor",
    "next",
    "page_cursor",
)
_SIZE = ("per_page", "page_size", "limit", "size", "entries_per_page", "count", "pagesize", "max_results", "take", "top",
         "search_criteria_page_size", "results_per_page", "perpage")  # fmt: skip
_SINCE = ("updated_since", "updated_at_min", "modified_since", "updated_after", "modified_after", "since", "changed_since",
          "last_modified", "min_date_modified", "updated_from", "date_modified_min", "updated_at_gte", "last_updated", "from_date")  # fmt: skip


@attrs.frozen(kw_only=True)
class Listing:
    """One list: `records` is the path of its records in the answer, `record` what one of them looks like."""

    name: str
    canonical_type: str
    operation: SketchedOperation
    records: str
    record: Shape
    certainty: float
    details: SketchedOperation | None = None


def listings(operations: Sequence[SketchedOperation], wanted: Sequence[str] | None = None) -> list[Listing]:
    """The best list for each canonical type, best first; `wanted` None means every type.

    Where a single type is wanted and no name in a recording tells of it, its first list is taken for it.
    """
    best = _best(operations, wanted, forced=False)
    if not best and wanted is not None and len(wanted) == 1:
        best = _best([each for each in operations if each.exchanges], wanted, forced=True)
    chosen = sorted(best.values(), key=lambda each: -each.certainty)
    return [attrs.evolve(each, details=_details(each, operations)) for each in chosen]


def _best(operations: Sequence[SketchedOperation], wanted: Sequence[str] | None, *, forced: bool) -> dict[str, Listing]:
    """By canonical type. `forced`: a person says that there are records of the one type, whatever their names."""
    best: dict[str, Listing] = {}
    for operation in operations:
        for found in _candidates(operation, wanted if forced else None):
            if wanted is not None and found.canonical_type not in wanted:
                continue
            known = best.get(found.canonical_type)
            if known is None or found.certainty > known.certainty:
                best[found.canonical_type] = found
    return best


def _candidates(operation: SketchedOperation, said: Sequence[str] | None = None) -> Iterator[Listing]:
    last = _last(operation.path)
    if operation.answer is None or operation.method not in ("GET", "POST") or _CHANGES.search(last):
        return
    if operation.path.rstrip("/").endswith("}"):  # one record, whatever lists it holds
        return
    if operation.method == "POST" and not _READS.search((_fixed(operation.path) or [""])[-1]):
        return
    records = _records(operation)
    if records is None:
        return
    path, record = records
    kinds = _types(operation, record) if said is None else ((name, 0.3) for name in said)
    for canonical_type, certainty in kinds:
        yield Listing(
            name=snake(last) if words_of(last) else canonical_type,
            canonical_type=canonical_type,
            operation=operation,
            records=path,
            record=record,
            certainty=certainty,
        )


def _last(path: str) -> str:
    """The part of a path that names what is listed: the last one that is not a placeholder, a verb, or just `items`."""
    fixed = _fixed(path)
    telling = [part for part in fixed if set(words_of(part)) - _NO_NOUNS - _GENERIC]
    return (telling or fixed or [""])[-1]


def _fixed(path: str) -> list[str]:
    return [
        part.split(".")[0] for part in path.split("?", maxsplit=1)[0].split("/") if part and not part.startswith("{")
    ]


def _records(operation: SketchedOperation) -> tuple[str, Shape] | None:
    """Where in the answer the list of objects stands that has the most to say."""
    assert operation.answer is not None
    found = [
        (path, item) for path, item in _lists(operation.answer, "", 0) if item.kind == "object" and item.properties
    ]
    if not found:
        return None
    noun = set(map(singular, words_of(_last(operation.path))))

    def worth(each: tuple[str, Shape]) -> tuple[int, int, int]:
        name = each[0].rsplit(".", 1)[-1]
        named = name == "" or name.lower() in _LIST_NAMES or bool(noun & set(map(singular, words_of(name))))
        return (int(named), -each[0].count("."), len(each[1].properties))

    return max(found, key=worth)


def _lists(shape: Shape, path: str, depth: int) -> Iterator[tuple[str, Shape]]:
    if shape.kind == "list" and shape.item is not None:
        yield path, shape.item
    elif shape.kind == "object" and depth < 3:
        for name, inner in shape.properties.items():
            if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*", name):
                yield from _lists(inner, f"{path}.{name}" if path else name, depth + 1)


def _types(operation: SketchedOperation, record: Shape) -> Iterator[tuple[str, float]]:
    """Canonical types that the records may be, with a certainty."""
    last = [singular(word) for word in words_of(_last(operation.path)) if word not in _NO_NOUNS]
    around = {singular(word) for part in operation.path.split("/") for word in words_of(part)}
    schema = [singular(word) for word in words_of(record.name)]
    tagged = {singular(word) for word in words_of(operation.words)}
    names = {"_".join(words_of(name)) for name in record.properties}
    for canonical_type, nouns in TYPE_WORDS.items():
        worth = 0.0
        for place, noun in enumerate(nouns):
            words = noun.split("_")
            fade = 0.02 * place
            if last and (last[-len(words) :] == words or "".join(last) == noun):
                worth = max(worth, 0.9 - fade)
            elif set(words) <= set(last):
                worth = max(worth, 0.7 - fade)
            elif schema and set(words) <= set(schema):
                worth = max(worth, 0.55 - fade)
            elif set(words) <= around & tagged:
                worth = max(worth, 0.4 - fade)
        if not worth:
            continue
        worth += 0.05 * _telling(canonical_type, names)
        worth -= 0.08 * operation.path.count("{") + (0.1 if operation.method == "POST" else 0.0)
        worth -= 0.02 * max(0, operation.path.count("/") - 3)
        worth += (
            0.06
            if any("_".join(words_of(param.name)) in (*_PAGE, *_OFFSET, *_CURSOR, *_SIZE) for param in operation.params)
            else 0.0
        )
        worth -= 0.2 if _is_inner(operation.path) else 0.0
        if worth >= 0.4:
            yield canonical_type, round(min(worth, 0.99), 2)


def _is_inner(path: str) -> bool:
    """Whether the list belongs to one record of another: `/carts/mine/items`, `/orders/{id}/lines`."""
    nouns = {noun for names in TYPE_WORDS.values() for noun in names}
    *before, _ = [*_fixed(path), ""][:-1] or [""]
    return any(singular("_".join(words_of(part))) in nouns for part in before) and (
        "{" in path or bool(set(words_of(_fixed(path)[-1])) & _GENERIC)
    )


_TELLING = {
    "product": {"sku", "price", "title", "name", "item_number", "variants", "barcode"},
    "stocklevel": {"quantity", "qty", "available", "stock_level", "on_hand", "sku", "in_stock"},
    "order": {
        "line_items",
        "items",
        "total",
        "grand_total",
        "currency",
        "customer",
        "order_number",
        "status",
        "increment_id",
    },
    "contact": {"email", "first_name", "last_name", "firstname", "phone", "name", "email_address"},
    "call": {"direction", "duration", "from", "to", "recording_url"},
    "invoice": {"amount", "due_date", "invoice_number", "total", "grand_total", "amount_due"},
    "cart": {"items", "line_items", "checkout_url", "total", "abandoned_at"},
}


def _telling(canonical_type: str, names: set[str]) -> int:
    """How many of the names are such as only this type has; at most 3 count, none at all counts against it."""
    return min(len(_TELLING[canonical_type] & names), 3) or -3


def _details(listing: Listing, operations: Sequence[SketchedOperation]) -> SketchedOperation | None:
    """The request for one record of the list: its path, and one parameter more."""
    stem = re.escape(listing.operation.path.rstrip("/"))
    for operation in operations:
        if operation.method == "GET" and re.fullmatch(stem + r"/\{[^{}/]+\}", operation.path):
            return operation
    return None


def paging_of(listing: Listing) -> tuple[dict[str, Json], dict[str, Json], str]:
    """Pagination and further response paths of a list, and what to check (empty: nothing)."""
    params = [param for param in listing.operation.params if param.place == "query"]
    size, page = _named(params, _SIZE), _named(params, _PAGE)
    offset, cursor = _named(params, _OFFSET), _named(params, _CURSOR)
    answer = listing.operation.answer
    paths = {name: path for path, name in _leaves(answer)} if answer is not None else {}

    def at(*names: str) -> str | None:
        return next((paths[name] for name in names if name in paths), None)

    sized: dict[str, Json] = {} if size is None else {"size_param": size.name, "size": _size(size)}
    following = at(
        "next_cursor",
        "end_cursor",
        "next_page_token",
        "next_token",
        "cursor",
        "continuation_token",
        "cursors_after",
        "after",
    )
    url = at("next_url", "next_link", "next_page_url", "next", "next_href")
    if cursor is not None and following is not None and page is None:
        return {"kind": "cursor", "cursor_param": cursor.name, **sized}, {"next_cursor": following}, ""
    if page is not None:
        start = {"start": 0} if _is_zero(page) else {}
        totals = {"total_pages": at("total_pages", "page_count", "last_page", "pages")}
        if totals["total_pages"] is None:
            totals = {"total": at("total", "total_count", "total_records", "total_entries", "total_results", "count")}
        kept = {name: path for name, path in totals.items() if path is not None}
        return (
            {"kind": "page", "page_param": page.name, **sized, **start},
            kept,
            "" if kept or sized else "when is the last page reached?",
        )
    if offset is not None:
        total = at("total", "total_count", "total_records", "total_results", "count")
        kept = {} if total is None else {"total": total}
        return (
            {"kind": "offset", "offset_param": offset.name, **sized},
            kept,
            "" if kept or sized else "when is the last page reached?",
        )
    if url is not None:
        return {"kind": "next_url", **sized}, {"next_url": url}, "does it hold the whole address?"
    if cursor is not None:
        return {"kind": "none"}, {}, f"the list takes {cursor.name}; where does an answer name the next one?"
    if size is not None:
        return {"kind": "none"}, {}, f"the list takes {size.name}; how is the next page asked for?"
    return {"kind": "none"}, {}, "is everything in one answer?"


def since_of(listing: Listing) -> Param | None:
    """The parameter by which only changes are listed, where one is plainly there."""
    return _named([param for param in listing.operation.params if param.place == "query"], _SINCE)


def _named(params: Sequence[Param], names: Sequence[str]) -> Param | None:
    for name in names:
        for param in params:
            if "_".join(words_of(param.name)) == name:
                return param
    return None


def _size(param: Param) -> int:
    return 100 if not isinstance(param.example, int) or not 1 <= param.example <= 250 else max(50, param.example)


def _is_zero(param: Param) -> bool:
    return param.example == 0 and not isinstance(param.example, bool)


def _leaves(shape: Shape, path: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    """Paths of plain values outside of lists, with their names in words; the nearest to the root comes last."""
    if shape.kind != "object" or depth > 2:
        return
    for name, inner in shape.properties.items():
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*", name):
            continue
        here = f"{path}.{name}" if path else name
        if inner.kind == "object":
            yield from _leaves(inner, here, depth + 1)
    for name, inner in shape.properties.items():
        if inner.kind in ("text", "integer", "number", "unknown") and re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*", name):
            yield (f"{path}.{name}" if path else name), "_".join(words_of(name))
