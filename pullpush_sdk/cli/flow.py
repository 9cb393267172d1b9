from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from ._names import complete_flows
from ._output import emit_json, emit_table, say
from ._session import Session

if TYPE_CHECKING:
    from pullpush_sdk.flows import State


@click.group(
    epilog="Examples:\n\n  pullpush flow list\n\n  pullpush flow diff stock-to-shop\n\n"
    "  pullpush flow activate stock-to-shop"
)
def flow() -> None:
    """List flows; activate, pause or shadow one; see what one in shadow would change."""


@flow.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def list_(session: Session, *, as_json: bool) -> None:
    """List the project's flows and their states."""
    rows = asyncio.run(_states(session))
    if as_json:
        emit_json([{"flow": row[0], "source": row[1], "destination": row[2], "types": row[3], "state": row[4]}
                   for row in rows])  # fmt: skip
        return
    emit_table(
        ["flow", "source", "destination", "types", "state"],
        [[*row[:3], ", ".join(row[3]), row[4]] for row in rows],
    )


@flow.command(epilog="Example:\n\n  pullpush flow activate stock-to-shop")
@click.argument("name", shell_complete=complete_flows)
@click.pass_obj
def activate(session: Session, name: str) -> None:
    """Let flow NAME write. One that was in shadow reads everything again at its next sync."""
    before = asyncio.run(_choose(session, name, "active"))
    again = "; its next sync reads everything again, so that nothing seen in shadow is missing"
    say(f"{name} is active (was {before}){again if before == 'shadow' else ''}", colour="green")


@flow.command(epilog="Example:\n\n  pullpush flow pause stock-to-shop")
@click.argument("name", shell_complete=complete_flows)
@click.pass_obj
def pause(session: Session, name: str) -> None:
    """Let flow NAME rest: nothing is read or written until it is activated."""
    say(f"{name} is paused (was {asyncio.run(_choose(session, name, 'paused'))})")


@flow.command(epilog="Example:\n\n  pullpush flow shadow stock-to-shop")
@click.argument("name", shell_complete=complete_flows)
@click.pass_obj
def shadow(session: Session, name: str) -> None:
    """Let flow NAME do everything but the write."""
    say(f"{name} is in shadow (was {asyncio.run(_choose(session, name, 'shadow'))})")


_DIFF = """Examples:

  pullpush flow diff stock-to-shop

  pullpush flow diff stock-to-shop --type stocklevel --json

Compared is with what the flow saw or wrote before; pullpush preview compares with the destination itself.
"""


@flow.command("diff", epilog=_DIFF)
@click.argument("name", shell_complete=complete_flows)
@click.option("--type", "type_", metavar="TYPE", help="Only this canonical type.")
@click.option("--limit", type=click.IntRange(min=0), metavar="N",
              help="At most so many records of a type (default: 20, with --json all).")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def diff(session: Session, name: str, *, type_: str | None, limit: int | None, as_json: bool) -> None:
    """Show what flow NAME would have written while in shadow, record by record."""
    from ._shadow import show_shadow

    asyncio.run(show_shadow(session, session.project.flow(name), type_, limit=limit, as_json=as_json))


async def _states(session: Session) -> list[tuple[str, str, str, list[str], str]]:
    from pullpush_sdk.flows import flow_state

    from ._store import open_store

    async with open_store(session) as engine:
        return [
            (each.name, each.source, each.destination, list(each.types), await flow_state(engine, each))
            for each in session.project.flows.values()
        ]


async def _choose(session: Session, name: str, state: State) -> State:
    from pullpush_sdk.flows import set_flow_state

    from ._store import open_store

    chosen = session.project.flow(name)
    async with open_store(session) as engine:
        return await set_flow_state(engine, chosen, state)
