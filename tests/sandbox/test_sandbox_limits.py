from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pullpush_sdk.sandbox import LeakyBucket, SandboxClock, Violations, WindowLimit

_GAPS = st.lists(st.floats(min_value=0, max_value=5), max_size=200)


def _clock() -> SandboxClock:
    return SandboxClock(source=lambda: 0.0)


@given(_GAPS)
def test_a_bucket_never_admits_more_than_capacity_plus_leak(gaps):
    """Over any schedule, admitted cost <= capacity + leak * time."""
    clock = _clock()
    bucket = LeakyBucket(capacity=10, per_second=2, clock=clock)
    admitted = 0
    for gap in gaps:
        clock.advance(gap)
        admitted += bucket.take(3).allowed * 3
        assert admitted <= 10 + 2 * clock.seconds() + 1e-6


@given(_GAPS)
def test_waiting_retry_after_is_enough(gaps):
    """A refused request is admitted once its retry_after has passed, on both meters."""
    clock = _clock()
    meters = [
        LeakyBucket(capacity=3, per_second=0.7, clock=clock),
        WindowLimit(limit=3, window=60, overflow=1, clock=clock),
        WindowLimit(limit=3, window=60, clock=clock),
    ]
    for gap in gaps[:20]:
        clock.advance(gap)
        for meter in meters:
            answer = meter.take()
            if not answer.allowed:
                assert answer.retry_after > 0
                clock.advance(answer.retry_after)
                assert meter.take().allowed


def test_a_window_falls_back_to_the_overflow_rate():
    """After the budget one request per second passes until the window ends, then the budget is whole again."""
    clock = _clock()
    limit = WindowLimit(limit=5, window=60, overflow=1, clock=clock)
    assert [limit.take().remaining for _ in range(5)] == [4, 3, 2, 1, 0]
    refused = limit.take()
    assert (refused.allowed, refused.retry_after, refused.reset_after) == (False, 1.0, 60.0)
    clock.advance(1)
    assert [limit.take().allowed for _ in range(2)] == [True, False]
    clock.advance(59)
    assert limit.take().remaining == 4


def test_unused_cost_can_be_given_back():
    """A platform that charges the requested cost first returns the difference."""
    bucket = LeakyBucket(capacity=100, per_second=1, clock=_clock())
    bucket.take(80)
    bucket.give_back(50)
    assert bucket.available == 70


def test_early_retries_are_counted():
    """A request before the named moment counts as retried_early, one after it does not."""
    clock = _clock()
    violations = Violations(clock)
    violations.refused("store", 2.0)
    clock.advance(1)
    violations.refused("store", 2.0)
    clock.advance(2)
    violations.refused("store", 2.0)
    assert violations.counts() == {"rate_limited": 3, "retried_early": 1}
