"""One poller at a time per connection, in this process and in all others that share the state folder."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import attrs
from filelock import Timeout, UnixFileLock

from pullpush_sdk.clock import Clock, SystemClock
from pullpush_sdk.project import Project, ensure_state_dir

_LOOK_SECONDS = 0.2


@attrs.define(kw_only=True)
class PollLocks:
    """Locks beside the store, one file per connection; the kernel frees those of a killed process."""

    folder: Path
    clock: Clock = attrs.field(factory=SystemClock)
    _turns: dict[str, asyncio.Lock] = attrs.field(factory=dict, init=False)

    @classmethod
    def of(cls, project: Project, clock: Clock | None = None) -> PollLocks:
        """The locks of a project's connections."""
        folder = ensure_state_dir(project) / "locks"
        folder.mkdir(mode=0o700, exist_ok=True)
        return cls(folder=folder, clock=clock or SystemClock())

    @asynccontextmanager
    async def hold(self, connection: str, *, stop: asyncio.Event) -> AsyncIterator[bool]:
        """Whether the connection is ours to poll while the block runs; False only where `stop` was set meanwhile.

        Pollers of this process take turns in the order in which they came.
        """
        lock = UnixFileLock(str(self.folder / f"{connection}.poll"), mode=0o600, thread_local=False)
        turn = self._turns.setdefault(connection, asyncio.Lock())
        getting = asyncio.ensure_future(self._get(turn, lock))
        stopping = asyncio.ensure_future(stop.wait())
        try:
            await asyncio.wait({getting, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if getting.done():
                getting.result()
            yield getting.done()
        finally:
            for task in (getting, stopping):
                task.cancel()
            await asyncio.gather(getting, stopping, return_exceptions=True)
            if lock.is_locked:
                lock.release()
            if not getting.cancelled():
                turn.release()

    async def _get(self, turn: asyncio.Lock, lock: UnixFileLock) -> None:
        """Both or neither."""
        await turn.acquire()
        try:
            while True:
                try:
                    lock.acquire(timeout=0)
                    return
                except Timeout:
                    await self.clock.sleep(_LOOK_SECONDS)
        except BaseException:
            turn.release()
            raise
