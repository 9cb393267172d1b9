"""A report as JUnit XML: one suite per family, one case per finding, law and family without a finding."""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.etree import ElementTree as ET

from pullpush_sdk.validate._model import Finding, Report, Rule

_UNFIT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(report: Report, _rules: Mapping[str, Rule]) -> str:
    """Errors are failures, warnings and notes are passed cases with their text, waived ones are skipped."""
    root = ET.Element("testsuites", name=f"pullpush validate {report.target}")
    families = list(dict.fromkeys([*report.families, *report.skipped, *(each.family for each in report.findings)]))
    total = failed = 0
    for family in families:
        suite = ET.SubElement(root, "testsuite", name=family)
        found = [each for each in report.findings if each.family == family and not each.code.startswith("law-")]
        for each in found:
            _case(suite, report, each)
        if family == "behaviour":
            _laws(suite, report)
        if family in report.skipped:
            case = ET.SubElement(
                suite, "testcase", classname=_clean(report.name or report.target), name=family, time="0"
            )
            ET.SubElement(case, "skipped", message=_clean(report.skipped[family]))
        if len(suite) == 0:
            ET.SubElement(suite, "testcase", classname=_clean(report.name or report.target), name=family, time="0")
        failures = len(suite.findall("testcase/failure"))
        suite.set("tests", str(len(suite)))
        suite.set("failures", str(failures))
        suite.set("errors", "0")
        suite.set("skipped", str(len(suite.findall("testcase/skipped"))))
        suite.set("time", f"{report.families.get(family, 0.0):.3f}")
        total += len(suite)
        failed += failures
    root.set("tests", str(total))
    root.set("failures", str(failed))
    root.set("errors", "0")
    root.set("time", f"{report.seconds:.3f}")
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _case(suite: ET.Element, report: Report, finding: Finding) -> None:
    name = f"{finding.code} {finding.path or finding.place}".strip()
    case = ET.SubElement(suite, "testcase", classname=_clean(report.name or report.target), name=_clean(name), time="0")
    text = "\n".join(part for part in (finding.place, finding.message, finding.hint) if part)
    if finding.waived:
        ET.SubElement(case, "skipped", message=_clean(finding.waived))
    elif finding.severity == "error":
        ET.SubElement(case, "failure", message=_clean(finding.message), type=finding.code).text = _clean(text)
    else:
        ET.SubElement(case, "system-out").text = _clean(f"{finding.severity}: {text}")


def _laws(suite: ET.Element, report: Report) -> None:
    for each in report.trials:
        name = f"{each.law} {each.canonical_type}"
        case = ET.SubElement(suite, "testcase", classname=_clean(report.name), name=name, time=f"{each.seconds:.3f}")
        if each.outcome == "broken":
            first = each.reason.partition("\n")[0]
            ET.SubElement(case, "failure", message=_clean(first), type=f"law-{each.law}").text = _clean(each.reason)
        elif each.outcome == "not proven":
            ET.SubElement(case, "skipped", message=_clean(each.reason))


def _clean(text: str) -> str:
    """XML cannot hold control characters, not even escaped."""
    return _UNFIT.sub("?", text)
