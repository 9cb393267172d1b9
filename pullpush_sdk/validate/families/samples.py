"""Samples: there, readable, and mapped to canonical records that are whole."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Any

import attrs
import msgspec

from pullpush_sdk.canonical import UNSET, CanonicalType, fields_of, loads
from pullpush_sdk.declarative import recording_verifies
from pullpush_sdk.errors import MappingError, Problem, RecordError
from pullpush_sdk.manifest import Handler, Manifest, Resource, Verification, Webhook
from pullpush_sdk.mapping import check_map, explain, interpret, parse_map, read_path
from pullpush_sdk.samples import WebhookSample
from pullpush_sdk.validate._case import Case
from pullpush_sdk.validate._matching import is_described, list_records
from pullpush_sdk.validate.places import below

from ._recorded import check_native_id, check_paths, check_writes

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
    yield from check_paths(case, manifest)
    yield from check_writes(case, manifest)
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
    if not _reads_by_itself(case):
        yield from check_native_id(case, path, resource, [each for _, each in records])
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
    partly = "compute" in str(rules) and bool(case.own)
    if partly:
        if _maps_by_itself(case, resource):
            return
        rules = _without_own(kind, rules)
    spec, problems = parse_map(rules, path=path)
    if problems or (not partly and check_map(spec, kind, case.functions, path=path)):
        return  # the family of maps says what is wrong with it
    context = {"settings": _Whatever(), "item": _Whatever(), "page": {}, "request": {}}
    later = resource is not None and (resource.details is not None or bool(resource.attach))
    seen: dict[str, bool] = {}
    refused: set[str] = set()
    for place, record in records:
        try:
            interpret(spec, kind, case.functions, record, context)
        except (RecordError, MappingError) as error:
            target = getattr(error, "target", "") or ""
            if later and "identity is missing" in error.message:
                continue  # the details bring it
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
    if resource is not None and not later and not partly:
        yield from _inside(case, path, rules, [record for _, record in records])
    for target, found in seen.items():
        if partly and not (isinstance(rules.get(target), str) and _is_strange(rules[target], records)):
            continue
        if not found and target in rules and not later:
            yield case.at(
                "samples-path", below(path, target), "no sample has anything there", _near(rules[target], records[0][1])
            )


def _reads_by_itself(case: Case) -> bool:
    return case.python is not None and any(each.name == "pullpush_pull" for each in case.python.hooks)


def _maps_by_itself(case: Case, resource: Resource | None) -> bool:
    """Whether the connector's Python lays a hand on records before they are mapped."""
    return resource is None or _reads_by_itself(case)


def _without_own(kind: CanonicalType, rules: Mapping[str, Json]) -> dict[str, Json]:
    """The map without the connector's own functions, which run in the child process only."""
    needed = {name for each in fields_of(kind.record) if each.required for name in (each.wire, each.name)}
    kept: dict[str, Json] = {}
    for target, rule in rules.items():
        if "compute" not in str(rule):
            kept[target] = rule
        elif target in needed:
            kept[target] = {"value": "own"}
    return kept


def _is_strange(path: str, records: list[tuple[str, Json]]) -> bool:
    """Whether no record has even the first part of a path, and has a key of nearly that name."""
    first = re.split(r"[.\[]", path.removeprefix("$."))[0]
    keys = {key for _, each in records if isinstance(each, dict) for key in each}
    return bool(first) and first not in keys and bool(difflib.get_close_matches(first, keys, n=1, cutoff=0.6))


def _inside(case: Case, path: str, rules: Mapping[str, Json], records: list[Json]) -> Iterator[Problem]:
    """Paths of an item's map that no item of any recorded list has."""
    for target, rule in rules.items():
        if not isinstance(rule, dict) or rule.get("transform") != "mapItems" or not isinstance(rule.get("path"), str):
            continue
        items = [each for record in records for each in _list_at(record, rule["path"]) if isinstance(each, dict)]
        for name, inner in rule["items"].items() if items and isinstance(rule.get("items"), dict) else ():
            read = inner if isinstance(inner, str) else inner.get("path") if isinstance(inner, dict) else None
            if (
                not isinstance(read, str)
                or read.startswith(("@", "$$"))
                or (isinstance(inner, dict) and "when" in inner)
            ):
                continue
            if all(read_path(each, read) is UNSET for each in items):
                yield case.at(
                    "samples-path",
                    below(f"{below(path, target)}.items", name),
                    "no item of a sample has anything there",
                    _near(read, items[0]),
                )


def _list_at(record: Json, path: str) -> list[Json]:
    try:
        found = read_path(record, path)
    except ValueError:
        return []
    return found if isinstance(found, list) else []


class _Whatever(dict[str, Json]):
    """Settings of a connection that does not exist: every one is a text."""

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str)

    def __missing__(self, key: str) -> str:
        return "XXX"

    def get(self, _key: str, _default: Json = None) -> Json:
        return "XXX"


def _near(rule: Json, record: Json) -> str:
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
    named: dict[str, str] = {}
    delivered: list[bool] = []
    for hook in case.samples.webhooks:
        place = below("$.samples", hook.sample)
        try:
            body = loads(hook.body.encode())
        except (msgspec.DecodeError, UnicodeDecodeError):
            yield case.at("samples-webhook", place, f"{hook.place}: the body is not JSON", "keep it as it was sent")
            continue
        yield from verified(case, webhook, hook)
        for each in bodies_of(webhook, body):
            name = event_of(webhook, hook, each)
            handler = webhook.handlers.get(name)
            delivered.append(_has_id(webhook, name, hook, each))
            named.setdefault(name, hook.place)
            if handler is not None:
                yield from _handled(case, manifest, handler, each, hook)
    for name, place in named.items():
        if name not in webhook.handlers:
            message = f"{place}: the event is read as `{name[:60]}`, which has no handler"
            where = _meant_handler(webhook, name, set(named))
            yield case.at("samples-event", where, message, "correct where the name stands, or the handler")
    if delivered and not any(delivered):
        message = "no recorded webhook has anything there: a repeated delivery is told by its content only"
        yield case.at("webhook-repeat", "$.webhook.transaction_id", message, "name what holds the delivery's id")
    told = case.samples.webhooks or any(each.api.notices for each in case.samples.documents)
    if case.samples.any and not told and webhook.handlers:
        yield case.at("samples-webhook", "$.webhook", "no recorded webhook", "record one with its headers")


def bodies_of(webhook: Webhook, body: Json) -> list[Json]:
    """What the events of one webhook are read from: the items of its list, or the body itself."""
    found = _list_at(body, webhook.array_path) if webhook.array_path else []
    return found or [body]


def _has_id(webhook: Webhook, event: str, hook: WebhookSample, body: Json) -> bool:
    """Whether a recorded webhook has an id of its delivery; true where nothing says where one stands."""
    found = webhook.transaction_id
    if found is None:
        return True
    return any(_part(hook, body, each.source, each.path) for each in found.overrides.get(event, found.parts))


def _meant_handler(webhook: Webhook, name: str, seen: set[str]) -> str:
    """Where the mistake is: a handler of nearly that name, the handlers, or where the name is read."""
    others = [each for each in webhook.handlers if each not in seen]
    if len(seen) > 1 and not seen & set(webhook.handlers):
        return "$.webhook.event_name"
    near = difflib.get_close_matches(name, others, n=1, cutoff=0.8)
    if near:
        return below("$.webhook.handlers", near[0])
    return "$.webhook.handlers" if seen & set(webhook.handlers) else "$.webhook.event_name"


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
        if problem.code != "samples-map":
            continue
        if resource is not None and handler.map is None and _fits_its_list(case, manifest, kind, resource):
            message, hint = problem.message, "look at data_path: the records of the list are mapped as they should"
            place = f"{path}.data_path" if handler.data_path != "$" else path
            yield case.at("samples-map", place, message, hint)
            return
        yield problem


def _fits_its_list(case: Case, manifest: Manifest, kind: CanonicalType, resource: Resource) -> bool:
    """Whether the recorded list of a resource is mapped without a complaint."""
    records = list(list_records(manifest, resource, case.samples))[:_MOST]
    found = mapped(case, "$", kind, resource.canonical_map, records=records, resource=resource)
    return bool(records) and not any(each.code == "samples-map" for each in found)


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
        name, hint = _what_verifies(found, hook)
        yield case.at("samples-signature", f"$.webhook.verification{name}", f"{hook.place} does not verify", hint)


def _what_verifies(found: Verification, hook: WebhookSample) -> tuple[str, str]:
    """The one key by which a recorded signature would hold, and what it should say; else all there is to look at."""
    tries: list[tuple[str, dict[str, Any]]] = [
        ("encoding", {"encoding": "base64" if found.encoding == "hex" else "hex"}),
        *(("kind", {"kind": kind}) for kind in ("hmac-sha256", "hmac-sha512", "hmac-sha1") if kind != found.kind),
        ("signed", {"signed": "{{body}}"}),
        ("field", {"field": None}),
    ]
    for name, change in tries:
        other = attrs.evolve(found, **change)
        if other != found and recording_verifies(other, hook.headers, hook.body.encode(), hook.secrets):
            value = change[name]
            return f".{name}", f"it does with {name}: {value}" if value is not None else f"it does without {name}"
    return "", "look at kind, encoding, prefix, field and signed, and that the body is byte for byte what was sent"


def event_of(webhook: Webhook, hook: WebhookSample, body: Json) -> str:
    """The event that a recorded webhook names, by the manifest's rules; empty where it names none."""
    named = webhook.event_name
    if named is None:
        return ""
    texts = [_part(hook, body, each.source, each.path) for each in named.parts]
    name = named.separator.join(text for text in texts if text)
    if not name and named.fallback is not None:
        name = _part(hook, body, named.fallback.source, named.fallback.path)
    return webhook.event_type_map.get(name, name)


def _part(hook: WebhookSample, body: Json, source: str, path: str) -> str:
    if source == "header":
        return hook.headers.get(path.lower(), "")
    if source == "query":
        return hook.query.get(path, "")
    try:
        found = read_path(body, path)
    except ValueError:
        return ""
    return "" if found is UNSET or found is None else str(found)
