"""Recorded endpoints together with documented ones: samples win on what they show, and contradictions are told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs

from pullpush_sdk.samples import Described, Exchange

from ._credentials import Demand
from ._endpoints import Endpoint, segments_of
from ._findings import NotProven
from ._inputs import is_placeholder
from ._lacking import lacking
from ._leaves import at

__all__ = ["combined", "contradictions"]

Json = Any
_MOST = 20


def combined(recorded: Sequence[Endpoint], described: Sequence[Endpoint]) -> list[Endpoint]:
    """Every endpoint once: recorded ones with what only a document tells of them, then those that nobody recorded."""
    found = []
    for each in recorded:
        twin = next((other for other in described if _is_same(each, other)), None)
        found.append(each if twin is None else _merged(each, twin))
    return found + [each for each in described if not any(_is_same(other, each) for other in recorded)]


def _is_same(recorded: Endpoint, described: Endpoint) -> bool:
    return (recorded.method, recorded.segments) == (described.method, described.segments)


def _merged(recorded: Endpoint, described: Endpoint) -> Endpoint:
    found = recorded
    accepts = all(not lacking(described, each) for each in recorded.recorded)
    if accepts:
        found = attrs.evolve(found, takes=described.takes, needs=described.needs)
    if recorded.kind != "list" or described.kind != "list":
        return found
    paging, told = recorded.paging, described.paging
    if not paging.proven and told.proven and told.kind != "none":
        paging = told
    elif not paging.proven and told.proven:
        paging = attrs.evolve(paging, proven=True)
    elif told.size is not None and paging.size in (None, told.size):
        # How much comes unasked, and the most that comes, recorded pages seldom show.
        paging = attrs.evolve(paging, size=told.size, maximum=paging.maximum or told.maximum)
        if recorded.paging.size is not None:
            paging = attrs.evolve(paging, default=told.default)
    found = attrs.evolve(found, paging=paging, filters={**described.filters, **recorded.filters})
    if recorded.since is None and described.since is not None:
        found = attrs.evolve(found, since=described.since, times=recorded.times or described.times)
    return found


def contradictions(
    exchanges: Sequence[Exchange],
    described: Sequence[Endpoint],
    documents: Sequence[Described],
    asked: Sequence[Demand],
) -> list[NotProven]:
    """Where accepted exchanges and documents say different things; `asked` are the credentials of the documents."""
    if not documents:
        return []
    found: dict[str, NotProven] = {}
    for each in exchanges:
        twin = next((one for one in described if one.fits(each) is not None), None)
        for words in _against(each, twin, asked) if each.ok else ():
            what = f"{each.method} {each.path}: {words}"
            found.setdefault(
                what,
                NotProven(
                    code="contradiction",
                    what=what,
                    why=f"the sample {each.sample} shows it, the document {documents[0].sample} says otherwise",
                    record="the sample is played; correct the document, or record it again",
                ),
            )
    return list(found.values())[:_MOST]


def _against(exchange: Exchange, twin: Endpoint | None, asked: Sequence[Demand]) -> Iterator[str]:
    if twin is None:
        if not _is_token(exchange):
            yield "the document has no such request"
        return
    missing = lacking(twin, exchange)
    if missing:
        yield f"was accepted although {missing}"
    brought = {name for name, text in exchange.headers.items() if is_placeholder(text)}
    wanted = {each.header for each in asked if each.header}
    if brought and wanted and not brought & wanted and not twin.is_open:
        yield f"signs in by {', '.join(sorted(brought))}, documented is {', '.join(sorted(wanted))}"
    if twin.kind == "list":
        shown = at(exchange.body, twin.table)
        if not isinstance(shown, list):
            yield f"has no list at {'.'.join(map(str, twin.table)) or 'its root'}"
            return
        yield from _rows(shown, twin)


def _rows(rows: Sequence[Json], twin: Endpoint) -> Iterator[str]:
    """Fields whose recorded values are of another kind than the documented ones."""
    documented: Mapping[str, Json] = next(iter(twin.rows), {})
    for name, value in documented.items():
        recorded = next((row[name] for row in rows if isinstance(row, Mapping) and row.get(name) is not None), None)
        if recorded is not None and value is not None and _form(recorded) != _form(value):
            yield f"{name} is {_form(recorded)}, documented as {_form(value)}"


def _form(value: Json) -> str:
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, Mapping):
        return "an object"
    return "a list" if isinstance(value, list) else "a text" if isinstance(value, str) else "a number"


def _is_token(exchange: Exchange) -> bool:
    return any(part in ("token", "oauth", "authorize", "login") for part in segments_of(exchange.path.lower()))
