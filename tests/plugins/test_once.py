"""What a connector looks up once per connection: one request, however many ask, and a failure is nobody's answer."""

from __future__ import annotations

import asyncio

import pytest

from pullpush_sdk.canonical import CanonicalTypes
from pullpush_sdk.connector import Connection
from pullpush_sdk.errors import UnavailableError
from pullpush_sdk.testing.clock import VirtualClock


def connection():
    """One without a platform: only its memory is of interest."""
    return Connection(
        name="shop",
        connector=None,
        settings={},
        secrets={},
        client=None,
        clock=VirtualClock(),
        types=CanonicalTypes(),
    )


class Look:
    """A look-up that takes a turn of the loop; the first `failures` of them fail."""

    def __init__(self, failures=0):
        self.asked, self._failures = 0, failures

    async def __call__(self):
        self.asked += 1
        number = self.asked
        await asyncio.sleep(0)
        if number <= self._failures:
            raise UnavailableError("not now")
        return number


def test_many_who_ask_together_ask_once():
    """And each key has an answer of its own, None included."""

    async def run():
        shop, look = connection(), Look()

        async def nothing():
            return None

        found = await asyncio.gather(*(shop.once("currency", look) for _ in range(20)))
        return found, look.asked, await shop.once("sources", nothing), await shop.once("sources", look), look.asked

    assert asyncio.run(run()) == ([1] * 20, 1, None, None, 1)


def test_a_failure_is_told_to_one_and_the_next_tries_again():
    """Nobody is given the failure of somebody else."""

    async def run():
        shop, look = connection(), Look(failures=1)
        found = await asyncio.gather(*(shop.once("currency", look) for _ in range(5)), return_exceptions=True)
        return [type(each).__name__ for each in found], look.asked

    assert asyncio.run(run()) == (["UnavailableError", *["int"] * 4], 2)


def test_who_gives_up_while_asking_leaves_the_others_an_answer():
    """A cancelled caller does not take the answer along."""

    async def run():
        shop, look = connection(), Look()
        first, second = (asyncio.ensure_future(shop.once("currency", look)) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        return await second, look.asked

    assert asyncio.run(run()) == (2, 2)


def test_what_is_kept_counts_as_long_as_it_is_good():
    """And can be forgotten."""

    async def run():
        shop, look = connection(), Look()
        found = [await shop.once("places", look, good=lambda kept: kept > 1) for _ in range(3)]
        shop.memo.pop("places")
        return found, await shop.once("places", look)

    assert asyncio.run(run()) == ([1, 2, 2], 3)
