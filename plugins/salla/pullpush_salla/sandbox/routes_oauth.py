"""`/oauth2/*`, which the platform serves from its accounts host: bare bodies, no envelope, no budget."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from pullpush_salla.sandbox.routing import Platform
from pullpush_salla.sandbox.store import STORE_ID
from pullpush_salla.sandbox.tokens import ACCESS_SECONDS, Grant, GrantError
from pullpush_salla.sandbox.wire import ApiError

__all__ = ["oauth_routes"]


def oauth_routes(platform: Platform) -> list[Route]:
    """Authorise (approves at once, there is no merchant to ask), token, user info."""

    async def authorise(request: Request) -> Response:
        query = request.query_params
        target = query.get("redirect_uri", "")
        is_ours = query.get("client_id") == platform.tokens.client_id
        if not is_ours or query.get("response_type") != "code" or not urlsplit(target).scheme:
            return _error(400, "invalid_request", "client_id, response_type=code and redirect_uri are required.")
        asked = tuple(query.get("scope", "").split()) or platform.switches.scopes
        granted = tuple(scope for scope in asked if scope in platform.switches.scopes)
        answer = {"code": platform.tokens.make_code(target, granted), "scope": " ".join(granted)}
        # The platform gives the state back without its hyphens.
        answer["state"] = query.get("state", "").replace("-", "")
        joint = "&" if urlsplit(target).query else "?"
        return RedirectResponse(target + joint + urlencode(answer), status_code=302)

    async def token(request: Request) -> Response:
        if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            return _error(400, "invalid_request", "The body must be form-encoded.")
        form = dict(parse_qsl((await request.body()).decode("utf-8", errors="replace")))
        try:
            if form.get("grant_type") == "authorization_code":
                grant = platform.tokens.exchange(form)
                return _granted(grant, platform.switches.code_expiry_field)
            if form.get("grant_type") == "refresh_token":
                return _granted(platform.tokens.refresh(form), "expires_in")
        except GrantError as error:
            return _error(error.status, error.error, error.description)
        return _error(400, "unsupported_grant_type", "authorization_code and refresh_token are supported.")

    async def user_info(request: Request) -> Response:
        try:
            platform.tokens.check(request.headers.get("authorization", ""))
        except ApiError as error:
            return error.response("en")
        return JSONResponse(_user(platform))

    return [
        Route("/oauth2/auth", authorise),
        Route("/oauth2/token", token, methods=["POST"]),
        Route("/oauth2/user/info", user_info),
    ]


def _granted(grant: Grant, expiry_field: str) -> Response:
    """Both forms carry a duration; the code exchange calls it `expires`, as if it were a moment."""
    body: dict[str, Any] = {"access_token": grant.access_token, expiry_field: ACCESS_SECONDS}
    if grant.refresh_token is not None:
        body["refresh_token"] = grant.refresh_token
    return JSONResponse({**body, "scope": " ".join(grant.scopes), "token_type": "bearer"})


def _error(status: int, error: str, description: str) -> Response:
    return JSONResponse({"error": error, "error_description": description}, status_code=status)


def _user(platform: Platform) -> dict[str, Any]:
    created = "2024-01-01 10:00:00"
    merchant = {
        "id": STORE_ID,
        "username": "sandbox-store",
        "name": "sandbox-store",
        "avatar": "https://cdn.example.com/avatar.png",
        "store_location": "24.7136,46.6753",
        "plan": platform.switches.plan,
        "status": "active",
        "domain": "https://store.example.com",
        "created_at": created,
    }
    user = {"id": 1_771_165_749, "name": "Sandbox User", "email": "user@example.com", "mobile": "+966500000000"}
    return {**user, "role": "user", "created_at": created, "merchant": merchant}
