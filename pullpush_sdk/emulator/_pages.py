"""A page of a list, as the recorded ones look: the same places, with what this page says."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, unquote, urlencode, urlsplit

import attrs

from pullpush_sdk.samples import Asked

from ._endpoints import Endpoint
from ._facts import PageView
from ._inputs import Where, number_of
from ._leaves import at, put, without
from ._paging import Advert

__all__ = ["begins_behind", "page_of"]

Json = Any
Record = Mapping[str, Json]
_GONE = object()
_CURSOR = re.compile(r"c(\d+)\.(.*)", re.DOTALL)
_WITNESSES = 5
"""How many records a cursor names."""


@attrs.frozen(kw_only=True)
class _Page:
    """One page: its rows' place in the whole list, and the cursor behind each row."""

    view: PageView
    cursors: Sequence[Json]


def page_of(
    endpoint: Endpoint, records: Sequence[Record], asked: Asked, inputs: Mapping[Where, Json], *, key: str
) -> tuple[Json, dict[str, str]]:
    """The body and headers that answer a list request with these records, told apart by their field `key`."""
    page = _page(endpoint, records, inputs, key)
    view = page.view
    # Rows come last: whatever is put before them copies a small body.
    body = put(endpoint.recorded[0].body, endpoint.table, [])
    headers: dict[str, str] = {}
    for fact in endpoint.paging.facts:
        if fact.header:
            headers[fact.header] = str(fact.value(view))
        elif at(body, fact.place[:-1]) is not None:
            body = put(body, fact.place, fact.value(view))
    for advert in endpoint.paging.adverts:
        value = _told(advert, endpoint, asked, page)
        if advert.header and value is not None:
            headers[advert.header] = str(value)
        elif advert.place:
            body = without(body, advert.place) if value is _GONE else put(body, advert.place, value)
    body = put(body, endpoint.table, _rows(endpoint, records[view.begin : view.begin + view.count], page.cursors))
    return body, headers


def _page(endpoint: Endpoint, records: Sequence[Record], inputs: Mapping[Where, Json], key: str) -> _Page:
    paging = endpoint.paging
    size = _size(endpoint, inputs) if paging.kind != "none" or paging.size else max(len(records), 1)
    begin = min(_begin(endpoint, records, inputs, size, key), len(records)) if paging.kind != "none" else 0
    count = min(size, len(records) - begin)
    sample: Json = next((each.sample for each in paging.adverts if each.form == "cursor"), None)
    numeric = isinstance(sample, int)
    cursors = [
        end if numeric else _cursor(records[max(0, end - _WITNESSES) : end], end, key)
        for end in range(begin + 1, begin + count + 1)
    ]
    view = PageView(
        total=len(records), begin=begin, count=count, size=size, start=paging.start if paging.kind == "page" else 1
    )
    return _Page(view=view, cursors=cursors)


def _rows(endpoint: Endpoint, shown: Sequence[Record], cursors: Sequence[Json]) -> list[Json]:
    """The records as rows of the recorded form; a row's own cursor is filled in."""
    if not endpoint.core:
        return list(shown)
    sample: Json = next((row for each in endpoint.recorded for row in at(each.body, endpoint.table) or ()), {})
    rows = []
    for record, cursor in zip(shown, cursors, strict=True):
        row = put(sample, endpoint.core, record) if sample else {str(endpoint.core[0]): record}
        rows.append({**row, "cursor": cursor} if "cursor" in row else row)
    return rows


def _size(endpoint: Endpoint, inputs: Mapping[Where, Json]) -> int:
    paging = endpoint.paging
    asked = number_of(inputs.get(paging.size)) if paging.size is not None else None
    size = asked if asked is not None and asked > 0 else paging.default
    return min(size, paging.maximum or size)


def _begin(endpoint: Endpoint, records: Sequence[Record], inputs: Mapping[Where, Json], size: int, key: str) -> int:
    """How many records come before this page. What the request does not say begins at the front."""
    paging = endpoint.paging
    value = inputs.get(paging.pager) if paging.pager is not None else None
    if value in (None, ""):
        return 0
    if paging.after is not None:
        return _behind_value(records, paging.after, value)
    if paging.kind == "cursor":
        return _behind(str(value), records, key)
    number = number_of(value)
    if number is None:
        return 0
    return max(0, number - paging.start) * (1 if paging.kind == "offset" else size)


def begins_behind(endpoint: Endpoint, inputs: Mapping[Where, Json], count: int) -> bool:
    """Whether a request for a counted page begins behind the last of so many records."""
    begin = _begin(endpoint, (), inputs, _size(endpoint, inputs), "")
    return begin > 0 and begin >= count


def _behind_value(records: Sequence[Record], field: str, value: Json) -> int:
    """How many records a list sorted by a field has up to a value, whether or not a record still has it."""
    found = next((n + 1 for n, each in enumerate(records) if str(each.get(field)) == str(value)), None)
    number = number_of(value)
    if found is not None or number is None:
        return found or 0
    return sum((known := number_of(each.get(field))) is not None and known <= number for each in records)


def _cursor(before: Sequence[Record], end: int, key: str) -> str:
    """A cursor behind so many records, that names the last few of them."""
    return f"c{end}.{','.join(quote(str(each.get(key)), safe='') for each in reversed(before))}"


def _behind(cursor: str, records: Sequence[Record], key: str) -> int:
    """How many records a cursor of ours leaves behind, wherever those that it names stand now.

    No platform's cursor follows a record that an edit moves to the end of the list. How far the list has shifted, most
    of the named ones say; the cursor stands behind the last of these.
    """
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        return int(cursor) if cursor.isascii() and cursor.isdigit() else 0
    end = int(found[1])
    then = {unquote(name): end - back for back, name in enumerate(found[2].split(","))}
    now: dict[str, int] = {}
    for place, each in enumerate(records, 1):
        if (name := str(each.get(key))) in then:
            now.setdefault(name, place)
    shifts = Counter(now[name] - then[name] for name in then if name in now)
    if not shifts:
        return end
    ((shift, _),) = shifts.most_common(1)
    return max(place for name, place in now.items() if place - then[name] == shift)


def _told(advert: Advert, endpoint: Endpoint, asked: Asked, page: _Page) -> Json:
    """What an advert says on this page; on the last one what the recorded last page says, or `_GONE`."""
    paging, view = endpoint.paging, page.view
    if not view.more:
        if advert.header:
            return None
        # Relay names the last row's cursor also where nothing follows; whether it is read is what the flag says.
        keeps = advert.form == "cursor" and advert.place[-1] == "endCursor" and page.cursors
        return page.cursors[-1] if keeps else _GONE if advert.missing else advert.last
    value: Json = page.cursors[-1] if page.cursors else view.begin
    if paging.kind == "offset":
        value = paging.start + view.begin + view.count
    elif paging.kind == "page":
        value = paging.start + view.begin // view.size + 1
    if advert.form == "cursor":
        return str(value) if isinstance(advert.sample, str) else value
    url = _address(advert, endpoint, asked, value)
    return f'<{url}>; rel="next"' if advert.form == "link" else url


def _address(advert: Advert, endpoint: Endpoint, asked: Asked, value: Json) -> str:
    """The next page's address, as absolute as the recorded one."""
    assert endpoint.paging.pager is not None
    pager = endpoint.paging.pager.name_as_sent
    query = [(name, each) for name, each in asked.params if name != pager]
    parts = urlsplit(str(advert.sample))
    origin = f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""
    return f"{origin}{asked.path}?{urlencode([*query, (pager, value)])}"
