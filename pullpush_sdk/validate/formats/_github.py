"""A report as workflow commands, which a code host shows beside the lines."""

from __future__ import annotations

from collections.abc import Mapping

from pullpush_sdk.validate._model import Finding, Report, Rule

_WORDS = {"error": "error", "warning": "warning", "note": "notice"}


def render(report: Report, _rules: Mapping[str, Rule]) -> str:
    """A command per finding that is not waived, then the level."""
    lines = [_command(each) for each in report.findings if not each.waived]
    counts = f"{len(report.of('error'))} errors, {len(report.of('warning'))} warnings"
    return "\n".join([*lines, f"pullpush validate {report.target}: {report.level}, {counts}"]) + "\n"


def _command(finding: Finding) -> str:
    properties = [("title", finding.code)]
    if finding.file:
        properties.insert(0, ("file", finding.file))
        if finding.line is not None:
            properties.insert(1, ("line", str(finding.line)))
            if finding.column is not None:
                properties.insert(2, ("col", str(finding.column)))
    told = ",".join(f"{name}={_property(value)}" for name, value in properties)
    message = finding.message + (f" (at {finding.path})" if finding.path else "")
    text = f"{message}\n{finding.hint}" if finding.hint else message
    return f"::{_WORDS[finding.severity]} {told}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
