"""What every delivery engine offers, and the plain values that pass through it.

An engine holds a durable log per flow and canonical type. Deliveries of one key leave it in log order, one at a time;
see docs/explanation/delivery.md for the laws.
"""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from types import TracebackType
from typing import Any, Literal, Protocol, Self

import attrs

from pullpush_sdk.connector import Delivery, Outcome, Page
from pullpush_sdk.errors import PullPushError

from .dead_letters import Attempt, DeadFilter, DeadGroup, DeadLetter, Remap, RetryReport, Unmapped
from .inbox import Inbox
from .locations import LocationPlan
from .looks import EngineStatus, FlowStatus, Holder, KeyEvent
from .standing import Shadowed, Standing
from .upkeep import Pressure, Pruned

__all__ = [
    "OUTCOMES",
    "Attempt",
    "Command",
    "CommandHandler",
    "CommandResult",
    "Counts",
    "DeadFilter",
    "DeadGroup",
    "DeadLetter",
    "DrainReport",
    "Ended",
    "Engine",
    "EngineStatus",
    "FlowSpec",
    "FlowStatus",
    "Holder",
    "KeyEvent",
    "Observer",
    "Push",
    "Remap",
    "RetryReport",
    "Suspects",
    "Unmapped",
]

Json = Any
Push = Callable[[str, Sequence[Delivery]], Awaitable[Sequence[Outcome]]]
"""Writes a batch of one canonical type; one outcome per delivery, in order."""
CommandHandler = Callable[[Mapping[str, Json]], Awaitable[Json]]
Suspects = Literal["new", "longest", "all"]


class Ended(enum.StrEnum):
    """How deliveries end, as they are counted."""

    DELIVERED = "delivered"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    STALE = "stale"
    SUPERSEDED = "superseded"
    SHADOWED = "shadowed"
    IGNORED = "ignored"
    REPEAT = "repeat"
    DEAD = "dead"
    DROPPED = "dropped"


OUTCOMES = tuple(each.value for each in Ended)
"""Every count beside `read` and `waiting`; `read` is the sum of all of them and `waiting`."""


@attrs.frozen(kw_only=True)
class FlowSpec:
    """A flow as the engine needs to know it.

    `batch` is the largest batch per canonical type (1 where not named). `index_lag` is, per canonical type, for how
    many seconds the destination may not find what was just written: a delivery that may have been applied waits them
    out. `match` is, per canonical type, the wire field that records are told apart by in place of the type's own key.
    `coalesce` names types beside the state types whose waiting older states may be superseded. `readers` are the flows
    that read the same types from this flow's destination: what is written here comes back to them as an echo.
    `opposite` names the flow that writes what it reads from this one's destination to its source, empty where there is
    none; where both sides changed one record, `owner` says per canonical type which of them wins, and without an owner
    the newest does.
    """

    name: str
    source: str
    destination: str
    types: tuple[str, ...]
    state: Literal["active", "shadow", "paused"] = "active"
    batch: Mapping[str, int] = attrs.field(factory=dict)
    index_lag: Mapping[str, float] = attrs.field(factory=dict)
    concurrency: int = 4
    match: Mapping[str, str] = attrs.field(factory=dict)
    coalesce: frozenset[str] = frozenset()
    locations: LocationPlan = attrs.field(factory=LocationPlan)
    on_delete: Literal["ignore", "archive", "delete"] = "ignore"
    readers: tuple[str, ...] = ()
    opposite: str = ""
    owner: Mapping[str, Literal["source", "destination"]] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class Counts:
    """What became of one appended page; `read` is the sum of the rest but `ahead` and `clashed`.

    `ahead` counts versions more than five minutes in the future, which were taken as the time of arrival. `clashed`
    counts those of the `dead` whose key another record of the source holds: see `Engine.suspects`.
    """

    read: int = 0
    waiting: int = 0
    repeat: int = 0
    unchanged: int = 0
    skipped: int = 0
    ignored: int = 0
    stale: int = 0
    dead: int = 0
    ahead: int = 0
    clashed: int = 0


@attrs.frozen(kw_only=True)
class DrainReport:
    """How a drain ended.

    `counts` holds, per canonical type, what ended during this drain; `waiting` what is left over all types.
    `error` is why the flow stopped (credentials, set-up, a broken contract), `unreachable` says in words
    that the destination did not answer for too long, `faults` what the connector did wrong, each kind once.
    """

    counts: Mapping[str, Mapping[str, int]]
    waiting: int = 0
    error: PullPushError | None = None
    unreachable: str = ""
    faults: Sequence[str] = ()

    @property
    def idle(self) -> bool:
        """Whether nothing is left to deliver."""
        return self.waiting == 0


@attrs.frozen(kw_only=True)
class Command:
    """A wish of another process."""

    id: int
    name: str
    arguments: Mapping[str, Json]


@attrs.frozen(kw_only=True)
class CommandResult:
    """What the holder answered: `error` is empty where it worked."""

    value: Json = None
    error: str = ""


class Observer(Protocol):
    """Told once per batch, after its outcomes are stored; what it raises is logged and changes nothing.

    Deliveries of a first import (`Delivery.baseline`) are left out: they are no news.
    """

    def delivered(self, flow: str, canonical_type: str, batch: Sequence[Delivery], outcomes: Sequence[Outcome]) -> None:
        """A batch was pushed; a retry is an outcome too."""
        ...

    def dead_letter(self, flow: str, canonical_type: str, reasons: Mapping[str, str]) -> None:
        """Deliveries of a batch ended dead: delivery id to reason."""
        ...


class Engine(Protocol):
    """A delivery engine; use it as an async context manager.

    Whoever appends, drains or changes dead letters must `hold` the store. Everything else may be done beside a
    holder, from any process.
    """

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def close(self) -> None:
        """Let running work end and release the store."""
        ...

    @property
    def inbox(self) -> Inbox:
        """Raw webhook requests that are not in the logs yet."""
        ...

    def hold(self) -> AbstractAsyncContextManager[None]:
        """Be the one dispatcher of this store.

        Raises:
            LeaseLostError: another process is; the message names it.
        """
        ...

    async def holder(self) -> Holder | None:
        """The process that holds the store, None where nobody does."""
        ...

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
        """Store a page's events and its cursor durably, together; a cursor of None leaves the checkpoint alone.

        Events of one page may share a transport id (a webhook with several items); the same id in a later page of
        the same `transport_scope` (connection and event name) is a repeat. `reconcile` says that a comparison found
        these states missing at the destination: neither a repeat nor the known state settles them, the gate does.
        `baseline` marks the events as part of a first import: they let newer events go first, and no observer is told.
        `accepted` says that the events lie in the inbox: they are taken also where nothing new is.

        Raises:
            StoreFullError: there is no room; ask `pressure` before reading on. Nothing was stored.
            StoreError: nothing was stored; read the page again when the condition has ended.
            LeaseLostError: this process does not hold the store.
        """
        ...

    async def pressure(self) -> Pressure | None:
        """Why nothing new should be taken now: no room, or a store that cannot be written; None where all is well.

        Whoever takes in (polls, receives) asks before; what waits is delivered all the same. It passes by itself.
        """
        ...

    async def prune(self) -> Pruned:
        """Remove what is finished and old enough, in small slices beside dispatch, and give its room back.

        Never removed are waiting deliveries, gates, and dead letters without an age set for them. `run_commands` does
        this once a minute.

        Raises:
            StoreError: the store, or the file that dead letters are written to first.
            LeaseLostError: this process does not hold the store.
        """
        ...

    async def checkpoint(self, flow: str, canonical_type: str) -> Json | None:
        """The cursor stored last; None where there is none yet."""
        ...

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
        """Dispatch what waits, in order per key.

        Ends when nothing waits (`until_idle`), when `stop` is set (pushes under way are awaited), when the flow must
        stop, or when nothing could be tried for `max_wait` seconds while only waiting for idleness. Appending while
        it runs wakes it.

        A store that is full or locked is waited for: for half a minute, or without `until_idle` until it is well again
        or `stop` is set.

        Raises:
            StoreError: the store was in trouble for longer. Pushes whose outcomes could not be stored are repeated by
                the next drain, as unsure.
            LeaseLostError: this process does not hold the store.
        """
        ...

    async def counts(self, flow: str) -> Mapping[str, Mapping[str, int]]:
        """Per canonical type: `read`, `waiting` and every outcome, since the flow exists."""
        ...

    def resting(self) -> Mapping[str, datetime]:
        """Destinations that this process gives a rest because they do not answer, until when."""
        ...

    async def status(self) -> EngineStatus:
        """The store as a whole."""
        ...

    async def events_of_key(self, flow: str, canonical_type: str, key: str, *, limit: int = 100) -> Sequence[KeyEvent]:
        """The life of one key in log order, its latest `limit` events."""
        ...

    async def standings(self, flow: str, canonical_type: str, identities: Sequence[str]) -> Mapping[str, Standing]:
        """Where identities of a flow stand outside shadow; those that it never logged are left out."""
        ...

    async def members(
        self, flow: str, canonical_type: str, keys: Sequence[str], *, shadow: bool = False
    ) -> Mapping[tuple[str, str], Json]:
        """The last known quantities that sums are made of: (key, source location) to quantity."""
        ...

    async def shadowed(
        self, flow: str, *, canonical_type: str | None = None, after: int = 0, limit: int = 1_000
    ) -> Sequence[Shadowed]:
        """Deliveries that ended in shadow, in log order from behind position `after`."""
        ...

    async def dead_letters(self, which: DeadFilter | None = None, *, limit: int = 100) -> Sequence[DeadLetter]:
        """Dead letters in log order, without their attempts."""
        ...

    async def dead_letter(self, id: int) -> DeadLetter | None:  # noqa: A002 - the id is what people type
        """One dead letter with every attempt."""
        ...

    async def dead_groups(self, which: DeadFilter | None = None) -> Sequence[DeadGroup]:
        """Dead letters grouped by cause, the largest group first."""
        ...

    async def suspects(self, flow: FlowSpec, canonical_type: str, *, which: Suspects) -> Sequence[str]:
        """Native ids of the source's records of which several carry one key, as far as the log knows.

        Their events are dead letters until one record alone carries the key. `new` names those of keys that nobody
        asked the source about yet, `longest` fifty that were asked about longest ago, `all` every one.
        """
        ...

    async def settle_suspects(
        self, flow: FlowSpec, canonical_type: str, asked: Sequence[str], found: Mapping[str, Any] | None
    ) -> int:
        """Take in what the source says of suspects now: native id to canonical record, without those that are gone.

        What is told of the one record that carries a key after all waits for its delivery: how many events that were.
        `found` None means that the source cannot say.
        """
        ...

    async def retry_dead(
        self, which: DeadFilter, *, remap: Remap | None = None, flows: Sequence[FlowSpec] = ()
    ) -> RetryReport:
        """Let dead letters wait again, with a fresh count of attempts, at their old place in the log.

        Dead letters that follow a chosen one go with it. Dead webhooks go back into the inbox, for their flow only, and
        are received again by whoever works the inbox. Those that were never mapped need `remap`, and their flow
        among `flows` where this process did not use it yet. Those whose key another record of the source carries stay:
        see `settle_suspects`.
        """
        ...

    async def drop_dead(self, which: DeadFilter) -> int:
        """Give dead letters up for good; how many there were."""
        ...

    async def submit(self, name: str, arguments: Mapping[str, Json]) -> int:
        """Ask the holder for something; the id of the command."""
        ...

    async def wait_result(self, command: int, *, timeout: float) -> CommandResult:  # noqa: ASYNC109 - by our clock
        """The holder's answer.

        Raises:
            EngineError: no answer within `timeout` seconds; the command stays in the queue.
        """
        ...

    async def run_commands(self, handlers: Mapping[str, CommandHandler], *, stop: asyncio.Event) -> None:
        """As the holder: carry out commands of other processes, and keep house, until `stop` is set.

        Commands start in order and run side by side: a long one keeps no other waiting. Those under way at the end are
        finished.
        A command that was under way when a holder died is carried out again: handlers must bear that.
        """
        ...

    async def remember(self, name: str, value: Json) -> None:
        """Keep a small JSON value of the runtime (a flow's state) in the store; None forgets it."""
        ...

    async def recall(self, name: str) -> Json | None:
        """The value kept under a name."""
        ...
