"""Canonical maps read backwards: where in a native record a canonical field comes from, for rules that are a path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["lookups", "plain_paths"]

Json = Any
_HARMLESS = frozenset(
    {"toNumberOrNull", "toDecimal", "toInteger", "toString", "toDateTime", "toBoolean", "trim", "lookup", "mapItems",
     "lower", "upper", "coalesce"}
)  # fmt: skip


def plain_paths(rules: Mapping[str, Any]) -> dict[str, str]:
    """Canonical field to the path that it comes from, for rules that do no more than convert it."""
    return {target: path for target, rule in rules.items() if (path := _path(rule)) is not None}


def _path(rule: Json) -> str | None:
    if isinstance(rule, Mapping):
        steps = rule.get("transform", ())
        named = [steps] if isinstance(steps, str) else [each for each in steps if isinstance(each, str)]
        if "compute" in rule or not all(each in _HARMLESS for each in named) or _converts(rule.get("otherwise")):
            return None
        several = rule.get("paths", ())
        # The first of several that is not empty: the records that have it there are those that can be named by it.
        rule = several[0] if several and "coalesce" in named else rule.get("path")
    if not isinstance(rule, str) or not rule or rule.startswith(("@", "$$")) or "*" in rule or "?" in rule:
        return None
    return rule.removeprefix("$.")


def _converts(otherwise: Json) -> bool:
    """Whether what stands in for a rule makes another value of the record's: what to write is then open."""
    return isinstance(otherwise, Mapping) and "transform" in otherwise


def lookups(rule: Json) -> dict[str, str]:
    """Canonical word to native word, where a rule looks it up."""
    table = rule.get("table", {}) if isinstance(rule, Mapping) else {}
    return {str(canonical): str(native) for native, canonical in reversed(list(table.items()))}
