"""Look-ups that no sample shows: a list asked for one record, played as the manifest means it, and reported.

A platform that did not hear the question would answer with its first page, and a connector would find nothing there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from pullpush_sdk.samples import Asked

from ._endpoints import Endpoint
from ._findings import NotProven
from ._inputs import Where, inputs_of
from ._places import place_of

if TYPE_CHECKING:
    from ._fallback import Use

__all__ = ["with_look_up"]

Json = Any
_WHOLE = re.compile(r"\{\{\s*record\.([\w.]+)\s*\}\}")


def with_look_up(
    use: Use, asked: Asked, endpoints: Sequence[Endpoint], found: Sequence[Endpoint]
) -> tuple[list[Endpoint], list[NotProven]]:
    """The endpoints with the filters by which a manifest's `find` asks for one record, where nothing tells of them.

    A field that recorded requests are known to pick by is not played under another name; a document that does not
    have the parameter is believed.
    """
    changed: dict[int, Endpoint] = {}
    findings: list[NotProven] = []
    for endpoint in found:
        if endpoint.kind != "list" or not use.match:
            continue
        shown = {where for each in endpoint.recorded for where in inputs_of(each)}
        filters = {
            where: field
            for where, field in _asked_fields(use.match, asked, endpoint).items()
            if where not in shown and where not in endpoint.filters and field not in endpoint.filters.values()
        }
        if not filters or endpoint.documented:
            continue
        changed[id(endpoint)] = attrs.evolve(endpoint, filters={**endpoint.filters, **filters})
        named = ", ".join(where.name_as_sent for where in filters)
        findings.append(
            NotProven(
                code="no-filter",
                what=f"that {named} finds one record ({use.place})",
                why="no recorded request has it",
                record="record one request with it",
            )
        )
    return [changed.get(id(each), each) for each in endpoints], findings


def _asked_fields(match: Mapping[str, Any], asked: Asked, endpoint: Endpoint) -> dict[Where, str]:
    """The inputs that hold a canonical field and nothing else, with the native field that must equal it."""
    natives = {rule: path for path, rule in match.items() if isinstance(rule, str)}
    found = {}
    for where, value in inputs_of(asked).items():
        whole = _WHOLE.fullmatch(value) if isinstance(value, str) else None
        place = place_of(natives[whole[1]]) if whole is not None and whole[1] in natives else ()
        inside = place[len(endpoint.core) :] if place[: len(endpoint.core)] == endpoint.core else ()
        if len(inside) == 1 and isinstance(inside[0], str):
            found[where] = inside[0]
    return found
