"""Who may ask: HTTP Basic, a user name and a password."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping

from starlette.requests import Request
from starlette.routing import Route

from pullpush_sdk.sandbox import SandboxClock

__all__ = ["SECRETS", "SETTINGS", "Access"]

SETTINGS: Mapping[str, str] = {"username": "demo"}
SECRETS: Mapping[str, str] = {"password": "acme-test-password"}


class Access:
    """The platform's door."""

    def __init__(self, clock: SandboxClock) -> None:
        """A password needs no clock; the other kinds of doors do."""

    def admits(self, request: Request) -> bool:
        """Whether name and password are good."""
        known = base64.b64encode(f"{SETTINGS['username']}:{SECRETS['password']}".encode()).decode()
        return hmac.compare_digest(request.headers.get("authorization", ""), f"Basic {known}")

    def routes(self) -> list[Route]:
        """Requests by which credentials are got: none."""
        return []
