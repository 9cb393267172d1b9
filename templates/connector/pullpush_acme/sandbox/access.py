"""Who may ask: a fixed token in `Authorization: Bearer`."""

from __future__ import annotations

import hmac
from collections.abc import Mapping

from starlette.requests import Request
from starlette.routing import Route

from pullpush_sdk.sandbox import SandboxClock

__all__ = ["SECRETS", "SETTINGS", "Access"]

SETTINGS: Mapping[str, str] = {}
SECRETS: Mapping[str, str] = {"access_token": "acme-test-token"}


class Access:
    """The platform's door."""

    def __init__(self, clock: SandboxClock) -> None:
        """A fixed token needs no clock; the other kinds of doors do."""

    def admits(self, request: Request) -> bool:
        """Whether the request carries the token."""
        return hmac.compare_digest(request.headers.get("authorization", ""), f"Bearer {SECRETS['access_token']}")

    def routes(self) -> list[Route]:
        """Requests by which credentials are got: none."""
        return []
