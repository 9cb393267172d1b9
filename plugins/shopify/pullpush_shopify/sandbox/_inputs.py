"""Values that a client gives: variables, literals and their defaults, checked and turned into Python.

Refused variables are reported in the words and the shape of the recorded answers (`INVALID_VARIABLE` with
`problems`). Input objects hold only the keys that were given or have a default: a rule such as "the key must be
present" can still be checked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from graphql import (
    DirectiveNode,
    FieldNode,
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionNode,
    ValueNode,
    VariableNode,
    print_ast,
    type_from_ast,
    value_from_ast_untyped,
)

__all__ = ["argument_values", "coerce_variables", "directive_values"]

Problems = list[dict[str, Any]]
_MISSING = object()


class _BadValueError(Exception):
    """The value does not fit a scalar; the message is the problem's explanation."""


def coerce_variables(
    schema: GraphQLSchema, operation: OperationDefinitionNode, given: Mapping[str, Any]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The operation's variables and the errors about those that do not fit."""
    values: dict[str, Any] = {}
    errors: list[dict[str, Any]] = []
    for definition in operation.variable_definitions or ():
        name = definition.variable.name.value
        type_: Any = type_from_ast(schema, definition.type)
        if name not in given and definition.default_value is not None:
            values[name] = _coerce(type_, value_from_ast_untyped(definition.default_value), [], [])
            continue
        if name not in given and not isinstance(type_, GraphQLNonNull):
            continue
        problems: Problems = []
        value = given.get(name)
        values[name] = _coerce(type_, value, [], problems)
        if problems:
            start = definition.loc.start_token if definition.loc else None
            place = [{"line": start.line, "column": start.column}] if start else []
            shown = {"code": "INVALID_VARIABLE", "value": value, "problems": problems}
            message = f"Variable ${name} of type {print_ast(definition.type)} was provided invalid value"
            message += _listed(problems)
            errors.append({"message": message, "locations": place, "extensions": shown})
    return values, errors


def _listed(problems: Problems) -> str:
    named = [f"{'.'.join(map(str, p['path']))} ({p['explanation']})" for p in problems if p["path"]]
    return f" for {', '.join(named)}" if named else ""


def argument_values(field: GraphQLField, node: FieldNode, variables: Mapping[str, Any]) -> dict[str, Any]:
    """A field's arguments, defaults included."""
    if not field.args:
        return {}
    given = {argument.name.value: argument.value for argument in node.arguments or ()}
    return _arguments(field.args, given, variables)


def directive_values(
    schema: GraphQLSchema, name: str, node: SelectionNode, variables: Mapping[str, Any]
) -> dict[str, Any] | None:
    """The arguments of a directive on `node`; None where it does not stand there."""
    for directive in node.directives or ():
        if directive.name.value == name:
            definition = schema.get_directive(name)
            assert definition is not None
            return _arguments(definition.args, _given(directive), variables)
    return None


def _given(directive: DirectiveNode) -> dict[str, ValueNode]:
    return {argument.name.value: argument.value for argument in directive.arguments or ()}


def _arguments(
    definitions: Mapping[str, GraphQLArgument],
    given: Mapping[str, ValueNode],
    variables: Mapping[str, Any],
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, definition in definitions.items():
        value: Any = _MISSING
        if name in given:
            value = _literal(given[name], definition.type, variables)
        if value is _MISSING:
            value = _default(definition)
        if value is not _MISSING:
            values[name] = value
    return values


def _default(definition: GraphQLArgument | GraphQLInputField) -> Any:
    # Read from the text: the attribute that holds it differs between releases of graphql-core.
    node = definition.ast_node.default_value if definition.ast_node is not None else None
    return _MISSING if node is None else _literal(node, definition.type, {})


def _literal(node: ValueNode, type_: Any, variables: Mapping[str, Any]) -> Any:
    """The value of a literal that validation has passed; `_MISSING` for a variable without a value."""
    if isinstance(node, VariableNode):
        return variables.get(node.name.value, _MISSING)
    if isinstance(type_, GraphQLNonNull):
        return _literal(node, type_.of_type, variables)
    if isinstance(type_, GraphQLList):
        if isinstance(node, ListValueNode):
            return [_literal(each, type_.of_type, variables) for each in node.values]
        value = _literal(node, type_.of_type, variables)
        return value if value is None or value is _MISSING else [value]
    if isinstance(type_, GraphQLInputObjectType) and isinstance(node, ObjectValueNode):
        given = {field.name.value: field.value for field in node.fields}
        values: dict[str, Any] = {}
        for name, field in type_.fields.items():
            value = _literal(given[name], field.type, variables) if name in given else _MISSING
            if value is _MISSING:
                value = _default(field)
            if value is not _MISSING:
                values[name] = value
        return values
    return _coerce(type_, value_from_ast_untyped(node), [], [])


def _coerce(type_: Any, value: Any, path: list[str | int], problems: Problems) -> Any:
    if isinstance(type_, GraphQLNonNull):
        if value is None:
            return _problem("Expected value to not be null", path, problems)
        return _coerce(type_.of_type, value, path, problems)
    if value is None:
        return None
    if isinstance(type_, GraphQLList):
        if not isinstance(value, list):
            return [_coerce(type_.of_type, value, path, problems)]
        return [_coerce(type_.of_type, each, [*path, i], problems) for i, each in enumerate(value)]
    if isinstance(type_, GraphQLInputObjectType):
        return _coerce_object(type_, value, path, problems)
    if isinstance(type_, GraphQLEnumType):
        if value not in type_.values:
            choices = ", ".join(type_.values)
            return _problem(f'Expected "{value}" to be one of: {choices}', path, problems)
        return value
    try:
        return _SCALARS[type_.name](value)
    except _BadValueError:
        return _problem(f"Could not coerce value {value!r} to {type_.name}", path, problems)


def _coerce_object(
    type_: GraphQLInputObjectType, value: Any, path: list[str | int], problems: Problems
) -> dict[str, Any] | None:
    if not isinstance(value, dict):
        _problem(f"Expected {value!r} to be a key-value object.", path, problems)
        return None
    for name in value.keys() - type_.fields.keys():
        _problem(f"Field is not defined on {type_.name}", [*path, name], problems)
    values: dict[str, Any] = {}
    for name, field in type_.fields.items():
        if name in value:
            values[name] = _coerce(field.type, value[name], [*path, name], problems)
        elif (default := _default(field)) is not _MISSING:
            values[name] = default
        elif isinstance(field.type, GraphQLNonNull):
            _problem("Expected value to not be null", [*path, name], problems)
    return values


def _problem(explanation: str, path: list[str | int], problems: Problems) -> None:
    problems.append({"path": list(path), "explanation": explanation})


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise _BadValueError
    return value


def _id(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise _BadValueError
    return str(value)


def _int(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not -(2**31) <= value < 2**31:
        raise _BadValueError
    return value


def _float(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _BadValueError
    return float(value)


def _bool(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _BadValueError
    return value


def _decimal(value: Any) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise _BadValueError
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation as error:
        raise _BadValueError from error
    if not number.is_finite():
        raise _BadValueError
    return number


def _moment(value: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(_text(value))
    except ValueError as error:
        raise _BadValueError from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


_SCALARS: Mapping[str, Callable[[Any], Any]] = {
    "Boolean": _bool,
    "DateTime": _moment,
    "Decimal": _decimal,
    "Float": _float,
    "HTML": _text,
    "ID": _id,
    "Int": _int,
    "Money": _decimal,
    "String": _text,
    "URL": _text,
    "UnsignedInt64": _id,
}
