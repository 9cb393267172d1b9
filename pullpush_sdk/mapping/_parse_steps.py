"""The `transform`, `compute` and `when` parts of a rule object."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from ._literal import clean
from ._path import parse_path
from ._place import Findings, below, meant
from ._transforms import COMPUTE, MAP_ITEMS, NEEDED, TRANSFORMS
from .spec import Condition, Map, Step, Template

MOST_STEPS = 16
TESTS = ("equals", "exists", "in", "notEmpty", "notEquals")

ReadItems = Callable[[Any, str], Map | Template | None]


@attrs.frozen
class Chain:
    """The steps of a rule, and the keys of the rule object that they took as arguments."""

    steps: tuple[Step, ...] = ()
    used: frozenset[str] = frozenset()


def read_chain(document: Mapping[str, Any], place: str, findings: Findings, read_items: ReadItems) -> Chain:
    """The steps that a rule object names; arguments stand beside `transform` or inside the step's own object."""
    steps: list[Step] = []
    used: dict[str, str] = {}
    for spot, entry in _entries(document, place, findings):
        inner = isinstance(entry, Mapping)
        name, given, around = (entry.get("transform"), entry, spot) if inner else (entry, document, place)
        if not isinstance(name, str) or name not in TRANSFORMS:
            hint = meant(name, TRANSFORMS) if isinstance(name, str) else "write its name"
            findings.add("transform", f"unknown transform {str(name)[:60]!r}", spot, hint)
            continue
        if spot == below(place, "compute"):
            given = {"fn": document["compute"]}
        names = {*TRANSFORMS[name].arguments, *(("items",) if name == MAP_ITEMS else ())} & given.keys()
        if inner:
            _unknown(entry, names | {"transform"}, spot, findings)
        else:
            for key in sorted(names & used.keys()):
                message = f"{key} belongs to both {used[key]} and {name}"
                findings.add(
                    "argument", message, below(place, key), f"write the step as {{transform: {name}, {key}: …}}"
                )
            used.update(dict.fromkeys(names, name) if given is document else {})
        items = read_items(given["items"], below(around, "items")) if "items" in names else None
        arguments = _arguments(name, given, around, spot, findings)
        steps.append(Step(name=name, args=arguments, items=items, place=spot))
    if len(steps) > MOST_STEPS:
        findings.add("size", f"{len(steps)} transforms; at most {MOST_STEPS}", below(place, "transform"))
    return Chain(tuple(steps[:MOST_STEPS]), frozenset(used))


def _entries(document: Mapping[str, Any], place: str, findings: Findings) -> list[tuple[str, Any]]:
    """What the chain names, in order, each with its place."""
    found: list[tuple[str, Any]] = []
    if "compute" in document:
        found.append((below(place, "compute"), COMPUTE))
    if "transform" in document:
        spot = below(place, "transform")
        chain = document["transform"]
        if isinstance(chain, str | Mapping):
            found.append((spot, chain))
        elif isinstance(chain, list | tuple) and chain:
            found += [(below(spot, at), each) for at, each in enumerate(chain)]
        else:
            findings.add("transform", "a transform is a name or a list of names", spot)
    return found


def _unknown(entry: Mapping[str, Any], known: set[str], place: str, findings: Findings) -> None:
    for key in entry:
        if key not in known:
            findings.add("argument", f"unknown argument {str(key)[:60]!r}", below(place, key), meant(str(key), known))


def _arguments(name: str, given: Mapping[str, Any], around: str, spot: str, findings: Findings) -> dict[str, Any]:
    arguments: dict[str, Any] = {}
    for key, argument in TRANSFORMS[name].arguments.items():
        if key not in given:
            if argument.default is NEEDED:
                findings.add("argument", f"{name} needs {key}", spot, f"add {key}: …")
            arguments[key] = argument.default
            continue
        try:
            arguments[key] = argument.read(_exact(given[key]))
        except ValueError as error:
            place = spot if name == COMPUTE and "fn" not in given else below(around, key)
            findings.add("argument", f"{name}: {key}: {error}", place)
            arguments[key] = None
    return arguments


def _exact(value: Any) -> Any:
    """An argument as exact values; the words of a table may be numbers and booleans, which YAML reads unquoted."""
    if isinstance(value, Mapping):
        return {clean(key) if not isinstance(key, str) else key: clean(each) for key, each in value.items()}
    return clean(value)


def read_conditions(document: Any, place: str, findings: Findings) -> tuple[Condition, ...]:
    """One condition or a list of them; all must hold."""
    if isinstance(document, list | tuple):
        if not 1 <= len(document) <= MOST_STEPS:
            findings.add("when", f"when is a list of 1 to {MOST_STEPS} conditions", place)
            return ()
        found = [_condition(each, below(place, at), findings) for at, each in enumerate(document)]
    else:
        found = [_condition(document, place, findings)]
    return tuple(each for each in found if each is not None)


def _condition(document: Any, place: str, findings: Findings) -> Condition | None:
    if not isinstance(document, Mapping) or not isinstance(document.get("path"), str):
        findings.add("when", "a condition is an object with a path and a test", place, "write {path: …, equals: …}")
        return None
    tests = [key for key in document if key != "path"]
    if len(tests) != 1 or tests[0] not in TESTS:
        findings.add("when", "a condition has exactly one test", place, "one of " + ", ".join(TESTS))
        return None
    try:
        path = parse_path(document["path"])
        value = clean(document[tests[0]])
    except ValueError as error:
        findings.add("when", f"not a condition: {error}", place)
        return None
    if tests[0] in {"exists", "notEmpty"} and value.__class__ is not bool:
        findings.add("when", f"{tests[0]} is true or false", below(place, tests[0]))
        return None
    if tests[0] == "in" and value.__class__ is not list:
        findings.add("when", "in is a list of values", below(place, "in"))
        return None
    return Condition(path=path, test=tests[0], value=value, place=place)
