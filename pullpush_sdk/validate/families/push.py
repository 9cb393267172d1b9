"""Writing: the right method, once, and only what was said."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pullpush_sdk.errors import Problem
from pullpush_sdk.manifest import Push, Write, placeholders
from pullpush_sdk.validate._case import Case
from pullpush_sdk.validate.places import below

from ._bodies import check_bodies, check_forgotten

Json = Any
_PARTS = ("create", "update", "archive", "bulk")


def check(case: Case) -> Iterator[Problem]:
    """Every written type."""
    manifest = case.manifest
    if manifest is None:
        return
    readable = {each.canonical_type for each in manifest.resources.values()}
    for name, push in manifest.push.items():
        path = below("$.push", name)
        if name not in readable:
            yield case.at(
                "push-unread",
                path,
                f"{name} is written and never read: nothing shows what was written",
                "add a resource that lists it",
            )
        for part in _PARTS:
            write: Write | None = getattr(push, part)
            if write is not None:
                yield from _write(case, f"{path}.{part}", part, name, write)
        yield from _find(case, path, name, push)
        kind = case.types.get(name)
        if kind is not None:
            yield from check_bodies(case, path, kind, push)
            yield from check_forgotten(case, manifest, kind, push)


def _write(case: Case, path: str, part: str, name: str, write: Write) -> Iterator[Problem]:
    method = write.request.method
    if method in {"GET", "HEAD"}:
        yield case.at("push-method", f"{path}.request", f"{method} writes nothing", "POST, PUT or PATCH")
    if method == "DELETE" and part != "archive":
        yield case.at("push-method", f"{path}.request.method", "a write that deletes", "PUT or PATCH")
    if method == "PUT" and part == "create" and not placeholders(write.request.path):
        yield case.at("push-method", f"{path}.request.method", "PUT to an address that names no record", "POST")
    empty = write.body is None and write.request.json is None and write.request.form is None
    if empty and write.request.query is None and part in {"create", "update"}:
        yield case.at("push-body", path, "a write without a body: nothing of the record is sent", "add body")
    said = next((value for name, value in write.request.headers.items() if name.lower() == "content-type"), "")
    if "urlencoded" in said and write.body is not None and write.request.form is None:
        yield case.at(
            "push-body",
            below(f"{path}.request.headers", next(n for n in write.request.headers if n.lower() == "content-type")),
            "the header says form, and the body is JSON",
            "remove the header, or write the fields as request.form",
        )
    if write.request.idempotent and method == "POST" and part == "create" and name == "order":
        yield case.at(
            "push-idempotent",
            f"{path}.request.idempotent",
            "a new order by POST is not the same twice",
            "idempotent: true only where the platform knows the request again by a key",
        )
    if part == "update" and "native" not in _first(placeholders([write.request.path, dict(write.request.params)])):
        names = placeholders([write.request.path, dict(write.request.params), write.request.json, write.request.form])
        if not names and write.body is not None and not _names_record(write.body, name):
            yield case.at(
                "push-target",
                f"{path}.request.path",
                "the update names no record: all are written alike",
                "name it in the address, {{native.id}}, or in the body",
            )
    if write.items_at is None and write.item_errors is not None and part != "bulk":
        yield case.at("push-items", f"{path}.item_errors", "errors per item of a write of one record", "remove it")


def _find(case: Case, path: str, name: str, push: Push) -> Iterator[Problem]:
    find = push.find
    if find is None:
        return
    if find.request.method not in {"GET", "POST"}:
        yield case.at("push-find", f"{path}.find.request", f"{find.request.method} to look something up", "GET")
    if not find.match and "record" not in _first(placeholders(find.request.path)):
        yield case.at(
            "push-find", f"{path}.find", "no `match`: the first record that comes is taken for it", "match: {sku: sku}"
        )
    asked = [find.request.path, dict(find.request.params), find.request.json, find.request.form]
    if "record" not in _first(placeholders([*asked, dict(find.request.variables)])):
        yield case.at(
            "push-find",
            f"{path}.find.request",
            "the look-up asks for the same thing every time",
            "name the record, such as {{record.sku}}",
        )
    if not push.absolute and name == "stocklevel":
        yield case.at(
            "push-relative",
            f"{path}.absolute",
            "a relative stock write counts twice when it is repeated",
            "write the quantity itself",
        )


def _first(names: frozenset[str]) -> set[str]:
    return {name.partition(".")[0] for name in names}


def _names_record(body: Json, name: str) -> bool:
    """Whether a body holds something that names the record: an identity field, or the found record's."""
    keys = {"stocklevel": "sku", "product": "sku", "order": "orderId", "contact": "email"}
    return "@native" in str(body) or keys.get(name, "Id") in str(body)
