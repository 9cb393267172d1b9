"""Rate meters on the sandbox clock, and the count of what clients did against them."""

from __future__ import annotations

import math
from collections import Counter

import attrs

from pullpush_sdk.sandbox.clock import SandboxClock

__all__ = ["Admission", "LeakyBucket", "Violations", "WindowLimit"]

# A client that waited exactly as long as it was told must not miss by float arithmetic.
_EPSILON = 1e-6


@attrs.frozen(kw_only=True)
class Admission:
    """A meter's answer to one request.

    `remaining` is what may still be spent now, `reset_after` the seconds until the meter is full again,
    `retry_after` the seconds until this request would be admitted (0 when it was).
    """

    allowed: bool
    limit: float
    remaining: float
    reset_after: float
    retry_after: float


class LeakyBucket:
    """Holds up to `capacity` cost units and leaks `per_second` of them.

    Requests whose cost does not fit are refused and cost nothing. Starts empty: the whole capacity is available.
    """

    def __init__(self, *, capacity: float, per_second: float, clock: SandboxClock) -> None:
        self.capacity = capacity
        self.per_second = per_second
        self._clock = clock
        self._level = 0.0
        self._at = clock.seconds()

    @property
    def available(self) -> float:
        """Cost units that fit now."""
        now = self._clock.seconds()
        self._level = max(0.0, self._level - (now - self._at) * self.per_second)
        self._at = now
        return self.capacity - self._level

    def take(self, cost: float = 1.0) -> Admission:
        """Spend `cost` if it fits."""
        available = self.available
        allowed = cost <= available + _EPSILON
        if allowed:
            self._level = min(self.capacity, self._level + cost)
        return Admission(
            allowed=allowed,
            limit=self.capacity,
            remaining=max(0.0, self.capacity - self._level),
            reset_after=self._level / self.per_second,
            retry_after=0.0 if allowed else (cost - available) / self.per_second,
        )

    def give_back(self, cost: float) -> None:
        """Return units that were taken beforehand and not used (requested cost above actual cost)."""
        self._level = max(0.0, self._level - cost)


class WindowLimit:
    """`limit` requests per fixed window of `window` seconds, then `overflow` requests per second until it ends.

    `overflow=None`: nothing is admitted any more until the window ends. The first request opens a window.
    """

    def __init__(self, *, limit: int, window: float, clock: SandboxClock, overflow: float | None = None) -> None:
        self.limit = limit
        self.window = window
        self._clock = clock
        self._overflow = overflow
        self._opened = -math.inf
        self._used = 0
        self._next_overflow = 0.0

    def take(self) -> Admission:
        """Count one request and say whether it is admitted."""
        now = self._clock.seconds()
        if now - self._opened >= self.window - _EPSILON:
            self._opened, self._used = now, 0
        left = self._opened + self.window - now
        if self._used < self.limit:
            self._used += 1
            self._next_overflow = now
            return self._answer(allowed=True, left=left, retry_after=0.0)
        if self._overflow is None:
            return self._answer(allowed=False, left=left, retry_after=left)
        wait = self._next_overflow + 1 / self._overflow - now
        if wait > _EPSILON:
            return self._answer(allowed=False, left=left, retry_after=min(wait, left))
        self._next_overflow = now
        return self._answer(allowed=True, left=left, retry_after=0.0)

    def _answer(self, *, allowed: bool, left: float, retry_after: float) -> Admission:
        return Admission(
            allowed=allowed,
            limit=self.limit,
            remaining=self.limit - self._used,
            reset_after=left,
            retry_after=retry_after,
        )


class Violations:
    """Counts of what a client did against the platform's rules, by kind.

    `rate_limited` counts refused requests, `retried_early` those among them that came before the moment that an
    earlier refusal had named (`Retry-After`, rounded up to whole seconds by most platforms).
    """

    def __init__(self, clock: SandboxClock) -> None:
        self._clock = clock
        self._counts: Counter[str] = Counter()
        self._not_before: dict[str, float] = {}

    def count(self, kind: str) -> None:
        """One more of `kind`."""
        self._counts[kind] += 1

    def refused(self, meter: str, retry_after: float) -> None:
        """A request was refused by `meter`, which told the client to wait `retry_after` seconds."""
        now = self._clock.seconds()
        self.count("rate_limited")
        if now < self._not_before.get(meter, 0.0) - _EPSILON:
            self.count("retried_early")
        self._not_before[meter] = now + retry_after

    def counts(self) -> dict[str, int]:
        """Counts by kind; kinds that never happened are absent, but `rate_limited` is always there."""
        return {"rate_limited": 0, **self._counts}

    def clear(self) -> None:
        """Start counting anew."""
        self._counts.clear()
        self._not_before.clear()
