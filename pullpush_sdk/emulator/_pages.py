"""A page of a list, as the recorded ones look: the same places, with what this page says."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from ._endpoints import Endpoint
from ._inputs import Where, number_of
from ._leaves import Place, at, put
from ._paging import Advert

__all__ = ["page_of"]

Json = Any
_CURSOR = "c"


def page_of(
    endpoint: Endpoint, rows: Sequence[Json], inputs: Mapping[Where, Json], *, address: str
) -> tuple[Json, dict[str, str]]:
    """The body and headers that answer a list request; `address` is the request's URL without its query."""
    paging = endpoint.paging
    size = _size(endpoint, inputs)
    begin = _begin(endpoint, inputs, size)
    shown = list(rows[begin : begin + size]) if paging.kind != "none" else list(rows)
    following = begin + size if paging.kind != "none" and begin + size < len(rows) else None
    first = endpoint.recorded[0]
    body = put(copy.deepcopy(first.body), endpoint.table, shown)
    pages = max(1, math.ceil(len(rows) / size))
    for places, value in (
        (paging.totals, len(rows)),
        (paging.pages, pages),
        (paging.current, paging.start + begin // size),
        (paging.more, following is not None),
    ):
        for place in places:
            body = put(body, place, value)
    headers = {name: str(len(rows)) for name in paging.total_headers} | {
        name: str(pages) for name in paging.page_headers
    }
    for advert in paging.adverts:
        body = _told(body, advert, endpoint, inputs, following, size, headers, address)
    return body, headers


def _size(endpoint: Endpoint, inputs: Mapping[Where, Json]) -> int:
    paging = endpoint.paging
    asked = number_of(inputs.get(paging.size)) if paging.size is not None else None
    return asked if asked is not None and asked > 0 else paging.default


def _begin(endpoint: Endpoint, inputs: Mapping[Where, Json], size: int) -> int:
    """How many records come before this page. What the request does not say begins at the front."""
    paging = endpoint.paging
    if paging.pager is None:
        return 0
    value = inputs.get(paging.pager)
    if paging.kind == "cursor":
        text = str(value or "")
        return int(text[len(_CURSOR) :]) if text.startswith(_CURSOR) and text[len(_CURSOR) :].isdigit() else 0
    number = number_of(value)
    if number is None:
        return 0
    return number if paging.kind == "offset" else max(0, number - paging.start) * size


def _told(
    body: Json,
    advert: Advert,
    endpoint: Endpoint,
    inputs: Mapping[Where, Json],
    following: int | None,
    size: int,
    headers: dict[str, str],
    address: str,
) -> Json:
    """The body with the way to the next page where the recorded answers name it; headers are added to `headers`."""
    paging = endpoint.paging
    assert paging.pager is not None
    if following is None:
        return _ended(body, advert)
    value: Json = f"{_CURSOR}{following}" if paging.kind == "cursor" else following
    if paging.kind == "page":
        value = paging.start + following // size
    if advert.form == "cursor":
        if advert.header:
            headers[advert.header] = str(value)
            return body
        return put(body, advert.place, value)
    query = {where.name_as_sent: each for where, each in inputs.items() if where.part == "query"}
    query[paging.pager.name_as_sent] = value
    url = f"{address}?{urlencode(query)}"
    if advert.form == "link":
        headers["link"] = f'<{url}>; rel="next"'
        return body
    return put(body, advert.place, url)


def _ended(body: Json, advert: Advert) -> Json:
    if advert.header or not advert.place:
        return body
    if not advert.missing:
        return put(body, advert.place, advert.last)
    return _without(body, advert.place)


def _without(body: Json, place: Place) -> Json:
    changed = copy.deepcopy(body)
    inner = at(changed, place[:-1])
    if isinstance(inner, dict):
        inner.pop(place[-1], None)
    return changed
