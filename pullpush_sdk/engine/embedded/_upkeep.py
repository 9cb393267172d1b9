"""Keeping house beside dispatch: one pass of retention after the other, and what to say when there is no room."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from functools import partial

import attrs

from pullpush_sdk.clock import Clock
from pullpush_sdk.connector import version_of
from pullpush_sdk.engine.echo import ECHO_SECONDS
from pullpush_sdk.engine.upkeep import Pressure, Pruned, Upkeep
from pullpush_sdk.errors import StoreError

from . import _prune
from ._expire import expire
from ._prune import Slice
from ._space import Space, used_bytes
from ._store import Store

__all__ = ["Housekeeper"]

_log = logging.getLogger("pullpush.engine")

_SECOND = 1_000_000
_EVERY = 60.0
_EVERY_FULL = 5.0
_RATES = 61  # minutes of which counts are kept
_PATIENCE = 1.0  # real seconds that somebody who asks for pressure is kept waiting


@attrs.define
class Housekeeper:
    """Upkeep of one store, by the process that holds it."""

    store: Store
    upkeep: Upkeep
    clock: Clock
    redact: Callable[[str], str]
    space: Space
    _next: float = 0.0
    _since: Pressure | None = None
    _one: asyncio.Lock = attrs.field(factory=asyncio.Lock)
    _asked: asyncio.Future[tuple[str, str] | None] | None = None
    _again: asyncio.Future[Pressure | None] | None = None

    async def tick(self) -> None:
        """A pass where one is due; what goes wrong in it is said, and tried again at the next."""
        if self.clock.monotonic() < self._next:
            return
        self._next = self.clock.monotonic() + _EVERY
        try:
            await self.prune()
            if await self.pressure() is not None:
                self._next = self.clock.monotonic() + _EVERY_FULL
        except StoreError as error:
            _log.warning("%s; retention tries again later", error)

    async def prune(self) -> Pruned:
        """One whole pass. Without room, webhooks and deliveries that have ended go before their time."""
        async with self._one:
            now = version_of(self.clock.now())
            removed = {
                "deliveries": await self._sliced(_prune.deliveries, now - _micros(self.upkeep.keep)),
                "ids": await self._sliced(_prune.transports, now - _micros(self.upkeep.keep_ids)),
                "webhooks": await self._sliced(_prune.webhooks, now - _micros(self.upkeep.keep_webhooks)),
                "commands": await self._sliced(_prune.commands, now - _micros(self.upkeep.keep)),
                "own_writes": await self._sliced(_prune.own_writes, now - _micros(ECHO_SECONDS)),
                "expired": await self._expired(now),
            }
            await self._sliced(_prune.minutes, now // (60 * _SECOND) - _RATES)
            freed = await self._shrunk()
            if await self._complaint() is not None:
                removed["webhooks"] += await self._sliced(_prune.webhooks, now + 1, until_room=True)
                removed["deliveries"] += await self._sliced(_prune.deliveries, now + 1, until_room=True)
                freed += await self._shrunk()
            return Pruned(**removed, freed=freed)

    def refusal(self) -> str:
        """Why nothing new should be taken, as it was seen last, empty where it should; costs nothing."""
        if self._since is None:
            return ""
        if self._again is None or self._again.done():
            # Whoever asks must also learn that it is over.
            self._again = asyncio.ensure_future(self.pressure())
            self._again.add_done_callback(lambda asked: asked.cancelled() or asked.exception())
        return self._since.reason

    async def pressure(self, *, probe: bool = False) -> Pressure | None:
        """Why nothing new should be taken now; a store that does not answer at once is such a reason.

        With `probe` it is written to, for a process that does not write otherwise and so has not seen whether it can.
        """
        if self._asked is None or self._asked.done():
            self._asked = asyncio.ensure_future(self._complaint(probe=probe))
            self._asked.add_done_callback(lambda asked: asked.cancelled() or asked.exception())
        try:
            found = await asyncio.wait_for(asyncio.shield(self._asked), _PATIENCE)
        except TimeoutError:
            found = (f"{self.store.name} does not answer", "another program may have it locked; the engine tries again")
        except StoreError as error:
            found = (error.message, error.hint)
        if found is None:
            self._since = None
        elif self._since is None or self._since.reason != found[0]:
            since = self._since.since if self._since is not None else self.clock.now()
            self._since = Pressure(reason=found[0], hint=found[1], since=since)
        return self._since

    async def _complaint(self, *, probe: bool = False) -> tuple[str, str] | None:
        if probe or self.store.trouble is not None:  # only writing shows whether it has passed
            await self.store.run(_prune.probe)
        return await self.store.run(self.space.complaint, writes=False)

    async def _sliced(self, sweep: Callable[..., Slice], before: int, *, until_room: bool = False) -> int:
        """A sweep to its end, slice by slice; how many rows it removed."""
        removed, after = 0, 0
        while True:
            done = await self.store.run(partial(sweep, after, before))
            removed += done.removed
            if done.after is None or (until_room and done.removed and await self._complaint() is None):
                return removed
            after = done.after

    async def _expired(self, now: int) -> int:
        if self.upkeep.expire_dead is None or self.upkeep.archive is None:
            return 0
        job = expire(self.upkeep.archive, now, self.upkeep.expire_dead, self.redact)
        removed = 0
        while True:
            done = await self.store.run(job)
            removed += done.removed
            if done.after is None:
                return removed

    async def _shrunk(self) -> int:
        """Free pages are given back; by how many bytes the file became shorter."""
        pages = await self._sliced(_prune.vacuum, 0)
        if not pages:
            return 0
        await self.store.checkpoint()
        return pages * await self.store.run(_page_size, writes=False)

    async def used(self) -> int:
        """Bytes in use."""
        return await self.store.run(used_bytes, writes=False)


def _micros(seconds: float) -> int:
    return int(seconds * _SECOND)


def _page_size(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA page_size").fetchone()[0])
