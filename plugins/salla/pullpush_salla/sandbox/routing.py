"""From a request to an endpoint and back: bearer, budget, scope, body, in that order."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import attrs
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pullpush_salla.sandbox.bulk import BulkQueue
from pullpush_salla.sandbox.limits import Limits
from pullpush_salla.sandbox.store import Store
from pullpush_salla.sandbox.switches import Switches
from pullpush_salla.sandbox.tokens import Tokens
from pullpush_salla.sandbox.wire import ApiError, unauthorized
from pullpush_sdk.sandbox import SandboxClock, WebhookOutbox

__all__ = ["API", "Call", "Endpoint", "Platform", "make_route", "refuse_path"]

API = "/admin/v2"


@attrs.frozen(kw_only=True)
class Platform:
    """The parts that an endpoint may need."""

    clock: SandboxClock
    switches: Switches
    store: Store
    tokens: Tokens
    limits: Limits
    outbox: WebhookOutbox
    bulk: BulkQueue

    def is_indexed(self, created_at: datetime) -> bool:
        """Whether lists and searches know a record of that age."""
        return created_at <= self.clock.now() - timedelta(seconds=self.switches.index_lag)


@attrs.frozen(kw_only=True)
class Call:
    """One authorised request. `body` is {} where there is none; `content_lang` None = the default language."""

    platform: Platform
    query: Mapping[str, str]
    lists: Callable[[str], Sequence[str]]
    params: Mapping[str, Any]
    body: Mapping[str, Any]
    raw: bytes
    lang: str
    content_lang: str | None
    path: str

    @property
    def store(self) -> Store:
        """The merchant's records."""
        return self.platform.store


@attrs.frozen
class Endpoint:
    """`scope` is a resource (`products`): reading needs `.read` or `.read_write`, anything else `.read_write`.

    `form=True` leaves the body undecoded.
    """

    method: str
    path: str
    scope: str
    handle: Callable[[Call], Response]
    form: bool = False


def make_route(platform: Platform, endpoint: Endpoint) -> Route:
    """The Starlette route of an endpoint."""

    async def run(request: Request) -> Response:
        platform.bulk.settle()
        lang = "en" if request.headers.get("accept-language", "").lower().startswith("en") else "ar"
        budget: dict[str, str] = {}
        try:
            scopes = platform.tokens.check(request.headers.get("authorization", ""))
            budget = platform.limits.admit(request.url.path)
            _check_scope(endpoint, scopes)
            raw = await request.body()
            body = {} if endpoint.form else _decode(raw)
            call = Call(
                platform=platform,
                query=request.query_params,
                lists=request.query_params.getlist,
                params=request.path_params,
                body=body,
                raw=raw,
                lang=lang,
                content_lang=request.headers.get("content-language"),
                path=request.url.path,
            )
            response = endpoint.handle(call)
        except ApiError as error:
            response = error.response(lang)
        response.headers.update(budget)
        return response

    return Route(API + endpoint.path, run, methods=[endpoint.method])


def _check_scope(endpoint: Endpoint, scopes: Sequence[str]) -> None:
    accepted = [f"{endpoint.scope}.read_write"]
    if endpoint.method == "GET":
        accepted.insert(0, f"{endpoint.scope}.read")
    if not set(accepted) & set(scopes):
        # 401, not 403; clients tell this case by the scopes in the sentence.
        sentence = f"The access token should have access to one of those scopes: {', '.join(accepted)}"
        raise unauthorized((sentence, sentence))


def _decode(raw: bytes) -> Mapping[str, Any]:
    if not raw:
        return {}
    try:
        # Decimals, because amounts are computed with.
        body = json.loads(raw, parse_float=Decimal)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise ApiError(400, ("صيغة الطلب غير صالحة", "The body must be a JSON object"), code="bad_request")
    return body


async def refuse_path(_: Request, error: Exception) -> Response:
    """404 for an unknown path and 405 for a wrong method: here `error.code` is a number."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    message = "The requested address is not available" if status == 404 else "The method is not allowed"
    content = {"status": status, "success": False, "error": {"code": status, "message": message}}
    return JSONResponse(content, status_code=status)
