"""Rules 26 to 35: webhook and triggers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from pullpush_sdk.errors import Problem
from pullpush_sdk.validate._case import Case

from ._document import MiniApp, Part, targets_of

Json = Any
_SOURCES = ("body", "header", "query")
_KINDS = ("hmac-sha256", "hmac-sha1", "header-token", "none")
_TRIGGER = ("type", "event", "img", "icon", "label", "description", "isCustom")
_CUSTOMER = frozenset(
    {"firstName", "lastName", "primaryEmail", "primaryPhone", "code", "avatar", "sex", "birthDate", "position"}
    | {"department", "state"}
)


def check(_case: Case, app: MiniApp) -> Iterator[Problem]:
    """Triggers and the inbound webhook."""
    if not app.whole:
        return
    yield from _triggers(app)
    webhook = app.root.part("webhook")
    handlers = list(app.handlers())
    if (webhook or handlers) and not webhook.has("eventExtraction"):
        path = webhook.path if webhook else app.sync.part("webhooks").path
        yield app.problem(
            28, path, "no eventExtraction: no event is told apart", "webhook.eventExtraction: {source, path}"
        )
    if not webhook:
        return
    yield from _extraction(app, webhook.part("eventExtraction"))
    yield from _verification(app, webhook)
    yield from _repeats(app, webhook)
    yield from _customer(app, webhook.part("customerExtraction"))
    status = webhook.part("response").value.get("statusCode")
    if status is not None and not (isinstance(status, int) and 200 <= status <= 299):
        yield app.problem(
            34, webhook.part("response").at("statusCode"), f"{str(status)[:10]} is no success", "200 or 202"
        )
    if webhook.has("ecommerce"):
        both = app.root.has("sync")
        message = "the old `ecommerce` block beside `sync`" if both else "the old `ecommerce` block without `sync`"
        code = "miniapp-35-both" if both else "miniapp-35"
        yield app.document.problem(message, webhook.at("ecommerce"), "move it to sync.webhooks.handlers", code=code)


def _triggers(app: MiniApp) -> Iterator[Problem]:
    expected = f"miniapps:{app.root.text('ns')}"
    counts = Counter(each.text("event") for each, _ in app.triggers() if each.text("event"))
    seen: Counter[str] = Counter()
    for each, path in app.root.list("triggers"):
        if not isinstance(each, dict):
            yield app.problem(26, path, "a trigger is an object")
            continue
        trigger = Part(value=each, path=path)
        if trigger.text("type") and trigger.text("type") != expected:
            yield app.problem(26, trigger.at("type"), f"expected `{expected}`")
        for key in _TRIGGER:
            if each.get(key) is None or each.get(key) == "":
                yield app.problem(26, path, f"`{key}` is missing", "all seven fields are needed")
        if each.get("isCustom") is not None and not isinstance(each["isCustom"], bool):
            yield app.problem(26, trigger.at("isCustom"), "expected true or false")
        event = trigger.text("event")
        seen[event] += 1
        if event and counts[event] > 1 and seen[event] > 1:
            yield app.problem(27, trigger.at("event"), f"`{event[:60]}` has a trigger already", "one trigger per event")


def _extraction(app: MiniApp, block: Part) -> Iterator[Problem]:
    if not block:
        return
    composite = block.part("compositeStrategy")
    if not composite:
        yield from _source(app, block)
        if not block.has("path"):
            yield app.problem(29, block.path, "no path", "say where the event's name stands")
    else:
        parts = composite.list("parts")
        if not parts:
            yield app.problem(29, composite.path, "no parts", "list what the name is made of")
        for each, path in parts:
            yield from _source(app, Part(value=each if isinstance(each, dict) else {}, path=path))
        if not isinstance(composite.value.get("separator"), str):
            yield app.problem(29, composite.at("separator"), "no separator", "such as a full stop")
    if block.has("fallback"):
        yield from _source(app, block.part("fallback"))


def _source(app: MiniApp, block: Part) -> Iterator[Problem]:
    if block.value.get("source") not in _SOURCES:
        yield app.problem(29, block.at("source"), f"expected one of {', '.join(_SOURCES)}")


def _verification(app: MiniApp, webhook: Part) -> Iterator[Problem]:
    found = webhook.part("verification")
    if not found:
        yield app.document.problem(
            "no verification: anybody can send these webhooks",
            webhook.at("verification"),
            "hmac-sha256 with headerName and secretKey",
            code="miniapp-30-none",
        )
        return
    kind = found.value.get("type")
    if kind not in _KINDS:
        yield app.problem(30, found.at("type"), f"expected one of {', '.join(_KINDS)}")
    elif kind == "none":
        yield app.document.problem(
            "type none: anybody can send these webhooks",
            found.at("type"),
            "hmac-sha256 with headerName and secretKey",
            code="miniapp-30-none",
        )
    else:
        for key in ("headerName", "secretKey"):
            if not found.has(key):
                yield app.problem(30, found.path, f"{kind} without `{key}`")
    if found.value.get("encoding") not in (None, "hex", "base64"):
        yield app.problem(30, found.at("encoding"), "expected hex or base64")
    key = found.text("secretKey")
    auth = app.root.part("auth")
    supplied = {*auth.part("config").value, *auth.part("form").value}
    supplied |= set(targets_of(auth.part("get_token").value.get("mapping")))
    for each, _ in auth.list("registrationRequests"):
        supplied |= set(targets_of(each.get("mapping"))) if isinstance(each, dict) else set()
    if key and key not in supplied:
        yield app.problem(31, found.at("secretKey"), f"nothing supplies `{key[:40]}`", "auth.config, form or a mapping")


def _repeats(app: MiniApp, webhook: Part) -> Iterator[Problem]:
    found = webhook.part("transactionId")
    if not found or not (found.has("paths") or found.has("path")):
        yield app.problem(
            32,
            webhook.at("transactionId"),
            "no transactionId: a repeated webhook is taken twice",
            "paths to what tells a delivery",
        )
    known = app.events() | {event for event, _ in app.handlers()}
    for event, each in found.part("overrides").parts():
        if event not in known:
            yield app.problem(32, each.path, f"`{event[:60]}` is neither a trigger nor a handler")


def _customer(app: MiniApp, block: Part) -> Iterator[Problem]:
    if not block:
        return
    if not block.has("basePath"):
        yield app.document.problem("no basePath", block.path, "where the customer stands", code="miniapp-33")
    mapping = block.part("mapping")
    for name in mapping.value:
        if name not in _CUSTOMER:
            yield app.document.problem(
                f"`{name[:40]}` is no customer field",
                mapping.at(name),
                ", ".join(sorted(_CUSTOMER)),
                code="miniapp-33-field",
            )
