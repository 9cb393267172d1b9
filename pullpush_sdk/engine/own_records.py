"""Records that one flow of a two-way pair made: an order that was written to the other shop has another id there.

Let W carry orders from A to B, and R the other way. What W wrote comes to R as an order of B that nobody has heard of;
delivered, it would be a second order in A, and so on for ever. It is told by the id that B gave it when W wrote it. Of
such a record R carries back only its statuses, as a change of A's own order.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from functools import lru_cache
from typing import Any, cast

from pullpush_sdk.canonical import CanonicalType, dumps, fields_of, loads

from .arrivals import Arrival
from .content import content_of, digest_of

__all__ = ["BACK", "as_change_of", "last_part", "mirrored", "said_statuses"]

Json = Any

BACK = "back:"
"""Begins key and identity of a change that goes back: the source may have a record of its own of the original's id."""


def last_part(id_: str) -> str:
    """Some ids are paths whose last part is the id that records show."""
    return id_.rpartition("/")[2]


def mirrored(identity: str) -> str:
    """How the flow in the other direction names the same record."""
    return identity.removeprefix(BACK) if identity.startswith(BACK) else BACK + identity


def as_change_of(original: str, arrival: Arrival, kind: CanonicalType) -> Arrival | None:
    """The arrival of our own record as a change of its original; None where it says nothing that goes back."""
    if arrival.verb == "deleted":
        return None
    id_field, _statuses = _names(cast("Hashable", kind.record))
    said = said_statuses(kind, loads(arrival.payload), arrival.fields)
    if not said:
        return None
    change = {id_field: original, **said}
    return Arrival(
        key=BACK + original,
        identity=BACK + original,
        seen_as=BACK + original,
        verb="updated",
        version=arrival.version,
        fields=None,
        payload=dumps(change),
        digest=digest_of(content_of(kind)(change)),
        transport_id=arrival.transport_id,
        native_id=arrival.native_id,
        echo=None if arrival.echo is None else said,
    )


def said_statuses(kind: CanonicalType, payload: Mapping[str, Json], fields: frozenset[str] | None) -> dict[str, Json]:
    """The statuses that an event of these `fields` (None: all) speaks of, by wire name."""
    _id_field, statuses = _names(cast("Hashable", kind.record))
    return {
        wire: payload[wire] for wire, name in statuses.items() if wire in payload and (fields is None or name in fields)
    }


@lru_cache(maxsize=64)
def _names(record: Hashable) -> tuple[str, dict[str, str]]:
    """The wire name of the id, and wire name to name of the statuses."""
    fields = fields_of(record)  # type: ignore[arg-type]  # a cached function takes hashable arguments only
    id_field = next(each.wire for each in fields if each.required)
    return id_field, {each.wire: each.name for each in fields if each.kind.name == "enum" and "status" in each.name}
