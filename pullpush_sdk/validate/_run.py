"""One validation from target to report."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime

import attrs

from pullpush_sdk.errors import Problem

from ._behaviour import Behaviour, Effort, run_behaviour
from ._case import Case, build_case
from ._catalogue import shipped
from ._checklist import checklist
from ._extensions import Found, find_extensions
from ._levels import level_of
from ._live import Live, live_problems
from ._model import Finding, Report, Rule
from ._target import Target, find_target
from ._waivers import check_waivers, unused_waivers, waive
from .families import static_families

_MOST = 500
"""Findings that are kept; a document with more is not read by anybody."""


@attrs.frozen(kw_only=True)
class Options:
    """What to do.

    `only` names families, all where it is empty; `behaviour` says whether the connector is run. `today` decides which
    waivers still hold. `mended` says that what is mechanical was mended before.
    """

    only: frozenset[str] = frozenset()
    behaviour: bool = True
    effort: Effort = Effort()
    today: date | None = None
    live: Callable[[Case], Live] | None = None
    mended: bool = False


@attrs.frozen(kw_only=True)
class Validated:
    """A report with what it was made from; `secrets` are those of the sandbox, for the proof that none is in it."""

    report: Report
    case: Case
    rules: Mapping[str, Rule]
    secrets: tuple[str, ...] = ()


def validate(named: str, options: Options | None = None) -> Validated:
    """Validate what a path or the name of an installed connector means.

    Raises:
        SetupError: there is no such target.
        PluginError: a distribution adds a rule under a code that is taken.
    """
    return validate_target(find_target(named), options or Options())


def validate_target(target: Target, options: Options) -> Validated:
    """Every family that was asked for, then waivers, checklist and level."""
    started = time.perf_counter()
    today = options.today or datetime.now(UTC).date()
    extensions = find_extensions(target)
    rules = extensions.rules
    case = build_case(target, extensions.extensions)
    findings: list[Finding] = []
    families: dict[str, float] = {}
    skipped: dict[str, str] = {}

    def judged(family: str, problems: Iterable[Problem]) -> None:
        began = time.perf_counter()
        findings.extend(_findings(problems, rules))
        families[family] = families.get(family, 0.0) + time.perf_counter() - began

    for family, check in static_families().items():
        if not options.only or family in options.only:
            judged(family, check(case))
    if not options.only or "extension" in options.only:
        for rule in rules.values():
            if rule.check is not None:
                judged(rule.family, _extension(rule, rule.check, case))
    ran = _behaviour(case, findings, options, extensions, skipped)
    if ran is not None:
        judged("behaviour", ran.problems)
    live = options.live(case) if options.live is not None and case.manifest is not None else None
    if live is not None:
        judged("behaviour", live_problems(case, live))
    if not options.only or "waivers" in options.only:
        judged("waivers", check_waivers(case, rules, today))
        if ran is not None and not options.only and not ran.unproven:
            judged("waivers", unused_waivers(case, findings))
    findings = _ordered(waive(case, _once(findings), rules, today))
    points = checklist(case, findings, ran, live)
    trials = tuple(ran.trials) if ran is not None else ()
    level, missing = level_of(findings, trials, points)
    manifest = case.manifest
    report = Report(
        target=target.shown,
        kind="miniapp" if case.is_miniapp else target.kind,
        name=manifest.name if manifest is not None else target.entry_point,
        version=manifest.version if manifest is not None else "",
        findings=tuple(findings),
        families=families,
        skipped=skipped,
        trials=trials,
        checklist=points,
        level=level,
        missing=missing,
        exchanges=ran.exchanges if ran is not None else (),
        sandbox=ran.sandbox if ran is not None else "",
        unshown=tuple(ran.unshown) if ran is not None else (),
        seconds=time.perf_counter() - started,
        mended=options.mended,
    )
    secrets = tuple(ran.secrets) if ran is not None else ()
    return Validated(report=report, case=case, rules=rules, secrets=secrets)


def _behaviour(
    case: Case, findings: list[Finding], options: Options, extensions: Found, skipped: dict[str, str]
) -> Behaviour | None:
    if options.only and "behaviour" not in options.only:
        return None
    if not options.behaviour:
        skipped["behaviour"] = "left out by --static"
        return None
    if case.target.manifest is not None and case.manifest is None:
        skipped["behaviour"] = "the manifest does not load"
        return None
    if case.target.manifest is None and not case.target.module:
        skipped["behaviour"] = "there is nothing to run"
        return None
    if any(each.family == "structure" and each.severity == "error" for each in findings):
        skipped["behaviour"] = "the manifest does not load"
        return None
    if case.own and not case.target.module:
        skipped["behaviour"] = "its own functions are not beside this file: validate the plugin's folder"
        return None
    ran = run_behaviour(case, options.effort, extensions.modules)
    if ran.unproven:
        skipped["behaviour"] = ran.unproven
    return ran


def _findings(problems: Iterable[Problem], rules: Mapping[str, Rule]) -> Iterator[Finding]:
    for count, problem in enumerate(problems):
        if count >= _MOST:
            return
        rule = rules.get(problem.code) or shipped()["manifest-value"]
        yield Finding(
            code=problem.code or rule.code,
            family=rule.family,
            severity=rule.severity,
            message=problem.message,
            hint=problem.hint,
            path=problem.path,
            file=problem.file,
            line=problem.line,
            column=problem.column,
        )


def _extension(rule: Rule, check: Callable[[Case], Iterable[Problem]], case: Case) -> Iterator[Problem]:
    """What an added rule found, under its own code; a rule that fails is a finding of itself."""
    try:
        for problem in check(case):
            yield attrs.evolve(problem, code=rule.code)
    except Exception as error:  # noqa: BLE001 - another distribution's code
        yield Problem(
            code="rule-failed", message=f"{rule.code} failed: {type(error).__name__}: {error}"[:300], path="$"
        )


def _once(findings: list[Finding]) -> list[Finding]:
    """Each finding once: several requests may share one mistake of an alias."""
    return list(dict.fromkeys(findings))


def _ordered(findings: list[Finding]) -> list[Finding]:
    order = {"error": 0, "warning": 1, "note": 2}
    return sorted(
        findings, key=lambda each: (order[each.severity], each.file, each.line or 0, each.column or 0, each.code)
    )
