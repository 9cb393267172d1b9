"""What one endpoint is: which requests are for it, and where its records stand.

An endpoint is a method, a path whose changing segments are open, and the texts of its body that tell it from others at
the same path (a GraphQL operation, the method of a JSON-RPC call).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import attrs

from pullpush_sdk.openapi import Shape
from pullpush_sdk.samples import Asked, Exchange

from ._graphql import Operation, operation_of
from ._inputs import Where, inputs_of, instant_of
from ._leaves import Place, at
from ._paging import Paging

__all__ = ["ID_NAMES", "Endpoint", "Kind", "bare", "core_of", "identifying", "segments_of"]

Json = Any
Kind = Literal["list", "record", "write", "fixed"]
_SUFFIX = re.compile(r"\.(json|xml)$")
ID_NAMES = re.compile(
    r"(^|_)(id|uuid|guid|gid|sku|code|number|email|slug|handle|key|barcode|ean|ref|article)$|Id$|ID$|SKU$|Number$",
    re.ASCII,
)


@attrs.frozen(kw_only=True)
class Endpoint:
    """One endpoint with what was recorded of it.

    `segments` are the path's parts, None where one is a record's value; `fields` names, per open segment, the record
    field that it holds, and `keyed` inputs that name a record. `marks` are body texts that a request must have,
    `operation` the GraphQL operation that it must be. `table` is where a list's records stand, or where the one record
    stands; `core` the record inside of a list's row. `filters` are inputs that keep only records whose field is equal,
    `since` the input that keeps only records whose time at `times` is not before it. `order` is the field by which
    rows were sorted, and whether the latest came first. `proven` is false where a manifest is all that tells of it,
    `documented` true where a document is; there `is_open` says that it asks for no credentials. `takes` is the shape
    that a document gives to its request's body, `needs` the inputs that it must have.
    """

    kind: Kind
    method: str
    segments: tuple[str | None, ...]
    fields: tuple[str, ...] = ()
    keyed: Mapping[Where, str] = attrs.field(factory=dict)
    marks: Mapping[Place, Json] = attrs.field(factory=dict)
    operation: Operation | None = None
    recorded: Sequence[Exchange]
    table: Place = ()
    core: Place = ()
    paging: Paging = Paging()
    filters: Mapping[Where, str] = attrs.field(factory=dict)
    since: Where | None = None
    times: str = ""
    order: tuple[str, bool] | None = None
    proven: bool = True
    documented: bool = False
    is_open: bool = False
    takes: Shape | None = None
    needs: Sequence[Where] = ()

    @property
    def name(self) -> str:
        """For people: the method and the path, open segments in braces, and what tells it from others there."""
        names = iter(self.fields)
        path = "/".join(each if each is not None else f"{{{next(names, '')}}}" for each in self.segments)
        told = " ".join(self.operation.roots) if self.operation else " ".join(map(str, self.marks.values()))
        return f"{self.method} /{path}" + (f" ({told})" if told else "")

    def fits(self, asked: Asked) -> float | None:
        """How well a request fits, None where it is not for this endpoint."""
        given = segments_of(asked.path)
        if asked.method != self.method or len(given) != len(self.segments):
            return None
        if any(mine is not None and mine != theirs for mine, theirs in zip(self.segments, given, strict=True)):
            return None
        if any(at(asked.sent, place) != value for place, value in self.marks.items()):
            return None
        score = sum(each is not None for each in self.segments) + len(self.marks)
        if self.operation is not None:
            sent = operation_of(asked.sent)
            likeness = None if sent is None else self.operation.likeness(sent)
            return None if likeness is None else score + likeness
        if self.keyed:
            inputs = inputs_of(asked)
            return score + 0.5 if all(inputs.get(where) not in (None, "") for where in self.keyed) else None
        return score

    def values(self, asked: Asked) -> dict[str, str]:
        """Which record a request names: field to value."""
        given = segments_of(asked.path)
        opened = [bare(theirs) for mine, theirs in zip(self.segments, given, strict=True) if mine is None]
        inputs = inputs_of(asked)
        keyed = {field: str(inputs[where]) for where, field in self.keyed.items() if where in inputs}
        return dict(zip(self.fields, opened, strict=True)) | keyed

    @property
    def rows(self) -> list[dict[str, Json]]:
        """The recorded records of a list, in the order of their coming."""
        found = [row for each in self.recorded for row in at(each.body, self.table) or ()]
        return [record for row in found if isinstance(record := at(row, self.core), dict)]


def bare(segment: str) -> str:
    """A path segment without the suffix that names a form."""
    return _SUFFIX.sub("", segment)


def segments_of(path: str) -> tuple[str, ...]:
    """A path's parts."""
    return tuple(part for part in path.split("/") if part)


def core_of(rows: Sequence[Json]) -> Place:
    """Where the record stands in a list's row: the row itself, or below the one key that wraps it."""
    if not rows or not all(isinstance(each, Mapping) and each for each in rows):
        return ()
    if all(isinstance(each.get("node"), Mapping) for each in rows):
        return ("node",)
    (name, *others) = rows[0]
    if not others and all(list(each) == [name] and isinstance(each[name], Mapping) for each in rows):
        return (str(name),)
    return ()


def identifying(records: Sequence[Mapping[str, Json]]) -> list[str]:
    """Fields that tell records apart: scalar, different in every record, named like an id first."""
    if not records:
        return []
    names = [name for name, value in records[0].items() if isinstance(value, str | int) and not isinstance(value, bool)]
    distinct = []
    for name in names:
        values = [each.get(name) for each in records]
        if all(v not in (None, "") for v in values) and len({str(v) for v in values}) == len(records):
            distinct.append(name)
    if len(records) == 1:
        distinct = [name for name in distinct if ID_NAMES.search(name)]
    distinct = [name for name in distinct if instant_of(records[0][name], name) is None]
    return sorted(distinct, key=lambda name: (name.lower() != "id", not ID_NAMES.search(name), names.index(name)))
