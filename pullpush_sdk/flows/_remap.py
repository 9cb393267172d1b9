"""Dead letters that were never mapped, mapped again by the connectors they came from."""

from __future__ import annotations

from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from pullpush_sdk.clock import Clock
from pullpush_sdk.connector import Connection, Event
from pullpush_sdk.engine.ports import Unmapped
from pullpush_sdk.errors import FieldError
from pullpush_sdk.http import Redactor
from pullpush_sdk.plugins import LoadedConnector, Plugins
from pullpush_sdk.project import Project
from pullpush_sdk.project.connect import open_connection

from ._validate import not_canonical

__all__ = ["RemapDesk"]


class RemapDesk:
    """Opens the source of each flow at most once; use it as an async context manager."""

    def __init__(self, project: Project, plugins: Plugins, redactor: Redactor, clock: Clock) -> None:
        self._project = project
        self._plugins = plugins
        self._redactor = redactor
        self._clock = clock
        self._open: dict[str, tuple[LoadedConnector, Connection]] = {}
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def remap(self, record: Unmapped) -> Event:
        """See `Remap`.

        Raises:
            FieldError: it still cannot be mapped, or its connector cannot try it again.
            SetupError: the flow or its source cannot be used.
            RemoteError: the platform was asked for more of the record and did not give it.
        """
        loaded, connection = await self._source(self._project.flow(record.flow).source)
        again = loaded.hook.pullpush_remap(
            connection=connection,
            canonical_type=record.type,
            native=record.native,
            origin=record.origin,
            read_at=record.read_at,
        )
        if again is None:
            raise FieldError(
                f"the connector {loaded.name} cannot map a {record.type} again",
                hint="it comes again when the source is read again",
            )
        event: Event = await again
        if problem := not_canonical(event, self._plugins.types[record.type]):
            raise problem
        return event

    async def _source(self, name: str) -> tuple[LoadedConnector, Connection]:
        if name not in self._open:
            opened = open_connection(self._project, name, self._plugins, redactor=self._redactor, clock=self._clock)
            connection = await self._stack.enter_async_context(opened)
            self._open[name] = (self._plugins.connector(self._project.connection(name).connector), connection)
        return self._open[name]
