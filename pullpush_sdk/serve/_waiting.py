"""The inbox worked once, for a command that runs while nobody runs the project."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from pullpush_sdk.clock import Clock
from pullpush_sdk.engine.ports import Engine, FlowSpec
from pullpush_sdk.flows import End

from ._inbox_worker import work_inbox
from ._target import Target

__all__ = ["receive_waiting"]


async def receive_waiting(
    engine: Engine,
    readers: Mapping[str, tuple[End, Sequence[FlowSpec]]],
    *,
    clock: Clock,
    stop: asyncio.Event,
    patience: float,
) -> None:
    """Turn the raw webhooks that wait for these connections into events of the flows that read from them.

    Ends when none of them is left, when `stop` is set, or after `patience` seconds: what waits for another try of its
    look-up then stays in the inbox. The caller holds the store.

    Raises:
        LeaseLostError: this process does not hold the store.
    """
    targets = {name: _target(end, flows) for name, (end, flows) in readers.items()}
    over = asyncio.Event()
    working = asyncio.ensure_future(work_inbox(targets.get, engine, stop=over, clock=clock, until_idle=True))
    stopping = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait([working, stopping], timeout=patience, return_when=asyncio.FIRST_COMPLETED)
        over.set()
        await working
    finally:
        for each in (working, stopping):
            each.cancel()
        await asyncio.gather(working, stopping, return_exceptions=True)


def _target(end: End, flows: Sequence[FlowSpec]) -> Target:
    return Target(
        connection=end.connection,
        loaded=end.loaded,
        flows=lambda canonical_type: [each for each in flows if canonical_type in each.types],
    )
