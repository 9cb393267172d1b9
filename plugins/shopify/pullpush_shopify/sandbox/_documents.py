"""Parses and validates query texts, keeps the results, and words refusals as the platform does.

The platform's server is graphql-ruby: its codes (`undefinedField`, `argumentNotAccepted`, ...), messages and the
`path` that starts with "query Name" are its static validation's.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any

import attrs
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    InlineFragmentNode,
    Node,
    OperationDefinitionNode,
    build_ast_schema,
    parse,
    validate,
)

__all__ = ["Document", "Documents", "load_schema"]

_KEPT = 256
_SCHEMA: list[GraphQLSchema] = []

# graphql-core's wording -> (code, message, names of the extensions that the groups fill).
_WORDINGS: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    (
        r"Cannot query field '(?P<fieldName>\w+)' on type '(?P<typeName>\w+)'",
        "undefinedField",
        "Field '{fieldName}' doesn't exist on type '{typeName}'",
        ("typeName", "fieldName"),
    ),
    (
        r"Unknown argument '(?P<argumentName>\w+)' on field '\w+\.(?P<name>\w+)'",
        "argumentNotAccepted",
        "Field '{name}' doesn't accept argument '{argumentName}'",
        ("name", "argumentName"),
    ),
    (
        r"Expected value of type '(?P<name>\w+)' not to include unknown field '(?P<argumentName>\w+)'",
        "argumentNotAccepted",
        "InputObject '{name}' doesn't accept argument '{argumentName}'",
        ("name", "argumentName"),
    ),
    (
        r"Field '(?P<nodeName>\w+)' of type '(?P<typeName>[\w!\[\]]+)' must have a selection of subfields",
        "selectionMismatch",
        "Field must have selections (field '{nodeName}' returns {typeName} but has no selections)",
        ("nodeName", "typeName"),
    ),
    (
        r"Argument '\w+\.(?P<className>\w+)\((?P<arguments>\w+):\)' of type .* is required",
        "missingRequiredArguments",
        "Field '{className}' is missing required arguments: {arguments}",
        ("className", "arguments"),
    ),
    (
        r"Field '(?P<className>[\w.]+)' of required type .* was not provided",
        "missingRequiredInputObjectAttribute",
        "Argument '{className}' is required",
        ("className",),
    ),
    (
        r"Variable '\$(?P<variableName>\w+)' is not defined",
        "variableNotDefined",
        "Variable ${variableName} is used but not declared",
        ("variableName",),
    ),
    (
        r"Variable '\$(?P<variableName>\w+)' is never used",
        "variableNotUsed",
        "Variable ${variableName} is declared but not used",
        ("variableName",),
    ),
    (
        r"Unknown type '(?P<typeName>\w+)'",
        "variableRequiresValidType",
        "{typeName} isn't a defined input type",
        ("typeName",),
    ),
    (
        r"Unknown fragment '(?P<fragmentName>\w+)'",
        "useAndDefineFragment",
        "Fragment {fragmentName} was used, but not defined",
        ("fragmentName",),
    ),
    (
        r"Fragment '(?P<fragmentName>\w+)' is never used",
        "useAndDefineFragment",
        "Fragment {fragmentName} was defined, but not used",
        ("fragmentName",),
    ),
    (
        r"Unknown directive '@(?P<directiveName>\w+)'",
        "undefinedDirective",
        "Directive @{directiveName} is not defined",
        ("directiveName",),
    ),
    (
        r"Directive '@(?P<targetName>\w+)' may not be used on (?P<place>\w+)",
        "directiveCannotBeApplied",
        "'@{targetName}' can't be applied to {place} (allowed: fields)",
        ("targetName",),
    ),
    (
        r"Variable '\$(?P<variableName>\w+)' of type '(?P<typeName>[^']+)' used in position expecting type",
        "variableMismatch",
        "Type mismatch on variable ${variableName} and argument ({typeName})",
        ("variableName", "typeName"),
    ),
)
_PLACES = {"mutation": "mutations", "query": "queries"}


def load_schema() -> GraphQLSchema:
    """The sandbox's schema, built once per process."""
    if not _SCHEMA:
        text = files("pullpush_shopify.sandbox").joinpath("schema.graphql").read_text(encoding="utf-8")
        _SCHEMA.append(build_ast_schema(parse(text, no_location=True), assume_valid=True))
    return _SCHEMA[0]


@lru_cache(maxsize=1)
def kept_documents() -> Documents:
    """The texts that were asked for, for every shop of the process: what a text means is no shop's own."""
    return Documents(load_schema())


@attrs.frozen(kw_only=True)
class Document:
    """A parsed text, or the errors that refuse it."""

    operations: Mapping[str, OperationDefinitionNode]
    fragments: Mapping[str, FragmentDefinitionNode]
    errors: tuple[dict[str, Any], ...]

    def pick(self, name: str | None) -> OperationDefinitionNode | None:
        """The operation of that name; without a name the only one. None where there is no such one."""
        if name:
            return self.operations.get(name)
        return next(iter(self.operations.values())) if len(self.operations) == 1 else None


class Documents:
    """The last query texts, parsed and validated."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._kept: OrderedDict[str, Document] = OrderedDict()

    def get(self, text: str) -> Document:
        """The document of a query text."""
        document = self._kept.get(text)
        if document is None:
            document = self._kept[text] = _read(self._schema, text)
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(text)
        return document


def _read(schema: GraphQLSchema, text: str) -> Document:
    try:
        document = parse(text)
    except GraphQLSyntaxError as error:
        places = [{"line": place.line, "column": place.column} for place in error.locations or ()]
        message = f"syntax error, {error.message.removeprefix('Syntax Error: ')}"
        shown = {"message": message, "locations": places, "extensions": {"code": "parseError"}}
        return Document(operations={}, fragments={}, errors=(shown,))
    errors = tuple(_word(document, error) for error in validate(schema, document))
    operations = {
        node.name.value if node.name else "": node
        for node in document.definitions
        if isinstance(node, OperationDefinitionNode)
    }
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    return Document(operations=operations, fragments=fragments, errors=errors)


def _word(document: DocumentNode, error: GraphQLError) -> dict[str, Any]:
    code, message, extensions = "invalid", error.message, {}
    for pattern, known, wording, names in _WORDINGS:
        match = re.match(pattern, error.message)
        if match:
            groups = match.groupdict()
            if "place" in groups:
                groups["place"] = _PLACES.get(groups["place"].lower(), groups["place"].lower())
            code, message = known, wording.format(**groups)
            extensions = {name: groups[name] for name in names}
            if code == "argumentNotAccepted":
                extensions["typeName"] = "InputObject" if message.startswith("InputObject") else "Field"
            break
    places = [{"line": place.line, "column": place.column} for place in error.locations or ()]
    path = next(_paths(document, error.nodes[0]), []) if error.nodes else []
    if "argumentName" in extensions:
        path = [*path, extensions["argumentName"]]
    return {"message": message, "locations": places, "path": path, "extensions": {"code": code, **extensions}}


def _paths(document: DocumentNode, wanted: Node) -> Iterator[list[str]]:
    """The names on the way down to the field that holds `wanted`."""
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            head = definition.operation.value + (f" {definition.name.value}" if definition.name else "")
        elif isinstance(definition, FragmentDefinitionNode):
            head = f"fragment {definition.name.value}"
        else:
            continue
        yield from _search(definition, wanted, [head])


def _search(node: Node, wanted: Node, path: list[str]) -> Iterator[list[str]]:
    if node is wanted:
        yield path
        return
    for key in node.keys:
        value = getattr(node, key)
        for child in value if isinstance(value, (list, tuple)) else (value,):
            if not isinstance(child, Node):
                continue
            step = path
            if isinstance(child, FieldNode):
                step = [*path, child.alias.value if child.alias else child.name.value]
            elif isinstance(child, InlineFragmentNode) and child.type_condition:
                step = [*path, f"... on {child.type_condition.name.value}"]
            yield from _search(child, wanted, step)
