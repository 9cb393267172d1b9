"""As many records as a shop is asked for, made from the recorded ones: each different where recorded ones differ."""

from __future__ import annotations

import copy
import re
import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from pullpush_sdk.canonical import instant_text

from ._endpoints import identifying
from ._inputs import instant_of

__all__ = ["make_records"]

Json = Any
_DIGITS = re.compile(r"\d+(?=\D*$)")
_NAMESPACE = uuid.UUID("6f1c8f4e-1d0b-5c1e-9a55-000000000000")


def make_records(recorded: Sequence[Mapping[str, Json]], number: int) -> list[dict[str, Json]]:
    """`number` records: the recorded ones first, then copies of them in turn with identifying fields of their own.

    Times of copies lie before the recorded ones', a second apart for each round: copies of one round share an instant,
    as records of a bulk import do.
    """
    unique = _unique(recorded)
    if not unique:
        return []
    names = identifying(unique) or list(unique[0])[:1]
    taken = {name: {str(each.get(name)) for each in unique} for name in names}
    made = [dict(copy.deepcopy(dict(each))) for each in unique[:number]]
    turn = 0
    while len(made) < number:
        turn += 1
        for each in unique:
            if len(made) == number:
                break
            made.append(_copy(each, turn, len(made), names, taken))
    return made


def _unique(recorded: Sequence[Mapping[str, Json]]) -> list[Mapping[str, Json]]:
    """Recorded records without those that came twice, by the field that tells them apart."""
    seen: dict[str, Mapping[str, Json]] = {}
    for each in recorded:
        key = next(
            (str(each[name]) for name in ("id", "Id", "ID", "uuid", "sku") if name in each),
            str(sorted(each.items(), key=str)),
        )
        seen.setdefault(key, each)
    return list(seen.values())


def _copy(
    record: Mapping[str, Json], turn: int, number: int, names: Sequence[str], taken: Mapping[str, set[str]]
) -> dict[str, Json]:
    made: dict[str, Json] = copy.deepcopy(dict(record))
    for name in names:
        value, salt = _varied(record[name], number), number
        while str(value) in taken[name]:
            salt += 1_000
            value = _varied(record[name], salt)
        taken[name].add(str(value))
        made[name] = value
    for name, value in record.items():
        moment = instant_of(value)
        if moment is not None:
            made[name] = _like(value, instant_text(moment - timedelta(seconds=turn)))
    return made


def _varied(value: Json, number: int) -> Json:
    """Another value of the same form."""
    if isinstance(value, int):
        return value + 1_000 * (number + 1)
    text = str(value)
    try:
        return str(uuid.uuid5(uuid.UUID(text), str(number)))
    except ValueError:
        pass
    if "@" in text:
        name, _, host = text.rpartition("@")
        return f"{name}.{number}@{host}"
    if _DIGITS.search(text):
        return _DIGITS.sub(lambda found: str(int(found[0]) + number + 1).zfill(len(found[0])), text)
    return f"{text}-{number}"


def _like(shown: str, moment: str) -> str:
    """An instant written as the recorded one is: with or without fraction, with a zone or the letter Z."""
    whole = moment.replace("+00:00", "Z")
    base = whole.rstrip("Z")
    if "." not in shown:
        base = base.partition(".")[0]
    zone = re.search(r"(Z|[+-]\d\d:?\d\d)$", shown)
    if zone is None:
        return base
    return base + ("Z" if zone[1] == "Z" else "+00:00")
