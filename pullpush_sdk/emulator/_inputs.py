"""What a request says beside its path: query parameters and the leaves of its body, as one flat table."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from pullpush_sdk.canonical import parse_instant
from pullpush_sdk.samples import Asked

from ._leaves import leaves

__all__ = ["Where", "inputs_of", "instant_of", "is_placeholder", "moment_in", "number_of"]

Json = Any
_SINCE = "if-modified-since"  # the one header that asks for some records of a list
_TIME_WORDS = re.compile(r"since|after|from|min|updat|modif|chang|creat|start|date|time|_at$|touched", re.IGNORECASE)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?")
_JSON_DATE = re.compile(r"/Date\((\d{9,14})(?:[+-]\d{4})?\)/", re.ASCII)
_SECONDS = (1_000_000_000, 10_000_000_000)  # Unix times of our days, 2001 to 2286


class Where(NamedTuple):
    """One input's place: a query parameter by its name, or a leaf of the body by its steps."""

    part: str  # "query", "body", "header" or "path"
    place: tuple[str | int, ...]

    @property
    def name(self) -> str:
        """The last name on the way, in lower case: what people call it."""
        named = [step for step in self.place if isinstance(step, str)]
        return named[-1].lower() if named else ""

    @property
    def name_as_sent(self) -> str:
        """A query parameter's name as it was sent."""
        return str(self.place[0])


def inputs_of(asked: Asked) -> dict[Where, Json]:
    """Every input of a request; of a parameter that comes twice, the last."""
    found: dict[Where, Json] = {Where("query", (name,)): value for name, value in asked.params}
    if _SINCE in asked.headers:
        found[Where("header", (_SINCE,))] = asked.headers[_SINCE]
    if isinstance(asked.sent, Mapping | list):
        found |= {Where("body", place): value for place, value in leaves(asked.sent) if value not in ({}, [])}
    return found


def is_placeholder(value: Json) -> bool:
    """Whether a recorded text stands for a credential or setting."""
    return isinstance(value, str) and "{{" in value


def number_of(value: Json) -> int | None:
    """A whole number, also as text; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 16 else None


def instant_of(value: Json, name: str = "") -> datetime | None:
    """The moment that a value is: ISO 8601 with a date and a time, or a Unix time under a `name` that tells of time.

    A text without an offset is read as UTC. None for anything else.
    """
    number = number_of(value)
    if number is not None:
        if not _TIME_WORDS.search(name):
            return None
        seconds = number / 1000 if number >= _SECONDS[1] else number
        return datetime.fromtimestamp(seconds, UTC) if _SECONDS[0] <= seconds < _SECONDS[1] else None
    if isinstance(value, str) and (dated := _JSON_DATE.fullmatch(value)) is not None:
        return datetime.fromtimestamp(int(dated[1]) / 1000, UTC)
    if not isinstance(value, str) or len(value) < 16 or value[4:5] != "-":
        return None
    try:
        moment = datetime.fromisoformat(value) if _is_local(value) else parse_instant(value)
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _is_local(text: str) -> bool:
    found = _INSTANT.fullmatch(text)
    return found is not None and found[3] is None


def moment_in(value: Json, name: str = "", *, sample: Json = None) -> datetime | None:
    """The moment that an input asks for: the value itself, or one inside a filter text.

    With a recorded `sample`, a number counts in its unit; one that is too large for that is a moment far ahead.
    """
    number, unit = number_of(value), number_of(sample)
    if number is not None and unit is not None:
        seconds = number / 1000 if unit >= _SECONDS[1] else number
        return datetime.fromtimestamp(min(seconds, _SECONDS[1]), UTC)
    moment = instant_of(value, name)
    if moment is None and isinstance(value, str) and (found := _INSTANT.search(value)) is not None:
        return instant_of(found[0])
    return moment
