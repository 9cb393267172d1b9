"""The receiver as routes of an ASGI app."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from pullpush_sdk.clock import Clock, SystemClock
from pullpush_sdk.engine.ports import Engine

from ._limits import Limits
from ._openapi import openapi
from ._receiver import Receiver
from ._target import Target

__all__ = ["webhook_routes"]


def webhook_routes(
    targets: Callable[[str], Target | None],
    engine: Engine,
    *,
    clock: Clock | None = None,
    limits: Limits | None = None,
) -> list[Route]:
    """`/webhooks/{connection}` and its description at `/openapi.json`.

    `targets` is asked for the connection of every request: it must be quick, and answer the same object while nothing
    about the connection changes. The engine may be any process's; who works its inbox need not be this one.
    """
    receiver = Receiver(targets, engine, clock or SystemClock(), limits or Limits())
    document = openapi(version("pullpush-sdk"))

    async def describe(_request: Request) -> JSONResponse:
        return JSONResponse(document)

    return [
        Route("/webhooks/{connection}", receiver, name="webhooks"),
        Route("/openapi.json", describe, methods=["GET"], name="openapi"),
    ]
