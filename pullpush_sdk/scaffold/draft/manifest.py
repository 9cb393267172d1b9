"""A manifest drafted from a sketch: what is likely written down, what must be checked said beside it.

What is drafted loads: it is read and checked as the runtime would, and what does not pass is left out and named.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from pullpush_sdk.canonical import CanonicalType, CanonicalTypes, dumps, fields_of, loads
from pullpush_sdk.errors import FieldError, ManifestError, Problem
from pullpush_sdk.manifest import check_manifest, read_manifest
from pullpush_sdk.mapping import CompiledMap, Functions, compile_map, parse_map
from pullpush_sdk.openapi import snake

from .notices import DraftedWebhook, webhook_of
from .propose import SURE, Proposal, propose
from .resources import Listing, listings, pagination_of, since_param
from .samples import records_of, sample_of
from .sections import push_lines, webhook_lines
from .shapes import Shape, Sketch, field_paths
from .writing import Writing, writing_of
from .yamltext import comment, flow

__all__ = ["Drafted", "draft"]

Json = Any
Proposer = Callable[[str, Sequence[Mapping[str, Json]]], Sequence[Mapping[str, Json]]]
_ROUNDS = 60


@attrs.frozen(kw_only=True)
class Drafted:
    """`manifest` as YAML text, sample files by resource name; `checks` are the places that a person must look at.

    `reads` is resource name to canonical type, `writes` are canonical types, `events` the webhooks that have handlers.
    """

    manifest: str
    samples: Mapping[str, Json]
    reads: Mapping[str, str]
    checks: Sequence[str]
    writes: Sequence[str] = ()
    events: Sequence[str] = ()


@attrs.define(kw_only=True)
class _Resource:
    listing: Listing
    name: str
    proposals: list[Proposal]


def draft(
    sketch: Sketch,
    *,
    name: str,
    title: str,
    types: CanonicalTypes,
    wanted: Sequence[str] | None,
    proposer: Proposer | None = None,
) -> Drafted:
    """The draft for a platform.

    `wanted` are canonical types, None means those that the sketch has a list for. `proposer` gives further proposals
    for one type from the native fields; the more certain one of each field is taken.
    """
    resources = _resources(sketch, types, wanted, proposer)
    beside = _beside(sketch, resources, types)
    left_out: list[str] = list(beside.left_out)
    for _ in range(_ROUNDS):
        beside = _still(beside, resources)
        lines, checks = _written(sketch, resources, beside, name=name, title=title, left_out=left_out)
        text = "\n".join(lines) + "\n"
        problems = _problems(text, types) or _misfits(resources, sketch, types)
        if not problems:
            break
        beside = _mend(resources, beside, problems, left_out)
    samples = {each.name: sample_of(each.listing, sketch, each.proposals) for each in resources}
    reads = {each.name: each.listing.canonical_type for each in resources}
    events = [each.event for each in beside.webhook.handlers] if beside.webhook is not None else []
    return Drafted(
        manifest=text, samples=samples, reads=reads, checks=checks, writes=sorted(beside.writings), events=events
    )


@attrs.frozen(kw_only=True)
class _Beside:
    """What is drafted beside the lists: writes by canonical type, webhooks, and why others are left to a person."""

    writings: Mapping[str, Writing] = attrs.field(factory=dict)
    webhook: DraftedWebhook | None = None
    left_out: Sequence[str] = ()


def _beside(sketch: Sketch, resources: Sequence[_Resource], types: CanonicalTypes) -> _Beside:
    writings: dict[str, Writing] = {}
    left_out: list[str] = []
    for each in resources:
        kind = types[each.listing.canonical_type]
        found = writing_of(each.listing, kind, sketch.operations, each.proposals)
        if isinstance(found, str):
            left_out += [f"push.{kind.name}: {found}"] if found else []
        else:
            writings.setdefault(kind.name, found)
    known = {each.name: (each.listing.canonical_type, each.listing.record) for each in resources}
    webhook = webhook_of(sketch.notices, known)
    if sketch.notices and webhook is None:
        left_out.append("webhook: no webhook of the document brings a record that is read here")
    return _Beside(writings=writings, webhook=webhook, left_out=left_out)


def _still(beside: _Beside, resources: Sequence[_Resource]) -> _Beside:
    """Without what speaks of resources that were taken out."""
    names, kinds = {each.name for each in resources}, {each.listing.canonical_type for each in resources}
    webhook = beside.webhook
    if webhook is not None:
        handlers = [each for each in webhook.handlers if each.resource in names]
        webhook = attrs.evolve(webhook, handlers=handlers) if handlers else None
    writings = {kind: each for kind, each in beside.writings.items() if kind in kinds}
    return attrs.evolve(beside, writings=writings, webhook=webhook)


def _resources(
    sketch: Sketch, types: CanonicalTypes, wanted: Sequence[str] | None, proposer: Proposer | None
) -> list[_Resource]:
    found: list[_Resource] = []
    taken: set[str] = set()
    for listing in listings(sketch.operations, wanted):
        if listing.canonical_type not in types:
            continue
        name = listing.name if listing.name not in taken else f"{listing.name}_{listing.canonical_type}"
        taken.add(name)
        proposals = _proposals(types[listing.canonical_type], listing.record, proposer)
        if proposals:
            found.append(_Resource(listing=listing, name=name, proposals=proposals))
    return found


def _proposals(kind: CanonicalType, record: Shape, proposer: Proposer | None) -> list[Proposal]:
    found = {each.target: each for each in propose(kind, record)}
    if proposer is not None:
        for given in proposer(kind.name, _described(record)):
            other = Proposal(
                target=str(given["target"]),
                rule=given["rule"],
                certainty=float(given["certainty"]),
                check=str(given.get("check", "")),
            )
            if other.target not in found or other.certainty > found[other.target].certainty:
                found[other.target] = other
    return _identified(kind, found, record)


def _described(record: Shape) -> list[Mapping[str, Json]]:
    """The native fields as plain values: what a proposing plugin is shown."""
    return [
        {
            "path": ".".join(names),
            "kind": shape.kind,
            "format": shape.format,
            "enum": list(shape.enum),
            "example": shape.example,
        }
        for names, shape in field_paths(record)
    ]


def _identified(kind: CanonicalType, found: dict[str, Proposal], record: Shape) -> list[Proposal]:
    """With the field by which a record is known, be it a bad guess: without it nothing could be read at all."""
    needed = [field.wire for field in fields_of(kind.record) if field.required]
    for target in needed:
        if target not in found:
            plain = [
                names for names, shape in field_paths(record, deepest=0) if shape.kind in ("text", "integer", "unknown")
            ]
            if not plain:
                return []
            found = {
                target: Proposal(
                    target=target, rule=_quoted(plain[0][0]), certainty=0.1, check="what tells records apart?"
                ),
                **found,
            }
    if not needed and not {"email", "contactId"} & set(found):
        return []
    return list(found.values())


def _quoted(name: str) -> str:
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*", name):
        return name
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'["{escaped}"]'


# Text


def _written(
    sketch: Sketch,
    resources: Sequence[_Resource],
    beside: _Beside,
    *,
    name: str,
    title: str,
    left_out: Sequence[str],
) -> tuple[list[str], list[str]]:
    checks: list[str] = []

    def check(place: str, words: str) -> str:
        if not words:
            return ""
        checks.append(f"{place}: {comment(words)}")
        return f"  # check: {comment(words)}"

    settings = dict(sketch.settings)
    parts: list[str] = []
    for resource in resources:
        parts += _resource_lines(resource, settings, check)
    secrets = list(sketch.secrets)
    if beside.webhook is not None:
        secrets.append("webhook_secret")
        parts += ["", *webhook_lines(beside.webhook, check)]
    if beside.writings:
        parts += ["", "push:"]
        for kind, writing in beside.writings.items():
            parts += push_lines(kind, writing, lambda path: _path(path, settings), check)
    base = sketch.base_url or f"https://api.{name}.example{sketch.gaps.get('base_path', '')}"
    lines = [
        "# Drafted. What says `check` is a guess to look at; the number behind a rule says how certain it is, 0 to 1.",
        "# Every key: docs/reference/manifest.md of PullPush SDK; every rule of a map: docs/reference/mapping.md.",
        "manifest: 1",
        f"name: {flow(name)}",
        f"title: {flow(title)}",
        "version: 0.1.0",
        f"docs: https://docs.{name}.example" + check("docs", "where is the platform's own documentation?"),
        f"description: {flow(f'The records of an account at {title} as canonical events.')}",
        "categories: [ecommerce]" + check("categories", "where should a catalogue list it?"),
        "",
        f"base_url: {flow(base)}" + check("base_url", sketch.gaps.get("base_url", "")),
        f"auth: {flow(sketch.auth)}" + check("auth", sketch.gaps.get("auth", "")),
    ]
    lines += [f"secrets: {flow(secrets)}"] if secrets else []
    if settings:
        lines += ["settings:", "  type: object", "  additionalProperties: false", "  properties:"]
        lines += [f"    {flow(key)}: {flow(value)}" for key, value in settings.items()]
        required = [key for key, value in settings.items() if "default" not in value]
        lines += [f"  required: {flow(required)}"] if required else []
    lines += [
        "limits: {requests: 2, per: 1, concurrency: 2, timeout: 30}"
        + check("limits", "how much does the platform allow?")
    ]
    harmless = next((each.listing for each in resources if each.listing.operation.method == "GET"), None)
    if harmless is not None:
        request, _ = _request(harmless, dict(settings), set())
        lines += [f"check: {flow({'request': request})}" + check("check", "is there a request that names the account?")]
    lines += [
        "",
        "resources:"
        if resources
        else "resources: {}" + check("resources", "no list of records was recognised; write one by hand"),
    ]
    lines += parts
    if resources:
        lines += ["", "samples:", *(f"  {flow(each.name)}: samples/{each.name}.json" for each in resources)]
    lines += [f"# left out: {comment(each)}" for each in left_out]
    return lines, checks


def _resource_lines(resource: _Resource, settings: dict[str, Json], check: Callable[[str, str], str]) -> list[str]:
    listing, place = resource.listing, f"resources.{resource.name}"
    pagination, response, paging_check = pagination_of(listing)
    request, asks = _request(
        listing, settings, {pagination.get(key) for key in ("page_param", "offset_param", "cursor_param", "size_param")}
    )
    since = since_param(listing)
    targets = {each.target for each in resource.proposals}
    guess = (
        ""
        if listing.certainty >= SURE
        else f"are these records of type {listing.canonical_type}? ({listing.certainty})"
    )
    lines = [
        f"  {flow(resource.name)}:",
        f"    canonical_type: {listing.canonical_type}" + check(place, guess),
        f"    list: {flow(request)}" + check(f"{place}.list", asks),
        f"    pagination: {flow(pagination)}" + check(f"{place}.pagination", paging_check),
    ]
    where = ({"records": listing.records} if listing.records else {}) | response
    lines += [f"    response: {flow(where)}"] if where else []
    if listing.details is not None:
        path = re.sub(r"\{([^{}]+)\}$", lambda found: f"{{{{record.{_key(found[1], listing)}}}}}", listing.details.path)
        lines += [
            f"    # details: {flow({'path': path})}"
            + check(f"{place}.details", "does the list hold whole records? else take the details in")
        ]
    if since is not None:
        lines += [
            f"    incremental: {flow({'param': since.name, 'overlap': 300})}"
            + check(f"{place}.incremental", "which form of time does it take?")
        ]
    lines += ["    version: updated_at"] if "updatedAt" in targets else []
    lines += ["    canonical_map:"]
    for each in resource.proposals:
        words = each.check or ("" if each.certainty >= SURE else "is it this?")
        marked = check(f"{place}.canonical_map.{each.target}", words).removeprefix("  # ")
        lines.append(
            f"      {flow(each.target)}: {flow(each.rule)}  # {each.certainty:.2f}" + (f" {marked}" if marked else "")
        )
    return lines


def _key(param: str, listing: Listing) -> str:
    """The record's field that a path parameter names: of the same name, or an id."""
    names = {snake(name): name for name in listing.record.properties}
    return next((names[name] for name in (snake(param), "id", "entity_id", "uuid") if name in names), "id")


def _request(listing: Listing, settings: dict[str, Json], paging: set[Any]) -> tuple[dict[str, Json], str]:
    """The list's request: path parameters and required others become settings of the connection."""
    operation = listing.operation
    request: dict[str, Json] = {"path": _path(operation.path, settings)}
    asks = ""
    if operation.method == "POST":
        request = {"method": "POST", **request, "json": {}, "idempotent": True}
        asks = "what must the body hold?"
    params = {}
    for param in operation.params:
        if param.place == "query" and param.required and param.name not in paging:
            setting = snake(param.name)
            settings.setdefault(
                setting,
                {"type": "string", "title": comment(param.name)}
                | ({"default": str(param.example)} if param.example is not None else {}),
            )
            params[param.name] = f"{{{{{setting}}}}}"
    return request | ({"params": params} if params else {}), asks


def _path(path: str, settings: dict[str, Json]) -> str:
    def setting(found: re.Match[str]) -> str:
        name = snake(found[1])
        settings.setdefault(name, {"type": "string", "title": comment(found[1])})
        return f"{{{{{name}}}}}"

    text = re.sub(r"\{([^{}]+)\}", setting, path)
    text = re.sub(r"(?<!\{)\{(?!\{)|(?<!\})\}(?!\})", "", text)
    return text if text.startswith("/") else f"/{text}"


# Mending


def _problems(text: str, types: CanonicalTypes) -> Sequence[Problem]:
    try:
        manifest = read_manifest(text, file="connector.yaml")
    except ManifestError as error:
        if not error.problems:
            raise
        return error.problems
    return check_manifest(manifest, types, Functions())


def _misfits(resources: Sequence[_Resource], sketch: Sketch, types: CanonicalTypes) -> list[Problem]:
    """Rules that cannot read the values which the document itself shows."""
    found = []
    for resource in resources:
        kind = types[resource.listing.canonical_type]
        rules = {each.target: each.rule for each in resource.proposals}
        compiled = compile_map(parse_map(rules)[0], kind, Functions(), name="draft")
        sample = loads(dumps(sample_of(resource.listing, sketch, resource.proposals)))
        for exchange in sample["exchanges"]:
            for record in records_of(exchange["answer"].get("body"), resource.listing.records):
                error = _failure(compiled, record)
                if error is not None:
                    target = error.target.partition("[")[0]
                    found.append(
                        Problem(message=str(error), path=f"$.resources.{resource.name}.canonical_map.{target}")
                    )
    return found


def _failure(compiled: CompiledMap, record: Json) -> FieldError | None:
    try:
        compiled.one(record, {"settings": {}, "item": None, "page": {}, "request": {}})
    except FieldError as error:
        return error
    return None


def _mend(resources: list[_Resource], beside: _Beside, problems: Sequence[Problem], left_out: list[str]) -> _Beside:
    """Take out the rule, the resource, the write or the webhooks that each problem is about; gives what is left
    beside the resources.

    Raises:
        ManifestError: a problem is about neither.
    """
    mended = False
    for problem in problems:
        kind = next((each for each in beside.writings if problem.path.startswith(f"$.push.{each}")), None)
        if kind is not None:
            writings = {name: each for name, each in beside.writings.items() if name != kind}
            beside, mended = attrs.evolve(beside, writings=writings), True
            left_out.append(f"push.{kind}: {problem.message}")
        elif beside.webhook is not None and problem.path.startswith("$.webhook"):
            beside, mended = attrs.evolve(beside, webhook=None), True
            left_out.append(f"webhook: {problem.message}")
        else:
            mended = _mend_resource(resources, problem, left_out) or mended
    if not mended:
        raise ManifestError("the draft is not good", problems)
    return beside


def _mend_resource(resources: list[_Resource], problem: Problem, left_out: list[str]) -> bool:
    """Take out the rule, or the resource, that a problem is about; false where it is about neither."""
    found = next(
        (
            each
            for each in resources
            if problem.path.startswith((f"$.resources.{each.name}.", f'$.resources["{each.name}"]'))
            or problem.path == f"$.resources.{each.name}"
        ),
        None,
    )
    if found is None:
        return False
    rule = re.search(r"canonical_map(?:\.|\[\")([A-Za-z.]+)", problem.path)
    target = next(
        (each for each in found.proposals if rule is not None and f"{rule[1]}.".startswith(f"{each.target}.")), None
    )
    if target is not None:
        found.proposals.remove(target)
        left_out.append(f"{found.name}.{target.target}: {problem.message}")
    else:
        resources.remove(found)
        left_out.append(f"{found.name}: {problem.message}")
    return True
