"""Webhooks: genuine, told apart, and not taken twice."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from pullpush_sdk.errors import Problem
from pullpush_sdk.manifest import Manifest, Webhook
from pullpush_sdk.validate._case import Case
from pullpush_sdk.validate.places import below

_WORDS = {
    "created": ("create", "created", "new", "added", "add"),
    "deleted": ("delete", "deleted", "remove", "removed", "uninstalled"),
}


def check(case: Case) -> Iterator[Problem]:
    """Signature, repeats, answer, then every handler."""
    manifest = case.manifest
    if manifest is None or manifest.webhook is None or manifest.origin != "manifest":
        return
    webhook = manifest.webhook
    yield from _signature(case, webhook)
    if webhook.transaction_id is None and webhook.handlers:
        yield case.at(
            "webhook-repeat",
            "$.webhook",
            "no transaction_id: a repeated delivery is told by its content only",
            "name the header or field that holds the delivery's id",
        )
    if not webhook.handlers and webhook.customer is None:
        yield case.at("webhook-handlers", "$.webhook", "no handlers: every webhook is thrown away", "add handlers")
    if webhook.transaction_id is not None:
        for event in webhook.transaction_id.overrides:
            if event not in webhook.handlers and event not in webhook.event_type_map.values():
                path = below("$.webhook.transaction_id.overrides", event)
                yield case.at("webhook-override", path, f"no handler `{event[:60]}`", _near(event, webhook))
    yield from _handlers(case, manifest, webhook)


def _signature(case: Case, webhook: Webhook) -> Iterator[Problem]:
    found = webhook.verification
    verifies = case.python is not None and any(each.name == "pullpush_verify" for each in case.python.hooks)
    if (found is None or found.kind == "none") and not verifies:
        place = "$.webhook" if found is None else "$.webhook.verification"
        yield case.at(
            "webhook-unsigned",
            place,
            "anybody can send these webhooks: nothing proves where they come from",
            'verification: {kind: hmac-sha256, header: …, secret: "{{webhook_secret}}"}',
        )
        return
    if found is None:
        return
    if found.kind == "header-token":
        yield case.at(
            "webhook-token",
            "$.webhook.verification",
            "a fixed token proves no content: who sees one webhook can write others",
            "use a signature over the body where the platform has one",
        )
    if found.kind == "hmac-sha1":
        yield case.at("webhook-sha1", "$.webhook.verification.kind", "SHA-1", "hmac-sha256 where the platform has it")
    if found.header and any(each in found.header for each in " :_"):
        yield case.at(
            "webhook-header",
            "$.webhook.verification.header",
            f"`{found.header[:60]}` is no common header name",
            "write it as the platform does, such as X-Acme-Signature",
        )


def _handlers(case: Case, manifest: Manifest, webhook: Webhook) -> Iterator[Problem]:
    reached = set(webhook.event_type_map.values())
    for event, handler in webhook.handlers.items():
        path = below("$.webhook.handlers", event)
        words = set(event.lower().replace("/", ".").replace("_", ".").replace("-", ".").split("."))
        if words & set(_WORDS["deleted"]) and handler.verb != "deleted" and _is_thing(words, handler.canonical_type):
            yield case.at(
                "webhook-verb", path, f"`{event}` reads as a deletion, and the verb is {handler.verb}", "verb: deleted"
            )
        if words & set(_WORDS["created"]) and handler.verb == "deleted":
            yield case.at(
                "webhook-verb",
                f"{path}.verb",
                f"`{event}` reads as a creation, and the verb is deleted",
                "verb: created",
            )
        if reached and event not in reached and event not in webhook.event_type_map:
            near = difflib.get_close_matches(event, reached, n=1, cutoff=0.85)
            if near:
                yield case.at("webhook-event", path, f"no event is named `{event[:60]}`", f"did you mean {near[0]}?")
        near = difflib.get_close_matches(event, [each for each in webhook.handlers if each != event], n=1, cutoff=0.97)
        if near:
            yield case.at(
                "webhook-event",
                path,
                f"`{event[:60]}` and `{near[0][:60]}` differ by a letter",
                "write both as the platform does",
            )
        readable = {each.canonical_type for each in manifest.resources.values()}
        if handler.canonical_type not in readable:
            yield case.at(
                "webhook-unread",
                path,
                f"{handler.canonical_type} comes by webhook only: what is missed never comes again",
                "add a resource that lists it",
            )


def _is_thing(words: set[str], canonical_type: str) -> bool:
    """Whether the event speaks of the thing itself: a deleted variant is a change of its product."""
    alike = {"stocklevel": "", "contact": "customer", "product": "product", "order": "order"}
    name = alike.get(canonical_type, canonical_type)
    return bool(name) and bool(words & {name, f"{name}s"}) and len(words) <= 2


def _near(event: str, webhook: Webhook) -> str:
    near = difflib.get_close_matches(event, webhook.handlers, n=1)
    return f"did you mean {near[0]}?" if near else "name an event that has a handler"
