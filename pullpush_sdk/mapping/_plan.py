"""Maps and templates laid out as the tree that both the emitter and the interpreter walk.

Targets are resolved to fields here, so what follows knows kinds, identity fields and classes, never names that
an author wrote.
"""

from __future__ import annotations

from typing import Any

import attrs

from pullpush_sdk.canonical import TEXT, Field, Kind, fields_of

from ._place import Findings, below, meant
from ._site import Site
from .spec import ListTemplate, Map, ObjectTemplate, Path, Rule, Template


@attrs.frozen(kw_only=True, eq=False)
class RulePlan:
    """A rule with the plan of its items and of its stand-in."""

    rule: Rule
    items: Node | None = None
    otherwise: RulePlan | None = None


@attrs.frozen(kw_only=True, eq=False)
class Leaf:
    """One value: made by a rule, held by a kind (None: any JSON value).

    `native` values differ in two ways: a failed condition gives nothing instead of null, and mapItems passes
    missing and null on instead of making an empty list.
    """

    plan: RulePlan
    kind: Kind | None
    required: bool
    native: bool
    site: Site


@attrs.frozen(kw_only=True, eq=False)
class RecordNode:
    """A canonical record; parts by Python field name."""

    cls: type[Any]
    parts: tuple[tuple[str, Node], ...]


@attrs.frozen(kw_only=True, eq=False)
class ObjectNode:
    """A JSON object; absent parts are left out."""

    parts: tuple[tuple[str, Node], ...]


@attrs.frozen(kw_only=True, eq=False)
class ListNode:
    """A JSON list of fixed parts; absent ones are left out."""

    parts: tuple[Node, ...]


Node = Leaf | RecordNode | ObjectNode | ListNode


def plan_map(spec: Map, cls: type[Any], findings: Findings, *, above: str = "") -> RecordNode:
    """The tree of a map onto a record class; targets that the class does not have are findings."""
    tree: dict[str, Any] = {}
    for target, rule in spec.rules:
        _insert(tree, target.split("."), rule, below(spec.place, target), findings)
    return _record(tree, cls, findings, above)


def plan_body(template: Template, findings: Findings, *, above: str = "$") -> Node:
    """The tree of a native body."""
    if isinstance(template, ObjectTemplate):
        return ObjectNode(
            parts=tuple((key, plan_body(each, findings, above=below(above, key))) for key, each in template.entries)
        )
    if isinstance(template, ListTemplate):
        return ListNode(
            parts=tuple(plan_body(each, findings, above=below(above, at)) for at, each in enumerate(template.items))
        )
    return _leaf(template, None, above, findings, native=True)


def _insert(tree: dict[str, Any], names: list[str], rule: Rule, place: str, findings: Findings) -> None:
    """Puts a rule at a dotted place; a place that is both a value and an object is a finding."""
    for name in names[:-1]:
        inner = tree.setdefault(name, {})
        if not isinstance(inner, dict):
            findings.add("target", f"{name!r} has a rule of its own and rules for its parts", place, "keep one")
            return
        tree = inner
    if names[-1] in tree:
        findings.add("target", f"{names[-1]!r} has a rule of its own and rules for its parts", place, "keep one")
        return
    tree[names[-1]] = rule


def _record(tree: dict[str, Any], cls: type[Any], findings: Findings, above: str) -> RecordNode:
    fields = fields_of(cls)
    known = {field.name: field for field in fields} | {field.wire: field for field in fields}
    parts: dict[str, Node] = {}
    for name, entry in tree.items():
        field = known.get(name)
        place = _place_of(entry)
        if field is None:
            hint = meant(name, [each.wire for each in fields])
            findings.add("target", f"{cls.__name__} has no field {name[:80]!r}", place, hint)
        elif field.name in parts:
            findings.add("target", f"{field.wire} is mapped twice", place, "keep one")
        elif (node := _part(entry, field, findings, above)) is not None:
            parts[field.name] = node
    return RecordNode(cls=cls, parts=tuple(parts.items()))


def _part(entry: Any, field: Field, findings: Findings, above: str) -> Node | None:
    target = f"{above}.{field.wire}" if above else field.wire
    if isinstance(entry, Rule):
        return _leaf(entry, field.kind, target, findings, required=field.required)
    if field.kind.name == "record":
        assert field.kind.of is not None
        return _record(entry, field.kind.of, findings, target)
    if field.kind.name in {"json", "map"}:
        return _free(entry, TEXT if field.kind.name == "map" else None, findings, target)
    hint = "map the list with transform: mapItems" if field.kind.name == "list" else "map the field itself"
    findings.add("target", f"{field.wire} is {field.kind} and has no fields", _place_of(entry), hint)
    return None


def _free(tree: dict[str, Any], kind: Kind | None, findings: Findings, above: str) -> ObjectNode:
    """Keys of a free JSON object, or of a map of texts, which has no second level."""
    parts: list[tuple[str, Node]] = []
    for name, entry in tree.items():
        target = f"{above}.{name}" if above else name
        if isinstance(entry, Rule):
            parts.append((name, _leaf(entry, kind, target, findings)))
        elif kind is None:
            parts.append((name, _free(entry, None, findings, target)))
        else:
            findings.add("target", f"{above} holds texts only", _place_of(entry), "write one name after the dot")
    return ObjectNode(parts=tuple(parts))


def _leaf(
    rule: Rule, kind: Kind | None, target: str, findings: Findings, *, required: bool = False, native: bool = False
) -> Leaf:
    paths = tuple(source for source in rule.sources if isinstance(source, Path))
    return Leaf(
        plan=_rule(rule, kind, findings),
        kind=kind,
        required=required,
        native=native,
        site=Site(target=target[:200], paths=paths, secret=rule.secret),
    )


def _rule(rule: Rule, kind: Kind | None, findings: Findings) -> RulePlan:
    items = rule.steps[-1].items if rule.steps else None
    return RulePlan(
        rule=rule,
        items=None if items is None else _items(items, kind, rule, findings),
        otherwise=None if rule.otherwise is None else _rule(rule.otherwise, kind, findings),
    )


def _items(items: Map | Template, kind: Kind | None, rule: Rule, findings: Findings) -> Node | None:
    if not isinstance(items, Map):
        return plan_body(items, findings)
    if kind is None:
        tree: dict[str, Any] = {}
        for target, each in items.rules:
            _insert(tree, target.split("."), each, below(items.place, target), findings)
        return _free(tree, None, findings, "")
    if kind.name == "list" and kind.item is not None and kind.item.of is not None and kind.item.name == "record":
        return plan_map(items, kind.item.of, findings)
    findings.add("kind", f"mapItems makes records, and the field is {kind}", rule.place, "map it without mapItems")
    return None


def _place_of(entry: Any) -> str:
    """The place of a rule, or of the first rule among parts."""
    while not isinstance(entry, Rule):
        entry = next(iter(entry.values()))
    return entry.place
