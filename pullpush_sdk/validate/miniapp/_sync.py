"""Rules 36 to 45: resources, their maps, and handlers."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from pullpush_sdk.errors import Problem
from pullpush_sdk.mapping import transforms
from pullpush_sdk.validate._case import Case
from pullpush_sdk.validate.places import below

from ._document import METHODS, MiniApp, Part

Json = Any
_TYPES = ("core:product", "core:customer", "ecommerce:orders", "ecommerce:abandonedCarts")
_REQUIRED: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "core:product": (("name",), ("code",), ("unitPrice",)),
    "core:customer": (("code",), ("primaryEmail", "primaryPhone")),
    "ecommerce:orders": (("code",), ("status",)),
    "ecommerce:abandonedCarts": (("code",), ("items",)),
}
_RECORDS = ("order", "abandonedCart")
_OPERATIONS = ("create", "update", "upsert")
_COMMERCE = ("order.", "abandoned.", "cart.", "customer.", "product.", "orders/", "products/", "customers/")


def check(case: Case, app: MiniApp) -> Iterator[Problem]:
    """Every resource, the limits of the job, every handler."""
    if app.whole and app.root.text("category") == "ecommerce" and not app.root.has("sync"):
        yield app.problem(45, "$", "an e-commerce app without `sync`", "import products, customers and orders")
    for key, resource in app.resources():
        yield from _resource(app, key, resource)
    job = app.sync.part("syncConfiguration")
    for key in ("batchSize", "rateLimitPerSecond", "timeout"):
        value = job.value.get(key)
        if value is not None and not _positive(value):
            yield app.problem(41, job.at(key), "expected a number above zero")
    timeout = job.value.get("timeout")
    if timeout is not None and _positive(timeout) and timeout < 1000:
        yield app.problem(41, job.at("timeout"), f"no answer comes in {timeout} milliseconds", "30000 is half a minute")
    yield from _handlers(case, app)


def _positive(value: Json) -> bool:
    return not isinstance(value, bool | str | dict | list) and value is not None and value > 0


def _resource(app: MiniApp, key: str, resource: Part) -> Iterator[Problem]:
    endpoints = resource.part("endpoints")
    listed, details = endpoints.part("list"), endpoints.part("details")
    if not resource.has("contentType"):
        yield app.problem(36, resource.path, f"`{key[:40]}` has no contentType", ", ".join(_TYPES))
    for name in ("url", "method"):
        if not listed.has(name):
            yield app.problem(36, listed.path if listed else resource.path, f"endpoints.list has no `{name}`")
    if listed.has("method") and listed.value["method"] not in METHODS:
        yield app.problem(36, listed.at("method"), f"expected one of {', '.join(METHODS)}")
    if not resource.part("responseMapping").has("dataProperty"):
        yield app.problem(
            36,
            resource.at("responseMapping"),
            "responseMapping has no dataProperty",
            "where the records stand in the answer",
        )
    if not resource.has("apiMapping"):
        yield app.problem(36, resource.at("apiMapping"), "no apiMapping", "say which field comes from where")
    yield from _details(app, resource, details)
    yield from _urls(app, endpoints)
    yield from _hosts(app, endpoints)
    yield from _content(app, resource)
    mapping = resource.part("apiMapping")
    for target, rule in mapping.value.items():
        yield from _rule(app, rule, mapping.at(target))
    yield from _pages(app, resource.part("pagination"))


def _details(app: MiniApp, resource: Part, details: Part) -> Iterator[Problem]:
    expands = resource.value.get("expandDetails") is True
    if expands and not details.has("url"):
        yield app.problem(37, resource.at("expandDetails"), "expandDetails without endpoints.details", "state its url")
    if details and not expands:
        yield app.document.problem(
            "details are described and not fetched",
            resource.at("expandDetails") if "expandDetails" in resource.value else details.path,
            "expandDetails: true",
            code="miniapp-37-unused",
        )
    if details.has("url") and "{" not in details.text("url").replace("{{", ""):
        yield app.document.problem(
            "every record asks for the same details", details.at("url"), "/orders/{id}", code="miniapp-37-field"
        )


def _urls(app: MiniApp, endpoints: Part) -> Iterator[Problem]:
    bare = not app.whole and "baseUrl" not in app.sync.value and "headers" not in app.sync.value
    if app.sync.has("baseUrl") or bare:
        return
    for _, each in endpoints.parts():
        url = each.text("url")
        if url and "://" not in url and not url.startswith(("[[", "{{")):
            yield app.problem(38, each.at("url"), "a relative address without sync.baseUrl", "state baseUrl")


def _hosts(app: MiniApp, endpoints: Part) -> Iterator[Problem]:
    """Addresses on a host of nearly the base's name, or of another owner: the credentials would go there."""
    base = urlsplit(app.sync.text("baseUrl")).hostname or ""
    for _, each in endpoints.parts():
        url = each.text("url")
        host = urlsplit(url).hostname or "" if "://" in url and "[" not in url and "{{" not in url else ""
        if base and host and host != base and host.split(".")[-2:] != base.split(".")[-2:]:
            yield app.document.problem(
                f"the credentials of {base} would go to {host}",
                each.at("url"),
                "write a path below baseUrl",
                code="manifest-url",
            )


def _content(app: MiniApp, resource: Part) -> Iterator[Problem]:
    kind = resource.text("contentType")
    if kind and kind not in _TYPES:
        near = difflib.get_close_matches(kind, _TYPES, n=1)
        hint = f"did you mean {near[0]}?" if near else ", ".join(_TYPES)
        yield app.problem(39, resource.at("contentType"), f"`{kind[:40]}` is no known content type", hint)
    mapped = resource.part("apiMapping")
    for names in _REQUIRED.get(kind, ()) if mapped else ():
        if not any(name in mapped.value for name in names):
            yield app.document.problem(
                f"{kind} without {' or '.join(names)}",
                mapped.path,
                f"map {' or '.join(names)}",
                code="miniapp-39-field",
            )


def _rule(app: MiniApp, rule: Json, path: str) -> Iterator[Problem]:
    if isinstance(rule, str):
        if not rule.strip():
            yield app.problem(40, path, "an empty path")
        return
    if isinstance(rule, list):
        yield app.problem(40, path, "a list is no rule", "{paths: […], transform: 'coalesce'}")
        return
    if not isinstance(rule, dict):
        return
    name = rule.get("transform")
    for each in name if isinstance(name, list) else [name]:
        word = each.get("transform") if isinstance(each, dict) else each
        if word is not None and word not in transforms():
            near = difflib.get_close_matches(str(word), transforms(), n=1)
            hint = f"did you mean {near[0]}?" if near else ", ".join(sorted(transforms()))
            yield app.problem(40, below(path, "transform"), f"unknown transform `{str(word)[:30]}`", hint)
    if name == "coalesce" and "paths" not in rule:
        yield app.problem(40, path, "coalesce without `paths`", "paths: [first, second]")
    if name == "compute" and not rule.get("fn"):
        yield app.problem(40, path, "compute without `fn`", "name the function")
    if isinstance(rule.get("fn"), str) and name == "compute":
        yield app.document.problem(
            f"the custom function `{rule['fn'][:40]}`",
            below(path, "fn"),
            "describe it in the submission",
            code="miniapp-40-function",
        )
    if not rule.keys() & {"path", "paths", "value", "fn", "transform", "compute"}:
        yield app.problem(40, path, "neither a path nor a value", "{path: …} or {value: …}")


def _pages(app: MiniApp, pages: Part) -> Iterator[Problem]:
    usual, most = pages.value.get("defaultLimit"), pages.value.get("maxLimit")
    for key, value in (("defaultLimit", usual), ("maxLimit", most)):
        if value is not None and not _positive(value):
            yield app.problem(41, pages.at(key), "expected a number above zero")
    if usual is not None and most is not None and _positive(usual) and _positive(most) and usual > most:
        yield app.problem(41, pages.at("defaultLimit"), f"defaultLimit {usual} is above maxLimit {most}")


def _handlers(_case: Case, app: MiniApp) -> Iterator[Problem]:
    events = app.events()
    handled = {event for event, _ in app.handlers()}
    resources = {key for key, _ in app.resources()}
    for event, handler in app.handlers():
        if app.whole and event not in events:
            near = difflib.get_close_matches(event, events, n=1)
            hint = f"did you mean {near[0]}?" if near else "add the trigger, letter for letter"
            yield app.problem(42, handler.path, f"no trigger has the event `{event[:60]}`", hint)
        by_resource = handler.has("resource")
        kind = handler.text("recordType")
        if not by_resource and kind not in _RECORDS:
            yield app.problem(43, handler.at("recordType"), f"expected one of {', '.join(_RECORDS)}")
        operation = handler.value.get("operation")
        if operation is not None and operation not in _OPERATIONS:
            yield app.problem(43, handler.at("operation"), f"expected one of {', '.join(_OPERATIONS)}")
        mapping = handler.part("mapping")
        if not by_resource and "code" not in mapping.value:
            yield app.problem(
                43, handler.at("mapping"), "no mapping.code: the record never appears", "map the stable id"
            )
        for target, rule in mapping.value.items():
            yield from _rule(app, rule, mapping.at(target))
        if by_resource:
            named = handler.text("resource")
            if named not in resources:
                near = difflib.get_close_matches(named, resources, n=1)
                hint = f"did you mean {near[0]}?" if near else "name a key of sync.resources"
                yield app.problem(44, handler.at("resource"), f"no resource `{named[:40]}`", hint)
            if not handler.has("dataPath"):
                yield app.document.problem(
                    "no dataPath: the whole body is the record",
                    handler.path,
                    "dataPath: $.data",
                    code="miniapp-44-path",
                )
    for trigger, path in app.triggers():
        event = trigger.text("event")
        if app.root.has("sync") and event and event not in handled and event.startswith(_COMMERCE):
            yield app.document.problem(
                f"`{event[:60]}` starts automations and changes no record",
                path,
                "add a handler",
                code="miniapp-42-handler",
            )
