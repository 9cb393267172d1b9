"""Plans to straight-line Python: one function for a whole page, no call per record, no closure per field.

The code of a map reads

    def map_records(records, context, append, ...):
        for r in records:
            v1 = r.get(K1, UNSET)
            if v1.__class__ is not str and v1 is not None and v1 is not UNSET:
                v1 = text2(v1, S3)
            ...
            append(C9(sku=v1, ...))

Values that are right as they come cost one comparison; everything else goes to a function that converts or
raises. A failing record leaves the loop, and the caller enters it again with the same iterator, so a page without
failures pays nothing for them. Python nests at most twenty loops and a hundred indentations: the limits of the
parser on items, alternatives and path moves keep far below both.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import attrs

from ._coerce import coercion, words
from ._emit_path import Area, PathEmitter
from ._functions import Functions
from ._plan import Leaf, ListNode, Node, ObjectNode, RecordNode, RulePlan
from ._shape import Layout, ListLayout
from ._site import Failure, Site
from ._transforms import COALESCE, COMPUTE, MAP_ITEMS, NO_DEFAULT, TRANSFORMS, computed
from ._values import NUMBERS, PLAIN, among
from ._writer import Writer
from .spec import Condition, Literal, Path, Rule, Step

RECORD = Site(target="$")
ITEM = Site(target="")

_THERE = "{0} is not None and {0} is not UNSET"
_LACKS = "{0} is None or {0} is UNSET"


@attrs.frozen
class Source:
    """Emitted Python and the constants it is bound to."""

    text: str
    constants: dict[str, Any]


def emit_records(node: RecordNode, functions: Functions, layout: Layout | None) -> Source:
    """A function that maps an iterator of records, appending each result; raises Failure at the first bad one."""
    writer = Writer()
    emitter = _Emitter(writer, functions)
    context = Area(name="context", layout=None)
    emitter.shared(context, node)
    with writer.block("for r in records:"):
        record = Area(name="r", layout=layout)
        emitter.guard("r", layout, RECORD, "expected a record that is an object")
        scope = _Scope(item=record, record=record, context=context)
        emitter.hoist(node, scope)
        writer.line(f"append({emitter.node(node, scope, top=True)})")
    return Source(writer.function("map_records", "records, context, append, *, UNSET=UNSET,"), writer.constants)


def emit_body(node: Node, functions: Functions) -> Source:
    """A function that makes one native body of a record; raises Failure."""
    writer = Writer()
    emitter = _Emitter(writer, functions)
    context = Area(name="context", layout=None)
    emitter.shared(context, node)
    record = Area(name="r", layout=None)
    emitter.guard("r", None, RECORD, "expected a record that is an object")
    scope = _Scope(item=record, record=record, context=context)
    emitter.hoist(node, scope)
    writer.line(f"return {emitter.node(node, scope, top=True)}")
    return Source(writer.function("make_body", "r, context, *, UNSET=UNSET,"), writer.constants)


@attrs.frozen(kw_only=True)
class _Scope:
    """Where `$`, `$$` and `@` start."""

    item: Area
    record: Area
    context: Area

    def area(self, path: Path) -> Area:
        return {"$": self.item, "$$": self.record, "@": self.context}[path.root]


@attrs.frozen
class _Spot:
    """Where a rule works: the leaf it fills, the areas it reads, and the constant that names its site."""

    leaf: Leaf
    scope: _Scope
    site: str


class _Emitter:
    """Writes the code of nodes; every method returns the variable or expression that holds the result."""

    def __init__(self, writer: Writer, functions: Functions) -> None:
        self.writer = writer
        self.functions = functions
        self.paths = PathEmitter(writer)

    def shared(self, context: Area, node: Node) -> None:
        """Reads the context once for the whole page."""
        for _, path in _reads(node):
            if path.root == "@" and path.moves not in context.read:
                context.read[path.moves] = self.paths.read(context, path.moves)

    def hoist(self, node: Node, scope: _Scope) -> None:
        """Reads once what several rules of this level share; what items read of the record counts as shared."""
        own = [path for depth, path in _reads(node) if path.root == "$" and depth == 0]
        if scope.item is scope.record:
            outer = [path for _, path in _reads(node) if path.root == "$$"]
            own += outer + outer
        self.paths.hoist(scope.item, own)

    def guard(self, name: str, layout: Layout | None, site: Site, reason: str) -> None:
        """Refuses what is not an object."""
        with self.writer.block(f"if {name}.__class__ is not {self.paths.object_class(layout)}:"):
            where = self.writer.constant("S", site)
            self.writer.line(f"raise {where}.refuse({self.writer.constant('K', reason)}, {name})")

    def node(self, node: Node, scope: _Scope, *, top: bool) -> str:
        if isinstance(node, Leaf):
            return self.leaf(node, scope)
        if isinstance(node, RecordNode):
            return self.record(node, scope, top=top)
        made = self.writer.name()
        if isinstance(node, ObjectNode):
            entries = [(key, self.node(part, scope, top=False)) for key, part in node.parts]
            self.writer.line(f"{made} = {{}}")
            for key, value in entries:
                with self.writer.block(f"if {value} is not UNSET:"):
                    self.writer.line(f"{made}[{self.writer.constant('K', key)}] = {value}")
        else:
            listed = [self.node(part, scope, top=False) for part in node.parts]
            self.writer.line(f"{made} = []")
            for value in listed:
                with self.writer.block(f"if {value} is not UNSET:"):
                    self.writer.line(f"{made}.append({value})")
        if node.parts and not top:
            with self.writer.block(f"if not {made}:"):
                self.writer.line(f"{made} = UNSET")
        return made

    def record(self, node: RecordNode, scope: _Scope, *, top: bool) -> str:
        values: dict[str, str] = {}
        for name, part in node.parts:
            self.writer.line(f"# {name}")
            values[name] = self.node(part, scope, top=False)
        call = f"{self.writer.constant('C', node.cls)}({', '.join(f'{name}={v}' for name, v in values.items())})"
        if top:
            return call
        made = self.writer.name()
        self.writer.line(f"{made} = UNSET")
        if values:
            with self.writer.block(f"if {' or '.join(f'{value} is not UNSET' for value in values.values())}:"):
                self.writer.line(f"{made} = {call}")
        return made

    def leaf(self, leaf: Leaf, scope: _Scope) -> str:
        site = self.writer.constant("S", leaf.site)
        value = self.rule(leaf.plan, _Spot(leaf, scope, site))
        self.coerce(value, leaf, site)
        if leaf.required:
            blank = f" or not {value} or {value}.isspace()" if leaf.kind and leaf.kind.name == "text" else ""
            with self.writer.block(f"if {_LACKS.format(value)}{blank}:"):
                self.writer.line(f"raise {site}.missing({value})")
        return value

    def rule(self, plan: RulePlan, spot: _Spot) -> str:
        if not plan.rule.when:
            return self.main(plan, spot)
        tests = [self.condition(each, spot.scope) for each in plan.rule.when]
        made = self.writer.name()
        with self.writer.block(f"if {' and '.join(tests)}:"):
            self.writer.line(f"{made} = {self.main(plan, spot)}")
        with self.writer.block("else:"):
            if plan.otherwise is not None:
                self.writer.line(f"{made} = {self.rule(plan.otherwise, spot)}")
            else:
                self.writer.line(f"{made} = {'UNSET' if spot.leaf.native else None}")
        return made

    def condition(self, condition: Condition, scope: _Scope) -> str:
        value, _ = self.paths.read(scope.area(condition.path), condition.path.moves)
        word = condition.value
        if condition.test == "equals":
            return self.paths.equal(value, word)
        if condition.test == "notEquals":
            return f"not ({self.paths.equal(value, word)})"
        if condition.test == "in":
            return f"{self.writer.constant('among', among)}({value}, {self.writer.constant('K', word)})"
        if condition.test == "exists":
            return f"{value} is not UNSET" if word else f"{value} is UNSET"
        filled = f"({value} or {value}.__class__ in {self.writer.constant('NUMBERS', NUMBERS)})"
        return filled if word else f"not {filled}"

    def main(self, plan: RulePlan, spot: _Spot) -> str:
        rule, steps = plan.rule, list(plan.rule.steps)
        layout: Layout | None = None
        if rule.several or not rule.sources:
            value = self.together(rule, steps.pop(0), spot)
        else:
            value, layout = self.single(rule.sources[0], spot.scope)
        for step in steps:
            self.step(step, value, plan, spot, layout)
        if rule.default is not None:
            with self.writer.block(f"if {_LACKS.format(value)}:"):
                self.writer.line(f"{value} = {self.literal(rule.default)}")
        return value

    def single(self, source: Path | Literal, scope: _Scope) -> tuple[str, Layout | None]:
        """A source in a variable of its own, so that steps may assign to it."""
        if isinstance(source, Literal):
            value = self.writer.name()
            self.writer.line(f"{value} = {self.literal(source)}")
            return value, None
        area = scope.area(source)
        found, layout = self.paths.read(area, source.moves)
        if source.collects and layout is not None:
            layout = ListLayout(layout)
        if source.moves and source.moves not in area.read:
            return found, layout
        value = self.writer.name()
        self.writer.line(f"{value} = {found}")
        return value, layout

    def literal(self, literal: Literal) -> str:
        """A fixed value; a list or object is copied, because its reader may change it."""
        name = self.writer.constant("K", literal.value)
        if isinstance(literal.value, list | dict):
            return f"{self.writer.constant('deepcopy', copy.deepcopy)}({name})"
        return name

    def together(self, rule: Rule, step: Step, spot: _Spot) -> str:
        """The first step of a rule with several sources, or none."""
        if step.name == COALESCE:
            return self.coalesce(rule, spot.scope)
        made = self.writer.name()
        values = [self.single(source, spot.scope)[0] for source in rule.sources]
        if step.name == COMPUTE:
            self.writer.line(f"{made} = UNSET")
            given = values or [spot.scope.item.name]
            self.compute(step, made, given, spot.site, shown=given[0] if len(given) == 1 else "UNSET")
            return made
        self.writer.line(f"{made} = ({', '.join([*values, ''])})")
        self.call(step, made, spot.site, shown="UNSET")
        return made

    def coalesce(self, rule: Rule, scope: _Scope) -> str:
        """Alternatives are read one after the other, until one is not empty."""
        made = self.writer.name()
        numbers = self.writer.constant("NUMBERS", NUMBERS)
        self.writer.line(f"{made} = UNSET")
        with self.writer.block("while True:"):
            for source in rule.sources:
                value, _ = self.single(source, scope)
                with self.writer.block(f"if {value} or {value}.__class__ in {numbers}:"):
                    self.writer.line(f"{made} = {value}")
                    self.writer.line("break")
                with self.writer.block(f"if {value} is not UNSET:"):
                    self.writer.line(f"{made} = None")
            self.writer.line("break")
        return made

    def step(self, step: Step, value: str, plan: RulePlan, spot: _Spot, layout: Layout | None) -> None:
        """One transform: assigns to the variable."""
        if step.name == COMPUTE:
            self.compute(step, value, [value], spot.site, shown=value)
        elif step.name == MAP_ITEMS:
            self.items(value, plan, spot, layout)
        elif step.name == COALESCE:
            numbers = self.writer.constant("NUMBERS", NUMBERS)
            with self.writer.block(f"if not {value} and {value} is not UNSET and {value}.__class__ not in {numbers}:"):
                self.writer.line(f"{value} = None")
        else:
            if step.name == "lookup" and step.args["default"] is not NO_DEFAULT:
                table, default = (self.writer.constant("K", step.args[name]) for name in ("table", "default"))
                with self.writer.block(f"if {value}.__class__ is str:"):
                    self.writer.line(f"{value} = {table}.get({value}, {default})")
                with self.writer.block(f"elif {_THERE.format(value)}:"):
                    self.call(step, value, spot.site, shown=value)
                return
            same = TRANSFORMS[step.name].unchanged
            unlike = f"{value}.__class__ is not {same.__name__} and " if same else ""
            with self.writer.block(f"if {unlike}{_THERE.format(value)}:"):
                self.call(step, value, spot.site, shown=value)

    def call(self, step: Step, value: str, site: str, *, shown: str) -> None:
        transform = TRANSFORMS[step.name]
        call = self.writer.constant(transform.call.__name__, transform.call)
        arguments = "".join(f", {self.writer.constant('K', step.args[name])}" for name in transform.arguments)
        self.attempt(f"{value} = {call}({value}{arguments})", self.writer.constant("K", step.name), site, shown)

    def compute(self, step: Step, value: str, given: list[str], site: str, *, shown: str) -> None:
        name = step.args["fn"]
        function = self.writer.constant("F", self.functions[name])
        check = self.writer.constant("computed", computed)
        arguments = ", ".join(f"None if {each} is UNSET else {each}" for each in given)
        shown = shown if shown == "UNSET" else f"None if {shown} is UNSET else {shown}"
        self.attempt(f"{value} = {check}({function}({arguments}))", self.writer.constant("K", name), site, shown)

    def attempt(self, line: str, step: str, site: str, shown: str) -> None:
        """A line that may raise; entering a try block costs nothing."""
        with self.writer.block("try:"):
            self.writer.line(line)
        with self.writer.block("except Exception as error:"):
            self.writer.line(f"raise {site}.failed({step}, error, {shown}) from None")

    def items(self, value: str, plan: RulePlan, spot: _Spot, layout: Layout | None) -> None:
        """A nested loop over a list; a failure inside gets the place of its item."""
        writer = self.writer
        if not spot.leaf.native:
            with writer.block(f"if {_LACKS.format(value)}:"):
                writer.line(f"{value} = []")
        with writer.block(f"if {value}.__class__ is list:"):
            if plan.items is not None:
                self.loop(value, plan.items, spot, layout)
            else:
                writer.line("pass")
        with writer.block(f"elif {_THERE.format(value)}:" if spot.leaf.native else "else:"):
            reason = writer.constant("K", "mapItems: expected a list")
            writer.line(f"raise {spot.site}.refuse({reason}, {value})")

    def loop(self, value: str, node: Node, spot: _Spot, layout: Layout | None) -> None:
        writer = self.writer
        made, at, item, failure = (writer.name(prefix) for prefix in ("v", "n", "i", "e"))
        inner_layout = layout.item if isinstance(layout, ListLayout) else None
        area = Area(name=item, layout=inner_layout)
        inner = _Scope(item=area, record=spot.scope.record, context=spot.scope.context)
        writer.line(f"{made} = []")
        writer.line(f"{at} = 0")
        with writer.block("try:"), writer.block(f"for {item} in {value}:"):
            self.guard(item, inner_layout, ITEM, "mapItems: expected items that are objects")
            self.hoist(node, inner)
            part = self.node(node, inner, top=isinstance(node, RecordNode))
            if isinstance(node, RecordNode):
                writer.line(f"{made}.append({part})")
            else:
                with writer.block(f"if {part} is not UNSET:"):
                    writer.line(f"{made}.append({part})")
            writer.line(f"{at} += 1")
        with writer.block(f"except {writer.constant('Failure', Failure)} as {failure}:"):
            writer.line(f"raise {spot.site}.inside({failure}, f'[{{{at}}}]') from None")
        writer.line(f"{value} = {made}")

    def coerce(self, value: str, leaf: Leaf, site: str) -> None:
        """The check of the target's kind: one comparison where the value is right as it comes."""
        kind = leaf.kind
        done = {None: "PLAIN", "text": "str", "number": "int", "integer": "int", "boolean": "bool", "json": "dict"}
        name = None if kind is None else kind.name
        rule = leaf.plan.rule
        if (
            rule.steps
            and rule.otherwise is None
            and rule.default is None
            and name in TRANSFORMS[rule.steps[-1].name].fills
        ):
            return
        if kind is None:
            with self.writer.block(f"if {value}.__class__ not in {self.writer.constant('PLAIN', PLAIN)}:"):
                self.convert(value, leaf, site)
        elif name == "enum":
            self.enum(value, leaf, site)
        elif leaf.plan.items is not None and rule.otherwise is None and rule.default is None:
            with self.writer.block(f"if {_THERE.format(value)}:"):
                self.writer.line(f"{value} = tuple({value})")
        else:
            unlike = f"{value}.__class__ is not {done[name]} and " if name in done else ""
            with self.writer.block(f"if {unlike}{_THERE.format(value)}:"):
                self.convert(value, leaf, site)

    def enum(self, value: str, leaf: Leaf, site: str) -> None:
        """Known words by one look into a table."""
        assert leaf.kind is not None
        table = self.writer.constant("K", words(leaf.kind))
        with self.writer.block(f"if {value}.__class__ is str and {value} in {table}:"):
            self.writer.line(f"{value} = {table}[{value}]")
        with self.writer.block(f"elif {_THERE.format(value)}:"):
            self.convert(value, leaf, site)

    def convert(self, value: str, leaf: Leaf, site: str) -> None:
        function = coercion(leaf.kind)
        self.writer.line(f"{value} = {self.writer.constant(function.__name__, function)}({value}, {site})")


def _reads(node: Node, depth: int = 0) -> Iterator[tuple[int, Path]]:
    """Every path that the code of a node reads, with how many item lists lie around it."""
    if isinstance(node, Leaf):
        yield from _rule_reads(node.plan, depth)
    elif isinstance(node, ListNode):
        for part in node.parts:
            yield from _reads(part, depth)
    else:
        for _, part in node.parts:
            yield from _reads(part, depth)


def _rule_reads(plan: RulePlan, depth: int) -> Iterator[tuple[int, Path]]:
    for condition in plan.rule.when:
        yield depth, condition.path
    for source in plan.rule.sources:
        if isinstance(source, Path):
            yield depth, source
    if plan.otherwise is not None:
        yield from _rule_reads(plan.otherwise, depth)
    if plan.items is not None:
        yield from _reads(plan.items, depth + 1)
