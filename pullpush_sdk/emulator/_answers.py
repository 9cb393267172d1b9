"""Answers as values, and refusals as they were recorded."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import attrs

from pullpush_sdk.canonical import dumps
from pullpush_sdk.samples import Asked, Exchange

from ._endpoints import Endpoint, segments_of
from ._inputs import inputs_of, is_placeholder

__all__ = ["Refusals", "Reply", "echoed", "replaced"]

Json = Any
_LEAST = 2  # letters of a value that is looked for inside texts: shorter ones stand there by chance
_DROPPED = frozenset({"content-length", "transfer-encoding", "connection", "date", "content-encoding", "server"})


@attrs.frozen(kw_only=True)
class Reply:
    """What is answered: `body` None is an empty one, text goes out as it is, everything else as JSON."""

    status: int = 200
    headers: Mapping[str, str] = attrs.field(factory=dict)
    body: Json = None

    def content(self) -> tuple[bytes, str]:
        """The body's bytes, and their content type."""
        if self.body is None:
            return b"", ""
        if isinstance(self.body, str) and not self.headers.get("content-type", "").startswith("application/json"):
            return self.body.encode(), "text/plain; charset=utf-8"
        return dumps(self.body), "application/json"

    def sent_headers(self) -> dict[str, str]:
        """The headers without those that are the server's own."""
        return {name: text for name, text in self.headers.items() if name not in _DROPPED}


class Refusals:
    """Recorded answers that refuse; where none fits, one that says what nobody recorded."""

    def __init__(self, exchanges: Sequence[Exchange]) -> None:
        self._recorded = [each for each in exchanges if each.meaning >= 400]

    def recorded(self, statuses: Collection[int], endpoint: Endpoint | None = None) -> Exchange | None:
        """A refusal with one of these statuses: of this endpoint if there is one, else of any."""
        found = [each for each in self._recorded if each.meaning in statuses]
        own = [each for each in found if endpoint is not None and endpoint.fits(each) is not None]
        return next(iter([*own, *found]), None)

    def of(self, endpoint: Endpoint) -> list[Exchange]:
        """The refusals of one endpoint's requests, in the order of their recording."""
        return [each for each in self._recorded if endpoint.fits(each) is not None]

    def reply(self, statuses: Sequence[int], asked: Asked, message: str, endpoint: Endpoint | None = None) -> Reply:
        """A refusal as recorded, with the request's own values in it; else the first status with a plain message."""
        exchange = self.recorded(statuses, endpoint)
        if exchange is None:
            return Reply(status=statuses[0], body={"error": message})
        return Reply(
            status=exchange.status, headers=exchange.answer_headers, body=echoed(exchange.body, exchange, asked)
        )


def echoed(body: Json, recorded: Asked, asked: Asked) -> Json:
    """A recorded answer with what the recorded request said replaced by what this request says."""
    mine, theirs = _said(recorded), _said(asked)
    pairs = {str(value): str(theirs[where]) for where, value in mine.items() if where in theirs}
    changed = {old: new for old, new in pairs.items() if old != new and len(old) >= _LEAST and not is_placeholder(old)}
    return replaced(body, changed) if changed else body


def _said(asked: Asked) -> dict[Any, Json]:
    segments = {("path", index): part for index, part in enumerate(segments_of(asked.path))}
    return segments | {where: value for where, value in inputs_of(asked).items() if isinstance(value, str | int)}


def replaced(value: Json, changed: Mapping[str, str]) -> Json:
    """A JSON value with texts and numbers replaced, whole ones and inside of texts."""
    if isinstance(value, dict):
        return {key: replaced(each, changed) for key, each in value.items()}
    if isinstance(value, list):
        return [replaced(each, changed) for each in value]
    if isinstance(value, bool) or not isinstance(value, str | int):
        return value
    if str(value) in changed:
        new = changed[str(value)]
        return int(new) if isinstance(value, int) and new.isdigit() else new
    if isinstance(value, str):
        for old, new in changed.items():
            if len(old) > _LEAST:
                value = value.replace(old, new)
    return value
