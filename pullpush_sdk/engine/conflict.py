"""Both sides of a two-way pair changed one record: whose change goes on.

A change of one side is *crossed* by one of the other where neither knew of the other: it waits while the other waits
too, or the other was written over it. The owner's change wins. Without an owner the newest does: by version where both
are moments, for only those can be compared over two platforms, else, and at a tie, by log position.
"""

from __future__ import annotations

from typing import Literal

from pullpush_sdk.canonical import CanonicalType, fields_of

from .gate import Mark

__all__ = ["TRUNCATED", "happened_before", "has_shared_keys", "is_moment", "wins"]

_FIRST_MOMENT = 10**14
"""Microseconds since 1970 in 1973: what is smaller counts revisions."""

TRUNCATED = 1_000_000
"""Platforms cut their times to seconds: so much earlier than it happened may a change be dated."""


def has_shared_keys(kind: CanonicalType, match: str | None = None) -> bool:
    """Whether records of a type have the same key on two platforms, as a SKU is, not an id that each gives.

    `match` is the wire field that they are told apart by, None for the type's own key.
    """
    if match is not None:
        return not match.endswith("Id")
    return not any(field.required and field.wire.endswith("Id") for field in fields_of(kind.record))


def is_moment(version: int) -> bool:
    """Whether a version is a time, and not a revision number."""
    return version >= _FIRST_MOMENT


def wins(mine: Mark, theirs: Mark, owner: Literal["source", "destination"] | None) -> bool:
    """Whether the change that this flow read at its source goes before the one that came the other way."""
    if owner is not None:
        return owner == "source"
    if is_moment(mine[0]) and is_moment(theirs[0]):
        return mine > theirs
    return mine[1] > theirs[1]


def happened_before(version: int, logged_at: int, moment: int) -> bool:
    """Whether a change cannot have known what happened at `moment`: it was logged before, or is dated before."""
    return logged_at <= moment or (is_moment(version) and version + TRUNCATED < moment)
