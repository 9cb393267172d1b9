"""Values put at a path of a JSON body: the mapping grammar's plain paths, followed for writing."""

from __future__ import annotations

import copy
from typing import Any

from pullpush_sdk.mapping import parse_path
from pullpush_sdk.mapping.spec import Index, Key

__all__ = ["put_at"]

Json = Any


def put_at(body: Json, path: str, value: Json) -> Json:
    """A copy of the body with `value` at the path; objects on the way are made, `$` is the body itself.

    None where the path cannot be written: it has a wildcard or a filter, or leads through something that is no object.
    """
    moves = parse_path(path or "$").moves
    if not moves:
        return value
    changed = copy.deepcopy(body)
    inner = changed
    for number, move in enumerate(moves):
        last = number == len(moves) - 1
        if isinstance(move, Key) and isinstance(inner, dict):
            if last:
                inner[move.name] = value
            else:
                inner = inner.setdefault(move.name, {})
        elif isinstance(move, Index) and isinstance(inner, list) and move.at < len(inner):
            if last:
                inner[move.at] = value
            else:
                inner = inner[move.at]
        else:
            return None
    return changed
