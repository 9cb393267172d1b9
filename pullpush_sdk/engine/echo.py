"""Telling an echo from a change: what we wrote ourselves comes back from the platform as an event.

A flow stores what it is about to write under every flow that reads from its destination, before it writes. The
reader compares each event with the writes not yet seen back. An event that says what was written is the echo: it
consumes that write and the older ones, whose echoes were overtaken. Any other event is a real change: it clears all
of them, so that a later change back to the written value passes. An expired write no longer explains an event, but
until an event replaces it nobody knows the platform's state, so nothing may be called unchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from pullpush_sdk.canonical import CanonicalType, fields_of

from .content import comparable, written_matches

__all__ = ["ECHO_SECONDS", "OwnWrite", "echo_of", "echo_writer"]

Json = Any

ECHO_SECONDS = 3600
"""How long a write of ours explains an event that looks like it."""


@attrs.frozen(kw_only=True)
class OwnWrite:
    """One write that was not yet seen back; `at` is when it was stored, in microseconds since 1970."""

    id: int
    content: Mapping[str, Json]
    at: int


def echo_of(seen: Mapping[str, Json], writes: Sequence[OwnWrite], now: int) -> OwnWrite | None:
    """The newest write that explains what is seen; None where it is a change. `writes` are oldest first."""
    for write in reversed(writes):
        if now - write.at <= ECHO_SECONDS * 1_000_000 and _explains(write.content, seen):
            return write
    return None


def _explains(written: Mapping[str, Json], seen: Mapping[str, Json]) -> bool:
    # Without one field in common there is nothing to tell it by.
    return not written.keys().isdisjoint(seen) and written_matches(written, seen)


def echo_writer(kind: CanonicalType) -> Callable[[Mapping[str, Json], bool], dict[str, Json]]:
    """A function from a payload as it is written (and whether it deletes) to what its echo will show.

    Fields of the identity are left out: writes are stored by identity.
    """
    content = comparable(kind)
    named = {field.wire for field in fields_of(kind.record) if field.required} | {"locationId"}

    def written(payload: Mapping[str, Json], deleted: bool) -> dict[str, Json]:
        if deleted:
            return {"deleted": True}
        return {name: value for name, value in content(payload).items() if name not in named}

    return written
