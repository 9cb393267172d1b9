"""How a list goes on, seen in its recorded pages: where the value came from by which one request follows another."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from pullpush_sdk.emulator import Paging, infer_paging
from pullpush_sdk.openapi.lists import PAGING_NAMES
from pullpush_sdk.openapi.words import words_of
from pullpush_sdk.samples import gather_samples

__all__ = ["constant_body", "observed_paging"]

Json = Any
_ENDS = {"pages": "total_pages", "total": "total", "more": "has_next"}


def observed_paging(exchanges: Sequence[Json], records: str) -> tuple[dict[str, Json], dict[str, Json], str] | None:
    """Pagination, further response paths and what to check, of a list whose records stand at `records`; None where
    no two of the exchanges are pages of one walk. Names are of no account: only what came from where.
    """
    recorded = [each for each in gather_samples({"draft": {"exchanges": list(exchanges)}}, None).exchanges if each.ok]
    table = tuple(step for step in records.split(".") if step)
    found = infer_paging(recorded, table)
    if not found.proven or found.pager is None or found.pager.part not in ("query", "body"):
        return None
    pager = _name(found.pager.place)
    if found.pager.place[0] == "variables":  # GraphQL: the query's own text says how it goes on
        return None
    ends = _ends(found)
    section: dict[str, Json] = {"kind": found.kind}
    if found.kind in ("page", "offset"):
        first = 1 if found.kind == "page" else 0
        section |= {f"{found.kind}_param": pager} | ({"start": found.start} if found.start != first else {})
    elif found.after is not None:
        section, ends = {"kind": "keyset", "cursor_param": pager, "key": found.after}, {}
    else:
        named = next((each for each in found.adverts if each.form == "cursor"), None)
        advert = named or found.adverts[0]
        place = f"@headers.{advert.header}" if advert.header else _name(advert.place)
        match advert.form:
            case "cursor":
                section, ends = {"kind": "cursor", "cursor_param": pager}, {"next_cursor": place}
            case "url":
                section, ends = {"kind": "next_url"}, {"next_url": place}
            case "link":
                section, ends = {"kind": "link"}, {}
    section |= _size(found)
    if found.pager.part == "body":
        section["place"] = "body"
    return section, ends, _unclear(found, pager, ends)


def constant_body(exchanges: Sequence[Json], paging: Collection[str | None]) -> dict[str, Json]:
    """What every recorded request of a list sent alike as JSON, but the names by which it goes on and credentials."""
    bodies = [body for each in exchanges if isinstance(body := each["request"].get("body"), dict)]
    if not bodies or len(bodies) < len(exchanges):
        return {}
    own = {str(name).partition(".")[0] for name in paging if name}
    return {
        name: value
        for name, value in bodies[0].items()
        if name not in own and all(each.get(name) == value for each in bodies) and "{{" not in str(value)
    }


def _size(found: Paging) -> dict[str, Json]:
    if found.size is None or found.pager is None or found.size.part != found.pager.part:
        return {}
    size: dict[str, Json] = {"size_param": _name(found.size.place)}
    if found.maximum is not None:
        return size | {"size": found.maximum, "max_size": found.maximum}
    return size | {"size": max(50, found.default) if found.default <= 250 else 100}


def _ends(found: Paging) -> dict[str, Json]:
    """The most telling place of an answer by which a list's end is seen."""
    places = {fact.what: f"@headers.{fact.header}" if fact.header else _name(fact.place) for fact in found.facts}
    return next(({key: places[what]} for what, key in _ENDS.items() if what in places), {})


def _unclear(found: Paging, pager: str, ends: Mapping[str, Json]) -> str:
    if found.kind in ("page", "offset") and "_".join(words_of(pager)) not in PAGING_NAMES:
        return f"does {pager} count the {'pages' if found.kind == 'page' else 'records'}?"
    if found.after is not None:
        return f"is the list sorted by {found.after}?"
    if found.kind in ("page", "offset") and not ends and found.size is None:
        return "when is the last page reached?"
    return ""


def _name(place: Sequence[str | int]) -> str:
    return ".".join(map(str, place))
