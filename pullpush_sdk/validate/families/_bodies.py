"""Bodies of writes by what the canonical type holds: fields that exist, words that can occur, cents."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pullpush_sdk.canonical import CanonicalType, fields_of
from pullpush_sdk.errors import Problem
from pullpush_sdk.manifest import Manifest, Push, written_fields
from pullpush_sdk.validate._case import Case
from pullpush_sdk.validate.places import below

Json = Any
_WRITES = ("create", "update", "archive")
_RULE = frozenset({"path", "paths", "value", "transform", "compute", "object"})
_NUMBERED = frozenset({"url", "extensions"})
"""Fields that every platform fills itself, beside ids, numbers, its own words and times."""
_STEPS = ("adjust", "delta", "increment", "decrement", "change_by", "difference")


def check_bodies(case: Case, path: str, kind: CanonicalType, push: Push) -> Iterator[Problem]:
    """Every body of one written type."""
    fields = {_plain(each.wire): each for each in fields_of(kind.record)}
    for part in _WRITES:
        write = getattr(push, part)
        if write is None or write.body is None:
            continue
        yield from _leaves(case, f"{path}.{part}.body", write.body, fields)
        if kind.name == "stocklevel" and part != "archive":
            yield from _stock(case, f"{path}.{part}.body", write.body)


def check_forgotten(case: Case, manifest: Manifest, kind: CanonicalType, push: Push) -> Iterator[Problem]:
    """Fields that the type's first list reads and no write names; what a platform fills itself is not among them."""
    written = written_fields(push)
    found = next((each for each in manifest.resources.values() if each.canonical_type == kind.name), None)
    if written is None or found is None or (push.create is None and push.bulk is None):
        return
    sent = {_plain(each) for each in written}
    by_name = {_plain(each.wire): each for each in fields_of(kind.record)}
    lacking: dict[str, str] = {}
    for target, rule in found.canonical_map.items():
        if isinstance(rule, Mapping) and "value" in rule:
            continue  # a constant is read from nowhere
        field = by_name.get(_plain(target.partition(".")[0]))
        if field is not None and _plain(field.wire) not in sent and not _is_own(field):
            lacking.setdefault(field.wire, below(f"$.resources.{found.name}.canonical_map", target))
    if lacking:
        message = f"read but never written: {', '.join(lacking)}"
        hint = f"name them in $.push.{kind.name} where the platform takes them; a copy elsewhere keeps its own"
        yield case.at("push-forgotten", next(iter(lacking.values())), message, hint)


def _is_own(field: Any) -> bool:
    """Whether a platform numbers, names or stamps it."""
    ends = ("id", "number", "at", "url")
    return field.wire in _NUMBERED or field.wire.startswith("native") or _tail(field.wire) in ends


def _tail(name: str) -> str:
    """The last word of a wire name: `id` of orderId."""
    return re.split(r"(?=[A-Z])", name)[-1].lower()


def _leaves(case: Case, path: str, body: Json, fields: Mapping[str, Any]) -> Iterator[Problem]:
    if isinstance(body, list):
        for index, each in enumerate(body):
            yield from _leaves(case, f"{path}[{index}]", each, fields)
        return
    if not isinstance(body, dict):
        return
    if "object" in body and isinstance(body["object"], dict):
        yield from _leaves(case, f"{path}.object", body["object"], fields)
        return
    if not body.keys() & _RULE:
        for key, each in body.items():
            yield from _leaves(case, below(path, key), each, fields)
        return
    field = fields.get(_plain(str(body.get("path", ""))))
    if field is None:
        return
    steps = body.get("transform")
    names = {each for each in (steps if isinstance(steps, list) else [steps]) if isinstance(each, str)}
    if field.kind.name == "money" and names & {"toInteger", "toBoolean"}:
        message = "money as a whole number: what has cents is refused"
        yield case.at("mapping-money", path, message, "use toDecimal, or toMinorUnits for cents")
    table = body.get("table")
    if field.kind.name == "enum" and names == {"lookup"} and isinstance(table, dict):
        yield from _words(case, path, field, table)


def _words(case: Case, path: str, field: Any, table: Mapping[str, Json]) -> Iterator[Problem]:
    known = {each.value for each in field.kind.of}
    for word in table:
        if word not in known:
            near = difflib.get_close_matches(str(word), known, n=1)
            hint = f"did you mean {near[0]}?" if near else ", ".join(sorted(known))
            yield case.at("mapping-value", f"{path}.table", f"{field.wire} is never `{str(word)[:40]}`", hint)


def _stock(case: Case, path: str, body: Json) -> Iterator[Problem]:
    leaves = list(_read(body))
    if not any(text.removeprefix("$.") == "quantity" for text in leaves) and "compute" not in str(body):
        message = "the body does not hold the quantity: every record is written alike"
        yield case.at("push-body", path, message, "say where the quantity goes: {on_hand: quantity}")
    for key, rule in body.items() if isinstance(body, dict) else ():
        if any(word in str(key).lower() for word in _STEPS) and "quantity" in set(_read(rule)):
            message = f"`{str(key)[:40]}` reads as a change by so many: the whole quantity would be added each time"
            yield case.at("push-relative", below(path, str(key)), message, "write the quantity to a field that sets it")


def _read(rule: Json) -> Iterator[str]:
    """The paths that a body reads."""
    if isinstance(rule, str):
        yield rule
    elif isinstance(rule, list):
        for each in rule:
            yield from _read(each)
    elif isinstance(rule, dict):
        for key, each in rule.items():
            if key not in {"value", "transform", "default", "compute", "table", "when"}:
                yield from _read(each)


def _plain(name: str) -> str:
    return name.replace("_", "").lower()
