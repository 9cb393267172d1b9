"""Endpoints that a manifest asks for and nobody recorded: played as the manifest says, and reported as not proven."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

import attrs

from pullpush_sdk.canonical import CanonicalTypes, Kind, LineItem, fields_of
from pullpush_sdk.errors import PullPushError
from pullpush_sdk.manifest import Manifest, Pagination, Request, Resource, Response, Write, render
from pullpush_sdk.mapping import read_path
from pullpush_sdk.samples import Asked, Exchange, Samples, base_path

from ._endpoints import Endpoint, segments_of
from ._endpoints import Kind as EndpointKind
from ._facts import Fact
from ._findings import NotProven
from ._graphql import operation_of
from ._inputs import Where, is_placeholder
from ._inverse import plain_paths
from ._leaves import Place, at
from ._look_ups import with_look_up
from ._paging import Advert, Paging
from ._places import place_of

__all__ = ["Use", "asked_by", "base_path_of", "fallbacks", "meets", "uses_of"]

Json = Any
_PLACEHOLDER = re.compile(r"\{\{\s*([\w.]+)\s*(?:\|[^}]*)?\}\}")
_ROWS = 3
_RULE_KEYS = frozenset({"path", "paths", "value", "compute"})
_ITEMS = {field.wire: field.kind for field in fields_of(LineItem)}


@attrs.frozen(kw_only=True)
class Use:
    """One request that a manifest makes: where it is written, what for, and how its answer is read."""

    place: str
    kind: EndpointKind
    request: Request
    pagination: Pagination = Pagination()
    response: Response = Response()
    resource: Resource | None = None
    record_at: str = ""
    match: Mapping[str, Any] = attrs.field(factory=dict)
    body: Json = None


def uses_of(manifest: Manifest) -> Iterator[Use]:
    """Every request of a manifest but those of its auth."""
    for name, resource in manifest.resources.items():
        place = f"$.resources.{name}"
        if resource.for_each is not None:
            outer = resource.for_each
            yield Use(place=f"{place}.for_each.list", kind="list", request=outer.list, pagination=outer.pagination,
                      response=outer.response)  # fmt: skip
        if resource.list is not None:
            yield Use(place=f"{place}.list", kind="list", request=resource.list, pagination=resource.pagination,
                      response=resource.response, resource=resource)  # fmt: skip
        if resource.details is not None:
            yield Use(place=f"{place}.details", kind="record", request=resource.details, resource=resource,
                      record_at=resource.details_records)  # fmt: skip
        for number, each in enumerate(resource.attach):
            yield Use(place=f"{place}.attach[{number}].request", kind="list", request=each.request,
                      pagination=each.pagination, response=each.response)  # fmt: skip
    if manifest.check is not None:
        yield Use(place="$.check.request", kind="fixed", request=manifest.check.request)
    if manifest.locations is not None:
        found = manifest.locations
        yield Use(place="$.locations.list", kind="list", request=found.list, pagination=found.pagination,
                  response=found.response)  # fmt: skip
    for name, push in manifest.push.items():
        if push.find is not None:
            yield Use(place=f"$.push.{name}.find.request", kind="list", request=push.find.request,
                      response=push.find.response, match=push.find.match)  # fmt: skip
        writes: Mapping[str, Write | None] = {
            "create": push.create, "update": push.update, "bulk": push.bulk, "archive": push.archive,
        }  # fmt: skip
        for part, write in writes.items():
            if write is not None:
                yield Use(place=f"$.push.{name}.{part}.request", kind="write", request=write.request, body=write.body)


def asked_by(use: Use, manifest: Manifest, values: Mapping[str, Json]) -> Asked:
    """The request as it would be made; placeholders that are no settings stay, for they name records."""
    known = {name: value for name, value in values.items() if value is not None}
    parts = urlsplit(_rendered(use.request.path, known))
    path = parts.path if parts.netloc else f"{base_path_of(manifest, known)}/{parts.path.lstrip('/')}"
    params = [*parse_qsl(parts.query, keep_blank_values=True)]
    params += [(name, str(value)) for name, value in use.request.params.items()]
    sent: Json = use.request.json if use.request.form is None else dict(use.request.form)
    if use.request.query is not None:
        sent = {"query": use.request.query, "variables": dict(use.request.variables)}
    return Asked(method=use.request.method, path=path.rstrip("/") or "/", params=params, sent=sent)


def base_path_of(manifest: Manifest, values: Mapping[str, Json]) -> str:
    """The path of the base URL with the connection's settings in it."""
    return base_path(attrs.evolve(manifest, base_url=_rendered(manifest.base_url, values)))


def origin_of(manifest: Manifest, values: Mapping[str, Json]) -> str:
    """Where the platform says that it is, as its answers' whole addresses begin; empty where nobody says so."""
    parts = urlsplit(_rendered(manifest.base_url, values))
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def _rendered(text: str, values: Mapping[str, Json]) -> str:
    try:
        return str(render(text, dict(values)))
    except PullPushError:
        return _PLACEHOLDER.sub(lambda found: str(values.get(found[1], found[0])), text)


def meets(endpoint: Endpoint, asked: Asked) -> bool:
    """Whether a manifest's request is for an endpoint, its placeholders standing for anything."""
    given = segments_of(asked.path)
    if asked.method != endpoint.method or len(given) != len(endpoint.segments):
        return False
    for mine, theirs in zip(endpoint.segments, given, strict=True):
        if mine is not None and mine != theirs and not is_placeholder(theirs):
            return False
    for place, value in endpoint.marks.items():
        other = at(asked.sent, place)
        if other != value and not is_placeholder(other):
            return False
    if endpoint.operation is not None:
        operation = operation_of(asked.sent)
        return operation is not None and endpoint.operation.likeness(operation) is not None
    return True


def fallbacks(
    manifest: Manifest,
    samples: Samples,
    endpoints: Sequence[Endpoint],
    values: Mapping[str, Json],
    types: CanonicalTypes,
) -> tuple[list[Endpoint], list[NotProven]]:
    """The endpoints with those for what nobody recorded, and what that leaves unproven.

    A list that was recorded elsewhere is not played at the manifest's address: there it is missing, as in truth.
    """
    uses = [(use, asked_by(use, manifest, values)) for use in uses_of(manifest)]
    unused = [each for each in endpoints if not any(meets(each, asked) for _, asked in uses)]
    known, made = list(endpoints), list[Endpoint]()
    findings: list[NotProven] = []
    for use, asked in uses:
        found = [each for each in known if meets(each, asked)]
        if found:
            findings += _gaps(use, found)
            known, more = with_look_up(use, asked, known, found)
            findings += more
            continue
        finding = NotProven(
            code="not-recorded",
            what=f"{asked.method} {asked.path} ({use.place})",
            why="no sample holds this request" + (", and no document has it" if samples.documents else ""),
            record=f"record one exchange of it{', and one of its second page' if use.kind == 'list' else ''}",
        )
        elsewhere = _elsewhere(use, asked, unused) or _documented_elsewhere(use, uses, endpoints)
        if elsewhere is not None:
            how = "documented" if elsewhere.documented else "recorded"
            findings.append(
                attrs.evolve(finding, why=f"no sample holds it; what it reads was {how} at {elsewhere.name}")
            )
            continue
        findings.append(finding)
        if not any(meets(each, asked) for each in made):
            made.append(_made(use, asked, samples, types, origin=origin_of(manifest, values)))
    return [*known, *made], findings


def _gaps(use: Use, found: Sequence[Endpoint]) -> Iterator[NotProven]:
    """What a recorded endpoint leaves open of the way in which the manifest uses it."""
    lists = [each for each in found if each.kind == "list"]
    if use.kind == "list" and lists and use.resource is not None and not any(each.paging.proven for each in lists):
        yield NotProven(
            code="one-page",
            what=f"how {lists[0].name} goes on ({use.place})",
            why="one page was recorded",
            record="record two pages of it with a small page size",
        )
    incremental = use.resource.incremental if use.resource is not None else None
    filters = incremental is not None and (incremental.param or incremental.variable)
    if filters and use.kind == "list" and lists and not any(each.since is not None for each in lists):
        yield NotProven(
            code="no-filter",
            what=f"that {filters} filters by time ({use.place})",
            why="no recorded request has a moment in it",
            record="record one request with the filter",
        )


def _documented_elsewhere(
    use: Use, uses: Sequence[tuple[Use, Asked]], endpoints: Sequence[Endpoint]
) -> Endpoint | None:
    """A documented list of what a resource is after that no resource reads; who else asks it does not matter."""
    if use.resource is None or use.kind != "list":
        return None
    read = [asked for other, asked in uses if other.resource is not None and other.kind == "list"]
    left = [each for each in endpoints if each.documented and not any(meets(each, asked) for asked in read)]
    return next((each for each in left if each.kind == "list" and _has(each, use.resource)), None)


def _elsewhere(use: Use, asked: Asked, unused: Sequence[Endpoint]) -> Endpoint | None:
    """A recorded endpoint that no request of the manifest is for and that has what this one is after."""
    for each in unused:
        if use.kind == "write" and each.kind == "write" and _is_near(each, asked):
            return each
        if use.kind == "list" and each.kind == "list" and use.resource is not None and _has(each, use.resource):
            return each
        if use.kind in ("record", "fixed", "list") and use.resource is None and _is_near(each, asked):
            return each
    return None


def _has(endpoint: Endpoint, resource: Resource) -> bool:
    """Whether a list's records have at least half of what a resource reads."""
    paths = [place_of(path) for path in plain_paths(resource.canonical_map).values()]
    wanted = {path[len(endpoint.core)] for path in paths if len(path) > len(endpoint.core)}
    fields = {name for row in endpoint.rows for name in row}
    return bool(wanted) and len(wanted & fields) * 2 >= len(wanted)


def _is_near(endpoint: Endpoint, asked: Asked) -> bool:
    """Whether the paths differ in one fixed segment or in the method alone."""
    given = segments_of(asked.path)
    if len(given) != len(endpoint.segments):
        return False
    pairs = [(mine, theirs) for mine, theirs in zip(endpoint.segments, given, strict=True) if mine != theirs]
    wrong = [pair for pair in pairs if not (pair[0] is None or is_placeholder(pair[1]))]
    return len(wrong) <= 1 and len(wrong) + (endpoint.method != asked.method) == 1


def _made(use: Use, asked: Asked, samples: Samples, types: CanonicalTypes, *, origin: str) -> Endpoint:
    """An endpoint that behaves as the manifest says."""
    segments = tuple(None if is_placeholder(each) else each for each in segments_of(asked.path))
    fields = tuple(_field(each) for each in segments_of(asked.path) if is_placeholder(each))
    shown: dict[str, Any] = {}
    body: Json = {}
    if use.kind == "list":
        table = place_of(use.response.records)
        body = _nested(table, _examples(use, samples, types))
        shown = {"table": table, "paging": _paging(use, origin)}
        where = use.resource.incremental if use.resource is not None else None
        if where is not None and (where.param or where.variable):
            graphql = use.request.query is not None
            variable = ("variables", str(where.variable)) if graphql else (str(where.variable),)
            shown["since"] = Where("body", variable) if where.variable else Where("query", (str(where.param),))
            shown["times"] = str(plain_paths(use.resource.canonical_map if use.resource else {}).get("updatedAt", ""))
    elif use.kind == "record":
        shown = {"table": place_of(use.record_at)}
        body = _nested(place_of(use.record_at), next(iter(_examples(use, samples, types)), {}))
    return Endpoint(
        kind=use.kind,
        method=asked.method,
        segments=segments,
        fields=fields,
        operation=operation_of(asked.sent),
        recorded=[Exchange(method=asked.method, path=asked.path, sent=_form(use.body), body=body)],
        proven=False,
        **shown,
    )


def _form(body: Json) -> Json:
    """The names in a body's template, by which it is told what the body is about."""
    if not isinstance(body, Mapping) or body.keys() & _RULE_KEYS:
        return None
    return {name: _form(each) for name, each in body.items()}


def _field(segment: str) -> str:
    found = _PLACEHOLDER.search(segment)
    return found[1].rpartition(".")[2] if found else "id"


def _nested(place: Place, value: Json) -> Json:
    for step in reversed(place):
        value = {step: value} if isinstance(step, str) else [value]
    return value


def _examples(use: Use, samples: Samples, types: CanonicalTypes) -> list[Json]:
    """Records from bare sample answers, else made so that the canonical map finds what it reads."""
    if use.resource is None:
        return []
    paths = plain_paths(use.resource.canonical_map)
    for body in samples.answers.values():
        rows = read_path(body, use.response.records) if isinstance(body, dict | list) else None
        rows = rows if isinstance(rows, list) else [body]
        wanted = {path.split(".")[0].split("[")[0] for path in paths.values()}
        found = [each for each in rows if isinstance(each, dict) and len(wanted & each.keys()) * 2 >= len(wanted)]
        if found and wanted:
            return found
    kinds = {field.wire: field.kind for field in fields_of(types[use.resource.canonical_type].record)}
    return [_example(use.resource.canonical_map, kinds, number) for number in range(_ROWS)]


def _example(rules: Mapping[str, Any], kinds: Mapping[str, Kind], number: int) -> dict[str, Json]:
    """A native record in which the rules that are plain paths find something of their kind."""
    made: dict[str, Json] = {}
    for target, path in plain_paths(rules).items():
        place = place_of(path)
        if place and all(isinstance(step, str) for step in place):
            inner: Json = made
            for step in place[:-1]:
                inner = inner.setdefault(step, {}) if isinstance(inner, dict) else None
            if isinstance(inner, dict):
                inner[place[-1]] = _plain(target, rules[target], kinds.get(target), number)
    return made


def _plain(target: str, rule: Json, kind: Kind | None, number: int) -> Json:
    name = kind.name if kind is not None else "text"
    if isinstance(rule, Mapping) and isinstance(rule.get("table"), Mapping) and rule["table"]:
        return next(iter(rule["table"]))
    if name == "list":
        items = rule.get("items") if isinstance(rule, Mapping) else None
        return [_example(items, _ITEMS, number)] if isinstance(items, Mapping) else []
    if name in ("record", "map", "json"):
        return {}
    if name == "enum" and kind is not None and kind.of is not None:
        return str(next(iter(cast("type[Enum]", kind.of))).value)
    if name in ("number", "integer", "money"):
        return 5 + number
    if name == "instant":
        return f"2026-01-0{number + 1}T00:00:00Z"
    if name == "boolean":
        return True
    if "email" in target.lower():
        return f"person{number + 1}@example.com"
    return {"currency": "EUR"}.get(target, f"{target.upper()}-{number + 1}")


def _paging(use: Use, origin: str) -> Paging:
    """The paging that a manifest describes; addresses in headers begin with `origin`."""
    told, response = use.pagination, use.response
    if told.kind == "none":
        return Paging()
    in_body = told.kind == "graphql" or told.place == "body"
    graphql = ("variables",) if use.request.query is not None else ()

    def where(name: str) -> Where:
        return Where("body", (*graphql, *name.split("."))) if in_body else Where("query", (name,))

    facts = [
        Fact(what=what, place=place_of(path))
        for what, path in (("total", response.total), ("pages", response.total_pages), ("more", response.has_next))
        if path is not None
    ]
    size = where(told.size_param) if told.size_param else None
    common: dict[str, Any] = {"size": size, "default": told.size, "maximum": told.max_size, "facts": facts}
    if told.kind == "page":
        return Paging(kind="page", pager=where(told.page_param), start=told.start, **common)
    if told.kind == "offset":
        return Paging(kind="offset", pager=where(told.offset_param), start=0, **common)
    if told.kind == "keyset":
        return Paging(kind="cursor", pager=where(told.cursor_param), after=told.key, **common)
    advert = Advert(form="link", header="link", sample=origin)
    if told.kind == "next_url":
        advert = Advert(form="url", place=place_of(response.next_url or ""), sample="")
    elif told.kind != "link":
        advert = Advert(form="cursor", place=place_of(response.next_cursor or ""), sample="")
    return Paging(kind="cursor", pager=where(told.cursor_param), adverts=[advert], **common)
