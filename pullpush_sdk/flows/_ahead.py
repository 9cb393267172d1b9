"""Reading one item ahead: the next page is fetched while this one is stored."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TypeVar

T = TypeVar("T")


async def one_ahead(items: AsyncIterator[T], *, stop: asyncio.Event) -> AsyncIterator[T]:
    """The items of `items`, fetching the next while the caller handles one; at most two exist at a time.

    Once `stop` is set no further item comes: a running fetch is cancelled, not waited for. `items` is closed at the
    end, however it ends; its errors come up in their place.
    """
    stopping = asyncio.ensure_future(stop.wait())
    pending = asyncio.ensure_future(_next(items))
    try:
        while True:
            await asyncio.wait({pending, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if stop.is_set():
                return
            found = pending.result()
            if found is None:
                return
            pending = asyncio.ensure_future(_next(items))
            yield found[0]
    finally:
        for task in (stopping, pending):
            task.cancel()
        # Gathered so that a failed fetch nobody asks for any more is not reported as lost.
        await asyncio.gather(stopping, pending, return_exceptions=True)
        close = getattr(items, "aclose", None)
        if close is not None:
            await close()


async def _next(items: AsyncIterator[T]) -> tuple[T] | None:
    """The next item in a tuple, None at the end: a StopAsyncIteration cannot travel through a task."""
    try:
        return (await anext(items),)
    except StopAsyncIteration:
        return None
