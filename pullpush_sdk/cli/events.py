from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import click

from ._names import complete_flows
from ._output import console, emit_json, say
from ._session import Session

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from pullpush_sdk.engine.ports import KeyEvent

_EPILOG = """Examples:

  pullpush events SKU-17

  pullpush events 1042 --flow orders-to-erp --type order

  pullpush events SKU-17 --json

Exit code 1 where nothing is known of the key.
"""
_COLOURS = {"delivered": "green", "dead": "red", "waiting": "yellow", "sent": "yellow"}
_CUT = 100


@click.command(epilog=_EPILOG)
@click.argument("key")
@click.option("--flow", metavar="FLOW", help="Only of this flow.", shell_complete=complete_flows)
@click.option("--type", "type_", metavar="TYPE", help="Only of this canonical type.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True,
              help="At most so many of the latest events per flow and type.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def events(ctx: click.Context, key: str, *, flow: str | None, type_: str | None, limit: int, as_json: bool) -> None:
    """Show the life of KEY (a SKU, an order id) through the flows: logged, tried, and how it ended."""
    session: Session = ctx.obj
    if flow is not None:
        session.project.flow(flow)
    found = asyncio.run(_events(session, key, flow, type_, limit))
    if as_json:
        emit_json([_as_json(session, each) for each in found])
    elif not found:
        say(f"nothing is known of {key!r}", colour="yellow")
    else:
        for each in found:
            _show(session, each)
    ctx.exit(0 if found else 1)


async def _events(session: Session, key: str, flow: str | None, type_: str | None, limit: int) -> list[KeyEvent]:
    """Events of the key over flows and types, in log order."""
    from ._store import open_store

    async with open_store(session) as engine:
        found: list[KeyEvent] = []
        for each in session.project.flows.values():
            if flow in (None, each.name):
                for name in each.types:
                    if type_ in (None, name):
                        found += await engine.events_of_key(each.name, name, key, limit=limit)
    return sorted(found, key=lambda event: event.position)


def _show(session: Session, event: KeyEvent) -> None:
    from rich.text import Text

    hide, out = session.redactor.text, console()
    shadow = ", in shadow" if event.shadow else ""
    head = f"{_stamp(event.logged_at)}  {event.position}  {event.flow}  {event.type} {event.verb}{shadow}"
    out.print(Text(head, style="bold"), overflow="fold")
    place = event.identity.rpartition("|")[2] if event.type == "stocklevel" else ""
    out.print(Text(f"    {event.origin:<10} {_arrival(event)}{f' at {place}' if place else ''}: {_said(event, hide)}"))
    for each in event.attempts:
        line = Text(f"    attempt {each.number:<3}{_stamp(each.at)}: {hide(each.reason)}", style="yellow")
        out.print(line, overflow="fold")
        if each.answer:
            out.print(Text(f"               it answered {hide(each.answer)[:_CUT]}"), overflow="fold")
    when = f"{_stamp(event.ended_at)} " if event.ended_at is not None else ""
    took = f" after {_seconds(event)}" if event.ended_at is not None else ""
    reason = f": {hide(event.reason)}" if event.reason else ""
    style = _COLOURS.get(event.state, "")
    out.print(Text(f"    {when}{event.state}{took}{reason}", style=style), overflow="fold")


def _arrival(event: KeyEvent) -> str:
    from pullpush_sdk.connector import moment_of

    try:
        return f"version {_stamp(moment_of(event.version))}" if event.version > 10**14 else f"version {event.version}"
    except OverflowError:
        return f"version {event.version}"


def _said(event: KeyEvent, hide: Callable[[str], str]) -> str:
    from pullpush_sdk.canonical import dumps

    payload = event.payload
    if isinstance(payload, dict):
        payload = {name: value for name, value in payload.items() if name not in {"updatedAt", "extensions"}}
    text = payload if isinstance(payload, str) else dumps(payload).decode()
    text = hide(text)
    return text if len(text) <= _CUT else text[: _CUT - 1] + "…"


def _seconds(event: KeyEvent) -> str:
    assert event.ended_at is not None
    return f"{(event.ended_at - event.logged_at).total_seconds():.2f} s"


def _stamp(moment: datetime) -> str:
    from pullpush_sdk.canonical import instant_text

    return instant_text(moment.replace(microsecond=moment.microsecond // 1000 * 1000))


def _as_json(session: Session, event: KeyEvent) -> dict[str, Any]:
    hide = session.redactor.text
    return {
        "position": event.position,
        "flow": event.flow,
        "type": event.type,
        "identity": event.identity,
        "verb": event.verb,
        "version": event.version,
        "origin": event.origin,
        "transportId": event.transport_id,
        "loggedAt": _stamp(event.logged_at),
        "endedAt": None if event.ended_at is None else _stamp(event.ended_at),
        "state": event.state,
        "reason": hide(event.reason),
        "shadow": event.shadow,
        "payload": event.payload,
        "attempts": [
            {"number": each.number, "at": _stamp(each.at), "reason": hide(each.reason), "answer": hide(each.answer)}
            for each in event.attempts
        ],
    }
