"""Differences between the two sides of a flow as people and programs read them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ._output import console, emit_table, say
from ._stream import stream_json

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from pullpush_sdk.flows import Difference, FlowComparison, TypeComparison

_COLUMNS = ("equal", "added", "changed", "missing", "held", "clash", "unknown", "unmapped", "rejected")
_MEANING = {
    "missing": "missing at source",
    "held": "held in its own way",
    "clash": "several of one SKU",
    "unknown": "no data",
    "unmapped": "no location",
    "rejected": "unreadable",
}
_WORDS = {
    "added": ("+", "green", "not at the destination yet"),
    "changed": ("~", "yellow", "different"),
    "missing": ("·", "cyan", "at the destination only: left alone"),
    "held": ("=", "blue", "delivered, and held by the destination in its own way"),
    "clash": ("!", "red", "carried by several records: neither compared nor written until one alone carries it"),
    "unknown": ("?", "magenta", "no data at the source: left alone"),
    "unmapped": ("?", "magenta", "at a location that is not mapped: left alone"),
}
_CUT = 60


def print_comparison(comparison: FlowComparison, *, limit: int, details: bool) -> None:
    """The summary first, then what a reconcile would deliver; with `details` also what it leaves alone."""
    from pullpush_sdk.flows import FINDINGS

    names = [name for name in _COLUMNS if name in ("equal", "added", "changed", "missing") or _any(comparison, name)]
    emit_table(
        ["type", *(_MEANING.get(name, name) for name in names)],
        [[each.type, *(None if each.note else each.counts[name] for name in names)] for each in comparison.types],
        title=f"{comparison.flow} ({comparison.state}): {comparison.source} → {comparison.destination}",
    )
    for each in comparison.types:
        for kind in FINDINGS if details else ("added", "changed", "missing", "clash"):
            print_differences(each.type, kind, each.differences(kind, limit=limit), each.counts[kind], details=details)
    if comparison.compared:
        _say_what_next(comparison)


def print_differences(type_: str, kind: str, differences: Iterator[Difference], count: int, *, details: bool) -> None:
    """One section: a line per record, its fields below it."""
    mark, colour, words = _WORDS[kind]
    if not count:
        return
    out = console()
    out.print(_text(f"\n{type_}: {count} {words}", style="bold"), overflow="fold")
    shown = 0
    for each in differences:
        shown += 1
        out.print(_text(f"  {mark} {_name(each)}", style=colour), overflow="fold")
        for record in each.records:
            title = f" {_shown(record['title'])}" if record["title"] else ""
            out.print(_text(f"      {record['id']}{title} at the {each.side}"), overflow="fold")
        if kind == "changed" or details:
            for field in each.fields:
                print_change(out, field.field, field.old, field.new, is_new=kind == "added")
    if shown < count:
        out.print(_text(f"  … and {count - shown} more; --limit shows more", style="dim"))


def print_comparison_json(comparison: FlowComparison, *, limit: int | None) -> None:
    """The whole comparison; lists are written as they are read."""
    stream_json(
        {
            "flow": comparison.flow,
            "source": comparison.source,
            "destination": comparison.destination,
            "state": comparison.state,
            "same": comparison.same,
            "types": (_type_json(each, limit) for each in comparison.types),
        }
    )


def _type_json(each: TypeComparison, limit: int | None) -> dict[str, Any]:
    from pullpush_sdk.flows import FINDINGS

    lists: dict[str, Any] = {
        kind: (found.to_json() for found in each.differences(kind, limit=limit)) for kind in FINDINGS
    }
    return {"type": each.type, "note": each.note or None, "counts": each.counts, **lists}


def _say_what_next(comparison: FlowComparison) -> None:
    if _any(comparison, "clash"):
        say("give each record a SKU of its own where several carry one; the next sync then tells what they say")
    if comparison.same:
        say("both sides are the same", colour="green")
    elif any(not each.same for each in comparison.types):
        say(f"nothing was written; pullpush reconcile {comparison.flow} delivers what is added or changed")


def _any(comparison: FlowComparison, name: str) -> bool:
    return any(each.counts[name] for each in comparison.types)


def _name(each: Difference) -> str:
    return f"{each.key} at {each.location}" if each.location else each.key


def print_change(out: Console, name: str, old: Any, new: Any, *, is_new: bool = False) -> None:
    """One field below its record: old → new, or only the new value."""
    line = _text(f"      {name}: ")
    if not is_new:
        line.append(_shown(old), style="red")
        line.append(" → ")
    out.print(line.append(_shown(new), style="green"), overflow="fold")


def _text(words: str, *, style: str = "") -> Text:
    from rich.text import Text

    return Text(words, style=style)


def _shown(value: Any) -> str:
    """A value as JSON, on one line and cut."""
    from pullpush_sdk.canonical import dumps

    text = "nothing" if value is None else dumps(value).decode()
    return text if len(text) <= _CUT else text[: _CUT - 1] + "…"
