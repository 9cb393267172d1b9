"""What a law did to a shop, in order: the steps that a broken law shows where it names none itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

import attrs

__all__ = ["Journal", "note", "opening", "recorded"]

_FIRST, _LAST = 3, 5
"""Steps that are shown of a long journal, at its beginning and at its end."""
_LONGEST = 220
"""Characters of one step."""


@attrs.define(kw_only=True)
class Journal:
    """Steps so far of the shops that are open; a first shop that opens begins a new one."""

    steps: list[str] = attrs.field(factory=list)
    open_shops: int = 0

    def opened(self, step: str) -> None:
        """A shop opens: what was done to those that are closed no longer matters."""
        if not self.open_shops:
            self.steps.clear()
        self.open_shops += 1
        self.steps.append(step)

    def shown(self) -> Sequence[str]:
        """The steps for people: equal neighbours told once, of many the first and the last."""
        told: list[tuple[str, int]] = []
        for step in self.steps:
            same = bool(told) and told[-1][0] == step
            told[-1:] = [(step, told[-1][1] + 1)] if same else [*told[-1:], (step, 1)]
        lines = [_cut(step) + (f" ({times} times)" if times > 1 else "") for step, times in told]
        if len(lines) <= _FIRST + _LAST + 1:
            return lines
        return [*lines[:_FIRST], f"… {len(lines) - _FIRST - _LAST} more", *lines[-_LAST:]]


def _cut(step: str) -> str:
    return step if len(step) <= _LONGEST else f"{step[:_LONGEST]} …"


_now: ContextVar[Journal | None] = ContextVar("pullpush_law_journal", default=None)


@contextmanager
def recorded() -> Iterator[Journal]:
    """The journal of what happens in the block."""
    journal = Journal()
    mark = _now.set(journal)
    try:
        yield journal
    finally:
        _now.reset(mark)


@contextmanager
def opening(step: str) -> Iterator[None]:
    """A shop is open in the block."""
    journal = _now.get()
    if journal is None:
        yield
        return
    journal.opened(step)
    try:
        yield
    finally:
        journal.open_shops -= 1


def note(step: str) -> None:
    """One thing was done, where somebody keeps a journal."""
    journal = _now.get()
    if journal is not None:
        journal.steps.append(step)
