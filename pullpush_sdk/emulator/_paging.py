"""How a list goes on, as recorded pages show it; nothing is taken from a manifest.

Two pages are two requests of one list in a row. What differs between them is the pager; where its value came from tells
its kind.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

import attrs

from ._inputs import Where, inputs_of, number_of
from ._leaves import Place, at, leaves
from .samples import Exchange

__all__ = ["Advert", "Paging", "infer_paging"]

Json = Any
Kind = Literal["none", "page", "offset", "cursor"]
_SIZES = re.compile(r"size|limit|per_?page|first|top|count|take|max|rows")
_OFFSETS = re.compile(r"offset|skip|start|from")
_REL_NEXT = re.compile(r'<([^>]*)>\s*;[^,]*rel="?next"?', re.IGNORECASE)


@attrs.frozen(kw_only=True)
class Advert:
    """Where an answer says how to go on: a cursor or a URL at a place of the body or in a header.

    `last` is what stands there on the last page; `missing` says that the place itself is not there then.
    """

    form: Literal["cursor", "url", "link"]
    place: Place = ()
    header: str = ""
    last: Json = None
    missing: bool = False


@attrs.frozen(kw_only=True)
class Paging:
    """How a list is divided.

    `pager` is the input that says which page; `start` its first number. `size` is the input for the page size where
    one was seen, `default` the size otherwise. `totals`, `pages`, `current` and `more` are places of the answer that count
    records, pages, the page itself, or say whether another follows. `proven` is false where only one page was recorded.
    """

    kind: Kind = "none"
    pager: Where | None = None
    start: int = 1
    size: Where | None = None
    default: int = 100
    adverts: Sequence[Advert] = ()
    totals: Sequence[Place] = ()
    pages: Sequence[Place] = ()
    current: Sequence[Place] = ()
    more: Sequence[Place] = ()
    total_headers: Sequence[str] = ()
    page_headers: Sequence[str] = ()
    proven: bool = False


def infer_paging(recorded: Sequence[Exchange], table: Place) -> Paging:
    """The paging of one list from its recorded answers, whose records stand at `table`."""
    for first, second in zip(recorded, recorded[1:], strict=False):
        kind, pager, start, adverts = _pager(first, second, table)
        if kind != "none" and pager is not None:
            last = next((each for each in reversed(recorded) if each is not first), second)
            return _whole(recorded, table, kind, pager, start, [_ended(each, last) for each in adverts])
    count = max((len(at(each.body, table) or ()) for each in recorded), default=0)
    return Paging(default=max(count, 1), size=_size(recorded, table, None))


def _pager(first: Exchange, second: Exchange, table: Place) -> tuple[Kind, Where | None, int, list[Advert]]:
    before, after = inputs_of(first), inputs_of(second)
    differing = [where for where in after if before.get(where) != after[where]]
    count = len(at(first.body, table) or ())
    adverts = _adverts(first, second)
    for where in sorted(differing, key=lambda each: (bool(_SIZES.search(each.name)), each)):
        kind, start = _numbered(before.get(where), after[where], count, where)
        if kind != "none":
            return kind, where, start, adverts
        found = _cursor_adverts(first, after[where])
        if found or adverts:
            return "cursor", where, 1, [*found, *adverts]
    return "none", None, 1, []


def _numbered(old: Json, new: Json, count: int, where: Where) -> tuple[Kind, int]:
    """Whether two values of an input count pages or records."""
    was, now = number_of(old), number_of(new)
    if now is None or (old is not None and was is None):
        return "none", 1
    if was is not None:
        if now - was == count and (count != 1 or _OFFSETS.search(where.name)):
            return "offset", was
        return ("page", was) if now - was == 1 else ("none", 1)
    if now == count and (now > 2 or _OFFSETS.search(where.name)):
        return "offset", 0
    return ("page", now - 1) if now in (1, 2) else ("none", 1)


def _cursor_adverts(first: Exchange, value: Json) -> list[Advert]:
    """Where the first answer named the second request's cursor."""
    if not isinstance(value, str | int) or isinstance(value, bool) or value == "":
        return []
    found = [Advert(form="cursor", place=place) for place, leaf in leaves(first.body) if str(leaf) == str(value)]
    # A record's own id may be the cursor: then there is no place for it outside of the records.
    outside = [each for each in found if not any(isinstance(step, int) for step in each.place)]
    headers = [Advert(form="cursor", header=name) for name, text in first.answer_headers.items() if text == str(value)]
    return outside + headers


def _adverts(first: Exchange, second: Exchange) -> list[Advert]:
    """Where the first answer named the second request's whole address."""
    found = []
    for place, leaf in leaves(first.body):
        if isinstance(leaf, str) and _leads_to(leaf, second):
            found.append(Advert(form="url", place=place))
    for link in _REL_NEXT.findall(first.answer_headers.get("link", "")):
        if _leads_to(link, second):
            found.append(Advert(form="link", header="link"))
    return found


def _leads_to(address: str, second: Exchange) -> bool:
    parts = urlsplit(address)
    if "?" not in address or not parts.path.endswith(second.path.rsplit("/", 1)[-1]):
        return False
    return sorted(parse_qsl(parts.query, keep_blank_values=True)) == sorted(second.params)


def _ended(advert: Advert, last: Exchange) -> Advert:
    """The advert with what the last recorded page shows in its place."""
    if advert.header:
        return advert
    value = at(last.body, advert.place)
    inner = at(last.body, advert.place[:-1])
    missing = isinstance(inner, Mapping) and advert.place[-1] not in inner
    return attrs.evolve(advert, last=value if not isinstance(value, str) or value == "" else None, missing=missing)


def _whole(
    recorded: Sequence[Exchange], table: Place, kind: Kind, pager: Where, start: int, adverts: list[Advert]
) -> Paging:
    size = _size(recorded, table, pager)
    pages = [each for each in recorded if len(at(each.body, table) or ())]
    counts = [len(at(each.body, table)) for each in pages]
    total = sum(counts)
    numbers = _numbers(recorded, table)
    page_of = [number_of(inputs_of(each).get(pager)) for each in recorded]
    current = [
        place
        for place, values in numbers.items()
        if kind == "page" and all(v == (p if p is not None else start) for v, p in zip(values, page_of, strict=True))
    ]
    constant = {place: values[0] for place, values in numbers.items() if len(set(values)) == 1 and place not in current}
    named_pages = re.compile(r"page")
    return Paging(
        kind=kind,
        pager=pager,
        start=start,
        size=size,
        default=counts[0] if counts else 100,
        adverts=adverts,
        totals=[p for p, v in constant.items() if _is_total(p, v, total) and not named_pages.search(_name(p))],
        pages=[p for p, v in constant.items() if named_pages.search(_name(p)) and v >= len(pages) and not _is_size(p)],
        current=current,
        more=_flags(recorded),
        total_headers=[name for name in recorded[0].answer_headers if "total" in name and "page" not in name],
        page_headers=[name for name in recorded[0].answer_headers if "total" in name and "page" in name],
        proven=len(pages) > 1,
    )


def _is_total(place: Place, value: int, total: int) -> bool:
    return "total" in _name(place) or (value == total and "count" in _name(place)) or value == total > 3


def _is_size(place: Place) -> bool:
    return bool(re.search(r"per|size|limit", _name(place)))


def _name(place: Place) -> str:
    return str(place[-1]).lower() if place else ""


def _numbers(recorded: Sequence[Exchange], table: Place) -> dict[Place, list[int]]:
    """Whole numbers that stand in every answer outside of the records, with their values in order."""
    found: dict[Place, list[int]] = {}
    for place, leaf in leaves(recorded[0].body):
        if isinstance(leaf, bool) or not isinstance(leaf, int) or place[: len(table) + 1] == (*table, 0):
            continue
        values = [at(each.body, place) for each in recorded]
        if all(isinstance(each, int) and not isinstance(each, bool) for each in values) and not _inside(place):
            found[place] = values
    return found


def _inside(place: Place) -> bool:
    return any(isinstance(step, int) for step in place)


def _flags(recorded: Sequence[Exchange]) -> list[Place]:
    """Booleans that are true on the first page and false on the last."""
    if len(recorded) < 2:
        return []
    first, last = recorded[0].body, recorded[-1].body
    return [place for place, leaf in leaves(first) if leaf is True and at(last, place) is False and not _inside(place)]


def _size(recorded: Sequence[Exchange], table: Place, pager: Where | None) -> Where | None:
    """The input that bounded the first page: the same in all requests, and named or counted like a size."""
    counts = [len(at(each.body, table) or ()) for each in recorded]
    for where, value in inputs_of(recorded[0]).items():
        number = number_of(value)
        if where == pager or number is None or number < max(counts):
            continue
        if any(inputs_of(each).get(where) != value for each in recorded):
            continue
        if _SIZES.search(where.name) or number == counts[0]:
            return where
    return None
