"""What commands print: JSON for programs, tables for people; colours on a terminal only, unless NO_COLOR."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, TextIO

import click

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_WIDE = 200


def emit_json(value: Any) -> None:
    """Indented JSON to standard output; Decimals keep their digits, paths and instants become text."""
    from msgspec.json import Encoder
    from msgspec.json import format as indented

    click.echo(indented(Encoder(decimal_format="number").encode(value), indent=2).decode())


def console(stream: TextIO | None = None) -> Console:
    """A console on `stream` (standard output where None); wide, without colours, where it is no terminal."""
    from rich.console import Console

    out = stream or sys.stdout
    is_terminal = out.isatty()
    return Console(
        file=out,
        width=None if is_terminal else _WIDE,
        no_color=True if os.environ.get("NO_COLOR") or not is_terminal else None,
        highlight=False,
        soft_wrap=False,
        legacy_windows=False,
    )


def emit_table(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, title: str = "") -> None:
    """Print rows under headings."""
    console().print(table_of(columns, rows, title=title))


def table_of(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, title: str = "") -> Table:
    """Rows under headings; numbers are aligned right, None is a dash."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    listed = [list(row) for row in rows]
    table = Table(box=SIMPLE_HEAD, title=title or None, title_justify="left", title_style="bold", pad_edge=False)
    for index, name in enumerate(columns):
        numeric = bool(listed) and all(isinstance(row[index], int | float | None) for row in listed)
        table.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in listed:
        table.add_row(*(Text("–" if cell is None else str(cell)) for cell in row))
    return table


def say(message: str = "", *, bold: bool = False, colour: str | None = None) -> None:
    """A line to standard error: what is not the command's data."""
    click.echo(style(message, sys.stderr, bold=bold, colour=colour), err=True)


def style(text: str, stream: TextIO, *, bold: bool = False, colour: str | None = None) -> str:
    """The text with colour where `stream` is a terminal and NO_COLOR is not set."""
    if os.environ.get("NO_COLOR") or not stream.isatty():
        return text
    return click.style(text, bold=bold, fg=colour)
