"""One table: what an error from a push means for its deliveries and its flow; and how long a retry waits."""

from __future__ import annotations

import enum
import random
from collections.abc import Sequence
from typing import Any

import attrs

from pullpush_sdk.connector import Outcome, Result
from pullpush_sdk.errors import (
    AuthError,
    ConflictError,
    EngineError,
    PullPushError,
    RecordError,
    RequestTimeoutError,
    SetupError,
    TransientError,
    UnavailableError,
)
from pullpush_sdk.errors import ContractError as _ContractError

__all__ = [
    "ACTIONS",
    "MAX_ATTEMPTS",
    "Action",
    "Backoff",
    "Resolution",
    "action_of",
    "checked",
    "describe",
    "is_outage",
    "may_be_applied",
    "resolve",
]

MAX_ATTEMPTS = 10
_LONGEST = 7 * 86_400.0


class Action(enum.Enum):
    """What the runtime does about an error."""

    RETRY = "retry"
    ALONE = "alone"
    STOP = "stop"
    FAULT = "fault"


ACTIONS: dict[type[BaseException], Action] = {
    TransientError: Action.RETRY,
    ConflictError: Action.RETRY,
    RecordError: Action.ALONE,
    AuthError: Action.STOP,
    _ContractError: Action.STOP,
    SetupError: Action.STOP,
    EngineError: Action.STOP,
    ConnectionError: Action.RETRY,
    TimeoutError: Action.RETRY,
    Exception: Action.FAULT,
}
"""By the nearest class in the error's ancestry. `ALONE`: the deliveries of the batch are tried one by one, and a
single one is dead. `FAULT`: the connector misbehaved; its deliveries are retried and somebody is told."""


def action_of(error: Exception) -> Action:
    """The table's answer for an error."""
    return next(ACTIONS[cls] for cls in type(error).__mro__ if cls in ACTIONS)


def is_outage(error: Exception) -> bool:
    """Whether an error says that the destination as a whole does not answer.

    Python's own errors of the wire come from connectors that bring a client of theirs.
    """
    return isinstance(error, (UnavailableError, RequestTimeoutError, ConnectionError, TimeoutError))


def may_be_applied(error: Exception, size: int) -> bool:
    """Whether a push of `size` deliveries that ended in this error may have written one of them.

    A connector may have written some of a batch before it failed on the next, so only a single delivery can be sure.
    """
    if size > 1 or not isinstance(error, (TransientError, AuthError, RecordError, SetupError)):
        return True
    return isinstance(error, RequestTimeoutError) or bool(getattr(error, "maybe_applied", False))


@attrs.define
class Backoff:
    """Exponential waits with full jitter: evenly between 0 and `base` * 2^(attempt - 1) seconds, at most `cap`."""

    base: float = 1.0
    cap: float = 300.0
    random: random.Random = attrs.field(factory=random.Random)

    def wait(self, attempt: int) -> float:
        """Seconds to wait after the failure of an attempt, counted from 1."""
        return self.random.uniform(0.0, min(self.cap, self.base * 2 ** min(attempt - 1, 30)))


@attrs.define(slots=True)
class Resolution:
    """What is stored of one delivery after its push.

    `due` is when a retry may go, in microseconds since 1970; `spent` says that the attempt counts.
    """

    outcome: Outcome
    due: int = 0
    spent: bool = True


def resolve(
    outcome: Outcome, *, attempt: int, spent: bool, now: int, backoff: Backoff, index_lag: float = 0.0
) -> Resolution:
    """An outcome as it is stored: a retry gets its time, or is dead after the last attempt.

    A retry that may have been applied waits for `index_lag` seconds at least: sooner, a look-up would not find it.
    """
    if outcome.result is not Result.RETRY:
        return Resolution(outcome)
    if spent and attempt >= MAX_ATTEMPTS:
        dead = attrs.evolve(outcome, result=Result.DEAD, reason=f"{outcome.reason} (attempt {attempt}, the last)")
        return Resolution(dead)
    wait = backoff.wait(attempt) if spent else 0.0
    if outcome.after is not None and outcome.after > wait:  # false for NaN
        wait = min(outcome.after, _LONGEST)
    if outcome.maybe_applied:
        wait = max(wait, index_lag)
    return Resolution(outcome, due=now + int(wait * 1_000_000), spent=spent)


def checked(outcomes: object, size: int) -> Sequence[Outcome]:
    """What a push returned, if it is one outcome per delivery.

    Raises:
        TypeError: it is something else; the connector is at fault.
    """
    if not isinstance(outcomes, Sequence):
        raise TypeError(f"pullpush_push returned {type(outcomes).__name__}, expected a sequence of Outcome")
    for each in outcomes:
        if not isinstance(each, Outcome):
            raise TypeError(f"pullpush_push returned a sequence of {type(each).__name__}, expected one of Outcome")
        if not _is_whole(each):
            raise TypeError(f"pullpush_push returned an outcome with parts of a wrong type: {each!r:.200}")
    if len(outcomes) != size:
        raise TypeError(f"pullpush_push returned {len(outcomes)} outcomes for a batch of {size}")
    return outcomes


def _is_whole(outcome: Any) -> bool:
    return (
        outcome.reason.__class__ is str
        and outcome.answer.__class__ is str
        and outcome.result.__class__ is Result
        and (outcome.native_id is None or isinstance(outcome.native_id, str))
        and (outcome.after is None or isinstance(outcome.after, (int, float)))
    )


def describe(error: Exception) -> str:
    """An error in one line, for people; one that is not ours is named by its class."""
    return str(error) if isinstance(error, PullPushError) else f"{type(error).__name__}: {error}"
