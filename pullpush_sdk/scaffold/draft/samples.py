"""Sample files of a draft: recorded exchanges as they are, else an answer made of the document's own examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any
from urllib.parse import urlencode

from pullpush_sdk.openapi import OPEN, made_value, paging_of

from .propose import Proposal
from .requests import list_request, opened_of
from .resources import Listing
from .shapes import Sketch

__all__ = ["records_of", "sample_of"]

Json = Any


def sample_of(listing: Listing, sketch: Sketch, proposals: Sequence[Proposal]) -> Json:
    """The content of a list's sample file."""
    operation = listing.operation
    if operation.exchanges:
        return {"exchanges": list(operation.exchanges)}
    body = operation.example
    if not isinstance(body, dict | list):
        body = made_value(operation.answer) if operation.answer is not None else {}
        rows = records_of(body, listing.records)
        for record in rows:
            _fit(record, proposals)
        _end(body, listing, len(rows))
        _alone(body, listing.records)
    else:
        body = _shown_end(deepcopy(body), listing)
    opened = opened_of(sketch)
    asked, _ = list_request(listing, opened)
    params = urlencode(asked.get("params", {}), safe="{}")
    request = {
        "method": operation.method,
        "path": f"{asked['path']}?{params}" if params else asked["path"],
        "headers": {**opened.headers, **_headers(sketch)},
    } | ({"body": asked["json"]} if "json" in asked else {})
    return {"exchanges": [{"request": request, "answer": {"status": 200, "headers": {}, "body": body}}]}


def _alone(body: Json, records: str) -> None:
    """Empty the lists that stand beside the records of a made-up answer: errors, entries of what else is asked for."""
    for step in filter(None, records.split(".")):
        if not isinstance(body, dict):
            return
        for name, value in body.items():
            if name != step and isinstance(value, list) and value and isinstance(value[0], dict):
                body[name] = []
        body = body.get(step)


def _end(body: Json, listing: Listing, count: int) -> None:
    """Make a made-up answer the only page: nothing behind it, and as many records as it shows."""
    operation = listing.operation
    told = paging_of(operation.params, operation.answer, operation.answer_headers, listing.record)
    ends = ((told.cursor, None), (told.url, None), (told.more, False), (told.total, count), (told.pages, 1))
    for place, value in ends:
        holder = body
        for step in (place or ())[:-1]:
            holder = holder.get(step) if isinstance(holder, dict) else None
        if place and isinstance(holder, dict) and place[-1] in holder:
            holder[place[-1]] = value


def _shown_end(body: Json, listing: Listing) -> Json:
    """A document's example with the place of the next page in it: on a last page many leave it out."""
    operation = listing.operation
    told = paging_of(operation.params, operation.answer, operation.answer_headers, listing.record)
    place = {"cursor": told.cursor, "next_url": told.url}.get(told.kind)
    holder = body
    for step in (place or ())[:-1]:
        if not isinstance(holder, dict):
            return body
        if not isinstance(holder.get(step), dict):
            if holder.get(step):
                return body
            holder[step] = {}
        holder = holder[step]
    if place and isinstance(holder, dict):
        holder.setdefault(place[-1], None)
    return body


def records_of(body: Json, path: str) -> list[Json]:
    """The records at a dotted path of an answer's body; none where there is no list."""
    for step in filter(None, path.split(".")):
        body = body.get(step) if isinstance(body, dict) else None
    return body if isinstance(body, list) else []


def _fit(record: Json, proposals: Sequence[Proposal]) -> None:
    """Put values where a document gives none that the proposed rules can read."""
    for each in proposals:
        *outer, last = each.names or ("",)
        place = record
        for name in outer:
            place = place.get(name) if isinstance(place, dict) else None
        if not isinstance(place, dict) or last not in place:
            continue
        if each.inner:
            for item in place[last] if isinstance(place[last], list) else ():
                _fit(item, each.inner)
        elif place[last] == OPEN and isinstance(each.rule, Mapping):
            place[last] = _read_by(each.rule)


def _read_by(rule: Mapping[str, Json]) -> Json:
    match rule.get("transform"):
        case "toDateTime":
            return "2026-01-31T10:00:00" if "timezone" in rule else "2026-01-31T10:00:00Z"
        case "toDecimal" | "toNumberOrNull":
            return "1.50"
        case "lookup":
            return next(iter(rule["table"]))
    return OPEN


def _headers(sketch: Sketch) -> Mapping[str, str]:
    auth = sketch.auth
    match auth.get("kind"):
        case "api_key":
            place = auth["place"]
            return {place["header"]: auth["key"]} if "header" in place else {}
        case "basic":
            return {"Authorization": "Basic {{username}}:{{password}}"}
        case "none":
            return {}
    return {"Authorization": "Bearer {{access_token}}"}
