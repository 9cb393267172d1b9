"""The connections of running flows, as those that may receive webhooks."""

from __future__ import annotations

from collections.abc import Sequence

from pullpush_sdk.engine.ports import FlowSpec
from pullpush_sdk.errors import UnavailableError
from pullpush_sdk.flows import End, Supervisor

from ._target import Target

__all__ = ["Targets"]


class Targets:
    """Answers the same target while its connection stays open as it is; `names` are those that flows read."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self._known: dict[str, tuple[End, Target]] = {}
        self._ready: set[str] = set()
        self.names: Sequence[str] = sorted({each.flow.source for each in supervisor.runners.values()})

    def __call__(self, name: str) -> Target | None:
        """A connection that some flow reads, None for any other name.

        Raises:
            UnavailableError: it is not open yet, or a flow that reads it does not know its stock locations yet.
        """
        target = self.open(name)
        if target is not None and name not in self._ready:
            for canonical_type in target.types:
                target.flows(canonical_type)
            self._ready.add(name)
        return target

    def open(self, name: str) -> Target | None:
        """The same without a look at the flows, for whoever only keeps what comes: it may be what they lack, a token.

        Raises:
            UnavailableError: it is not open yet.
        """
        if name not in self.names:
            return None
        end = self._supervisor.source(name)
        if end is None:
            raise UnavailableError(f"the connection {name!r} is not open yet")
        found = self._known.get(name)
        if found is None or found[0] is not end:
            found = self._known[name] = (end, self._target(name, end))
            self._ready.discard(name)
        return found[1]

    def _target(self, name: str, end: End) -> Target:
        def flows(canonical_type: str) -> Sequence[FlowSpec]:
            return self._supervisor.flows_from(name, canonical_type)

        return Target(connection=end.connection, loaded=end.loaded, flows=flows)
