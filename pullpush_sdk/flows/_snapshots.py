"""Both sides of a flow read whole, as the flow would deliver and as the destination shows it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from datetime import datetime
from typing import Any

import attrs

from pullpush_sdk.canonical import UNSET, CanonicalType, dumps, join_identity, to_sparse
from pullpush_sdk.connector import Event, Page, Verb
from pullpush_sdk.engine.arrivals import Arrival, Preparer
from pullpush_sdk.engine.ports import FlowSpec
from pullpush_sdk.errors import FieldError
from pullpush_sdk.plugins import pages_of

from ._pool import End
from ._report import speaking_of
from ._spill import SourceRow, Spill
from ._validate import checked, is_written_in_python

__all__ = ["read_destination", "read_source", "why_not"]

Json = Any
Told = Callable[[int], None]
_HOOK = "pullpush_snapshot"


def why_not(end: End, canonical_type: str) -> str:
    """Why a side cannot be compared, empty where it can."""
    if canonical_type in end.loaded.connector.snapshots:
        return ""
    return f"{end.connection.name}: connector {end.loaded.name} offers no snapshot of {canonical_type}"


async def read_source(end: End, kind: CanonicalType, spec: FlowSpec, spill: Spill, now: datetime, *, told: Told) -> int:
    """The source's records as the flow would write them; how many could not be read or have no identity.

    Unknown stock and locations that are not mapped are noted as such, and nothing else of them. `told` hears of each
    page's number of records.
    """
    rejected = 0
    async for page in _pages(end, kind):
        found = _Sorted(Preparer(spec, kind), now)
        for event in page.events:
            found.take(event)
        spill.add_source(found.rows)
        if kind.key_is_given:
            spill.add_carriers("source", found.carriers)
        spill.find("unknown", found.unknown)
        spill.find("unmapped", found.unmapped)
        rejected += len(page.rejects) + found.rejected
        told(len(page.events))
    spill.forget_known()
    return rejected


async def read_destination(end: End, kind: CanonicalType, spec: FlowSpec, spill: Spill, *, told: Told) -> int:
    """The destination's records as they are; how many could not be read or have no identity."""
    rejected, names = 0, Preparer(spec, kind)
    async for page in _pages(end, kind):
        rejected += len(page.rejects)
        rows, carriers = [], []
        for event in page.events:
            try:
                record = event.record
                rows.append((names.identity_of(record), names.key_of(record), dumps(to_sparse(record))))
            except FieldError:
                rejected += 1
                continue
            if kind.key_is_given and event.native_id and not kind.no_data(event.record):
                carriers.append(_carrier(names, event))
        spill.add_destination(rows)
        spill.add_carriers("destination", carriers)
        told(len(page.events))
    return rejected


async def _pages(end: End, kind: CanonicalType) -> AsyncIterator[Page]:
    pages = pages_of(end.loaded, _HOOK, connection=end.connection, canonical_type=kind.name)
    if pages is None:
        return
    foreign = is_written_in_python(end.loaded, _HOOK)
    with speaking_of(end.connection.name):
        async with aclosing(pages) as opened:
            async for page in opened:
                yield checked(page, kind) if foreign else page


@attrs.define
class _Sorted:
    """One page of the source: what would be written, and what would not."""

    preparer: Preparer
    now: datetime
    rows: list[SourceRow] = attrs.field(factory=list)
    unknown: list[tuple[str, str, None, Json]] = attrs.field(factory=list)
    unmapped: list[tuple[str, str, None, Json]] = attrs.field(factory=list)
    carriers: list[tuple[str, str, str]] = attrs.field(factory=list)
    rejected: int = 0

    def take(self, event: Event) -> None:
        """One record; what tells of a deletion is no record."""
        if event.verb is Verb.DELETED:
            return
        try:
            self._take(event)
        except FieldError:
            self.rejected += 1

    def _take(self, event: Event) -> None:
        kind, record, names = self.preparer.kind, event.record, self.preparer
        identity = _identity(names, record)
        if identity is None:
            self.unmapped.append((names.identity_of(record), names.key_of(record), None, {"location": _where(record)}))
        elif kind.no_data(record):
            self.unknown.append((identity, names.key_of(record), None, {"location": _where(record)}))
        else:
            ready = self.preparer.page(Page(events=[event], cursor=None), self.now)
            self.rejected += len(ready.dead)
            self.rows += [_source_row(event, arrival) for arrival in ready.arrivals]
            self.carriers += [_carrier(names, event)] if event.native_id else []


def _carrier(names: Preparer, event: Event) -> tuple[str, str, str]:
    title = getattr(event.record, "title", None)
    return names.key_of(event.record), event.native_id or "", title if isinstance(title, str) else ""


def _source_row(event: Event, arrival: Arrival) -> SourceRow:
    return SourceRow(
        identity=arrival.identity,
        # Marked, so that a sum over the place without a name is a sum too.
        member="" if arrival.member is None else f"={arrival.member}",
        key=arrival.key,
        version=arrival.version,
        native_id=event.native_id,
        wire=dumps(to_sparse(event.record)),
        payload=arrival.payload,
        fields=None if event.fields is None else "\n".join(sorted(event.fields)),
    )


def _identity(preparer: Preparer, record: Any) -> str | None:
    """The destination's identity of a stock level, None where its location is not mapped."""
    kind, plan = preparer.kind, preparer.flow.locations
    location = getattr(record, "location_id", UNSET)
    if kind.name != "stocklevel" or plan.passes_through:
        return preparer.identity_of(record)
    place = plan.place(None if location is UNSET else location)
    return None if place is None else join_identity(preparer.key_of(record), place.location or "")


def _where(record: Any) -> Json:
    location = getattr(record, "location_id", UNSET)
    return None if location is UNSET else location
