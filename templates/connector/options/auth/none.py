"""Who may ask: everybody."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.routing import Route

from pullpush_sdk.sandbox import SandboxClock

__all__ = ["SECRETS", "SETTINGS", "Access"]

SETTINGS: Mapping[str, str] = {}
SECRETS: Mapping[str, str] = {}


class Access:
    """The platform's door, which stands open."""

    def __init__(self, clock: SandboxClock) -> None:
        """An open door needs no clock; the other kinds of doors do."""

    def admits(self, request: Request) -> bool:  # noqa: ARG002 - the same question for every kind of door
        """Always."""
        return True

    def routes(self) -> list[Route]:
        """Requests by which credentials are got: none."""
        return []
