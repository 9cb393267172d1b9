"""Moments written the way a platform writes them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from ._inputs import instant_of, number_of

__all__ = ["latest", "like", "restamped", "shifted"]

Json = Any
_TEXT = re.compile(r"\d{4}-\d\d-\d\d(?P<t>[T ])\d\d:\d\d(?P<s>:\d\d(?:\.(?P<f>\d+))?)?(?P<z>Z|[+-]\d\d(?P<c>:?)\d\d)?")
_MILLISECONDS = 10_000_000_000


def like(sample: Json, moment: datetime) -> Json:
    """A moment written as `sample` is: text with the same fraction, zone and separator, or seconds or milliseconds."""
    number = number_of(sample)
    if number is not None:
        shown = int(moment.timestamp() * 1000) if number >= _MILLISECONDS else int(moment.timestamp())
        return str(shown) if isinstance(sample, str) else shown
    form = _TEXT.fullmatch(str(sample))
    if form is None:
        return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
    zone = instant_of(sample)
    local = moment.astimezone(zone.tzinfo if zone is not None else UTC)
    text = local.strftime(f"%Y-%m-%d{form['t']}%H:%M" + (":%S" if form["s"] else ""))
    if form["f"]:
        text += f".{local.microsecond:06d}"[: len(form["f"]) + 1].ljust(len(form["f"]) + 1, "0")
    if form["z"] == "Z":
        return text + "Z"
    offset = local.strftime("%z")
    return text + (f"{offset[:3]}{form['c']}{offset[3:]}" if form["z"] else "")


def restamped(value: Json, moment: datetime, name: str = "") -> Json:
    """A JSON value with every moment in it replaced by this one, each in its own writing."""
    if isinstance(value, dict):
        return {key: restamped(each, moment, str(key)) for key, each in value.items()}
    if isinstance(value, list):
        return [restamped(each, moment, name) for each in value]
    return value if instant_of(value, name) is None else like(value, moment)


def shifted(value: Json, by: timedelta, name: str = "") -> Json:
    """A JSON value with every moment in it moved, each in its own writing."""
    if isinstance(value, dict):
        return {key: shifted(each, by, str(key)) for key, each in value.items()}
    if isinstance(value, list):
        return [shifted(each, by, name) for each in value]
    moment = instant_of(value, name)
    return value if moment is None else like(value, moment + by)


def latest(value: Json, name: str = "") -> datetime | None:
    """The latest moment in a JSON value, None where there is none."""
    if isinstance(value, dict):
        found = [latest(each, str(key)) for key, each in value.items()]
    elif isinstance(value, list):
        found = [latest(each, name) for each in value]
    else:
        return instant_of(value, name)
    return max((each for each in found if each is not None), default=None)
