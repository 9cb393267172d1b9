"""How lists go on: each answer names the address of the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request

__all__ = ["page"]

_LARGEST = 100


def page(rows: Sequence[Any], request: Request) -> tuple[Mapping[str, Any], Mapping[str, str]]:
    """The body and headers for the page that the request asks for; raises ValueError for a parameter that is bad."""
    after = int(request.query_params.get("after", "0"))
    size = min(_LARGEST, max(1, int(request.query_params.get("limit", "20"))))
    left = [row for row in rows if row["id"] > after]
    more = len(left) > size
    following = str(request.url.include_query_params(after=left[size - 1]["id"])) if more else None
    return {"data": left[:size], "meta": {"next": following}}, {}
