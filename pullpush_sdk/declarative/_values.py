"""What the placeholders of a connection's requests stand for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pullpush_sdk.canonical import UNSET
from pullpush_sdk.connector import Connection
from pullpush_sdk.mapping import read_path

Json = Any


def values_of(connection: Connection, **offered: Json) -> Mapping[str, Json]:
    """The values of templates by name: secrets (still hidden), settings, and before both what the runtime offers."""
    return {**connection.secrets, **connection.settings, **offered}


def at(value: Json, path: str) -> Json:
    """The value at a path of the mapping grammar, None where it leads to nothing; `$` or empty is the value itself."""
    found = read_path(value, path)
    return None if found is UNSET else found


def is_like(record: Json, wanted: Mapping[str, Json]) -> bool:
    """Whether the record holds, at every path named, exactly the value (or one of the values) wanted."""
    return all(
        at(record, path) in value if isinstance(value, list) else at(record, path) == value
        for path, value in wanted.items()
    )
