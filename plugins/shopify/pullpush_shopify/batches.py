"""Pushing the records of a batch side by side without losing what became of any of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from pullpush_sdk.connector import Delivery, Outcome, outcome_of
from pullpush_sdk.errors import PullPushError, RecordError, TransientError


async def each(batch: Sequence[Delivery], push_one: Callable[[Delivery], Awaitable[Outcome]]) -> list[Outcome]:
    """One outcome per delivery, in the batch's order.

    An error about the whole connection is raised only if no delivery got further: raising would forget what was
    created beside it. Otherwise its delivery is tried again, and the next batch raises it.
    """
    results = await asyncio.gather(*(_settled(push_one, delivery) for delivery in batch))
    errors = [result for result in results if isinstance(result, PullPushError)]
    if errors and len(errors) == len(results):
        raise errors[0]
    return [Outcome.retry(str(result)) if isinstance(result, PullPushError) else result for result in results]


async def _settled(push_one: Callable[[Delivery], Awaitable[Outcome]], delivery: Delivery) -> Outcome | PullPushError:
    try:
        return await push_one(delivery)
    except (RecordError, TransientError) as error:
        return outcome_of(error)
    except PullPushError as error:
        return error
