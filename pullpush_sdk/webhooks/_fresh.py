"""A webhook sent again as a new one: whatever tells its repetition gets another value, and what it says stays.

Without this a receiver would acknowledge the request and do nothing, which is right for a platform's repetition and
wrong for one that somebody asked for.
"""

from __future__ import annotations

import random
import re
import time
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import attrs

from pullpush_sdk.canonical import dumps
from pullpush_sdk.connector import WebhookRequest
from pullpush_sdk.declarative import decoded, event_name, proofs_of
from pullpush_sdk.emulator import restamped
from pullpush_sdk.manifest import Part, Webhook
from pullpush_sdk.mapping import read_path

from ._places import put_at

__all__ = ["freshened"]

Json = Any
_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_BLANKS = (b" ", b"\t", b"\n", b"\r")
_NONCE = 24  # blanks, of four kinds: 48 bits


def freshened(webhook: Webhook | None, request: WebhookRequest) -> tuple[WebhookRequest, bool]:
    """The request with another transaction id in every part of it that names no record, and whether it has another.

    An id that is the signature itself changes with the body, which gets blanks behind its end: they mean nothing in
    JSON. The request must be signed afterwards, where anybody looks at its signature. True as well where the manifest
    declares no id, for then nothing tells a repetition; False where every part of the id says what it is about.
    """
    if webhook is None or webhook.transaction_id is None:
        return request, True
    body = decoded(request)
    if webhook.array_path is None:
        return _one(webhook, request, body)
    found = read_path(body, webhook.array_path) if body is not None else None
    if not isinstance(found, list):
        return _one(webhook, request, body)
    items, fresh = [], True
    for item in found:
        changed, done = _one(webhook, attrs.evolve(request, body=dumps(item)), item)
        items.append(decoded(changed))
        fresh = fresh and done
    # What tells the whole request apart stands in its headers; what tells the items, in them.
    whole, outer = _one(webhook, attrs.evolve(request, body=dumps(put_at(body, webhook.array_path, items))), None)
    return whole, fresh or outer


def _one(webhook: Webhook, request: WebhookRequest, body: Json) -> tuple[WebhookRequest, bool]:
    """One event's request with another id."""
    assert webhook.transaction_id is not None
    name = event_name(webhook, request, body)
    parts = webhook.transaction_id.overrides.get(name, webhook.transaction_id.parts)
    proofs = {each.header.lower() for each in proofs_of(webhook)}
    done = False
    for part in _candidates(webhook, name, parts):
        if part.source == "header" and part.path.lower() in proofs:
            blanks = b"".join(random.choices(_BLANKS, k=_NONCE))  # noqa: S311 - it need only be another
            headers = {**request.headers, part.path.lower(): uuid.uuid4().hex}
            request, done = attrs.evolve(request, headers=headers, body=request.body.rstrip() + blanks), True
        elif part.source == "header":
            headers = _with_another(request.headers, part.path.lower())
            request, done = attrs.evolve(request, headers=headers), True
        elif part.source == "query":
            request, done = attrs.evolve(request, query=_with_another(request.query, part.path)), True
        elif isinstance(body, dict):
            old = read_path(body, part.path)
            changed = put_at(body, part.path, _another(old if isinstance(old, str | int) else ""))
            if changed is not None:
                body, done = changed, True
                request = attrs.evolve(request, body=dumps(body))
    return request, done


def _candidates(webhook: Webhook, event: str, parts: Sequence[Part]) -> list[Part]:
    """Parts of the id that say neither what happened nor to which record."""
    named = webhook.event_name
    speaking = [] if named is None else [*named.parts, *([named.fallback] if named.fallback is not None else ())]
    if webhook.native_id is not None:
        speaking += webhook.native_id.overrides.get(event, webhook.native_id.parts)
    handler = webhook.handlers.get(event)
    paths = set() if handler is None else {_plain(path) for path in handler.record.values()}
    if handler is not None and webhook.native_id is None:
        inside = _plain(handler.data_path)
        # Where the record is the body itself, its `id` names it.
        paths.add(f"{inside}.id" if inside else "id")
    taken = {(each.source, _plain(each.path)) for each in speaking} | {("body", path) for path in paths}
    return [each for each in parts if (each.source, _plain(each.path)) not in taken]


def _with_another(values: Mapping[str, str], key: str) -> dict[str, str]:
    return {**values, key: _another(values.get(key, ""))}


def _plain(path: str) -> str:
    return path.removeprefix("$").removeprefix(".")


def _another(old: Json) -> Json:
    """Another value of the same form: a moment, a number, a UUID, or a word with the same beginning."""
    now = restamped(old, datetime.now(UTC))
    if now != old:
        return now
    if isinstance(old, int) or (isinstance(old, str) and old.isdigit()):
        number = time.time_ns() // 1_000 * 10 + random.randrange(10)  # noqa: S311 - it need only be another
        return number if isinstance(old, int) else str(number)
    if _UUID.search(str(old)):
        return _UUID.sub(lambda _: str(uuid.uuid4()), str(old))
    begun = re.match(r"[A-Za-z]{1,12}[_\-]", str(old))
    return f"{begun[0] if begun else ''}{uuid.uuid4().hex}"
