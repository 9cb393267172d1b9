"""The slow, obvious evaluator: walks the plan for one record and says what happened; the oracle of the emitter.

It shares with the emitter what a transform or a kind means, and nothing of how a path is walked, an alternative
chosen, a part put together or an absent one left out.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import attrs

from pullpush_sdk.canonical import UNSET

from ._coerce import coercion
from ._functions import Functions
from ._path import parse_path
from ._plan import Leaf, Node, ObjectNode, RecordNode, RulePlan
from ._site import Failure, Site
from ._transforms import COALESCE, COMPUTE, MAP_ITEMS, TRANSFORMS, computed
from ._values import among, empty, same
from .spec import Condition, Every, Index, Key, Literal, Move, Path, Step

ROOT = Site(target="$")


@attrs.define(kw_only=True)
class Trace:
    """What one rule did: the paths it looked at, the one that gave its value, the value before any step."""

    leaf: Leaf
    where: str
    tried: list[str]
    gave: str = ""
    raw: Any = UNSET
    value: Any = UNSET
    note: str = ""


@attrs.frozen(kw_only=True)
class Scope:
    """Where `$`, `$$` and `@` point, and the place of `$` in words (`lineItems[2]`, empty at the record)."""

    item: Any
    record: Any
    context: Mapping[str, Any]
    where: str = ""


class Interpreter:
    """Evaluates plan nodes; `watch` gets the trace of every rule, and failures then become notes."""

    def __init__(self, functions: Functions, watch: Callable[[Trace], None] | None = None) -> None:
        self.functions = functions
        self.watch = watch

    def run(self, node: Node, record: Any, context: Mapping[str, Any]) -> Any:
        """The value of the whole tree for one record; raises FieldError."""
        try:
            if record.__class__ is not dict:
                raise ROOT.refuse("expected a record that is an object", record)
            return self.node(node, Scope(item=record, record=record, context=dict(context)))
        except Failure as failure:
            raise failure.error() from None

    def node(self, node: Node, scope: Scope, *, top: bool = True) -> Any:
        if isinstance(node, Leaf):
            return self.leaf(node, scope)
        if isinstance(node, RecordNode):
            known = {name: self.node(part, scope, top=False) for name, part in node.parts}
            if not top and all(value is UNSET for value in known.values()):
                return UNSET
            return node.cls(**known)
        if isinstance(node, ObjectNode):
            values = {key: self.node(part, scope, top=False) for key, part in node.parts}
            present = {key: value for key, value in values.items() if value is not UNSET}
            return UNSET if node.parts and not present and not top else present
        listed = [self.node(part, scope, top=False) for part in node.parts]
        there = [value for value in listed if value is not UNSET]
        return UNSET if listed and not there and not top else there

    def leaf(self, leaf: Leaf, scope: Scope) -> Any:
        trace = Trace(leaf=leaf, where=scope.where, tried=[])
        try:
            value = self.rule(leaf.plan, leaf, scope, trace)
            if value is not UNSET and value is not None:
                value = coercion(leaf.kind)(value, leaf.site)
            blank = value is UNSET or value is None or (isinstance(value, str) and not value.strip())
            if leaf.required and blank:
                raise leaf.site.missing(value)
        except Failure as failure:
            if self.watch is None:
                raise
            value, trace.note = UNSET, failure.reason
        trace.value = value
        if self.watch is not None:
            self.watch(trace)
        return value

    def rule(self, plan: RulePlan, leaf: Leaf, scope: Scope, trace: Trace) -> Any:
        rule = plan.rule
        for condition in rule.when:
            if not self.holds(condition, scope):
                trace.note = f"when does not hold: {condition.path.text} {condition.test}"
                if plan.otherwise is not None:
                    return self.rule(plan.otherwise, leaf, scope, trace)
                return UNSET if leaf.native else None
        values = [self.source(source, scope, trace) for source in rule.sources]
        steps = list(rule.steps)
        if rule.several or not rule.sources:
            value = self.together(steps.pop(0), values if rule.sources else [scope.item], plan, leaf, trace)
        else:
            value = values[0]
        trace.raw = value if not rule.several else trace.raw
        for step in steps:
            value = self.step(step, value, plan, leaf, scope)
        if rule.default is not None and (value is UNSET or value is None):
            trace.note = "default"
            value = copy.deepcopy(rule.default.value)
        return value

    def source(self, source: Path | Literal, scope: Scope, trace: Trace) -> Any:
        if isinstance(source, Literal):
            return copy.deepcopy(source.value)
        value = read(source, scope)
        trace.tried.append(source.text)
        if value is not UNSET and not trace.gave:
            trace.gave = source.text
        return value

    def together(self, step: Step, values: list[Any], plan: RulePlan, leaf: Leaf, trace: Trace) -> Any:
        """The first step of a rule with several sources, or none: then the record is the only value."""
        if step.name == COMPUTE:
            return self.call(step, values, leaf)
        if step.name == COALESCE:
            trace.gave = ""
            for source, value in zip(plan.rule.sources, values, strict=True):
                if not empty(value):
                    trace.gave = source.text if isinstance(source, Path) else "a literal"
                    trace.raw = value
                    return value
            return UNSET if all(value is UNSET for value in values) else None
        return self.transform(step, tuple(values), leaf)

    def step(self, step: Step, value: Any, plan: RulePlan, leaf: Leaf, scope: Scope) -> Any:
        if step.name == COMPUTE:
            return self.call(step, [value], leaf)
        if step.name == MAP_ITEMS:
            return self.items(value, plan.items, leaf, scope)
        if step.name == COALESCE:
            return None if empty(value) and value is not UNSET else value
        if value is UNSET or value is None:
            return value
        return self.transform(step, value, leaf)

    def transform(self, step: Step, value: Any, leaf: Leaf) -> Any:
        transform = TRANSFORMS[step.name]
        arguments = [step.args[name] for name in transform.arguments]
        try:
            return transform.call(value, *arguments)
        except Exception as error:  # noqa: BLE001 - every failure becomes one of this record
            shown = UNSET if value.__class__ is tuple else value
            raise leaf.site.failed(step.name, error, shown) from None

    def call(self, step: Step, values: list[Any], leaf: Leaf) -> Any:
        name = step.args["fn"]
        given = [None if value is UNSET else value for value in values]
        try:
            return computed(self.functions[name](*given))
        except Exception as error:  # noqa: BLE001 - a connector's function may raise anything
            shown = given[0] if len(given) == 1 else UNSET
            raise leaf.site.failed(name, error, shown) from None

    def items(self, value: Any, node: Node | None, leaf: Leaf, scope: Scope) -> Any:
        if value is UNSET or value is None:
            return value if leaf.native else []
        if value.__class__ is not list:
            raise leaf.site.refuse("mapItems: expected a list", value)
        if node is None:
            return value
        found = []
        for at, item in enumerate(value):
            try:
                if item.__class__ is not dict:
                    raise Site(target="").refuse("mapItems: expected items that are objects", item)
                where = f"{scope.where}{'.' if scope.where else ''}{leaf.site.target}[{at}]"
                inner = Scope(item=item, record=scope.record, context=scope.context, where=where)
                made = self.node(node, inner, top=isinstance(node, RecordNode))
                if made is not UNSET:
                    found.append(made)
            except Failure as failure:
                raise leaf.site.inside(failure, f"[{at}]") from None
        return found

    def holds(self, condition: Condition, scope: Scope) -> bool:
        value = read(condition.path, scope)
        if condition.test == "equals":
            return same(value, condition.value)
        if condition.test == "notEquals":
            return not same(value, condition.value)
        if condition.test == "in":
            return among(value, condition.value)
        if condition.test == "exists":
            return (value is not UNSET) is condition.value
        return (not empty(value)) is condition.value


def read(path: Path, scope: Scope) -> Any:
    """The value at a path; missing where it cannot be walked to its end."""
    start = {"$": scope.item, "$$": scope.record, "@": scope.context}[path.root]
    return walk(start, path.moves)


@lru_cache(maxsize=1024)
def _moves(text: str) -> tuple[Move, ...]:
    return parse_path(text or "$").moves


def read_path(value: Any, text: str) -> Any:
    """The value at a path of a plain JSON value, UNSET where it leads to nothing; empty text is the value itself.

    Raises:
        ValueError: the text is not a path.
    """
    return walk(value, _moves(text))


def walk(value: Any, moves: tuple[Move, ...]) -> Any:
    """The value that the moves lead to from `value`."""
    if any(isinstance(move, Every) for move in moves):
        found = gather([value], moves)
        return UNSET if found is None else found
    for move in moves:
        value = _follow(value, move)
    return value


def gather(values: list[Any], moves: tuple[Move, ...]) -> list[Any] | None:
    """Every value that the moves lead to; None where the first `[*]` met no list."""
    started = False
    for move in moves:
        if isinstance(move, Every):
            lists = [value for value in values if value.__class__ is list]
            if not started and not lists:
                return None
            started = True
            values = [item for each in lists for item in each]
        else:
            values = [_follow(value, move) for value in values]
    return [value for value in values if value is not UNSET]


def _follow(value: Any, move: Move) -> Any:
    if isinstance(move, Key):
        return value.get(move.name, UNSET) if value.__class__ is dict else UNSET
    if value.__class__ is not list:
        return UNSET
    if isinstance(move, Index):
        return value[move.at] if move.at < len(value) else UNSET
    assert not isinstance(move, Every)
    for item in value:
        if same(walk(item, tuple(Key(name) for name in move.keys)), move.equals):
            return item
    return UNSET
