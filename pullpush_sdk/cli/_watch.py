"""What `pullpush status` shows beside counts, and how it stays on screen."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from ._output import console, say

if TYPE_CHECKING:
    from rich.console import RenderableType

    from pullpush_sdk.engine.inbox import InboxStatus
    from pullpush_sdk.engine.ports import Engine, FlowStatus

    from ._session import Session

Shown = dict[str, Any]


async def look_closer(session: Session, engine: Engine, known: Mapping[str, FlowStatus], shown: Shown) -> None:
    """Add lag, rate, last reconcile and causes to each flow, of which the engine told `known`, and ending tokens."""
    from pullpush_sdk.canonical import instant_text
    from pullpush_sdk.clock import SystemClock
    from pullpush_sdk.flows import look_at_flow, look_at_tokens

    clock = SystemClock()
    for flow in shown["flows"]:
        look = await look_at_flow(engine, flow["flow"], known.get(flow["flow"]), clock)
        flow["lagSeconds"] = None if look.lag is None else round(look.lag, 1)
        flow["ratePerMinute"] = look.rate
        flow["lastReconcile"] = look.last_reconcile
        flow["deadCauses"] = [
            {"cause": each.cause, "type": each.type, "count": each.count, "reason": session.redactor.text(each.reason)}
            for each in look.causes
        ]
    shown["tokens"] = [
        {
            "connection": each.connection,
            "expiresAt": None if each.expires_at is None else instant_text(each.expires_at),
            "renews": each.renews,
            "mend": session.redactor.text(each.mend),
        }
        for each in await look_at_tokens(session.project, clock)
    ]


def inbox_shown(session: Session, inbox: Sequence[InboxStatus]) -> list[Shown]:
    """Raw webhooks that are not in the logs yet, per connection that has any."""
    from datetime import UTC, datetime

    from pullpush_sdk.canonical import instant_text

    now = datetime.now(UTC)
    return [
        {
            "connection": each.connection,
            "waiting": each.waiting,
            "oldest": instant_text(each.oldest),
            "oldestSeconds": round(max((now - each.oldest).total_seconds(), 0.0), 1),
            "failing": each.failing,
            "reason": session.redactor.text(each.reason),
        }
        for each in inbox
    ]


def say_closer(shown: Shown) -> None:
    """Lines below the table, on standard error: how late each flow is, and what a person must mend."""
    for line, colour in lines_of(shown):
        say(line, colour=colour)


def lines_of(shown: Shown) -> list[tuple[str, str | None]]:
    """Each line with its colour."""
    found: list[tuple[str, str | None]] = []
    for flow in shown["flows"]:
        name = flow["flow"]
        lag = "nothing waits" if flow["lagSeconds"] is None else f"oldest waits {_duration(flow['lagSeconds'])}"
        last = flow["lastSuccess"]
        went = f"last success {last}" if last else "no success yet"
        found.append((f"{name}: {lag}, {flow['ratePerMinute']} ended within a minute, {went}", None))
        if flow["lastReconcile"] is not None:
            found.append((_reconciled(name, flow["lastReconcile"]), None))
        for each in flow["deadCauses"]:
            found.append((f"{name}: {each['count']} dead letters of {each['type']}: {each['reason']}", "red"))
            found.append((f"  pullpush dead-letters retry --cause {each['cause']}, once it is mended", "yellow"))
    found += [(f"{each['connection']}: {each['mend']}", "yellow") for each in shown["tokens"] if each["mend"]]
    for each in shown["inbox"]:
        found += _inbox_lines(each, is_worked=shown["holder"] is not None)
    return found


def _inbox_lines(inbox: Shown, *, is_worked: bool) -> Iterator[tuple[str, str | None]]:
    words = f"{inbox['connection']}: {inbox['waiting']} webhooks wait in the inbox, the oldest for "
    yield words + _duration(inbox["oldestSeconds"]), None
    if inbox["failing"]:
        yield f"  {inbox['failing']} of them could not be received so far: {inbox['reason']}", "red"
    if not is_worked:
        yield "  pullpush run or pullpush sync receives them", "yellow"


def _reconciled(name: str, last: dict[str, Any]) -> str:
    compared = last["compared"].values()
    found = sum(each["added"] + each["changed"] for each in compared)
    ended = "good" if last["ok"] else f"not good: {last['error'] or 'not everything was delivered'}"
    return f"{name}: last reconcile {last['at']}, {found} differences, {ended}"


def _duration(seconds: float) -> str:
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"


async def watch(look: Callable[[], Awaitable[Shown]], every: float, table: Callable[[Shown], RenderableType]) -> None:
    """Show it again and again until Ctrl-C: in place on a terminal, else one line per flow each time."""
    if sys.stdout.isatty():
        await _live(look, every, table)
        return
    while True:
        shown = await look()
        for flow in shown["flows"]:
            click.echo(_line(flow))
        for inbox in shown["inbox"]:
            click.echo(_inbox_line(inbox))
        sys.stdout.flush()
        await asyncio.sleep(every)


async def _live(look: Callable[[], Awaitable[Shown]], every: float, table: Callable[[Shown], RenderableType]) -> None:
    from rich.console import Group
    from rich.live import Live
    from rich.text import Text

    out = console()
    with Live(console=out, auto_refresh=False) as live:
        while True:
            shown = await look()
            lines = [Text(line, style=colour or "") for line, colour in (*lines_of(shown), *_trouble_of(shown))]
            live.update(Group(table(shown), *lines), refresh=True)
            await asyncio.sleep(every)


def _trouble_of(shown: Shown) -> list[tuple[str, str]]:
    """What the last syncs failed with, and destinations that rest."""
    found = [
        (f"{flow['flow']}: {flow['lastSync']['error']}", "red")
        for flow in shown["flows"]
        if flow["lastSync"] is not None and flow["lastSync"]["error"]
    ]
    resting = shown["resting"].items()
    return found + [(f"{name} does not answer; it is given a rest until {until}", "yellow") for name, until in resting]


def _line(flow: dict[str, Any]) -> str:
    """One flow in one line: for logs."""
    totals: dict[str, int] = {}
    for counts in flow["counts"].values():
        for name, number in counts.items():
            totals[name] = totals.get(name, 0) + number
    words = [f"{name}={totals.get(name, 0)}" for name in ("read", "waiting", "delivered", "unchanged", "dead")]
    lag = "-" if flow["lagSeconds"] is None else f"{flow['lagSeconds']:g}s"
    return " ".join([flow["flow"], flow["state"], *words, f"lag={lag}", f"rate={flow['ratePerMinute']}/min"])


def _inbox_line(inbox: Shown) -> str:
    """One connection's raw webhooks in one line."""
    words = f"inbox {inbox['connection']} waiting={inbox['waiting']} failing={inbox['failing']}"
    return f"{words} oldest={inbox['oldestSeconds']:g}s"
