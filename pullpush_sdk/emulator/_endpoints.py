"""Which endpoints the recorded traffic shows: lists, single records, writes, and answers that are always the same.

An endpoint is a method, a path whose changing segments are open, and the texts of its body that tell it from others at
the same path (a GraphQL document, the method of a JSON-RPC call).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import attrs

from ._inputs import Where, inputs_of, instant_of, number_of
from ._leaves import Place, at, leaves, tables
from ._paging import Paging, infer_paging
from .samples import Exchange

__all__ = ["Endpoint", "Kind", "endpoints_of", "identifying"]

Json = Any
Kind = Literal["list", "record", "write", "fixed"]
_SUFFIX = re.compile(r"\.(json|xml)$")
_ID_NAMES = re.compile(
    r"(^|_)(id|uuid|guid|gid|sku|code|number|email|slug|handle|key|barcode|ean)$|Id$|ID$|SKU$|Number$"
)


@attrs.frozen(kw_only=True)
class Endpoint:
    """One endpoint with what was recorded of it.

    `segments` are the path's parts, None where one is a record's value; `fields` names, per open segment, the record
    field that it holds. `marks` are body texts that a request must have. `table` is where a list's records stand, or
    where the one record stands. `filters` are inputs that keep only records whose field is equal, `since` the input
    that keeps only records whose time at `times` is not before it.
    """

    kind: Kind
    method: str
    segments: tuple[str | None, ...]
    fields: tuple[str, ...] = ()
    marks: Mapping[Place, Json] = attrs.field(factory=dict)
    recorded: Sequence[Exchange]
    table: Place = ()
    paging: Paging = Paging()
    filters: Mapping[Where, str] = attrs.field(factory=dict)
    since: Where | None = None
    times: str = ""

    @property
    def name(self) -> str:
        """For people: the method and the path, open segments in braces."""
        names = iter(self.fields)
        return f"{self.method} /" + "/".join(
            each if each is not None else f"{{{next(names)}}}" for each in self.segments
        )

    def matches(self, method: str, path: str, sent: Json) -> tuple[str, ...] | None:
        """The values of the open segments where a request is for this endpoint, else None."""
        given = _segments(path)
        if method != self.method or len(given) != len(self.segments):
            return None
        values = []
        for mine, theirs in zip(self.segments, given, strict=True):
            if mine is None:
                values.append(_SUFFIX.sub("", theirs))
            elif mine != theirs:
                return None
        if any(at(sent, place) != value for place, value in self.marks.items()):
            return None
        return tuple(values)


def _segments(path: str) -> tuple[str, ...]:
    return tuple(part for part in path.split("/") if part)


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
        distinct = [name for name in distinct if _ID_NAMES.search(name)]
    distinct = [name for name in distinct if instant_of(records[0][name]) is None]
    return sorted(distinct, key=lambda name: (name.lower() != "id", not _ID_NAMES.search(name), names.index(name)))


def endpoints_of(exchanges: Iterable[Exchange]) -> list[Endpoint]:
    """Every endpoint of the accepted requests, lists before the records that they hold."""
    accepted = [each for each in exchanges if each.ok]
    reads = [each for each in accepted if _is_read(each)]
    writes = [each for each in accepted if not _is_read(each)]
    lists = _lists(reads)
    known = [endpoint for endpoint in lists if endpoint.table is not None]
    listed = {id(each) for endpoint in lists for each in endpoint.recorded}
    rest = [each for each in reads if id(each) not in listed]
    return [*lists, *_grouped(rest, known, "record"), *_grouped(writes, known, "write")]


def _is_read(exchange: Exchange) -> bool:
    """Whether a request only asks: GET, a GraphQL query, or a POST whose answer lists what it did not send."""
    if exchange.method in ("GET", "HEAD"):
        return True
    document = exchange.sent.get("query") if isinstance(exchange.sent, Mapping) else None
    if isinstance(document, str):
        return not document.lstrip().startswith("mutation")
    if exchange.method != "POST" or not any(rows for _, rows in tables(exchange.body)):
        return False
    if any(rows for _, rows in tables(exchange.sent)):
        return False
    sent = [(place[-1], value) for place, value in leaves(exchange.sent) if place and value not in (None, "")]
    answered = {(str(place[-1]), str(value)) for place, value in leaves(exchange.body) if place}
    repeated = sum((str(name), str(value)) in answered for name, value in sent)
    return repeated * 2 < len(sent) or not sent


def _lists(reads: Sequence[Exchange]) -> list[Endpoint]:
    """Reads that hold a table of records and do not name one of another list's records in their path."""
    found: list[Endpoint] = []
    shortest = sorted(reads, key=lambda each: len(_segments(each.path)))
    groups: dict[tuple[Any, ...], list[Exchange]] = {}
    for exchange in shortest:
        if _main_table(exchange) is None:
            continue
        known = _records(itertools.chain(found, _as_lists(groups)))
        segments, _ = _open(exchange.path, known)
        if None in segments and exchange.method == "GET" and not _is_sublist(segments):
            continue
        key = (exchange.method, segments, _marks_key(exchange, reads))
        groups.setdefault(key, []).append(exchange)
    for (method, segments, _), recorded in groups.items():
        table = _main_table(recorded[0])
        assert table is not None
        in_order = [each for each in reads if any(each is one for one in recorded)]
        _, fields = _open(recorded[0].path, _records(found))
        found.append(
            Endpoint(
                kind="list",
                method=method,
                segments=segments,
                fields=fields,
                marks=_marks(recorded, reads),
                recorded=in_order,
                table=table,
                paging=infer_paging(in_order, table),
                **_filters(in_order, table),
            )
        )
    return found


def _as_lists(groups: Mapping[tuple[Any, ...], list[Exchange]]) -> Iterable[Endpoint]:
    for (method, segments, _), recorded in groups.items():
        table = _main_table(recorded[0])
        yield Endpoint(kind="list", method=method, segments=segments, recorded=recorded, table=table or ())


def _is_sublist(segments: tuple[str | None, ...]) -> bool:
    """Whether something fixed follows the record's own segment: /orders/12/items."""
    return bool(segments) and segments[-1] is not None


def _main_table(exchange: Exchange) -> Place | None:
    """The place of the largest list of objects that is not below a record; the shallowest of equal ones."""
    found = [(len(rows), -len(place), place) for place, rows in tables(exchange.body)]
    if not found:
        return None
    return max(found, key=lambda each: each[:2])[2]


def _records(endpoints: Iterable[Endpoint]) -> list[Mapping[str, Json]]:
    return [
        record
        for endpoint in endpoints
        for exchange in endpoint.recorded
        for record in at(exchange.body, endpoint.table) or ()
        if isinstance(record, Mapping)
    ]


def _open(path: str, known: Sequence[Mapping[str, Json]]) -> tuple[tuple[str | None, ...], tuple[str, ...]]:
    """A path's segments, those open that are a value of a known record; and the fields that they hold."""
    values: dict[str, str] = {}
    for record in known:
        for name, value in record.items():
            is_scalar = isinstance(value, str | int) and not isinstance(value, bool)
            if is_scalar and str(value) and (_ID_NAMES.search(name) or number_of(value) is None):
                values.setdefault(str(value), name)
    segments: list[str | None] = []
    fields = []
    for part in _segments(path):
        name = values.get(_SUFFIX.sub("", part))
        segments.append(part if name is None else None)
        if name is not None:
            fields.append(name)
    return tuple(segments), tuple(fields)


def _marks_key(exchange: Exchange, among: Sequence[Exchange]) -> tuple[Any, ...]:
    return tuple(sorted((place, str(value)) for place, value in _marks([exchange], among).items()))


def _marks(recorded: Sequence[Exchange], among: Sequence[Exchange]) -> dict[Place, Json]:
    """Texts of a body that tell an endpoint from others at the same path: those that never came out of an answer."""
    first = recorded[0]
    if not isinstance(first.sent, Mapping):
        return {}
    if isinstance(first.sent.get("query"), str):
        return {("query",): first.sent["query"]}
    answered = {str(leaf) for each in among for _, leaf in leaves(each.body)}
    return {
        place: value
        for place, value in leaves(first.sent)
        if isinstance(value, str) and value and value not in answered and instant_of(value) is None
    }


def _filters(recorded: Sequence[Exchange], table: Place) -> dict[str, Any]:
    """Inputs that a recorded answer shows to filter: by an equal field, or by time."""
    equal: dict[Where, str] = {}
    since: Where | None = None
    times = ""
    for exchange in recorded:
        rows = [each for each in at(exchange.body, table) or () if isinstance(each, Mapping)]
        for where, value in inputs_of(exchange).items():
            moment = instant_of(value)
            if moment is not None and rows:
                times = _time_field(rows) or times
                since = where if times else since
            elif rows and value not in (None, "") and where.name in {name.lower() for name in rows[0]}:
                name = next(name for name in rows[0] if name.lower() == where.name)
                if all(str(row.get(name)) == str(value) for row in rows):
                    equal[where] = name
    return {"filters": equal, "since": since, "times": times}


def _time_field(rows: Sequence[Mapping[str, Json]]) -> str:
    """The field that tells when a record changed, empty where none does."""
    fields = [name for name, value in rows[0].items() if instant_of(value) is not None]
    named = [name for name in fields if re.search(r"upd|modif|chang", name, re.IGNORECASE)]
    return (named or fields or [""])[0]


def _grouped(rest: Sequence[Exchange], lists: Sequence[Endpoint], kind: Kind) -> list[Endpoint]:
    """Requests for one record, or that write, with the segments open that name a listed record."""
    known = _records(lists)
    groups: dict[tuple[Any, ...], list[Exchange]] = {}
    names: dict[tuple[Any, ...], tuple[str, ...]] = {}
    for exchange in rest:
        segments, fields = _open(exchange.path, known)
        document = exchange.sent.get("query") if isinstance(exchange.sent, Mapping) else None
        key = (exchange.method, segments, document if isinstance(document, str) else None)
        groups.setdefault(key, []).append(exchange)
        names[key] = fields
    found = []
    for (method, segments, document), recorded in groups.items():
        fields = names[method, segments, document]
        shown: Kind = "fixed" if kind == "record" and not fields else kind
        table = _place_of_record(recorded[0], fields) if fields else ()
        marks: dict[Place, Json] = {("query",): document} if document is not None else {}
        found.append(
            Endpoint(
                kind=shown, method=method, segments=segments, fields=fields, marks=marks, recorded=recorded, table=table
            )
        )
    return found


def _place_of_record(exchange: Exchange, fields: Sequence[str]) -> Place:
    """Where in an answer the object stands that has the value of the path's record."""
    wanted = {_SUFFIX.sub("", part) for part in _segments(exchange.path)}
    for place, leaf in leaves(exchange.body):
        if place and place[-1] in fields and str(leaf) in wanted:
            return place[:-1]
    return ()
