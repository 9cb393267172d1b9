"""Sync reports as people read them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from ._failures import FAILED, WRONG_USE, show_error
from ._output import emit_json, emit_table, say
from ._signals import INTERRUPTED

if TYPE_CHECKING:
    from pullpush_sdk.flows import SyncReport

    from ._session import Session

# Counts that are shown even where they are zero; the rest only where something happened.
_ALWAYS = ("read", "delivered", "unchanged", "skipped", "stale", "dead")
_MEANING = {
    "skipped": "skipped (no data)",
    "dead": "dead letters",
    "repeat": "repeated",
}


def shadow_warning(flow: str) -> str:
    """The first line of everything that runs a flow in shadow."""
    return f"{flow} is in shadow: nothing is written; pullpush flow activate {flow} makes it write"


def show_reports(session: Session, reports: list[SyncReport], *, as_json: bool) -> None:
    """Print the reports: a table per flow, or JSON."""
    if as_json:
        emit_json([each.to_json() for each in reports])
    for report in reports:
        if not as_json:
            _show(report)
        say_what_happened(session, report)


def say_what_happened(session: Session, report: SyncReport) -> None:
    """Notes, the error, and what to do about what is left, on standard error."""
    for note in report.notes:
        say(f"note: {session.redactor.text(note)}", colour="yellow")
    if report.error is not None:
        show_error(report.error, session)
    if report.dead:
        say(f"{report.dead} could not be delivered: pullpush dead-letters list --flow {report.flow}", colour="red")
    if report.waiting:
        say(f"{report.waiting} still wait; pullpush sync {report.flow} goes on with them", colour="yellow")


def exit_code(reports: Iterable[SyncReport]) -> int:
    """0 where every flow is through; 130 interrupted; 2 where one could not start, else 1."""
    from pullpush_sdk.errors import SetupError

    listed = list(reports)
    if any(report.interrupted for report in listed):
        return INTERRUPTED
    if any(isinstance(report.error, SetupError) for report in listed):
        return WRONG_USE
    return 0 if all(report.ok for report in listed) else FAILED


def _show(report: SyncReport) -> None:
    if not report.counts:
        return
    seen = [name for name in next(iter(report.counts.values())) if name not in _ALWAYS]
    extra = [name for name in seen if any(counts.get(name) for counts in report.counts.values())]
    names = [*_ALWAYS, *extra]
    headings = [_MEANING.get(name, name) for name in names]
    rows = [[kind, *(counts.get(name, 0) for name in names)] for kind, counts in report.counts.items()]
    emit_table(["type", *headings], rows, title=f"{report.flow} ({report.state})")
    click.echo("")
