"""Writes drafted from a document: how a record is found, created and updated, and what the body holds.

Only what finds its record is drafted, by a parameter of the list or at an address of its own: a destination that cannot
look makes duplicates. What creates a record must carry the name by which it is found again; an id that the platform
gives its own records finds none of another platform's, unless the create brings it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import attrs

from pullpush_sdk.canonical import CanonicalType
from pullpush_sdk.openapi import OPEN, Shape, made_value, words_of

from .propose import SURE, Proposal, propose
from .resources import Listing
from .shapes import SketchedOperation
from .synonyms import FIELDS

__all__ = ["BodyField", "DraftedWrite", "Finding", "Writing", "writing_of"]

Json = Any
_KEYS: Mapping[str, Sequence[str]] = {
    "product": ("sku",),
    "stocklevel": ("sku",),
    "contact": ("email", "contactId"),
    "order": ("orderNumber", "orderId"),
    "invoice": ("invoiceNumber", "invoiceId"),
    "call": ("callId",),
    "cart": ("cartId",),
}
"""Canonical type to the fields by which its record is found at a destination, the best first."""
_OWN_IDS = frozenset({"contactId", "orderId", "invoiceId", "callId", "cartId"})
"""Fields that hold an id which each platform gives its own records."""
_ANY = frozenset(
    {"id", "code", "name", "handle", "slug", "reference", "number", "uuid", "guid", "product_id", "item_id"}
    | {"inventory_item_id", "stock_item_id"}
)
"""Names that a field of another meaning may have as well."""
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
class Finding:
    """How the record whose `native` field is the canonical `key` is asked for: by `param` of the list, or, where that
    is empty, at its own `address`. `records` is its place in the answer.
    """

    key: str
    native: str
    param: str = ""
    address: str = ""
    records: str = ""
    check: str = ""


@attrs.frozen(kw_only=True)
class Writing:
    """How records of one canonical type are written."""

    listing: Listing
    finding: Finding
    create: DraftedWrite | None = None
    update: DraftedWrite | None = None


def writing_of(
    listing: Listing, kind: CanonicalType, operations: Sequence[SketchedOperation], proposals: Sequence[Proposal]
) -> Writing | str:
    """How the records of a list are written; a text says why that is left to a person, empty where the platform
    takes no writes of them.
    """
    create = next((each for each in operations if _is_create(each, listing)), None)
    changing = [each for each in operations if _is_update(each, listing)]
    # Where PUT or PATCH is there too, POST at a record's address does something else.
    update = next(iter(sorted(changing, key=lambda each: each.method == "POST")), None)
    if create is None and update is None:
        return ""
    told = " and ".join(f"{each.method} {each.path}" for each in (create, update) if each is not None)
    ways = [way for key in _KEYS.get(kind.name, ()) if (way := _finding(listing, kind, key, proposals)) is not None]
    if not ways:
        return f"{told} write {kind.name} records; how is one of them found?"
    for finding in ways:
        made = _write(create, kind, listing) if create is not None else None
        changed = _write(update, kind, listing) if update is not None else None
        if made is not None and not any(_speaks_of(field.rule, finding.key) for field in made.fields):
            made = None
        if changed is not None and not changed.native:
            changed = None
        if finding.key in _OWN_IDS and made is None:
            # An id that the platform gave itself is a stranger's there: what it finds would be overwritten.
            continue
        if made is not None or changed is not None:
            return Writing(listing=listing, finding=finding, create=made, update=changed)
    if all(each.key in _OWN_IDS for each in ways):
        return f"{told} write {kind.name} records; by what else than the platform's own id is one of them found?"
    return f"{told} write {kind.name} records; what are their bodies?"


def _finding(listing: Listing, kind: CanonicalType, key: str, proposals: Sequence[Proposal]) -> Finding | None:
    """How the one record of a canonical key is asked for; None where the document shows no way."""
    place = next((each.names for each in proposals if each.target == key), ())
    native = place[0] if len(place) == 1 and _PLAIN.fullmatch(place[0]) else ""
    if not native:
        return None
    own = key in _OWN_IDS
    # What every record has may name anything: only the field of that very name is looked for by it.
    known = FIELDS[kind.name].get(key, ())
    named = {"_".join(words_of(native)), *(() if own else (name for name in known if name not in _ANY))}
    words = "is this id the source's own? then match by another field" if own else ""
    for param in listing.operation.params:
        if param.place == "query" and "_".join(words_of(param.name)) in named:
            check = words or f"does {param.name} find exactly one record?"
            return Finding(key=key, native=native, param=param.name, records=listing.records, check=check)
    return _at_its_address(listing, key, native, named, words)


def _at_its_address(listing: Listing, key: str, native: str, named: AbstractSet[str], words: str) -> Finding | None:
    """The record at an address of its own that ends in the key."""
    details = listing.details
    ending = re.search(r"\{([^{}/]+)\}/?$", details.path) if details is not None else None
    if details is None or ending is None or details.answer is None:
        return None
    spelled = "_".join(words_of(ending[1]))
    last = spelled.rpartition("_")[2]
    own = words and last in ("id", "uuid", "guid", "number", "sid") and words_of(native)[-1:] == (last,)
    if spelled not in named and not own:
        return None
    records = _place_of(details.answer, native)
    if records is None:
        return None
    check = words or f"does {details.path} take the {native}?"
    return Finding(key=key, native=native, address=details.path, records=records, check=check)


def _place_of(answer: Shape, native: str) -> str | None:
    """Where one record stands in the answer to a request for it: what has the field that names it."""
    if native in answer.properties:
        return ""
    inside = [name for name, each in answer.properties.items() if native in each.properties and _PLAIN.fullmatch(name)]
    return inside[0] if inside else None


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
    return operation.method in ("PUT", "PATCH", "POST") and found is not None and operation.body is not None


def _speaks_of(rule: Json, key: str) -> bool:
    return rule == key or (isinstance(rule, Mapping) and rule.get("path") == key)


def _write(operation: SketchedOperation, kind: CanonicalType, listing: Listing) -> DraftedWrite | None:
    body, wrapper = operation.body, ""
    if body is None or body.kind != "object":
        return None
    inner = [name for name, each in body.properties.items() if each.kind == "object" and each.properties]
    beside = set(body.properties) - set(inner)
    if len(inner) == 1 and not beside & body.required and _is_wrapped(body, inner[0], listing):
        wrapper, body = inner[0], body.properties[inner[0]]
    fields = _fields(body, kind)
    if not any(field.certainty for field in fields):
        return None
    return DraftedWrite(operation=operation, native=_native(operation, listing), fields=fields, wrapper=wrapper)


def _is_wrapped(body: Shape, name: str, listing: Listing) -> bool:
    """Whether a body's one object is the record: nothing is beside it, or it has most of a record's fields."""
    record, inner = listing.record.properties.keys(), body.properties[name].properties.keys()
    return len(body.properties) == 1 or len(inner & record) > max(len(body.properties.keys() & record), 1)


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
