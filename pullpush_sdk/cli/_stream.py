"""JSON too large to hold: an object whose lists are written as their items come."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import click


def stream_json(value: Mapping[str, Any]) -> None:
    """Print an object as JSON, one line for each item of a list that comes from an iterator; see `emit_json`."""
    for piece in _pieces(value, ""):
        click.echo(piece, nl=False)
    click.echo()


def _pieces(value: Any, indent: str) -> Iterator[str]:
    from pullpush_sdk.canonical import dumps

    if isinstance(value, Mapping):
        yield from _framed("{", value.items(), "}", indent, named=True)
    elif isinstance(value, Iterator):
        yield from _framed("[", ((None, each) for each in value), "]", indent, named=False)
    else:
        yield dumps(value).decode()


def _framed(first: str, items: Iterable[tuple[Any, Any]], last: str, indent: str, *, named: bool) -> Iterator[str]:
    from pullpush_sdk.canonical import dumps

    yield first
    separator = ""
    for name, each in items:
        yield f"{separator}\n{indent}  " + (f"{dumps(name).decode()}: " if named else "")
        if named:
            yield from _pieces(each, indent + "  ")
        else:
            yield dumps(each).decode() if not _holds_iterators(each) else "".join(_pieces(each, indent + "  "))
        separator = ","
    yield (f"\n{indent}" if separator else "") + last


def _holds_iterators(value: Any) -> bool:
    return isinstance(value, Mapping) and any(isinstance(each, Iterator) for each in value.values())
