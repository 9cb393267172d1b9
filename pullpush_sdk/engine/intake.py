"""What becomes of an arriving event: a repeat, an echo, nothing new, too old, or one to be logged."""

from __future__ import annotations

import enum
from collections.abc import Sequence

import attrs

from .arrivals import Arrival
from .conflict import TRUNCATED, is_moment
from .echo import OwnWrite, echo_of
from .gate import NEVER, Mark

__all__ = ["Known", "Member", "Verdict", "is_settled_by", "settle", "settle_member"]


class Verdict(enum.Enum):
    """The answer for one event."""

    LOG = enum.auto()
    REPEAT = enum.auto()
    ECHO = enum.auto()
    UNCHANGED = enum.auto()
    STALE = enum.auto()


@attrs.define(slots=True)
class Known:
    """What the log knows of one identity.

    `logged_*` describe the latest logged event. `applied` is the gate. `digest` is the content that the destination
    held after the event at the gate's log position, None where nobody knows: nothing was applied, a write failed
    half-way, or somebody else may have written since. It says something only where that event is the latest. `told`
    is the content that the source said last, kept where another flow writes back to it. `changed` says that an event
    moved something of this, `confirmed` that it moved more than what was logged.
    """

    logged_version: int | None = None
    logged_digest: bytes | None = None
    logged_pos: int = 0
    applied: Mark = NEVER
    digest: bytes | None = None
    told: bytes | None = None
    changed: bool = False
    confirmed: bool = False

    @property
    def settled(self) -> bool:
        """Whether the latest logged event is the one that was applied: none waits, none is dead."""
        return self.logged_pos <= self.applied[1]


def settle(
    arrival: Arrival, known: Known, writes: Sequence[OwnWrite], *, reconcile: bool, now: int
) -> tuple[Verdict, OwnWrite | None]:
    """The verdict, and the own write that an echo consumes. `writes` are those of the identity, oldest first."""
    if reconcile:
        return (Verdict.STALE if arrival.version < known.applied[0] else Verdict.LOG), None
    if arrival.version == known.logged_version and arrival.digest == known.logged_digest:
        return Verdict.REPEAT, None
    if writes and arrival.echo is not None:
        echo = echo_of(arrival.echo, writes, now)
        if echo is not None:
            return Verdict.ECHO, echo
    if arrival.version < known.applied[0]:
        return Verdict.STALE, None
    if arrival.digest == known.told and arrival.fields is None and _says_nothing_new(arrival, known, writes):
        return Verdict.REPEAT, None
    if not writes and arrival.fields is None and arrival.digest == known.digest and known.settled:
        return Verdict.UNCHANGED, None
    return Verdict.LOG, None


def _says_nothing_new(arrival: Arrival, known: Known, writes: Sequence[OwnWrite]) -> bool:
    """Whether a source that says the same as before did not change meanwhile.

    A source that tells no times shows everything at each look. Where the other side may write back, what it shows
    again must not pass for a change, or it would undo a change of the other side. After a write of ours the same
    content again is a change back, unless it was read before that write.
    """
    if writes:
        return not is_settled_by(writes[-1], arrival, None)
    return known.settled


def is_settled_by(write: OwnWrite, arrival: Arrival, echo: OwnWrite | None) -> bool:
    """Whether an own write is done with: explained by the echo that arrived, or overtaken by a change.

    A change that is dated before the write has not overtaken it: the write's echo is still to come.
    """
    if echo is not None:
        return write.id <= echo.id
    return not (is_moment(arrival.version) and arrival.version + TRUNCATED < write.at)


@attrs.define(slots=True)
class Member:
    """The last known quantity of one source location that is part of a sum."""

    version: int
    quantity: str


def settle_member(
    arrival: Arrival, quantity: str, member: Member | None, known: Known, *, reconcile: bool
) -> tuple[Verdict, bool]:
    """The verdict for a member of a sum, and whether its last known quantity moves.

    The gate of a sum compares log positions, so versions are compared here, member by member.
    """
    if member is None:
        return Verdict.LOG, True
    if arrival.version < member.version:
        return Verdict.STALE, False
    if reconcile or quantity != member.quantity:
        return Verdict.LOG, True
    if arrival.version == member.version:
        return Verdict.REPEAT, False
    settled = known.settled and known.digest is not None
    return (Verdict.UNCHANGED if settled else Verdict.LOG), True
