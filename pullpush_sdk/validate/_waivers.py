"""Waivers: a rule that is set aside in the manifest, with a reason and until a day."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from datetime import date, timedelta

import attrs

from pullpush_sdk.errors import Problem

from ._case import Case
from ._model import Finding, Rule

_LONGEST = timedelta(days=366)
_SHORTEST_REASON = 15


def check_waivers(case: Case, rules: Mapping[str, Rule], today: date) -> Iterator[Problem]:
    """What is wrong with the waivers themselves."""
    manifest = case.manifest
    if manifest is None:
        return
    seen: set[str] = set()
    for index, each in enumerate(manifest.waivers):
        path = f"$.waivers[{index}]"
        rule = rules.get(each.rule)
        if rule is None:
            near = difflib.get_close_matches(each.rule, rules, n=1)
            yield case.at(
                "waiver-unknown",
                f"{path}.rule",
                f"there is no rule `{each.rule[:60]}`",
                f"did you mean {near[0]}?" if near else "pullpush validate --rules lists them",
            )
        elif not rule.waivable:
            yield case.at(
                "waiver-refused", f"{path}.rule", f"{rule.code} cannot be waived: {rule.title}", "mend what it finds"
            )
        if len(each.reason.strip()) < _SHORTEST_REASON:
            yield case.at(
                "waiver-reason",
                f"{path}.reason",
                "no reason that another person could judge",
                "say why the rule does not hold for this platform",
            )
        until = _day(each.until)
        if until is None:
            yield case.at("waiver-until", f"{path}.until", "no day", "write it as 2027-01-31")
        elif until < today:
            yield case.at("waiver-expired", f"{path}.until", f"ended on {until}", "mend what it covers, or renew it")
        elif until - today > _LONGEST:
            yield case.at("waiver-until", f"{path}.until", "more than a year away", "a year at most, then look again")
        if each.rule in seen:
            yield case.at("waiver-twice", f"{path}.rule", f"{each.rule[:60]} is waived twice", "keep one")
        seen.add(each.rule)


def unused_waivers(case: Case, findings: list[Finding]) -> Iterator[Problem]:
    """Waivers that cover nothing."""
    if case.manifest is None:
        return
    found = {each.code for each in findings}
    for index, each in enumerate(case.manifest.waivers):
        if each.rule not in found:
            yield case.at("waiver-unused", f"$.waivers[{index}]", f"nothing breaks {each.rule[:60]}", "remove it")


def waive(case: Case, findings: list[Finding], rules: Mapping[str, Rule], today: date) -> list[Finding]:
    """The findings, those that a good waiver covers marked with its reason."""
    if case.manifest is None:
        return findings
    good = {}
    for each in case.manifest.waivers:
        rule, until = rules.get(each.rule), _day(each.until)
        if rule is None or not rule.waivable or until is None or not today <= until <= today + _LONGEST:
            continue
        if len(each.reason.strip()) >= _SHORTEST_REASON:
            good[each.rule] = each.reason
    return [attrs.evolve(each, waived=good.get(each.code, "")) for each in findings]


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
