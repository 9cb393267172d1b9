"""A report as JSON: everything that the text says, by name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import attrs

from pullpush_sdk.validate._model import Report, Rule

Json = Any


def as_value(report: Report) -> Json:
    """The report as plain values; recorded exchanges are left out."""
    value = attrs.asdict(report, filter=lambda attribute, _: attribute.name not in {"exchanges", "mended"})
    value["ok"] = report.ok
    value["counts"] = {
        "error": len(report.of("error")),
        "warning": len(report.of("warning")),
        "note": len(report.of("note")),
        "waived": sum(1 for each in report.findings if each.waived),
    }
    return value


def render(report: Report, _rules: Mapping[str, Rule]) -> str:
    """Indented JSON."""
    return json.dumps(as_value(report), indent=2, ensure_ascii=False, default=str) + "\n"
