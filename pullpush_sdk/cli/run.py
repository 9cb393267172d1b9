from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

import click

from ._session import Session

if TYPE_CHECKING:
    from pullpush_sdk.project import Project
    from pullpush_sdk.serve import Serving

_EPILOG = """Examples:

  pullpush run

  pullpush run --port 8080 --log-format json

SIGTERM or Ctrl-C finishes what is under way; a second one stops at once. Nothing is lost either way, nor by a kill.
While it runs, sync, flow and dead-letters ask it to do what they are told.
"""


@click.command(epilog=_EPILOG)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True,
              help="Port to listen on; 0 takes a free one.")  # fmt: skip
@click.option("--grace", type=click.FloatRange(min=0), default=30.0, show_default=True,
              help="Seconds that a graceful stop may take.")  # fmt: skip
@click.option("--log-format", type=click.Choice(["auto", "text", "json"]), default="auto", show_default=True,
              help="How the log on standard error looks; auto: text on a terminal, else JSON.")  # fmt: skip
@click.pass_context
def run(ctx: click.Context, *, host: str, port: int, grace: float, log_format: str) -> None:
    """Run all flows until stopped: reads on schedule, delivers, answers /health and /health/ready.

    Exit code 0 after a graceful stop, 1 where another process works on the store or the store failed, 130 where a
    second signal ended it at once.
    """
    from pullpush_sdk.serve import Serving, listen, log_to

    from ._signals import INTERRUPTED, run_stoppable

    session: Session = ctx.obj
    project = session.project  # one that is not good is said before anything listens
    stop = asyncio.Event()
    with (
        log_to(sys.stderr, redactor=session.redactor, form=log_format, debug=session.debug),
        listen(host, port) as listener,
    ):
        try:
            # The log says that it stops.
            run_stoppable(_run(session, project, Serving(listener=listener, grace=grace), stop), stop, quiet=True)
        except asyncio.CancelledError:
            ctx.exit(INTERRUPTED)


async def _run(session: Session, project: Project, serving: Serving, stop: asyncio.Event) -> None:
    from pullpush_sdk.serve import run_project

    from ._store import open_store

    async with open_store(session) as engine:
        await run_project(project, session.plugins, engine, redactor=session.redactor, serving=serving, stop=stop)
