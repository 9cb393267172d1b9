"""A report for people: findings, laws, the checklist, the level and what is missing for the next one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pullpush_sdk.validate._model import LEVELS, SEVERITIES, Finding, Report, Rule

from ._roots import by_root, root_of

_MARKS = {"error": "error  ", "warning": "warning", "note": "note   "}


def render(report: Report, rules: Mapping[str, Rule]) -> str:
    """The whole report, without colours."""
    return "\n".join(_lines(report, rules)) + "\n"


def _lines(report: Report, rules: Mapping[str, Rule]) -> Iterator[str]:
    name = f"{report.name} {report.version}".strip() or report.target
    yield f"{name} ({report.kind}, {report.target})"
    open_findings = [each for each in report.findings if not each.waived]
    for finding, others in by_root(open_findings):
        yield from _finding(finding)
        yield from _others(others)
    waived = [each for each in report.findings if each.waived]
    if waived:
        yield "\nWaived"
        for finding in waived:
            yield f"  {finding.code}  {finding.place or finding.path}: {finding.message}\n           {finding.waived}"
    if report.trials:
        yield f"\nLaws, tried against the sandbox {report.sandbox}".rstrip()
        yield from _trials(report)
    if report.unshown:
        yield "\nNot proven: no sample shows it"
        yield from (f"  {each}" for each in report.unshown)
    for family, why in report.skipped.items():
        yield f"\n{family} was not run: {why}"
    if report.checklist:
        yield "\nSubmission checklist"
        for point in report.checklist:
            yield f"  {point.proof:<17}  {point.title}\n                     {point.because}"
    fixable = {each.code for each in open_findings if each.code in rules and rules[each.code].fixable}
    if fixable and not report.mended:
        yield f"\n--fix mends some of: {', '.join(sorted(fixable))}"
    loads = report.level != LEVELS[0]
    yield f"\nLevel: {report.level}" if loads else "\nLevel: none, it does not load"
    if report.missing:
        yield f"  missing for {LEVELS[LEVELS.index(report.level) + 1]!r}:" if loads else "  because of:"
        yield from (f"  - {each}" for each in _once(report.missing)[:12])
    counts = {severity: len(report.of(severity)) for severity in SEVERITIES}
    told = ", ".join(f"{count} {severity}{'' if count == 1 else 's'}" for severity, count in counts.items())
    slowest = sorted(report.families.items(), key=lambda each: -each[1])[:1]
    slow = f" ({slowest[0][0]} {slowest[0][1]:.1f} s)" if slowest and slowest[0][1] >= 1 else ""
    yield f"{told}{f', {len(waived)} waived' if waived else ''}; {report.seconds:.1f} s{slow}"


def _finding(finding: Finding) -> Iterator[str]:
    place = finding.place
    yield f"\n{_MARKS[finding.severity]}  {finding.code}" + (f"  {place}" if place else "")
    at = f"  (at {finding.path})" if finding.path not in {"", "$"} else ""
    yield f"         {finding.message}{at}"
    for line in finding.hint.splitlines():
        yield f"         {line}"


def _others(findings: Sequence[Finding]) -> Iterator[str]:
    """What else the same error broke: the codes, each once."""
    if not findings:
        return
    yield "         the same error is the root of:"
    for code in dict.fromkeys(each.code for each in findings):
        kinds = [each.message.partition(": ")[0] for each in findings if each.code == code and code.startswith("law-")]
        told = f" ({', '.join(sorted(set(kinds)))})" if kinds else ""
        yield f"           {code}{told}"


def _once(missing: Sequence[str]) -> list[str]:
    """What is missing, without what is missing by an error that was named before."""
    kept: dict[str, str] = {}
    for each in missing:
        kept.setdefault(root_of(each.partition(": ")[2]) or each, each)
    return list(kept.values())


def _trials(report: Report) -> Iterator[str]:
    """A line for each law and reason, with the types that it is about."""
    for outcome in ("broken", "not proven", "kept"):
        together: dict[tuple[str, str], list[str]] = {}
        for each in report.trials:
            if each.outcome == outcome:
                reason = each.reason if outcome == "not proven" else ""
                together.setdefault((each.law, reason), []).append(each.canonical_type)
        for (law, reason), types in together.items():
            yield f"  {outcome:<10}  {law} ({', '.join(types)}){f': {reason}' if reason else ''}"
