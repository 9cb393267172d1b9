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
from pullpush_sdk.openapi import trimmed

from .account import ACCOUNT, account_of
from .nothing import why_nothing
from .notices import webhook_of
from .propose import Proposal, propose
from .resources import listings
from .samples import records_of, sample_of
from .shapes import Shape, Sketch, field_paths
from .text import SIGN_IN, Beside, Resource, written
from .writing import Writing, writing_of

__all__ = ["Drafted", "draft"]

Json = Any
Proposer = Callable[[str, Sequence[Mapping[str, Json]]], Sequence[Mapping[str, Json]]]
_ROUNDS = 60


@attrs.frozen(kw_only=True)
class Drafted:
    """`manifest` as YAML text, sample files by resource name; `checks` are the places that a person must look at.

    `reads` is resource name to canonical type, `writes` are canonical types, `events` the webhooks that have handlers,
    `document` is what all this uses of the OpenAPI document, None where there is none or it is too large. `nothing`
    says why no list was drafted, empty where one was.
    """

    manifest: str
    samples: Mapping[str, Json]
    reads: Mapping[str, str]
    checks: Sequence[str]
    writes: Sequence[str] = ()
    events: Sequence[str] = ()
    document: Mapping[str, Json] | None = attrs.field(default=None, repr=False)
    nothing: str = ""


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
        still = _still(beside, resources)
        left_out += [f"push.{kind}: the field that found its records does not fit; how is one of them found?"
                     for kind in beside.writings if kind not in still.writings
                     and kind in {each.listing.canonical_type for each in resources}]  # fmt: skip
        beside = still
        lines, checks = written(sketch, resources, beside, name=name, title=title, left_out=left_out)
        text = "\n".join(lines) + "\n"
        problems = _problems(text, types) or _misfits(resources, sketch, types)
        if not problems:
            break
        beside = _mend(resources, beside, problems, left_out, types)
    samples = {each.name: sample_of(each.listing, sketch, each.proposals) for each in resources}
    if resources and sketch.sign_in:
        samples.setdefault(SIGN_IN, {"exchanges": list(sketch.sign_in)})
    if resources and beside.account is not None and beside.account.operation.exchanges:
        samples.setdefault(ACCOUNT, {"exchanges": list(beside.account.operation.exchanges)})
    reads = {each.name: each.listing.canonical_type for each in resources}
    events = [each.event for each in beside.webhook.handlers] if beside.webhook is not None else []
    return Drafted(
        manifest=text,
        samples=samples,
        reads=reads,
        checks=checks,
        writes=sorted(beside.writings),
        events=events,
        document=_document(sketch, resources, beside),
        nothing="" if resources else why_nothing(sketch),
    )


def _document(sketch: Sketch, resources: Sequence[Resource], beside: Beside) -> Mapping[str, Json] | None:
    """What the drafted lists and writes use of the document: the emulator plays them by it."""
    if sketch.document is None or not resources:
        return None
    asked = [each for one in resources for each in (one.listing.operation, one.listing.details)]
    asked += [each.operation for one in beside.writings.values() for each in (one.create, one.update) if each]
    asked += [beside.account.operation] if beside.account is not None else []
    return trimmed(sketch.document, {(each.method, each.path) for each in asked if each is not None})


def _beside(sketch: Sketch, resources: Sequence[Resource], types: CanonicalTypes) -> Beside:
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
    account = account_of(sketch.operations)
    return Beside(writings=writings, webhook=webhook, account=account, left_out=left_out)


def _still(beside: Beside, resources: Sequence[Resource]) -> Beside:
    """Without what speaks of resources that were taken out."""
    names, kinds = {each.name for each in resources}, {each.listing.canonical_type for each in resources}
    webhook = beside.webhook
    if webhook is not None:
        handlers = [each for each in webhook.handlers if each.resource in names]
        webhook = attrs.evolve(webhook, handlers=handlers) if handlers else None
    writings = {kind: each for kind, each in beside.writings.items() if kind in kinds and _is_read(each, resources)}
    return attrs.evolve(beside, writings=writings, webhook=webhook)


def _is_read(writing: Writing, resources: Sequence[Resource]) -> bool:
    """Whether the field that finds a written record is still the one that its key is read from."""
    key, native = writing.finding.key, writing.finding.native
    proposals = [one for each in resources if each.listing is writing.listing for one in each.proposals]
    return any(each.target == key and each.names == (native,) for each in proposals)


def _resources(
    sketch: Sketch, types: CanonicalTypes, wanted: Sequence[str] | None, proposer: Proposer | None
) -> list[Resource]:
    found: list[Resource] = []
    taken: set[str] = set()
    for listing in listings(sketch.operations, wanted):
        if listing.canonical_type not in types:
            continue
        name = listing.name if listing.name not in taken else f"{listing.name}_{listing.canonical_type}"
        taken.add(name)
        proposals = _proposals(types[listing.canonical_type], listing.record, proposer)
        if proposals:
            found.append(Resource(listing=listing, name=name, proposals=proposals))
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


def _problems(text: str, types: CanonicalTypes) -> Sequence[Problem]:
    try:
        manifest = read_manifest(text, file="connector.yaml")
    except ManifestError as error:
        if not error.problems:
            raise
        return error.problems
    return check_manifest(manifest, types, Functions())


def _misfits(resources: Sequence[Resource], sketch: Sketch, types: CanonicalTypes) -> list[Problem]:
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


def _mend(
    resources: list[Resource],
    beside: Beside,
    problems: Sequence[Problem],
    left_out: list[str],
    types: CanonicalTypes,
) -> Beside:
    """Take out the rule, the resource, the write or the webhooks that each problem is about; gives what is left
    beside the resources.

    Raises:
        ManifestError: a problem is about neither.
    """
    mended = False
    for problem in {each.path: each for each in reversed(problems)}.values():
        kind = next((each for each in beside.writings if problem.path.startswith(f"$.push.{each}")), None)
        if kind is not None:
            writings = {name: each for name, each in beside.writings.items() if name != kind}
            beside, mended = attrs.evolve(beside, writings=writings), True
            left_out.append(f"push.{kind}: {problem.message}")
        elif beside.account is not None and problem.path.startswith("$.check"):
            beside, mended = attrs.evolve(beside, account=None), True
        elif beside.webhook is not None and problem.path.startswith("$.webhook"):
            beside, mended = attrs.evolve(beside, webhook=None), True
            left_out.append(f"webhook: {problem.message}")
        else:
            mended = _mend_resource(resources, problem, left_out, types) or mended
    if not mended:
        raise ManifestError("the draft is not good", problems)
    return beside


def _mend_resource(resources: list[Resource], problem: Problem, left_out: list[str], types: CanonicalTypes) -> bool:
    """Take out the rule, or the resource, that a problem is about; false where it is about neither.

    The next best place of a document takes the place of a rule that does not fit.
    """
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
        place = found.proposals.index(target)
        found.proposals.remove(target)
        left_out.append(f"{found.name}.{target.target}: {problem.message}")
        found.refused.add((target.target, target.names))
        others = propose(types[found.listing.canonical_type], found.listing.record, found.refused)
        found.proposals[place:place] = [each for each in others if each.target == target.target and target.names]
    else:
        resources.remove(found)
        left_out.append(f"{found.name}: {problem.message}")
    return True
