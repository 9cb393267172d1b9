"""When a flow reads by itself: every so often, at the times of a cron expression, or only when asked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import attrs
from cronsim import CronSim, CronSimError

HOW = 'write "every 30s" (s, m, h or d), a cron expression such as "0 2 * * *", or "manual"'
_EVERY = re.compile(r"every\s+(\d{1,9})\s*(s|m|h|d)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_LONGEST = 366 * 86_400


class Schedule(Protocol):
    """When something is due again; its text is how it is shown."""

    def next(self, after: datetime) -> datetime | None:
        """The first due instant after one, aware UTC; None where it is never due by itself."""
        ...


@attrs.frozen
class Every:
    """Again so many seconds after the last time began."""

    seconds: int

    def next(self, after: datetime) -> datetime:
        return after + timedelta(seconds=self.seconds)

    def __str__(self) -> str:
        for unit in ("d", "h", "m"):
            if self.seconds % _SECONDS[unit] == 0:
                return f"every {self.seconds // _SECONDS[unit]}{unit}"
        return f"every {self.seconds}s"


@attrs.frozen
class Cron:
    """At the times of a cron expression in a time zone.

    Times that a clock change skips or repeats are run once, as in Debian's cron.
    """

    expression: str
    zone: str = "UTC"

    def next(self, after: datetime) -> datetime:
        return next(CronSim(self.expression, after.astimezone(ZoneInfo(self.zone)))).astimezone(UTC)

    def __str__(self) -> str:
        return f"{self.expression} {self.zone}"


@attrs.frozen
class Manual:
    """Only when asked: `pullpush sync`, or a webhook."""

    def next(self, after: datetime) -> None:  # noqa: ARG002 - see Schedule
        return None

    def __str__(self) -> str:
        return "manual"


DEFAULT = Every(300)


@attrs.frozen(kw_only=True)
class Schedules:
    """The schedules of one flow: per canonical type, for all others, and for reconcile (manual where not named)."""

    types: Mapping[str, Schedule] = attrs.field(factory=dict)
    default: Schedule = DEFAULT
    reconcile: Schedule = attrs.field(factory=Manual)

    def of(self, canonical_type: str) -> Schedule:
        """The schedule of a type."""
        return self.types.get(canonical_type, self.default)


def parse_schedule(text: str, zone: str = "UTC") -> Schedule:
    """The schedule that a text means; `zone` is for cron expressions.

    Raises:
        ValueError: it means none; says why.
    """
    words = " ".join(text.split())
    if words == "manual":
        return Manual()
    if words.startswith("every"):
        return _every(words)
    if len(words.split()) != 5:  # six would be seconds first, which platforms' limits make no use of
        raise ValueError(f"{text!r} is no schedule: a cron expression has five fields, minutes come first")
    try:
        next(CronSim(words, datetime(2000, 1, 1, tzinfo=UTC)))
    except CronSimError as error:
        raise ValueError(f"{text!r} is no schedule: {str(error).rstrip('.').lower()}") from None
    except StopIteration:
        raise ValueError(f"{text!r} is never due") from None
    return Cron(words, zone)


def check_zone(name: str) -> str:
    """Why a time zone's name is not good, empty where it is."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return f"there is no time zone {name!r}"
    return ""


def _every(words: str) -> Every:
    found = _EVERY.fullmatch(words)
    if found is None:
        raise ValueError(f"{words!r} is no schedule")
    seconds = int(found[1]) * _SECONDS[found[2]]
    if not 1 <= seconds <= _LONGEST:
        raise ValueError(f"{words!r} is no schedule: from one second to a year")
    return Every(seconds)
