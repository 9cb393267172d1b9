"""All flows of a project, run for months: each by its runner, over connections that are opened once."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import attrs

from pullpush_sdk.canonical import instant_text
from pullpush_sdk.clock import Clock, SystemClock
from pullpush_sdk.engine.inbox import InboxStatus
from pullpush_sdk.engine.ports import Engine, FlowSpec, Holder
from pullpush_sdk.engine.upkeep import Pressure
from pullpush_sdk.errors import StoreError, UnavailableError
from pullpush_sdk.http import Redactor
from pullpush_sdk.plugins import Plugins
from pullpush_sdk.project import Project

from ._poll_lock import PollLocks
from ._pool import Connections, End
from ._reconcile import ReconcileReport
from ._reconcile_now import reconcile_now
from ._report import SyncReport
from ._runner import FlowRunner
from ._states import State
from ._surroundings import Surroundings
from ._sync_now import sync_now
from ._waiting import wait_for_any

Json = Any

_log = logging.getLogger("pullpush.flows")

_TELL_SECONDS = 2.0
_BEAT_SECONDS = 5.0
_SETTLE_SECONDS = 30.0


@attrs.define(kw_only=True, eq=False)
class Supervisor:
    """The flows of one process that holds the store; made by `open_supervisor`.

    `store_error` is why the store could not be written last, empty where it could; `written_at` is the monotonic time
    at which it could. `holder` is who holds it, `pressure` why it takes nothing new, and `inbox` what raw webhooks
    wait, as they were seen last. `file_changed` says that the project file is not the one that runs.
    """

    here: Surroundings
    runners: Mapping[str, FlowRunner]
    store_error: str = ""
    written_at: float = 0.0
    holder: Holder | None = None
    pressure: Pressure | None = None
    inbox: Sequence[InboxStatus] = ()
    file_changed: bool = False
    _file: bytes | None = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._file = _content(self.here.project)

    async def run(self, stop: asyncio.Event) -> None:
        """Run every flow until `stop` is set, and finish what is under way then.

        Raises:
            LeaseLostError: this process no longer holds the store.
        """
        tasks = [asyncio.ensure_future(each.run(stop)) for each in self.runners.values()]
        tasks.append(asyncio.ensure_future(self._tell(stop)))
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            for each in tasks:
                if each.done():
                    each.result()
        finally:
            for each in tasks:
                each.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def sync(self, flow: str, *, read: bool, max_wait: float, stop: asyncio.Event) -> SyncReport:
        """Read and deliver a flow now; see `sync_now`."""
        return await sync_now(self.runners[flow], read=read, max_wait=max_wait, stop=stop)

    async def reconcile(
        self, flow: str, *, types: Sequence[str], max_wait: float, stop: asyncio.Event
    ) -> ReconcileReport:
        """Compare both sides of a flow now and deliver what differs; see `reconcile_now`."""
        return await reconcile_now(self.runners[flow], types=types, max_wait=max_wait, stop=stop)

    async def choose(self, flow: str, state: State) -> None:
        """A flow's state was chosen in the store: returns when it is in effect, or half a minute later."""
        runner = self.runners[flow]
        runner.choose(state)
        await runner.chosen(_SETTLE_SECONDS)

    def source(self, name: str) -> End | None:
        """A connection that some flow reads, None where there is none or it cannot be opened."""
        if all(each.flow.source != name for each in self.runners.values()):
            return None
        return self.here.connections.current(name)

    def mended(self, name: str) -> None:
        """A connection got new credentials: flows in error that use it are tried again at once."""
        for runner in self.runners.values():
            if name in (runner.flow.source, runner.flow.destination) and runner.troubles.now is not None:
                runner.try_again()

    def flows_from(self, name: str, canonical_type: str) -> Sequence[FlowSpec]:
        """How events that came in from a connection are to be appended, for every flow that reads them there.

        Raises:
            UnavailableError: one of those flows was never opened yet, so that its locations are not known: keep the
                events.
        """
        found = []
        for runner in self.runners.values():
            if runner.flow.source != name or canonical_type not in runner.flow.types:
                continue
            if runner.spec is None:
                trouble = runner.troubles.now
                reason = trouble.reason if trouble is not None else "it is being opened"
                raise UnavailableError(f"flow {runner.flow.name!r} takes no events yet: {reason}")
            found.append(runner.spec)
        return found

    def shown(self) -> dict[str, Json]:
        """How every flow stands, and which destinations are given a rest."""
        resting = {name: instant_text(until) for name, until in self.here.engine.resting().items()}
        return {"flows": {name: each.shown() for name, each in self.runners.items()}, "resting": resting}

    async def _tell(self, stop: asyncio.Event) -> None:
        """Keep in the store how the flows stand, for `pullpush status` in other processes; and see that it can."""
        engine, clock = self.here.engine, self.here.clock
        before: Json = None
        while True:
            self._look_at_file()
            shown = self.shown()
            if shown != before or clock.monotonic() - self.written_at >= _BEAT_SECONDS:
                try:
                    await engine.remember("run", {**shown, "at": instant_text(clock.now())})
                    before, self.store_error, self.written_at = shown, "", clock.monotonic()
                    self.holder = await engine.holder()
                    self.pressure = await engine.pressure()
                    self.inbox = await engine.inbox.status()
                    if self.pressure is None:
                        for each in self.runners.values():
                            each.polls.store_works()
                except StoreError as error:
                    self.store_error = str(error)
            if await wait_for_any([stop], _TELL_SECONDS, clock):
                break
        try:
            await engine.remember("run", None)
        except StoreError as error:
            _log.warning("what status shows may be old: %s", error)

    def _look_at_file(self) -> None:
        """Say once that what somebody changed in the project file takes a restart."""
        file = self.here.project.file
        changed = _content(self.here.project) != self._file
        if changed and not self.file_changed:
            _log.warning("%s was changed: that takes effect when this process is started again", file)
        self.file_changed = changed


def _content(project: Project) -> bytes | None:
    try:
        return project.file.read_bytes()
    except OSError:  # it is being replaced
        return None


@asynccontextmanager
async def open_supervisor(
    project: Project,
    plugins: Plugins,
    engine: Engine,
    *,
    redactor: Redactor,
    clock: Clock | None = None,
    chance: random.Random | None = None,
) -> AsyncIterator[Supervisor]:
    """The supervisor of a project's flows; the caller holds the store. Closes the connections on leaving.

    Raises:
        StoreError: the store could not be read.
    """
    time = clock or SystemClock()
    async with AsyncExitStack() as stack:
        pool = Connections(project=project, plugins=plugins, redactor=redactor, clock=time)
        here = Surroundings(
            project=project,
            engine=engine,
            connections=await stack.enter_async_context(pool),
            locks=PollLocks.of(project, time),
            redactor=redactor,
            clock=time,
            share=(chance or random.Random()).random,  # noqa: S311 - spreads times, guards nothing
        )
        runners = {flow.name: FlowRunner(flow=flow, here=here) for flow in project.flows.values()}
        for each in runners.values():
            await each.load()
        yield Supervisor(here=here, runners=runners, written_at=time.monotonic(), holder=await engine.holder())


async def running(engine: Engine) -> dict[str, Json] | None:
    """What the process that runs this store's flows told of them last, None where none does."""
    kept = await engine.recall("run")
    return kept if isinstance(kept, dict) and await engine.holder() is not None else None
