"""How lists go on: not at all, one answer holds everything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request

__all__ = ["page"]


def page(rows: Sequence[Any], request: Request) -> tuple[Mapping[str, Any], Mapping[str, str]]:  # noqa: ARG001 - as others
    """The body and headers of the only page."""
    return {"data": rows}, {}
