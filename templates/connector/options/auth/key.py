"""Who may ask: a fixed key in the header X-Api-Key."""

from __future__ import annotations

import hmac
from collections.abc import Mapping

from starlette.requests import Request
from starlette.routing import Route

from pullpush_sdk.sandbox import SandboxClock

__all__ = ["SECRETS", "SETTINGS", "Access"]

SETTINGS: Mapping[str, str] = {}
SECRETS: Mapping[str, str] = {"api_key": "acme-test-key"}


class Access:
    """The platform's door."""

    def __init__(self, clock: SandboxClock) -> None:
        """A fixed key needs no clock; the other kinds of doors do."""

    def admits(self, request: Request) -> bool:
        """Whether the request carries the key."""
        return hmac.compare_digest(request.headers.get("x-api-key", ""), SECRETS["api_key"])

    def routes(self) -> list[Route]:
        """Requests by which credentials are got: none."""
        return []
