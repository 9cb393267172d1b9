"""What a request says beside its path: query parameters and the leaves of its body, as one flat table."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from pullpush_sdk.canonical import parse_instant

from ._leaves import leaves
from .samples import Exchange

__all__ = ["Where", "inputs_of", "instant_of", "number_of"]

Json = Any


class Where(NamedTuple):
    """One input's place: a query parameter by its name, or a leaf of the body by its steps."""

    part: str  # "query" or "body"
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


def inputs_of(exchange: Exchange) -> dict[Where, Json]:
    """Every input of a request; of a parameter that comes twice, the last."""
    found: dict[Where, Json] = {Where("query", (name,)): value for name, value in exchange.params}
    if isinstance(exchange.sent, Mapping | list):
        found |= {Where("body", place): value for place, value in leaves(exchange.sent)}
    return found


def number_of(value: Json) -> int | None:
    """A whole number, also as text; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 16 else None


def instant_of(value: Json) -> datetime | None:
    """An ISO 8601 instant with a date and a time; None for anything else."""
    if not isinstance(value, str) or len(value) < 16 or value[4:5] != "-":
        return None
    try:
        return parse_instant(value)
    except ValueError:
        return None
