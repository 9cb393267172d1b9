"""A raw request into events, by its connector: at once, or with look-ups that are tried again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import datetime, timedelta
from typing import Any

import attrs

from pullpush_sdk.clock import Clock
from pullpush_sdk.connector import Event, Page, WebhookRequest
from pullpush_sdk.engine.breaker import Breaker
from pullpush_sdk.engine.inbox import LookUp
from pullpush_sdk.engine.policy import MAX_ATTEMPTS, Backoff, describe, is_outage
from pullpush_sdk.engine.ports import Engine
from pullpush_sdk.errors import AuthError, ContractError, RecordError, SetupError, StoreError
from pullpush_sdk.flows import checked

from ._target import Target
from ._work import Done, Work

__all__ = ["Looking"]

_log = logging.getLogger("pullpush.serve")

_LOOK_AGAIN = 1.0
_LONGEST_WAIT = 7 * 86_400.0


@attrs.define(kw_only=True)
class Looking:
    """Asks connectors what requests say.

    A connector that does not answer is given a rest, as a destination is: tries meanwhile are not spent. Credentials
    that are refused spend none either: a person must act, and then everything goes on by itself. `load` brings the
    request of a work, `let_go` spares its memory until the next try, `target` is its connection as it is now.
    """

    engine: Engine
    clock: Clock
    backoff: Backoff
    slots: asyncio.Semaphore
    load: Callable[[Work], Awaitable[WebhookRequest | None]]
    let_go: Callable[[Work], None]
    target: Callable[[str], Target | None]
    _breakers: dict[str, Breaker] = attrs.field(factory=dict, init=False)

    def at_once(self, work: Work) -> Done | None:
        """What came of a work that needs no look-up; None where it turns out to need one."""
        assert work.request is not None
        asked = _hook(work.row.target, work.request)
        if asked is None:
            return Done(work=work)
        try:
            asked.send(None)
        except StopIteration as end:
            return Done(work=work, events=end.value)
        except Exception as error:  # noqa: BLE001 - whatever a map's function raises is about this request
            return _dead(work, work.request, error)
        asked.close()
        return None

    async def done(self, work: Work) -> Done:
        """What came of a work in the end, however long its look-ups take."""
        breaker = self._breakers.setdefault(work.row.connection, Breaker())
        spent = work.tried.number if work.tried is not None else 0
        held_back = 0
        if work.tried is not None:
            await self._sleep_until(work.tried.due)
        while True:
            while not self._may_try(breaker):
                self.let_go(work)
                await self.clock.sleep(breaker.wait(self.clock.monotonic()) or _LOOK_AGAIN)
            async with self.slots:
                if not self._may_try(breaker):  # others failed while this one waited for its turn
                    continue
                request = await self.load(work)
                if request is None:
                    return Done(work=work)
                # What was mended since it came in counts: a setting, a secret.
                work.row.target = self.target(work.row.connection) or work.row.target
                was_down, probe = breaker.down_since is not None, breaker.begin()
                # A connector that asked its platform has let the event loop turn meanwhile.
                turned = asyncio.Event()
                turn = asyncio.get_running_loop().call_soon(turned.set)
                try:
                    done = await self._asked(work, request)
                    if turned.is_set():
                        breaker.answered()
                    return done
                except Exception as error:  # noqa: BLE001 - whatever a connector raises is tried again
                    failure = error
                finally:
                    turn.cancel()
                    if probe:
                        breaker.abandoned()
            self._judge(failure, breaker, work, probe=probe)
            if was_down or isinstance(failure, (AuthError, SetupError)):
                held_back += 1
                if held_back == 1:
                    await self._note(work, spent, failure)  # not spent, but `status` tells why it waits
                self.let_go(work)
                await self._wait(failure, held_back)
                continue
            spent += 1
            if spent >= MAX_ATTEMPTS:
                return _dead(work, request, failure, f" (attempt {spent}, the last)")
            work.tried = await self._note(work, spent, failure)
            self.let_go(work)
            await self._sleep_until(work.tried.due)

    async def _asked(self, work: Work, request: WebhookRequest) -> Done:
        """What came of one try; errors about the request itself are an answer too."""
        target = work.row.target
        try:
            asked = _hook(target, request)
            events = () if asked is None else await asked
            return Done(work=work, request=request, events=events if target.is_generic else _checked(target, events))
        except RecordError as error:
            return _dead(work, request, error)

    def _judge(self, error: Exception, breaker: Breaker, work: Work, *, probe: bool) -> None:
        name = work.row.connection
        if isinstance(error, (AuthError, SetupError)):
            _log.warning("webhooks of %s wait: %s", name, describe(error))
            return
        _log.info("a look-up for a webhook of %s failed: %s", name, describe(error))
        key = "/".join(work.lane)
        breaker.failed(self.clock.monotonic(), outage=is_outage(error), key=key, probe=probe)

    def _may_try(self, breaker: Breaker) -> bool:
        """Whether the platform answers, or is to be asked again whether it does."""
        return breaker.down_since is None or (breaker.wait(self.clock.monotonic()) <= 0 and not breaker.busy)

    async def _wait(self, error: Exception, times: int) -> None:
        await self.clock.sleep(max(self.backoff.wait(times), _after(error), _LOOK_AGAIN))

    async def _sleep_until(self, due: datetime) -> None:
        await self.clock.sleep((due - self.clock.now()).total_seconds())

    async def _note(self, work: Work, number: int, error: Exception) -> LookUp:
        now = self.clock.now()
        due = now + timedelta(seconds=min(max(self.backoff.wait(number), _after(error)), _LONGEST_WAIT))
        failed = LookUp(
            row=work.row.id,
            item=work.item,
            number=number,
            at=now,
            due=due,
            reason=describe(error),
            answer=str(getattr(error, "answer", "")),
        )
        try:
            await self.engine.inbox.note_failure(failed)
        except StoreError as trouble:
            _log.warning("a failed look-up is not remembered: %s", trouble)
        return failed


def _hook(target: Target, request: WebhookRequest) -> Coroutine[Any, Any, Sequence[Event]] | None:
    found: Coroutine[Any, Any, Sequence[Event]] | None = target.loaded.hook.pullpush_receive(
        connection=target.connection, request=request
    )
    return found


def _checked(target: Target, events: object) -> Sequence[Event]:
    """Events that a connector's own code made, if they are what they must be."""
    if not isinstance(events, Sequence) or not all(isinstance(each, Event) for each in events):
        raise ContractError(f"{target.loaded.name} gave {type(events).__name__} for a webhook, expected events")
    for event in events:
        kind = target.connection.types.get(event.type)
        if kind is None:
            raise ContractError(f"{target.loaded.name} gave an event of the unknown type {event.type!r}")
        if rejects := checked(Page(events=[event], cursor=None), kind).rejects:
            raise rejects[0].error
    return events


def _after(error: Exception) -> float:
    after = getattr(error, "retry_after", None)
    return float(after) if isinstance(after, (int, float)) and after > 0 else 0.0


def _dead(work: Work, request: WebhookRequest, error: Exception, suffix: str = "") -> Done:
    reason = f"{describe(error)}{suffix}"
    return Done(work=work, request=request, reason=reason, answer=str(getattr(error, "answer", "")))
