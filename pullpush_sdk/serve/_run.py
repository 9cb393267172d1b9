"""Composition of `pullpush run`: the store is held, flows run, other processes' commands are carried out, HTTP is
answered, and all of it ends together.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import attrs
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from pullpush_sdk.clock import Clock, SystemClock
from pullpush_sdk.engine.ports import Engine
from pullpush_sdk.errors import SetupError
from pullpush_sdk.flows import Desk, Supervisor, open_supervisor
from pullpush_sdk.http import Redactor
from pullpush_sdk.observe import Metrics, metrics_app, tracing
from pullpush_sdk.plugins import Plugins
from pullpush_sdk.project import Project

from ._health import health_routes
from ._inbox_worker import work_inbox
from ._limits import Limits
from ._routes import direct, webhook_routes
from ._server import make_server
from ._subscriptions import keep_subscribed
from ._targets import Targets

_log = logging.getLogger("pullpush.run")

_ANSWER_SECONDS = 10

LISTENING = "listening"
"""The name under which the store keeps where the process that holds it listens; one that was killed leaves it."""


@attrs.frozen(kw_only=True)
class Serving:
    """How the process serves: its listening socket, for how many seconds a graceful stop may take, what the outside
    may send, and where platforms reach it, empty where webhooks are registered by hand.
    """

    listener: socket.socket
    grace: float = 30.0
    limits: Limits = attrs.field(factory=Limits)
    public_url: str = ""

    @property
    def address(self) -> str:
        """`http://host:port`."""
        host, port = self.listener.getsockname()[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


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
    with tracing(plugins), _metrics(plugins, time) as metrics:
        async with (
            engine.hold(),
            open_supervisor(project, plugins, engine, redactor=redactor, clock=time) as supervisor,
        ):
            desk = Desk(
                project=project, plugins=plugins, engine=engine, redactor=redactor, stop=stop, clock=time,
                supervisor=supervisor,
            )  # fmt: skip
            targets = Targets(supervisor)
            await engine.remember(LISTENING, serving.address)
            _say_what_runs(supervisor, targets, serving)
            work = [
                supervisor.run(stop),
                work_inbox(targets, engine, stop=stop, clock=time),
                engine.run_commands(desk.handlers(), stop=stop),
                _serve(_app(supervisor, targets, serving.limits, metrics), serving, stop),
            ]
            if serving.public_url:
                work.append(keep_subscribed(supervisor, targets.names, serving.public_url, stop=stop, clock=time))
            await _together(work, stop=stop, grace=serving.grace)
    _log.info("stopped")


def _app(supervisor: Supervisor, targets: Targets, limits: Limits, metrics: Metrics | None) -> ASGIApp:
    """Webhooks, health, and metrics where there are any."""
    engine, clock = supervisor.here.engine, supervisor.here.clock
    told = partial(supervisor.here.connections.plugins.observe, "pullpush_webhook_answered")
    routes: list[BaseRoute] = [
        *webhook_routes(targets.open, engine, clock=clock, limits=limits, told=told, granted=supervisor.mended),
        *health_routes(supervisor, clock=clock),
    ]
    if metrics is not None:
        routes.append(Route("/metrics", metrics_app(metrics, engine)))
    return direct(Starlette(routes=routes), routes)


@contextmanager
def _metrics(plugins: Plugins, clock: Clock) -> Iterator[Metrics | None]:
    """Metrics where their package is installed."""
    try:
        metrics = Metrics(clock)
    except SetupError as error:
        _log.info("nothing is answered at /metrics: %s", error)
        yield None
        return
    with metrics.watch(plugins):
        yield metrics


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


async def _serve(app: ASGIApp, serving: Serving, stop: asyncio.Event) -> None:
    server = make_server(app, limits=serving.limits, graceful_seconds=_ANSWER_SECONDS)

    async def end() -> None:
        await stop.wait()
        server.should_exit = True

    ending = asyncio.ensure_future(end())
    try:
        await server.serve(sockets=[serving.listener])
    finally:
        ending.cancel()
        await asyncio.gather(ending, return_exceptions=True)


def _say_what_runs(supervisor: Supervisor, targets: Targets, serving: Serving) -> None:
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
    for name in targets.names:
        config = supervisor.here.project.connection(name)
        loaded = supervisor.here.connections.plugins.connectors.get(config.connector)
        if loaded is not None and loaded.connector.webhooks:
            url = f"{(serving.public_url or serving.address).rstrip('/')}/webhooks/{name}"
            _log.info("webhooks of %s are received at %s", name, url, extra={"connection": name, "url": url})
