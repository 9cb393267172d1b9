"""Webhooks put together from a manifest's handlers and the records in its samples.

They show nothing of the platform: the manifest says where the record and the event's name stand, and there they are.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pullpush_sdk.canonical import CanonicalTypes, dumps
from pullpush_sdk.connector import WebhookRequest
from pullpush_sdk.emulator import Samples, read_samples
from pullpush_sdk.manifest import EventName, Handler, Manifest, Part, Resource, Webhook
from pullpush_sdk.mapping import Functions, compile_map, parse_map, read_path

from ._places import put_at

__all__ = ["made"]

Json = Any


def made(
    manifest: Manifest, folder: Path | None, *, types: CanonicalTypes, functions: Functions
) -> Iterator[tuple[str, WebhookRequest]]:
    """Each handled event with a webhook of it; an event of which no sample holds a record is left out."""
    webhook = manifest.webhook
    if webhook is None:
        return
    samples = read_samples(manifest, folder)
    for event, handler in webhook.handlers.items():
        native = _record(manifest, handler, samples, types=types, functions=functions)
        request = None if native is None else _request(webhook, event, handler, native)
        if request is not None:
            yield event, request


def _record(
    manifest: Manifest, handler: Handler, samples: Samples, *, types: CanonicalTypes, functions: Functions
) -> Json:
    """The first record of the samples that the handler's map, or its resource's, makes a canonical record of."""
    resource = manifest.resources.get(handler.resource or "")
    rules = handler.map if handler.map is not None else (resource.canonical_map if resource is not None else None)
    if rules is None:
        return None
    mapped = compile_map(parse_map(rules)[0], types[handler.canonical_type], functions, name="sample")
    alike = [each for each in manifest.resources.values() if each.canonical_type == handler.canonical_type]
    for each in [resource] if resource is not None else alike:
        for native in _natives(each, samples):
            if not mapped.many([native], {"settings": {}, "item": None, "page": {}}).errors:
                return native
    return None


def _natives(resource: Resource, samples: Samples) -> Iterator[Json]:
    bodies = [each.body for each in samples.exchanges if each.ok and each.method in ("GET", "POST")]
    for body in (*bodies, *samples.answers.values()):
        found = read_path(body, resource.response.records or "$")
        for each in found if isinstance(found, list) else [found]:
            if isinstance(each, Mapping) and each:
                yield dict(each)


def _request(webhook: Webhook, event: str, handler: Handler, native: Json) -> WebhookRequest | None:
    body: Json = put_at({}, handler.data_path, native)
    for name, path in handler.record.items():
        inner = put_at(read_path(body, handler.data_path), path, native.get(name))
        body = None if inner is None else put_at(body, handler.data_path, inner)
    headers: dict[str, str] = {"content-type": "application/json"}
    query: dict[str, str] = {}
    wanted = [*_named(webhook, event)]
    if webhook.transaction_id is not None:
        parts = webhook.transaction_id.overrides.get(event, webhook.transaction_id.parts)
        wanted += [(part, uuid.uuid4().hex) for part in parts if not _has(part, body)]
    for part, text in wanted:
        if part.source == "header":
            headers[part.path.lower()] = text
        elif part.source == "query":
            query[part.path] = text
        else:
            body = put_at(body, part.path, text) if body is not None else None
    if body is None:
        return None
    if webhook.array_path is not None:
        body = put_at({}, webhook.array_path, [body])
    return WebhookRequest(headers=headers, query=query, body=dumps(body), received_at=datetime.now(UTC))


def _has(part: Part, body: Json) -> bool:
    return part.source == "body" and isinstance(read_path(body, part.path), str | int)


def _named(webhook: Webhook, event: str) -> list[tuple[Part, str]]:
    """Where the platform's own name of an event stands, piece by piece; none where it cannot be taken apart."""
    named: EventName | None = webhook.event_name
    if named is None:
        return []
    raw = next((ours for ours, theirs in webhook.event_type_map.items() if theirs == event), event)
    pieces = [raw] if len(named.parts) == 1 else raw.split(named.separator, len(named.parts) - 1)
    return list(zip(named.parts, pieces, strict=False))
