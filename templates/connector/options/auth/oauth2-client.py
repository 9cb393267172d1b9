"""Who may ask: OAuth 2, client credentials exchanged for a token that lives an hour."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pullpush_sdk.sandbox import SandboxClock

__all__ = ["SECRETS", "SETTINGS", "Access"]

SETTINGS: Mapping[str, str] = {}
SECRETS: Mapping[str, str] = {"client_id": "acme-test-client", "client_secret": "acme-test-secret"}
_LIFE = 3600


class Access:
    """The platform's door: access tokens by the moment at which they end, on the sandbox clock."""

    def __init__(self, clock: SandboxClock) -> None:
        self._clock = clock
        self._ends: dict[str, float] = {}

    def admits(self, request: Request) -> bool:
        """Whether the request carries an access token that has not ended."""
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        return self._ends.get(token, -1.0) > self._clock.seconds()

    def routes(self) -> list[Route]:
        """The exchange."""
        return [Route("/oauth/token", self._token, methods=["POST"])]

    async def _token(self, request: Request) -> Response:
        given = dict(parse_qsl((await request.body()).decode()))
        if any(given.get(name) != text for name, text in SECRETS.items()):
            return JSONResponse({"error": "invalid_client"}, status_code=401)
        token = f"access-{len(self._ends) + 1}"
        self._ends[token] = self._clock.seconds() + _LIFE
        return JSONResponse({"access_token": token, "token_type": "Bearer", "expires_in": _LIFE})
