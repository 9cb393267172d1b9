"""Checked maps and bodies as compiled functions, their source in linecache so that tracebacks show it."""

from __future__ import annotations

import itertools
import linecache
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

import attrs

from pullpush_sdk.canonical import UNSET, CanonicalType
from pullpush_sdk.errors import FieldError, MappingError

from ._check import check_node, leaves
from ._emit import Source, emit_body, emit_records
from ._functions import Functions
from ._place import Findings
from ._plan import Node, RecordNode, plan_body, plan_map
from ._shape import Layout, Projected
from ._site import Failure
from .spec import Literal, Map, Rule, Template

_numbers = itertools.count(1)


@attrs.frozen(kw_only=True)
class Mapped:
    """What became of a page: records in order, and for each one that failed its place in the page and the error."""

    records: list[Any]
    errors: list[tuple[int, FieldError]]


class CompiledMap:
    """A map as code. `fields` are the Python field names it speaks of, `paths` what it reads, as written."""

    def __init__(self, node: RecordNode, functions: Functions, *, name: str) -> None:
        self.name = name
        self.fields = frozenset(name for name, _ in node.parts)
        self.paths = _paths(node)
        self._node = node
        self._functions = functions
        self._plain, self.source = self._compiled(None)
        self._projected: dict[type[Any], Callable[..., None]] = {}

    def many(self, records: Sequence[Any], context: Mapping[str, Any]) -> Mapped:
        """Maps a page: plain JSON records, or those of a decoder that `project` made for this map.

        `context` is what `@` paths read. A record that fails is left out and listed with its index.
        """
        run = self._function(next((each for each in records if each is not None), None))
        done: list[Any] = []
        errors: list[tuple[int, FieldError]] = []
        given = dict(context)
        rest = iter(records)
        while True:
            try:
                run(rest, given, done.append)
                return Mapped(records=done, errors=errors)
            except Failure as failure:
                errors.append((len(done) + len(errors), failure.error()))

    def one(self, record: Any, context: Mapping[str, Any]) -> Any:
        """Maps one record; raises FieldError."""
        done: list[Any] = []
        try:
            self._function(record)(iter((record,)), dict(context), done.append)
        except Failure as failure:
            raise failure.error() from None
        return done[0]

    def _function(self, record: Any) -> Callable[..., None]:
        """The code for records of the shape of `record`; a projection gets its own, once."""
        cls = record.__class__
        if not issubclass(cls, Projected):
            return self._plain
        if cls not in self._projected:
            try:
                self._projected[cls] = self._compiled(cls.layout)[0]
            except KeyError as error:
                raise TypeError(f"the records were projected for another map: they lack {error}") from None
        return self._projected[cls]

    def _compiled(self, layout: Layout | None) -> tuple[Callable[..., None], str]:
        source = emit_records(self._node, self._functions, layout)
        return load(source, "map_records", self.name), source.text


class CompiledBody:
    """A body template as code."""

    def __init__(self, node: Node, functions: Functions, *, name: str) -> None:
        self.name = name
        self.paths = _paths(node)
        source = emit_body(node, functions)
        self.source = source.text
        self._make = load(source, "make_body", name)

    def one(self, wire_record: Mapping[str, Any], context: Mapping[str, Any]) -> Any:
        """The native body of a sparse wire record (`canonical.to_sparse`): JSON values, absent keys left out.

        UNSET where the whole body is one rule that gives nothing. Raises FieldError.
        """
        try:
            return self._make(dict(wire_record), dict(context))
        except Failure as failure:
            raise failure.error() from None


def compile_map(
    spec: Map, kind: CanonicalType | type[Any], functions: Functions | None = None, *, name: str = "map"
) -> CompiledMap:
    """A map onto a canonical type, or onto any record class made of canonical fields, as code.

    Raises:
        MappingError: what `check_map` would find, but for missing identity fields where a class is given.
    """
    cls = kind.record if isinstance(kind, CanonicalType) else kind
    functions = functions if functions is not None else Functions()
    findings = Findings()
    node = plan_map(spec, cls, findings)
    check_node(node, functions, findings)
    _refuse(findings, f"the map {name} does not compile")
    missing = [field for field in attrs.fields(cls) if field.default is attrs.NOTHING]
    lacking = [field.name for field in missing if field.name not in dict(node.parts)]
    if lacking:
        findings.add(
            "identity", f"identity fields are not mapped: {', '.join(lacking)}", spec.place, "add a rule for each"
        )
    _refuse(findings, f"the map {name} does not compile")
    return CompiledMap(node, functions, name=name)


def compile_body(template: Template, functions: Functions | None = None, *, name: str = "body") -> CompiledBody:
    """A body template as code; raises MappingError with what `check_body` would find without a type."""
    functions = functions if functions is not None else Functions()
    findings = Findings()
    node = plan_body(template, findings)
    check_node(node, functions, findings)
    _refuse(findings, f"the body {name} does not compile")
    return CompiledBody(node, functions, name=name)


def load(source: Source, function: str, name: str) -> Callable[..., Any]:
    """The function that the emitted source defines."""
    safe = "".join(each if each.isalnum() or each in "._-:" else "_" for each in name[:80])
    file = f"<pullpush mapping {safe} {next(_numbers)}>"
    code = compile(source.text, file, "exec", dont_inherit=True)
    linecache.cache[file] = (len(source.text), None, source.text.splitlines(keepends=True), file)
    space: dict[str, Any] = {**source.constants, "UNSET": UNSET}
    exec(code, space)  # noqa: S102 - the text is the emitter's own: what an author wrote is in the constants
    return cast("Callable[..., Any]", space[function])


def _refuse(findings: Findings, message: str) -> None:
    if findings.problems:
        raise MappingError(message, findings.problems)


def _paths(node: Node) -> frozenset[str]:
    found: set[str] = set()
    for leaf in leaves(node):
        found |= set(_rule_paths(leaf.plan.rule))
        if leaf.plan.items is not None:
            around = " | ".join(path.plain for path in leaf.site.paths)
            found |= {
                path if path.startswith(("$$", "@")) else f"{around}[*].{path}" for path in _paths(leaf.plan.items)
            }
    return frozenset(found)


def _rule_paths(rule: Rule) -> Iterator[str]:
    yield from (source.plain for source in rule.sources if not isinstance(source, Literal))
    yield from (condition.path.plain for condition in rule.when)
    if rule.otherwise is not None:
        yield from _rule_paths(rule.otherwise)
