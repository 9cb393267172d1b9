"""From lanes to pushes: who goes next, how many at once, and what an answer means for those behind.

A lane is the waiting deliveries of one key. It has at most one turn at a time, so order per key needs no locks. What
stays in memory is a bounded number of keys, never the deliveries: lanes that have something are queued as events are
appended; whatever was there before, or did not fit, is found by walking the store in key order. A lane that has had
its turn goes to the back of the queue, so a busy key cannot keep others waiting, and the walk goes on between turns,
so the queue cannot keep the rest of the store waiting.

A turn is: take a batch (decide, mark as on its way, durable), push, store the outcomes (durable). A push that a crash
interrupts is found as still on its way and is repeated with `maybe_applied`.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TypeVar

import attrs

from pullpush_sdk.clock import Clock
from pullpush_sdk.connector import Delivery, Outcome, Result, Verb, moment_of, version_of
from pullpush_sdk.errors import PullPushError, StoreBusyError, StoreError, StoreFullError

from .breaker import Breaker
from .gate import Row
from .lane_queue import LaneQueue
from .lanes import Taken
from .policy import Action, Backoff, Resolution, action_of, checked, describe, is_outage, may_be_applied, resolve
from .ports import DrainReport, FlowSpec, Observer, Push

__all__ = ["Dispatcher"]

T = TypeVar("T")

_log = logging.getLogger("pullpush.engine")

_STORE_PATIENCE = 30.0
_LOOK_AGAIN = 1.0
_FAULTS = 20
_VERBS = {verb.value: verb for verb in Verb}


@attrs.define
class Dispatcher:
    """One drain of one flow."""

    flow: FlowSpec
    lanes: Mapping[str, LaneQueue]
    push: Push
    clock: Clock
    breaker: Breaker
    backoff: Backoff
    observer: Observer | None
    shadow: bool = False
    _wake: asyncio.Event = attrs.field(init=False, factory=asyncio.Event)
    _turns: set[asyncio.Task[None]] = attrs.field(init=False, factory=set)
    _counts: dict[str, Counter[str]] = attrs.field(init=False)
    _error: PullPushError | None = attrs.field(init=False, default=None)
    _raised: BaseException | None = attrs.field(init=False, default=None)
    _unreachable: str = attrs.field(init=False, default="")
    _faults: dict[str, None] = attrs.field(init=False, factory=dict)
    _round: deque[str] = attrs.field(init=False)
    _stop: asyncio.Event | None = attrs.field(init=False, default=None)

    def __attrs_post_init__(self) -> None:
        self._counts = {name: Counter() for name in self.lanes}
        self._round = deque(self.lanes)

    def wake(self, canonical_type: str, keys: Iterable[str], *, background: bool = False) -> None:
        """Tell of lanes that were appended to; an import's (`background`) let the others go first."""
        if canonical_type in self.lanes:
            self.lanes[canonical_type].wake(keys, background=background)
            self._wake.set()

    async def run(self, stop: asyncio.Event | None, *, until_idle: bool, max_wait: float) -> DrainReport:
        """Dispatch until idle, stopped or unable to go on. Raises StoreError, and what is a bug."""
        self._stop = None if until_idle else stop
        stopper = asyncio.ensure_future(stop.wait()) if stop is not None else None
        if stopper is not None:
            stopper.add_done_callback(lambda _done: self._wake.set())
        try:
            for lanes in self.lanes.values():
                await self._patiently(lanes.store.recover)
            while not (stop is not None and stop.is_set()) and self._error is None and self._raised is None:
                self._wake.clear()
                if await self._advance():
                    continue
                if until_idle and not self._turns and self._over(max_wait):
                    break
                await self._pause(max_wait if until_idle else None)
            await self._settled()
        finally:
            left = [*self._turns, *([stopper] if stopper is not None else [])]
            for each in left:
                each.cancel()
            await asyncio.gather(*left, return_exceptions=True)
        if self._raised is not None:
            raise self._raised
        return await self._report()

    async def _advance(self) -> bool:
        """One step: start turns while there is room, else look for more lanes. False where there is nothing to do."""
        now = self._now()
        for lanes in self.lanes.values():
            lanes.release_held(now)
        moved = False
        while self._may_start() and (name := self._next_type()) is not None:
            self._start(self.lanes[name])
            moved = True
        for lanes in self.lanes.values():
            if lanes.walking:
                await self._patiently(partial(lanes.walk, now))
                moved = True
        return moved

    def _may_start(self) -> bool:
        if self._error is not None or len(self._turns) >= self.flow.concurrency:
            return False
        if self.shadow or self.breaker.down_since is None:
            return True
        return not self._turns and not self.breaker.busy and self.breaker.wait(self.clock.monotonic()) <= 0

    def _next_type(self) -> str | None:
        for _ in range(len(self._round)):
            self._round.rotate(-1)
            if self.lanes[self._round[-1]].ready:
                return self._round[-1]
        return None

    def _start(self, lanes: LaneQueue) -> None:
        probe = not self.shadow and self.breaker.begin()
        keys = lanes.pop(1 if probe else lanes.batch)
        turn = asyncio.ensure_future(self._turn_of(lanes, keys, probe=probe))
        self._turns.add(turn)
        turn.add_done_callback(self._turn_ended)

    def _turn_ended(self, turn: asyncio.Task[None]) -> None:
        self._turns.discard(turn)
        self._wake.set()
        if turn.cancelled() or (error := turn.exception()) is None:
            return
        self._raised = self._raised or error

    async def _turn_of(self, lanes: LaneQueue, keys: Sequence[str], *, probe: bool) -> None:
        room = 1 if probe or (len(keys) == 1 and keys[0] in lanes.alone) else lanes.batch
        resolutions: Sequence[Resolution] = ()
        try:
            taken = await self._patiently(lambda: lanes.store.take(keys, room, self._now()))
            lanes.put_back(taken.untouched)
            self._counts[lanes.kind.name].update(taken.ended)
            rows = [row for lane in taken.lanes for row in lane.rows]
            if rows:
                resolutions = await self._pushed(lanes, taken, rows, probe=probe)
        finally:
            if probe and self.breaker.busy:
                self.breaker.abandoned()
        self._lanes_go_on(lanes, taken, resolutions)

    async def _pushed(
        self, lanes: LaneQueue, taken: Taken, rows: Sequence[Row], *, probe: bool
    ) -> Sequence[Resolution]:
        match = self.flow.match.get(lanes.kind.name)
        batch = [_delivery(lanes, row, payload, match) for row, payload in zip(rows, taken.payloads, strict=True)]
        try:
            outcomes = checked(await self.push(lanes.kind.name, batch), len(batch))
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            # Nobody cancelled this turn: the push let a cancellation of its own out.
            resolutions = self._failed(lanes, rows, RuntimeError("the push cancelled itself"), probe=probe)
        except Exception as error:  # noqa: BLE001 - the table says what each error means
            resolutions = self._failed(lanes, rows, error, probe=probe)
        else:
            resolutions = self._answered(lanes, rows, outcomes, probe=probe)
        if lanes.alone:
            lanes.alone.difference_update(row.key for row, each in zip(rows, resolutions, strict=True) if each.spent)
        await self._patiently(lambda: lanes.store.finish(taken, resolutions, self._now()))
        final = [each.outcome for each in resolutions]
        ended = Counter([each.result._value_ for each in final])  # `.value` and the hash of a member are slow
        ended.pop(Result.RETRY.value, None)
        self._counts[lanes.kind.name].update(ended)
        if self.observer is not None:
            self._observe(self.observer, lanes.kind.name, batch, final)
        return resolutions

    def _answered(
        self, lanes: LaneQueue, rows: Sequence[Row], outcomes: Sequence[Outcome], *, probe: bool
    ) -> list[Resolution]:
        spent = self.breaker.down_since is None
        if all(outcome.result is Result.RETRY for outcome in outcomes):
            self.breaker.failed(self.clock.monotonic(), outage=False, key=rows[0].key, probe=probe)
        else:
            self.breaker.answered()
            spent = True
        first = Resolution(outcomes[0])  # often the outcome of all of them
        return [
            self._resolved(lanes, row, outcome, spent=spent)
            if outcome.result is Result.RETRY
            else first
            if outcome is first.outcome
            else Resolution(outcome)
            for row, outcome in zip(rows, outcomes, strict=True)
        ]

    def _resolved(self, lanes: LaneQueue, row: Row, outcome: Outcome, *, spent: bool) -> Resolution:
        return resolve(
            outcome,
            attempt=row.attempts + 1,
            spent=spent,
            now=self._now(),
            backoff=self.backoff,
            index_lag=self.flow.index_lag.get(lanes.kind.name, 0.0),
        )

    def _failed(self, lanes: LaneQueue, rows: Sequence[Row], error: Exception, *, probe: bool) -> list[Resolution]:
        """What an exception from a push means for each of its deliveries."""
        action = action_of(error)
        maybe = may_be_applied(error, len(rows))
        reason, answer = describe(error), getattr(error, "answer", "")
        spent = self.breaker.down_since is None
        if is_outage(error) or (probe and action is Action.FAULT):
            self.breaker.failed(self.clock.monotonic(), outage=True, key=rows[0].key, probe=probe)
        elif action is not Action.FAULT:  # a connector's own mistake tells nothing about the destination
            self.breaker.answered()
            spent = True
        outcome = Outcome.retry(reason, after=getattr(error, "retry_after", None), answer=answer, maybe_applied=maybe)
        if action is Action.STOP:
            assert isinstance(error, PullPushError)
            self._error = self._error or error
            return [self._resolved(lanes, row, outcome, spent=False) for row in rows]
        if action is Action.ALONE:
            if len(rows) == 1:
                return [Resolution(Outcome.dead(reason, answer=answer))]
            lanes.alone.update(row.key for row in rows)
            return [self._resolved(lanes, row, outcome, spent=False) for row in rows]
        if action is Action.FAULT:
            self._fault(error)
        return [self._resolved(lanes, row, outcome, spent=spent) for row in rows]

    def _fault(self, error: Exception) -> None:
        text = f"the push of flow {self.flow.name!r} failed unexpectedly: {describe(error)}"
        if text not in self._faults and len(self._faults) < _FAULTS:
            self._faults[text] = None
            _log.error(text, exc_info=error)

    async def _patiently(self, call: Callable[[], Awaitable[T]]) -> T:
        """The result of a call to the store; a store in trouble is given time.

        What a push did cannot be asked again, and a full disk or a foreign lock often passes. Who runs on waits for
        that without end, who was started once only for a while.
        """
        end = self.clock.monotonic() + _STORE_PATIENCE
        wait = 0.1
        while True:
            try:
                return await call()
            except StoreError as error:
                passes = isinstance(error, (StoreFullError, StoreBusyError))
                if self.clock.monotonic() >= end and not (passes and self._runs_on()):
                    raise
                _log.warning("%s; trying again", error)
                await self.clock.sleep(wait)
                wait = min(wait * 2, 5.0)

    def _runs_on(self) -> bool:
        """Whether nobody waits for the end of this drain."""
        return self._stop is not None and not self._stop.is_set()

    def _now(self) -> int:
        return version_of(self.clock.now())

    def _lanes_go_on(self, lanes: LaneQueue, taken: Taken, resolutions: Sequence[Resolution]) -> None:
        answers = iter(resolutions)
        for lane in taken.lanes:
            due, retried = lane.due, False
            for _row in lane.rows:
                answer = next(answers)
                if answer.outcome.result is Result.RETRY:
                    retried = True
                    due = max(due or 0, answer.due)
            # A wait of zero is no wait, but the lane must come again.
            lanes.had_turn(lane.key, due=due or None, rest=lane.rest or retried)

    def _observe(
        self, observer: Observer, canonical_type: str, batch: Sequence[Delivery], outcomes: Sequence[Outcome]
    ) -> None:
        news = [pair for pair in zip(batch, outcomes, strict=True) if not pair[0].baseline]
        if not news:
            return
        batch, outcomes = [delivery for delivery, _ in news], [outcome for _, outcome in news]
        dead = {delivery.id: outcome.reason for delivery, outcome in news if outcome.result is Result.DEAD}
        try:
            observer.delivered(self.flow.name, canonical_type, batch, outcomes)
            if dead:
                observer.dead_letter(self.flow.name, canonical_type, dead)
        except Exception:  # noqa: BLE001 - whatever a plugin raises
            _log.exception("an observer failed; delivery goes on")

    def _over(self, max_wait: float) -> bool:
        """Whether a drain that waits for idleness has reached it, or would wait too long for it."""
        if all(lanes.quiet for lanes in self.lanes.values()):
            return True
        now = self.clock.monotonic()
        if self.breaker.down_since is not None and now - self.breaker.down_since >= max_wait:
            self._unreachable = f"destination {self.flow.destination!r} is unreachable"
            return True
        times = [lanes.next_time for lanes in self.lanes.values() if lanes.next_time is not None]
        held_only = not any(lanes.ready or lanes.walking for lanes in self.lanes.values())
        if held_only and times and self.breaker.down_since is None:
            wait = (min(times) - self._now()) / 1_000_000
            return wait > max_wait
        return False

    async def _pause(self, max_wait: float | None) -> None:
        """Until something may be done: a turn ended, an event came, or time has passed."""
        seconds = self._seconds_to_wait(max_wait)
        if self._wake.is_set():
            return
        if seconds is None:
            await self._wake.wait()
            return
        waits: list[asyncio.Future[object]] = [asyncio.ensure_future(self._wake.wait())]
        if not self._turns:
            waits.append(asyncio.ensure_future(self.clock.sleep(seconds)))
        try:
            # A push takes real time, also under a clock that jumps as soon as somebody sleeps.
            timeout = seconds if self._turns else None
            await asyncio.wait(waits, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    def _seconds_to_wait(self, max_wait: float | None) -> float | None:
        if len(self._turns) >= self.flow.concurrency:
            return None
        if self.breaker.busy:  # the probe is ours, and wakes us, or another flow's
            return None if self._turns else _LOOK_AGAIN
        now = self.clock.now()
        waits: list[float] = []
        times = [lanes.next_time for lanes in self.lanes.values() if lanes.next_time is not None]
        if times:
            waits.append(max((moment_of(min(times)) - now).total_seconds(), 0.0))
        if self.breaker.down_since is not None:
            monotonic = self.clock.monotonic()
            waits = [self.breaker.wait(monotonic)] if self._has_ready() else waits
            if max_wait is not None:
                waits.append(self.breaker.down_since + max_wait - monotonic)
        return max(min(waits), 0.001) if waits else None

    def _has_ready(self) -> bool:
        return any(lanes.ready for lanes in self.lanes.values())

    async def _settled(self) -> None:
        """Until the turns under way have ended."""
        while self._turns:
            await asyncio.wait(self._turns)

    async def _report(self) -> DrainReport:
        waiting = sum([await lanes.store.waiting() for lanes in self.lanes.values()])
        unreachable = f"{self._unreachable}; {waiting} deliveries wait" if self._unreachable else ""
        return DrainReport(
            counts={name: dict(counts) for name, counts in self._counts.items()},
            waiting=waiting,
            error=self._error,
            unreachable=unreachable,
            faults=tuple(self._faults),
        )


def _delivery(lanes: LaneQueue, row: Row, payload: Mapping[str, object], match: str | None) -> Delivery:
    fields = row.fields
    return Delivery(
        id=lanes.store.delivery_id(row.pos),
        kind=lanes.kind,
        verb=_VERBS[row.verb],
        key=row.key,
        identity=row.identity,
        payload=payload,
        version=row.version,
        position=row.pos,
        attempt=row.attempts + 1,
        maybe_applied=row.maybe_applied,
        fields=None if fields is None else fields - row.without,
        native_id=row.written_id,
        baseline=row.baseline,
        match=match,
    )
