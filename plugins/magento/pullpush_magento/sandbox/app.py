"""The endpoints, and how the parts are put together."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pullpush_magento.sandbox.search import pick, read_criteria
from pullpush_magento.sandbox.seed import ATTRIBUTES, SOURCES
from pullpush_magento.sandbox.store import Refusal, Store
from pullpush_sdk.errors import SetupError
from pullpush_sdk.sandbox import Control, FaultPlan, RequestLog, Sandbox, SandboxOptions, Violations, instrument

__all__ = ["build"]

Json = Any
Handler = Callable[[Request, Json], Json]

_SWITCHES = ("bearer", "log_file", "past_last_page")
_STORES = ("default", "all")
_RENAMED = {"entity_id": "id"}


def build(options: SandboxOptions) -> Sandbox:
    """A Magento shop on this machine.

    Raises:
        SetupError: an unknown switch in `options.extra`.
    """
    if unknown := sorted(set(options.extra) - set(_SWITCHES)):
        raise SetupError(f"unknown switch {unknown[0]!r} of the magento sandbox", hint=f"one of {_SWITCHES}")
    clock = options.make_clock()
    store = Store(records=options.records, clock=clock)
    token = hashlib.sha256(f"magento sandbox {options.seed}".encode()).hexdigest()[:32]
    shop = _Shop(options=options, store=store, token=token)
    control = Control(
        name="magento",
        clock=clock,
        log=RequestLog(file=options.extra.get("log_file")),
        faults=FaultPlan(),
        violations=Violations(clock),
        dump=store.dump,
        reset=store.reset,
        changes={"stock": store.change_stock, "product": store.change_product, "order": store.change_order},
    )
    app = Starlette(routes=shop.routes(), exception_handlers={404: _no_route, 405: _no_route})
    return Sandbox(
        name="magento",
        app=instrument(app, control),
        settings={"host": "magento.example", "currency": "USD"},
        secrets={"access_token": token},
        control=control,
    )


class _Shop:
    """The endpoints over one store."""

    def __init__(self, *, options: SandboxOptions, store: Store, token: str) -> None:
        self._store, self._token = store, token
        self._takes_bearer = options.extra.get("bearer", "true") == "true"
        self._repeats = options.extra.get("past_last_page", "repeat") == "repeat"

    def routes(self) -> list[Route]:
        """Every endpoint. SKUs in a path may hold an encoded slash."""
        store = self._store
        return [
            self._route(
                "store/storeConfigs", lambda _, __: [{"code": "default", "base_url": "https://magento.example/"}]
            ),
            self._list("inventory/sources", lambda: SOURCES),
            self._list("inventory/source-items", lambda: list(store.source_items.values())),
            self._route(
                "inventory/source-items", lambda _, body: store.save_source_items(body.get("sourceItems")), "POST"
            ),
            self._route("stockItems/{sku:path}", lambda request, _: store.stock_item(request.path_params["sku"])),
            self._list("products/attributes", lambda: ATTRIBUTES),
            self._route(
                "configurable-products/{sku:path}/children",
                lambda request, _: store.children(request.path_params["sku"]),
            ),
            self._list("products", lambda: store.products, _RENAMED),
            self._route("products", lambda _, body: store.save_product(body["product"]), "POST"),
            self._route("products/{sku:path}", lambda request, _: self._one(request.path_params["sku"])),
            self._route(
                "products/{sku:path}",
                lambda request, body: store.save_product(body["product"], sku=request.path_params["sku"]),
                "PUT",
            ),
            self._list("orders", lambda: store.orders),
            self._list("customers/search", lambda: store.customers, _RENAMED),
        ]

    def _one(self, sku: str) -> Json:
        """A product by itself shows its stock item, a list does not."""
        product = self._store.product(sku)
        more = {**product["extension_attributes"], "stock_item": self._store.stock_items[sku]}
        return {**product, "extension_attributes": more}

    def _list(self, path: str, rows: Callable[[], Iterable[Json]], key: Mapping[str, str] | None = None) -> Route:
        def search(request: Request, _: Json) -> Json:
            criteria = read_criteria(request.query_params)
            if criteria is None:
                raise Refusal(400, '"%fieldName" is required. Enter and try again.', {"fieldName": "searchCriteria"})
            return criteria.answer(rows(), key=key or {}, repeats=self._repeats)

        return self._route(path, search)

    def _route(self, path: str, handle: Handler, method: str = "GET") -> Route:
        async def run(request: Request) -> Response:
            try:
                self._admit(request)
                raw = await request.body()
                answer = handle(request, json.loads(raw) if raw else {})
            except Refusal as refusal:
                return JSONResponse(refusal.body, status_code=refusal.status)
            fields = request.query_params.get("fields")
            return JSONResponse(answer if fields is None else pick(answer, fields))

        return Route(f"/rest/{{store}}/V1/{path}", run, methods=[method])

    def _admit(self, request: Request) -> None:
        if request.path_params["store"] not in _STORES:
            raise Refusal(404, "The store that was requested wasn't found. Verify the store and try again.")
        if not self._takes_bearer or request.headers.get("authorization") != f"Bearer {self._token}":
            words = "The consumer isn't authorized to access %resources."
            raise Refusal(401, words, {"resources": "Magento_Catalog::products"})


async def _no_route(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return JSONResponse({"message": "Request does not match any route."}, status_code=status)
