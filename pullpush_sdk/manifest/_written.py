"""Which canonical fields the writes of a type send."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ._model import Push

Json = Any
_RULE = frozenset({"path", "paths", "value", "transform", "compute", "object"})
"""Keys by which an object of a body is a rule, not an object of the platform's."""
_NO_PATHS = frozenset({"value", "transform", "fn", "compute", "default", "table", "when", "items"})
"""Keys of a rule that name no field of the record which is sent."""


def written_fields(push: Push | None) -> frozenset[str] | None:
    """The fields that the bodies of creating, updating and bulk writes name, as they spell them.

    None where that cannot be told: no write has a body (Python says what goes), or one sends the record as a whole.
    """
    writes = [] if push is None else [push.create, push.update, push.bulk]
    bodies = [write.body for write in writes if write is not None and write.body is not None]
    paths = [path.removeprefix("$.") for body in bodies for path in _paths(body)]
    if not paths or "$" in paths:
        return None
    return frozenset(re.split(r"[.\[]", path)[0] for path in paths)


def _paths(rule: Json) -> Iterator[str]:
    if isinstance(rule, str):
        yield rule
    elif isinstance(rule, list | tuple):
        for each in rule:
            yield from _paths(each)
    elif isinstance(rule, Mapping):
        is_rule = bool(rule.keys() & _RULE)
        if is_rule and ("compute" in rule or "fn" in rule) and not rule.keys() & {"path", "paths"}:
            yield "$"
        for key, each in rule.items():
            if not (is_rule and key in _NO_PATHS):
                yield from _paths(each)
