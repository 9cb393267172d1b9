"""Plain values of canonical records: the mark of an absent field, exact numbers, aware instants."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec

Unset = msgspec.UnsetType
UNSET = msgspec.UNSET
"""An absent field: nothing is said about it. None means "known empty"."""

MONEY_TEXT = re.compile(r"-?[0-9]+(\.[0-9]+)?", re.ASCII)
INSTANT_TEXT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", re.ASCII)
"""How amounts and instants are written on the wire; the JSON Schemas say the same."""

_decoder = msgspec.json.Decoder(float_hook=Decimal)
_encoder = msgspec.json.Encoder(decimal_format="number")


def loads(text: bytes | str) -> Any:
    """JSON text as Python values; a number with a fraction or exponent becomes a Decimal from its own digits.

    Raises:
        msgspec.DecodeError: not JSON; the message holds the byte position.
    """
    return _decoder.decode(text)


def dumps(value: Any) -> bytes:
    """Compact JSON of plain values; a Decimal becomes a JSON number with its own digits."""
    return _encoder.encode(value)


def whole(value: Decimal) -> int | Decimal:
    """An integral Decimal as int (5.0 -> 5), any other unchanged."""
    if value == value.to_integral_value():
        return int(value)
    return value


def money_text(value: Decimal) -> str:
    """Decimal text without an exponent, with the digits it was given: 1E+2 -> "100", 5.50 -> "5.50"."""
    return format(value, "f")


def instant_text(value: datetime) -> str:
    """UTC as `2026-01-31T08:00:00Z`, with microseconds only where there are some."""
    if value.tzinfo is not UTC:  # as it is in records: read from a platform's text, it was brought there
        value = value.astimezone(UTC)
    return value.isoformat()[: -len("+00:00")] + "Z"


def parse_instant(text: str) -> datetime:
    """An ISO 8601 instant with an offset or Z, as aware UTC.

    Raises:
        ValueError: not ISO 8601, or no offset: a naive time is a guess, so it is refused.
    """
    value = datetime.fromisoformat(text)
    if value.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone; expected an offset or Z")
    return value.astimezone(UTC)
