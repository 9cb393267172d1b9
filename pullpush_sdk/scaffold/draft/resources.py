"""Which of a platform's requests list records, what the records are, and how the list goes on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import attrs

from pullpush_sdk.openapi import ListPaging, Param, Shape, paging_of, records_of, since_of, snake, words_of
from pullpush_sdk.openapi.lists import fixed_parts

from .kinds import types_by_fields
from .likeness import named_part, types_of
from .observed import observed_paging
from .shapes import SketchedOperation

__all__ = ["Listing", "listings", "pagination_of", "since_param"]

Json = Any
_READS = re.compile(r"(?i)get|list|search|find|query|retrieve|fetch|filter|look")
_CHANGES = frozenset(
    {
        "delete", "remove", "update", "create", "add", "set", "cancel", "process", "assign", "bulk", "upload",
        "import", "export", "login", "auth", "token", "tokens", "authenticate"
    }
)  # fmt: skip


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
    last = named_part(operation.path)
    if operation.answer is None or operation.method not in ("GET", "POST") or _CHANGES & set(words_of(last)):
        return
    if re.search(r"\}[^/]*/?$", operation.path):  # one record, whatever lists it holds
        return
    if operation.method == "POST" and not _READS.search((fixed_parts(operation.path) or [""])[-1]):
        return
    found = records_of(operation.path, operation.answer)
    if found is None:
        return
    record = found.record
    kinds: Iterable[tuple[str, float]] = ((name, 0.3) for name in said or ())
    if said is None:
        # What was recorded has records in it: where no name tells of their type, their fields do.
        kinds = list(types_of(operation, record)) or (list(types_by_fields(record)) if operation.exchanges else [])
    for canonical_type, certainty in kinds:
        yield Listing(
            name=snake(last) if words_of(last) else canonical_type,
            canonical_type=canonical_type,
            operation=operation,
            records=".".join(found.place),
            record=record,
            certainty=certainty,
        )


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
    observed = observed_paging(operation.exchanges, listing.records) if len(operation.exchanges) > 1 else None
    if observed is not None:
        return observed
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
