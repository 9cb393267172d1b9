from __future__ import annotations

import asyncio
from typing import Any

import click

from ._output import emit_json, emit_table, say
from ._session import Session


@click.command(epilog="Examples:\n\n  pullpush status\n\n  pullpush status --json")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def status(session: Session, *, as_json: bool) -> None:
    """Show where every flow stands: what waits, what is dead, what became of everything since it exists."""
    shown = asyncio.run(_status(session))
    if as_json:
        emit_json(shown)
        return
    rows = [
        [flow["flow"], flow["state"], name, *(counts.get(each, 0) for each in _COLUMNS)]
        for flow in shown["flows"]
        for name, counts in flow["counts"].items()
    ]
    emit_table(["flow", "state", "type", *_COLUMNS], rows)
    for flow in shown["flows"]:
        _say_last(flow)
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


def _say_last(flow: dict[str, Any]) -> None:
    last = flow["lastSync"]
    if last is None:
        say(f"{flow['flow']}: not run yet")
        return
    ended = "interrupted" if last["interrupted"] else "good" if last["ok"] else "not good"
    reason = f": {last['error']}" if last["error"] else ""
    say(f"{flow['flow']}: last sync {last['at']}, {ended}{reason}")
    if flow["retrying"]:
        say(f"{flow['flow']}: {flow['retrying']} wait for another try", colour="yellow")


async def _status(session: Session) -> dict[str, Any]:
    from pullpush_sdk.canonical import instant_text
    from pullpush_sdk.flows import flow_state, last_sync

    from ._store import open_store

    async with open_store(session) as engine:
        found = await engine.status()
        by_name = {each.flow: each for each in found.flows}
        flows = []
        for flow in session.project.flows.values():
            known = by_name.get(flow.name)
            counts = {name: dict((known.counts if known else {}).get(name, {})) for name in flow.types}
            flows.append(
                {
                    "flow": flow.name,
                    "source": flow.source,
                    "destination": flow.destination,
                    "state": await flow_state(engine, flow),
                    "counts": counts,
                    "oldestWaiting": instant_text(known.oldest) if known and known.oldest else None,
                    "retrying": known.retrying if known else 0,
                    "lastSuccess": instant_text(known.last_success) if known and known.last_success else None,
                    "lastMinute": dict(known.last_minute) if known else {},
                    "lastHour": dict(known.last_hour) if known else {},
                    "lastSync": await last_sync(engine, flow.name),
                }
            )
    holder = found.holder
    return {
        "flows": flows,
        "holder": {"pid": holder.pid, "host": holder.host, "since": instant_text(holder.since)} if holder else None,
        "store": {"bytes": found.size, "freeOnDisk": found.free},
        "pressure": (
            {"reason": found.pressure.reason, "hint": found.pressure.hint, "since": instant_text(found.pressure.since)}
            if found.pressure is not None
            else None
        ),
        "resting": {name: instant_text(until) for name, until in found.open_breakers.items()},
    }
