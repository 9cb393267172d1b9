from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import click

from ._output import emit_json, emit_table, say
from ._session import Session

if TYPE_CHECKING:
    from pullpush_sdk.flows import SyncReport

    from ._demo_acts import Burst, Kept
    from ._demo_world import World

_SHOPS = ["salla", "shopify"]
_EPILOG = """Examples:

  pullpush demo

  pullpush demo --source shopify --destination magento --records 100
"""


@click.command(epilog=_EPILOG)
@click.option("--source", default=_SHOPS[0], show_default=True, help="Connector of the shop that keeps the stock.")
@click.option("--destination", default=_SHOPS[1], show_default=True, help="Connector of the shop that follows.")
@click.option("--records", type=click.IntRange(5, 2000), default=20, show_default=True, help="Products in each shop.")
@click.option("--seed", type=int, default=7, show_default=True, help="Of the emulated shops and of the shuffling.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def demo(ctx: click.Context, *, source: str, destination: str, records: int, seed: int, as_json: bool) -> None:
    """Sync two emulated shops on this machine and show what happened.

    Nothing leaves this machine, and nothing is left on it.
    """
    from ._signals import INTERRUPTED, run_stoppable

    stop = asyncio.Event()
    session: Session = ctx.obj
    shown = run_stoppable(
        _play(session, source=source, destination=destination, records=records, seed=seed, stop=stop, quiet=as_json),
        stop,
    )
    if as_json:
        emit_json(shown)
    ctx.exit(INTERRUPTED if stop.is_set() else 0 if shown["ok"] else 1)


async def _play(
    session: Session, *, source: str, destination: str, records: int, seed: int, stop: asyncio.Event, quiet: bool
) -> dict[str, Any]:
    from pullpush_sdk.flows import Desk
    from pullpush_sdk.sandbox import SandboxOptions

    from ._demo_acts import Acts
    from ._demo_orders import place_orders
    from ._demo_world import open_world

    started = time.monotonic()
    # Their limits count on their own clock: sixty times faster keeps the waiting short and the rules the same.
    options = SandboxOptions(records=records, seed=seed, time_scale=60.0)
    shown: dict[str, Any] = {"ok": False, "flows": []}
    async with open_world(session, source, destination, options) as world:
        desk = Desk(
            project=world.project, plugins=world.plugins, engine=world.engine, redactor=session.redactor, stop=stop
        )
        acts = Acts(world=world, desk=desk)
        stage = _Stage(world, quiet=quiet)
        stage.opening()
        kept: list[Kept] = []
        burst: Burst | None = None
        for flow in world.project.flows:
            if stop.is_set():
                return shown
            if flow == "stock":
                await acts.set_the_stage()
                report, kept = await acts.sync_stock()
            else:
                if flow == "orders" and world.begins_empty:
                    stage.orders(await place_orders(world))
                report = await acts.run(flow)
            dead = await acts.reasons(flow)
            shown["flows"].append({**report.to_json(), "deadLetters": [list(each) for each in dead]})
            stage.flow(report, dead)
        if "stock" in world.project.flows and not stop.is_set():
            burst = await acts.burst(seed)
        stage.burst(burst)
        stage.kept(kept)
        # What a platform refuses for a reason is kept and shown: that is no failure of the demonstration.
        went = all(each["error"] is None and not each["waiting"] for each in shown["flows"])
        good = went and all(each.ok for each in kept)
        shown |= {
            "ok": bool(shown["flows"]) and good and (burst is None or burst.ok),
            "burst": None if burst is None else _burst_json(burst),
            "unchangedWhereUnknown": [_kept_json(each) for each in kept],
            "leftOut": list(world.left_out),
            "seconds": round(time.monotonic() - started, 2),
        }
        stage.closing(shown)
    return shown


class _Stage:
    """Tells the acts to a person."""

    def __init__(self, world: World, *, quiet: bool) -> None:
        self._world = world
        self._quiet = quiet

    def _tell(self, line: str = "") -> None:
        if not self._quiet:
            click.echo(line)

    def opening(self) -> None:
        first, second = self._world.source, self._world.destination
        self._tell(f"Two emulated shops run on this machine: {first.loaded.connector.title} and "
                   f"{second.loaded.connector.title}.")  # fmt: skip
        for line in self._world.left_out:
            self._tell(f"({line})")
        self._tell()

    def orders(self, refused: list[str]) -> None:
        """Customers came."""
        self._tell(f"Five customers buy at {self._world.destination.name}.")
        for reason in refused:
            self._tell(f"  {reason}")

    def flow(self, report: SyncReport, dead: list[tuple[int, str]]) -> None:
        flow = self._world.project.flow(report.flow)
        if self._quiet:
            return
        rows = [
            [kind, *(counts.get(name, 0) for name in ("read", "delivered", "unchanged", "skipped", "stale", "dead"))]
            for kind, counts in report.counts.items()
        ]
        emit_table(
            ["", "read", "delivered", "unchanged", "skipped (no data)", "stale", "dead"],
            rows,
            title=f"{report.flow.capitalize()}: {flow.source} → {flow.destination}",
        )
        if report.error is not None:
            say(f"  {report.error}", colour="red")
        for count, reason in dead:
            self._tell(f"  kept as dead letters: {count} × {reason}")
        self._tell()

    def burst(self, burst: Burst | None) -> None:
        if burst is None or self._quiet:
            return
        sent = " ".join(str(each) for each in burst.sent)
        self._tell(f"Twelve changes of {burst.sku} arrive at once and out of order: {sent}")
        emit_table(
            [f"{burst.sku} at {self._world.destination.name}", "quantity"],
            [["before", burst.before], ["newest change at the source", burst.last], ["after", burst.after]],
        )
        verdict = "the newest change won" if burst.ok else "THE NEWEST CHANGE DID NOT WIN"
        self._tell(f"  → {verdict}")
        self._tell()

    def kept(self, kept: list[Kept]) -> None:
        if not kept or self._quiet:
            return
        self._tell("No data is not zero:")
        emit_table(
            ["SKU", f"{self._world.source.name} says", f"{self._world.destination.name} before", "after", ""],
            [[each.sku, each.said, each.before, each.after, _verdict(each)] for each in kept],
        )
        self._tell()

    def closing(self, shown: dict[str, Any]) -> None:
        seconds = shown["seconds"]
        self._tell(f"{'All good' if shown['ok'] else 'NOT GOOD'} in {seconds:.1f} s; nothing is left behind.")
        shops = [self._world.source.loaded.connector.name, self._world.destination.loaded.connector.name]
        chosen = "" if shops == _SHOPS else f" --source {shops[0]} --destination {shops[1]}"
        self._tell(f"Next: pullpush init --sandbox{chosen}")


def _verdict(kept: Kept) -> str:
    if not kept.ok:
        return "WRONG"
    return "left alone" if kept.after == kept.before else "written"


def _burst_json(burst: Burst) -> dict[str, Any]:
    return {"sku": burst.sku, "sent": list(burst.sent), "last": burst.last, "before": burst.before,
            "after": burst.after, "ok": burst.ok}  # fmt: skip


def _kept_json(kept: Kept) -> dict[str, Any]:
    return {"sku": kept.sku, "said": kept.said, "before": kept.before, "after": kept.after, "ok": kept.ok}
