"""Pushing the records of a batch one by one, without losing what became of any of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from pullpush_sdk.connector import Delivery, Outcome, outcome_of
from pullpush_sdk.errors import PullPushError, RecordError, TransientError

__all__ = ["push_each"]


async def push_each(
    batch: Sequence[Delivery], push_one: Callable[[Delivery], Awaitable[Outcome]], *, together: bool = False
) -> list[Outcome]:
    """One outcome per delivery, in the batch's order, for a connector that writes record by record.

    One after the other, or all at the same time with `together`. An error of one record (`RecordError`,
    `TransientError`) is its outcome; see `outcome_of`. Any other error (credentials, set-up, a fault of the connector)
    concerns more than one record: it is raised only where no delivery got further, since raising would forget what was
    written beside it. Otherwise its delivery is tried again and, one after the other, so are those behind it; should
    the error last, the next batch raises it.
    """
    results = await _all(batch, push_one) if together else await _in_turn(batch, push_one)
    errors = [each for each in results if isinstance(each, Exception)]
    if errors and len(errors) == len(results):
        raise errors[0]
    return [_again(each) if isinstance(each, Exception) else each for each in results]


async def _all(
    batch: Sequence[Delivery], push_one: Callable[[Delivery], Awaitable[Outcome]]
) -> list[Outcome | Exception]:
    return list(await asyncio.gather(*(_settled(push_one, delivery) for delivery in batch)))


async def _in_turn(
    batch: Sequence[Delivery], push_one: Callable[[Delivery], Awaitable[Outcome]]
) -> list[Outcome | Exception]:
    results: list[Outcome | Exception] = []
    for delivery in batch:
        result = await _settled(push_one, delivery)
        results.append(result)
        if isinstance(result, Exception):
            rest = len(batch) - len(results)
            if rest == len(batch) - 1:
                raise result  # nothing was written yet
            return results + [_not_reached(result)] * rest
    return results


async def _settled(push_one: Callable[[Delivery], Awaitable[Outcome]], delivery: Delivery) -> Outcome | Exception:
    try:
        return await push_one(delivery)
    except (RecordError, TransientError) as error:
        return outcome_of(error)
    except Exception as error:  # noqa: BLE001 - the others of the batch keep their outcomes; it is raised or told
        return error


def _again(error: Exception) -> Outcome:
    """Another try; nobody knows what a fault of the connector left behind."""
    if isinstance(error, PullPushError):
        return Outcome.retry(str(error), maybe_applied=bool(getattr(error, "maybe_applied", False)))
    return Outcome.retry(f"{type(error).__name__}: {error}", maybe_applied=True)


def _not_reached(error: Exception) -> Outcome:
    return Outcome.retry(f"not tried, for the one before it failed: {_again(error).reason}")
