"""How fast one connection may call: times in, seconds to wait out. No I/O, no clock of its own.

Three limits hold at once. The *window* is the manifest's rate: no window of `per` seconds, wherever it begins, sees
more than `requests` calls, neither here nor where they arrive: a call counts until `per` seconds after its answer, as
it may have been late on its way. `burst` of them may go at once, the others at the even pace. A *pause* is what the
platform asked for: `Retry-After`, or a remaining count of zero until its reset. *Points* are a GraphQL platform's
bucket, reckoned forward from what its last answer said.

Why not a library: docs/decisions/0008-rate-budget.md.
"""

from __future__ import annotations

from collections import deque

import attrs

from pullpush_sdk.manifest import Limits

from ._cost import CostReport

# Time is a float: a rounding error is no wait, and a wait is at least a millisecond, or a sleeper that wakes a rounding
# error too early would ask again for a wait too small to move it.
_LEAST_WAIT = 0.001
_NOTHING = 1e-9


@attrs.define(eq=False)
class Booked:
    """A call that has started: when it was at the platform at the latest, as far as we know, and its points.

    `ended` are the points of all calls that had ended when it started.
    """

    at: float
    points: float
    ended: float


class RateBudget:
    """The budget of one connection; all its calls in a process share one. Times are monotonic seconds.

    `wait` asks, `take` books a call at the moment it starts, `done` says that it was answered.
    """

    def __init__(self, limits: Limits) -> None:
        self._per = limits.per
        self._burst = limits.burst
        self._times: deque[Booked] | None = None
        self._pace = self._slack = 0.0
        if limits.requests:
            self.allow(limits.requests)
        self._due = float("-inf")  # when the next call would be due if all kept the even pace
        self._paused_until = float("-inf")
        self._points = PointBudget()

    def allow(self, requests: int) -> None:
        """From now on so many calls a window; those of the window that is open count on."""
        if self._times is not None and self._times.maxlen == requests:
            return
        self._times = deque(self._times or (), maxlen=requests)
        self._pace = self._per / requests
        self._slack = self._pace * (min(self._burst or requests, requests) - 1)

    def wait(self, now: float, operation: str = "", hint: float | None = None) -> float:
        """Seconds until such a call may start; 0 for now. Ask again after waiting: others may have come between."""
        wait = max(self._paused_until - now, self._points.wait(now, operation, hint))
        if self._times is not None:
            if len(self._times) == self._times.maxlen:
                wait = max(wait, self._times[0].at + self._per - now)
            wait = max(wait, self._due - self._slack - now)
        return max(wait, _LEAST_WAIT) if wait > _NOTHING else 0.0

    def take(self, now: float, operation: str = "", hint: float | None = None) -> Booked:
        """A call starts now; what is booked for it, to be given to `done`."""
        booked = Booked(at=now, points=self._points.take(operation, hint), ended=self._points.ended)
        if self._times is not None:
            self._times.append(booked)
            self._due = max(self._due, now) + self._pace
        return booked

    def done(self, booked: Booked, now: float) -> None:
        """A call that was taken got its answer now, or will get none."""
        booked.at = now
        self._points.done(booked.points)

    def pause(self, now: float, seconds: float) -> None:
        """No call starts for so many seconds; a longer pause already set stays."""
        self._paused_until = max(self._paused_until, now + seconds)

    def learn(self, now: float, operation: str, report: CostReport, booked: Booked | None = None) -> None:
        """What a GraphQL answer said of its cost; `booked` is the call that it answers, which has not ended yet."""
        self._points.learn(now, operation, report, since=None if booked is None else booked.ended)


@attrs.define
class PointBudget:
    """A bucket of points that refills evenly, known from answers only; unknown means no wait."""

    _available: float | None = None
    _maximum: float = float("inf")
    _rate: float = 0.0
    _at: float = 0.0
    _reserved: float = 0.0  # of calls under way: the platform reserves the full price before it answers
    _prices: dict[str, float] = attrs.field(factory=dict)
    ended: float = 0.0  # of all calls that were answered

    def wait(self, now: float, operation: str, hint: float | None) -> float:
        """Seconds until the bucket holds the last known price of the operation."""
        if self._available is None or self._rate <= 0:
            return 0.0
        held = min(self._maximum, self._available + max(now - self._at, 0.0) * self._rate) - self._reserved
        # A price above the bucket's size would be waited for in vain: let the platform refuse it in its own words.
        needed = min(self._price(operation, hint), self._maximum)
        return max((needed - held) / self._rate, 0.0)

    def take(self, operation: str, hint: float | None) -> float:
        price = self._price(operation, hint)
        self._reserved += price
        return price

    def done(self, reserved: float) -> None:
        self._reserved = max(self._reserved - reserved, 0.0)
        self.ended += reserved

    def learn(self, now: float, operation: str, report: CostReport, since: float | None) -> None:
        if report.requested is not None:
            self._prices[operation] = report.requested
        if report.available is not None:
            # Answers overtake each other: calls that ended since this one began may have been paid for after it spoke.
            others = 0.0 if since is None else self.ended - since
            self._available, self._at = report.available - others, now
        if report.maximum is not None:
            self._maximum = report.maximum
        if report.restore_rate is not None:
            self._rate = report.restore_rate

    def _price(self, operation: str, hint: float | None) -> float:
        return self._prices.get(operation, hint or 0.0)
