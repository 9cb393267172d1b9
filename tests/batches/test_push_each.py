"""What became of each record of a batch is told, whatever happens to its neighbours."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pullpush_sdk.batches import push_each
from pullpush_sdk.connector import Outcome, Result
from pullpush_sdk.errors import AuthError, RejectedError, UnavailableError

GOOD, BAD, LATER, WIDE, FAULT = range(5)
RESULTS = {
    GOOD: Outcome.delivered(),
    BAD: RejectedError("no"),
    LATER: UnavailableError("later", maybe_applied=True),
    WIDE: AuthError("revoked"),
    FAULT: KeyError("id"),
}


def outcomes_of(results: list[int], *, together: bool) -> tuple[Any, list[int]]:
    tried = []

    async def push_one(delivery: Any) -> Outcome:
        tried.append(delivery)
        await asyncio.sleep(0)
        result = RESULTS[results[delivery]]
        if isinstance(result, Exception):
            raise result
        return result

    return asyncio.run(push_each(range(len(results)), push_one, together=together)), tried  # type: ignore[arg-type]


@pytest.mark.parametrize("together", [True, False])
def test_errors_of_one_record_are_its_outcome(together: bool) -> None:
    found, _ = outcomes_of([GOOD, BAD, LATER], together=together)
    assert [each.result for each in found] == [Result.DELIVERED, Result.DEAD, Result.RETRY]
    assert found[2].maybe_applied


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("error", [WIDE, FAULT])
def test_an_error_of_the_connection_is_raised_only_if_nothing_got_further(together: bool, error: int) -> None:
    found, tried = outcomes_of([GOOD, error, GOOD], together=together)
    assert [each.result for each in found] == [
        Result.DELIVERED,
        Result.RETRY,
        Result.DELIVERED if together else Result.RETRY,
    ]
    assert found[1].maybe_applied == (error == FAULT)
    assert len(tried) == (3 if together else 2)
    assert together or not found[2].maybe_applied
    with pytest.raises((AuthError, KeyError)):
        outcomes_of([error, error], together=together)


@given(st.lists(st.sampled_from([GOOD, BAD, LATER, WIDE, FAULT]), max_size=6), st.booleans())
def test_exactly_one_outcome_each_in_order(results: list[int], together: bool) -> None:
    try:
        found, tried = outcomes_of(results, together=together)
    except (AuthError, KeyError):
        assert set(results) <= {WIDE, FAULT} if together else results[0] in (WIDE, FAULT)
        return
    assert len(found) == len(results)
    wanted = {GOOD: Result.DELIVERED, BAD: Result.DEAD}
    for at, (result, outcome) in enumerate(zip(results, found, strict=True)):
        assert outcome.result == (wanted.get(result, Result.RETRY) if at in tried else Result.RETRY)
    assert sorted(tried) == list(range(len(tried)))
