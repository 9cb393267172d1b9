"""What deleted records were known by: their webhooks name a number, and nothing can be read by it any more.

Kept in the connection's scratch memory while it lives: filled by what is read and by webhooks, lost at a restart.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from pullpush_sdk.connector import Connection, Page

_FIELDS = {"product": ("product_id", "sku"), "contact": ("contact_id", "email")}
TYPES = frozenset(_FIELDS)
"""The canonical types whose identity is not the platform's number."""


def remember(connection: Connection, canonical_type: str, record: Any) -> None:
    """Keep what a record is known by under its number."""
    number_field, key_field = _FIELDS[canonical_type]
    number, key = getattr(record, number_field), getattr(record, key_field)
    if isinstance(number, str):
        _known(connection)[canonical_type, number] = key if isinstance(key, str) else ""


def recall(connection: Connection, canonical_type: str, number: str) -> str | None:
    """The SKU or e-mail address of that number as it was last seen; empty where it had none, None for a stranger."""
    return _known(connection).get((canonical_type, number))


async def remembering(connection: Connection, pages: AsyncGenerator[Page, None]) -> AsyncGenerator[Page, None]:
    """The pages; what their records are known by is kept."""
    async with aclosing(pages):
        async for page in pages:
            for event in page.events:
                remember(connection, event.type, event.record)
            yield page


def _known(connection: Connection) -> dict[tuple[str, str], str]:
    known: dict[tuple[str, str], str] = connection.memo.setdefault("known", {})
    return known
