"""How a request travels: web server, store code, credentials, route, answer; and how the parts are put together."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from pullpush_magento.sandbox.access import Access
from pullpush_magento.sandbox.changes import Changes
from pullpush_magento.sandbox.contents import contents_of
from pullpush_magento.sandbox.routes import Endpoints
from pullpush_magento.sandbox.search import pick
from pullpush_magento.sandbox.state import State
from pullpush_magento.sandbox.switches import Switches
from pullpush_magento.sandbox.wire import Asked, Fatal, Handler, Refusal, pairs_of, report, split_path
from pullpush_sdk.sandbox import Control, FaultPlan, RequestLog, Sandbox, SandboxOptions, Violations, instrument

__all__ = ["build"]

Json = Any

_OWN_PORTS = {"http": ":80", "https": ":443"}
_STORES = ("default", "all", "second")


def build(options: SandboxOptions) -> Sandbox:
    """A Magento shop on this machine.

    Raises:
        SetupError: an unknown switch in `options.extra`, or a value that it does not know.
    """
    switches = Switches.of(options.extra)
    clock = options.make_clock()
    state = State(records=options.records, clock=clock, switches=switches)
    access = Access(seed=options.seed, switches=switches, clock=clock)
    violations = Violations(clock)
    faults = FaultPlan()
    events = None
    if switches.events:
        from pullpush_magento.sandbox.events import Events  # noqa: PLC0415 - only who sends them makes a key pair

        events = Events(switches.events, clock=clock, faults=faults)
        state.announce = events.announce
    shop = _Shop(state=state, access=access, violations=violations)
    control = Control(
        name="magento",
        clock=clock,
        log=RequestLog(file=switches.log_file or None),
        faults=faults,
        violations=violations,
        dump=lambda: {**state.dump(), "load": shop.load()},
        reset=state.reset,
        changes=Changes(state).table(),
        contents=contents_of(state),
        outbox=events.outbox if events is not None else None,
    )
    return Sandbox(
        name="magento",
        app=instrument(shop, control),
        settings={"host": "magento.example", **({"webhook_public_key": events.public_key} if events else {})},
        secrets=access.secrets,
        control=control,
    )


class _Shop:
    """The ASGI app over one state."""

    def __init__(self, *, state: State, access: Access, violations: Violations) -> None:
        self._state, self._access, self._violations = state, access, violations
        self._endpoints = Endpoints(state, access)
        self._switches = state.switches
        self._hurt: set[str] = set()
        self._reports, self._busy, self._now_served = 0, 0.0, 0
        self._first: float | None = None
        self._last = 0.0

    def load(self) -> Json:
        """Seconds of work done, and from the first request to the last answer."""
        first = self._last if self._first is None else self._first
        return {"busy": self._busy, "elapsed": self._last - first}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        raw_path = scope["raw_path"].decode("latin-1").partition("?")[0]
        response = await self._queued(request, raw_path)
        await response(scope, receive, send)

    async def _queued(self, request: Request, raw_path: str) -> Response:
        """Served when a worker is free; the host refuses what is too much."""
        if not self._switches.workers:
            return await self._served(request, raw_path)
        if self._now_served >= self._switches.workers:
            self._violations.refused("workers", 1.0)
            return PlainTextResponse("Service Unavailable", 503, {"Retry-After": "1"})
        self._now_served += 1
        clock, taken = self._state.clock, self._switches.latency / 1000
        self._first = clock.seconds() if self._first is None else self._first
        try:
            response = await self._served(request, raw_path)
            await clock.sleep(taken)
            return response
        finally:
            self._busy, self._last = self._busy + taken, clock.seconds()
            self._now_served -= 1

    async def _served(self, request: Request, raw_path: str) -> Response:
        if self._switches.slashes == "off" and "%2f" in raw_path.lower():
            return HTMLResponse("<html><body>The requested URL was not found on this server.</body></html>", 404)
        self._endpoints.queue.run()
        try:
            if raw_path.startswith("/oauth/token/"):
                return self._exchange(request, raw_path)
            return await self._answered(request, raw_path)
        except Refusal as refusal:
            return JSONResponse(refusal.body, status_code=refusal.status)

    def _exchange(self, request: Request, raw_path: str) -> Response:
        steps = {"/oauth/token/request": self._access.request_token, "/oauth/token/access": self._access.access_token}
        if raw_path not in steps:
            raise Refusal(404, "Request does not match any route.")
        header = request.headers.get("authorization", "")
        form = steps[raw_path](request.method, _url(request, raw_path), raw_path, header)
        return PlainTextResponse(form, media_type="application/x-www-form-urlencoded")

    async def _answered(self, request: Request, raw_path: str) -> Response:
        store, mode, parts = _place(split_path(raw_path))
        if store not in _STORES:
            raise Refusal(404, "The store that was requested wasn't found. Verify the store and try again.")
        self._break(raw_path)
        named_in_bulk = mode == "bulk"
        handler, resource, named = self._find(request.method, parts, by_body=named_in_bulk)
        query = pairs_of(request.url.query)
        customer = self._access.admit(
            method=request.method,
            url=_url(request, raw_path),
            raw_path=raw_path,
            header=request.headers.get("authorization", ""),
            query=query,
            resource=resource,
        )
        raw = await request.body()
        try:
            body = json.loads(raw) if raw else {}
        except ValueError:
            raise Refusal(400, "Decoding error: %1", ["Syntax error"]) from None
        asked = Asked(
            method=request.method,
            store=store,
            path=parts,
            named=named,
            query=query,
            body=body,
            customer_id=customer,
        )
        if mode:
            return JSONResponse(self._queue(asked, handler, parts, is_bulk=named_in_bulk), 202)
        answer = handler(asked)
        fields = asked.one("fields")
        # An object without data is written as a list.
        answer = _emptied(answer)
        return JSONResponse(answer if fields is None else pick(answer, fields))

    def _find(self, method: str, parts: Sequence[str], *, by_body: bool) -> tuple[Handler, str | None, dict[str, str]]:
        looked_up = tuple("{" + part if by_body and part.startswith("by") else part for part in parts)
        return self._endpoints.routes.find(method, looked_up)

    def _queue(self, asked: Asked, handler: Handler, parts: Sequence[str], *, is_bulk: bool) -> Json:
        if asked.method == "GET":
            raise Refusal(404, "Request does not match any route.")
        bodies = asked.body if is_bulk else [asked.body]
        if not isinstance(bodies, list):
            raise Refusal(400, "The body of a bulk request is a list")
        works = []
        for body in bodies:
            names = _from_body(asked.named, body) if is_bulk else dict(asked.named)
            single = Asked(method=asked.method, store=asked.store, path=asked.path, named=names, body=body)
            works.append((partial(handler, single), body))
        return self._endpoints.queue.accept(works, f"async.{'.'.join(parts)}.{asked.method.lower()}")

    def _break(self, raw_path: str) -> None:
        for pattern in (self._switches.broken, self._switches.fatal):
            if pattern and pattern not in self._hurt and fnmatchcase(raw_path, pattern):
                self._hurt.add(pattern)
                self._reports += 1
                raise Fatal() if pattern == self._switches.fatal else report(self._reports)


def _place(parts: tuple[str, ...]) -> tuple[str, str, tuple[str, ...]]:
    """Store code, mode (empty, async or bulk) and the rest of a path; without a code it is the default store."""
    if parts[:1] != ("rest",) or "V1" not in parts:
        raise Refusal(404, "Request does not match any route.")
    at = parts.index("V1")
    before = list(parts[1:at])
    store = before.pop(0) if before and before[0] != "async" else "default"
    if before not in ([], ["async"], ["async", "bulk"]):
        raise Refusal(404, "Request does not match any route.")
    return store, before[-1] if before else "", tuple(part for part in parts[at + 1 :] if part)


def _url(request: Request, raw_path: str) -> str:
    """What a signature is over: in lower case, without the port that the scheme has anyway (RFC 5849, 3.4.1.2)."""
    scheme, host = request.url.scheme, request.headers["host"].lower()
    return f"{scheme}://{host.removesuffix(_OWN_PORTS[scheme])}{raw_path}"


def _from_body(named: Mapping[str, str], body: Json) -> dict[str, str]:
    """Parts of a bulk path are named `bySku` and stand inside each body."""
    found = {}
    inner = [body, *(value for value in body.values() if isinstance(value, Mapping))]
    for name, part in named.items():
        wanted = (name, part.removeprefix("{by")[:1].lower() + part.removeprefix("{by")[1:])
        value = next((each[key] for each in inner for key in wanted if key in each), None)
        if value is None:
            raise Refusal(400, '"%fieldName" is required. Enter and try again.', {"fieldName": name})
        found[name] = str(value)
    return found


def _emptied(value: Json) -> Json:
    if isinstance(value, dict):
        return {name: _emptied(each) for name, each in value.items()} or []
    return [_emptied(each) for each in value] if isinstance(value, list) else value
