"""The receiver as routes of an ASGI app."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib.metadata import version

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from pullpush_sdk.clock import Clock, SystemClock
from pullpush_sdk.engine.ports import Engine

from ._limits import Limits
from ._openapi import openapi
from ._receiver import Receiver
from ._target import Target

__all__ = ["direct", "webhook_routes"]

_PREFIX = "/webhooks/"


def webhook_routes(
    targets: Callable[[str], Target | None],
    engine: Engine,
    *,
    clock: Clock | None = None,
    limits: Limits | None = None,
    told: Callable[..., None] | None = None,
    granted: Callable[[str], None] | None = None,
) -> list[Route]:
    """`/webhooks/{connection}` and its description at `/openapi.json`.

    `targets` is asked for the connection of every request: it must be quick, and answer the same object while nothing
    about the connection changes; while it cannot tell yet it raises UnavailableError, and the answer is 503. The engine
    may be any process's; who works its inbox need not be this one. `told` is called with the parameters of
    `pullpush_webhook_answered` for every answer to a connection that exists, `granted` with the name of a connection
    for which a webhook brought a token.
    """
    receiver = Receiver(targets, engine, clock or SystemClock(), limits or Limits(), told, granted)
    document = openapi(version("pullpush-sdk"))

    async def describe(_request: Request) -> JSONResponse:
        return JSONResponse(document)

    return [
        Route(f"{_PREFIX}{{connection}}", receiver, name="webhooks"),
        Route("/openapi.json", describe, methods=["GET"], name="openapi"),
    ]


def direct(app: ASGIApp, routes: Iterable[BaseRoute]) -> ASGIApp:
    """`app`, with webhooks handed straight to the receiver among its `routes`.

    A router with its middleware takes about a sixth of the CPU that a webhook costs. What the app wraps around its
    routes (metrics, access logs) does not see webhooks then.
    """
    receiver = next(route.endpoint for route in routes if isinstance(route, Route) and route.name == "webhooks")
    start = len(_PREFIX)

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if path.startswith(_PREFIX) and "/" not in path[start:] and len(path) > start and scope["type"] == "http":
            scope["path_params"] = {"connection": path[start:]}
            await receiver(scope, receive, send)
        else:
            await app(scope, receive, send)

    return dispatch
