"""Places in documents: JSON paths, and walks over the values at them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pullpush_sdk.manifest.sites import above, below

__all__ = ["above", "below", "texts", "value_at"]

Json = Any


def texts(value: Json, path: str = "$") -> Iterator[tuple[str, str]]:
    """Every text inside a value with its path; keys are not among them."""
    if isinstance(value, str):
        yield value, path
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from texts(each, below(path, str(key)))
    elif isinstance(value, list | tuple):
        for index, each in enumerate(value):
            yield from texts(each, below(path, index))


def value_at(value: Json, *keys: str | int) -> Json:
    """What stands at these keys, None where any of them is not there."""
    for key in keys:
        if isinstance(key, int):
            value = value[key] if isinstance(value, list) and -len(value) <= key < len(value) else None
        else:
            value = value.get(key) if isinstance(value, dict) else None
    return value
