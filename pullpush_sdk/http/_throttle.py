"""The rate budget and the concurrency cap of one connection, put to work."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from pullpush_sdk.clock import Clock
from pullpush_sdk.errors import RateLimitedError
from pullpush_sdk.manifest import Limits, PathLimit

from ._budget import RateBudget
from ._call import Answer, Call
from ._cost import CostReader
from ._status import seconds_until

_MOST_REQUESTS = 1_000_000  # a window of more is no limit that anybody means
_RESET_MARGIN = 0.05  # seconds behind a reset: a call just before it would be counted against the old period


class _Lane:
    """The narrower budget of some paths."""

    def __init__(self, limit: PathLimit) -> None:
        self.path = limit.path
        self.per = limit.per
        self.budget = RateBudget(Limits(requests=limit.requests, per=limit.per))
        self.turn = asyncio.Lock()


class Throttle:
    """Lets calls start when the budget allows, in the order in which they came, at most `concurrency` at once.

    Make one per connection and give it to every Client of that connection in the process. A wait beyond `patience`
    seconds (or the rate's own period, if that is longer) is not waited: the call fails at once with the time to
    come back.
    """

    def __init__(self, limits: Limits, clock: Clock, *, patience: float = 120.0) -> None:
        self.limits = limits
        self._budget = RateBudget(limits)
        self._clock = clock
        self._patience = max(patience, limits.per + 1.0)
        self._places = asyncio.Semaphore(limits.concurrency)
        self._turn = asyncio.Lock()
        self._cost = CostReader(limits.cost) if limits.cost is not None else None
        self._lanes = [_Lane(limit) for limit in limits.also]

    @asynccontextmanager
    async def place(self, call: Call) -> AsyncIterator[None]:
        """Runs the block when the call may start.

        Raises:
            RateLimitedError: the wait would be longer than our patience; nothing was sent.
        """
        lane = self._lane(call)
        if lane is None:
            async with self._placed(call, None):
                yield
            return
        # The narrow budget is waited for first, outside a place: calls of other paths go on meanwhile.
        await lane.turn.acquire()
        async with self._placed(call, lane):
            yield

    @asynccontextmanager
    async def _placed(self, call: Call, lane: _Lane | None) -> AsyncIterator[None]:
        try:
            if lane is not None:
                await self._wait(lambda: lane.budget.wait(self._clock.monotonic()), max(self._patience, lane.per + 1.0))
            await self._places.acquire()
            try:
                reserved = await self._take(call)
            except BaseException:
                self._places.release()
                raise
            if lane is not None:
                lane.budget.take(self._clock.monotonic())
        finally:
            if lane is not None:
                lane.turn.release()
        try:
            yield
        finally:
            self._budget.done(reserved)
            self._places.release()

    async def _take(self, call: Call) -> float:
        budget, clock = self._budget, self._clock
        # The lock keeps the order: who waits at its head holds everybody behind, who would have to wait longer anyway.
        async with self._turn:
            await self._wait(lambda: budget.wait(clock.monotonic(), call.operation, call.cost_hint), self._patience)
            return budget.take(clock.monotonic(), call.operation, call.cost_hint)

    async def _wait(self, seconds_left: Callable[[], float], patience: float) -> None:
        while (seconds := seconds_left()) > 0:
            if seconds > patience:
                raise RateLimitedError(
                    f"the platform's rate limit leaves no call for {seconds:.0f} s; nothing was sent",
                    retry_after=seconds,
                )
            await self._clock.sleep(seconds)

    def _lane(self, call: Call) -> _Lane | None:
        return next((lane for lane in self._lanes if call.url.startswith(lane.path)), None)

    def pause(self, seconds: float, call: Call | None = None) -> None:
        """No call of this connection starts for so many seconds; of a path with a budget of its own none of that."""
        lane = self._lane(call) if call is not None else None
        (self._budget if lane is None else lane.budget).pause(self._clock.monotonic(), seconds)

    def learn(self, call: Call, answer: Answer) -> RateLimitedError | None:
        """Takes in what an answer says of the budget; the error that a throttled GraphQL answer stands for."""
        limits, now = self.limits, self._clock.monotonic()
        if limits.limit_header is not None:
            self._learn_limit(limits.limit_header, answer, call)
        if limits.remaining_header is not None:
            self._learn_remaining(limits.remaining_header, answer, call)
        if self._cost is None:
            return None
        report = self._cost.read(answer.body)
        self._budget.learn(now, call.operation, report)
        if not report.throttled:
            return None
        message = f"{call.operation or 'the query'} was throttled"
        return RateLimitedError(message, status=answer.status, retry_after=report.retry_after)

    def _learn_limit(self, header: str, answer: Answer, call: Call) -> None:
        text = answer.headers.get(header, "").strip()
        lane = self._lane(call)
        if text.isdecimal() and 0 < int(text) <= _MOST_REQUESTS:
            (self._budget if lane is None else lane.budget).allow(int(text))

    def _learn_remaining(self, header: str, answer: Answer, call: Call) -> None:
        try:
            remaining = float(answer.headers.get(header, ""))
        except ValueError:
            return
        if remaining > 0:
            return
        reset = answer.headers.get(self.limits.reset_header or "", "")
        until = seconds_until(reset, self._clock.now()) if reset else None
        # Without a reset the whole period has to pass.
        lane = self._lane(call)
        period = self.limits.per if lane is None else lane.per
        self.pause(period if until is None else until + _RESET_MARGIN, call)
