"""Reading a request's body within limits of size; those of time are the server's."""

from __future__ import annotations

from collections.abc import Mapping

import attrs
from starlette.types import Receive

from ._answers import Answer, refused
from ._limits import Limits

__all__ = ["Bodies", "GoneError", "RefusedError"]

_IDENTITY = frozenset({"", "identity"})


class GoneError(Exception):
    """The client went away; nobody waits for an answer."""


class RefusedError(Exception):
    """The request is not taken; `answer` says why."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


@attrs.define
class Bodies:
    """Reads bodies, and keeps count of what is held of all of them together.

    `held` is given back by whoever read a body, when it is stored or refused.
    """

    limits: Limits
    held: int = 0

    def check(self, headers: Mapping[str, str]) -> None:
        """Refuse by the headers alone, before anything of a body is read.

        Raises:
            RefusedError: too large, or packed: nobody knows what it unfolds to, and the signature covers the bytes.
        """
        packing = headers.get("content-encoding", "")
        if packing.strip().lower() not in _IDENTITY:
            raise RefusedError(
                refused(415, "a body must not be compressed", (b"accept-encoding", b"identity"), close=True)
            )
        length = headers.get("content-length")
        if length is not None and (not length.isdigit() or int(length[:20]) > self.limits.body):
            raise RefusedError(self._too_large())
        if self.held >= self.limits.in_flight:
            raise RefusedError(self.busy())

    async def read(self, receive: Receive) -> bytes:
        """The body, counted in `held` from now on.

        Raises:
            RefusedError: too large; nothing of it is counted.
            GoneError: the client went away in the middle of it, or was too slow for the server.
        """
        got: list[bytes] = []
        size = 0
        try:
            more = True
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise GoneError
                chunk, more = message.get("body", b""), message.get("more_body", False)
                size += len(chunk)
                self.held += len(chunk)
                if size > self.limits.body:
                    raise RefusedError(self._too_large())
                if self.held > self.limits.in_flight:
                    raise RefusedError(self.busy())
                got.append(chunk)
        except BaseException:
            self.held -= size
            raise
        return got[0] if len(got) == 1 else b"".join(got)

    def busy(self) -> Answer:
        """For what cannot be kept now, and may come again."""
        after = (b"retry-after", str(self.limits.retry_after).encode())
        return refused(503, "cannot be kept now; send it again", after, close=True)

    def _too_large(self) -> Answer:
        return refused(413, f"a body may have {self.limits.body} bytes", close=True)
