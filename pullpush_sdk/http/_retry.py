"""Which failed calls are tried again, and when: tenacity drives, this module decides."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

import attrs

from pullpush_sdk.clock import Clock
from pullpush_sdk.errors import PullPushError, RateLimitedError, TransientError

T = TypeVar("T")

_FIRST = 0.5
_LONGEST = 30.0
_LEAST_WHEN_LIMITED = 1.0


@attrs.frozen(kw_only=True)
class Retry:
    """Exponential back-off with full jitter; the platform's own `Retry-After` wins over it.

    At most `retries` further tries. A wait of more than `patience` seconds is not waited here: the error goes up
    with its `retry_after`, and whoever schedules the work comes back.
    """

    retries: int
    clock: Clock
    patience: float = 120.0
    rng: random.Random = attrs.field(factory=random.Random)

    def wait(self, error: PullPushError, attempt: int) -> float:
        """Seconds to wait after failed try number `attempt`, counted from 1."""
        wished = getattr(error, "retry_after", None)
        if wished is not None:
            return float(wished)
        least = _LEAST_WHEN_LIMITED if isinstance(error, RateLimitedError) else 0.0
        return least + self.rng.uniform(0.0, min(_LONGEST, _FIRST * 2.0**attempt))

    async def run(self, attempt: Callable[[], Awaitable[T]], *, repeatable: bool) -> T:
        """The result of the first try that succeeds.

        A call that is not `repeatable` is tried again only where the platform surely did not carry it out.

        Raises:
            PullPushError: the last try's error; its `maybe_applied` is true if any try's was.
        """
        try:
            return await attempt()
        except TransientError as error:
            if self.retries < 1 or not _may_repeat(error, repeatable):
                raise
            first = error
        # Only a call that failed pays for the machinery.
        return await self._again(first, attempt, repeatable)

    async def _again(self, first: TransientError, attempt: Callable[[], Awaitable[T]], repeatable: bool) -> T:
        from tenacity import AsyncRetrying, RetryCallState, retry_if_exception  # noqa: PLC0415 - only after a failure

        failed: TransientError | None = first
        maybe_applied = first.maybe_applied

        async def next_try() -> T:
            nonlocal failed, maybe_applied
            if failed is not None:
                error, failed = failed, None
                raise error
            try:
                return await attempt()
            except TransientError as error:
                maybe_applied = error.maybe_applied = error.maybe_applied or maybe_applied
                raise

        def wait(state: RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome is not None else None
            assert isinstance(error, PullPushError)
            return self.wait(error, state.attempt_number)

        return await AsyncRetrying(
            sleep=self.clock.sleep,
            wait=wait,
            stop=lambda state: state.attempt_number > self.retries or state.upcoming_sleep > self.patience,
            retry=retry_if_exception(lambda error: _may_repeat(error, repeatable)),
            reraise=True,
        )(next_try)


def _may_repeat(error: BaseException, repeatable: bool) -> bool:
    return isinstance(error, TransientError) and (repeatable or not error.maybe_applied)
