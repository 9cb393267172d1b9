"""Endpoints as an OpenAPI document describes them: with records made of its schemas and examples."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import attrs

from pullpush_sdk.canonical import CanonicalTypes, dumps
from pullpush_sdk.manifest import Manifest
from pullpush_sdk.openapi import (
    OPEN,
    Answer,
    Api,
    ListPaging,
    Operation,
    Param,
    Shape,
    made_value,
    paging_of,
    records_of,
    since_of,
    snake,
)
from pullpush_sdk.openapi.lists import PAGING_NAMES
from pullpush_sdk.openapi.words import words_of
from pullpush_sdk.samples import Described, Exchange, WebhookSample

from ._endpoints import Endpoint, segments_of
from ._endpoints import Kind as EndpointKind
from ._facts import Fact
from ._fallback import asked_by, base_path_of, origin_of, uses_of
from ._inference import time_field
from ._inputs import Where, is_placeholder
from ._leaves import Place, at, put
from ._paging import Advert, Paging
from ._readable import readable

__all__ = ["Documented", "described_webhooks", "documented", "server_path"]

Json = Any
_ROWS = 3
_OTHER = 50
"""Numbers the record that a documented create makes: none of the listed ones."""
_PAGE_SIZE = 50
_READS = re.compile(r"(^|[/_.\-])(search|query|list|find|filter|get|fetch|lookup|retrieve)", re.IGNORECASE)
_SAID = ("message", "detail", "error", "title", "description", "error_description")
_EVENTS = ("event", "event_type", "type", "topic", "name", "action")
_NAMES_EVENT = re.compile(r"event|topic", re.IGNORECASE)
_ORDER = (404, 422, 400, 409, 401, 403, 429)


@attrs.frozen(kw_only=True)
class Documented:
    """What documents show: endpoints, and the answers of their refusals."""

    endpoints: Sequence[Endpoint] = ()
    refusals: Sequence[Exchange] = ()


def documented(
    documents: Sequence[Described], manifest: Manifest, values: Mapping[str, Json], types: CanonicalTypes
) -> Documented:
    """The endpoints of all documents. A path's open part that this manifest fills with a setting of the connection
    (`values`) is that setting's value; what a document leaves open in a text is one that the manifest's maps can read.
    """
    endpoints: list[Endpoint] = []
    refusals: list[Exchange] = []
    for described in documents:
        base = segments_of(server_path(described.api, manifest, values))
        reader = _Reader(described.api, base, _settled(manifest, values), manifest, types, origin_of(manifest, values))
        for operation in described.api.operations:
            endpoint = reader.endpoint(operation)
            if not any((each.method, each.segments) == (endpoint.method, endpoint.segments) for each in endpoints):
                endpoints.append(endpoint)
                refusals += _refusals(operation, endpoint)
    refusals.sort(key=lambda each: _ORDER.index(each.status) if each.status in _ORDER else len(_ORDER))
    return Documented(endpoints=endpoints, refusals=refusals)


def server_path(api: Api, manifest: Manifest, values: Mapping[str, Json]) -> str:
    """The path below which a document's requests stand: of the server that the manifest names too, else the first."""
    paths = []
    for server in api.servers:
        text = server
        for name, variable in api.variables.items():
            default = variable.get("default", "") if isinstance(variable, Mapping) else ""
            text = text.replace(f"{{{name}}}", str(default))
        try:
            paths.append(urlsplit(text).path.rstrip("/"))
        except ValueError:
            continue
    own = base_path_of(manifest, values)
    return own if own in paths or not paths else paths[0]


def _settled(manifest: Manifest, values: Mapping[str, Json]) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Paths of the manifest's requests as written and with the connection's settings in them."""
    found = []
    for use in uses_of(manifest):
        written, filled = asked_by(use, manifest, {}).path, asked_by(use, manifest, values).path
        pair = segments_of(written), segments_of(filled)
        if len(pair[0]) == len(pair[1]):
            found.append(pair)
    return found


@attrs.frozen
class _Reader:
    api: Api
    base: tuple[str, ...]
    settled: Sequence[tuple[tuple[str, ...], tuple[str, ...]]]
    manifest: Manifest
    types: CanonicalTypes
    origin: str

    def endpoint(self, operation: Operation) -> Endpoint:
        """One operation as an endpoint."""
        segments, names = self._segments(operation)
        answer = operation.accepted
        shape = answer.shape if answer is not None else None
        kind = _kind(operation, segments, shape)
        security = operation.security if operation.security is not None else self.api.security
        common: dict[str, Any] = {
            "method": operation.method,
            "segments": segments,
            "documented": True,
            "is_open": security is not None and (not security or () in security),
            "takes": operation.body.shape if operation.body is not None and operation.body.required else None,
            "needs": [
                _where(each) for each in operation.params if each.required and each.place == "query"
            ],
        }  # fmt: skip
        if kind == "list" and answer is not None and shape is not None:
            return self._list(operation, answer, shape, names, common)
        if kind == "write":
            return self._write(operation, answer, names, common)
        return self._one(operation, kind, names, common)

    def _segments(self, operation: Operation) -> tuple[tuple[str | None, ...], list[str]]:
        """A path's parts, open where a record is named, and the names of the open ones."""
        parts = (*self.base, *segments_of(operation.path.split("?", maxsplit=1)[0]))
        segments: list[str | None] = [None if "{" in part else part for part in parts]
        for written, filled in self.settled:
            if len(filled) != len(parts) or any(
                mine is not None and mine != theirs for mine, theirs in zip(segments, filled, strict=True)
            ):
                continue
            for index, part in enumerate(segments):
                if part is None and is_placeholder(written[index]) and not is_placeholder(filled[index]):
                    segments[index] = filled[index]
        names = [
            part.strip("{}").split("}")[0].split("{")[-1]
            for part, known in zip(parts, segments, strict=True)
            if known is None
        ]
        return tuple(segments), names

    def _list(
        self, operation: Operation, answer: Answer, shape: Shape, names: Sequence[str], common: dict[str, Any]
    ) -> Endpoint:
        found = records_of(operation.path, shape)
        assert found is not None
        rows = at(answer.example, found.place)
        if not isinstance(rows, list) or not rows or not all(isinstance(each, dict) for each in rows):
            rows = [made_value(found.record, number) for number in range(_ROWS)]
            rows = [readable(self.manifest, self.types, row, n) for n, row in enumerate(rows)]
        body = answer.example if isinstance(answer.example, dict | list) else made_value(shape)
        body = put(body, found.place, rows) if at(body, found.place[:-1]) is not None else _nested(found.place, rows)
        inside = _body_params(operation)
        params = [*operation.params, *inside]
        told = paging_of(params, shape, answer.headers, found.record)
        since = since_of(operation.params)
        own = {snake(name): name for name in found.record.properties}
        filters = {
            _where(each): own[snake(each.name)]
            for each in operation.params
            if each.place == "query" and snake(each.name) in own and snake(each.name) not in PAGING_NAMES
        }
        exchange = _exchange(common, answer, [{}], names, sent=_sent(operation, 0), body=body)
        fields = tuple(_field(name, found.record) for name in names)
        return Endpoint(
            kind="list",
            fields=fields,
            recorded=[exchange],
            table=found.place,
            paging=_paging(told, found.place, self.origin),
            filters=filters,
            since=_where(since) if since is not None else None,
            times=time_field([each for each in rows if isinstance(each, dict)]),
            **common,
        )

    def _one(self, operation: Operation, kind: EndpointKind, names: Sequence[str], common: dict[str, Any]) -> Endpoint:
        answer = operation.accepted
        shape = answer.shape if answer is not None else None
        place, record = _record_in(shape)
        example = answer.example if answer is not None else None
        body = example if isinstance(example, dict | list) else made_value(shape)
        shown = at(body, place)
        if kind == "record" and not isinstance(example, dict | list) and isinstance(shown, dict):
            body = put(body, place, readable(self.manifest, self.types, shown, 0))
        fields = tuple(_field(name, record) for name in names)
        exchange = _exchange(common, answer, [at(body, place)], fields, sent=_sent(operation, 0), body=body)
        return Endpoint(kind=kind, fields=fields, recorded=[exchange], table=place, **common)

    def _write(
        self, operation: Operation, answer: Answer | None, names: Sequence[str], common: dict[str, Any]
    ) -> Endpoint:
        shape = answer.shape if answer is not None else None
        _, record = _record_in(shape)
        fields = tuple(_field(name, record) for name in names)
        body = answer.example if answer is not None and answer.example is not None else made_value(shape)
        # A POST to a list's own address makes a record; to another address it changes those that are there.
        listed = any(each.method == "GET" and each.path == operation.path for each in self.api.operations)
        if operation.method == "POST" and listed and not names:
            numbers = [_OTHER]
        else:
            numbers = [0, _OTHER] if listed and not names else [0]
        recorded = [
            _exchange(common, answer, [body], fields, sent=_sent(operation, number), body=body) for number in numbers
        ]
        if numbers[-1] == _OTHER:
            recorded[-1] = attrs.evolve(recorded[-1], status=201 if recorded[-1].status == 200 else recorded[-1].status)
        return Endpoint(kind="write", fields=fields, recorded=recorded, **common)


def _kind(operation: Operation, segments: Sequence[str | None], shape: Shape | None) -> EndpointKind:
    reads = operation.method in ("GET", "HEAD")
    if operation.method == "POST":
        asks = _READS.search(operation.path) is not None
        made = any(each.status == 201 for each in operation.answers)
        reads = asks and not made and shape is not None and records_of(operation.path, shape) is not None
    if not reads:
        return "write"
    if segments and segments[-1] is None:
        return "record"
    if shape is not None and records_of(operation.path, shape) is not None and not _is_one(operation, shape):
        return "list"
    return "record" if None in segments else "fixed"


def _is_one(operation: Operation, shape: Shape) -> bool:
    """Whether an answer is one record that has lists of its own (an order with its lines), not a list of records."""
    found = records_of(operation.path, shape)
    if found is None or not found.place or shape.kind != "object":
        return False
    plain = [name for name, each in shape.properties.items() if each.kind in ("text", "integer", "number", "boolean")]
    return "id" in plain and "id" not in found.record.properties


def _record_in(shape: Shape | None) -> tuple[Place, Shape]:
    """Where an answer's one record stands: at its root, or below the key that wraps it."""
    if shape is None or shape.kind != "object":
        return (), Shape(kind="object")
    plain = [name for name, each in shape.properties.items() if each.kind in ("text", "integer", "number", "boolean")]
    inner = {name: each for name, each in shape.properties.items() if each.kind == "object" and each.properties}
    if inner and (not plain or ("id" not in plain and any("id" in each.properties for each in inner.values()))):
        name = max(inner, key=lambda each: ("id" in inner[each].properties, len(inner[each].properties)))
        return (name,), inner[name]
    return (), shape


def _field(param: str, record: Shape) -> str:
    """The record's field that a path's parameter names: of the same name, or its id."""
    own = {snake(name): name for name in record.properties}
    last = "_".join(words_of(param)[-1:])
    return next((own[name] for name in (snake(param), last, "id", "uuid", "key", "code") if name in own), "id")


def _body_params(operation: Operation) -> list[Param]:
    shape = operation.body.shape if operation.body is not None else None
    inside = shape.properties if shape is not None else {}
    return [
        Param(name=name, place="body", kind=each.kind, default=each.default, example=each.example, most=each.most)
        for name, each in inside.items()
    ]


def _sent(operation: Operation, number: int) -> Json:
    """A body that the operation takes, without what only answers have."""
    if operation.body is None:
        return None
    example = operation.body.example
    return example if example is not None and not number else made_value(_written(operation.body.shape), number)


def _written(shape: Shape) -> Shape:
    kept = {name: _written(each) for name, each in shape.properties.items() if not each.read_only}
    item = _written(shape.item) if shape.item is not None else None
    return attrs.evolve(shape, properties=kept, item=item)


def _exchange(
    common: Mapping[str, Any], answer: Answer | None, records: Sequence[Json], fields: Sequence[str], *, sent: Json,
    body: Json,
) -> Exchange:  # fmt: skip
    record = records[0] if records and isinstance(records[0], Mapping) else {}
    named = iter(fields)
    opened = (str(record.get(next(named, ""), "1") or "1") if part is None else part for part in common["segments"])
    status = answer.status if answer is not None and answer.status else 200
    return Exchange(
        method=common["method"],
        path="/" + "/".join(opened),
        sent=sent,
        status=status,
        body=None if status == 204 else body,
        sample="document",
    )


def _refusals(operation: Operation, endpoint: Endpoint) -> Iterator[Exchange]:
    """The documented answers that refuse, as exchanges of the endpoint's own request."""
    first = endpoint.recorded[0]
    for answer in operation.refusals:
        body = answer.example if answer.example is not None else _said(made_value(answer.shape), answer.status)
        yield attrs.evolve(first, sent=None, status=answer.status, body=body)


def _said(body: Json, status: int) -> Json:
    words = f"refused as documented, with status {status}"
    if not isinstance(body, dict):
        return {"error": words} if body is None else body
    return {name: words if name in _SAID and each == OPEN else each for name, each in body.items()}


def described_webhooks(documents: Sequence[Described]) -> list[WebhookSample]:
    """The webhooks that documents describe, as they would be sent; an event's name stands where one is named."""
    found = []
    for described in documents:
        for notice in described.api.notices:
            body = notice.body.example if notice.body.example is not None else made_value(notice.body.shape)
            if isinstance(body, dict):
                body = {key: notice.name if key in _EVENTS and each == OPEN else each for key, each in body.items()}
            headers = {
                each.name.lower(): notice.name if _NAMES_EVENT.search(each.name) else str(each.example or OPEN)
                for each in notice.headers
            }
            found.append(WebhookSample(headers=headers, body=dumps(body).decode(), sample=described.sample))
    return found


def _where(param: Param) -> Where:
    return Where("body" if param.place == "body" else "query", (param.name,))


def _nested(place: Place, value: Json) -> Json:
    for step in reversed(place):
        value = {step: value}
    return value


def _paging(told: ListPaging, table: Place, origin: str) -> Paging:
    """A document's paging; unproven where it leaves open how the next page is asked for."""
    if told.kind == "none":
        return Paging(proven=told.pager is None and "one answer" in told.unclear)
    places = (("total", told.total), ("pages", told.pages), ("more", told.more))
    facts = [Fact(what=what, place=place) for what, place in places if place is not None]
    facts += [Fact(what=what, header=name) for what, name in told.told.items()]
    pager = _where(told.pager) if told.pager is not None else Where("query", ("cursor",))
    size, most = told.size, told.size.most if told.size is not None else None
    default = size.default if size is not None and type(size.default) is int and size.default > 0 else None
    adverts = []
    if told.cursor is not None and told.kind == "cursor":
        adverts.append(Advert(form="cursor", place=told.cursor, sample=""))
    if told.url is not None and told.url != table:
        adverts.append(Advert(form="url", place=told.url, sample=origin))
    if told.link:
        adverts.append(Advert(form="link", header="link", sample=origin))
    common: dict[str, Any] = {
        "pager": pager,
        "size": _where(size) if size is not None else None,
        "default": default or min(_PAGE_SIZE, int(most) if most is not None and most >= 1 else _PAGE_SIZE),
        "maximum": int(most) if most is not None and most >= 1 else None,
        "adverts": adverts,
        "facts": facts,
        "proven": True,
    }
    match told.kind:
        case "page":
            return Paging(kind="page", start=told.start, **common)
        case "offset":
            return Paging(kind="offset", start=0, **common)
        case "keyset":
            return Paging(kind="cursor", after=told.key, **common)
    return Paging(kind="cursor", **common)
