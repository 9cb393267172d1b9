"""Which of a platform's requests list records, what the records are, and how the list goes on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import attrs

from pullpush_sdk.openapi import ListPaging, Param, Shape, paging_of, records_of, since_of, singular, snake, words_of
from pullpush_sdk.openapi.lists import GENERIC, NO_NOUNS, PAGING_NAMES, fixed_parts, telling_part

from .shapes import SketchedOperation
from .synonyms import TYPE_WORDS

__all__ = ["Listing", "listings", "pagination_of", "since_param"]

Json = Any
_READS = re.compile(r"(?i)get|list|search|find|query")
_CHANGES = re.compile(
    r"(?i)delete|remove|update|create|add|set|cancel|process|assign|bulk|upload|import|export|login|auth|token"
)


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
    last = telling_part(operation.path)
    if operation.answer is None or operation.method not in ("GET", "POST") or _CHANGES.search(last):
        return
    if operation.path.rstrip("/").endswith("}"):  # one record, whatever lists it holds
        return
    if operation.method == "POST" and not _READS.search((fixed_parts(operation.path) or [""])[-1]):
        return
    found = records_of(operation.path, operation.answer)
    if found is None:
        return
    record = found.record
    kinds = _types(operation, record) if said is None else ((name, 0.3) for name in said)
    for canonical_type, certainty in kinds:
        yield Listing(
            name=snake(last) if words_of(last) else canonical_type,
            canonical_type=canonical_type,
            operation=operation,
            records=".".join(found.place),
            record=record,
            certainty=certainty,
        )


def _types(operation: SketchedOperation, record: Shape) -> Iterator[tuple[str, float]]:
    """Canonical types that the records may be, with a certainty."""
    last = [singular(word) for word in words_of(telling_part(operation.path)) if word not in NO_NOUNS]
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
        worth += 0.06 if any("_".join(words_of(param.name)) in PAGING_NAMES for param in operation.params) else 0.0
        worth -= 0.2 if _is_inner(operation.path) else 0.0
        if worth >= 0.4:
            yield canonical_type, round(min(worth, 0.99), 2)


def _is_inner(path: str) -> bool:
    """Whether the list belongs to one record of another: `/carts/mine/items`, `/orders/{id}/lines`."""
    nouns = {noun for names in TYPE_WORDS.values() for noun in names}
    *before, _ = [*fixed_parts(path), ""][:-1] or [""]
    return any(singular("_".join(words_of(part))) in nouns for part in before) and (
        "{" in path or bool(set(words_of(fixed_parts(path)[-1])) & GENERIC)
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


def pagination_of(listing: Listing) -> tuple[dict[str, Json], dict[str, Json], str]:
    """Pagination and further response paths of a list, as a manifest has them, and what to check (empty: nothing)."""
    operation = listing.operation
    params = [param for param in operation.params if param.place in ("query", "body")]
    found = paging_of(params, operation.answer, operation.answer_headers, listing.record)
    section: dict[str, Json] = {"kind": found.kind}
    if found.kind == "keyset" and found.pager is not None:
        # A guess that is wrong ends every sweep with an error, so a person decides.
        words = f"does {found.pager.name} take the last record's id? then kind: keyset, with cursor_param and key"
        return {"kind": "none"}, {}, words
    if found.kind == "none":
        return section, {}, found.unclear
    names = {"page": "page_param", "offset": "offset_param", "cursor": "cursor_param"}
    if found.pager is not None and found.kind in names:
        section[names[found.kind]] = found.pager.name
    if found.size is not None:
        section |= {"size_param": found.size.name, "size": _size(found.size)}
        if isinstance(found.size.most, int) and found.size.most >= section["size"]:
            section["max_size"] = found.size.most
    if found.kind == "page" and found.start == 0:
        section["start"] = 0
    if any(each is not None and each.place == "body" for each in (found.pager, found.size)):
        section["place"] = "body"
    return section, _ends(found), found.unclear


def _ends(found: ListPaging) -> dict[str, Json]:
    """The response paths by which a list's end is seen."""
    if found.kind == "cursor" and found.cursor is not None:
        return {"next_cursor": ".".join(found.cursor)}
    if found.kind == "next_url" and found.url is not None:
        return {"next_url": ".".join(found.url)}
    if found.kind == "link":
        return {}
    if found.pages is not None:
        return {"total_pages": ".".join(found.pages)}
    if found.total is not None:
        return {"total": ".".join(found.total)}
    if found.more is not None:
        return {"has_next": ".".join(found.more)}
    words = {"total": "total", "pages": "total_pages"}
    return {words[what]: f"@headers.{name}" for what, name in found.told.items()}


def since_param(listing: Listing) -> Param | None:
    """The parameter by which only changes are listed, where one is plainly there."""
    return since_of(listing.operation.params)


def _size(param: Param) -> int:
    """The page size to ask for: what the document has as default, and not more than it allows."""
    size = 100 if not isinstance(param.example, int) or not 1 <= param.example <= 250 else max(50, param.example)
    return max(1, min(size, int(param.most))) if param.most is not None else size
