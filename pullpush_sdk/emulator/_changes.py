"""Records as a platform changes them: values in their recorded types, times stamped, new ones begun."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from ._inputs import instant_of, number_of
from ._moments import like
from ._shop import Collection, Record

__all__ = ["add", "blank", "overlaid", "remove", "stamped", "typed"]

Json = Any
_CHANGED = re.compile(r"upd|modif|chang|touch|write|calculat", re.IGNORECASE)
_CREATED = ("creat", "added", "date", "placed", "issued")


def typed(sample: Json, value: Json) -> Json:
    """A value in the type that a field was recorded with: a number as text where it was text, and the other way."""
    if isinstance(sample, str) and isinstance(value, str) and (moment := instant_of(value)) is not None:
        return like(sample, moment) if instant_of(sample) is not None else value
    if isinstance(sample, str) and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(sample, int) and not isinstance(sample, bool) and isinstance(value, str):
        number = number_of(value)
        return value if number is None else number
    return value


def stamped(
    record: Record, moment: datetime, collection: Collection, *, created: bool = False, sent: Iterable[str] = ()
) -> None:
    """Set the record's times of change; of a new record all times but those that were `sent` with it."""
    told = {name for name in sent if _CHANGED.search(name) is None}
    for name, sample in collection.fields.items():
        if instant_of(sample, name) is None or name in told:
            continue
        is_birth = any(word in name.lower() for word in _CREATED) and _CHANGED.search(name) is None
        if created or not is_birth:
            record[name] = like(sample, moment)


def blank(collection: Collection) -> Record:
    """A new record: what all recorded ones agree on, names of its own, and nothing else."""
    made: Record = {}
    for name, sample in collection.fields.items():
        values = [each[name] for each in collection.recorded if name in each]
        if name == collection.key:
            made[name] = None
        elif all(value == values[0] for value in values) and len(values) > 1:
            made[name] = copy.deepcopy(values[0])
        elif isinstance(sample, list):
            made[name] = []
        elif isinstance(sample, dict):
            made[name] = copy.deepcopy(sample)
        else:
            made[name] = None
    return made


def add(collection: Collection, record: Record, moment: datetime) -> None:
    """Put a new record in, and a row in each list that keeps something of every such record, as stock of products."""
    collection.records.append(record)
    for other, field in collection.beside:
        if record.get(field) in (None, "") or other.find(field, record[field]) is not None:
            continue
        row = {**blank(other), other.key: other.fresh(other.key), field: record[field]}
        stamped(row, moment, other, created=True)
        other.records.append(row)


def remove(collection: Collection, record: Record) -> None:
    """Take a record out, and what other lists keep of it."""
    collection.records.remove(record)
    for other, field in collection.beside:
        row = other.find(field, record.get(field))
        if row is not None:
            other.records.remove(row)


def overlaid(form: Json, record: Mapping[str, Json]) -> Json:
    """A recorded object with what a record says in its fields; where the two differ in shape, the object's own."""
    if not isinstance(form, dict):
        return dict(record)
    return form | {
        name: value
        for name, value in record.items()
        if name in form and (not isinstance(form[name], dict | list) or isinstance(value, type(form[name])))
    }
