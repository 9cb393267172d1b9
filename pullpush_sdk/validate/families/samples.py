"""Samples: there, readable, and mapped to canonical records that are whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from pullpush_sdk.canonical import UNSET, CanonicalType, loads
from pullpush_sdk.declarative import recording_verifies
from pullpush_sdk.errors import MappingError, Problem, RecordError
from pullpush_sdk.manifest import Handler, Manifest, Resource, Webhook
from pullpush_sdk.mapping import check_map, explain, interpret, parse_map, read_path
from pullpush_sdk.samples import WebhookSample
from pullpush_sdk.validate._case import Case
from pullpush_sdk.validate._matching import is_described, list_records
from pullpush_sdk.validate.places import below

Json = Any
_MOST = 50
_SHOWN = 12


def check(case: Case) -> Iterator[Problem]:
    """What is there, then every resource and every recorded webhook by them."""
    manifest = case.manifest
    if manifest is None or manifest.origin != "manifest":
        return  # rule 46 of MiniApp documents judges theirs
    samples = case.samples
    for each in samples.bad:
        yield case.at(
            "samples-file",
            below("$.samples", each.name) if each.name in manifest.samples else "$.samples",
            f"cannot be used: {each.reason}",
            each.hint or "a JSON file beside the manifest",
        )
    if not samples.any and (manifest.resources or manifest.webhook):
        yield case.at(
            "samples-none",
            "$",
            "no samples: nothing proves what the platform answers",
            "record two pages of each list, a webhook and a refusal; see docs/reference/samples.md",
        )
        return
    for name, resource in manifest.resources.items():
        yield from _resource(case, manifest, name, resource)
    if manifest.webhook is not None:
        yield from _webhooks(case, manifest, manifest.webhook)


def _resource(case: Case, manifest: Manifest, name: str, resource: Resource) -> Iterator[Problem]:
    path = below("$.resources", name)
    kind = case.types.get(resource.canonical_type)
    if kind is None or resource.list is None:
        return
    records = [found for _, found in zip(range(_MOST), list_records(manifest, resource, case.samples), strict=False)]
    if not records:
        if case.samples.any and not is_described(manifest, resource.list, case.samples):
            yield case.at(
                "samples-resource", path, "no sample of its list", f"record one answer of {resource.list.path}"
            )
        return
    yield from mapped(case, f"{path}.canonical_map", kind, resource.canonical_map, records=records, resource=resource)


def mapped(
    case: Case,
    path: str,
    kind: CanonicalType,
    rules: Mapping[str, Json],
    *,
    records: list[tuple[str, Json]],
    resource: Resource | None = None,
) -> Iterator[Problem]:
    """Records that a map refuses, and targets that no record fills; the connector's own functions stop it."""
    if "compute" in str(rules) and case.own:
        return  # the connector's own functions run in the child process only
    spec, problems = parse_map(rules, path=path)
    if problems or check_map(spec, kind, case.functions, path=path):
        return  # the family of maps says what is wrong with it
    context = {"settings": _Whatever(), "item": _Whatever(), "page": {}, "request": {}}
    seen: dict[str, bool] = {}
    refused: set[str] = set()
    for place, record in records:
        try:
            interpret(spec, kind, case.functions, record, context)
        except (RecordError, MappingError) as error:
            target = getattr(error, "target", "") or ""
            if target not in refused:
                refused.add(target)
                where = below(path, target) if target in rules else path
                yield case.at("samples-map", where, f"{place}: {error.message}", error.hint)
            continue
        except Exception as error:  # noqa: BLE001 - a global function of another distribution may fail in any way
            yield case.at("samples-map", path, f"{place}: {type(error).__name__}: {error}"[:300])
            return
        for each in explain(spec, kind, case.functions, record, context):
            top = each.target.partition("[")[0]
            read = [text for text in each.paths if not text.startswith("@")]
            seen[top] = seen.get(top, False) or not read or each.raw is not UNSET
    later = resource is not None and (resource.details is not None or resource.attach)
    for target, found in seen.items():
        if not found and target in rules and not later:
            yield case.at(
                "samples-path", below(path, target), "no sample has anything there", _near(rules[target], records[0][1])
            )


class _Whatever(dict[str, Json]):
    """Settings of a connection that does not exist: every one is a text."""

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str)

    def __missing__(self, key: str) -> str:
        return "XXX"

    def get(self, _key: str, _default: Json = None) -> Json:
        return "XXX"


def _near(rule: Json, record: Json) -> str:
    import difflib  # noqa: PLC0415

    text = rule if isinstance(rule, str) else str(rule.get("path", "")) if isinstance(rule, dict) else ""
    names: list[str] = []

    def walk(value: Json, before: str, depth: int) -> None:
        if isinstance(value, dict) and depth < 4:
            for key, each in value.items():
                names.append(f"{before}{key}")
                walk(each, f"{before}{key}.", depth + 1)

    walk(record, "", 0)
    close = difflib.get_close_matches(text.removeprefix("$."), names, n=1, cutoff=0.7)
    if close:
        return f"did you mean {close[0]}?"
    own = [name for name in names if "." not in name]
    there = f"a record has {', '.join(own[:_SHOWN])}{', …' if len(own) > _SHOWN else ''}; " if own else ""
    return f"{there}correct the path, or add a sample that has it; fixed text is {{value: …}}"


def _webhooks(case: Case, manifest: Manifest, webhook: Webhook) -> Iterator[Problem]:
    handled: set[str] = set()
    for hook in case.samples.webhooks:
        place = below("$.samples", hook.sample)
        try:
            body = loads(hook.body.encode())
        except (msgspec.DecodeError, UnicodeDecodeError):
            yield case.at("samples-webhook", place, f"{hook.place}: the body is not JSON", "keep it as it was sent")
            continue
        yield from verified(case, webhook, hook)
        name = event_of(webhook, hook, body)
        handler = webhook.handlers.get(name)
        if handler is None:
            message = f"{hook.place}: the event is read as `{name[:60]}`, which has no handler"
            yield case.at(
                "samples-event", "$.webhook.event_name", message, "correct where the name stands, or the handler"
            )
            continue
        handled.add(name)
        yield from _handled(case, manifest, handler, body, hook)
    told = case.samples.webhooks or any(each.api.notices for each in case.samples.documents)
    if case.samples.any and not told and webhook.handlers:
        yield case.at("samples-webhook", "$.webhook", "no recorded webhook", "record one with its headers")


def _handled(case: Case, manifest: Manifest, handler: Handler, body: Json, hook: WebhookSample) -> Iterator[Problem]:
    path = below("$.webhook.handlers", handler.event)
    kind = case.types.get(handler.canonical_type)
    resource = manifest.resources.get(handler.resource or "")
    rules = handler.map if handler.map is not None else resource.canonical_map if resource is not None else None
    if kind is None or rules is None or handler.refetch:
        return
    record = body if handler.map is not None else read_path(body, handler.data_path)
    if record is UNSET or record is None:
        yield case.at(
            "samples-data-path",
            f"{path}.data_path",
            f"{hook.place}: nothing at {handler.data_path[:60]}",
            "say where the record stands in the body",
        )
        return
    where = (
        f"{path}.map" if handler.map is not None else f"{below('$.resources', handler.resource or '')}.canonical_map"
    )
    for problem in mapped(
        case, where, kind, rules, records=[(f"{hook.sample}: {hook.place}", record)], resource=resource
    ):
        if problem.code == "samples-map":
            yield problem


def verified(case: Case, webhook: Webhook, hook: WebhookSample) -> Iterator[Problem]:
    """A recorded webhook whose signature does not hold; one without its secret proves nothing."""
    found = webhook.verification
    if found is None or found.kind == "none" or not hook.secrets:
        return
    sent = hook.headers.get(found.header.lower())
    if sent is None:
        others = ", ".join(sorted(each for each in hook.headers if "sign" in each or "hmac" in each)) or "none like it"
        yield case.at(
            "samples-signature",
            "$.webhook.verification.header",
            f"{hook.place} has no header {found.header[:60]}",
            f"it has {others}",
        )
        return
    ways = [each for each in (found, *webhook.alternatives) if each.header.lower() in hook.headers]
    # None: the recording lacks the secret, or a setting that is signed too, and proves nothing.
    if all(recording_verifies(each, hook.headers, hook.body.encode(), hook.secrets) is False for each in ways):
        yield case.at(
            "samples-signature",
            "$.webhook.verification",
            f"{hook.place} does not verify",
            "look at kind, encoding, prefix, field and signed, and that the body is byte for byte what was sent",
        )


def event_of(webhook: Webhook, hook: WebhookSample, body: Json) -> str:
    """The event that a recorded webhook names, by the manifest's rules; empty where it names none."""
    named = webhook.event_name
    if named is None:
        return ""

    def part(source: str, path: str) -> str:
        if source == "header":
            return hook.headers.get(path.lower(), "")
        if source == "query":
            return hook.query.get(path, "")
        try:
            found = read_path(body, path)
        except ValueError:
            return ""
        return "" if found is UNSET or found is None else str(found)

    name = named.separator.join(text for each in named.parts if (text := part(each.source, each.path)))
    if not name and named.fallback is not None:
        name = part(named.fallback.source, named.fallback.path)
    return webhook.event_type_map.get(name, name)
