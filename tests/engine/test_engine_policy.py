"""What errors mean, how long retries wait, when a destination is given a rest."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pullpush_sdk import errors
from pullpush_sdk.connector import Outcome, Result
from pullpush_sdk.engine.breaker import Breaker
from pullpush_sdk.engine.causes import cause_of
from pullpush_sdk.engine.policy import Action, Backoff, action_of, checked, may_be_applied, resolve


def leaves(cls: type[Exception]) -> Iterator[type[Exception]]:
    children = cls.__subclasses__()
    if not children:
        yield cls
    for child in children:
        yield from leaves(child)


EXPECTED = {
    "RateLimitedError": Action.RETRY,
    "UnavailableError": Action.RETRY,
    "RequestTimeoutError": Action.RETRY,
    "ConflictError": Action.RETRY,
    "TokenExpiredError": Action.STOP,
    "AccessRevokedError": Action.STOP,
    "ContractError": Action.STOP,
    "FieldError": Action.ALONE,
    "RejectedError": Action.ALONE,
    "ProjectError": Action.STOP,
    "ManifestError": Action.STOP,
    "MappingError": Action.STOP,
    "PluginError": Action.STOP,
    "StoreBusyError": Action.STOP,
    "StoreFullError": Action.STOP,
    "LeaseLostError": Action.STOP,
    "ConnectorFaultError": Action.FAULT,
}


def test_every_leaf_of_the_error_tree_has_its_action() -> None:
    ours = {leaf for leaf in leaves(errors.PullPushError) if leaf.__module__ == errors.__name__}
    assert {leaf.__name__: action_of(leaf("x")) for leaf in ours} == EXPECTED
    assert action_of(KeyError("x")) is Action.FAULT
    assert action_of(ConnectionRefusedError("x")) is Action.RETRY
    assert action_of(errors.PullPushError("x")) is Action.FAULT


@pytest.mark.parametrize(
    ("error", "size", "expected"),
    [
        (errors.UnavailableError("refused"), 1, False),
        (errors.UnavailableError("reset", maybe_applied=True), 1, True),
        (errors.RequestTimeoutError("slow"), 1, True),
        (errors.UnavailableError("refused"), 2, True),
        (errors.RejectedError("no"), 1, False),
        (errors.AccessRevokedError("no"), 1, False),
        (errors.ContractError("odd"), 1, True),
        (KeyError("bug"), 1, True),
    ],
)
def test_doubt_counts_as_applied(error: Exception, size: int, expected: bool) -> None:
    assert may_be_applied(error, size) is expected


@given(st.integers(1, 10_000), st.integers())
def test_waits_stay_within_the_exponential_cap(attempt: int, seed: int) -> None:
    wait = Backoff(random=random.Random(seed)).wait(attempt)
    assert 0 <= wait <= min(300.0, 2.0 ** min(attempt - 1, 20))


def test_waits_are_jittered_over_the_whole_range() -> None:
    backoff = Backoff(random=random.Random(3))
    waits = [backoff.wait(5) for _ in range(1000)]
    assert min(waits) < 1
    assert max(waits) > 15


def test_tenth_attempt_is_the_last_unless_it_is_not_spent() -> None:
    retry, backoff = Outcome.retry("busy", after=7.0), Backoff(random=random.Random(1), cap=1.0)
    assert resolve(retry, attempt=9, spent=True, now=0, backoff=backoff).outcome.result is Result.RETRY
    assert resolve(retry, attempt=10, spent=True, now=0, backoff=backoff).outcome.result is Result.DEAD
    unspent = resolve(retry, attempt=10, spent=False, now=0, backoff=backoff)
    assert (unspent.outcome.result, unspent.due) == (Result.RETRY, 7_000_000)
    delivered = resolve(Outcome.delivered(), attempt=10, spent=True, now=0, backoff=backoff)
    assert delivered.outcome.result is Result.DELIVERED


@pytest.mark.parametrize("wrong", [None, [], [Outcome.delivered()] * 3, ["x", "y"], "xy", iter(())])
def test_anything_but_one_outcome_each_is_a_fault(wrong: object) -> None:
    with pytest.raises(TypeError, match="pullpush_push returned"):
        checked(wrong, 2)


def test_breaker_opens_after_five_failures_in_a_row_and_closes_on_an_answer() -> None:
    breaker = Breaker()
    for turn in range(5):
        assert breaker.down_since is None, turn
        breaker.failed(100.0, outage=True, key="a", probe=False)
    assert breaker.wait(100.0) == 1.0
    rests = []
    for _ in range(12):
        assert breaker.begin()
        assert breaker.busy
        breaker.failed(100.0, outage=True, key="a", probe=True)
        rests.append(breaker.wait(100.0))
    assert rests[:4] == [2.0, 4.0, 8.0, 16.0]
    assert rests[-1] == 300.0
    breaker.begin()
    breaker.answered()
    assert (breaker.down_since, breaker.wait(100.0), breaker.busy) == (None, 0.0, False)
    assert not breaker.begin()


def test_one_record_that_is_always_retried_opens_no_breaker() -> None:
    breaker = Breaker()
    for _ in range(20):
        breaker.failed(0.0, outage=False, key="poison", probe=False)
    assert breaker.down_since is None
    for key in "bcde":
        breaker.failed(0.0, outage=False, key=key, probe=False)
    assert breaker.down_since == 0.0


def test_an_answer_between_failures_starts_the_count_again() -> None:
    breaker = Breaker()
    for _ in range(4):
        breaker.failed(0.0, outage=True, key="a", probe=False)
    breaker.answered()
    breaker.failed(0.0, outage=True, key="a", probe=False)
    assert breaker.down_since is None


def test_abandoned_probe_lets_another_go() -> None:
    breaker = Breaker()
    for _ in range(5):
        breaker.failed(0.0, outage=True, key="a", probe=False)
    breaker.begin()
    breaker.abandoned()
    assert not breaker.busy
    assert breaker.down_since is not None


def test_causes_ignore_what_is_particular() -> None:
    first = cause_of("f", "order", "order '17' of 12.50 EUR: customer 0af3b2c4d5 is locked")
    assert first == cause_of("f", "order", "order '99' of 3 EUR: customer 99aa77bb66 is locked")
    assert first != cause_of("f", "order", "order '17' of 12.50 EUR: customer 0af3b2c4d5 is gone")
    assert first != cause_of("g", "order", "order '17' of 12.50 EUR: customer 0af3b2c4d5 is locked")
