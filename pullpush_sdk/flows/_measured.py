"""What observers are told of pages and pushes: when they began, how long they took, how they ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

import attrs

from pullpush_sdk.clock import Clock
from pullpush_sdk.connector import Delivery, Outcome
from pullpush_sdk.engine.ports import Counts, FlowSpec
from pullpush_sdk.plugins import Plugins

__all__ = ["Answer", "Pages", "measured_push", "outcome_counts"]


@attrs.define
class _Watch:
    """Measures laps: the instant at which one began, and its seconds."""

    clock: Clock
    _began: tuple[datetime, float] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._began = (self.clock.now(), self.clock.monotonic())

    def lap(self) -> tuple[datetime, float]:
        """End a lap and begin the next."""
        (started, since), self._began = self._began, (self.clock.now(), self.clock.monotonic())
        return started, self._began[1] - since


class Pages:
    """The pages of one reading: the time of each goes from the end of the one before to its storing."""

    def __init__(self, spec: FlowSpec, canonical_type: str, plugins: Plugins, clock: Clock) -> None:
        self._spec = spec
        self._type = canonical_type
        self._plugins = plugins
        self._watch = _Watch(clock)

    def stored(self, counts: Counts) -> None:
        """A page is in the log."""
        started, seconds = self._watch.lap()
        self._plugins.observe(
            "pullpush_page_read",
            flow=self._spec.name,
            canonical_type=self._type,
            source=self._spec.source,
            counts=attrs.asdict(counts),
            started=started,
            seconds=seconds,
        )


@attrs.define
class Answer:
    """What a push answered; None until it did."""

    outcomes: Sequence[Outcome] | None = None


@contextmanager
def measured_push(
    spec: FlowSpec, canonical_type: str, batch: Sequence[Delivery], plugins: Plugins, clock: Clock
) -> Iterator[Answer]:
    """Tell observers of the push inside, also of one that raises or is cancelled."""
    watch, answer = _Watch(clock), Answer()
    error = "it was cancelled"
    try:
        yield answer
        error = ""
    except Exception as failure:
        error = str(failure) or type(failure).__name__
        raise
    finally:
        started, seconds = watch.lap()
        plugins.observe(
            "pullpush_pushed",
            flow=spec.name,
            canonical_type=canonical_type,
            destination=spec.destination,
            size=len(batch),
            outcomes=outcome_counts(answer.outcomes),
            started=started,
            seconds=seconds,
            error=error,
        )


def outcome_counts(outcomes: object) -> dict[str, int]:
    """How many of each outcome a push answered; what is no outcome is left out, for the engine to judge."""
    listed = outcomes if isinstance(outcomes, Sequence) else ()
    return dict(Counter(each.result.value for each in listed if isinstance(each, Outcome)))
