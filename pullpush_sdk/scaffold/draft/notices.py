"""Webhooks drafted from a document: which record they bring, where it stands, and what tells events apart."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs

from pullpush_sdk.openapi import Shape, singular, words_of

from .shapes import SketchedNotice
from .synonyms import TYPE_WORDS

__all__ = ["DraftedHandler", "DraftedWebhook", "webhook_of"]

Json = Any
_EVENT_FIELDS = ("event", "event_type", "eventType", "type", "topic", "event_name", "eventName", "action")
_VERBS = {
    "deleted": re.compile(r"(?i)delet|remov|trash"),
    "created": re.compile(r"(?i)creat|added|new|placed|insert"),
}
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_DELIVERY = re.compile(r"(?i)delivery|event.?id|webhook.?id|request.?id")
_LEAST = 0.5


@attrs.frozen(kw_only=True)
class DraftedHandler:
    """One event: its name on the wire, the resource by whose map it is read, and where the record stands."""

    event: str
    resource: str
    verb: str
    data_path: str


@attrs.frozen(kw_only=True)
class DraftedWebhook:
    """All webhooks: the manifest's section but for the handlers, what to check of it, and the handlers."""

    section: Mapping[str, Json]
    checks: Mapping[str, str]
    handlers: Sequence[DraftedHandler]


def webhook_of(notices: Sequence[SketchedNotice], resources: Mapping[str, tuple[str, Shape]]) -> DraftedWebhook | None:
    """The webhooks of a platform; `resources` are drafted ones: name to canonical type and record. None where no
    webhook brings a record of theirs, or nothing in them names the event.
    """
    handlers: dict[str, DraftedHandler] = {}
    source: dict[str, str] | None = None
    headers: list[str] = []
    for notice in notices:
        named = _event_source(notice)
        found = _record(notice, resources)
        if named is None or found is None or (source is not None and named[0] != source):
            continue
        source, event = named
        headers += [each for each in notice.headers if each not in headers]
        if event and event not in handlers:
            handlers[event] = DraftedHandler(
                event=event, resource=found[0], data_path=found[1], verb=_verb(f"{event} {notice.words}")
            )
    if source is None or not handlers:
        return None
    section: dict[str, Json] = {"verification": _verification(headers), "event_name": {"parts": [source]}}
    checks = {"verification": "how is it signed, and under which header? the document does not say"}
    delivery = next(
        (each for each in headers if re.search(r"(?i)delivery|event.?id|webhook.?id|request.?id", each)), ""
    )
    if delivery:
        section["transaction_id"] = {"parts": [{"source": "header", "path": delivery}]}
    return DraftedWebhook(section=section, checks=checks, handlers=list(handlers.values()))


def _event_source(notice: SketchedNotice) -> tuple[dict[str, str], str] | None:
    """Where a webhook names its event, and what it says there."""
    for name in notice.headers:
        if re.search(r"(?i)event|topic", name) and not re.search(r"(?i)id$", name):
            return {"source": "header", "path": name}, notice.name
    for name in _EVENT_FIELDS:
        shape = notice.body.properties.get(name)
        if shape is not None and shape.kind in ("text", "unknown"):
            said = [str(each) for each in shape.enum] or ([str(shape.example)] if shape.example else [])
            return {"path": name}, said[0] if len(said) == 1 else notice.name
    return None


def _record(notice: SketchedNotice, resources: Mapping[str, tuple[str, Shape]]) -> tuple[str, str] | None:
    """The resource whose record a webhook brings, and the path of it in the body."""
    spoken = {singular(word) for word in words_of(f"{notice.name} {notice.words}")}
    best: tuple[float, str, str] | None = None
    for path, shape in _objects(notice.body, "$", 0):
        for name, (canonical_type, record) in resources.items():
            wanted = record.properties.keys()
            shared = len(wanted & shape.properties.keys()) / max(len(wanted), 1)
            if shared < _LEAST:
                continue
            worth = shared + 0.2 * bool(spoken & set(TYPE_WORDS.get(canonical_type, ())))
            if best is None or worth > best[0]:
                best = worth, name, path
    return None if best is None else best[1:]


def _objects(shape: Shape, path: str, depth: int) -> Iterator[tuple[str, Shape]]:
    if shape.kind != "object" or depth > 2:
        return
    yield path, shape
    for name, inner in shape.properties.items():
        if _PLAIN.fullmatch(name):
            yield from _objects(inner, f"{path}.{name}", depth + 1)


def _verb(words: str) -> str:
    return next((verb for verb, pattern in _VERBS.items() if pattern.search(words)), "updated")


def _verification(headers: Sequence[str]) -> dict[str, str]:
    """A guess: most platforms sign the raw body with HMAC-SHA256."""
    signed = next((each for each in headers if re.search(r"(?i)sign|hmac", each)), "")
    token = next((each for each in headers if re.search(r"(?i)token|secret|key", each)), "")
    kind = "header-token" if token and not signed else "hmac-sha256"
    return {"kind": kind, "header": signed or token or "X-Signature", "secret": "{{webhook_secret}}"}
