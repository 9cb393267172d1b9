"""Commands that other processes give to the holder of the store, and its answers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

import attrs

from pullpush_sdk.clock import SteadyClock
from pullpush_sdk.connector import version_of
from pullpush_sdk.engine.ports import Command, CommandHandler, CommandResult
from pullpush_sdk.errors import PullPushError, StoreBusyError, StoreFullError

from . import _commands
from ._store import Store

__all__ = ["Errands"]

Json = Any

_log = logging.getLogger("pullpush.engine")

_ANSWER_PATIENCE = 30.0
_LOOK_SECONDS = 0.2


@attrs.define
class Errands:
    """Both sides of a command: whoever gives it, and the holder that carries it out."""

    _store: Store
    _clock: SteadyClock

    async def submit(self, name: str, arguments: Mapping[str, Json]) -> int:
        """Leave a command for the holder; its id."""
        return await self._store.run(partial(_commands.submit, name, arguments, self._now()))

    async def result(self, command: int, timeout: float) -> CommandResult | None:  # noqa: ASYNC109 - by our clock
        """The answer to a command, None where there is none within `timeout` seconds."""
        end = self._clock.monotonic() + timeout
        while True:
            result = await self._store.run(partial(_commands.result_of, command), writes=False)
            if result is not None or self._clock.monotonic() >= end:
                return result
            await self._clock.sleep(_LOOK_SECONDS)

    async def run(
        self, handlers: Mapping[str, CommandHandler], stop: asyncio.Event, meanwhile: Callable[[], Awaitable[None]]
    ) -> None:
        """Carry commands out, side by side, until `stop` is set; `meanwhile` is done at each look for new ones."""
        running: dict[int, asyncio.Task[None]] = {}
        try:
            while not stop.is_set():
                for id_ in [each for each, task in running.items() if task.done()]:
                    running.pop(id_).result()
                try:
                    await meanwhile()
                    for command in await self._store.run(_commands.open_commands, writes=False):
                        if command.id not in running:
                            running[command.id] = asyncio.ensure_future(self._carry_out(handlers, command))
                except (StoreFullError, StoreBusyError) as error:
                    _log.warning("%s; commands of other processes wait", error)
                await self._clock.sleep(_LOOK_SECONDS)
            await asyncio.gather(*running.values())
        finally:
            for task in running.values():
                task.cancel()
            await asyncio.gather(*running.values(), return_exceptions=True)

    async def _carry_out(self, handlers: Mapping[str, CommandHandler], command: Command) -> None:
        """Do a command and answer it; one whose answer finds no place for long is carried out again later."""
        result = await _carried_out(handlers.get(command.name), command.name, command.arguments)
        end = self._clock.monotonic() + _ANSWER_PATIENCE
        while True:
            try:
                return await self._store.run(partial(_commands.answer, command.id, result))
            except (StoreFullError, StoreBusyError) as error:
                _log.warning("%s; the answer to the command %s waits", error, command.name)
                if self._clock.monotonic() >= end:
                    return None
            await self._clock.sleep(_LOOK_SECONDS)

    def _now(self) -> int:
        return version_of(self._clock.now())


async def _carried_out(handler: CommandHandler | None, name: str, arguments: Mapping[str, Json]) -> CommandResult:
    if handler is None:
        return CommandResult(error=f"the holder does not know the command {name!r}")
    try:
        return CommandResult(value=await handler(arguments))
    except PullPushError as error:
        return CommandResult(error=str(error))
    except Exception as error:  # noqa: BLE001 - the caller is another process
        _log.exception("command %s failed", name)
        return CommandResult(error=f"{type(error).__name__}: {error}")
