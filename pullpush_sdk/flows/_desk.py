"""One process works on a store at a time; the others ask it.

Whoever holds the store does what it was started for, and meanwhile carries out the commands of other processes. Who
finds the store held asks the holder and waits for its answer; should the holder end without one, the asker takes over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

import attrs

from pullpush_sdk.clock import Clock, SystemClock
from pullpush_sdk.engine.ports import CommandHandler, DeadFilter, Engine, FlowSpec, Holder
from pullpush_sdk.errors import EngineError, LeaseLostError, PullPushError
from pullpush_sdk.http import Redactor
from pullpush_sdk.plugins import Plugins
from pullpush_sdk.project import Project

from ._remap import RemapDesk
from ._report import Progress, Silent, SyncReport
from ._states import keep_last_sync
from ._sync import opened_spec, sync_flow

Json = Any
_PATIENCE = 1.0  # seconds between two looks at whether the holder still lives


@attrs.frozen(kw_only=True)
class DeadReport:
    """What became of a wish about dead letters: how many wait again or were dropped, and those that cannot."""

    count: int
    refused: Mapping[int, str] = attrs.field(factory=dict)
    deliveries: Sequence[SyncReport] = ()


@attrs.define(kw_only=True)
class Desk:
    """The work on one project's store, done here or by whoever holds it.

    `stop` ends gracefully what runs here. `on_held` is told who holds the store when the work is not done here.
    """

    project: Project
    plugins: Plugins
    engine: Engine
    redactor: Redactor
    progress: Progress = attrs.field(factory=Silent)
    stop: asyncio.Event = attrs.field(factory=asyncio.Event)
    clock: Clock = attrs.field(factory=SystemClock)
    on_held: Callable[[Holder | None], None] = lambda _holder: None
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

    async def retry_dead(self, which: DeadFilter, *, max_wait: float = 300.0) -> DeadReport:
        """Let dead letters wait again, and deliver what waits in their flows."""
        answer = await self._do("dead_retry", {**_filter_json(which), "max_wait": max_wait})
        return DeadReport(
            count=answer["retried"],
            refused={int(number): reason for number, reason in answer["refused"].items()},
            deliveries=[SyncReport.from_json(each) for each in answer["deliveries"]],
        )

    async def drop_dead(self, which: DeadFilter) -> DeadReport:
        """Give dead letters up."""
        return DeadReport(count=(await self._do("dead_drop", _filter_json(which)))["dropped"])

    def handlers(self) -> Mapping[str, CommandHandler]:
        """What a holder does for other processes, by command."""
        return {
            "sync_now": self._sync_now,
            "deliver_now": self._deliver_now,
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
            (await self._run(name, read=True, max_wait=arguments.get("max_wait", 300.0))).to_json()
            for name in arguments["flows"]
        ]

    async def _deliver_now(self, arguments: Mapping[str, Json]) -> Json:
        report = await self._run(arguments["flow"], read=False, max_wait=arguments.get("max_wait", 300.0))
        return report.to_json()

    async def _run(self, name: str, *, read: bool, max_wait: float) -> SyncReport:
        """A flow's report; two runs of one flow take turns."""
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
                )
            except EngineError:
                raise
            except PullPushError as error:
                report = SyncReport(flow=name, state="", counts={}, error=error)
                await keep_last_sync(self.engine, report, self.clock.now(), self.redactor)
                return report

    async def _dead_retry(self, arguments: Mapping[str, Json]) -> Json:
        which = _filter_of(arguments)
        flows = {each.flow for each in await self.engine.dead_groups(which)}
        specs = [await self._spec(name) for name in sorted(flows & set(self.project.flows))]
        async with RemapDesk(self.project, self.plugins, self.redactor, self.clock) as desk:
            report = await self.engine.retry_dead(
                which, remap=desk.remap, flows=[spec for spec in specs if spec is not None]
            )
        deliveries = [
            await self._run(name, read=False, max_wait=arguments.get("max_wait", 300.0))
            for name in sorted(flows & set(self.project.flows))
            # A flow that is being run delivers them by itself.
            if report.retried and not self._busy.setdefault(name, asyncio.Lock()).locked()
        ]
        return {
            "retried": report.retried,
            "refused": {str(number): reason for number, reason in report.refused.items()},
            "deliveries": [each.to_json() for each in deliveries],
        }

    async def _spec(self, name: str) -> FlowSpec | None:
        """A flow as the engine needs it to take records that are mapped again; None where it cannot start."""
        try:
            return await opened_spec(self.project, self.plugins, self.engine, self.project.flow(name), self.redactor)
        except PullPushError:
            return None  # the delivery that follows says why

    async def _dead_drop(self, arguments: Mapping[str, Json]) -> Json:
        return {"dropped": await self.engine.drop_dead(_filter_of(arguments))}


def _filter_json(which: DeadFilter) -> dict[str, Json]:
    return {"ids": list(which.ids), "flow": which.flow, "type": which.type, "key": which.key, "cause": which.cause}


def _filter_of(arguments: Mapping[str, Json]) -> DeadFilter:
    names = ("flow", "type", "key", "cause")
    return DeadFilter(ids=tuple(arguments.get("ids", ())), **{name: arguments.get(name) for name in names})
