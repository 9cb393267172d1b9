"""The embedded engine: one SQLite file, one process that dispatches it."""
# ruff: noqa: D102 - `Engine` documents its methods

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pullpush_sdk.canonical import CanonicalType, CanonicalTypes
from pullpush_sdk.clock import Clock, SteadyClock, keep_ahead
from pullpush_sdk.connector import Event, Page, moment_of, version_of
from pullpush_sdk.engine.arrivals import Arrival, Prepared, Preparer
from pullpush_sdk.engine.breaker import Breaker
from pullpush_sdk.engine.dispatcher import Dispatcher
from pullpush_sdk.engine.lane_queue import LaneQueue
from pullpush_sdk.engine.policy import Backoff
from pullpush_sdk.engine.ports import (
    CommandHandler,
    CommandResult,
    Counts,
    DeadFilter,
    DeadGroup,
    DeadLetter,
    DrainReport,
    EngineStatus,
    FlowSpec,
    Holder,
    KeyEvent,
    Observer,
    Push,
    Remap,
    RetryReport,
    Suspects,
)
from pullpush_sdk.engine.standing import Shadowed, Standing
from pullpush_sdk.engine.upkeep import Pressure, Pruned, Upkeep
from pullpush_sdk.errors import (
    EngineError,
    LeaseLostError,
    RecordError,
    RemoteError,
    SetupError,
)

from . import _dead, _kept, _reports
from ._claim_rows import Holders
from ._errands import Errands
from ._inbox import SqliteInbox, receive_again
from ._intake import Appended, Claimed, Intake
from ._lanes import SqliteLanes
from ._lock import DispatcherLock
from ._own_records import are_told_by_id
from ._space import Space
from ._store import Store
from ._suspects import left_of, suspects
from ._upkeep import Housekeeper

__all__ = ["SqliteEngine"]

Json = Any

_log = logging.getLogger("pullpush.engine")

_LARGEST_BATCH = 1_000
_BREAKERS = "breakers"
_SECOND = 1_000_000
_NOTABLE = timedelta(seconds=5)


class SqliteEngine:
    """See `Engine`. `path` None keeps everything in memory, for tests."""

    def __init__(
        self,
        path: Path | None,
        *,
        clock: Clock,
        types: CanonicalTypes,
        backoff: Backoff | None = None,
        busy_seconds: float = 5.0,
        upkeep: Upkeep | None = None,
        redact: Callable[[str], str] = str,
    ) -> None:
        self.url = "sqlite://" if path is None else f"sqlite:///{path}"
        self._wall = clock
        self._clock = SteadyClock(clock)
        self._redact = redact
        self._types = types
        self._backoff = backoff or Backoff()
        self._store = Store(path, busy_seconds=busy_seconds)
        self._space = Space(path, upkeep or Upkeep())
        self._house = Housekeeper(self._store, self._space.upkeep, self._clock, redact, self._space)
        self._lock = DispatcherLock(path)
        self._inbox = SqliteInbox(
            self._store, clock=self._clock, must_hold=self._must_hold, house=self._house, space=self._space
        )
        self._holders = Holders(self._store)
        self._errands = Errands(self._store, self._clock)
        self._store_id = ""
        self._breakers: dict[str, Breaker] = {}
        self._draining: dict[str, Dispatcher] = {}
        self._specs: dict[str, FlowSpec] = {}
        self._preparers: dict[tuple[str, str], Preparer] = {}
        self._linked: set[str] = set()
        self._told: dict[str, int] | None = None

    async def __aenter__(self) -> Self:
        await self._store.open()
        self._store_id = await self._store.run(_kept.store_id, writes=False)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self._store.close()
        if self._lock.held:
            self._lock.release()

    def abandon(self) -> None:
        """Let go of everything at once, as the kernel does for a killed process; for crash tests."""
        self._store.abandon()
        self._lock.release()

    @property
    def inbox(self) -> SqliteInbox:
        return self._inbox

    # Being the dispatcher

    def hold(self) -> AbstractAsyncContextManager[None]:
        return self._hold()

    @asynccontextmanager
    async def _hold(self) -> AsyncIterator[None]:
        if not self._lock.acquire():
            raise LeaseLostError(
                f"{self._store.name} is held by {await self._holder_in_words()}",
                hint="let it do the work, or stop it first",
            )
        try:
            await self._keep_time()
            me = {"pid": os.getpid(), "host": socket.gethostname(), "since": self._now()}
            await self._store.run(partial(_kept.put, "holder", me))
            yield
        finally:
            self._lock.release()

    async def _keep_time(self) -> None:
        """Go on from the latest moment in the store: a clock that was set back since must not make new things old."""
        latest = await self._store.run(_reports.latest, writes=False)
        behind = timedelta(0) if latest is None else keep_ahead(self._wall, moment_of(latest))
        if behind > _NOTABLE:
            _log.warning("the clock is %s behind what %s has seen; was it set back?", behind, self._store.name)

    async def holder(self) -> Holder | None:
        if not self._lock.held and self._lock.is_free():
            return None
        kept = await self._store.run(partial(_kept.get, "holder"), writes=False)
        return None if kept is None else Holder(pid=kept["pid"], host=kept["host"], since=moment_of(kept["since"]))

    async def _holder_in_words(self) -> str:
        holder = await self.holder()
        return "another process" if holder is None else f"pid {holder.pid} on {holder.host}"

    def _must_hold(self) -> None:
        if not self._lock.held:
            raise LeaseLostError(
                f"this process does not hold {self._store.name}", hint="do this inside `async with engine.hold()`"
            )

    # Into the log

    async def append(
        self,
        flow: FlowSpec,
        canonical_type: str,
        page: Page,
        *,
        transport_scope: str | None = None,
        reconcile: bool = False,
        baseline: bool = False,
        accepted: bool = False,
    ) -> Counts:
        self._must_hold()
        await self._learn(flow)
        now = self._clock.now()
        ready = self._preparer(flow, canonical_type).page(page, now)
        job = Intake(
            flow=flow,
            canonical_type=canonical_type,
            ready=ready,
            scope=transport_scope,
            reconcile=reconcile,
            baseline=baseline,
            now=version_of(now),
            linked=flow.name in self._linked,
            space=None if accepted else self._space,
            by_id=kind if are_told_by_id(flow, kind := self._kind(canonical_type)) else None,
            claimed=self._claimed(flow, kind, now),
        )
        return (await self._stored(flow.name, canonical_type, job)).counts

    async def _stored(self, flow: str, canonical_type: str, job: Intake) -> Appended:
        storing = asyncio.ensure_future(self._store.run(job))
        # The page is stored also where its reader is cancelled meanwhile, and then it must be delivered too.
        storing.add_done_callback(partial(self._appended, flow, canonical_type, job.baseline))
        return await asyncio.shield(storing)

    def _claimed(self, flow: FlowSpec, kind: CanonicalType, now: datetime) -> Claimed | None:
        if not kind.key_is_given:
            return None
        preparer = self._preparer(flow, kind.name)

        def again(event: Event) -> Arrival | None:
            ready = preparer.page(Page(events=[event], cursor=None), now)
            return ready.arrivals[0] if ready.arrivals else None

        return Claimed(kind, again, self._holders)

    def _appended(self, flow: str, canonical_type: str, background: bool, storing: asyncio.Future[Appended]) -> None:
        if not storing.cancelled() and storing.exception() is None:
            self._wake(flow, canonical_type, storing.result().keys, background=background)

    async def pressure(self) -> Pressure | None:
        return await self._house.pressure()

    async def prune(self) -> Pruned:
        self._must_hold()
        return await self._house.prune()

    async def checkpoint(self, flow: str, canonical_type: str) -> Json | None:
        return await self._store.run(partial(_kept.checkpoint, flow, canonical_type), writes=False)

    def _preparer(self, flow: FlowSpec, canonical_type: str) -> Preparer:
        name = (flow.name, canonical_type)
        found = self._preparers.get(name)
        if found is None or found.flow is not flow or found.echoes != (flow.name in self._linked):
            found = Preparer(flow, self._kind(canonical_type), flow.name in self._linked, self._redact)
            self._preparers[name] = found
        return found

    def _kind(self, canonical_type: str) -> CanonicalType:
        try:
            return self._types[canonical_type]
        except KeyError:
            raise SetupError(
                f"there is no canonical type {canonical_type!r}", hint=f"known are {', '.join(sorted(self._types))}"
            ) from None

    async def _learn(self, flow: FlowSpec) -> None:
        """Note who reads from the destination of a flow: echoes must be told even when only one of the two runs."""
        if self._specs.get(flow.name) is not flow:
            self._linked = await self._store.run(partial(_kept.link, flow))
            self._specs[flow.name] = flow

    # Out of the log

    async def drain(
        self,
        flow: FlowSpec,
        push: Push,
        *,
        stop: asyncio.Event | None = None,
        until_idle: bool = True,
        max_wait: float = 300.0,
        observer: Observer | None = None,
    ) -> DrainReport:
        self._must_hold()
        await self._learn(flow)
        if flow.name in self._draining:
            raise EngineError(f"flow {flow.name!r} is being dispatched already", hint="one drain per flow at a time")
        if flow.state == "paused":
            waiting = sum(tally["waiting"] for tally in (await self.counts(flow.name)).values())
            return DrainReport(counts={}, waiting=waiting)
        dispatcher = Dispatcher(
            flow=flow,
            lanes={name: self._lanes(flow, name) for name in flow.types},
            push=push,
            clock=self._clock,
            breaker=self._breakers.setdefault(flow.destination, Breaker()),
            backoff=self._backoff,
            observer=observer,
            shadow=flow.state == "shadow",
        )
        self._draining[flow.name] = dispatcher
        try:
            return await dispatcher.run(stop, until_idle=until_idle, max_wait=max_wait)
        finally:
            del self._draining[flow.name]

    def _lanes(self, flow: FlowSpec, canonical_type: str) -> LaneQueue:
        kind = self._kind(canonical_type)
        store = SqliteLanes(
            self._store,
            flow,
            kind,
            shadow=flow.state == "shadow",
            store_id=self._store_id,
            now=self._now,
            redact=self._redact,
            wake=self._wake,
        )
        return LaneQueue(kind, store, min(max(flow.batch.get(canonical_type, 1), 1), _LARGEST_BATCH))

    def _wake(
        self, flow: str, canonical_type: str, keys: Sequence[str] | set[str], *, background: bool = False
    ) -> None:
        if keys and flow in self._draining:
            self._draining[flow].wake(canonical_type, keys, background=background)

    # Looking

    async def counts(self, flow: str) -> Mapping[str, Mapping[str, int]]:
        return await self._store.run(partial(_reports.counts, flow), writes=False)

    def resting(self) -> Mapping[str, datetime]:
        now, monotonic = self._clock.now(), self._clock.monotonic()
        return {
            name: now + timedelta(seconds=breaker.wait(monotonic))
            for name, breaker in self._breakers.items()
            if breaker.down_since is not None
        }

    async def status(self) -> EngineStatus:
        flows = await self._store.run(partial(_reports.flows, self._now()), writes=False)
        holder = await self.holder()
        resting = self.resting()
        if not self._lock.held:  # breakers live in the holder's memory, which tells of them
            told = await self.recall(_BREAKERS) if holder is not None else None
            resting = {name: moment_of(until) for name, until in (told or {}).items()}
        return EngineStatus(
            url=self.url,
            holder=holder,
            flows=flows,
            open_breakers=resting,
            inbox=await self._inbox.status(),
            pressure=await self._house.pressure(probe=not self._lock.held),
            size=await self._house.used(),
            free=self._space.free_bytes(),
        )

    async def _tell_breakers(self) -> None:
        """Note for other processes which destinations rest, where that changed since it was noted last."""
        resting = {name: version_of(until) for name, until in self.resting().items()}
        told = self._told
        if (
            told is None
            or resting.keys() != told.keys()
            or any(abs(until - told[name]) > _SECOND for name, until in resting.items())
        ):
            await self.remember(_BREAKERS, resting or None)
            self._told = resting

    async def events_of_key(self, flow: str, canonical_type: str, key: str, *, limit: int = 100) -> Sequence[KeyEvent]:
        job = partial(_reports.events_of_key, flow, canonical_type, key, limit)
        return await self._store.run(job, writes=False)

    async def standings(self, flow: str, canonical_type: str, identities: Sequence[str]) -> Mapping[str, Standing]:
        job = partial(_reports.standings, flow, canonical_type, identities)
        return await self._store.run(job, writes=False)

    async def members(
        self, flow: str, canonical_type: str, keys: Sequence[str], *, shadow: bool = False
    ) -> Mapping[tuple[str, str], Json]:
        return await self._store.run(partial(_reports.members, flow, canonical_type, keys, shadow), writes=False)

    async def shadowed(
        self, flow: str, *, canonical_type: str | None = None, after: int = 0, limit: int = 1_000
    ) -> Sequence[Shadowed]:
        return await self._store.run(partial(_reports.shadowed, flow, canonical_type, after, limit), writes=False)

    # Dead letters

    async def dead_letters(self, which: DeadFilter | None = None, *, limit: int = 100) -> Sequence[DeadLetter]:
        return await self._store.run(partial(_dead.find, which or DeadFilter(), limit), writes=False)

    async def dead_letter(self, id: int) -> DeadLetter | None:  # noqa: A002 - see Engine
        return await self._store.run(partial(_dead.show, id), writes=False)

    async def dead_groups(self, which: DeadFilter | None = None) -> Sequence[DeadGroup]:
        return await self._store.run(partial(_dead.groups, which or DeadFilter()), writes=False)

    async def suspects(self, flow: FlowSpec, canonical_type: str, *, which: Suspects) -> Sequence[str]:
        if not self._kind(canonical_type).key_is_given:
            return ()
        return await self._store.run(partial(suspects, flow, canonical_type, which))

    async def settle_suspects(
        self, flow: FlowSpec, canonical_type: str, asked: Sequence[str], found: Mapping[str, Any] | None
    ) -> int:
        self._must_hold()
        await self._learn(flow)
        now, kind = self._clock.now(), self._kind(canonical_type)
        left = [] if found is None else left_of(asked, found, self._preparer(flow, canonical_type).key_of)
        job = Intake(
            flow=flow,
            canonical_type=canonical_type,
            ready=Prepared(arrivals=[], dead=[], cursor=None, left=left),
            scope=None,
            reconcile=False,
            now=version_of(now),
            linked=flow.name in self._linked,
            space=None,
            by_id=kind if are_told_by_id(flow, kind) else None,
            claimed=self._claimed(flow, kind, now),
            asked=asked,
        )
        return (await self._stored(flow.name, canonical_type, job)).counts.waiting

    async def retry_dead(
        self, which: DeadFilter, *, remap: Remap | None = None, flows: Sequence[FlowSpec] = ()
    ) -> RetryReport:
        self._must_hold()
        for flow in flows:
            await self._learn(flow)
        chosen, refused = await self._store.run(partial(_dead.unmapped, which), writes=False)
        woken, retried = await self._store.run(partial(_dead.retry, which, self._now()))
        refused |= await self._store.run(partial(_dead.contested, which), writes=False)
        for (name, canonical_type), keys in woken.items():
            self._wake(name, canonical_type, keys)
        if received := await self._store.run(partial(receive_again, which, self._now())):
            retried += received
            self._inbox.wake()
        for each in chosen:
            error = await self._map_again(each, remap)
            if error:
                refused[each.pos] = error
            else:
                retried += 1
        return RetryReport(retried=retried, refused=refused)

    async def _map_again(self, chosen: _dead.Chosen, remap: Remap | None) -> str:
        """Try to map a native record once more; why it cannot wait again, empty where it does."""
        record = chosen.record
        spec = self._specs.get(record.flow)
        if remap is None or spec is None:
            return "it was never mapped: it comes again when the source is read again"
        try:
            event = await remap(record)
        except (RecordError, SetupError, RemoteError) as error:
            return self._redact(str(error))
        ready = self._preparer(spec, record.type).page(Page(events=[event], cursor=None), self._clock.now())
        if ready.dead:
            return ready.dead[0].reason
        arrival: Arrival | None = ready.arrivals[0] if ready.arrivals else None
        key = await self._store.run(partial(_dead.revive, chosen.pos, arrival, self._now()))
        self._wake(record.flow, record.type, [key] if key is not None else [])
        return ""

    async def drop_dead(self, which: DeadFilter) -> int:
        self._must_hold()
        return await self._store.run(partial(_dead.drop, which, self._now()))

    # Other processes

    async def submit(self, name: str, arguments: Mapping[str, Json]) -> int:
        return await self._errands.submit(name, arguments)

    async def wait_result(self, command: int, *, timeout: float) -> CommandResult:  # noqa: ASYNC109 - by our clock
        result = await self._errands.result(command, timeout)
        if result is None:
            raise EngineError(
                f"no answer from {await self._holder_in_words()} within {timeout:g} s",
                hint="the command stays in the queue; look again with `pullpush status`",
            )
        return result

    async def run_commands(self, handlers: Mapping[str, CommandHandler], *, stop: asyncio.Event) -> None:
        self._must_hold()
        await self._errands.run(handlers, stop, self._keep_house)

    async def _keep_house(self) -> None:
        await self._house.tick()
        await self._tell_breakers()

    async def remember(self, name: str, value: Json) -> None:
        await self._store.run(partial(_kept.put, f"kept:{name}", value))

    async def recall(self, name: str) -> Json | None:
        return await self._store.run(partial(_kept.get, f"kept:{name}"), writes=False)

    def _now(self) -> int:
        return version_of(self._clock.now())
