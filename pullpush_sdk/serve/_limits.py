"""How much, and how slowly, the outside may send."""

from __future__ import annotations

import attrs

__all__ = ["Limits"]


@attrs.frozen(kw_only=True)
class Limits:
    """Limits of a request and of a server.

    `body` and `headers` are bytes of one request; `head_seconds` is for its first line and headers, `body_seconds` for
    its body. `in_flight` is how many bytes of bodies are held for all requests together until they are stored,
    `connections` how many connections are open. `retry_after` is what a 503 tells the platform, in seconds.
    """

    body: int = 5 * 1024 * 1024
    headers: int = 64 * 1024
    head_seconds: float = 10.0
    body_seconds: float = 30.0
    in_flight: int = 64 * 1024 * 1024
    connections: int = 1_000
    retry_after: int = 10
