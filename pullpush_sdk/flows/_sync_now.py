"""A sync that somebody asks of a flow that runs anyway."""

from __future__ import annotations

import asyncio

from pullpush_sdk.errors import PullPushError, UnavailableError

from ._report import SyncReport
from ._runner import FlowRunner
from ._states import keep_last_sync
from ._sync import counted_since
from ._waiting import wait_for_any

_LOOK_SECONDS = 0.2


async def sync_now(runner: FlowRunner, *, read: bool, max_wait: float, stop: asyncio.Event) -> SyncReport:
    """Read what is new now, and wait until all is delivered, or nothing has moved for `max_wait` seconds."""
    flow, here = runner.flow, runner.here
    if runner.state == "paused":
        note = f"{flow.name} is paused: nothing was read or written"
        return SyncReport(flow=flow.name, state="paused", counts={}, notes=(note,))
    before = await here.engine.counts(flow.name)
    troubles = runner.troubles.count
    if runner.troubles.now is not None:
        runner.try_again()
    error = await runner.polls.now(stop) if read and not stop.is_set() else None
    await _until_delivered(runner, max_wait, stop, troubles)
    after = await here.engine.counts(flow.name)
    waiting = sum(each.get("waiting", 0) for each in after.values())
    report = SyncReport(
        flow=flow.name,
        state=runner.state,
        counts=counted_since(flow, before, after),
        waiting=waiting,
        interrupted=stop.is_set(),
        error=_error(runner, error, troubles, waiting),
        notes=runner.notes,
    )
    await keep_last_sync(here.engine, report, here.clock.now(), here.redactor)
    here.connections.plugins.observe("pullpush_flow_finished", flow=flow.name, counts=report.counts)
    return report


def _error(runner: FlowRunner, error: Exception | None, troubles: int, waiting: int) -> PullPushError | None:
    """Why it did not go to the end: what the reading met, a trouble since, or a destination that does not answer."""
    if error is not None:
        return error if isinstance(error, PullPushError) else PullPushError(str(error))
    if runner.troubles.now is not None and runner.troubles.count > troubles:
        return PullPushError(runner.troubles.now.reason)
    if waiting and runner.flow.destination in runner.here.engine.resting():
        return UnavailableError(
            f"{runner.flow.destination} does not answer", hint=f"nothing is lost: {waiting} deliveries wait for it"
        )
    return None


async def _until_delivered(runner: FlowRunner, max_wait: float, stop: asyncio.Event, troubles: int) -> None:
    clock = runner.here.clock
    least, end = await runner.waiting(), clock.monotonic() + max_wait
    while least and runner.troubles.count == troubles and clock.monotonic() < end and not stop.is_set():
        await wait_for_any([stop], _LOOK_SECONDS, clock)
        waiting = await runner.waiting()
        if waiting < least:
            least, end = waiting, clock.monotonic() + max_wait
