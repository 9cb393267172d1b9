"""One flow of a long-running process: opened, polled and delivered, paused, and brought back when it failed.

Reading and delivering run side by side. A source that lost its credentials stops the reading only: what was read is
still delivered. A destination that lost them stops both. Either is the state `error`: the flow is opened again at a
growing interval, so that what somebody mends is found without a restart, and it leaves the state when the side that
failed is seen to work.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

import attrs

from pullpush_sdk.connector import Delivery, Outcome, Result
from pullpush_sdk.engine.policy import checked
from pullpush_sdk.engine.ports import FlowSpec
from pullpush_sdk.errors import EngineError, LeaseLostError, SetupError, StoreError, TransientError, UnavailableError
from pullpush_sdk.project import FlowConfig, Manual

from ._polls import RECONCILE, Polls
from ._report import Silent, name_connection
from ._states import State, flow_state
from ._surroundings import Surroundings
from ._troubles import Troubles
from ._waiting import wait_for_any
from ._work import FlowWork, known_spec, open_work

Json = Any

_log = logging.getLogger("pullpush.flows")

_FIRST_WAIT = 5.0
_STORE_WAIT = 5.0


class _Failed(Exception):  # noqa: N818 - it carries an error, and is none
    """A side of the flow that cannot go on, on its way to who opens it again."""

    def __init__(self, side: str, error: Exception) -> None:
        super().__init__(str(error))
        self.side = side
        self.error = error


@attrs.define(kw_only=True, eq=False)
class FlowRunner:
    """Runs one flow until it is stopped.

    `spec` is how webhooks of its source are to be appended, None while that is not known yet.
    """

    flow: FlowConfig
    here: Surroundings
    spec: FlowSpec | None = None
    state: State = "shadow"
    troubles: Troubles = attrs.field(init=False)
    polls: Polls = attrs.field(init=False)
    _store_trouble: str = attrs.field(init=False, default="")
    _chosen: asyncio.Event = attrs.field(init=False, factory=asyncio.Event)
    _settled: asyncio.Event = attrs.field(init=False, factory=asyncio.Event)
    _notes: dict[str, None] = attrs.field(init=False, factory=dict)

    def __attrs_post_init__(self) -> None:
        self.polls = Polls(flow=self.flow, here=self.here, went=self._source_went)
        self.troubles = Troubles(flow=self.flow.name, here=self.here)

    async def load(self) -> None:
        """Learn from the store how the flow stands. Comes first; raises StoreError."""
        self.state = await flow_state(self.here.engine, self.flow)
        await self.troubles.load()
        await self.polls.load()
        try:
            # Webhooks are taken before any platform has answered.
            plugins = self.here.connections.plugins
            self.spec = await known_spec(self.here.project, plugins, self.here.engine, self.flow, self.state)
        except (SetupError, UnavailableError) as error:
            _log.debug("flow %s takes webhooks once it is open: %s", self.flow.name, error)

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set; what is under way then is finished.

        Raises:
            LeaseLostError: this process no longer holds the store.
        """
        while not stop.is_set():
            try:
                await self._open(stop)
                self._store_trouble = ""
            except LeaseLostError:
                raise
            except StoreError as error:
                await self._without_store(error, stop)
            except _Failed as failed:
                await self._in_trouble(failed.side, failed.error, stop)
            except Exception as error:  # noqa: BLE001 - one flow's fault must not end the others
                await self._in_trouble("set-up", error, stop)
        self._settled.set()
        self.polls.gave_up(None)

    @property
    def store_trouble(self) -> str:
        """What the store refused last, empty where it takes everything."""
        return self._store_trouble or self.polls.store_trouble or self.troubles.refused

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know although it went well, since the source was last read."""
        return tuple(self._notes)

    def choose(self, state: State) -> None:
        """The state was chosen anew: it takes effect when what is under way is finished."""
        self.state, self.troubles.now = state, None
        if state == "paused":
            self.polls.gave_up(None)
        if self.spec is not None:
            # At once: what a webhook brings from now on belongs to the new state.
            self.spec = attrs.evolve(self.spec, state=state)
        self.try_again()

    def try_again(self) -> None:
        """Open the flow anew, at once."""
        self._settled.clear()
        self._chosen.set()

    async def chosen(self, timeout: float) -> bool:  # noqa: ASYNC109 - by our clock
        """Whether a choice took effect within so many seconds: what was under way is finished."""
        return await self._wait([self._settled], timeout)

    # One opening of the flow

    async def _open(self, stop: asyncio.Event) -> None:
        """Open the flow and run it until it is stopped, another state is chosen, or a side fails."""
        self._chosen.clear()
        self.state = await flow_state(self.here.engine, self.flow)
        if self.state == "paused":
            self._settled.set()
        opening = open_work(
            self.here.project,
            self.here.engine,
            self.flow,
            connections=self.here.connections,
            locks=self.here.locks,
            state=self.state,
            clock=self.here.clock,
            progress=Silent(),
            note=self.note,
        )
        try:
            work = await self._entered(opening, stop)
        except TransientError as error:
            # Not the flow's fault; it is opened again a little later.
            self.note(f"{self.flow.name} cannot start yet: {error}")
            self.polls.gave_up(error)
            self._settled.set()
            await self._wait([stop, self._chosen], _FIRST_WAIT)
            return
        except (EngineError, asyncio.CancelledError):
            raise
        except Exception as error:
            raise _Failed("set-up", error) from error
        if work is None:
            return
        try:
            # Whatever was chosen meanwhile already holds for what webhooks bring.
            self.spec = attrs.evolve(work.spec, state=self.state)
            self._settled.set()
            await self.troubles.over("set-up")
            if self.state == "paused":
                await self._wait([stop, self._chosen], None)
            else:
                await self._live(work, stop)
        finally:
            await opening.__aexit__(None, None, None)

    async def _entered(self, opening: AbstractAsyncContextManager[FlowWork], stop: asyncio.Event) -> FlowWork | None:
        """The open flow; None where a stop or a choice came first: a platform that is down may take minutes to tell."""
        entering = asyncio.ensure_future(opening.__aenter__())
        interrupted = asyncio.ensure_future(self._wait([stop, self._chosen], None))
        try:
            await asyncio.wait([entering, interrupted], return_when=asyncio.FIRST_COMPLETED)
            return entering.result() if entering.done() else None
        finally:
            for each in (entering, interrupted):
                each.cancel()
            await asyncio.gather(entering, interrupted, return_exceptions=True)

    async def _live(self, work: FlowWork, stop: asyncio.Event) -> None:
        cut = asyncio.Event()
        if self.troubles.is_with("source"):
            self.polls.ask(self.flow.types)
        tasks = [
            asyncio.ensure_future(each)
            for each in (self._deliver(work, cut), self._poll(work, cut), self._wait([stop, self._chosen], None))
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            cut.set()
            await asyncio.wait(tasks[:2])
        finally:
            for each in tasks:
                each.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for each in tasks[:2]:
            each.result()

    async def _deliver(self, work: FlowWork, cut: asyncio.Event) -> None:
        """Deliver until cut. Ends before that where the destination cannot go on."""
        if self.troubles.is_with("destination") and not await self.waiting():
            await self.troubles.over("destination")

        async def push(canonical_type: str, batch: Sequence[Delivery]) -> Sequence[Outcome]:
            outcomes = checked(await work.push(canonical_type, batch), len(batch))
            if self.troubles.now is not None and any(each.result is not Result.RETRY for each in outcomes):
                await self.troubles.over("destination")
            return outcomes

        report = await self.here.engine.drain(work.spec, push, stop=cut, until_idle=False, observer=work)
        if report.error is not None:
            raise _Failed("destination", name_connection(report.error, self.flow.destination))

    async def _poll(self, work: FlowWork, cut: asyncio.Event) -> None:
        """Poll until cut. A source that fails is left alone for a while, and delivering goes on meanwhile."""
        try:
            await self.polls.run(work, cut)
        except EngineError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a connector raises
            await self._enter("source", error)
            await self._wait([cut], self.troubles.seconds_left())

    # Trouble

    async def _in_trouble(self, side: str, error: Exception, stop: asyncio.Event) -> None:
        await self._enter(side, error)
        self._settled.set()
        await self._wait([stop, self._chosen], self.troubles.seconds_left())

    async def _enter(self, side: str, error: Exception) -> None:
        await self.troubles.enter(side, error)
        self.polls.gave_up(error)

    async def _source_went(self) -> None:
        await self.troubles.over("source")
        self._notes.clear()

    async def _without_store(self, error: StoreError, stop: asyncio.Event) -> None:
        """The store took nothing for half a minute: nothing can be noted either, so it is tried until it does."""
        self._settled.set()
        self._store_trouble = self.here.redactor.text(str(error))
        self.polls.gave_up(error)
        _log.error("flow %s waits for the store: %s", self.flow.name, error, extra={"flow": self.flow.name})
        await self._wait([stop], _STORE_WAIT)

    async def waiting(self) -> int:
        """How many deliveries have not ended."""
        counts = await self.here.engine.counts(self.flow.name)
        return sum(each.get("waiting", 0) for each in counts.values())

    # Showing

    def shown(self) -> dict[str, Json]:
        """How the flow stands, for the store and for /health."""
        trouble = self.troubles.now
        return {
            "state": "error" if trouble is not None and self.state != "paused" else self.state,
            "error": None if trouble is None else trouble.to_json(),
            "store": self.store_trouble,
            "polls": {} if self.state == "paused" else self.polls.shown(),
        }

    def schedules(self) -> Mapping[str, str]:
        """What is read when, in words."""
        named = {name: str(self.flow.schedule.of(name)) for name in self.flow.types}
        if not isinstance(self.flow.schedule.reconcile, Manual):
            named[RECONCILE] = str(self.flow.schedule.reconcile)
        return named

    def note(self, words: str) -> None:
        """Say something once."""
        if words not in self._notes:
            self._notes[words] = None
            _log.warning("%s", words, extra={"flow": self.flow.name})

    async def _wait(self, events: Sequence[asyncio.Event], seconds: float | None) -> bool:
        """Until one of the events is set (True), or so many seconds have passed."""
        return await wait_for_any(events, seconds, self.here.clock)
