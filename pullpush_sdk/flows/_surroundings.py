"""What the flows of one long-running process share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import attrs

from pullpush_sdk.clock import Clock
from pullpush_sdk.engine.ports import Engine
from pullpush_sdk.http import Redactor
from pullpush_sdk.project import FlowConfig, Project

from ._poll_lock import PollLocks
from ._pool import Connections

Reconcile = Callable[[FlowConfig], Awaitable[None]]
"""Compares the two ends of a flow and delivers the differences."""


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
