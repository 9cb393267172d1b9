"""As many records as a shop is asked for, made from the recorded ones: each different where recorded ones differ."""

from __future__ import annotations

import copy
import re
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from ._endpoints import ID_NAMES
from ._inputs import instant_of, number_of
from ._leaves import Place, leaves
from ._moments import like

__all__ = ["make_records", "named_by", "unique_records", "varied"]

Json = Any
_DIGITS = re.compile(r"\d+(?=\D*$)")
_WORDS = re.compile(r"currency|country|status|state|zip|postal|postcode|lang|locale|area|type|province", re.IGNORECASE)
_CODE = re.compile(r"(?=\S*\d)(?=\S*[^\d.])\S{2,}")
_STEP = 10_000


def make_records(
    recorded: Sequence[Mapping[str, Json]], number: int, *, key: str, named: frozenset[str] = frozenset()
) -> list[dict[str, Json]]:
    """`number` records: the recorded ones first, then copies of them in turn with identifying fields of their own.

    `key` is the field that tells records apart, empty where several do; `named` are names of further fields that must
    differ. What a value
    becomes in a copy depends on the round alone, so that records of several lists still refer to each other. Times of
    copies lie before the recorded ones', a second apart for each round: copies of one round share an instant, as
    records of a bulk import do.
    """
    unique = unique_records(recorded, key)
    if not unique:
        return []
    places = _distinct(unique, {key, *named})
    shared = _shared(unique) if not key else None
    taken: dict[Place, set[str]] = defaultdict(set)
    for record in unique:
        for place, value in leaves(record):
            taken[_open(place)].add(str(value))
    made = [copy.deepcopy(dict(each)) for each in unique[:number]]
    turn = 0
    while len(made) < number:
        turn += 1
        made += [_copy(each, turn, places, taken, shared) for each in unique[: number - len(made)]]
    return made


def unique_records(recorded: Sequence[Mapping[str, Json]], key: str) -> list[Mapping[str, Json]]:
    """Recorded records without those that came twice; of these the fields of all."""
    seen: dict[str, dict[str, Json]] = {}
    for each in recorded:
        ids = named_by(each)
        whole = {name: each[name] for name in ids} if ids else each
        name = str(each[key]) if each.get(key) is not None else str(sorted(whole.items(), key=str))
        seen[name] = {**each, **seen.get(name, {})}
    return list(seen.values())


def named_by(record: Mapping[str, Json]) -> list[str]:
    """The fields of a record that are named like names and hold one."""
    return [
        name
        for name, value in record.items()
        if ID_NAMES.search(name) and isinstance(value, str | int) and not isinstance(value, bool) and value != ""
    ]


def _open(place: Place) -> Place:
    """A place with the numbers of list items left open."""
    return tuple("*" if isinstance(step, int) else step for step in place)


def _shared(records: Sequence[Mapping[str, Json]]) -> Place | None:
    """Of several fields that together name a record, the one to vary: that of most values."""
    names = named_by(records[0])
    return (max(names, key=lambda name: len({str(each.get(name)) for each in records})),) if names else None


def _distinct(records: Sequence[Mapping[str, Json]], named: set[str]) -> set[Place]:
    """Places whose values name a record or a part of one: different wherever they stand, and named or written so."""
    values: dict[Place, list[Json]] = defaultdict(list)
    for record in records:
        for place, value in leaves(record):
            values[_open(place)].append(value)
    return {place for place, found in values.items() if place and _names(place, found, named)}


def _names(place: Place, found: Sequence[Json], named: set[str]) -> bool:
    known = [each for each in found if each not in (None, "")]
    name = next((step for step in reversed(place) if step != "*"), "")
    if not known or any(isinstance(each, bool) or not isinstance(each, str | int) for each in known):
        return False
    if len({str(each) for each in known}) != len(known) or instant_of(known[0], str(name)) is not None:
        return False
    if name in named:
        return True
    if _WORDS.search(str(name)):
        return False
    if ID_NAMES.search(str(name)):
        return True
    return len(known) > 1 and all(isinstance(each, str) and _CODE.fullmatch(each) for each in known)


def _copy(
    record: Mapping[str, Json],
    turn: int,
    places: set[Place],
    taken: dict[Place, set[str]],
    shared: Place | None,
) -> dict[str, Json]:
    """A copy of a round: named places varied, the same value everywhere to the same new one, times shifted."""
    renamed: dict[str, Json] = {}
    places = places if shared is None else {*places, shared}
    for place, value in leaves(record):
        opened = _open(place)
        if opened not in places or value in (None, "") or str(value) in renamed:
            continue
        salt = turn
        while opened != shared and str(varied(value, salt)) in taken[opened]:
            salt += _STEP
        renamed[str(value)] = varied(value, salt)
        taken[opened].add(str(renamed[str(value)]))
    made: dict[str, Json] = _changed(dict(record), (), places, renamed, turn)
    return made


def _changed(value: Json, place: Place, places: set[Place], renamed: Mapping[str, Json], turn: int) -> Json:
    if isinstance(value, dict):
        return {key: _changed(each, (*place, key), places, renamed, turn) for key, each in value.items()}
    if isinstance(value, list):
        return [_changed(each, (*place, "*"), places, renamed, turn) for each in value]
    if place in places and value not in (None, ""):
        return renamed[str(value)]
    moment = instant_of(value, str(place[-1])) if place else None
    return value if moment is None else like(value, moment - timedelta(seconds=turn))


def varied(value: Json, turn: int) -> Json:
    """Another value of the same form."""
    if isinstance(value, int):
        return value + _STEP * turn
    text = str(value)
    try:
        return str(uuid.uuid5(uuid.UUID(text), str(turn)))
    except ValueError:
        pass
    if "@" in text:
        name, _, host = text.rpartition("@")
        return f"{name}.{turn}@{host}"
    if number_of(text) is not None or _DIGITS.search(text):
        return _DIGITS.sub(lambda found: str(int(found[0]) + _STEP * turn).zfill(len(found[0])), text)
    return f"{text}-{turn}"
