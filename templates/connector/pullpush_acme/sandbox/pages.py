"""How lists go on: by the number of the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request

__all__ = ["page"]

_LARGEST = 100


def page(rows: Sequence[Any], request: Request) -> tuple[Mapping[str, Any], Mapping[str, str]]:
    """The body and headers for the page that the request asks for; raises ValueError for a parameter that is bad."""
    number = max(1, int(request.query_params.get("page", "1")))
    size = min(_LARGEST, max(1, int(request.query_params.get("per_page", "20"))))
    pages = -(-len(rows) // size)
    return {"data": rows[(number - 1) * size : number * size], "meta": {"page": number, "pages": pages}}, {}
