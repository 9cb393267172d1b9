"""The state behind an emulated platform: one collection of records per list endpoint."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from ._endpoints import Endpoint, identifying
from ._inputs import Where, instant_of
from ._leaves import at
from ._records import make_records

__all__ = ["Collection", "Shop"]

Json = Any
Record = dict[str, Json]


@attrs.define
class Collection:
    """The records of one list, in the platform's order; `key` is the field that tells them apart."""

    endpoint: Endpoint
    key: str
    seeded: list[Record] = attrs.field(factory=list)
    records: list[Record] = attrs.field(factory=list)

    def reset(self) -> None:
        """The records as seeded."""
        self.records = copy.deepcopy(self.seeded)

    def find(self, field: str, value: str) -> Record | None:
        """The record whose field says this, None where none does."""
        return next((each for each in self.records if str(each.get(field)) == value), None)

    def selected(self, inputs: Mapping[Where, Json]) -> list[Record]:
        """The records that a request asks for, by the filters that the recorded traffic shows."""
        found = list(self.records)
        for where, field in self.endpoint.filters.items():
            if inputs.get(where) not in (None, ""):
                found = [each for each in found if str(each.get(field)) == str(inputs[where])]
        since = instant_of(inputs.get(self.endpoint.since)) if self.endpoint.since is not None else None
        if since is not None:
            times = [(each, instant_of(each.get(self.endpoint.times))) for each in found]
            found = [each for each, moment in times if moment is None or moment >= since]
        return found


class Shop:
    """All collections of a platform."""

    def __init__(self, endpoints: Sequence[Endpoint], number: int) -> None:
        self.collections: dict[str, Collection] = {}
        for endpoint in endpoints:
            if endpoint.kind != "list":
                continue
            recorded = [row for each in endpoint.recorded for row in at(each.body, endpoint.table) or ()]
            rows = [row for row in recorded if isinstance(row, Mapping)]
            key = next(iter(identifying(rows)), next(iter(rows[0]), "") if rows else "")
            seeded = make_records(rows, number) if number else []
            self.collections[endpoint.name] = Collection(endpoint=endpoint, key=key, seeded=seeded)
        self.reset()

    def reset(self) -> None:
        """Every collection as seeded."""
        for each in self.collections.values():
            each.reset()

    def dump(self) -> dict[str, list[Record]]:
        """The whole state as JSON, by endpoint."""
        return {name: each.records for name, each in self.collections.items()}

    def find(self, fields: Sequence[str], values: Sequence[str]) -> tuple[Collection, Record] | None:
        """The first record of any collection that has these values in these fields."""
        for collection in self.collections.values():
            for record in collection.records:
                if all(str(record.get(field)) == value for field, value in zip(fields, values, strict=True)):
                    return collection, record
        return None
