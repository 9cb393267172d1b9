"""What is wrong with a map or body before any record is read: every finding with its place, none the first only."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from pullpush_sdk.canonical import UNSET, CanonicalType, Kind, fields_of, wire_name
from pullpush_sdk.errors import FieldError, Problem

from ._coerce import coercion
from ._functions import Functions
from ._place import Findings, below, meant
from ._plan import Leaf, ListNode, Node, RecordNode, RulePlan, plan_body, plan_map
from ._site import Failure
from ._transforms import COALESCE, COMPUTE, NO_DEFAULT, TRANSFORMS
from .spec import Key, Literal, Map, Path, Rule, Step, Template

_GIVES_TO = {
    "text": {"text", "integer", "number", "money", "instant", "enum", None},
    "number": {"number", "money", "integer", None},
    "integer": {"text", "number", "money", "integer", None},
    "instant": {"instant", None},
    "boolean": {"boolean", None},
    "list": {"list", None},
    "records": {"list", None},
}
"""Which kinds of field can hold what a transform gives; None is a free JSON value."""


def check_map(spec: Map, kind: CanonicalType, functions: Functions, *, path: str = "$") -> list[Problem]:
    """Every problem of a parsed map for a canonical type; `path` is the place of the map in its file."""
    findings = Findings()
    node = plan_map(spec, kind.record, findings)
    check_node(node, functions, findings)
    _identity(node, kind, path, findings)
    if kind.name == "stocklevel":
        for name, part in node.parts:
            if name == "quantity" and isinstance(part, Leaf):
                _no_invented_number(part.plan, findings)
    return findings.problems


def check_body(
    template: Template, functions: Functions, *, kind: CanonicalType | None = None, path: str = "$"
) -> list[Problem]:
    """Every problem of a parsed body; with a `kind`, also paths that lead to no field of it.

    For `stocklevel`, nothing may stand in for a missing quantity.
    """
    findings = Findings()
    node = plan_body(template, findings, above=path)
    check_node(node, functions, findings)
    if kind is not None:
        for leaf in leaves(node):
            _known_paths(leaf.plan, kind.record, kind.record, findings)
            if kind.name == "stocklevel" and any(source.plain == "quantity" for source in leaf.site.paths):
                _no_invented_number(leaf.plan, findings)
    return findings.problems


def check_node(node: Node, functions: Functions, findings: Findings) -> None:
    """Transforms, functions and fixed values of every rule of a tree."""
    for leaf in leaves(node):
        _check_plan(leaf.plan, leaf, functions, findings)


def leaves(node: Node) -> Iterator[Leaf]:
    """The leaves of one level; those of items are below the leaf of their list."""
    if isinstance(node, Leaf):
        yield node
    elif isinstance(node, ListNode):
        for part in node.parts:
            yield from leaves(part)
    else:
        for _, part in node.parts:
            yield from leaves(part)


def _check_plan(plan: RulePlan, leaf: Leaf, functions: Functions, findings: Findings) -> None:
    rule = plan.rule
    for step in rule.steps:
        if step.name == COMPUTE and step.args["fn"] not in functions:
            name = str(step.args["fn"])
            hint = meant(name, functions) if len(functions) else "register it with the hook pullpush_functions"
            findings.add("function", f"unknown function {name[:60]!r}", step.place, hint)
    _chain(rule, leaf.kind, findings)
    for value, place in _fixed(rule):
        _fits(value, place, leaf, findings)
    if plan.items is not None:
        check_node(plan.items, functions, findings)
        if isinstance(plan.items, RecordNode):
            _required(plan.items, rule.place, findings)
    if plan.otherwise is not None:
        _check_plan(plan.otherwise, leaf, functions, findings)


def _chain(rule: Rule, kind: Kind | None, findings: Findings) -> None:
    """Whether each transform takes what the one before it gives, and the field what the last one gives."""
    gives: str | None = None
    before = ""
    for step in rule.steps:
        transform = TRANSFORMS[step.name]
        takes = transform.takes
        if gives == "records" or (gives is not None and takes is not None and gives not in takes):
            findings.add(
                "kind", f"{step.name} does not take the {gives} that {before} gives", step.place, "reorder them"
            )
        gives = transform.gives if transform.gives or step.name in {COMPUTE, "lookup", "first"} else gives
        before = step.name
    if kind is None or gives is None:
        return
    if kind.name not in _GIVES_TO[gives] or (gives == "list" and kind.item is not None and kind.item.name == "record"):
        hint = "add toString" if kind.name == "text" and gives in {"number", "boolean"} else "use another transform"
        findings.add("kind", f"{before} gives {gives}, and the field is {kind}", rule.steps[-1].place, hint)


def _fixed(rule: Rule) -> Iterator[tuple[Any, str]]:
    """The values that an author wrote and that reach the field as they are, with their places."""
    if not rule.steps and rule.literal:
        source = rule.sources[0]
        assert isinstance(source, Literal)
        yield source.value, rule.place
    if rule.default is not None:
        yield rule.default.value, below(rule.place, "default")
    last = rule.steps[-1] if rule.steps else None
    if last is not None and last.name == COALESCE:
        for at, each in enumerate(rule.sources):
            if isinstance(each, Literal):
                yield each.value, below(below(rule.place, "paths"), at)
    if last is not None and last.name == "lookup":
        yield from ((value, place) for _, value, place in _lookup_values(last, rule))


def _lookup_values(step: Step, rule: Rule) -> Iterator[tuple[str, Any, str]]:
    """Word, value and place of each entry; the default has no word."""
    around = step.place if "[" in step.place.removeprefix(rule.place) else rule.place
    for word, value in step.args["table"].items():
        yield word, value, below(below(around, "table"), word)
    if step.args["default"] is not NO_DEFAULT:
        yield "", step.args["default"], below(around, "default")


def _fits(value: Any, place: str, leaf: Leaf, findings: Findings) -> None:
    if value is None or value is UNSET:
        return
    try:
        coercion(leaf.kind)(value, leaf.site)
    except Failure as failure:
        findings.add("value", f"a fixed value that the field cannot hold: {failure.reason}", place, failure.hint)


def _required(node: RecordNode, place: str, findings: Findings) -> None:
    mapped = {name for name, _ in node.parts}
    for field in fields_of(node.cls):
        if field.required and field.name not in mapped:
            findings.add(
                "identity", f"{field.wire} of {node.cls.__name__} is not mapped", place, f"add {field.wire}: …"
            )
    for name, part in node.parts:
        if isinstance(part, RecordNode):
            _required(part, place, findings)
        elif isinstance(part, Leaf) and part.required and part.plan.rule.literal:
            hint = "read it from the record: every record needs one of its own"
            findings.add("identity", f"{wire_name(name)} is a fixed value", part.plan.rule.place, hint)


def _identity(node: RecordNode, kind: CanonicalType, place: str, findings: Findings) -> None:
    """Required fields, then whatever else the type's own key asks of a record that has every mapped field."""
    before = len(findings.problems)
    _required(node, place, findings)
    if len(findings.problems) > before:
        return
    probe = {field.name: _sample(field.kind) for field in fields_of(kind.record) if field.name in dict(node.parts)}
    try:
        kind.key(kind.record(**probe))
    except FieldError as error:
        findings.add("identity", error.message, place, error.hint)
    except Exception as error:  # noqa: BLE001 - a key function of an extension may fail on what is not mapped
        message = f"the key of {kind.name} cannot be made of the mapped fields: {type(error).__name__}"
        findings.add("identity", message, place, "map every field that its key reads")


def _sample(kind: Kind) -> Any:
    return {"text": "x", "number": 1, "integer": 1, "money": Decimal(1)}.get(kind.name, UNSET)


def _no_invented_number(plan: RulePlan, findings: Findings) -> None:
    """Unknown stock never becomes a number: only what the record says may."""
    rule = plan.rule
    hint = "null means that nothing is known; a number would be written to the other system"
    for value, place in _invented(rule):
        if value is not None:
            findings.add("stock", "a fixed quantity", place, hint)
    for source in rule.sources:
        if isinstance(source, Path) and source.root == "@" and source.moves[:1] == (Key("settings"),):
            findings.add("stock", f"a quantity from settings ({source.text[:60]})", rule.place, hint)
    if plan.otherwise is not None:
        _no_invented_number(plan.otherwise, findings)


def _invented(rule: Rule) -> Iterator[tuple[Any, str]]:
    """Fixed values that a missing, null or blank value of the record could become."""
    for at, source in enumerate(rule.sources):
        if isinstance(source, Literal):
            yield source.value, below(below(rule.place, "paths"), at) if rule.several else rule.place
    if rule.default is not None:
        yield rule.default.value, below(rule.place, "default")
    for step in rule.steps:
        if step.name == "lookup":
            yield from ((value, place) for word, value, place in _lookup_values(step, rule) if not word.strip())


def _known_paths(plan: RulePlan, cls: type[Any], record: type[Any], findings: Findings) -> None:
    """Paths of a body that no field answers to: `cls` is what `$` holds, `record` what `$$` holds."""
    rule = plan.rule
    sources = [source for source in rule.sources if isinstance(source, Path)]
    for path in [*sources, *(condition.path for condition in rule.when)]:
        if path.root != "@":
            _known_path(path, cls if path.root == "$" else record, rule.place, findings)
    if plan.otherwise is not None:
        _known_paths(plan.otherwise, cls, record, findings)
    if plan.items is not None and len(sources) == 1:
        inner = _class_at(sources[0], cls if sources[0].root == "$" else record)
        for leaf in leaves(plan.items):
            if inner is not None:
                _known_paths(leaf.plan, inner, record, findings)


def _known_path(path: Path, cls: type[Any], place: str, findings: Findings) -> None:
    current: Kind | None = Kind("record", of=cls)
    for move in path.moves:
        if current is None:
            return
        if not isinstance(move, Key):
            current = current.item
        elif current.name != "record" or current.of is None:
            return
        else:
            fields = {field.wire: field for field in fields_of(current.of)}
            if move.name not in fields:
                message = f"{current.of.__name__} has no field {move.name[:80]!r}"
                findings.add("path", message, place, meant(move.name, fields))
                return
            current = fields[move.name].kind


def _class_at(path: Path, cls: type[Any]) -> type[Any] | None:
    """The record class of the items at a path, None where there is none."""
    current: Kind | None = Kind("record", of=cls)
    for move in path.moves:
        if current is None or current.name not in {"record", "list"}:
            return None
        if isinstance(move, Key) and current.of is not None:
            fields = {field.wire: field for field in fields_of(current.of)}
            current = fields[move.name].kind if move.name in fields else None
        else:
            current = current.item
    return current.item.of if current is not None and current.item is not None else None
