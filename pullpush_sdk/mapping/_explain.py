"""Oracles and explanations: the interpreter's answers for one record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from pullpush_sdk.canonical import UNSET, CanonicalType
from pullpush_sdk.errors import MappingError

from ._check import leaves
from ._functions import Functions
from ._interpret import Interpreter, Trace
from ._place import Findings
from ._plan import Leaf, RecordNode, plan_body, plan_map
from .spec import Map, Template


@attrs.frozen(kw_only=True)
class Explained:
    """How one field came about.

    `paths` were looked at, `path` gave the value (empty where none did), `raw` is what stood there and `value`
    what the field got; UNSET is missing. Both are "a secret value" where the rule is secret. `note` says what
    else happened: a default, a condition that did not hold, the reason of a refusal.
    """

    target: str
    paths: tuple[str, ...]
    path: str
    raw: Any
    value: Any
    note: str


def interpret(
    spec: Map, kind: CanonicalType | type[Any], functions: Functions, record: Any, context: Mapping[str, Any]
) -> Any:
    """The record that a map makes, the slow way; raises FieldError, or MappingError for an unknown target."""
    return Interpreter(functions).run(_node(spec, kind), record, context)


def interpret_body(template: Template, functions: Functions, record: dict[str, Any], context: Mapping[str, Any]) -> Any:
    """The native body that a template makes, the slow way; raises FieldError."""
    return Interpreter(functions).run(plan_body(template, Findings()), record, context)


def explain(
    spec: Map, kind: CanonicalType | type[Any], functions: Functions, record: Any, context: Mapping[str, Any]
) -> list[Explained]:
    """For one record, how every mapped field came about, in the map's order; a refused field has a note."""
    found: list[Explained] = []
    Interpreter(functions, lambda trace: found.append(_explained(trace))).run(_node(spec, kind), record, context)
    return found


def _node(spec: Map, kind: CanonicalType | type[Any]) -> RecordNode:
    findings = Findings()
    node = plan_map(spec, kind.record if isinstance(kind, CanonicalType) else kind, findings)
    if findings.problems:
        raise MappingError("the map does not fit the type", findings.problems)
    return node


def _explained(trace: Trace) -> Explained:
    target = f"{trace.where}.{trace.leaf.site.target}" if trace.where else trace.leaf.site.target
    secret = _secret(trace.leaf)
    return Explained(
        target=target,
        paths=tuple(trace.tried),
        path=trace.gave,
        raw=_hidden(trace.raw) if secret else trace.raw,
        value=_hidden(trace.value) if secret else trace.value,
        note=trace.note,
    )


def _secret(leaf: Leaf) -> bool:
    """Whether a rule is secret, or makes items of which a rule is."""
    items = leaf.plan.items
    return leaf.site.secret or (items is not None and any(_secret(each) for each in leaves(items)))


def _hidden(value: Any) -> Any:
    return value if value is UNSET or value is None else "a secret value"
