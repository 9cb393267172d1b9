from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from ._output import emit_json, emit_table, say, table_of
from ._session import Session
from ._watch import look_closer, say_closer, watch

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
    if last is None:
        say(f"{flow['flow']}: not run yet")
        return
    ended = "interrupted" if last["interrupted"] else "good" if last["ok"] else "not good"
    reason = f": {last['error']}" if last["error"] else ""
    say(f"{flow['flow']}: last sync {last['at']}, {ended}{reason}")


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
                    "lastSync": await last_sync(engine, flow.name),
                }
            )
        shown: dict[str, Any] = {"flows": flows}
        await look_closer(session, engine, shown)
    holder = found.holder
    return {
        **shown,
        "holder": {"pid": holder.pid, "host": holder.host, "since": instant_text(holder.since)} if holder else None,
        "resting": {name: instant_text(until) for name, until in found.open_breakers.items()},
    }
