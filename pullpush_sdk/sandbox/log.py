"""The log of platform requests: the evidence that tests and validation judge a connector by."""

from __future__ import annotations

import json
import threading
from collections import deque
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

__all__ = ["RequestLog"]

_BODY_LIMIT = 262_144


class RequestLog:
    """The last `capacity` requests, oldest first, numbered from 1; thread-safe.

    An entry is a JSON object: `n`, `at` (sandbox time, ISO 8601), `method`, `path`, `query` (text), `status` (null:
    closed without an answer), `started` and `ended` (monotonic nanoseconds of this machine), `fault` (its name or
    null) and, for requests with a body, `body`: JSON decoded, a form as an object, other text as text,
    `{"omitted_bytes": n}` above 256 KiB. With `file`, every entry is also appended there as one JSON line,
    without a cap.
    """

    def __init__(self, *, capacity: int = 10_000, file: str | Path | None = None) -> None:
        self._entries: deque[dict[str, Any]] = deque(maxlen=capacity)
        self._file = Path(file) if file is not None else None
        self._lock = threading.Lock()
        self._count = 0

    def append(self, entry: dict[str, Any]) -> None:
        """Number and store one entry."""
        with self._lock:
            self._count += 1
            numbered = {"n": self._count, **entry}
            self._entries.append(numbered)
            if self._file is not None:
                # Opened per line: a sandbox has no moment of closing at which a held file could be closed.
                with self._file.open("a", encoding="utf-8") as out:
                    out.write(json.dumps(numbered, ensure_ascii=False) + "\n")

    def after(self, n: int = 0) -> list[dict[str, Any]]:
        """The entries numbered above `n` that are still held, in order of their end."""
        with self._lock:
            return [entry for entry in self._entries if entry["n"] > n]

    def clear(self) -> None:
        """Forget the entries; numbering goes on."""
        with self._lock:
            self._entries.clear()


def decode_body(body: bytes, content_type: str) -> Any:
    """A request's body in the form that the log shows."""
    if len(body) > _BODY_LIMIT:
        return {"omitted_bytes": len(body)}
    text = body.decode("utf-8", errors="replace")
    if content_type.startswith("application/x-www-form-urlencoded"):
        return dict(parse_qsl(text, keep_blank_values=True))
    try:
        return json.loads(text)
    except ValueError:
        return text
