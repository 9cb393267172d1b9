"""Time as an argument: whoever waits, stamps or expires takes a `Clock`, so that tests never sleep."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol
from weakref import WeakKeyDictionary

__all__ = ["Clock", "SteadyClock", "SystemClock", "keep_ahead", "steady_now"]


class Clock(Protocol):
    """What the package asks of time."""

    def now(self) -> datetime:
        """The present instant, aware UTC; it may jump when the machine's clock is set."""
        ...

    def monotonic(self) -> float:
        """Seconds since some fixed moment; never goes back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Returns when so many seconds have passed; at once for zero or less."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The wall clock, aware UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds of the system's monotonic clock."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Suspends the task only."""
        await asyncio.sleep(max(seconds, 0.0))


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_LEAD = timedelta(days=1)

# The largest distance seen between the wall clock and the monotonic one, per clock; all SystemClocks are one clock.
_leads: dict[type, timedelta] = {}
_own_leads: WeakKeyDictionary[Clock, timedelta] = WeakKeyDictionary()


def steady_now(clock: Clock) -> datetime:
    """The present instant by a time that never goes back: what orders things, such as versions and due times.

    A wall clock that is set back is passed over: time goes on from where it was, by the monotonic clock. Set forward,
    it is followed.
    """
    wall = clock.now()
    elapsed = timedelta(seconds=clock.monotonic())  # after the wall clock: a pause in between must not look like a lead
    return _lead(clock, wall - elapsed) + elapsed


def keep_ahead(clock: Clock, moment: datetime) -> timedelta:
    """Let steady time go on from `moment`, which an earlier process wrote down; how far the wall clock is behind it.

    A moment more than a day ahead was written by a clock that was wrong by itself: it is not followed.
    """
    behind = moment - steady_now(clock)
    if timedelta(0) < behind <= _LONGEST_LEAD:
        _lead(clock, moment - timedelta(seconds=clock.monotonic()))
    return max(behind, timedelta(0))


def _lead(clock: Clock, seen: datetime) -> datetime:
    """The larger of what was seen before and what is seen now, kept."""
    distance = seen - _EPOCH
    if isinstance(clock, SystemClock):
        largest = _leads[SystemClock] = max(distance, _leads.get(SystemClock, distance))
    else:
        largest = _own_leads[clock] = max(distance, _own_leads.get(clock, distance))
    return _EPOCH + largest


class SteadyClock:
    """A clock whose `now` never goes back."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now(self) -> datetime:
        """See `steady_now`."""
        return steady_now(self._clock)

    def monotonic(self) -> float:
        """The clock's own."""
        return self._clock.monotonic()

    async def sleep(self, seconds: float) -> None:
        """The clock's own."""
        await self._clock.sleep(seconds)
