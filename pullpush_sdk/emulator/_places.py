"""Paths of a manifest as places of a JSON value."""

from __future__ import annotations

from pullpush_sdk.mapping import parse_path
from pullpush_sdk.mapping.spec import Index, Key

from ._leaves import Place

__all__ = ["place_of"]


def place_of(path: str) -> Place:
    """The steps of a manifest's path; wildcards and filters end them."""
    if path in ("", "$"):
        return ()
    steps: list[str | int] = []
    for move in parse_path(path).moves:
        if isinstance(move, Key):
            steps.append(move.name)
        elif isinstance(move, Index):
            steps.append(move.at)
        else:
            break
    return tuple(steps)
