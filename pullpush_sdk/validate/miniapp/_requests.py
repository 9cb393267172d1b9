"""Rules 20 to 25: requests and actions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pullpush_sdk.errors import Problem
from pullpush_sdk.validate._case import Case

from ._document import METHODS, MiniApp, Part, bags_in

Json = Any
_BODIES = ("json", "x-www-form-urlencoded", "formData")
_PROPERTIES = ("string", "number", "boolean", "array", "object")
_AUTH_STEPS = ("test_token", "get_token", "refresh_token", "userDetails")


def check(_case: Case, app: MiniApp) -> Iterator[Problem]:
    """Requests of auth, then actions, sources and functions."""
    if not app.whole:
        return
    auth = app.root.part("auth")
    for key in _AUTH_STEPS:
        step = auth.part(key)
        if step:
            yield from _request(app, step)
    for each, path in auth.list("registrationRequests"):
        yield from _request(app, Part(value=each if isinstance(each, dict) else {}, path=path), mapped=False)
    yield from _sources(app)
    for each, path in app.root.list("actions"):
        if isinstance(each, dict):
            yield from _action(app, Part(value=each, path=path))


def _request(app: MiniApp, request: Part, *, mapped: bool = True) -> Iterator[Problem]:
    for key in ("url", "method", *(("mapping",) if mapped else ())):
        if request.value.get(key) in (None, ""):
            yield app.problem(20, request.path, f"`{key}` is missing", "every request has url, method and mapping")
    method = request.value.get("method")
    if method not in (None, "") and method not in METHODS:
        yield app.problem(20, request.at("method"), f"expected one of {', '.join(METHODS)}", "in capitals")
    body = request.value.get("bodyType")
    if body not in (None, "") and body not in _BODIES:
        yield app.problem(20, request.at("bodyType"), f"expected one of {', '.join(_BODIES)}")
    mapping = request.value.get("mapping")
    if mapping is not None and not isinstance(mapping, dict | list):
        yield app.problem(20, request.at("mapping"), "neither an object nor a list")


def _action(app: MiniApp, action: Part) -> Iterator[Problem]:
    parameters = action.part("parameters")
    properties = parameters.part("properties")
    required = parameters.value.get("required")
    for index, name in enumerate(required if isinstance(required, list) else ()):
        if name not in properties.value:
            yield app.problem(21, f"{parameters.path}.required[{index}]", f"`{str(name)[:40]}` is no property")
    sources = app.root.part("source")
    for _, each in properties.parts():
        kind = each.value.get("type")
        if kind is not None and kind not in _PROPERTIES:
            yield app.problem(21, each.at("type"), f"expected one of {', '.join(_PROPERTIES)}")
        source = each.text("x-source")
        if source and source not in sources.value:
            yield app.problem(22, each.at("x-source"), f"there is no source `{source[:40]}`", "add it to `source`")
        if source and each.value.get("x-fallback") != "input":
            yield app.document.problem(
                "x-source without x-fallback: a list that fails leaves no way to type the value",
                each.path,
                "x-fallback: input",
                code="miniapp-22-fallback",
            )
    steps = [Part(value=each, path=path) for each, path in action.list("requests") if isinstance(each, dict)]
    for index, step in enumerate(steps):
        if step.text("type") == "function":
            yield from _function(app, step)
            continue
        yield from _request(app, step)
        last = index == len(steps) - 1
        mapping = step.value.get("mapping")
        if isinstance(mapping, dict) and not last:
            yield app.problem(
                25, step.at("mapping"), "an object mapping before the last request", "a list is forwarded"
            )
        if isinstance(mapping, list) and last:
            yield app.problem(25, step.at("mapping"), "a list mapping in the last request", "an object is the outcome")


def _function(app: MiniApp, step: Part) -> Iterator[Problem]:
    functions = app.root.part("functions")
    if step.text("name") not in functions.value:
        yield app.problem(
            24, step.at("name"), f"there is no function `{step.text('name')[:40]}`", "add it to functions"
        )
    if bags_in(step.value.get("args")):
        yield app.problem(24, step.at("args"), "credentials are never passed to a function", "take [[…]] out of args")


def _sources(app: MiniApp) -> Iterator[Problem]:
    for name, each in app.root.part("source").parts():
        if not name.startswith("rpc_"):
            yield app.problem(23, each.path, f"`{name[:40]}` does not begin with rpc_", f"rpc_{name[:40]}")
        if each.text("method") not in {"GET", "POST"}:
            yield app.problem(23, each.at("method"), "expected GET or POST")
        for key in ("url", "valueField", "labelField"):
            if not each.has(key):
                yield app.problem(23, each.path, f"`{key}` is missing")
