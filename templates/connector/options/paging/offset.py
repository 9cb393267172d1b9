"""How lists go on: by the number of records to skip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request

__all__ = ["page"]

_LARGEST = 100


def page(rows: Sequence[Any], request: Request) -> tuple[Mapping[str, Any], Mapping[str, str]]:
    """The body and headers for the page that the request asks for; raises ValueError for a parameter that is bad."""
    skip = max(0, int(request.query_params.get("offset", "0")))
    size = min(_LARGEST, max(1, int(request.query_params.get("limit", "20"))))
    return {"data": rows[skip : skip + size], "meta": {"offset": skip, "total": len(rows)}}, {}
