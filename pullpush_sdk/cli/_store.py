"""Opening the project's store for a command."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from ._output import say

if TYPE_CHECKING:
    import asyncio

    from pullpush_sdk.engine.ports import Engine, Holder
    from pullpush_sdk.flows import Desk, Progress

    from ._session import Session


@asynccontextmanager
async def open_store(session: Session) -> AsyncIterator[Engine]:
    """The project's engine; the state folder is made where it is missing."""
    from pullpush_sdk.clock import SystemClock
    from pullpush_sdk.engine.open import open_engine
    from pullpush_sdk.flows import upkeep_of
    from pullpush_sdk.project import engine_url, ensure_state_dir

    ensure_state_dir(session.project)
    engine = open_engine(
        engine_url(session.project),
        clock=SystemClock(),
        types=session.plugins.types,
        hook=lambda url: session.plugins.host.hook.pullpush_engine(url=url),
        upkeep=upkeep_of(session.project),
        redact=session.redactor.text,
    )
    async with engine:
        yield engine


@asynccontextmanager
async def open_desk(session: Session, stop: asyncio.Event, progress: Progress) -> AsyncIterator[Desk]:
    """The project's store with everything that works on it."""
    from pullpush_sdk.flows import Desk
    from pullpush_sdk.observe import tracing

    with tracing(session.plugins):
        async with open_store(session) as engine:
            yield Desk(
                project=session.project,
                plugins=session.plugins,
                engine=engine,
                redactor=session.redactor,
                progress=progress,
                stop=stop,
                on_held=_tell_holder,
                receive=_receive,
            )


async def _receive(*arguments: Any, **options: Any) -> None:
    """See `receive_waiting`; imported where webhooks wait, for a sync without any needs no server."""
    from pullpush_sdk.serve import receive_waiting

    await receive_waiting(*arguments, **options)


def _tell_holder(holder: Holder | None) -> None:
    who = f"process {holder.pid} on {holder.host}" if holder is not None else "another process"
    say(f"{who} works on this store: it is asked to do it")
