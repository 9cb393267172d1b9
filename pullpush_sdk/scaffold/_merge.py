"""Three-way merge of texts by lines: what two sides made of one base."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

import attrs

__all__ = ["Merged", "is_marked", "merge"]

_MINE, _BETWEEN, _THEIRS = "<<<<<<< yours\n", "=======\n", ">>>>>>> template\n"


@attrs.frozen(kw_only=True)
class Merged:
    """The merged text; `conflicts` counts the places, marked in it, at which both sides changed the same lines."""

    text: str
    conflicts: int


def merge(base: str, mine: str, theirs: str) -> Merged:
    """Both sides' changes of `base`.

    Lines that one side left alone are the other's. Where both changed the same lines in different ways, both stand
    between marks.
    """
    lines: list[str] = []
    conflicts = 0
    for b, m, t in _regions(base.splitlines(True), mine.splitlines(True), theirs.splitlines(True)):
        if t in (m, b):
            lines += m
        elif m == b:
            lines += t
        else:
            conflicts += 1
            lines += [_MINE, *_closed(m), _BETWEEN, *_closed(t), _THEIRS]
    return Merged(text="".join(lines), conflicts=conflicts)


def is_marked(text: str) -> bool:
    """Whether a text still holds the marks of a conflict, as they stand in a file that shows both sides."""
    return any(line in text.splitlines(True) for line in (_MINE, _THEIRS))


def _closed(lines: Sequence[str]) -> list[str]:
    """Lines that may be followed by a mark."""
    return [line if line.endswith("\n") else f"{line}\n" for line in lines]


_Lines = Sequence[str]


def _regions(base: _Lines, mine: _Lines, theirs: _Lines) -> Iterator[tuple[_Lines, _Lines, _Lines]]:
    """The three texts cut at the lines that all three share, in turn changed and shared ones."""
    b = m = t = 0
    for start, in_mine, in_theirs, size in _shared(base, mine, theirs):
        if (start, in_mine, in_theirs) != (b, m, t):
            yield base[b:start], mine[m:in_mine], theirs[t:in_theirs]
        b, m, t = start + size, in_mine + size, in_theirs + size
        if size:
            yield base[start:b], mine[in_mine:m], theirs[in_theirs:t]


def _shared(base: _Lines, mine: _Lines, theirs: _Lines) -> Iterator[tuple[int, int, int, int]]:
    """Runs of base lines that both sides kept: their places, and length; last an empty run at the end."""
    left = SequenceMatcher(None, base, mine, autojunk=False).get_matching_blocks()
    right = SequenceMatcher(None, base, theirs, autojunk=False).get_matching_blocks()
    i = j = 0
    while i < len(left) and j < len(right):
        one, other = left[i], right[j]
        start, end = max(one.a, other.a), min(one.a + one.size, other.a + other.size)
        if start < end:
            yield start, one.b + start - one.a, other.b + start - other.a, end - start
        if one.a + one.size < other.a + other.size:
            i += 1
        else:
            j += 1
    yield len(base), len(mine), len(theirs), 0
