from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from pullpush_sdk.sandbox import SandboxClock


def test_scale_multiplies_the_source(fake_time):
    """Sandbox time runs `scale` times as fast as its source, and `now` shows the same time as `seconds`."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    clock = SandboxClock(scale=60, source=fake_time, start=start)
    fake_time.now += 2
    assert clock.seconds() == 120
    assert clock.now() == start + timedelta(minutes=2)


def test_advance_adds_and_never_goes_back(clock):
    """`advance` jumps ahead; a negative or undefined jump is refused."""
    clock.advance(5)
    assert clock.seconds() == 5
    for bad in (-1, float("nan")):
        with pytest.raises(ValueError, match="forward"):
            clock.advance(bad)


def test_a_sleeper_wakes_when_the_clock_is_advanced(clock):
    """Sleeping is on sandbox time: a frozen source keeps a sleeper until somebody advances."""

    async def main() -> None:
        sleeper = asyncio.create_task(clock.sleep(3600))
        done, _ = await asyncio.wait([sleeper], timeout=0.05)
        assert not done
        clock.advance(3600)
        await asyncio.wait_for(sleeper, 5)

    asyncio.run(main())


def test_a_scale_of_zero_is_refused():
    """A clock that stands still could never be waited on."""
    with pytest.raises(ValueError, match="scale"):
        SandboxClock(scale=0)
