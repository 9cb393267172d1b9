"""How much of a canonical type a map fills, and how much of the native records it uses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs

from pullpush_sdk.canonical import CanonicalType, Field, fields_of, to_sparse, wire_name
from pullpush_sdk.errors import FieldError

from ._compile import CompiledMap
from ._unread import Unread, unread
from .spec import Literal, Map, Rule

__all__ = ["Coverage", "FieldCoverage", "coverage"]

Json = Any


@attrs.frozen(kw_only=True)
class FieldCoverage:
    """One canonical field over some records.

    `path` is its wire name, dotted inside a nested record, with `[]` inside a list (`lineItems[].sku`). `required`
    fields must have a value, `always` ones are on the wire even when nothing is known. `rule` is what the map reads for
    it, empty where no rule makes it. Of `records` that map, it had a value in `filled` and was null in `null` ones;
    `example` is one value.
    """

    path: str
    kind: str
    required: bool
    always: bool
    doc: str
    rule: str = ""
    records: int = 0
    filled: int = 0
    null: int = 0
    example: Json = None

    @property
    def state(self) -> str:
        """How far it is filled.

        `filled`, `partly` (in some records), `empty` (there is a rule, and no record gave a value), `untried` (there is
        a rule, and no record maps), `missing` (required and without a rule) or `open` (nothing makes it, and nothing
        must).
        """
        if self.filled:
            return "filled" if self.filled == self.records else "partly"
        if self.rule:
            return "empty" if self.records else "untried"
        return "missing" if self.required else "open"


@attrs.frozen(kw_only=True)
class Coverage:
    """Every field of a type in its order, the native places that nothing reads, and of how many records that is.

    `refused` is how many of the records do not map. `reads_whole` says that a function is given whole records, so that
    what seems unread may be read by it.
    """

    fields: Sequence[FieldCoverage]
    unread: Sequence[Unread]
    records: int
    refused: int
    reads_whole: bool


def coverage(
    spec: Map, kind: CanonicalType, compiled: CompiledMap | None, records: Sequence[tuple[Json, Mapping[str, Json]]]
) -> Coverage:
    """What the map makes of these records, field by field; each stands with its context, which `@` paths read.

    `compiled` None says that the map lacks a required field: nothing is made then.
    """
    made: list[Mapping[str, Json]] = []
    for record, context in records:
        if compiled is None:
            break
        try:
            made.append(to_sparse(compiled.one(record, context)))
        except FieldError:
            continue
    rules = _rules(spec)
    fields = [_covered(path, field, made, rules) for path, field in _fields(kind)]
    places, reads_whole = unread(spec, [record for record, _ in records])
    return Coverage(
        fields=fields, unread=places, records=len(records), refused=len(records) - len(made), reads_whole=reads_whole
    )


def _fields(kind: CanonicalType) -> Iterator[tuple[str, Field]]:
    """Fields of a type, and of the records one level inside it."""
    for field in fields_of(kind.record):
        yield field.wire, field
        inner = field.kind.item if field.kind.name == "list" else field.kind
        if inner is not None and inner.name == "record" and inner.of is not None:
            mark = "[]." if field.kind.name == "list" else "."
            for each in fields_of(inner.of):
                # What a nested record requires is required only where there is one.
                yield f"{field.wire}{mark}{each.wire}", attrs.evolve(each, required=False)


def _rules(spec: Map, before: str = "") -> dict[str, str]:
    """Canonical path to what its rule reads, in few words; those of the items of a list too."""
    found: dict[str, str] = {}
    for target, rule in spec.rules:
        path = before + ".".join(wire_name(part) for part in target.split("."))
        found[path] = _words(rule)
        items = next((step.items for step in rule.steps if isinstance(step.items, Map)), None)
        if items is not None:
            found |= _rules(items, f"{path}[].")
    return found


def _words(rule: Rule) -> str:
    sources = [f"= {each.value}" if isinstance(each, Literal) else each.text for each in rule.sources]
    if rule.otherwise is not None:
        sources.append(_words(rule.otherwise))
    named = [str(step.args.get("fn", step.name)) for step in rule.steps if step.name == "compute"]
    return ", ".join(sources) or f"{' '.join(named) or 'a function'} of the whole record"


def _covered(path: str, field: Field, made: Sequence[Mapping[str, Json]], rules: Mapping[str, str]) -> FieldCoverage:
    values = [list(_values(record, path)) for record in made]
    known = [value for each in values for value in each if value is not None]
    inside = next((text for target, text in rules.items() if target.startswith((f"{path}.", f"{path}[]."))), "")
    return FieldCoverage(
        path=path,
        kind=str(field.kind),
        required=field.required,
        always=field.always,
        doc=field.doc,
        rule=rules.get(path, inside),
        records=len(made),
        filled=sum(any(value is not None for value in each) for each in values),
        null=sum(bool(each) and all(value is None for value in each) for each in values),
        example=known[0] if known else None,
    )


def _values(record: Json, path: str) -> Iterator[Json]:
    """What stands at a field's path: one value, several in a list, none where it is absent."""
    head, dot, rest = path.partition(".")
    name = head.removesuffix("[]")
    if not isinstance(record, Mapping) or name not in record:
        return
    value = record[name]
    if not dot:
        yield value
    elif head.endswith("[]"):
        for each in value or ():
            yield from _values(each, rest)
    else:
        yield from _values(value, rest)
