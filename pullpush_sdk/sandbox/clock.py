"""The sandbox's own time: every limit, token life and delay is counted on it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

__all__ = ["SandboxClock"]

# A sleeper looks this often (real seconds) whether somebody advanced the clock; no event crosses threads.
_POLL = 0.02


class SandboxClock:
    """A clock that may run faster than the wall's and be advanced by hand.

    `scale` is sandbox seconds per second of `source`, a monotonic time source in seconds. `start` is the instant
    that `now()` shows at creation, default the wall clock's.
    """

    def __init__(
        self,
        *,
        scale: float = 1.0,
        source: Callable[[], float] = time.monotonic,
        start: datetime | None = None,
    ) -> None:
        if scale <= 0:
            raise ValueError(f"scale must be greater than zero, not {scale!r}")
        self._scale = scale
        self._source = source
        self._origin = source()
        self._advanced = 0.0
        self._start = start or datetime.now(UTC)

    def seconds(self) -> float:
        """Sandbox seconds since creation; never goes back."""
        return (self._source() - self._origin) * self._scale + self._advanced

    def now(self) -> datetime:
        """The sandbox's instant, aware UTC."""
        return self._start + timedelta(seconds=self.seconds())

    def advance(self, seconds: float) -> None:
        """Jump ahead by so many sandbox seconds; sleepers whose time has come wake up.

        Raises:
            ValueError: `seconds` is negative: the clock never goes back.
        """
        if not seconds >= 0:
            raise ValueError(f"a clock only goes forward; cannot advance by {seconds!r}")
        self._advanced += seconds

    async def sleep(self, seconds: float) -> None:
        """Wait until so many sandbox seconds have passed, by running or by `advance`."""
        end = self.seconds() + seconds
        while (left := end - self.seconds()) > 0:  # noqa: ASYNC110 - time may also jump, see _POLL
            await asyncio.sleep(min(left / self._scale, _POLL))
