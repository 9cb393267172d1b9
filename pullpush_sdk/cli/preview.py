from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import click

from ._names import complete_flows
from ._output import say
from ._session import Session

if TYPE_CHECKING:
    from pullpush_sdk.flows import FlowComparison

_EPILOG = """Examples:

  pullpush preview stock-to-shop

  pullpush preview stock-to-shop --type stocklevel --details --limit 100

  pullpush preview stock-to-shop --json

Exit code 0 where both sides are the same, 1 where they differ or could not be compared.
"""


@click.command(epilog=_EPILOG)
@click.argument("flow", shell_complete=complete_flows)
@click.option("--type", "types", multiple=True, metavar="TYPE", help="Only this canonical type; may be repeated.")
@click.option("--limit", type=click.IntRange(min=0), metavar="N",
              help="At most so many records of a kind (default: 20, with --json all).")  # fmt: skip
@click.option("--details", is_flag=True, help="Every field of what is added, and what is left alone, record by record.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def preview(
    ctx: click.Context, flow: str, *, types: tuple[str, ...], limit: int | None, details: bool, as_json: bool
) -> None:
    """Show how the two sides of FLOW differ. Reads both whole; writes nothing, anywhere."""
    session: Session = ctx.obj
    ctx.exit(asyncio.run(show_comparison(session, flow, types, limit=limit, details=details, as_json=as_json)))


async def show_comparison(
    session: Session, name: str, types: tuple[str, ...], *, limit: int | None, details: bool, as_json: bool
) -> int:
    """Compare and print; the exit code."""
    from pullpush_sdk.flows import compare_flow

    from ._differences import print_comparison, print_comparison_json
    from ._progress import show_progress
    from ._store import open_store

    flow = session.project.flow(name)
    async with AsyncExitStack() as stack:
        engine = await stack.enter_async_context(open_store(session))
        with show_progress() as progress:
            comparing = compare_flow(
                session.project, session.plugins, engine, flow,
                redactor=session.redactor, types=types, progress=progress,
            )  # fmt: skip
            comparison = await stack.enter_async_context(comparing)
        if as_json:
            print_comparison_json(comparison, limit=limit)
        else:
            print_comparison(comparison, limit=20 if limit is None else limit, details=details)
        for each in comparison.types:
            if each.note:
                say(f"{each.type} was not compared: {each.note}", colour="yellow")
        return _exit_code(comparison)


def _exit_code(comparison: FlowComparison) -> int:
    return 0 if comparison.same and comparison.compared else 1
