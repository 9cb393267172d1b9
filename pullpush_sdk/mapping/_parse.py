"""Documents to specs: maps of canonical fields and templates of native bodies, every finding with its place.

One grammar for both. A rule is path text, a scalar that is no text, or an object with one of RULE_KEYS; in a
template any other object is a native object.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pullpush_sdk.errors import Problem

from ._literal import clean
from ._parse_steps import Chain, read_chain, read_conditions
from ._path import parse_path
from ._place import Findings, below, meant
from ._transforms import COMPUTE, MAP_ITEMS, TRANSFORMS
from .spec import ListTemplate, Literal, Map, ObjectTemplate, Path, Rule, Template

RULE_KEYS = frozenset({"path", "paths", "value", "transform", "compute", "object"})
"""An object with one of these keys is a rule; `object` escapes a native object that has such a key itself."""

DEEPEST_RULES = 32
DEEPEST_ITEMS = 3
DEEPEST_OTHERWISE = 8
MOST_RULES = 2000
MOST_PATHS = 32
LONGEST_TARGET = 200
DEEPEST_TARGET = 16

_OWN_KEYS = frozenset({"path", "paths", "value", "transform", "compute", "when", "otherwise", "default", "secret"})


def parse_map(document: Mapping[str, Any], *, path: str = "$") -> tuple[Map, list[Problem]]:
    """A map document (target -> rule) as a Map, and what is wrong with it; bad rules are left out of the Map.

    `path` is the JSON path of the document in its file; every problem stands below it.
    """
    parser = _Parser(native=False)
    found = parser.map(document, path, items=0)
    return found, parser.findings.problems


def parse_body(template: Any, *, path: str = "$") -> tuple[Template, list[Problem]]:
    """A body document as a Template, and what is wrong with it; bad parts are left out of the Template."""
    parser = _Parser(native=True)
    found = parser.template(template, path, depth=0, items=0)
    return found or ObjectTemplate(entries=()), parser.findings.problems


class _Parser:
    """Keeps the count of rules and the findings while it walks a document."""

    def __init__(self, *, native: bool) -> None:
        self.native = native
        self.findings = Findings()
        self.rules = 0
        self.full = False

    def bad(self, code: str, message: str, place: str, hint: str = "") -> None:
        self.findings.add(code, message, place, hint)

    def map(self, document: Any, place: str, *, items: int) -> Map:
        if not isinstance(document, Mapping):
            self.bad("shape", f"a map is an object: field -> rule, got {_shape(document)}", place)
            return Map(rules=(), place=place)
        rules = []
        for target, each in document.items():
            spot = below(place, target)
            if not isinstance(target, str):
                self.bad("shape", f"a field name is text, got {_shape(target)}", spot, "quote it")
            elif len(target) > LONGEST_TARGET or target.count(".") >= DEEPEST_TARGET:
                self.bad(
                    "size", f"a field name of more than {LONGEST_TARGET} characters or {DEEPEST_TARGET} parts", spot
                )
            elif (rule := self.rule(each, spot, items=items)) is not None:
                rules.append((target, rule))
        return Map(rules=tuple(rules), place=place)

    def template(self, document: Any, place: str, *, depth: int, items: int) -> Template | None:
        if depth > DEEPEST_RULES:
            self.bad("depth", f"nested deeper than {DEEPEST_RULES}", place, "flatten the body")
            return None
        if isinstance(document, list | tuple):
            if not self.counted(place):
                return None
            parts = [
                self.template(each, below(place, at), depth=depth + 1, items=items) for at, each in enumerate(document)
            ]
            return ListTemplate(items=tuple(part for part in parts if part is not None))
        if not isinstance(document, Mapping) or RULE_KEYS & document.keys():
            if isinstance(document, Mapping) and "object" in document:
                return self._escaped(document, place, depth=depth, items=items)
            return self.rule(document, place, items=items)
        return self._object(document, place, depth=depth, items=items)

    def counted(self, place: str) -> bool:
        """Whether one more rule or native object still fits."""
        self.rules += 1
        if self.rules > MOST_RULES and not self.full:
            self.full = True
            self.bad("size", f"more than {MOST_RULES} rules, paths and conditions", place, "split the document")
        return not self.full

    def _object(self, document: Any, place: str, *, depth: int, items: int) -> Template | None:
        if not self.counted(place):
            return None
        entries = []
        for key, each in document.items():
            spot = below(place, key)
            if not isinstance(key, str):
                self.bad("shape", f"a key is text, got {_shape(key)}", spot, "quote it")
            elif (part := self.template(each, spot, depth=depth + 1, items=items)) is not None:
                entries.append((key, part))
        return ObjectTemplate(entries=tuple(entries))

    def _escaped(self, document: Mapping[str, Any], place: str, *, depth: int, items: int) -> Template | None:
        inner = document["object"]
        if len(document) > 1 or not isinstance(inner, Mapping):
            self.bad("shape", "object stands alone and holds an object", place, "write {object: {key: rule}}")
            return None
        return self._object(inner, below(place, "object"), depth=depth + 1, items=items)

    def rule(self, document: Any, place: str, *, items: int, otherwise: int = 0) -> Rule | None:
        if not self.counted(place):
            return None
        if isinstance(document, str):
            source = self.path(document, place)
            return None if source is None else Rule(sources=(source,), place=place)
        if isinstance(document, Mapping):
            return self._rule_object(document, place, items=items, otherwise=otherwise)
        if isinstance(document, list | tuple):
            self.bad("shape", "a rule is a path or an object, got a list", place, "write {paths: […], transform: …}")
            return None
        literal = self.literal(document, place)
        return None if literal is None else Rule(sources=(literal,), place=place)

    def _rule_object(self, document: Mapping[str, Any], place: str, *, items: int, otherwise: int) -> Rule | None:
        before = len(self.findings.problems)
        if not RULE_KEYS & document.keys() or "object" in document:
            self.bad(
                "shape",
                "a rule has a path, paths, value, transform or compute",
                place,
                "for a field of a nested record write its name with a dot, such as customer.email",
            )
            return None
        sources, several = self._sources(document, place)
        chain = read_chain(document, place, self.findings, lambda inner, spot: self._items(inner, spot, items + 1))
        when = read_conditions(document["when"], below(place, "when"), self.findings) if "when" in document else ()
        self.rules += len(when)
        rule = Rule(
            sources=sources,
            several=several,
            steps=chain.steps,
            when=when,
            otherwise=self._otherwise(document, place, items=items, depth=otherwise),
            default=self._default(document, place, chain),
            secret=self._secret(document, place),
            place=place,
        )
        for key in document:
            if key not in _OWN_KEYS and key not in chain.used:
                hint = meant(str(key), _OWN_KEYS | chain.used)
                if self.native:
                    hint += "; a native object that has a rule's keys itself is written {object: {…}}"
                self.bad("key", f"unknown key {str(key)[:60]!r} in a rule", below(place, key), hint)
        if len(self.findings.problems) == before:
            self._fits(rule, document)
        return rule if len(self.findings.problems) == before else None

    def _sources(self, document: Mapping[str, Any], place: str) -> tuple[tuple[Path | Literal, ...], bool]:
        given = [key for key in ("path", "paths", "value") if key in document]
        if len(given) > 1:
            self.bad("shape", f"{' and '.join(given)} exclude each other", place, "keep one")
            return (), False
        if "value" in document:
            literal = self.literal(document["value"], below(place, "value"))
            return ((literal,) if literal else ()), False
        if "path" in document:
            spot = below(place, "path")
            if not isinstance(document["path"], str):
                self.bad("path", f"a path is text, got {_shape(document['path'])}", spot, "for several write paths")
                return (), False
            path = self.path(document["path"], spot)
            return ((path,) if path else ()), False
        return self._several(document["paths"], below(place, "paths")) if "paths" in document else ((), False)

    def _several(self, paths: Any, place: str) -> tuple[tuple[Path | Literal, ...], bool]:
        if not isinstance(paths, list | tuple) or not 1 <= len(paths) <= MOST_PATHS:
            self.bad("path", f"paths is a list of 1 to {MOST_PATHS} paths, got {_shape(paths)}", place)
            return (), True
        self.rules += len(paths) - 1  # code grows with paths, so each counts as a rule
        found = [self._alternative(each, below(place, at)) for at, each in enumerate(paths)]
        return tuple(each for each in found if each is not None), True

    def _alternative(self, document: Any, place: str) -> Path | Literal | None:
        if isinstance(document, str):
            return self.path(document, place)
        if isinstance(document, Mapping) and set(document) == {"value"}:
            document = document["value"]
        if isinstance(document, Mapping | list | tuple):
            self.bad("path", "one of paths is path text, a scalar or {value: scalar}", place)
            return None
        return self.literal(document, place)

    def path(self, text: str, place: str) -> Path | None:
        try:
            return parse_path(text)
        except ValueError as error:
            self.bad("path", f"not a path: {error}", place, "write fixed text as {value: …}")
            return None

    def literal(self, value: Any, place: str) -> Literal | None:
        try:
            return Literal(clean(value))
        except ValueError as error:
            self.bad("value", f"not a value: {error}", place)
            return None

    def _otherwise(self, document: Mapping[str, Any], place: str, *, items: int, depth: int) -> Rule | None:
        if "otherwise" not in document:
            return None
        spot = below(place, "otherwise")
        if "when" not in document:
            self.bad("shape", "otherwise without when", spot, "say when it stands in, or use default")
        if depth >= DEEPEST_OTHERWISE:
            self.bad("depth", f"otherwise nested deeper than {DEEPEST_OTHERWISE}", spot, "use a lookup or a compute")
            return None
        return self.rule(document["otherwise"], spot, items=items, otherwise=depth + 1)

    def _default(self, document: Mapping[str, Any], place: str, chain: Chain) -> Literal | None:
        """The rule's own default; beside a lookup that the rule names itself it is the lookup's."""
        if "default" not in document or "default" in chain.used:
            return None
        return self.literal(document["default"], below(place, "default"))

    def _items(self, document: Any, place: str, depth: int) -> Map | Template | None:
        if depth > DEEPEST_ITEMS:
            self.bad("depth", f"mapItems nested deeper than {DEEPEST_ITEMS}", place, "use a compute")
            return None
        if self.native:
            return self.template(document, place, depth=0, items=depth)
        return self.map(document, place, items=depth)

    def _fits(self, rule: Rule, document: Mapping[str, Any]) -> None:
        """Whether sources and steps of a well-formed rule go together."""
        names = [step.name for step in rule.steps]
        if rule.literal and "value" in document:
            for key in ("transform", "compute", "default"):
                if key in document:
                    self.bad("shape", f"value takes no {key}", below(rule.place, key), "write the final value")
        elif not rule.sources and names[0] != COMPUTE:
            self.bad("shape", f"{names[0]} needs a path", rule.place, "add path: … or paths: […]")
        elif rule.several and not (names and TRANSFORMS[names[0]].several):
            hint = "begin the chain with coalesce, join or compute"
            self.bad("shape", "paths needs a transform that takes several values", rule.place, hint)
        if MAP_ITEMS in names[:-1]:
            step = rule.steps[names.index(MAP_ITEMS)]
            self.bad("shape", "mapItems is not the last transform", step.place, "move it to the end")

    def _secret(self, document: Mapping[str, Any], place: str) -> bool:
        secret = document.get("secret", False)
        if secret is not True and secret is not False:
            self.bad("shape", f"secret is true or false, got {_shape(secret)}", below(place, "secret"))
        return secret is True


def _shape(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "text", bool: "true/false", int: "a number", type(None): "null"}
    return names.get(value.__class__, f"a {type(value).__name__}")
