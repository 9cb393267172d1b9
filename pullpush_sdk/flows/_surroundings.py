"""What the flows of one long-running process share."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import attrs

from pullpush_sdk.clock import Clock
from pullpush_sdk.engine.ports import Engine
from pullpush_sdk.http import Redactor
from pullpush_sdk.project import Project

from ._poll_lock import PollLocks
from ._pool import Connections
from ._work import FlowWork

Reconcile = Callable[[FlowWork, asyncio.Event], Awaitable[None]]
"""Compares the two ends of a flow that is open, and appends the differences, until done or the event is set."""


@attrs.frozen(kw_only=True)
class Surroundings:
    """`share` gives the part, from 0 to 1, by which a flow's times are put off. `reconcile` is what the schedule of
    that name calls, None where nothing can.
    """

    project: Project
    engine: Engine
    connections: Connections
    locks: PollLocks
    redactor: Redactor
    clock: Clock
    share: Callable[[], float]
    reconcile: Reconcile | None = None
