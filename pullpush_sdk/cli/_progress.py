"""A running sync on a terminal: one line per flow and type on standard error; nothing where that is no terminal."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Self

from ._output import console

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

    from pullpush_sdk.flows import Progress


def show_progress() -> AbstractContextManager[Progress]:
    """A display as a context manager; give what it yields to a sync."""
    from pullpush_sdk.flows import Silent

    if not sys.stderr.isatty():
        return nullcontext(Silent())
    from rich.progress import Progress as RichProgress
    from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

    bars = RichProgress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TextColumn("{task.fields[read]} read"),
        TextColumn("{task.fields[settled]} settled"),
        TimeElapsedColumn(),
        console=console(sys.stderr),
        transient=True,
    )
    return _Display(bars)


class _Display:
    """Counts per flow and type, drawn by rich."""

    def __init__(self, bars: RichProgress) -> None:
        self._bars = bars
        self._tasks: dict[tuple[str, str], TaskID] = {}
        self._counts: dict[tuple[str, str], list[int]] = {}

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def flow_started(self, flow: str, state: str) -> None:
        pass

    def type_started(self, flow: str, canonical_type: str) -> None:
        self.counted(flow, canonical_type)

    def counted(self, flow: str, canonical_type: str, *, read: int = 0, settled: int = 0) -> None:
        key = (flow, canonical_type)
        if key not in self._tasks:
            self._tasks[key] = self._bars.add_task(f"{flow} {canonical_type}", total=None, read=0, settled=0)
            self._counts[key] = [0, 0]
        counts = self._counts[key]
        counts[0] += read
        counts[1] += settled
        self._bars.update(self._tasks[key], read=counts[0], settled=counts[1])
