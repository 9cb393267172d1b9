"""Waiting for whatever comes first."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from pullpush_sdk.clock import Clock


async def wait_for_any(events: Sequence[asyncio.Event], seconds: float | None, clock: Clock) -> bool:
    """Until one of `events` is set (True), or `seconds` have passed; None waits for the events alone."""
    if any(each.is_set() for each in events):
        return True
    tasks = [asyncio.ensure_future(each.wait()) for each in events]
    sleeping = [] if seconds is None else [asyncio.ensure_future(clock.sleep(max(seconds, 0.0)))]
    try:
        await asyncio.wait([*tasks, *sleeping], return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in (*tasks, *sleeping):
            each.cancel()
        await asyncio.gather(*tasks, *sleeping, return_exceptions=True)
    return any(each.is_set() for each in events)
