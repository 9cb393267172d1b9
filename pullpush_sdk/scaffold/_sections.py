"""Putting further entries into a manifest's text: comments, order and spelling of what is there stay."""

from __future__ import annotations

import re
from collections.abc import Mapping

import yaml

from pullpush_sdk.errors import SetupError

__all__ = ["entries_of", "insert", "insert_secret"]


def entries_of(text: str, *path: str) -> dict[str, str]:
    """The entries of a section as they are written, by key; none where the section is not there."""
    node = _at(text, path)
    if not isinstance(node, yaml.MappingNode) or node.flow_style:
        return {}
    lines = text.splitlines(keepends=True)
    return {str(key.value): "".join(lines[key.start_mark.line : _last_line(value) + 1]) for key, value in node.value}


def insert(text: str, entries: Mapping[str, str], *path: str) -> str:
    """The text with entries, each whole lines with their indentation, at the end of a section.

    A section that is not there is put at the end of the document.

    Raises:
        SetupError: the section is written on one line.
    """
    if not entries:
        return text
    node = _at(text, path)
    added = "".join(entries.values())
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    if node is None or (isinstance(node, yaml.ScalarNode) and not node.value):
        return _new_section(lines, path, added)
    if not isinstance(node, yaml.MappingNode) or (node.flow_style and node.value):
        raise SetupError(
            f"{'.'.join(path)} is written on one line",
            hint="write each of its entries on a line of its own, and try again",
        )
    if not node.value:
        key = next(
            index for index, line in enumerate(lines) if re.match(rf"\s*{re.escape(path[-1])}:\s*\{{\s*\}}", line)
        )
        lines[key] = re.sub(r":\s*\{\s*\}.*", ":", lines[key])
        return "".join([*lines[: key + 1], added, *lines[key + 1 :]])
    place = max(_last_line(value) for _, value in node.value) + 1
    return "".join([*lines[:place], added, *lines[place:]])


def insert_secret(text: str, name: str) -> str:
    """The text with one more name under `secrets`."""
    node = _at(text, ("secrets",))
    if isinstance(node, yaml.SequenceNode) and any(each.value == name for each in node.value):
        return text
    lines = text.splitlines(keepends=True)
    if isinstance(node, yaml.SequenceNode) and not node.flow_style:
        last = node.value[-1]
        indent = " " * (last.start_mark.column - 2)
        lines.insert(last.end_mark.line + 1, f"{indent}- {name}\n")
        return "".join(lines)
    if isinstance(node, yaml.SequenceNode):
        line, column = node.end_mark.line, node.end_mark.column - 1
        comma = ", " if node.value else ""
        lines[line] = f"{lines[line][:column]}{comma}{name}{lines[line][column:]}"
        return "".join(lines)
    return _new_section(lines, ("secrets",), f"  - {name}\n")


def _new_section(lines: list[str], path: tuple[str, ...], added: str) -> str:
    (name,) = path  # inner sections are written together with the one around them
    kept = [line for line in lines if not re.match(rf"{re.escape(name)}:\s*(#.*)?$", line)]
    return f"{''.join(kept).rstrip()}\n\n{name}:\n{added}"


def _at(text: str, path: tuple[str, ...]) -> yaml.Node | None:
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    for name in path:
        found = None
        if isinstance(node, yaml.MappingNode):
            found = next((value for key, value in node.value if key.value == name), None)
        node = found
    return node


def _last_line(node: yaml.Node) -> int:
    """The last line that a node's own text stands on; a block's end mark is behind the comments that follow it."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _last_line(last[1] if isinstance(last, tuple) else last)
    line: int = node.end_mark.line
    return line - 1 if node.end_mark.column == 0 and line > node.start_mark.line else line
