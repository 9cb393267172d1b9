"""Recorded webhooks in files: the form of samples, so that what was received can become one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from pullpush_sdk.canonical import instant_text, loads, parse_instant
from pullpush_sdk.connector import WebhookRequest
from pullpush_sdk.declarative import decoded
from pullpush_sdk.errors import FieldError, SetupError

__all__ = ["as_sample", "holds", "read_recorded"]

Json = Any
_LARGEST = 20_000_000  # bytes, as of a sample
_FORM = 'expected {"webhooks": [{"headers": {…}, "query": {…}, "body": "…"}]}, see docs/reference/samples.md'


def read_recorded(file: Path, now: datetime) -> list[WebhookRequest]:
    """The webhooks of a file, in its order: `{"webhooks": […]}`, a list, one webhook, or one a line.

    A webhook with `receivedAt` came then, any other at `now`.

    Raises:
        SetupError: it cannot be read, or is not of the form; with the place.
    """
    try:
        if file.exists() and not file.is_file():
            raise SetupError(f"{file} is no file", hint="give it a recording that can be read to its end")
        if file.stat().st_size > _LARGEST:
            raise SetupError(f"{file} is larger than {_LARGEST} bytes", hint="cut the recording down")
        content = file.read_bytes()
    except OSError as error:
        raise SetupError(f"{file} cannot be read: {error.strerror}") from error
    return [_request(each, f"{file}: {place}", now) for place, each in _listed(content, file)]


def _listed(content: bytes, file: Path) -> Iterator[tuple[str, Json]]:
    try:
        value = loads(content)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        lines = [line for line in content.splitlines() if line.strip()]
        try:
            values = [loads(line) for line in lines] if len(lines) > 1 else None
        except (msgspec.DecodeError, UnicodeDecodeError):
            values = None
        if values is None:
            raise SetupError(f"{file} is not JSON: {error}", hint=_FORM) from None
        yield from ((f"line {number}", each) for number, each in enumerate(values, 1))
        return
    if isinstance(value, Mapping) and "webhooks" in value:
        value, prefix = value["webhooks"], "$.webhooks"
    else:
        prefix = "$"
    if isinstance(value, list):
        yield from ((f"{prefix}[{number}]", each) for number, each in enumerate(value))
    else:
        yield prefix, value


def _request(value: Json, place: str, now: datetime) -> WebhookRequest:
    if not isinstance(value, Mapping) or not isinstance(value.get("body"), str):
        raise SetupError(f"{place} is no recorded webhook: `body` is the text as it was sent", hint=_FORM)
    received_at = now
    try:
        if value.get("receivedAt") is not None:
            received_at = parse_instant(value["receivedAt"])
        headers, query = _texts(value.get("headers")), _texts(value.get("query"))
    except (ValueError, TypeError, AttributeError, FieldError) as error:
        raise SetupError(f"{place} is not of the form: {error}", hint=_FORM) from None
    return WebhookRequest(
        headers={name.lower(): text for name, text in headers.items()},
        query=query,
        body=value["body"].encode(),
        received_at=received_at,
    )


def _texts(value: Json) -> dict[str, str]:
    return {str(name): str(text) for name, text in (value or {}).items()}


def as_sample(request: WebhookRequest) -> dict[str, Json]:
    """A request in the form that `read_recorded` reads; bytes that are no UTF-8 are replaced."""
    return {
        "headers": dict(request.headers),
        "query": dict(request.query),
        "body": request.body.decode("utf-8", errors="replace"),
        "receivedAt": instant_text(request.received_at.astimezone(UTC)),
    }


def holds(request: WebhookRequest, key: str) -> bool:
    """Whether a value in the body, the query or a header is this text or number: a SKU, an order's id."""
    if key.encode() not in request.body:
        return key in request.query.values() or key in request.headers.values()
    return any(str(leaf) == key for leaf in _leaves(decoded(request)))


def _leaves(value: Json) -> Iterator[Json]:
    if isinstance(value, Mapping):
        for each in value.values():
            yield from _leaves(each)
    elif isinstance(value, list):
        for each in value:
            yield from _leaves(each)
    elif value is not None:
        yield value
