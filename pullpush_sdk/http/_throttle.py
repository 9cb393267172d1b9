"""The rate budget and the concurrency cap of one connection, put to work."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import attrs

from pullpush_sdk.clock import Clock
from pullpush_sdk.errors import RateLimitedError
from pullpush_sdk.manifest import Limits, PathLimit

from ._budget import Booked, RateBudget
from ._call import Answer, Call
from ._cost import CostReader
from ._status import seconds_until

_MOST_REQUESTS = 1_000_000  # a window larger than that is a mistake of whoever says it
_RESET_MARGIN = 0.05  # seconds behind a reset: a call just before it would be counted against the old period


@attrs.frozen(kw_only=True)
class _Lane:
    """One budget of so many requests within `per` seconds, and the queue of those who spend it."""

    budget: RateBudget
    per: float
    turn: asyncio.Lock = attrs.field(factory=asyncio.Lock)


class Throttle:
    """Lets calls start when the budget allows, in the order in which they came, at most `concurrency` at once.

    With `per_path` in the limits every path has a budget and an order of its own; the narrower budgets of `also` hold
    beside the general one. Places are shared.

    Make one per connection and give it to every Client of that connection in the process. A wait beyond `patience`
    seconds (or the rate's own period, if that is longer) is not waited: the call fails at once with the time to
    come back.
    """

    def __init__(self, limits: Limits, clock: Clock, *, patience: float = 120.0) -> None:
        self.limits = limits
        self._lanes: dict[str, _Lane] = {}
        self._narrow = {each.path: _narrow_lane(each) for each in limits.also}
        self._clock = clock
        self._patience = max(patience, limits.per + 1.0)
        self._places = asyncio.Semaphore(limits.concurrency)
        self._cost = CostReader(limits.cost) if limits.cost is not None else None

    @asynccontextmanager
    async def place(self, call: Call) -> AsyncIterator[Booked]:
        """Runs the block when the call may start, with what is booked for it.

        Raises:
            RateLimitedError: the wait would be longer than our patience; nothing was sent.
        """
        lane, narrow = self._lane(call), self._narrow_lane(call)
        beside = None
        if narrow is None:
            booked = await self._take(lane, call)
        else:
            # The narrow budget is waited for first, without a place: calls of other paths go on meanwhile.
            async with narrow.turn:
                await self._wait(narrow, call)
                booked = await self._take(lane, call)
                beside = narrow.budget.take(self._clock.monotonic())
        try:
            yield booked
        finally:
            now = self._clock.monotonic()
            lane.budget.done(booked, now)
            if narrow is not None and beside is not None:
                narrow.budget.done(beside, now)
            self._places.release()

    async def _take(self, lane: _Lane, call: Call) -> Booked:
        """Wait for the call's turn, for its budget and for a place; the place is taken when this returns."""
        budget, clock = lane.budget, self._clock
        # The lock keeps the order: who waits at its head holds everybody behind, who would have to wait longer anyway.
        async with lane.turn:
            while True:
                # Who waits for its budget takes no place from calls that another path's budget lets go.
                await self._wait(lane, call)
                await self._places.acquire()
                if budget.wait(clock.monotonic(), call.operation, call.cost_hint) <= 0:
                    return budget.take(clock.monotonic(), call.operation, call.cost_hint)
                self._places.release()

    async def _wait(self, lane: _Lane, call: Call) -> None:
        while (seconds := lane.budget.wait(self._clock.monotonic(), call.operation, call.cost_hint)) > 0:
            if seconds > max(self._patience, lane.per + 1.0):
                raise RateLimitedError(
                    f"the platform's rate limit leaves no call for {seconds:.0f} s; nothing was sent",
                    retry_after=seconds,
                )
            await self._clock.sleep(seconds)

    def _lane(self, call: Call) -> _Lane:
        """The budget that the call spends: the connection's, or its path's own."""
        limits = self.limits
        path = urlsplit(call.url).path if limits.per_path else ""
        if path not in self._lanes:
            own = attrs.evolve(limits, requests=limits.paths.get(path, limits.requests))
            self._lanes[path] = _Lane(budget=RateBudget(own), per=limits.per)
        return self._lanes[path]

    def _narrow_lane(self, call: Call) -> _Lane | None:
        return next((lane for path, lane in self._narrow.items() if call.url.startswith(path)), None)

    def _narrowest(self, call: Call) -> _Lane:
        """The budget that an answer to the call speaks of."""
        return self._narrow_lane(call) or self._lane(call)

    def pause(self, call: Call, seconds: float) -> None:
        """No call that spends the same narrowest budget as this one starts for so many seconds."""
        self._narrowest(call).budget.pause(self._clock.monotonic(), seconds)

    def learn(self, call: Call, answer: Answer, booked: Booked) -> RateLimitedError | None:
        """Takes in what an answer says of the budget; the error that a throttled GraphQL answer stands for."""
        limits, now = self.limits, self._clock.monotonic()
        if limits.limit_header is not None:
            self._learn_limit(limits.limit_header, call, answer)
        if limits.remaining_header is not None:
            self._learn_remaining(limits.remaining_header, call, answer)
        if self._cost is None:
            return None
        report = self._cost.read(answer.body)
        self._lane(call).budget.learn(now, call.operation, report, booked)
        if not report.throttled:
            return None
        message = f"{call.operation or 'the query'} was throttled"
        return RateLimitedError(message, status=answer.status, retry_after=report.retry_after)

    def _learn_limit(self, header: str, call: Call, answer: Answer) -> None:
        text = answer.headers.get(header, "").strip()
        if text.isdecimal() and 0 < int(text) <= _MOST_REQUESTS:
            self._narrowest(call).budget.allow(int(text))

    def _learn_remaining(self, header: str, call: Call, answer: Answer) -> None:
        try:
            remaining = float(answer.headers.get(header, ""))
        except ValueError:
            return
        if remaining > 0:
            return
        reset = answer.headers.get(self.limits.reset_header or "", "")
        until = seconds_until(reset, self._clock.now()) if reset else None
        # Without a reset the whole period has to pass.
        self.pause(call, self._narrowest(call).per if until is None else until + _RESET_MARGIN)


def _narrow_lane(limit: PathLimit) -> _Lane:
    return _Lane(budget=RateBudget(Limits(requests=limit.requests, per=limit.per)), per=limit.per)
