"""Ctrl-C once: end well. Twice: end now."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

from ._output import say

T = TypeVar("T")
INTERRUPTED = 130


def run_stoppable(work: Coroutine[Any, Any, T], stop: asyncio.Event, *, quiet: bool = False) -> T:
    """Run `work`; the first SIGINT or SIGTERM sets `stop`, the second cancels it (asyncio.CancelledError).

    `quiet` leaves it to the work to say that it stops.
    """
    return asyncio.run(_stoppable(work, stop, quiet=quiet))


async def _stoppable(work: Coroutine[Any, Any, T], stop: asyncio.Event, *, quiet: bool) -> T:
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()

    def signalled() -> None:
        if stop.is_set():
            task.cancel()
            return
        stop.set()
        if not quiet:
            say("stopping: what is under way is finished; once more stops at once", colour="yellow")

    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, signalled)
    try:
        return await task
    finally:
        for each in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(each)
