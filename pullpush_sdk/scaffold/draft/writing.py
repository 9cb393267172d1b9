"""Writes drafted from a document: how a record is found, created and updated, and what the body holds.

Only what finds its record by a parameter of the list is drafted: a destination that cannot look makes duplicates.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from pullpush_sdk.canonical import CanonicalType
from pullpush_sdk.openapi import OPEN, Shape, made_value, words_of

from .propose import SURE, Proposal, propose
from .resources import Listing
from .shapes import SketchedOperation
from .synonyms import FIELDS

__all__ = ["BodyField", "DraftedWrite", "Writing", "writing_of"]

Json = Any
_KEYS = {"product": "sku", "stocklevel": "sku", "contact": "email"}
"""Canonical type to the field by which its record is found at a destination."""
_NOT_WRITTEN = frozenset({"createdAt", "updatedAt", "productId", "contactId", "url", "images"})
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


@attrs.frozen(kw_only=True)
class BodyField:
    """One field of a body: `rule` over the canonical record, how certain that is, and what to check."""

    name: str
    rule: Json
    certainty: float
    check: str = ""


@attrs.frozen(kw_only=True)
class DraftedWrite:
    """One write: its operation, the record's field that its path ends in (empty: none), and its body, which stands
    below `wrapper` where that is named.
    """

    operation: SketchedOperation
    native: str
    fields: Sequence[BodyField]
    wrapper: str = ""


@attrs.frozen(kw_only=True)
class Writing:
    """How records of one canonical type are written: `param` of the list finds the one whose `native` field is the
    canonical `key`.
    """

    listing: Listing
    key: str
    param: str
    native: str
    create: DraftedWrite | None = None
    update: DraftedWrite | None = None


def writing_of(
    listing: Listing, kind: CanonicalType, operations: Sequence[SketchedOperation], proposals: Sequence[Proposal]
) -> Writing | str:
    """How the records of a list are written; a text says why that is left to a person, empty where the platform
    takes no writes of them.
    """
    create = next((each for each in operations if _is_create(each, listing)), None)
    update = next((each for each in operations if _is_update(each, listing)), None)
    if create is None and update is None:
        return ""
    told = " and ".join(f"{each.method} {each.path}" for each in (create, update) if each is not None)
    key = _KEYS.get(kind.name)
    if key is None:
        return f"{told} write {kind.name} records; how are they found, and what are their bodies?"
    native = next((each.names[0] for each in proposals if each.target == key and len(each.names) == 1), "")
    param = _finding(listing, native, FIELDS[kind.name].get(key, ()))
    if not native or not param or not _PLAIN.fullmatch(native):
        return f"{told} write {kind.name} records; by which parameter does the list find one?"
    made = _write(create, kind, listing) if create is not None else None
    changed = _write(update, kind, listing) if update is not None else None
    # What is created must have the name by which it is found again.
    if made is not None and not any(_speaks_of(field.rule, key) for field in made.fields):
        made = None
    if changed is not None and not changed.native:
        changed = None
    if made is None and changed is None:
        return f"{told} write {kind.name} records; what are their bodies?"
    return Writing(listing=listing, key=key, param=param, native=native, create=made, update=changed)


def _is_create(operation: SketchedOperation, listing: Listing) -> bool:
    stem = listing.operation.path.rstrip("/")
    return (
        operation.method == "POST"
        and listing.operation.method == "GET"
        and operation.path.rstrip("/") == stem
        and operation.body is not None
    )


def _is_update(operation: SketchedOperation, listing: Listing) -> bool:
    stem = re.escape(listing.operation.path.rstrip("/"))
    found = re.fullmatch(stem + r"/\{[^{}/]+\}/?", operation.path)
    return operation.method in ("PUT", "PATCH") and found is not None and operation.body is not None


def _finding(listing: Listing, native: str, wanted: Sequence[str]) -> str:
    names = {"_".join(words_of(native)), *wanted}
    for param in listing.operation.params:
        if param.place == "query" and "_".join(words_of(param.name)) in names:
            return param.name
    return ""


def _speaks_of(rule: Json, key: str) -> bool:
    return rule == key or (isinstance(rule, Mapping) and rule.get("path") == key)


def _write(operation: SketchedOperation, kind: CanonicalType, listing: Listing) -> DraftedWrite | None:
    body, wrapper = operation.body, ""
    if body is None or body.kind != "object":
        return None
    inner = [name for name, each in body.properties.items() if each.kind == "object" and each.properties]
    if len(body.properties) == 1 and inner:
        wrapper, body = inner[0], body.properties[inner[0]]
    fields = _fields(body, kind)
    if not any(field.certainty for field in fields):
        return None
    return DraftedWrite(operation=operation, native=_native(operation, listing), fields=fields, wrapper=wrapper)


def _native(operation: SketchedOperation, listing: Listing) -> str:
    """The record's own field that a path ends in, empty where it ends in none."""
    found = re.search(r"\{([^{}/]+)\}/?$", operation.path)
    if found is None:
        return ""
    names = {"_".join(words_of(name)): name for name in listing.record.properties}
    wanted = ("_".join(words_of(found[1])), words_of(found[1])[-1] if words_of(found[1]) else "", "id", "uuid")
    name = next((names[each] for each in wanted if each in names), "")
    return name if _PLAIN.fullmatch(name) else ""


def _fields(body: Shape, kind: CanonicalType) -> list[BodyField]:
    """The fields of a body: what the canonical record fills, then what else the document requires."""
    found: dict[str, BodyField] = {}
    for proposal in propose(kind, body):
        if len(proposal.names) != 1 or proposal.target in _NOT_WRITTEN or proposal.inner:
            continue
        (name,) = proposal.names
        shape = body.properties[name]
        rule = None if shape.read_only else _backwards(proposal, shape)
        if rule is not None and (name not in found or found[name].certainty < proposal.certainty):
            check = proposal.check or ("" if proposal.certainty >= SURE else "is it this?")
            found[name] = BodyField(name=name, rule=rule, certainty=proposal.certainty, check=check)
    for name, shape in body.properties.items():
        if name in body.required and name not in found and not shape.read_only:
            value = made_value(shape, name=name)
            value = "" if value == OPEN else value
            check = "the document requires it; what goes here?"
            found[name] = BodyField(name=name, rule={"value": value}, certainty=0.0, check=check)
    return list(found.values())


def _backwards(proposal: Proposal, shape: Shape) -> Json:
    """The rule that fills a native field from the canonical one that it would be read as; None: none is plain."""
    path, rule = proposal.target, proposal.rule
    transform = rule.get("transform") if isinstance(rule, Mapping) else None
    match transform:
        case "lookup":
            table = {canonical: native for native, canonical in reversed(list(rule["table"].items()))}
            return {"path": path, "transform": "lookup", "table": table, "default": next(iter(rule["table"]))}
        case "fromMinorUnits":
            return {"path": path, "transform": "toMinorUnits"}
        case "toDecimal" if shape.kind in ("number", "integer"):
            return {"path": path, "transform": "toDecimal"}
        case "toDateTime" | "mapItems" | "split":
            return None
    if shape.kind == "text":
        return {"path": path, "transform": "toString"}
    return path if shape.kind in ("integer", "number", "boolean", "list") else None
