"""The endpoints, and how the parts are put together."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pullpush_linnworks.sandbox.changes import make_changes
from pullpush_linnworks.sandbox.contents import contents_of
from pullpush_linnworks.sandbox.items import ItemMethods
from pullpush_linnworks.sandbox.levels import LevelMethods
from pullpush_linnworks.sandbox.search import OrderSearch
from pullpush_linnworks.sandbox.sessions import Sessions
from pullpush_linnworks.sandbox.store import Store
from pullpush_linnworks.sandbox.switches import Switches
from pullpush_linnworks.sandbox.trade import TradeMethods
from pullpush_linnworks.sandbox.wire import Refusal, problem, read_arguments, refused
from pullpush_sdk.sandbox import (
    Control,
    FaultPlan,
    RequestLog,
    Sandbox,
    SandboxClock,
    SandboxOptions,
    Violations,
    WindowLimit,
    instrument,
)

__all__ = ["build"]

Json = Any
Handler = Callable[[Mapping[str, Json]], Json]

_SERVER = "https://eu-ext.linnworks.net"
_PER_MINUTE = 150
# Methods that are counted to 250 a minute.
_MORE = frozenset(
    {
        "Stock/GetStockItemsFullByIds",
        "Stock/GetStockLevel_Batch",
        "Stock/GetStockLevel",
        "Stock/SetStockLevel",
        "Inventory/GetStockItemIdsBySKU",
        "Inventory/GetInventoryItemById",
        "Inventory/UpdateInventoryItem",
        "Orders/GetOrdersById",
        "Orders/GetOrderDetailsByReferenceId",
        "Orders/ProcessOrder",
    }
)


def build(options: SandboxOptions) -> Sandbox:
    """A Linnworks account on this machine.

    Raises:
        SetupError: an unknown switch in `options.extra`, or an unknown value of one.
    """
    switches = Switches.of(options.extra)
    clock = options.make_clock()
    violations = Violations(clock)
    store = Store(records=options.records, seed=options.seed, clock=clock, switches=switches)
    sessions = Sessions(seed=options.seed, clock=clock)
    meter = _Meter(enforced=options.rate_limits, clock=clock, switches=switches, violations=violations)
    control = Control(
        name="linnworks",
        clock=clock,
        log=RequestLog(file=options.extra.get("log_file")),
        faults=FaultPlan(),
        violations=violations,
        dump=store.dump,
        reset=store.reset,
        changes=make_changes(store, sessions),
        contents=contents_of(store),
    )
    routes = _Account(store=store, sessions=sessions, meter=meter).routes()
    return Sandbox(
        name="linnworks",
        app=instrument(Starlette(routes=routes), control),
        settings={"region": "eu", "currency": switches.currency},
        secrets={
            "application_id": sessions.application_id,
            "application_secret": sessions.application_secret,
            "installation_token": sessions.installation_token,
        },
        control=control,
    )


class _Meter:
    """Calls per minute and method."""

    def __init__(self, *, enforced: bool, clock: SandboxClock, switches: Switches, violations: Violations) -> None:
        self._enforced, self._clock, self._switches, self._violations = enforced, clock, switches, violations
        self._windows: dict[str, WindowLimit] = {}

    def refusal(self, method: str) -> Response | None:
        """The quota's answer beyond the limit, None for a call within it."""
        if not self._enforced:
            return None
        limit = 250 if method in _MORE else _PER_MINUTE
        if method not in self._windows:
            self._windows[method] = WindowLimit(limit=limit, window=60.0, clock=self._clock)
        admission = self._windows[method].take()
        if admission.allowed:
            return None
        wait = math.ceil(admission.retry_after)
        self._violations.refused(method, wait)
        words = f"API calls quota exceeded! maximum admitted {limit} per 1m."
        headers = {"Retry-After": str(wait)} if self._switches.retry_after else {}
        return refused(words, self._switches.quota_status, headers)


class _Account:
    """The endpoints over one store."""

    def __init__(self, *, store: Store, sessions: Sessions, meter: _Meter) -> None:
        self._store, self._sessions, self._meter = store, sessions, meter
        self._levels = LevelMethods(store)
        self._items, self._trade = ItemMethods(store, self._levels), TradeMethods(store)
        self._search = OrderSearch(store)

    def routes(self) -> list[Route]:
        """Every endpoint; a session's own server is the first part of the path."""
        parts = (self._levels, self._items, self._trade)
        posts = {path: each for part in parts for path, each in part.posts().items()}
        gets = {path: each for part in parts for path, each in part.gets().items()}
        return [
            Route("/api/Auth/AuthorizeByApplication", self._authorize, methods=["POST", "GET"]),
            *(self._route(path, handle, "POST") for path, handle in posts.items()),
            *(self._route(path, handle, "GET") for path, handle in gets.items()),
            Route("/v2/orders", self._orders, methods=["GET"]),
        ]

    def _route(self, path: str, handle: Handler, method: str) -> Route:
        async def run(request: Request) -> Response:
            if not self._is_alive(request):
                return refused("The token is not valid", 401)
            if (answer := self._meter.refusal(path)) is not None:
                return answer
            try:
                answered = handle(await read_arguments(request))
            except Refusal as refusal:
                return refused(str(refusal))
            except (ValueError, KeyError, TypeError) as error:
                return refused(f"The request is invalid: {error}")
            return _answer(path, answered)

        return Route(f"/{{session}}/api/{path}", run, methods=[method])

    def _is_alive(self, request: Request) -> bool:
        return self._sessions.alive(request.headers.get("authorization", ""), request.path_params.get("session"))

    async def _orders(self, request: Request) -> Response:
        if not self._is_alive(request):
            return problem(401, "Unauthorized")
        return self._meter.refusal("v2/orders") or await self._search.answer(request)

    async def _authorize(self, request: Request) -> Response:
        """A session, whatever the account's state is: the state stands in the answer."""
        try:
            arguments = await read_arguments(request)
        except Refusal as refusal:
            return refused(str(refusal))
        names = ("applicationid", "applicationsecret", "token")
        session = self._sessions.open(*(arguments.get(name) for name in names))
        if session is None:
            return refused("Application credentials are not valid")
        state = self._store.switches.state
        reason = "" if state == "AVAILABLE" else "The account is not available at the moment"
        return JSONResponse(
            {
                "Token": session.token,
                "Server": f"{_SERVER}/{session.path}",
                "TTL": 1800,
                "Locality": "EU",
                "Email": "merchant@example.com",
                "Status": {"State": state, "Reason": reason, "Parameters": {}},
            }
        )


_NO_CONTENT = ("Inventory/AddInventoryItem", "Inventory/UpdateInventoryItem", "Inventory/ArchiveInventoryItems")


def _answer(path: str, answered: Json) -> Response:
    """JSON; nothing at all where the platform says nothing: 204 for some methods, an empty 200 for others."""
    if path in _NO_CONTENT:
        return Response(status_code=204)
    if answered is None and path == "Stock/UpdateStockLevelsBulk":
        return Response(status_code=200)
    return Response(json.dumps(answered), media_type="application/json")
