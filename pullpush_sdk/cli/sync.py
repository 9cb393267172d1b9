from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from ._names import complete_flows
from ._output import say
from ._session import Session

if TYPE_CHECKING:
    from pullpush_sdk.flows import SyncReport

_EPILOG = """Examples:

  pullpush sync stock-to-shop

  pullpush sync --all --max-wait 30 --json

Ctrl-C finishes what is under way; the next sync goes on where this one ended. A second Ctrl-C stops at once, and
nothing is lost either.
"""


@click.command(epilog=_EPILOG)
@click.argument("flows", nargs=-1, shell_complete=complete_flows)
@click.option("--all", "every", is_flag=True, help="All flows of the project, in the file's order.")
@click.option("--max-wait", type=click.FloatRange(min=0), default=300.0, show_default=True,
              help="Seconds to wait for a destination that does not answer.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def sync(ctx: click.Context, flows: tuple[str, ...], *, every: bool, max_wait: float, as_json: bool) -> None:
    """Run FLOWS once: read what is new, deliver it, report.

    Exit code 1 where something was not delivered, 2 where a flow could not start, 130 where Ctrl-C ended it.
    """
    from ._reports import exit_code, show_reports
    from ._signals import run_stoppable

    if every == bool(flows):
        raise click.UsageError("Name flows, or --all.")
    session: Session = ctx.obj
    project = session.project
    names = list(project.flows) if every else [project.flow(name).name for name in dict.fromkeys(flows)]
    if not names:
        say(f"{project.file} has no flows", colour="yellow")
        return
    stop = asyncio.Event()
    reports = run_stoppable(_sync(session, names, max_wait, stop), stop)
    show_reports(session, reports, as_json=as_json)
    ctx.exit(exit_code(reports))


async def _sync(session: Session, names: list[str], max_wait: float, stop: asyncio.Event) -> list[SyncReport]:
    from pullpush_sdk.flows import flow_state

    from ._progress import show_progress
    from ._reports import shadow_warning
    from ._store import open_desk

    with show_progress() as progress:
        async with open_desk(session, stop, progress) as desk:
            for name in names:
                if await flow_state(desk.engine, session.project.flow(name)) == "shadow":
                    say(shadow_warning(name), colour="yellow")
            return await desk.sync(names, max_wait=max_wait)
