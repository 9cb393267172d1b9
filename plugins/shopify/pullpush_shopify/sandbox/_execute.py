"""Runs a validated GraphQL operation over the store: one pass that compiles the selection, one that reads.

The general executor of graphql-core spends some ten microseconds per field; a page of products has twenty
thousand. Here a selection is compiled, with the request's variables, to nested closures; the same pass
leaves the tree from which the cost is computed (`_cost`). Parsing, validation and the schema are graphql-core's.

A resolver is `(record, arguments, call) -> value` and may raise `FieldError`; null then goes up to the next
nullable field, as the GraphQL specification demands. Fields without a resolver read the attribute of the same name
in snake case.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from operator import attrgetter
from typing import Any

import attrs
from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    get_named_type,
    is_composite_type,
    is_leaf_type,
    is_object_type,
)

from pullpush_shopify.sandbox._cost import CostNode
from pullpush_shopify.sandbox._inputs import argument_values, directive_values

__all__ = ["FieldError", "Plan", "Resolver", "Runner", "snake_case", "steps"]

Resolver = Callable[[Any, Mapping[str, Any], Any], Any]
Path = tuple[Any, Any] | None
FieldReader = Callable[[Any, Path], Any]

_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")


def snake_case(name: str) -> str:
    """`legacyResourceId` -> `legacy_resource_id`."""
    return _CAPITAL.sub("_", name).lower()


@cache
def _attribute(name: str) -> Callable[[Any], Any]:
    """Reads a record's attribute of that name; names are those of the schema."""
    return attrgetter(snake_case(name))


class FieldError(Exception):
    """A field has no value; shown under the answer's `errors` with `code` and what else `extensions` holds."""

    def __init__(self, message: str, code: str, **extensions: Any) -> None:
        super().__init__(message)
        self.message = message
        self.extensions = {"code": code, **extensions}


class _NullUp(Exception):  # noqa: N818 - not an error: it carries null to the next nullable field
    """The error is noted; the nearest nullable field becomes null."""


@attrs.frozen(kw_only=True)
class Runner:
    """What all operations share.

    Attributes:
        resolvers: by type and field name.
        prints: how the value of a scalar type is printed, for those whose values are not JSON already.
        type_of: the GraphQL type name of a record, for unions and interfaces.
        denied: the scope that a field lacks, or None: `(type, field, call)`.
    """

    schema: GraphQLSchema
    resolvers: Mapping[str, Mapping[str, Resolver]]
    prints: Mapping[str, Callable[[Any], Any]]
    type_of: Callable[[Any], str]
    denied: Callable[[str, str, Any], FieldError | None]


@attrs.define(kw_only=True)
class Plan:
    """One compiled operation: `run` gives its `data`, `errors` what went wrong, `cost` what it asks for."""

    root: Any
    read: FieldReader
    cost: CostNode
    errors: list[dict[str, Any]]

    def run(self) -> dict[str, Any] | None:
        """Carry the operation out; None when a field that cannot be null has failed."""
        try:
            data: dict[str, Any] = self.read(self.root, None)
        except _NullUp:
            return None
        return data

    @staticmethod
    def compile(
        runner: Runner,
        operation: OperationDefinitionNode,
        fragments: Mapping[str, FragmentDefinitionNode],
        variables: Mapping[str, Any],
        call: Any,
    ) -> Plan:
        """The plan of `operation`; `call` is handed to every resolver."""
        compiler = _Compiler(runner, fragments, variables, call)
        root = runner.schema.get_root_type(operation.operation)
        assert root is not None
        kind = "mutation" if operation.operation.value == "mutation" else "query"
        cost = CostNode(key="", kind=kind)
        read = compiler.selection(root, [operation.selection_set.selections], cost)
        return Plan(root=None, read=read, cost=cost, errors=compiler.errors)


class _Compiler:
    def __init__(
        self,
        runner: Runner,
        fragments: Mapping[str, FragmentDefinitionNode],
        variables: Mapping[str, Any],
        call: Any,
    ) -> None:
        self.runner = runner
        self.fragments = fragments
        self.variables = variables
        self.call = call
        self.errors: list[dict[str, Any]] = []

    def selection(self, type_: Any, sets: Iterable[Iterable[SelectionNode]], cost: CostNode) -> FieldReader:
        """A reader of one object: its selected fields in order."""
        if not is_object_type(type_):
            return self._abstract(type_, list(sets), cost)
        readers: list[tuple[str, FieldReader]] = []
        for key, nodes in self._collect(type_, sets).items():
            readers.append((key, self._field(type_, key, nodes, cost)))

        def read(record: Any, path: Path) -> dict[str, Any]:
            return {key: reader(record, path) for key, reader in readers}

        return read

    def _abstract(self, type_: Any, sets: list[Iterable[SelectionNode]], cost: CostNode) -> FieldReader:
        readers: dict[str, FieldReader] = {}
        for possible in self.runner.schema.get_possible_types(type_):
            member = CostNode(key="", kind="member")
            cost.children.append(member)
            readers[possible.name] = self.selection(possible, sets, member)
        type_of = self.runner.type_of
        return lambda record, path: readers[type_of(record)](record, path)

    def _collect(self, type_: GraphQLObjectType, sets: Iterable[Iterable[SelectionNode]]) -> dict[str, list[FieldNode]]:
        found: dict[str, list[FieldNode]] = {}
        for selections in sets:
            for node in selections:
                if not self._is_included(node):
                    continue
                if isinstance(node, FieldNode):
                    found.setdefault(node.alias.value if node.alias else node.name.value, []).append(node)
                    continue
                fragment: Any = node
                if isinstance(node, FragmentSpreadNode):
                    fragment = self.fragments[node.name.value]
                if self._applies(fragment, type_):
                    for key, nodes in self._collect(type_, [fragment.selection_set.selections]).items():
                        found.setdefault(key, []).extend(nodes)
        return found

    def _applies(self, fragment: InlineFragmentNode | FragmentDefinitionNode, type_: GraphQLObjectType) -> bool:
        condition = fragment.type_condition
        if condition is None or condition.name.value == type_.name:
            return True
        named: Any = self.runner.schema.type_map[condition.name.value]
        return not is_object_type(named) and self.runner.schema.is_sub_type(named, type_)

    def _is_included(self, node: SelectionNode) -> bool:
        if not node.directives:
            return True
        for name, wanted in (("skip", False), ("include", True)):
            values = directive_values(self.runner.schema, name, node, self.variables)
            if values is not None and bool(values["if"]) is not wanted:
                return False
        return True

    def _field(self, type_: GraphQLObjectType, key: str, nodes: list[FieldNode], cost: CostNode) -> FieldReader:
        name = nodes[0].name.value
        if name == "__typename":
            type_name = type_.name
            return lambda _record, _path: type_name
        if name.startswith("__"):
            error = FieldError("The sandbox answers no introspection queries.", "UNSUPPORTED")
            return self._failing(key, nodes[0], error, nullable=False)
        field = type_.fields[name]
        nullable = not isinstance(field.type, GraphQLNonNull)
        denied = self.runner.denied(type_.name, name, self.call)
        arguments = argument_values(field, nodes[0], self.variables)
        read = self._resolver(type_.name, name, nodes[0], arguments)
        named = get_named_type(field.type)
        if is_leaf_type(named):
            if denied is not None:
                return self._failing(key, nodes[0], denied, nullable=nullable)
            return self._leaf(field, named.name, read)
        assert is_composite_type(named)
        child = cost.child(key, type_.name, name, named.name, arguments)
        sets = [node.selection_set.selections for node in nodes if node.selection_set is not None]
        sub = self.selection(named, sets, child)
        if denied is not None:
            return self._failing(key, nodes[0], denied, nullable=nullable)
        return self._composite(field, key, nodes[0], read, sub)

    def _resolver(
        self, type_name: str, name: str, node: FieldNode, arguments: Mapping[str, Any]
    ) -> Callable[[Any], Any]:
        resolver = self.runner.resolvers.get(type_name, {}).get(name)
        if resolver is None:
            return _attribute(name)
        call = self.call
        if type_name == "Mutation":
            given = directive_values(self.runner.schema, "idempotent", node, self.variables)
            return lambda record: resolver(record, arguments, call.for_mutation(name, given))
        return lambda record: resolver(record, arguments, call)

    def _leaf(self, field: GraphQLField, type_name: str, read: Callable[[Any], Any]) -> FieldReader:
        shown = self.runner.prints.get(type_name)
        if shown is None:
            return lambda record, _path: read(record)
        if _is_list(field):
            return lambda record, _path: [shown(value) for value in read(record)]

        def print_leaf(record: Any, _path: Path) -> Any:
            value = read(record)
            return None if value is None else shown(value)

        return print_leaf

    def _composite(
        self,
        field: GraphQLField,
        key: str,
        node: FieldNode,
        read: Callable[[Any], Any],
        sub: FieldReader,
    ) -> FieldReader:
        nullable = not isinstance(field.type, GraphQLNonNull)
        is_list = _is_list(field)
        call = self.call

        def read_one(record: Any, path: Path) -> Any:
            here = (path, key)
            call.here = here
            try:
                value = read(record)
                if value is None:
                    return None
                if not is_list:
                    return sub(value, here)
                return [None if element is None else sub(element, (here, index)) for index, element in enumerate(value)]
            except FieldError as error:
                self._note(error, here, node)
            except _NullUp:
                pass
            if nullable:
                return None
            raise _NullUp

        return read_one

    def _failing(self, key: str, node: FieldNode, error: FieldError, *, nullable: bool) -> FieldReader:
        def fail(_record: Any, path: Path) -> None:
            self._note(error, (path, key), node)
            if not nullable:
                raise _NullUp

        return fail

    def _note(self, error: FieldError, path: Path, node: FieldNode) -> None:
        shown: dict[str, Any] = {"message": error.message}
        if node.loc is not None:
            start = node.loc.start_token
            shown["locations"] = [{"line": start.line, "column": start.column}]
        self.errors.append({**shown, "extensions": error.extensions, "path": steps(path)})


def steps(path: Path) -> list[str | int]:
    """A path as the list of keys and indexes that answers show."""
    found: list[str | int] = []
    while path is not None:
        path, step = path
        found.append(step)
    return found[::-1]


def _is_list(field: GraphQLField) -> bool:
    type_: Any = field.type
    if isinstance(type_, GraphQLNonNull):
        type_ = type_.of_type
    return isinstance(type_, GraphQLList)
