"""Who may ask: OAuth 2. A person grants access, a code becomes tokens, a refresh token renews them for an hour."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from pullpush_sdk.sandbox import SandboxClock

__all__ = ["SECRETS", "SETTINGS", "Access"]

SETTINGS: Mapping[str, str] = {}
SECRETS: Mapping[str, str] = {
    "client_id": "acme-test-client",
    "client_secret": "acme-test-secret",
    "refresh_token": "acme-test-refresh",
}
_LIFE = 3600


class Access:
    """The platform's door: access tokens by the moment at which they end, on the sandbox clock."""

    def __init__(self, clock: SandboxClock) -> None:
        self._clock = clock
        self._ends: dict[str, float] = {}
        self._codes: set[str] = set()

    def admits(self, request: Request) -> bool:
        """Whether the request carries an access token that has not ended."""
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        return self._ends.get(token, -1.0) > self._clock.seconds()

    def routes(self) -> list[Route]:
        """The page that asks a person (who says yes at once), and the exchange."""
        return [
            Route("/oauth/authorize", self._authorize),
            Route("/oauth/token", self._token, methods=["POST"]),
        ]

    async def _authorize(self, request: Request) -> Response:
        code = f"code-{len(self._codes) + 1}"
        self._codes.add(code)
        back = {"code": code, "state": request.query_params.get("state", "")}
        return RedirectResponse(f"{request.query_params.get('redirect_uri', '')}?{urlencode(back)}")

    async def _token(self, request: Request) -> Response:
        given = dict(parse_qsl((await request.body()).decode()))
        if any(given.get(name) != SECRETS[name] for name in ("client_id", "client_secret")):
            return JSONResponse({"error": "invalid_client"}, status_code=401)
        renewing = given.get("grant_type") == "refresh_token" and given.get("refresh_token") == SECRETS["refresh_token"]
        if not renewing and given.get("code") not in self._codes:
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        self._codes.discard(given.get("code", ""))
        token = f"access-{len(self._ends) + 1}"
        self._ends[token] = self._clock.seconds() + _LIFE
        answer = {"access_token": token, "refresh_token": SECRETS["refresh_token"], "token_type": "Bearer"}
        return JSONResponse({**answer, "expires_in": _LIFE})
