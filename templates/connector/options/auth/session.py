"""Who may ask: whoever exchanged a key for a session, which ends after half an hour."""

from __future__ import annotations

import json
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pullpush_sdk.sandbox import SandboxClock

__all__ = ["SECRETS", "SETTINGS", "Access"]

SETTINGS: Mapping[str, str] = {}
SECRETS: Mapping[str, str] = {"api_key": "acme-test-key"}
_LIFE = 1800


class Access:
    """The platform's door: sessions by the moment at which they end, on the sandbox clock."""

    def __init__(self, clock: SandboxClock) -> None:
        self._clock = clock
        self._ends: dict[str, float] = {}

    def admits(self, request: Request) -> bool:
        """Whether the request belongs to a session that has not ended."""
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        return self._ends.get(token, -1.0) > self._clock.seconds()

    def routes(self) -> list[Route]:
        """The exchange."""
        return [Route("/session", self._open, methods=["POST"])]

    async def _open(self, request: Request) -> Response:
        given = json.loads(await request.body())
        if not isinstance(given, dict) or given.get("key") != SECRETS["api_key"]:
            return JSONResponse({"error": {"message": "the key is not good"}}, status_code=401)
        token = f"session-{len(self._ends) + 1}"
        self._ends[token] = self._clock.seconds() + _LIFE
        return JSONResponse({"token": token})
