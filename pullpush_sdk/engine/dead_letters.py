"""Deliveries that will not be tried again by themselves: what is shown of them, and which ones are meant."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import attrs

from pullpush_sdk.connector import Event

__all__ = ["Attempt", "DeadFilter", "DeadGroup", "DeadLetter", "Remap", "RetryReport", "Unmapped"]

Json = Any


@attrs.frozen(kw_only=True)
class Attempt:
    """One failed push of one delivery."""

    number: int
    at: datetime
    reason: str
    answer: str = ""


@attrs.frozen(kw_only=True)
class DeadLetter:
    """A delivery that will not be tried again by itself.

    `payload` is the canonical record (a sparse wire object), or what the platform sent as text where it could not be
    mapped (`mapped` false): a native record, or with the verb `received` the body of a webhook. `follows` is the dead
    letter of the same record that must go before this one.
    """

    id: int
    flow: str
    type: str
    key: str
    identity: str
    verb: str
    version: int
    reason: str
    answer: str
    cause: str
    since: datetime
    mapped: bool
    payload: Json
    fields: frozenset[str] | None = None
    follows: int | None = None
    hint: str = ""
    attempts: Sequence[Attempt] = ()


@attrs.frozen(kw_only=True)
class DeadFilter:
    """Which dead letters are meant; every given part must hold, none given means all."""

    ids: Sequence[int] = ()
    flow: str | None = None
    type: str | None = None
    key: str | None = None
    cause: str | None = None


@attrs.frozen(kw_only=True)
class DeadGroup:
    """Dead letters of one flow and type with the same cause; `reason` is one of theirs, `hint` how to mend it.

    `kind` is the sort of cause in a word (see `causes.Kind`).
    """

    cause: str
    flow: str
    type: str
    reason: str
    count: int
    first: datetime
    last: datetime
    sample: int
    kind: str = "other"
    hint: str = ""


@attrs.frozen(kw_only=True)
class RetryReport:
    """Dead letters that wait again, and those that cannot, by id with the reason."""

    retried: int
    refused: Mapping[int, str] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class Unmapped:
    """A dead letter that was never mapped, as much of it as another try at mapping needs.

    `origin` is where it was read (see `Reject`), `read_at` when it was logged: it may be no newer than that.
    """

    flow: str
    type: str
    native: bytes
    origin: str
    read_at: datetime


Remap = Callable[[Unmapped], Awaitable[Event]]
"""The event of a record that was never mapped; raises FieldError again, or another error of ours why it cannot be."""
