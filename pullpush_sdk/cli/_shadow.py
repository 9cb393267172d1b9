"""What a flow in shadow would have written, as people and programs read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._differences import print_change
from ._output import console, emit_table, say
from ._stream import stream_json

if TYPE_CHECKING:
    from pullpush_sdk.flows import ShadowDifference, ShadowReport
    from pullpush_sdk.project import FlowConfig

    from ._session import Session


async def show_shadow(
    session: Session, flow: FlowConfig, type_: str | None, *, limit: int | None, as_json: bool
) -> None:
    """Print the report of one flow; raises ProjectError for a type that it does not have."""
    from pullpush_sdk.flows import chosen_types, flow_state, shadow_report

    from ._store import open_store

    chosen_types(flow, [type_] if type_ else [])
    async with open_store(session) as engine, shadow_report(engine, flow, canonical_type=type_) as report:
        state = await flow_state(engine, flow)
        if as_json:
            _print_json(report, state, limit)
        else:
            _print(report, state, 20 if limit is None else limit)


def _print(report: ShadowReport, state: str, limit: int) -> None:
    emit_table(
        ["type", "records", "writes", "nothing different"],
        [[name, each["records"], each["writes"], each["same"]] for name, each in report.counts.items()],
        title=f"{report.flow} ({state}): what it would have written in shadow",
    )
    out = console()
    for name, counts in report.counts.items():
        shown, differing = 0, counts["records"] - counts["same"]
        for each in report.differences(name, limit=limit):
            shown += 1
            times = f", {each.writes} writes" if each.writes > 1 else ""
            out.print(f"  ~ {name} {each.identity.rstrip('|')} ({each.verb}{times})", markup=False, style="yellow")
            for field in each.fields:
                print_change(out, field.field, field.old, field.new)
        if shown < differing:
            out.print(f"  … and {differing - shown} more of {name}; --limit shows more", style="dim")
    if state == "shadow":
        say(f"pullpush preview {report.flow} compares with the destination itself; "
            f"pullpush flow activate {report.flow} makes it write")  # fmt: skip


def _print_json(report: ShadowReport, state: str, limit: int | None) -> None:
    from pullpush_sdk.canonical import instant_text

    stream_json(
        {
            "flow": report.flow,
            "state": state,
            "since": None if report.since is None else instant_text(report.since),
            "types": (
                {"type": name, "counts": dict(counts), "records": map(_as_json, report.differences(name, limit=limit))}
                for name, counts in report.counts.items()
            ),
        }
    )


def _as_json(each: ShadowDifference) -> dict[str, Any]:
    from pullpush_sdk.canonical import instant_text

    return {
        "key": each.key,
        "identity": each.identity,
        "verb": each.verb,
        "writes": each.writes,
        "last": instant_text(each.last),
        "fields": [{"field": field.field, "old": field.old, "new": field.new} for field in each.fields],
    }
