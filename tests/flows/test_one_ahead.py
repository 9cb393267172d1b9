from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pullpush_sdk.flows._ahead import one_ahead


class Pages:
    """An iterator that counts what it handed out and notices its closing."""

    def __init__(self, count: int, *, fail_at: int | None = None, block_at: int | None = None) -> None:
        self.started = 0
        self.closed = False
        self._count, self._fail_at, self._block_at = count, fail_at, block_at

    async def __call__(self) -> AsyncIterator[int]:
        try:
            for number in range(self._count):
                self.started += 1
                if number == self._fail_at:
                    raise LookupError(number)
                if number == self._block_at:
                    await asyncio.Event().wait()
                await asyncio.sleep(0)
                yield number
        finally:
            self.closed = True


async def collect(pages: Pages, stop: asyncio.Event | None = None, stop_after: int | None = None) -> list[int]:
    stop = stop or asyncio.Event()
    seen = []
    async for each in one_ahead(pages(), stop=stop):
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert pages.started <= len(seen) + 2
        seen.append(each)
        if stop_after is not None and len(seen) == stop_after:
            stop.set()
    return seen


@given(st.integers(0, 20))
def test_every_item_comes_once_in_order_and_never_more_than_one_waits(count: int) -> None:
    pages = Pages(count)
    assert asyncio.run(collect(pages)) == list(range(count))
    assert pages.closed


@given(st.integers(1, 10), st.data())
def test_after_stop_nothing_more_comes_even_if_the_next_fetch_hangs(count: int, data: st.DataObject) -> None:
    at = data.draw(st.integers(1, count))
    pages = Pages(count + 1, block_at=at)
    assert asyncio.run(collect(pages, stop_after=at)) == list(range(at))
    assert pages.closed


def test_a_failure_comes_after_the_items_before_it() -> None:
    pages = Pages(5, fail_at=3)
    seen: list[int] = []

    async def run() -> None:
        async for each in one_ahead(pages(), stop=asyncio.Event()):
            seen.append(each)  # noqa: PERF401 - the point is what was seen before the failure

    with pytest.raises(LookupError):
        asyncio.run(run())
    assert seen == [0, 1, 2]


def test_leaving_early_closes_the_source_and_hides_no_failure() -> None:
    pages = Pages(5, fail_at=1)

    async def run() -> None:
        items = one_ahead(pages(), stop=asyncio.Event())
        assert await anext(items) == 0
        await asyncio.sleep(0)
        await items.aclose()  # type: ignore[attr-defined]

    asyncio.run(run())
    assert pages.closed
