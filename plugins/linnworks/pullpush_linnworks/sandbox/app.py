"""The endpoints, and how the parts are put together."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pullpush_linnworks.sandbox.seed import LOCATIONS
from pullpush_linnworks.sandbox.sessions import Sessions
from pullpush_linnworks.sandbox.store import Refusal, Store
from pullpush_sdk.errors import SetupError
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
Handler = Callable[[Json], Json]

_SERVER = "https://eu-ext.linnworks.net"
_PER_MINUTE = 150
_SWITCHES = ("log_file", "quota_status", "retry_after")
_MAX_PAGE = 200


def build(options: SandboxOptions) -> Sandbox:
    """A Linnworks account on this machine.

    Raises:
        SetupError: an unknown switch in `options.extra`.
    """
    if unknown := sorted(set(options.extra) - set(_SWITCHES)):
        raise SetupError(f"unknown switch {unknown[0]!r} of the linnworks sandbox", hint=f"one of {_SWITCHES}")
    clock = options.make_clock()
    violations = Violations(clock)
    store = Store(records=options.records, seed=options.seed, clock=clock)
    sessions = Sessions(seed=options.seed, clock=clock)
    account = _Account(options=options, clock=clock, store=store, sessions=sessions, violations=violations)
    control = Control(
        name="linnworks",
        clock=clock,
        log=RequestLog(file=options.extra.get("log_file")),
        faults=FaultPlan(),
        violations=violations,
        dump=store.dump,
        reset=store.reset,
        changes={
            "stock": store.change_stock,
            "order": store.change_order,
            "expire_sessions": lambda _: {"expired": sessions.expire()},
        },
    )
    return Sandbox(
        name="linnworks",
        app=instrument(Starlette(routes=account.routes()), control),
        settings={"region": "eu"},
        secrets={
            "application_id": sessions.application_id,
            "application_secret": sessions.application_secret,
            "installation_token": sessions.installation_token,
        },
        control=control,
    )


class _Account:
    """The endpoints over one store."""

    def __init__(
        self,
        *,
        options: SandboxOptions,
        clock: SandboxClock,
        store: Store,
        sessions: Sessions,
        violations: Violations,
    ) -> None:
        self._store, self._sessions, self._violations = store, sessions, violations
        self._enforced = options.rate_limits
        self._status = int(options.extra.get("quota_status", "429"))
        self._says_when = options.extra.get("retry_after", "true") == "true"
        self._meters: dict[str, WindowLimit] = defaultdict(
            lambda: WindowLimit(limit=_PER_MINUTE, window=60.0, clock=clock)
        )
        self._searches: dict[str, tuple[list[Json], int]] = {}

    def routes(self) -> list[Route]:
        """Every endpoint; `POST` ones take a JSON body, wrapped as the platform's names demand."""
        posts: dict[str, Handler] = {
            "Stock/GetStockItemsFull": self._items_full,
            "Stock/GetStockLevel_Batch": self._levels,
            "Stock/SetStockLevel": self._set_levels,
            "Inventory/GetStockItemIdsBySKU": self._ids,
        }
        return [
            Route("/api/Auth/AuthorizeByApplication", self._authorize, methods=["POST"]),
            *(self._route(path, handle, "POST") for path, handle in posts.items()),
            self._route("Inventory/GetStockLocations", lambda _: list(LOCATIONS), "GET"),
            Route("/v2/orders", self._orders, methods=["GET"]),
        ]

    def _route(self, path: str, handle: Handler, method: str) -> Route:
        async def run(request: Request) -> Response:
            if (refused := self._refused(request, path)) is not None:
                return refused
            try:
                body = json.loads(await request.body() or b"{}")
                return JSONResponse(handle(body))
            except Refusal as refusal:
                return JSONResponse({"Message": str(refusal)}, status_code=400)
            except (ValueError, KeyError, TypeError) as error:
                return JSONResponse({"Message": f"Invalid request: {error}"}, status_code=400)

        return Route(f"/{{session}}/api/{path}", run, methods=[method])

    def _refused(self, request: Request, method: str) -> Response | None:
        """401 for a dead session or the wrong server, the quota's status beyond the limit."""
        token = request.headers.get("authorization", "")
        if not self._sessions.alive(token, request.path_params.get("session")):
            return JSONResponse({"Message": "The token is not valid"}, status_code=401)
        if not self._enforced:
            return None
        admission = self._meters[method].take()
        if admission.allowed:
            return None
        wait = math.ceil(admission.retry_after)
        self._violations.refused(method, wait)
        words = f"API calls quota exceeded! maximum admitted {_PER_MINUTE} per 1m."
        headers = {"Retry-After": str(wait)} if self._says_when else {}
        return JSONResponse({"Message": words}, status_code=self._status, headers=headers)

    async def _authorize(self, request: Request) -> Response:
        body = json.loads(await request.body())
        names = ("ApplicationId", "ApplicationSecret", "Token")
        session = self._sessions.open(*(body.get(name) for name in names))
        if session is None:
            return JSONResponse({"Message": "Application credentials are not valid"}, status_code=400)
        return JSONResponse(
            {
                "Token": session.token,
                "Server": f"{_SERVER}/{session.path}",
                "TTL": 1800,
                "Locality": "EU",
                "Status": {"State": "AVAILABLE", "Reason": "", "Parameters": {}},
            }
        )

    def _items_full(self, body: Json) -> Json:
        size, number = int(body["entriesPerPage"]), int(body["pageNumber"])
        if not 1 <= size <= _MAX_PAGE:
            raise Refusal("entriesPerPage must be between 1 and 200")
        found = self._store.listed(
            composites=bool(body.get("loadCompositeParents")), variations=bool(body.get("loadVariationParents"))
        )
        shown = found[(number - 1) * size : number * size]
        if not shown:
            raise Refusal("No items found with given filter")
        wants_levels = "StockLevels" in (body.get("dataRequirements") or ())
        return [self._store.view(item, levels=wants_levels) for item in shown]

    def _ids(self, body: Json) -> Json:
        found = [self._store.by_sku(sku) for sku in body["request"]["SKUS"]]
        return {"Items": [{"StockItemId": each["StockItemId"], "SKU": each["ItemNumber"]} for each in found if each]}

    def _levels(self, body: Json) -> Json:
        wanted = set(body["request"]["StockItemIds"])
        items = [item for item in self._store.items if item["StockItemId"] in wanted]
        return [{"pkStockItemId": item["StockItemId"], "StockItemLevels": self._store.levels(item)} for item in items]

    def _set_levels(self, body: Json) -> Json:
        """All rows or none."""
        rows: list[Mapping[str, Json]] = body["stockLevels"]
        for row in rows:
            if self._store.by_sku(row.get("SKU")) is None:
                raise Refusal(f"Stock item {row.get('SKU')} not found")
        return [self._store.set_level(row) for row in rows]

    async def _orders(self, request: Request) -> Response:
        """Open and processed orders in two lists of one page, either null; a token leads to the next page."""
        if (refused := self._refused(request, "v2/orders")) is not None:
            return refused
        query = request.query_params
        size = int(query.get("entriesPerPage", 50))
        if (token := query.get("searchToken")) is not None:
            if token not in self._searches:
                return JSONResponse({"title": "Unknown search token", "status": 400}, status_code=400)
            found, start = self._searches[token]
        else:
            since = query.get("fromDate")
            found, start = self._store.updated_since(datetime.fromisoformat(since) if since else None), 0
            if query.get("includeProcessed") != "true":
                found = [order for order in found if not order["Processed"]]
        page, end = found[start : start + size], start + size
        following = None
        if end < len(found):
            following = f"00000000-0000-4000-8000-{len(self._searches):012d}"
            self._searches[following] = (found, end)
        return JSONResponse(
            {
                "TotalOrders": len(found),
                "NextSearchToken": following,
                "OpenOrders": [order for order in page if not order["Processed"]] or None,
                "ProcessedOrders": [order for order in page if order["Processed"]] or None,
            }
        )
