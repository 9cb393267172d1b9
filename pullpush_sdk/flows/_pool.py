"""Connections that are opened once and shared by everything in this process that speaks to one account.

One client per connection means one rate budget and one token, however many flows use it. A setting or secret that was
mended meanwhile (a file, a keyring entry) gives the next user a new client; those under way keep theirs to the end.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import TracebackType
from typing import Self

import attrs

from pullpush_sdk.clock import Clock, SystemClock
from pullpush_sdk.connector import Connection
from pullpush_sdk.http import Redactor
from pullpush_sdk.plugins import LoadedConnector, Plugins
from pullpush_sdk.project import FlowConfig, Project, Settings, resolve_settings
from pullpush_sdk.project.connect import open_connection, settings_of_flow


@attrs.frozen(kw_only=True)
class End:
    """One side of a running flow."""

    loaded: LoadedConnector
    connection: Connection


@attrs.define(eq=False)
class _Open:
    """An open connection, the settings that it was made from, and how many use it now."""

    settings: Settings
    end: End
    manager: AbstractAsyncContextManager[Connection]
    users: int = 0
    replaced: bool = False


@attrs.define(kw_only=True)
class Connections:
    """The open connections of one project; use it as an async context manager, which closes them."""

    project: Project
    plugins: Plugins
    redactor: Redactor
    clock: Clock = attrs.field(factory=SystemClock)
    _current: dict[str, _Open] = attrs.field(factory=dict, init=False)
    _old: list[_Open] = attrs.field(factory=list, init=False)
    _opening: dict[str, asyncio.Lock] = attrs.field(factory=dict, init=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for each in (*self._old, *self._current.values()):
            await each.manager.__aexit__(None, None, None)
        self._old.clear()
        self._current.clear()

    def current(self, name: str) -> End | None:
        """A connection as it is open now, None where it is not; it stays open while a flow uses it."""
        found = self._current.get(name)
        return None if found is None else found.end

    @asynccontextmanager
    async def use(self, name: str) -> AsyncIterator[End]:
        """A connection by name, opened where it is not open yet.

        Raises:
            ProjectError: a setting is not good.
            PluginError: its connector is not installed.
            SetupError: a URL or header made from the settings is not acceptable.
        """
        async with self._opening.setdefault(name, asyncio.Lock()):
            found = await self._get(name)
            found.users += 1
        try:
            yield found.end
        finally:
            found.users -= 1
            if found.replaced and not found.users and found in self._old:
                self._old.remove(found)
                await found.manager.__aexit__(None, None, None)

    @asynccontextmanager
    async def use_both(self, flow: FlowConfig) -> AsyncIterator[tuple[End, End]]:
        """Source and destination of a flow, the latter with the settings that the flow has of its own."""
        async with self.use(flow.source) as source, self.use(flow.destination) as destination:
            connection = settings_of_flow(self.project, flow, destination.connection)
            yield source, attrs.evolve(destination, connection=connection)

    async def _get(self, name: str) -> _Open:
        config = self.project.connection(name)
        loaded = self.plugins.connector(config.connector)
        settings = resolve_settings(self.project, config, loaded.connector)
        found = self._current.get(name)
        if found is not None and found.settings == settings:
            return found
        manager = open_connection(
            self.project, name, self.plugins, redactor=self.redactor, clock=self.clock, settings=settings
        )
        connection = await manager.__aenter__()
        fresh = _Open(settings, End(loaded=loaded, connection=connection), manager)
        self._current[name] = fresh
        if found is not None:
            found.replaced = True
            if found.users:
                self._old.append(found)
            else:
                await found.manager.__aexit__(None, None, None)
        return fresh
