"""Where the keys of a TOML text stand. The standard parser gives no positions, so this reads headers and keys only."""

from __future__ import annotations

import re
from collections.abc import Sequence

_PART = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_DOTTED = rf"{_PART}(?:\s*\.\s*{_PART})*"
_HEADER = re.compile(rf"^\s*\[\[?\s*(?P<path>{_DOTTED})\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(rf"^\s*(?P<path>{_DOTTED})\s*=\s*(?P<value>.*)$")
_STEP = re.compile(_PART)
_FENCES = ('"""', "'''")


class Lines:
    """The line of every table header and key that begins a line of `text`."""

    def __init__(self, text: str) -> None:
        self._found: dict[tuple[str, ...], int] = {}
        table: tuple[str, ...] = ()
        fence = ""
        for number, line in enumerate(text.splitlines(), start=1):
            if fence:
                fence = "" if fence in line else fence
                continue
            if header := _HEADER.match(line):
                table = _steps(header["path"])
                self._add(table, number)
            elif key := _KEY.match(line):
                self._add(table + _steps(key["path"]), number)
                fence = next((mark for mark in _FENCES if key["value"].count(mark) == 1), "")

    def _add(self, path: tuple[str, ...], number: int) -> None:
        for end in range(1, len(path) + 1):
            self._found.setdefault(path[:end], number)

    def find(self, path: Sequence[str]) -> int | None:
        """The line, from 1, of a key or else of the nearest table around it; None where there is none."""
        steps = tuple(path)
        while steps:
            if steps in self._found:
                return self._found[steps]
            steps = steps[:-1]
        return None


def _steps(path: str) -> tuple[str, ...]:
    return tuple(step[1:-1] if step[0] in "\"'" else step for step in _STEP.findall(path))
