"""Which lanes have something to send: a bounded number of keys in memory, the rest found by walking the store."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable

import attrs

from pullpush_sdk.canonical import CanonicalType

from .lanes import LaneStore

__all__ = ["LaneQueue"]

_MOST_LANES = 20_000
_CHUNK = 1_000
_SHARE = 4


@attrs.define
class LaneQueue:
    """The lanes of one canonical type that are in memory.

    A key is in `_turn` while it has a turn (True where something was appended meanwhile), in `_held` until its time
    has come, else in `_queued`; at most `most` keys are queued, and as many held. Those in `_live` have events that
    just came and wait in `_urgent`; the rest, which an import or the walk found, wait in `_ready` and start at least
    every fourth turn.
    `_outside` is the earliest time of held lanes that do not fit into memory.
    """

    kind: CanonicalType
    store: LaneStore
    batch: int
    most: int = _MOST_LANES
    chunk: int = _CHUNK
    alone: set[str] = attrs.field(factory=set)
    _urgent: deque[str] = attrs.field(factory=deque)
    _ready: deque[str] = attrs.field(factory=deque)
    _queued: dict[str, bool] = attrs.field(factory=dict)
    _live: set[str] = attrs.field(factory=set)
    _pops: int = 0
    _turn: dict[str, bool] = attrs.field(factory=dict)
    _held: dict[str, int] = attrs.field(factory=dict)
    _times: list[tuple[int, str]] = attrs.field(factory=list)
    _scanned: str | None = None
    _walking: bool = True
    _missed: bool = False
    _outside: int | None = None

    @property
    def ready(self) -> bool:
        """Whether a turn can start."""
        return bool(self._queued)

    @property
    def walking(self) -> bool:
        """Whether the store may hold lanes that are not in memory, and there is room for more."""
        return self._walking and len(self._queued) < self.most

    @property
    def quiet(self) -> bool:
        """Whether nothing at all is known to wait."""
        return not (self._queued or self._turn or self._held or self._walking or self._outside)

    @property
    def next_time(self) -> int | None:
        """When the first held lane may go on."""
        times = [self._times[0][0]] if self._times else []
        if self._outside is not None:
            times.append(self._outside)
        return min(times, default=None)

    def wake(self, keys: Iterable[str], *, background: bool = False) -> None:
        """Something was appended to these lanes; `background` where it may wait for what others wake."""
        for key in keys:
            if not background:
                self._live.add(key)
            if key in self._turn:
                self._turn[key] = True
            elif key not in self._held:
                self._queue(key)

    def release_held(self, now: int) -> None:
        """Queue the lanes whose time has come."""
        while self._times and self._times[0][0] <= now:
            due, key = heapq.heappop(self._times)
            if self._held.get(key) == due:
                del self._held[key]
                self._queue(key)
        if self._outside is not None and self._outside <= now:
            self._outside = None
            self._miss()

    def pop(self, most: int) -> list[str]:
        """Up to `most` keys for one turn; one that is to go alone is not put together with others."""
        keys: list[str] = []
        self._pops += 1
        queued, turn, alone = self._queued, self._turn, self.alone
        while queued and len(keys) < most:
            queue = self._next_queue()
            urgent = queue is self._urgent
            while queue and len(keys) < most:
                key = queue[0]
                if queued.get(key) is not urgent:  # it went over to the other queue, or had its turn from there
                    queue.popleft()
                    continue
                if key in alone and keys:
                    return keys
                queue.popleft()
                del queued[key]
                turn[key] = False
                keys.append(key)
                if key in alone:
                    return keys
        return keys

    def _next_queue(self) -> deque[str]:
        """The queue whose head goes next."""
        for queue, urgent in ((self._urgent, True), (self._ready, False)):
            while queue and self._queued.get(queue[0]) is not urgent:
                queue.popleft()
        if not self._urgent or not self._ready:
            return self._urgent or self._ready
        return self._ready if self._pops % _SHARE == 0 else self._urgent

    def put_back(self, keys: Iterable[str]) -> None:
        """These keys had no turn after all; they are first again."""
        for key in reversed(list(keys)):
            self._turn.pop(key, None)
            if key not in self._queued:
                self._queued[key] = key in self._live
                (self._urgent if key in self._live else self._ready).appendleft(key)

    def had_turn(self, key: str, *, due: int | None, rest: bool) -> None:
        """A lane's turn is over: it is held until `due`, queued again, or forgotten."""
        appended = self._turn.pop(key, False)
        if due is not None:
            self._hold(key, due)
        elif appended or rest:
            # Busy lanes must leave room for those that the walk has yet to find; it will find this one again too.
            if self._walking and len(self._queued) >= self.most // 2:
                self._live.discard(key)
                self._miss()
            else:
                self._queue(key)
        else:
            self._live.discard(key)

    async def walk(self, now: int) -> None:
        """Look for more lanes in the store."""
        found = await self.store.scan(self._scanned, self.chunk)
        for key, due in found:
            if len(self._queued) >= self.most:
                return  # it goes on from here when there is room
            self._scanned = key
            if key in self._turn or key in self._held:
                continue
            if due > now:
                self._hold(key, due)
            else:
                self._queue(key)
        if len(found) == self.chunk:
            return
        self._scanned = None
        self._walking, self._missed = self._missed, False

    def _hold(self, key: str, due: int) -> None:
        if len(self._held) < self.most:
            self._held[key] = due
            heapq.heappush(self._times, (due, key))
        else:  # found again by a walk, when the first of those has its time
            self._live.discard(key)
            self._outside = due if self._outside is None else min(self._outside, due)

    def _queue(self, key: str) -> None:
        live = key in self._live
        if self._queued.get(key) or (key in self._queued and not live):
            return
        if key not in self._queued and len(self._queued) >= self.most:
            self._live.discard(key)
            self._miss()
            return
        self._queued[key] = live
        (self._urgent if live else self._ready).append(key)

    def _miss(self) -> None:
        """A lane did not fit: the walk under way may be past it, so there must be another one."""
        self._missed = self._walking
        self._walking = True
