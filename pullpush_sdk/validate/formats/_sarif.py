"""A report in SARIF 2.1.0, the form that code hosts and editors read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from pullpush_sdk import __version__
from pullpush_sdk.validate._model import Finding, Report, Rule

Json = Any
_LEVELS = {"error": "error", "warning": "warning", "note": "note"}


def render(report: Report, rules: Mapping[str, Rule]) -> str:
    """One run with the rules that were broken and a result per finding."""
    codes = list(dict.fromkeys(each.code for each in report.findings))
    run = {
        "tool": {
            "driver": {
                "name": "pullpush validate",
                "version": __version__,
                "semanticVersion": __version__,
                "rules": [_rule(rules[code]) if code in rules else {"id": code} for code in codes],
            }
        },
        "columnKind": "unicodeCodePoints",
        "results": [_result(each, codes.index(each.code)) for each in report.findings],
        "properties": {"level": report.level, "target": report.target},
    }
    document = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _rule(rule: Rule) -> Json:
    return {
        "id": rule.code,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.why or rule.title},
        "help": {"text": f"pullpush validate --explain {rule.code}"},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {"family": rule.family},
    }


def _result(finding: Finding, index: int) -> Json:
    message = finding.message + (f" (at {finding.path})" if finding.path else "")
    result: dict[str, Json] = {
        "ruleId": finding.code,
        "ruleIndex": index,
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{message}. {finding.hint}" if finding.hint else message},
        "partialFingerprints": {"pullpush/v1": _print_of(finding)},
    }
    if finding.file:
        result["locations"] = [{"physicalLocation": _location(finding)}]
    if finding.waived:
        result["suppressions"] = [{"kind": "inSource", "justification": finding.waived}]
    return result


def _location(finding: Finding) -> Json:
    where: dict[str, Json] = {"artifactLocation": {"uri": quote(PurePath(finding.file).as_posix())}}
    if finding.line is not None:
        region = {"startLine": finding.line}
        if finding.column is not None:
            region["startColumn"] = finding.column
        where["region"] = region
    return where


def _print_of(finding: Finding) -> str:
    """The same for the same mistake at the same path, wherever the line moved to."""
    return hashlib.sha256(f"{finding.code}\n{finding.path}\n{finding.message}".encode()).hexdigest()[:32]
