from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from ._output import emit_json, emit_table, say, table_of
from ._session import Session
from ._watch import inbox_shown, look_closer, say_closer, watch
from .flow import say_trouble

if TYPE_CHECKING:
    from rich.table import Table


@click.command(epilog="Examples:\n\n  pullpush status\n\n  pullpush status --watch\n\n  pullpush status --json")
@click.option("--watch", "stays", is_flag=True, help="Show it again and again until Ctrl-C.")
@click.option("--every", type=click.FloatRange(min=0.1), default=2.0, show_default=True, metavar="SECONDS",
              help="With --watch: how often.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def status(session: Session, *, stays: bool, every: float, as_json: bool) -> None:
    """Show where every flow stands: what waits, what is dead, how late it is, and what a person must mend."""
    if stays:
        if as_json:
            raise click.UsageError("--watch and --json exclude each other.")
        with suppress(KeyboardInterrupt):
            asyncio.run(watch(lambda: _status(session), every, _table))
        return
    shown = asyncio.run(_status(session))
    if as_json:
        emit_json(shown)
        return
    emit_table(_HEADINGS, _rows(shown))
    say_closer(shown)
    for flow in shown["flows"]:
        _say_last(flow)
        _say_imports(flow)
        say_trouble(flow)
    if shown["pressure"] is not None:
        say(f"nothing new is taken: {shown['pressure']['reason']}", colour="red")
        say(f"  {shown['pressure']['hint']}")
    for name, until in shown["resting"].items():
        say(f"{name} does not answer; it is given a rest until {until}", colour="yellow")
    if shown["holder"] is not None:
        say(f"process {shown['holder']['pid']} on {shown['holder']['host']} works on this store")


_COLUMNS = (
    "read", "waiting", "delivered", "unchanged", "skipped", "stale", "superseded", "shadowed", "dead",
)  # fmt: skip


_HEADINGS = ("flow", "state", "type", *_COLUMNS)


def _rows(shown: dict[str, Any]) -> list[list[Any]]:
    return [
        [flow["flow"], flow["state"], name, *(counts.get(each, 0) for each in _COLUMNS)]
        for flow in shown["flows"]
        for name, counts in flow["counts"].items()
    ]


def _table(shown: dict[str, Any]) -> Table:
    return table_of(_HEADINGS, _rows(shown))


def _say_last(flow: dict[str, Any]) -> None:
    last = flow["lastSync"]
    for name, poll in flow["polls"].items():
        if poll["error"]:
            say(f"{flow['flow']}: {name} could not be read: {poll['error']}; next try {poll['next']}", colour="yellow")
    if last is None and not any(each["read"] for each in flow["counts"].values() if each):
        say(f"{flow['flow']}: not run yet")
    if last is None:
        return
    ended = "interrupted" if last["interrupted"] else "good" if last["ok"] else "not good"
    reason = f": {last['error']}" if last["error"] else ""
    say(f"{flow['flow']}: last sync {last['at']}, {ended}{reason}")
    if flow["retrying"]:
        say(f"{flow['flow']}: {flow['retrying']} wait for another try", colour="yellow")


def _say_imports(flow: dict[str, Any]) -> None:
    for name, found in flow["imports"].items():
        if found["ended"] is None:
            say(
                f"{flow['flow']}: the first reading of {name} is under way since {found['since']}: {found['read']} read"
            )


async def _status(session: Session) -> dict[str, Any]:
    from pullpush_sdk.canonical import instant_text
    from pullpush_sdk.flows import flow_trouble, imports_of, last_sync, running, shown_state

    from ._store import open_store

    async with open_store(session) as engine:
        found = await engine.status()
        by_name = {each.flow: each for each in found.flows}
        told = await running(engine) or {"flows": {}, "resting": {}}
        flows: list[dict[str, Any]] = []
        for flow in session.project.flows.values():
            known = by_name.get(flow.name)
            trouble = await flow_trouble(engine, flow.name)
            imports = await imports_of(engine, flow.name)
            counts = {name: dict((known.counts if known else {}).get(name, {})) for name in flow.types}
            flows.append(
                {
                    "flow": flow.name,
                    "source": flow.source,
                    "destination": flow.destination,
                    "state": await shown_state(engine, flow),
                    "error": None if trouble is None else trouble.to_json(),
                    "counts": counts,
                    "imports": {
                        name: {
                            "read": each.read,
                            "since": instant_text(each.since),
                            "ended": None if each.ended is None else instant_text(each.ended),
                        }
                        for name, each in imports.items()
                    },
                    "polls": told["flows"].get(flow.name, {}).get("polls", {}),
                    "oldestWaiting": instant_text(known.oldest) if known and known.oldest else None,
                    "retrying": known.retrying if known else 0,
                    "lastSuccess": instant_text(known.last_success) if known and known.last_success else None,
                    "lastMinute": dict(known.last_minute) if known else {},
                    "lastHour": dict(known.last_hour) if known else {},
                    "lastSync": await last_sync(engine, flow.name),
                }
            )
        shown: dict[str, Any] = {"flows": flows}
        await look_closer(session, engine, by_name, shown)
    holder = found.holder
    return {
        **shown,
        "holder": {"pid": holder.pid, "host": holder.host, "since": instant_text(holder.since)} if holder else None,
        "inbox": inbox_shown(session, found.inbox),
        "store": {"bytes": found.size, "freeOnDisk": found.free},
        "pressure": (
            {"reason": found.pressure.reason, "hint": found.pressure.hint, "since": instant_text(found.pressure.since)}
            if found.pressure is not None
            else None
        ),
        "resting": {name: instant_text(until) for name, until in found.open_breakers.items()},
    }
