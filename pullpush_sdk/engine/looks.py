"""What people see of a store: the life of a key, who dispatches it, totals of its flows, and the store as a whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

import attrs

from .dead_letters import Attempt
from .inbox import InboxStatus
from .upkeep import Pressure

__all__ = ["EngineStatus", "FlowStatus", "Holder", "KeyEvent"]

Json = Any


@attrs.frozen(kw_only=True)
class KeyEvent:
    """One logged event of a key and what became of it; `state` is waiting, sent or an outcome.

    `origin` says whether it came by a webhook (`transport_id` is its id), was read, or settles a conflict.
    """

    position: int
    flow: str
    type: str
    identity: str
    verb: str
    version: int
    logged_at: datetime
    ended_at: datetime | None
    state: str
    reason: str
    shadow: bool
    payload: Json
    origin: Literal["webhook", "read", "conflict"] = "read"
    transport_id: str | None = None
    attempts: Sequence[Attempt] = ()


@attrs.frozen(kw_only=True)
class Holder:
    """The process that dispatches a store."""

    pid: int
    host: str
    since: datetime


@attrs.frozen(kw_only=True)
class FlowStatus:
    """Totals of one flow since it exists, per canonical type; `oldest` is when the longest waiting event was logged.

    `retrying` counts waiting deliveries that failed before. `last_success` is when one last ended as it should.
    `last_minute` and `last_hour` count outcomes of all types, over the present minute and the one (59) before it.
    """

    flow: str
    counts: Mapping[str, Mapping[str, int]]
    oldest: datetime | None = None
    retrying: int = 0
    last_success: datetime | None = None
    last_minute: Mapping[str, int] = attrs.field(factory=dict)
    last_hour: Mapping[str, int] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class EngineStatus:
    """The store as a whole; `open_breakers` names destinations that are given a rest, until when.

    `inbox` tells of raw webhooks that are not in the logs yet, for each connection that has any. `pressure` says why
    nothing new is taken, None where it is. `size` is what the store holds, `free` what is left on its disk, in bytes;
    None where that cannot be told.
    """

    url: str
    holder: Holder | None
    flows: Sequence[FlowStatus]
    open_breakers: Mapping[str, datetime] = attrs.field(factory=dict)
    inbox: Sequence[InboxStatus] = ()
    pressure: Pressure | None = None
    size: int | None = None
    free: int | None = None
