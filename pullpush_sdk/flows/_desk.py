"""One process works on a store at a time; the others ask it.

Whoever holds the store does what it was started for, and meanwhile carries out the commands of other processes. Who
finds the store held asks the holder and waits for its answer; should the holder end without one, the asker takes over.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import attrs

from pullpush_sdk.clock import Clock, SystemClock
from pullpush_sdk.engine.ports import CommandHandler, DeadFilter, Engine, FlowSpec, Holder
from pullpush_sdk.errors import EngineError, LeaseLostError, PullPushError
from pullpush_sdk.http import Redactor
from pullpush_sdk.plugins import Plugins
from pullpush_sdk.project import Project

from ._clashes import settle_clashes
from ._inbox import RECEIVE_SECONDS, Receive, Waiting, spec_of
from ._pool import Connections
from ._reconcile import ReconcileReport, reconcile_flow
from ._remap import Remapper
from ._report import Progress, Silent, SyncReport
from ._states import STATES, State, keep_last_sync, set_flow_state
from ._supervisor import Supervisor
from ._sync import sync_flow

Json = Any
_PATIENCE = 1.0  # seconds between two looks at whether the holder still lives


@attrs.frozen(kw_only=True)
class DeadReport:
    """What became of a wish about dead letters: how many wait again or were dropped, and those that cannot.

    `left` says of which connections webhooks still wait in the inbox, and why.
    """

    count: int
    refused: Mapping[int, str] = attrs.field(factory=dict)
    deliveries: Sequence[SyncReport] = ()
    left: Sequence[str] = ()


@attrs.define(kw_only=True)
class Desk:
    """The work on one project's store, done here or by whoever holds it.

    `stop` ends gracefully what runs here. `on_held` is told who holds the store when the work is not done here.
    `supervisor` runs the flows of a holder that goes on for months: what is asked goes through it. `receive` works the
    inbox once where no such holder does it all the time.
    """

    project: Project
    plugins: Plugins
    engine: Engine
    redactor: Redactor
    progress: Progress = attrs.field(factory=Silent)
    stop: asyncio.Event = attrs.field(factory=asyncio.Event)
    clock: Clock = attrs.field(factory=SystemClock)
    on_held: Callable[[Holder | None], None] = lambda _holder: None
    supervisor: Supervisor | None = None
    receive: Receive | None = None
    _busy: dict[str, asyncio.Lock] = attrs.field(factory=dict, init=False)

    async def sync(self, flows: Iterable[str], *, max_wait: float = 300.0) -> list[SyncReport]:
        """Run flows once, one after the other; a flow that cannot start does not keep the next ones.

        Raises:
            ProjectError: a name is no flow.
            StoreError: the store failed.
        """
        names = [self.project.flow(name).name for name in flows]
        answer = await self._do("sync_now", {"flows": names, "max_wait": max_wait})
        return [SyncReport.from_json(each) for each in answer]

    async def deliver(self, flow: str, *, max_wait: float = 300.0) -> SyncReport:
        """Deliver what waits in a flow without reading anything new."""
        return SyncReport.from_json(await self._do("deliver_now", {"flow": flow, "max_wait": max_wait}))

    async def choose_state(self, flow: str, state: State) -> State:
        """Choose a flow's state; the one before. In effect when this returns, also where another process runs it."""
        before: State = await self._do("flow_state", {"flow": self.project.flow(flow).name, "state": state})
        return before

    async def reconcile(self, flow: str, *, types: Sequence[str] = (), max_wait: float = 300.0) -> ReconcileReport:
        """Compare both sides of a flow and deliver what differs; only some of its types where `types` names them.

        Raises:
            ProjectError: there is no such flow.
            StoreError: the store failed.
        """
        arguments = {"flows": [self.project.flow(flow).name], "types": list(types), "max_wait": max_wait}
        return ReconcileReport.from_json(await self._do("reconcile_now", arguments))

    async def retry_dead(self, which: DeadFilter, *, max_wait: float = 300.0) -> DeadReport:
        """Let dead letters wait again, and deliver what waits in their flows."""
        answer = await self._do("dead_retry", {**_filter_json(which), "max_wait": max_wait})
        return DeadReport(
            count=answer["retried"],
            refused={int(number): reason for number, reason in answer["refused"].items()},
            deliveries=[SyncReport.from_json(each) for each in answer["deliveries"]],
            left=answer["left"],
        )

    async def drop_dead(self, which: DeadFilter) -> DeadReport:
        """Give dead letters up."""
        return DeadReport(count=(await self._do("dead_drop", _filter_json(which)))["dropped"])

    def handlers(self) -> Mapping[str, CommandHandler]:
        """What a holder does for other processes, by command."""
        return {
            "sync_now": self._sync_now,
            "deliver_now": self._deliver_now,
            "flow_state": self._flow_state,
            "reconcile_now": self._reconcile_now,
            "dead_retry": self._dead_retry,
            "dead_drop": self._dead_drop,
        }

    async def _do(self, name: str, arguments: Mapping[str, Json]) -> Json:
        while True:
            hold = self.engine.hold()
            try:
                await hold.__aenter__()
            except LeaseLostError:
                answered, answer = await self._ask(name, arguments)
                if answered:
                    return answer
                continue
            try:
                return await self._serving(self.handlers()[name](arguments))
            finally:
                await hold.__aexit__(None, None, None)

    async def _serving(self, work: Awaitable[Json]) -> Json:
        """The work's result; other processes' commands are carried out meanwhile."""
        over = asyncio.Event()
        serving = asyncio.ensure_future(self.engine.run_commands(self.handlers(), stop=over))
        try:
            return await work
        finally:
            over.set()
            await asyncio.gather(serving, return_exceptions=True)

    async def _ask(self, name: str, arguments: Mapping[str, Json]) -> tuple[bool, Json]:
        """Whether the holder answered, and what; not, where it is gone."""
        self.on_held(await self.engine.holder())
        command = await self.engine.submit(name, arguments)
        watch = asyncio.ensure_future(self._watch(arguments.get("flows", ())))
        try:
            while not self.stop.is_set():
                try:
                    result = await self.engine.wait_result(command, timeout=_PATIENCE)
                except EngineError:
                    if await self.engine.holder() is None:
                        return False, None
                    continue
                if result.error:
                    raise PullPushError(result.error)
                return True, result.value
        finally:
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)
        raise EngineError(
            "stopped waiting for the process that holds the store",
            hint="it goes on with what was asked; pullpush status shows how far it is",
        )

    async def _watch(self, flows: Iterable[str]) -> None:
        """Tell the progress of flows that another process runs."""
        before: dict[tuple[str, str], tuple[int, int]] = {}
        for flow in flows:
            self.progress.flow_started(flow, "elsewhere")
        while True:
            for flow in flows:
                for name, counts in (await self.engine.counts(flow)).items():
                    read = counts.get("read", 0)
                    settled = read - counts.get("waiting", 0)
                    old = before.setdefault((flow, name), (read, settled))
                    self.progress.counted(flow, name, read=read - old[0], settled=settled - old[1])
                    before[flow, name] = (read, settled)
            await asyncio.sleep(_PATIENCE)

    async def _sync_now(self, arguments: Mapping[str, Json]) -> Json:
        return [
            (await self._run(name, read=True, max_wait=_max_wait(arguments))).to_json() for name in arguments["flows"]
        ]

    async def _deliver_now(self, arguments: Mapping[str, Json]) -> Json:
        report = await self._run(arguments["flow"], read=False, max_wait=_max_wait(arguments))
        return report.to_json()

    async def _reconcile_now(self, arguments: Mapping[str, Json]) -> Json:
        (name,) = arguments["flows"]
        flow, types, max_wait = self.project.flow(name), tuple(arguments["types"]), _max_wait(arguments)
        try:
            if self.supervisor is not None:
                report = await self.supervisor.reconcile(flow.name, types=types, max_wait=max_wait, stop=self.stop)
                return report.to_json()
            async with self._busy.setdefault(name, asyncio.Lock()):
                report = await reconcile_flow(
                    self.project,
                    self.plugins,
                    self.engine,
                    flow,
                    redactor=self.redactor,
                    progress=self.progress,
                    stop=self.stop,
                    types=types,
                    max_wait=max_wait,
                    clock=self.clock,
                )
        except EngineError:
            raise
        except PullPushError as error:
            report = ReconcileReport(flow=name, state="", counts={}, error=error)
        return report.to_json()

    async def _run(self, name: str, *, read: bool, max_wait: float) -> SyncReport:
        """A flow's report; two runs of one flow take turns."""
        if self.supervisor is not None:
            # What runs the flow anyway goes on after an answer that nobody waits for any more.
            flow = self.project.flow(name)  # the asker may have read a newer file than this process
            return await self.supervisor.sync(flow.name, read=read, max_wait=max_wait, stop=self.stop)
        async with self._busy.setdefault(name, asyncio.Lock()):
            try:
                return await sync_flow(
                    self.project,
                    self.plugins,
                    self.engine,
                    self.project.flow(name),
                    redactor=self.redactor,
                    progress=self.progress,
                    stop=self.stop,
                    read=read,
                    max_wait=max_wait,
                    clock=self.clock,
                    receive=self.receive,
                )
            except EngineError:
                raise
            except PullPushError as error:
                report = SyncReport(flow=name, state="", counts={}, error=error)
                await keep_last_sync(self.engine, report, self.clock.now(), self.redactor)
                return report

    @property
    def _inbox(self) -> Waiting:
        return Waiting(project=self.project, engine=self.engine, clock=self.clock, stop=self.stop)

    async def _flow_state(self, arguments: Mapping[str, Json]) -> Json:
        flow, state = self.project.flow(arguments["flow"]), arguments["state"]
        if state not in STATES:
            raise EngineError(f"{state!r} is no state of a flow", hint=f"one of {', '.join(STATES)}")
        before = await set_flow_state(self.engine, flow, state)
        if self.supervisor is not None:
            await self.supervisor.choose(flow.name, state)
        return before

    async def _dead_retry(self, arguments: Mapping[str, Json]) -> Json:
        which = _filter_of(arguments)
        flows = {each.flow for each in await self.engine.dead_groups(which)}
        async with self._connections() as connections:
            specs = [await self._spec(name, connections) for name in sorted(flows & set(self.project.flows))]
            freed = sum([await self._settle_clashes(spec, which, connections) for spec in specs if spec is not None])
            report = await self.engine.retry_dead(
                which, remap=Remapper(connections).remap, flows=[spec for spec in specs if spec is not None]
            )
        sources = {self.project.flow(name).source for name in flows & set(self.project.flows)}
        if self.supervisor is not None and report.retried:
            for source in sources:
                await self._inbox.until_received(source, RECEIVE_SECONDS)
        deliveries = [
            await self._run(name, read=False, max_wait=_max_wait(arguments))
            for name in sorted(flows & set(self.project.flows))
            # A flow that is being run delivers them by itself.
            if (freed or report.retried) and not self._busy.setdefault(name, asyncio.Lock()).locked()
        ]
        left = [note for source in sorted(sources) if (note := await self._inbox.left(source))]
        return {
            "retried": freed + report.retried,
            "refused": {str(number): reason for number, reason in report.refused.items()},
            "deliveries": [each.to_json() for each in deliveries],
            "left": left if report.retried else [],
        }

    async def _settle_clashes(self, spec: FlowSpec, which: DeadFilter, connections: Connections) -> int:
        """Ask a flow's source again about records that carry one SKU, where dead letters of theirs are to be retried;
        how many events go on.
        """
        chosen = attrs.evolve(which, flow=spec.name)
        types = {each.type for each in await self.engine.dead_groups(chosen) if each.kind == "clash"}
        if not types:
            return 0
        async with connections.use(spec.source) as source:
            kinds = [self.plugins.types[name] for name in sorted(types)]
            return sum([await settle_clashes(self.engine, spec, kind, source, which="all") for kind in kinds])

    @asynccontextmanager
    async def _connections(self) -> AsyncIterator[Connections]:
        """Those that the flows of this process use, or some of our own."""
        if self.supervisor is not None:
            yield self.supervisor.here.connections
            return
        own = Connections(project=self.project, plugins=self.plugins, redactor=self.redactor, clock=self.clock)
        async with own:
            yield own

    async def _spec(self, name: str, connections: Connections) -> FlowSpec | None:
        """A flow as the engine needs it to take records that are mapped again; None where it cannot start."""
        try:
            return await spec_of(self.project, self.engine, self.project.flow(name), connections, self.clock)
        except PullPushError:
            return None  # the delivery that follows says why

    async def _dead_drop(self, arguments: Mapping[str, Json]) -> Json:
        return {"dropped": await self.engine.drop_dead(_filter_of(arguments))}


def _max_wait(arguments: Mapping[str, Json]) -> float:
    """Numbers that came through the store keep their digits: they are no floats."""
    return float(arguments.get("max_wait", 300.0))


def _filter_json(which: DeadFilter) -> dict[str, Json]:
    return {"ids": list(which.ids), "flow": which.flow, "type": which.type, "key": which.key, "cause": which.cause}


def _filter_of(arguments: Mapping[str, Json]) -> DeadFilter:
    names = ("flow", "type", "key", "cause")
    return DeadFilter(ids=tuple(arguments.get("ids", ())), **{name: arguments.get(name) for name in names})
