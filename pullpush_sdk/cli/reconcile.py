from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from ._names import complete_flows
from ._output import emit_json, emit_table, say
from ._session import Session

if TYPE_CHECKING:
    from pullpush_sdk.flows import ReconcileReport

_EPILOG = """Examples:

  pullpush reconcile stock-to-shop --dry-run

  pullpush reconcile stock-to-shop

  pullpush reconcile stock-to-shop --type stocklevel --json

Never deletes, and never writes zero for what the source does not speak of.
"""


@click.command(epilog=_EPILOG)
@click.argument("flow", shell_complete=complete_flows)
@click.option("--type", "types", multiple=True, metavar="TYPE", help="Only this canonical type; may be repeated.")
@click.option("--dry-run", is_flag=True, help="Only show what would be delivered: the same as pullpush preview.")
@click.option("--max-wait", type=click.FloatRange(min=0), default=300.0, show_default=True,
              help="Seconds to wait for a destination that does not answer.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def reconcile(
    ctx: click.Context, flow: str, *, types: tuple[str, ...], dry_run: bool, max_wait: float, as_json: bool
) -> None:
    """Compare both sides of FLOW and deliver what differs, and nothing else.

    Exit code 1 where something was not delivered, 2 where the flow could not start, 130 where Ctrl-C ended it. With
    --dry-run those of preview.
    """
    from ._reports import exit_code, say_what_happened, show_reports
    from ._signals import run_stoppable

    session: Session = ctx.obj
    if dry_run:
        from .preview import show_comparison

        ctx.exit(asyncio.run(show_comparison(session, flow, types, limit=None, details=False, as_json=as_json)))
    stop = asyncio.Event()
    report = run_stoppable(_reconcile(session, session.project.flow(flow).name, types, max_wait, stop), stop)
    if as_json:
        emit_json(report.to_json())
        say_what_happened(session, report)
    else:
        _show_compared(report)
        show_reports(session, [report], as_json=False)
    ctx.exit(exit_code([report]))


def _show_compared(report: ReconcileReport) -> None:
    if not report.compared:
        return
    names = ("equal", "added", "changed", "missing", "held", "unknown")
    emit_table(
        ["type", "equal", "added", "changed", "missing at source", "held in its own way", "no data"],
        [[kind, *(counts.get(name, 0) for name in names)] for kind, counts in report.compared.items()],
        title=f"{report.flow} ({report.state}): found",
    )


async def _reconcile(
    session: Session, flow: str, types: tuple[str, ...], max_wait: float, stop: asyncio.Event
) -> ReconcileReport:
    from pullpush_sdk.flows import flow_state

    from ._progress import show_progress
    from ._reports import shadow_warning
    from ._store import open_desk

    with show_progress() as progress:
        async with open_desk(session, stop, progress) as desk:
            if await flow_state(desk.engine, session.project.flow(flow)) == "shadow":
                say(shadow_warning(flow), colour="yellow")
            return await desk.reconcile(flow, types=types, max_wait=max_wait)
