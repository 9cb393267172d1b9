"""A reconcile of a flow that runs anyway: what differs is appended, and what delivers the flow delivers that too."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from ._compare import chosen_types
from ._reconcile import ReconcileReport, paused_report, reconcile_beside
from ._report import Silent
from ._runner import FlowRunner
from ._work import open_work


async def reconcile_now(
    runner: FlowRunner, *, types: Sequence[str], max_wait: float, stop: asyncio.Event
) -> ReconcileReport:
    """Compare both sides now, and wait until what differs is delivered, at most `max_wait` seconds.

    Raises:
        SetupError: the flow cannot start.
        RemoteError: a side could not be read to its end.
        StoreError: the store failed.
    """
    flow, here = runner.flow, runner.here
    chosen = chosen_types(flow, types)
    if runner.state == "paused":
        return paused_report(flow)
    opening = open_work(
        here.project,
        here.engine,
        flow,
        connections=here.connections,
        locks=here.locks,
        state=runner.state,
        clock=here.clock,
        progress=Silent(),
        note=runner.note,
    )
    async with runner.polls.reconciling, opening as work:
        return await reconcile_beside(work, types=chosen, stop=stop, max_wait=max_wait, redactor=here.redactor)
