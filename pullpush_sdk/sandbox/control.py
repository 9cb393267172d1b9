"""The control routes under `/_sandbox`: look into a sandbox, set its faults and its time, play the merchant.

| route | for |
| --- | --- |
| `GET /_sandbox` | what is here |
| `GET /_sandbox/log?after=N` | platform requests, see `RequestLog` |
| `GET /_sandbox/violations` | counts of what clients did against the platform's rules |
| `GET`, `POST`, `DELETE /_sandbox/faults` | show, replace, clear the fault plan, see `faults` |
| `POST /_sandbox/clock` `{"advance": seconds}` | show or advance the clock |
| `GET /_sandbox/state` | the whole store |
| `POST /_sandbox/reset` | the store as seeded; log, faults, violations and webhooks cleared |
| `POST /_sandbox/change` `{"kind": ..., ...}` | an edit by the merchant; kinds are listed by `GET /_sandbox` |
| `GET /_sandbox/webhooks` | waiting deliveries and past attempts |
| `POST /_sandbox/webhooks/flush` | send all that waits, without waiting |
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import attrs
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from pullpush_sdk.errors import PullPushError
from pullpush_sdk.sandbox._middleware import Instrumented
from pullpush_sdk.sandbox.clock import SandboxClock
from pullpush_sdk.sandbox.faults import FaultPlan
from pullpush_sdk.sandbox.limits import Violations
from pullpush_sdk.sandbox.log import RequestLog
from pullpush_sdk.sandbox.webhooks import WebhookOutbox

__all__ = ["ChangeError", "Control", "instrument"]

_PREFIX = "/_sandbox"


class ChangeError(PullPushError):
    """A merchant edit that the sandbox cannot carry out; answered 400 with the message."""


@attrs.frozen(kw_only=True)
class Control:
    """The parts of a sandbox that a test may touch.

    Attributes:
        name: of the sandbox.
        dump: the whole store as JSON.
        reset: puts the store back to its seed.
        changes: merchant edits by kind; each takes the request's JSON object and returns what it did as JSON, or
            raises `ChangeError`.
        outbox: None where the platform sends no webhooks.
        contents: what the shop really holds, in the words of the edits (`product`, `stock`, `order`, `customer`,
            `invoice`, `cart`, `call`): a function that lists the records that its owner would count. Each has `keys`,
            the texts by which the platform or its owner knows it (of a product the SKUs of its variants too), and
            where the platform is sure of them `quantity` and `location` of stock. `native` is the record as the
            platform's lists show it: by it is judged what a connector writes that does not read. A kind that is not
            there is one of which the sandbox does not tell.
        shifting: those of `changes` after which records stand on earlier pages than before, as where a record is gone
            from a list that goes on by numbers: whoever is reading then may miss one, and cannot help it.
    """

    name: str
    clock: SandboxClock
    log: RequestLog
    faults: FaultPlan
    violations: Violations
    dump: Callable[[], Any]
    reset: Callable[[], None]
    changes: Mapping[str, Callable[[Mapping[str, Any]], Mapping[str, Any]]] = attrs.field(factory=dict)
    outbox: WebhookOutbox | None = None
    contents: Mapping[str, Callable[[], Iterable[Mapping[str, Any]]]] = attrs.field(factory=dict)
    shifting: frozenset[str] = frozenset()

    def change(self, kind: str, **values: Any) -> Mapping[str, Any]:
        """Carry out a merchant edit from the same process.

        Raises:
            ChangeError: the kind is unknown or the values do not fit it.
        """
        if kind not in self.changes:
            raise ChangeError(f"unknown change {kind!r}", hint=f"one of {', '.join(sorted(self.changes))}")
        return self.changes[kind](values)

    def reset_all(self) -> None:
        """The store as seeded; log, faults, violations and webhooks cleared."""
        self.reset()
        self.log.clear()
        self.faults.replace([])
        self.violations.clear()
        if self.outbox is not None:
            self.outbox.clear()


def instrument(app: ASGIApp, control: Control) -> ASGIApp:
    """`app` with the control routes beside it, every other request logged and subject to the fault plan."""
    platform = Instrumented(app, clock=control.clock, log=control.log, faults=control.faults)
    panel: list[ASGIApp] = []  # made when somebody first looks: most shops live for a few requests

    def routes() -> ASGIApp:
        if not panel:
            panel.append(Starlette(routes=control_routes(control)))
        return panel[0]

    async def instrumented(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        path = scope["path"]
        is_control = path == _PREFIX or path.startswith(_PREFIX + "/")
        await (routes() if is_control else platform)(scope, receive, send)
        if control.outbox is not None:
            control.outbox.start()

    return instrumented


def control_routes(control: Control) -> list[Route]:
    """The Starlette routes of the table above."""
    panel = _Panel(control)
    return [
        Route(_PREFIX, panel.index),
        Route(f"{_PREFIX}/log", panel.log),
        Route(f"{_PREFIX}/violations", panel.violations),
        Route(f"{_PREFIX}/faults", panel.faults, methods=["GET", "POST", "DELETE"]),
        Route(f"{_PREFIX}/clock", panel.clock, methods=["GET", "POST"]),
        Route(f"{_PREFIX}/state", panel.state),
        Route(f"{_PREFIX}/reset", panel.reset, methods=["POST"]),
        Route(f"{_PREFIX}/change", panel.change, methods=["POST"]),
        Route(f"{_PREFIX}/webhooks", panel.webhooks),
        Route(f"{_PREFIX}/webhooks/flush", panel.flush, methods=["POST"]),
    ]


@attrs.frozen
class _Panel:
    control: Control

    async def index(self, _: Request) -> JSONResponse:
        routes = [
            f"{' '.join(sorted((route.methods or set()) - {'HEAD'}))} {route.path}"
            for route in control_routes(self.control)
        ]
        shown = {"sandbox": self.control.name, "routes": routes, "changes": sorted(self.control.changes)}
        return JSONResponse(shown)

    async def log(self, request: Request) -> JSONResponse:
        after = request.query_params.get("after", "0")
        if not after.isdecimal():
            return _bad(f"after must be a whole number, not {after!r}")
        return JSONResponse(self.control.log.after(int(after)))

    async def violations(self, _: Request) -> JSONResponse:
        return JSONResponse(self.control.violations.counts())

    async def faults(self, request: Request) -> JSONResponse:
        try:
            if request.method == "POST":
                self.control.faults.replace(await request.json())
            elif request.method == "DELETE":
                self.control.faults.replace([])
        except (ValueError, PullPushError) as error:
            return _bad(str(error))
        return JSONResponse([rule.to_json() for rule in self.control.faults.rules])

    async def clock(self, request: Request) -> JSONResponse:
        clock = self.control.clock
        if request.method == "POST":
            try:
                clock.advance(float((await _json_object(request))["advance"]))
            except (KeyError, TypeError, ValueError) as error:
                return _bad(f'expected {{"advance": seconds}}: {error}')
        return JSONResponse({"now": clock.now().isoformat(), "seconds": clock.seconds()})

    async def state(self, _: Request) -> JSONResponse:
        return JSONResponse(self.control.dump())

    async def reset(self, _: Request) -> JSONResponse:
        self.control.reset_all()
        return JSONResponse({"reset": True})

    async def change(self, request: Request) -> JSONResponse:
        try:
            values = await _json_object(request)
            kind = values.pop("kind", "")
            return JSONResponse(dict(self.control.change(str(kind), **values)))
        except (ValueError, PullPushError) as error:
            return _bad(str(error))

    async def webhooks(self, _: Request) -> JSONResponse:
        outbox = self.control.outbox
        shown = {"pending": outbox.pending(), "attempts": outbox.attempts} if outbox else {}
        return JSONResponse(shown)

    async def flush(self, _: Request) -> JSONResponse:
        outbox = self.control.outbox
        return JSONResponse({"sent": await outbox.flush() if outbox else 0})


async def _json_object(request: Request) -> dict[str, Any]:
    body = await request.json()
    if not isinstance(body, dict):
        raise ValueError("the body must be a JSON object")  # noqa: TRY004 - said to a client, not a type of ours
    return body


def _bad(message: str) -> JSONResponse:
    return JSONResponse({"error": message}, status_code=400)
