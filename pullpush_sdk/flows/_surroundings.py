"""What the flows of one long-running process share."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from pullpush_sdk.clock import Clock
from pullpush_sdk.engine.ports import Engine
from pullpush_sdk.http import Redactor
from pullpush_sdk.project import Project

from ._poll_lock import PollLocks
from ._pool import Connections


@attrs.frozen(kw_only=True)
class Surroundings:
    """`share` gives the part, from 0 to 1, by which a flow's times are put off."""

    project: Project
    engine: Engine
    connections: Connections
    locks: PollLocks
    redactor: Redactor
    clock: Clock
    share: Callable[[], float]
