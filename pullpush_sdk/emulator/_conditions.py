"""Conditions that a request's body spells out: `[field, operator, value]`, or an object with these three parts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ._inputs import instant_of, moment_in, number_of
from ._leaves import leaves

__all__ = ["Condition", "conditions_of", "meets_all"]

Json = Any
_FIELDS = ("propertyName", "field", "property", "name", "column", "key")
_OPERATORS = ("operator", "op", "comparator", "condition")


class Condition(NamedTuple):
    """One condition; `operator` is one of `_TESTS`."""

    field: str
    operator: str
    value: Json


_TESTS: Mapping[str, Callable[[Json, Json], bool]] = {
    "=": lambda mine, given: mine == given,
    "!=": lambda mine, given: mine != given,
    ">=": lambda mine, given: mine >= given,
    ">": lambda mine, given: mine > given,
    "<=": lambda mine, given: mine <= given,
    "<": lambda mine, given: mine < given,
}
_WORDS = {"==": "=", "eq": "=", "neq": "!=", "ne": "!=", "gte": ">=", "ge": ">=", "gt": ">", "lte": "<=", "lt": "<"}


def conditions_of(sent: Json) -> list[Condition]:
    """Every condition in a body, whatever stands around it: all of them must hold."""
    return list(_found(sent))


def _found(value: Json) -> Iterator[Condition]:
    if isinstance(value, Mapping):
        field, operator = (
            next((value[each] for each in names if each in value), None) for names in (_FIELDS, _OPERATORS)
        )
        found = _condition(field, operator, value["value"]) if "value" in value else None
        if found is not None:
            yield found
        else:
            for each in value.values():
                yield from _found(each)
    elif isinstance(value, list):
        found = _condition(*value) if len(value) == 3 else None
        if found is not None:
            yield found
        else:
            for each in value:
                yield from _found(each)


def _condition(field: Json, operator: Json, value: Json) -> Condition | None:
    if not isinstance(field, str) or not isinstance(operator, str) or isinstance(value, Mapping | list):
        return None
    known = _WORDS.get(operator.lower(), operator)
    return Condition(field, known, value) if known in _TESTS else None


def meets_all(record: Mapping[str, Json], conditions: Sequence[Condition]) -> bool:
    """Whether a record is as asked; a condition on a field that it does not have says nothing."""
    return all(_meets(record, each) for each in conditions)


def _meets(record: Mapping[str, Json], condition: Condition) -> bool:
    mine = [leaf for place, leaf in leaves(record) if place and place[-1] == condition.field]
    if not mine:
        return True
    left, right = _comparable(mine[0], condition.value, condition.field)
    return _TESTS[condition.operator](left, right)


def _comparable(mine: Json, given: Json, name: str) -> tuple[Json, Json]:
    """Two values as moments or numbers where both are, else as text."""
    moments = instant_of(mine, name), moment_in(given, name) or instant_of(given, "time")
    if None not in moments:
        return moments
    numbers = number_of(mine), number_of(given)
    return (str(mine), str(given)) if None in numbers else numbers
