"""The embedded engine as the laws want it."""

from __future__ import annotations

import random
from pathlib import Path

from pullpush_sdk.canonical import CanonicalTypes
from pullpush_sdk.clock import Clock
from pullpush_sdk.engine.embedded import SqliteEngine
from pullpush_sdk.engine.policy import Backoff
from pullpush_sdk.engine.ports import Engine


class SqliteUnderTest:
    """A store file in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "store.db"

    def open(self, clock: Clock) -> Engine:
        backoff = Backoff(random=random.Random(7))
        return SqliteEngine(self.path, clock=clock, types=CanonicalTypes(), busy_seconds=0.2, backoff=backoff)

    async def crash(self, engine: Engine) -> None:
        assert isinstance(engine, SqliteEngine)
        engine.abandon()
