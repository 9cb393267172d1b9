"""The rules that this package ships, read from the catalogue files beside it, and those that distributions add."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from pullpush_sdk.errors import PluginError, SetupError
from pullpush_sdk.manifest import read_document

from ._model import Example, Json, Rule

FAMILIES = (
    "structure",
    "identity",
    "secrets",
    "auth",
    "requests",
    "pagination",
    "mapping",
    "webhook",
    "push",
    "samples",
    "package",
    "miniapp",
    "waivers",
    "behaviour",
)
"""In the order in which they are shown."""


@lru_cache(maxsize=1)
def shipped() -> Mapping[str, Rule]:
    """The rules of this package by code, in the order of their families."""
    found: dict[str, Rule] = {}
    for family in FAMILIES:
        text = files("pullpush_sdk.validate").joinpath(f"rules/{family}.yaml").read_text(encoding="utf-8")
        for rule in _rules(family, read_document(text, file=f"{family}.yaml").value):
            if rule.code in found:
                raise ValueError(f"{rule.code} stands in the catalogue twice")
            found[rule.code] = rule
    return MappingProxyType(found)


def extended(more: Iterable[tuple[str, Iterable[Any]]]) -> Mapping[str, Rule]:
    """The shipped rules and those of distributions (`owner`, rules).

    Raises:
        PluginError: a code is taken, or what came is no rule; names the distribution.
    """
    owners = dict.fromkeys(shipped(), "pullpush-sdk")
    found = dict(shipped())
    for owner, rules in more:
        for rule in rules:
            if not isinstance(rule, Rule) or rule.check is None:
                raise PluginError(
                    f"{owner}: pullpush_rules() gave {type(rule).__name__}, expected rules with a check",
                    hint="build them with pullpush_sdk.validate.Rule(code=…, check=…)",
                )
            if rule.code in owners:
                raise PluginError(
                    f"{owner} and {owners[rule.code]} both register the rule {rule.code!r}",
                    hint="begin its code with the name of its distribution",
                )
            owners[rule.code] = owner
            found[rule.code] = rule
    return MappingProxyType(found)


def rule(code: str, rules: Mapping[str, Rule] | None = None) -> Rule:
    """The rule of a code.

    Raises:
        SetupError: there is none; names the nearest.
    """
    known = rules if rules is not None else shipped()
    if code not in known:
        near = difflib.get_close_matches(code, known, n=1, cutoff=0.4)
        hint = f"did you mean {near[0]}?" if near else "pullpush validate --rules lists them"
        raise SetupError(f"there is no rule {code!r}", hint=hint)
    return known[code]


def _rules(family: str, value: Json) -> Iterator[Rule]:
    for code, each in value.items():
        example = None
        if "wrong" in each:
            example = Example(on=each.get("on", "shop"), wrong=each["wrong"], right=each.get("right", {}))
        yield Rule(
            code=code,
            family=family,
            severity=each.get("severity", "error"),
            title=each["title"],
            why=each["why"],
            waivable=each.get("waivable", True),
            fixable=each.get("fixable", False),
            example=example,
        )
