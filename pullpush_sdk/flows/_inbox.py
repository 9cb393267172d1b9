"""Raw webhooks that wait while nobody runs the project: a sync takes them in first, as `pullpush run` would."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack

import attrs

from pullpush_sdk.clock import Clock
from pullpush_sdk.engine.ports import Engine, FlowSpec
from pullpush_sdk.errors import PullPushError, UnavailableError
from pullpush_sdk.project import FlowConfig, Project

from ._poll_lock import PollLocks
from ._pool import Connections, End
from ._report import Silent
from ._states import flow_state
from ._waiting import wait_for_any
from ._work import known_spec, open_work

__all__ = ["RECEIVE_SECONDS", "Receive", "Waiting", "spec_of"]

Receive = Callable[..., Awaitable[None]]
"""`receive(engine, readers, clock=, stop=, patience=)`: works the inbox once for connections with the flows that read
them.
"""

RECEIVE_SECONDS = 30.0
_LOOK_SECONDS = 0.1


@attrs.frozen(kw_only=True)
class Waiting:
    """The inbox as a command of a few seconds sees it; whoever uses it holds the store."""

    project: Project
    engine: Engine
    clock: Clock
    stop: asyncio.Event

    async def received(self, name: str, connections: Connections, receive: Receive | None, patience: float) -> str:
        """Take in what waits for a connection; what is still there then, in words, empty where nothing is."""
        if not await self._number(name):
            return ""
        reason = "nothing here receives webhooks"
        if receive is not None:
            try:
                await self._receive(name, connections, receive, patience)
                reason = ""
            except PullPushError as error:
                reason = str(error)
        return await self.left(name, reason)

    async def _receive(self, name: str, connections: Connections, receive: Receive, patience: float) -> None:
        async with AsyncExitStack() as stack:
            end = await stack.enter_async_context(connections.use(name))
            flows = [
                await spec_of(self.project, self.engine, flow, connections, self.clock)
                for flow in self.project.flows.values()
                if flow.source == name
            ]
            readers: Mapping[str, tuple[End, Sequence[FlowSpec]]] = {name: (end, flows)}
            await receive(self.engine, readers, clock=self.clock, stop=self.stop, patience=patience)

    async def until_received(self, name: str, patience: float) -> str:
        """Wait until the process's own worker has taken in what can be; what is still there then, in words."""
        end = self.clock.monotonic() + patience
        while self.clock.monotonic() < end:
            found = next((each for each in await self.engine.inbox.status() if each.connection == name), None)
            if found is None or found.waiting == found.failing:
                break
            if await wait_for_any([self.stop], _LOOK_SECONDS, self.clock):
                break
        return await self.left(name)

    async def left(self, name: str, reason: str = "") -> str:
        """What waits for a connection, in words; empty where nothing does. `reason` is why, where it is known."""
        found = next((each for each in await self.engine.inbox.status() if each.connection == name), None)
        if found is None:
            return ""
        why = reason or found.reason
        words = f"{found.waiting} webhooks of {name} still wait in the inbox"
        return f"{words}{f': {why}' if why else ''}; pullpush run or the next sync receives them"

    async def _number(self, name: str) -> int:
        return sum(each.waiting for each in await self.engine.inbox.status() if each.connection == name)


async def spec_of(
    project: Project, engine: Engine, flow: FlowConfig, connections: Connections, clock: Clock
) -> FlowSpec:
    """A flow as the engine needs it to take events: as it is known from before, else with both ends opened.

    Raises:
        SetupError: the flow cannot start.
        RemoteError: its locations were never read, and cannot be now.
    """
    state = await flow_state(engine, flow)
    try:
        return await known_spec(project, connections.plugins, engine, flow, state)
    except UnavailableError:
        pass
    async with open_work(
        project,
        engine,
        flow,
        connections=connections,
        locks=PollLocks.of(project, clock),
        state=state,
        clock=clock,
        progress=Silent(),
        note=lambda _words: None,
    ) as work:
        return work.spec
