"""Composition of `pullpush run`: the store is held, flows run, other processes' commands are carried out, HTTP is
answered, and all of it ends together.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import attrs
import uvicorn
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from pullpush_sdk.clock import Clock, SystemClock
from pullpush_sdk.engine.ports import Engine
from pullpush_sdk.errors import SetupError
from pullpush_sdk.flows import Desk, Supervisor, open_supervisor
from pullpush_sdk.http import Redactor
from pullpush_sdk.plugins import Plugins
from pullpush_sdk.project import Project

from ._health import health_routes

_log = logging.getLogger("pullpush.run")

_BACKLOG = 2_048
_ANSWER_SECONDS = 10


@attrs.frozen(kw_only=True)
class Serving:
    """How the process serves: its listening socket, and for how many seconds a graceful stop may take."""

    listener: socket.socket
    grace: float = 30.0

    @property
    def address(self) -> str:
        """`http://host:port`."""
        host, port = self.listener.getsockname()[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def listen(host: str, port: int) -> socket.socket:
    """A listening socket, to be closed by the caller; port 0 takes a free one.

    Raises:
        SetupError: the port is taken, or the address is not of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise SetupError(
            f"cannot listen on {host}:{port}: {error.strerror or error}", hint="name another one with --host or --port"
        ) from None
    # Without it every answer after a connection's first waits for the client's delayed acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


async def run_project(
    project: Project,
    plugins: Plugins,
    engine: Engine,
    *,
    redactor: Redactor,
    serving: Serving,
    stop: asyncio.Event,
    clock: Clock | None = None,
) -> None:
    """Run a project until `stop` is set; what is under way then is finished within the grace period.

    Raises:
        LeaseLostError: another process holds the store; its message names it.
        StoreError: the store cannot be used.
    """
    time = clock or SystemClock()
    async with (
        engine.hold(),
        open_supervisor(project, plugins, engine, redactor=redactor, clock=time) as supervisor,
    ):
        desk = Desk(
            project=project, plugins=plugins, engine=engine, redactor=redactor, stop=stop, clock=time,
            supervisor=supervisor,
        )  # fmt: skip
        routes = [*health_routes(supervisor, clock=time)]
        _say_what_runs(supervisor, serving)
        await _together(
            [
                supervisor.run(stop),
                engine.run_commands(desk.handlers(), stop=stop),
                _serve(routes, serving, stop),
            ],
            stop=stop,
            grace=serving.grace,
        )
    _log.info("stopped")


async def _together(work: Sequence[Coroutine[Any, Any, None]], *, stop: asyncio.Event, grace: float) -> None:
    """Run parts that belong together: one that fails ends all, and after `stop` they have `grace` seconds."""
    tasks = [asyncio.ensure_future(each) for each in work]
    stopping = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait([*tasks, stopping], return_when=asyncio.FIRST_COMPLETED)
        ended_alone = not stop.is_set()
        stop.set()
        _log.info("stopping: what is under way is finished")
        _done, late = await asyncio.wait(tasks, timeout=grace)
        if late and not ended_alone:
            _log.warning("not everything was finished within %g s; the rest is repeated at the next start", grace)
    finally:
        for each in (*tasks, stopping):
            each.cancel()
        await asyncio.gather(*tasks, stopping, return_exceptions=True)
    for each in tasks:
        if not each.cancelled():
            each.result()


class _Server(uvicorn.Server):
    """Signals belong to the command: the server stops when it is told to."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _serve(routes: Sequence[BaseRoute], serving: Serving, stop: asyncio.Event) -> None:
    config = uvicorn.Config(
        Starlette(routes=list(routes)),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_ANSWER_SECONDS,
    )
    server = _Server(config)

    async def end() -> None:
        await stop.wait()
        server.should_exit = True

    ending = asyncio.ensure_future(end())
    try:
        await server.serve(sockets=[serving.listener])
    finally:
        ending.cancel()
        await asyncio.gather(ending, return_exceptions=True)


def _say_what_runs(supervisor: Supervisor, serving: Serving) -> None:
    """The first lines of the log: the flows with their states and schedules, and where the process listens."""
    for runner in supervisor.runners.values():
        flow = runner.flow
        shown = runner.shown()
        schedules = ", ".join(f"{name} {words}" for name, words in runner.schedules().items())
        _log.info(
            "flow %s (%s): %s → %s: %s",
            flow.name,
            shown["state"],
            flow.source,
            flow.destination,
            schedules,
            extra={"flow": flow.name, "state": shown["state"], "schedules": dict(runner.schedules())},
        )
        if shown["state"] == "shadow":
            _log.warning(
                "%s is in shadow: nothing is written; pullpush flow activate %s makes it write", flow.name, flow.name
            )
    if not supervisor.runners:
        _log.warning("%s has no flows: nothing is read or written", supervisor.here.project.file)
    _log.info("listening on %s", serving.address, extra={"url": serving.address})
