"""Answers of the receiver: short, of a fixed length, never telling more than the sender knows."""

from __future__ import annotations

from typing import Any

import attrs
from starlette.types import Message

from pullpush_sdk.canonical import dumps

__all__ = ["Answer", "accepted", "refused", "token"]

Json = Any

_JSON = (b"content-type", b"application/json")
_PLAIN = (b"content-type", b"text/plain; charset=utf-8")
_NOSNIFF = (b"x-content-type-options", b"nosniff")
_WITHOUT_BODY = frozenset({204, 205, 304})


@attrs.frozen
class Answer:
    """One answer, made ready as the two messages of ASGI."""

    start: Message
    body: Message

    @property
    def status(self) -> int:
        """Its status."""
        found: int = self.start["status"]
        return found


def _answer(status: int, body: bytes, *headers: tuple[bytes, bytes]) -> Answer:
    length = () if status in _WITHOUT_BODY else ((b"content-length", str(len(body)).encode()),)
    start = {"type": "http.response.start", "status": status, "headers": [*headers, *length, _NOSNIFF]}
    return Answer(start, {"type": "http.response.body", "body": b"" if status in _WITHOUT_BODY else body})


def accepted(status: int, body: Json | None) -> Answer:
    """The answer to a request that was kept, as its connector's manifest has it; anything but a 2xx becomes 200."""
    good = status if 200 <= status < 300 else 200
    return _answer(good, b"" if body is None else dumps(body), *(() if body is None else (_JSON,)))


def token(value: str | int, field: str | None) -> Answer:
    """The answer to a handshake."""
    if field is None:
        return _answer(200, str(value).encode(errors="replace"), _PLAIN)
    return _answer(200, dumps({field: value}), _JSON)


def refused(status: int, error: str, *headers: tuple[bytes, bytes], close: bool = False) -> Answer:
    """A refusal; `close` ends the connection, for requests that were not read to their end."""
    more = ((b"connection", b"close"),) if close else ()
    return _answer(status, dumps({"error": error}), _JSON, *headers, *more)
