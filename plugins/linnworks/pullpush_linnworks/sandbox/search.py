"""The list of orders of the new API: by last update, page by page behind a token."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from pullpush_linnworks.sandbox.store import Record, Store
from pullpush_linnworks.sandbox.wire import problem

__all__ = ["OrderSearch"]

Json = Any


class OrderSearch:
    """Searches under way: a kept one holds the ids of its first page's moment, a live one asks anew for each page."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._searches: dict[str, tuple[list[str] | None, datetime | None, bool, int]] = {}

    async def answer(self, request: Request) -> Response:
        """Open and processed orders in two lists of one page, either null; a token leads to the next page."""
        query = request.query_params
        try:
            if keys := query.getlist("id"):
                wanted = [str(uuid.UUID(key)) for key in keys]
                return self._page([each for each in self._store.orders if each["OrderId"] in wanted], 0, 500, None)
            size = int(query.get("entriesPerPage", 50))
            token = query.get("searchToken")
            search = self._started(query) if token is None else self._searches.get(str(uuid.UUID(token)))
        except ValueError as error:
            return problem(400, "Bad Request", "One or more fields are invalid", {"query": [str(error)]})
        if search is None:
            return problem(404, "Not Found", "The search token is not known")
        kept, since, processed, start = search
        found = self._found(since, processed) if kept is None else [self._order(key) for key in kept]
        return self._page(found, start, size, (kept, since, processed))

    def _started(self, query: Mapping[str, str]) -> tuple[list[str] | None, datetime | None, bool, int]:
        text = query.get("fromDate")
        since = None if text is None else _instant(text)
        processed = query.get("includeProcessed", "false").lower() == "true"
        is_kept = self._store.switches.search == "kept"
        return ([each["OrderId"] for each in self._found(since, processed)] if is_kept else None), since, processed, 0

    def _found(self, since: datetime | None, processed: bool) -> list[Record]:
        """Orders by their last update, oldest first."""
        found = [
            each
            for each in self._store.orders
            if (since is None or _instant(each["LastUpdated"]) >= since) and (processed or not each["Processed"])
        ]
        return sorted(found, key=lambda each: (_instant(each["LastUpdated"]), each["NumOrderId"]))

    def _order(self, key: str) -> Record:
        order = self._store.order(key)
        assert order is not None
        return order

    def _page(
        self, found: list[Record], start: int, size: int, search: tuple[list[str] | None, datetime | None, bool] | None
    ) -> Response:
        page, end, following = found[start : start + size], start + size, None
        if end < len(found) and search is not None:
            following = str(uuid.UUID(int=len(self._searches) + 1, version=4))
            self._searches[following] = (*search, end)
        return JSONResponse(
            {
                "TotalOrders": len(found),
                "NextSearchToken": following,
                "OpenOrders": [_new(order) for order in page if not order["Processed"]] or None,
                "ProcessedOrders": [_new(order) for order in page if order["Processed"]] or None,
            }
        )


def _new(order: Record) -> Json:
    """An order in the new API's model; processed ones say whether they were cancelled, open ones what holds them."""
    info = dict(order["GeneralInfo"])
    if order["Processed"]:
        info = {key: value for key, value in info.items() if key not in ("IsParked", "IsLocked")}
        info["IsCancelled"] = order["_cancelled"]
    return {**{key: value for key, value in order.items() if not key.startswith("_")}, "GeneralInfo": info}


def _instant(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
