"""The inbox: raw webhook requests, kept durably from their 2xx until their events stand in the log of every flow.

Whoever receives a request keeps it; one worker reads the inbox in arrival order, appends what the requests say to the
flows, and settles them. A request that is settled is gone; one that cannot be turned into events leaves a dead letter
per flow, with the request as it came, so that it can be received again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

import attrs

from pullpush_sdk.connector import WebhookRequest

__all__ = ["Arrived", "DeadRequest", "Inbox", "InboxStatus", "Kept", "LookUp", "Received", "WhichArrived"]


@attrs.frozen(kw_only=True)
class Received:
    """A genuine request as it is to be kept.

    `transport_id` tells its repetition in the scope of connection and event name; None where nothing tells it.
    Headers that hold a secret are left out before.
    """

    connection: str
    request: WebhookRequest
    event: str = ""
    transport_id: str | None = None


@attrs.frozen(kw_only=True)
class LookUp:
    """One failed try to turn a request, or an item of a batch, into events.

    `number` counts from 1, 0 tells why it waits before a try was spent; `due` is the earliest moment of the next try.
    """

    row: int
    item: int
    number: int
    at: datetime
    due: datetime
    reason: str
    answer: str = ""


@attrs.frozen(kw_only=True)
class Kept:
    """A request in the inbox; ids grow in arrival order and are never used twice.

    `flow` names the only flow that it is for, None for all. `tried` holds the latest failed try per item.
    """

    id: int
    connection: str
    event: str
    request: WebhookRequest
    flow: str | None = None
    tried: Mapping[int, LookUp] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class DeadRequest:
    """A dead letter in the making: a request, or one item of its batch as the body, that a flow will not get.

    `shadow` says that the flow is in shadow.
    """

    row: int
    item: int
    flow: str
    type: str
    shadow: bool
    connection: str
    event: str
    request: WebhookRequest
    key: str
    reason: str
    answer: str = ""


@attrs.frozen(kw_only=True)
class Arrived:
    """A request that was kept: it still waits in the inbox, or `settled_at` says when its events stood in the logs."""

    id: int
    connection: str
    event: str
    request: WebhookRequest
    settled_at: datetime | None = None


@attrs.frozen(kw_only=True)
class WhichArrived:
    """Which requests are meant: those that all of it fits; `since` and `until` are of their arrival, both included."""

    ids: Sequence[int] = ()
    connection: str | None = None
    event: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@attrs.frozen(kw_only=True)
class InboxStatus:
    """One connection's part of the inbox: how many wait, since when, and how many of them failed so far.

    `reason` is why the latest of the failed ones did.
    """

    connection: str
    waiting: int
    oldest: datetime
    failing: int = 0
    reason: str = ""


class Inbox(Protocol):
    """The inbox of a store."""

    def refusal(self) -> str:
        """Why no request may be kept now, empty where one may; costs nothing, asked before a body is read.

        This is where limits of the inbox and of the disk speak: whoever receives answers 503 and the platform comes
        again.
        """
        ...

    async def keep(self, received: Received) -> bool:
        """Store a request durably; False where its transport id came before, and nothing was stored.

        Requests that are kept at the same time share one commit. Any process may do this.

        Raises:
            StoreError: nothing was stored.
        """
        ...

    async def read(self, *, after: int, limit: int, most_bytes: int) -> Sequence[Kept]:
        """Requests with an id beyond `after` in arrival order: at most `limit`, and none beyond `most_bytes` of bodies
        but the first.
        """
        ...

    async def fetch(self, ids: Sequence[int]) -> Sequence[Kept]:
        """The requests of these ids that are still there, in arrival order."""
        ...

    async def wait(self, seconds: float) -> None:
        """Until a request was kept by this process, or so many seconds have passed."""
        ...

    async def note_failure(self, failed: LookUp) -> None:
        """Remember a failed try, so that a restart neither forgets nor hurries it."""
        ...

    async def settle(self, done: Sequence[int], dead: Sequence[DeadRequest]) -> None:
        """Remove requests whose events are stored, and bury what could not become events; together.

        Raises:
            LeaseLostError: this process does not hold the store.
        """
        ...

    async def arrived(self, which: WhichArrived, *, limit: int, before: int | None = None) -> Sequence[Arrived]:
        """Requests in the inbox and those that were settled and are still kept, latest first; only those with an id
        below `before`, to read on.

        What was received again for one flow only (a dead letter that is retried) is not among them.
        """
        ...

    async def status(self) -> Sequence[InboxStatus]:
        """What waits, per connection by name."""
        ...
