"""The delivery engine in memory, for tests: the real one, held by this process, gone when the test ends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pullpush_sdk.canonical import CanonicalTypes
from pullpush_sdk.clock import Clock
from pullpush_sdk.engine.open import open_engine
from pullpush_sdk.engine.ports import Engine
from pullpush_sdk.testing.clock import VirtualClock

__all__ = ["memory_engine"]


@asynccontextmanager
async def memory_engine(*, clock: Clock | None = None, types: CanonicalTypes | None = None) -> AsyncIterator[Engine]:
    """An engine over a store in memory, opened and held: it takes pages and drains them.

    `clock` None is a new VirtualClock, on which nobody waits; `types` None are the built-in canonical types.
    """
    opened = open_engine("sqlite://", clock=clock or VirtualClock(), types=types or CanonicalTypes())
    async with opened as engine, engine.hold():
        yield engine
