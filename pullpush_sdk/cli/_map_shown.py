"""How `pullpush map` shows what a map does: why each field is as it is, what it fills, and what it leaves."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from ._output import console, table_of

if TYPE_CHECKING:
    from pullpush_sdk.canonical import CanonicalType
    from pullpush_sdk.mapping import Coverage, Explained

Json = Any
_CUT = 60
_WIDE = 200
_STATES = {"filled": "green", "partly": "yellow", "empty": "yellow", "untried": "", "missing": "red", "open": "dim"}
_SAID = {
    "filled": "filled",
    "partly": "in some",
    "empty": "always empty",
    "untried": "not tried",
    "missing": "REQUIRED, no rule",
    "open": "no rule",
}


def explained_json(rows: Sequence[Explained]) -> list[dict[str, Json]]:
    """One record's fields, for programs."""
    return [
        {"field": each.target, "paths": list(each.paths), "path": each.path, "raw": shown(each.raw),
         "value": shown(each.value), "note": each.note}
        for each in rows
    ]  # fmt: skip


def explained_rows(rows: Sequence[Explained]) -> list[list[Json]]:
    """One record's fields, for people."""
    return [
        [each.target, ", ".join(each.paths), each.path or None, shown(each.raw), shown(each.value), each.note]
        for each in rows
    ]


def coverage_json(found: Coverage, likely: Mapping[str, tuple[str, float]]) -> dict[str, Json]:
    """A map's coverage, for programs."""
    by_native = {native: target for target, (native, _) in likely.items()}
    counts = {state: sum(each.state == state for each in found.fields) for state in _STATES}
    return {
        "records": found.records,
        "refused": found.refused,
        "counts": counts,
        "fields": [
            {"field": each.path, "kind": each.kind, "state": each.state, "required": each.required,
             "always": each.always, "rule": each.rule or None, "filled": each.filled, "null": each.null,
             "records": each.records, "example": shown(each.example) if each.filled else None,
             "couldBe": _could_be(each.path, likely)}
            for each in found.fields
        ],
        "unused": [
            {"path": each.path, "records": each.records, "example": shown(each.example),
             "looksLike": by_native.get(each.path)}
            for each in found.unread
        ],
        "readsWhole": found.reads_whole,
    }  # fmt: skip


def _could_be(path: str, likely: Mapping[str, tuple[str, float]]) -> dict[str, Json] | None:
    found = likely.get(path)
    return None if found is None else {"path": found[0], "certainty": found[1]}


def show_coverage(title: str, found: Coverage, likely: Mapping[str, tuple[str, float]]) -> None:
    """A map's coverage as two tables and a line."""
    from rich.text import Text

    out = console()
    fields = [each for each in found.fields if _is_worth(each, found)]
    table = table_of(
        ["field", "kind", "", "from", "filled", "example or candidate"],
        [
            [each.path, each.kind, _SAID[each.state], each.rule or None,
             f"{each.filled}/{each.records}" if each.rule else None, _example(each, likely)]
            for each in fields
        ],
        title=title,
    )  # fmt: skip
    for row, each in zip(table.rows, fields, strict=True):
        row.style = _STATES[each.state]
    out.print(table)
    by_native = {native: target for target, (native, _) in likely.items()}
    if found.unread:
        rows = [[each.path, f"{each.records}/{found.records}", shown(each.example), by_native.get(each.path)]
                for each in found.unread]  # fmt: skip
        words = "native fields that no rule reads"
        if found.reads_whole:
            words += " by name; a function is given the whole record, and may read them"
        out.print(table_of(["native field", "in", "example", "looks like"], rows, title=words))
    out.print(Text(_summary(found)))


def _is_worth(each: Any, found: Coverage) -> bool:
    """Fields inside a nested record are shown where something of it is filled."""
    if each.state != "open" or not {".", "["} & set(each.path):
        return True
    head = each.path.partition(".")[0]
    return any(other.rule for other in found.fields if other.path.startswith((f"{head}.", head)) and other is not each)


def _example(each: Any, likely: Mapping[str, tuple[str, float]]) -> str | None:
    if each.filled:
        return shown(each.example)
    if each.path in likely:
        native, certainty = likely[each.path]
        return f"perhaps {native} ({certainty:.0%})"
    return None


def _summary(found: Coverage) -> str:
    worth = [each for each in found.fields if _is_worth(each, found)]
    counts = {state: sum(each.state == state for each in worth) for state in _STATES}
    words = [f"{counts['filled']} filled", f"{counts['partly']} in some", f"{counts['empty']} always empty",
             *([f"{counts['untried']} not tried"] if counts["untried"] else []),
             f"{counts['missing']} required and missing", f"{counts['open']} without a rule",
             f"{len(found.unread)} native fields unused"]  # fmt: skip
    refused = f", of which {found.refused} do not map" if found.refused else ""
    return f"over {found.records} records{refused}: {', '.join(words)}"


def candidates(kind: CanonicalType, found: Coverage, records: Sequence[Json]) -> dict[str, tuple[str, float]]:
    """Canonical fields that nothing fills, each with the unused native field that probably is it and how certain."""
    from pullpush_sdk.scaffold.draft.propose import propose
    from pullpush_sdk.scaffold.draft.shapes import shape_of_examples

    unused = {each.path for each in found.unread}
    lacking = {each.path for each in found.fields if not each.filled}
    made: dict[str, tuple[str, float]] = {}
    for each in propose(kind, shape_of_examples([*records])):
        native = ".".join(each.names)
        inside = next((path for path in unused if path == native or path.startswith(f"{native}[")), None)
        if each.target in lacking and inside is not None:
            made[each.target] = (native, each.certainty)
    return made


def shown(value: Json) -> str | None:
    """A value as it would stand in JSON, cut; None where there is none."""
    from pullpush_sdk.canonical import UNSET, dumps

    if value is UNSET:
        return None
    text = value if isinstance(value, str) else dumps(_plain(value)).decode()
    cut = _CUT if sys.stdout.isatty() else _WIDE
    return text if len(text) <= cut else text[: cut - 1] + "…"


def _plain(value: Json) -> Json:
    """A canonical value, at whatever depth, as the JSON that it becomes."""
    from datetime import datetime

    from pullpush_sdk.canonical import instant_text, to_sparse

    if hasattr(value, "__attrs_attrs__"):
        return to_sparse(value)
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return value


def heading(name: str, kind: str, number: int) -> str:
    """The title of one map's tables."""
    return f"{name} → {kind}, {number} {'record' if number == 1 else 'records'}"


def blank() -> None:
    """A line between two maps."""
    click.echo("")
