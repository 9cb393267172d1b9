"""Acme's requests: lists, one record, create, change."""

from __future__ import annotations

# <type:stocklevel>
from collections.abc import Mapping

# </type:stocklevel>
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .access import Access

# <webhooks>
from .outbox import Announcer

# </webhooks>
from .pages import page
from .store import UNIQUE, Row, Store, UniqueError

__all__ = ["Platform"]


class Platform:
    """The platform's HTTP side."""

    def __init__(
        self,
        store: Store,
        access: Access,
        # <webhooks>
        announcer: Announcer,
        # </webhooks>
    ) -> None:
        self._store = store
        self._access = access
        # <webhooks>
        self._announcer = announcer
        # </webhooks>
        routes = [
            *access.routes(),
            Route("/v1/account", self._account),
            # <webhooks>
            Route("/v1/webhooks", self._subscribe, methods=["PUT"]),
            # </webhooks>
            Route("/v1/{table}", self._list, methods=["GET"]),
            Route("/v1/{table}", self._create, methods=["POST"]),
            Route("/v1/{table}/{id:int}", self._one, methods=["GET", "PATCH"]),
        ]
        self.app = Starlette(routes=routes)

    async def _account(self, request: Request) -> Response:
        return self._refusal(request) or JSONResponse({"name": "Acme test shop"})

    # <webhooks>
    async def _subscribe(self, request: Request) -> Response:
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
        self._announcer.url = str((await _object(request)).get("url", ""))
        return JSONResponse({"url": self._announcer.url})

    # </webhooks>
    async def _list(self, request: Request) -> Response:
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
        name = request.path_params["table"]
        asked = request.query_params
        rows = list(self._store.tables[name].values())
        if UNIQUE[name] in asked:
            rows = list(self._store.rows(name, UNIQUE[name], asked[UNIQUE[name]]))
        if "updated_since" in asked:
            rows = [row for row in rows if row["updated_at"] >= asked["updated_since"][:19] + "Z"]
        try:
            body, headers = page(rows, request)
        except ValueError as error:
            return _bad(400, f"a paging parameter is not a number: {error}")
        return JSONResponse(dict(body), headers=dict(headers))

    async def _create(self, request: Request) -> Response:
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
        name = request.path_params["table"]
        values = await _object(request)
        if not values.get(UNIQUE[name]):
            return _bad(422, f"{UNIQUE[name]} is missing")
        try:
            # <type:stocklevel>
            row = self._store.add(name, _complete(name, values))
            # <else>
            # | row = self._store.add(name, values)
            # </type:stocklevel>
        except UniqueError as error:
            return _bad(409, str(error))
        # <type:product,type:stocklevel>
        if name == "products":
            self._store.add("stock", {"sku": row["sku"], "tracked": False, "on_hand": 0})
        # </type:product,type:stocklevel>
        return JSONResponse({"data": row}, status_code=201)

    async def _one(self, request: Request) -> Response:
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
        name, number = request.path_params["table"], request.path_params["id"]
        if number not in self._store.tables[name]:
            return _bad(404, f"there is no record {number}")
        if request.method == "PATCH":
            # <type:stocklevel>
            return JSONResponse({"data": self._store.patch(name, number, _complete(name, await _object(request)))})
            # <else>
            # | return JSONResponse({"data": self._store.patch(name, number, await _object(request))})
            # </type:stocklevel>
        return JSONResponse({"data": self._store.tables[name][number]})

    def _refusal(self, request: Request) -> Response | None:
        if not self._access.admits(request):
            return _bad(401, "the credentials are not good")
        if request.path_params.get("table", next(iter(UNIQUE))) not in UNIQUE:
            return _bad(404, "there is no such list")
        return None


# <type:stocklevel>
_IMPLIED: Mapping[str, tuple[str, Row]] = {
    "stock": ("on_hand", {"tracked": True}),  # whoever names a figure counts
}
"""Table to a field, and what is set too where that field is written."""


def _complete(name: str, values: Row) -> Row:
    """What is written, as the platform keeps it."""
    field, more = _IMPLIED.get(name, ("", {}))
    return {**values, **more} if field in values else values


# </type:stocklevel>
async def _object(request: Request) -> Row:
    body: Any = await request.json()
    return body if isinstance(body, dict) else {}


def _bad(status: int, message: str) -> JSONResponse:
    return JSONResponse({"error": {"message": message}}, status_code=status)
