"""Marked blocks of the template: lines that stay where a condition holds.

A block begins at a comment `<name>` and ends at `</name>`, each on a line of its own; blocks nest. A name with commas
holds where all of its parts hold, one with bars where one of its alternatives does.

Behind `<else>` stand the lines for the other case, each as a comment that begins with `|`. Marks are comments in
Python, YAML, TOML (`#`) and Markdown (`<!-- … -->`): the template is valid as it lies.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

__all__ = ["cut", "holds_for"]

_MARK = re.compile(r"\s*(?:#|<!--)\s*<(/?)([a-z:,|]+)>\s*(?:-->)?\s*")
_OTHER = re.compile(r"(\s*)# \| ?(.*)", re.DOTALL)


def holds_for(condition: str, flags: frozenset[str]) -> bool:
    """Whether a condition holds: `a,b` where both do, `a,b|c` also where c does; an empty one always."""
    return any(set(filter(None, each.split(","))) <= flags for each in condition.split("|"))


def cut(text: str, flags: frozenset[str], replaced: Mapping[str, str] | None = None) -> str:
    """The text with the blocks that hold, without any mark.

    `replaced` gives another text for what stands inside a block, by the block's name; it is indented like the mark.

    Raises:
        ValueError: marks do not pair.
    """
    others = replaced or {}
    lines: list[str] = []
    open_: list[tuple[str, bool, bool]] = []  # name, whether it holds, whether its else has begun
    for number, line in enumerate(text.splitlines(keepends=True), start=1):
        mark = _MARK.fullmatch(line)
        if mark is None:
            _keep(lines, line, open_, others)
        elif mark[2] == "else":
            name, holds, _ = open_[-1] if open_ else ("", False, True)
            open_[-1:] = [(name, holds, True)]
        elif not mark[1]:
            holds = mark[2] in others or holds_for(mark[2], flags)
            open_.append((mark[2], holds, False))
            if mark[2] in others and all(outer[1] != outer[2] for outer in open_):
                indent = line[: len(line) - len(line.lstrip())]
                lines += [indent + each if each.strip() else each for each in others[mark[2]].splitlines(keepends=True)]
        elif not open_ or open_.pop()[0] != mark[2]:
            raise ValueError(f"line {number}: </{mark[2]}> closes nothing")
    if open_:
        raise ValueError(f"<{open_[-1][0]}> is not closed")
    return "".join(lines)


def _keep(lines: list[str], line: str, open_: list[tuple[str, bool, bool]], others: Mapping[str, str]) -> None:
    if any(name in others for name, _, _ in open_) or any(holds == in_else for _, holds, in_else in open_):
        return
    if open_ and open_[-1][2] and (other := _OTHER.fullmatch(line)) is not None:
        line = other[1] + other[2]
    lines.append(line)
