"""How a list goes on, as recorded pages show it; nothing is taken from a manifest.

Two pages are two requests of one list that differ in one input. Where its value came from tells the list's kind.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

import attrs

from pullpush_sdk.samples import Exchange

from ._facts import Fact, facts_of
from ._inputs import Where, inputs_of, is_placeholder, number_of
from ._leaves import Place, at, leaves

__all__ = ["Advert", "Paging", "infer_paging"]

Json = Any
Kind = Literal["none", "page", "offset", "cursor"]
_SIZES = re.compile(r"size|limit|per_?page|first|top|count|take|max|rows|length")
_OFFSETS = re.compile(r"offset|skip|start|from")
_REL_NEXT = re.compile(r'<([^>]*)>\s*;[^,]*rel="?next"?', re.IGNORECASE)


@attrs.frozen(kw_only=True)
class Advert:
    """Where an answer says how to go on: a cursor or a URL at a place of the body or in a header.

    `sample` is the recorded text. `last` is what stands there on the last page; `missing` says that the place itself
    is not there then.
    """

    form: Literal["cursor", "url", "link"]
    place: Place = ()
    header: str = ""
    sample: Json = None
    last: Json = None
    missing: bool = False


@attrs.frozen(kw_only=True)
class Paging:
    """How a list is divided.

    `pager` is the input that says which page, `start` its first number. `size` is the input for the page size where
    one was seen, `default` the size otherwise, `maximum` the most that an answer holds. `adverts` say where an answer
    names the next page; `after` is the record's field that is the cursor where no answer names one. `facts` are
    further places of an answer and its headers that tell of the page. `proven` is false where one page was recorded.
    """

    kind: Kind = "none"
    pager: Where | None = None
    start: int = 1
    size: Where | None = None
    default: int = 100
    maximum: int | None = None
    adverts: Sequence[Advert] = ()
    after: str | None = None
    facts: Sequence[Fact] = ()
    proven: bool = False


def infer_paging(recorded: Sequence[Exchange], table: Place) -> Paging:
    """The paging of one list from its recorded answers, whose records stand at `table`."""
    for first, second in combinations(recorded, 2):
        found = _pair(first, second, table)
        if found.kind != "none":
            return _whole(found, recorded, first, table)
    count = max((len(_rows(each, table)) for each in recorded), default=0)
    facts = facts_of(recorded[:1], table, [0]) if recorded else []
    return Paging(default=max(count, 1), size=_size(recorded[:1], table, None), facts=facts)


def _rows(exchange: Exchange, table: Place) -> list[Json]:
    rows = at(exchange.body, table)
    return rows if isinstance(rows, list) else []


def _pair(first: Exchange, second: Exchange, table: Place) -> Paging:
    """How one recorded page leads to another; kind "none" where it does not."""
    before, after = inputs_of(first), inputs_of(second)
    differing = [where for where in {**before, **after} if before.get(where) != after.get(where)]
    adverts = _adverts(first, second)
    rows = _rows(first, table)
    if not differing or not rows or (len(differing) > 1 and not adverts):
        return Paging()
    for where in sorted(differing, key=lambda each: (bool(_SIZES.search(each.name)), each.part, str(each.place))):
        if where not in after or _filters_by(where, after[where], second, table):
            continue
        kind, start = _numbered(before.get(where), after[where], len(rows), where)
        named = _cursor_adverts(first, after[where])
        if kind != "none":
            named = [each for each in named if any("next" in str(step).lower() for step in (*each.place, each.header))]
            return Paging(kind=kind, pager=where, start=start, adverts=[*named, *adverts])
        if named or adverts:
            return Paging(kind="cursor", pager=where, adverts=[*named, *adverts])
        field = _last_field(rows[-1], after[where])
        if field is not None:
            return Paging(kind="cursor", pager=where, after=field)
    return Paging()


def _filters_by(where: Where, value: Json, exchange: Exchange, table: Place) -> bool:
    """Whether an input picks records by a field of theirs rather than a page."""
    rows = [each for each in _rows(exchange, table) if isinstance(each, Mapping)]
    names = {str(name).lower(): name for name in rows[0]} if rows else {}
    return where.name in names and all(str(row.get(names[where.name])) == str(value) for row in rows)


def _numbered(old: Json, new: Json, count: int, where: Where) -> tuple[Kind, int]:
    """Whether two values of an input count pages or records, and from which number."""
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
    """Where the first answer named the second request's cursor, outside of its records."""
    if not isinstance(value, str | int) or isinstance(value, bool) or value == "":
        return []
    found = [
        Advert(form="cursor", place=place, sample=leaf)
        for place, leaf in leaves(first.body)
        if place and str(leaf) == str(value) and not any(isinstance(step, int) for step in place)
    ]
    headers = first.answer_headers.items()
    return found + [Advert(form="cursor", header=name, sample=text) for name, text in headers if text == str(value)]


def _last_field(record: Json, value: Json) -> str | None:
    """The field of a page's last record that the next request names."""
    fields = record.items() if isinstance(record, Mapping) else ()
    return next((str(name) for name, each in fields if value not in (None, "") and str(each) == str(value)), None)


def _adverts(first: Exchange, second: Exchange) -> list[Advert]:
    """Where the first answer named the second request's whole address."""
    found = [
        Advert(form="url", place=place, sample=leaf)
        for place, leaf in leaves(first.body)
        if isinstance(leaf, str) and _leads_to(leaf, second)
    ]
    links = _REL_NEXT.findall(first.answer_headers.get("link", ""))
    return found + [Advert(form="link", header="link", sample=link) for link in links if _leads_to(link, second)]


def _leads_to(address: str, second: Exchange) -> bool:
    parts = urlsplit(address)
    if "?" not in address or not parts.path.endswith(second.path.rsplit("/", 1)[-1]):
        return False
    given = [pair for pair in second.params if not is_placeholder(pair[1])]
    named = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if not is_placeholder(pair[1])]
    return sorted(given) == sorted(named)


def _ended(advert: Advert, last: Exchange) -> Advert:
    """The advert with what the last recorded page shows in its place."""
    if advert.header:
        return advert
    value = at(last.body, advert.place)
    inner = at(last.body, advert.place[:-1])
    missing = isinstance(inner, Mapping) and advert.place[-1] not in inner
    # Still a way on: the last page itself was not recorded.
    goes_on = value not in (None, "", 0, False)
    return attrs.evolve(advert, last=None if goes_on else value, missing=missing)


def _whole(found: Paging, recorded: Sequence[Exchange], first: Exchange, table: Place) -> Paging:
    """A pair's paging with what the other pages of the same walk say."""
    pages, begins = _walk(found, recorded, first, table)
    size = _size(pages, table, found.pager)
    counts = [len(_rows(each, table)) for each in pages]
    asked = number_of(inputs_of(first).get(size)) if size is not None else None
    return attrs.evolve(
        found,
        size=size,
        default=counts[0] or 1,
        maximum=counts[0] if asked is not None and asked > counts[0] and counts[1] else None,
        adverts=[_ended(each, pages[-1]) for each in found.adverts],
        facts=facts_of(pages, table, begins, start=found.start if found.kind == "page" else 1),
        proven=True,
    )


def _walk(
    found: Paging, recorded: Sequence[Exchange], first: Exchange, table: Place
) -> tuple[list[Exchange], list[int]]:
    """The recorded pages of the walk that `first` begins, and how many records come before each."""
    assert found.pager is not None
    size = len(_rows(first, table))
    pages, begins = [first], [0]
    if found.kind == "cursor":
        while (
            following := next((each for each in recorded if _goes_on(found, pages[-1], each, table)), None)
        ) is not None:
            if any(each is following for each in pages):
                break
            begins.append(begins[-1] + len(_rows(pages[-1], table)))
            pages.append(following)
        return pages, begins
    own = _others(first, found.pager)
    numbered = []
    for each in recorded:
        number = number_of(inputs_of(each).get(found.pager))
        if each is not first and number is not None and number > found.start and _others(each, found.pager) == own:
            numbered.append((number - found.start, each))
    for number, each in sorted(numbered, key=lambda pair: pair[0]):
        pages.append(each)
        begins.append(number if found.kind == "offset" else number * size)
    return pages, begins


def _others(exchange: Exchange, pager: Where) -> dict[Where, Json]:
    return {where: value for where, value in inputs_of(exchange).items() if where != pager}


def _goes_on(found: Paging, page: Exchange, other: Exchange, table: Place) -> bool:
    """Whether a page names another as the one behind it."""
    assert found.pager is not None
    value = inputs_of(other).get(found.pager)
    if value in (None, "") or other is page:
        return False
    if found.after is not None:
        rows = _rows(page, table)
        same = _others(page, found.pager) == _others(other, found.pager)
        return bool(rows) and same and str(rows[-1].get(found.after)) == str(value)
    if any(each.form == "cursor" for each in found.adverts):
        named = {(each.place, each.header) for each in _cursor_adverts(page, value)}
        return any((each.place, each.header) in named for each in found.adverts)
    return bool(_adverts(page, other))


def _size(pages: Sequence[Exchange], table: Place, pager: Where | None) -> Where | None:
    """The input that bounded the first page: the same in all requests, and named or counted like a size."""
    if not pages:
        return None
    count = len(_rows(pages[0], table))
    numbers = {where: number_of(value) for where, value in inputs_of(pages[0]).items() if where != pager}
    constant = {
        where: number
        for where, number in numbers.items()
        if number is not None and all(number_of(inputs_of(each).get(where)) == number for each in pages)
    }
    named = [where for where in constant if _SIZES.search(where.name)]
    counted = [where for where, number in constant.items() if number == count and len(pages) > 1]
    return next(iter([*named, *counted]), None)
