"""A clock that jumps: nobody waits, and the order of waking is that of the wake-up times."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from datetime import UTC, datetime, timedelta

__all__ = ["VirtualClock"]

# Turns of the event loop given to tasks that are about to fall asleep too, before time jumps to the first wake-up.
_SETTLE_TURNS = 3


class VirtualClock:
    """Time that stands still while code runs and jumps to the next wake-up when somebody sleeps.

    Sleepers wake in the order of their wake-up times, equal ones in the order in which they fell asleep, whatever
    real time passes: runs are repeatable. `slept` lists every wish in seconds, in order.
    """

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._start = start
        self._seconds = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()
        self._jumping = False
        self.slept: list[float] = []

    def now(self) -> datetime:
        """The virtual instant, aware UTC."""
        return self._start + timedelta(seconds=self._seconds)

    def monotonic(self) -> float:
        """Virtual seconds since creation."""
        return self._seconds

    def advance(self, seconds: float) -> None:
        """Let so many seconds pass by hand.

        Raises:
            ValueError: `seconds` is negative.
        """
        if seconds < 0:
            raise ValueError(f"a clock only goes forward; cannot advance by {seconds!r}")
        self._seconds += seconds

    def set_back(self, seconds: float) -> None:
        """Set the wall clock back, as an operator or a time server does; `monotonic` goes on as before."""
        self._start -= timedelta(seconds=seconds)

    async def sleep(self, seconds: float) -> None:
        """Returns as soon as every task that is about to sleep does, at the virtual wake-up time."""
        self.slept.append(seconds)
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        loop = asyncio.get_running_loop()
        woken: asyncio.Future[None] = loop.create_future()
        heapq.heappush(self._sleepers, (self._seconds + seconds, next(self._order), woken))
        if not self._jumping:
            self._jumping = True
            loop.call_soon(self._jump, loop, _SETTLE_TURNS)
        await woken

    def _jump(self, loop: asyncio.AbstractEventLoop, turns: int) -> None:
        if turns:
            loop.call_soon(self._jump, loop, turns - 1)
            return
        self._jumping = False
        while self._sleepers:
            wake_at, _, woken = heapq.heappop(self._sleepers)
            if not woken.done():  # a cancelled sleeper does not move time
                self._seconds = max(self._seconds, wake_at)
                woken.set_result(None)
                break
        if self._sleepers:
            self._jumping = True
            loop.call_soon(self._jump, loop, _SETTLE_TURNS)
