"""A manifest against the canonical types and mapping functions of one runtime."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pullpush_sdk.canonical import MATCHES, CanonicalType, CanonicalTypes, fields_of
from pullpush_sdk.errors import Problem

from ._document import Json, below
from ._model import Manifest, Push, Rules
from ._requests import Site, requests_of
from ._rules import check_fields
from ._schema import meant
from ._template import placeholders, texts

if TYPE_CHECKING:
    from pullpush_sdk.mapping import Functions


def check_manifest(manifest: Manifest, types: CanonicalTypes, functions: Functions) -> list[Problem]:
    """Every problem of a loaded manifest, each with its JSON path: fields, types, maps and bodies.

    `functions` are those that its maps may name, the connector's own among them.
    """
    return [*check_fields(manifest), *_check_types(manifest, types, functions)]


def _check_types(manifest: Manifest, types: CanonicalTypes, functions: Functions) -> Iterator[Problem]:
    for name, resource in manifest.resources.items():
        path = below("$.resources", name)
        kind = types.get(resource.canonical_type)
        if kind is None:
            yield _unknown_type(resource.canonical_type, f"{path}.canonical_type", types)
        elif resource.canonical_map:
            yield from _check_map(resource.canonical_map, kind, functions, f"{path}.canonical_map")
    yield from _check_handlers(manifest, types, functions)
    for name, push in manifest.push.items():
        path = below("$.push", name)
        if name not in types:
            yield _unknown_type(name, path, types)
        else:
            yield from _check_push(push, types[name], functions, path)
            for site in requests_of(manifest):
                if site.path.startswith(f"{path}.") and "record" in site.offers:
                    yield from _check_written(site, types[name])


def _check_handlers(manifest: Manifest, types: CanonicalTypes, functions: Functions) -> Iterator[Problem]:
    if manifest.webhook is None:
        return
    for event, handler in manifest.webhook.handlers.items():
        path = below("$.webhook.handlers", event)
        kind = types.get(handler.canonical_type)
        if kind is None:
            yield _unknown_type(handler.canonical_type, f"{path}.canonical_type", types)
            continue
        resource = manifest.resources.get(handler.resource or "")
        if resource is not None and resource.canonical_type in types and resource.canonical_type != kind.name:
            message = f"the resource `{resource.name}` is of type {resource.canonical_type}"
            yield Problem(
                code="manifest-webhook",
                message=message,
                path=f"{path}.canonical_type",
                hint="name that type, or another",
            )
        if handler.verb == "deleted" and not kind.deletable:
            message = f"{kind.name} is never deleted"
            yield Problem(
                code="manifest-webhook", message=message, path=f"{path}.verb", hint="map its quantity instead"
            )
        if handler.map is not None:
            yield from _check_map(handler.map, kind, functions, f"{path}.map")
    customer = manifest.webhook.customer
    if customer is not None and "contact" in types:
        yield from _check_map(customer.map, types["contact"], functions, "$.webhook.customer.map")


def _unknown_type(name: str, path: str, types: CanonicalTypes) -> Problem:
    message = f"`{name[:60]}` is no canonical type"
    return Problem(code="manifest-type", message=message, path=path, hint=meant(name, types))


def _check_map(rules: Rules, kind: CanonicalType, functions: Functions, path: str) -> list[Problem]:
    from pullpush_sdk.mapping import check_map, parse_map  # noqa: PLC0415 - loading a manifest compiles nothing

    spec, problems = parse_map(rules, path=path)
    return [*problems, *check_map(spec, kind, functions, path=path)]


def _check_push(push: Push, kind: CanonicalType, functions: Functions, path: str) -> Iterator[Problem]:
    if push.find is not None and push.find.match:
        yield from _check_body(push.find.match, kind, functions, f"{path}.find.match")
    fields = MATCHES.get(kind.name, ())[1:]
    for field, find in push.find_by.items():
        place = below(f"{path}.find_by", field)
        if field not in fields:
            message = f"no flow matches {kind.name} by `{field[:60]}`"
            yield Problem(code="manifest-push", message=message, path=place, hint=meant(field, fields))
        if find.match:
            yield from _check_body(find.match, kind, functions, f"{place}.match")
    for part in ("create", "update", "archive", "bulk"):
        write = getattr(push, part)
        if write is not None and write.body is not None:
            yield from _check_body(write.body, kind, functions, f"{path}.{part}.body")


def _check_written(site: Site, kind: CanonicalType) -> Iterator[Problem]:
    """What the request of a write names of the record that is written."""
    fields = {field.wire.lower(): field.wire for field in fields_of(kind.record)}
    for part in ("path", "params", "headers", "json", "form", "variables"):
        for text, place in texts(getattr(site.request, part), f"{site.path}.{part}"):
            for name in sorted(placeholders(text)):
                head, _, within = name.partition(".")
                field, dot, deeper = within.partition(".")
                if head != "record" or not field or field in {*fields.values(), "extensions"}:
                    continue
                near = difflib.get_close_matches(field.lower(), fields, n=1)
                right = f"did you mean {{{{record.{fields[near[0]]}{dot}{deeper}}}}}?" if near else ""
                yield Problem(
                    code="manifest-template",
                    message=f"{{{{{name[:60]}}}}}: a canonical {kind.name} has no such field",
                    path=place,
                    hint=right or f"one of {', '.join(fields.values())}",
                )


def _check_body(body: Json, kind: CanonicalType, functions: Functions, path: str) -> list[Problem]:
    from pullpush_sdk.mapping import check_body, parse_body  # noqa: PLC0415

    template, problems = parse_body(body, path=path)
    return [*problems, *check_body(template, functions, kind=kind, path=path)]
