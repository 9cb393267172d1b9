from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

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
    """List the project's flows and their states; with one in error, why."""
    rows = asyncio.run(_states(session))
    if as_json:
        emit_json(rows)
        return
    emit_table(
        ["flow", "source", "destination", "types", "state"],
        [[row["flow"], row["source"], row["destination"], ", ".join(row["types"]), row["state"]] for row in rows],
    )
    for row in rows:
        say_trouble(row)


@flow.command(epilog="Example:\n\n  pullpush flow activate stock-to-shop")
@click.argument("name", shell_complete=complete_flows)
@click.pass_obj
def activate(session: Session, name: str) -> None:
    """Let flow NAME write. One that was in shadow reads everything again; one in error is tried again at once."""
    before = asyncio.run(_choose(session, name, "active"))
    again = "; its next run reads everything again, so that nothing seen in shadow is missing"
    say(f"{name} is active (was {before}){again if before == 'shadow' else ''}", colour="green")


@flow.command(epilog="Example:\n\n  pullpush flow pause stock-to-shop")
@click.argument("name", shell_complete=complete_flows)
@click.pass_obj
def pause(session: Session, name: str) -> None:
    """Let flow NAME rest: nothing is read or written until it is activated. Webhooks are kept meanwhile."""
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


def say_trouble(row: dict[str, Any]) -> None:
    """Why a flow is in error, and what leads out of it."""
    if row["state"] == "error" and row["error"] is not None:
        say(
            f"{row['flow']} is in error since {row['error']['since']}: {row['error']['reason']}; mend it and it goes on"
            f" by itself (next try {row['error']['nextTry']}), or at once by pullpush flow activate {row['flow']}",
            colour="red",
        )


async def _states(session: Session) -> list[dict[str, Any]]:
    from pullpush_sdk.flows import flow_trouble, shown_state

    from ._store import open_store

    async with open_store(session) as engine:
        rows = []
        for each in session.project.flows.values():
            trouble = await flow_trouble(engine, each.name)
            rows.append(
                {
                    "flow": each.name,
                    "source": each.source,
                    "destination": each.destination,
                    "types": list(each.types),
                    "state": await shown_state(engine, each),
                    "error": None if trouble is None else trouble.to_json(),
                }
            )
        return rows


async def _choose(session: Session, name: str, state: State) -> State:
    from pullpush_sdk.flows import Silent

    from ._store import open_desk

    async with open_desk(session, asyncio.Event(), Silent()) as desk:
        return await desk.choose_state(name, state)
