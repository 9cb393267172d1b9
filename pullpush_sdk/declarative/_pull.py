"""A sweep over all resources of one canonical type, resumable at every page."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

import attrs

from pullpush_sdk.connector import Connection, Page

from ._cursor import Cursor
from ._reader import ResourceReader

Json = Any


async def pull(readers: Sequence[ResourceReader], connection: Connection, stored: Json) -> AsyncGenerator[Page, None]:
    """The pages since `stored`; the last one's cursor is where the next sweep starts.

    A sweep's `since` moves only when all of its pages were handed on: it becomes the moment the sweep began, or
    that of the newest record then where this is earlier.
    """
    cursor = Cursor.read(stored)
    if cursor.started is None:
        cursor = attrs.evolve(cursor, started=connection.clock.now())
    first = cursor.resource
    for reader in readers[first:]:
        at = cursor if reader.index == first else attrs.evolve(cursor, resource=reader.index, item=None, state=None)
        async with aclosing(reader.read(connection, at)) as pages:
            async for page in pages:
                cursor = attrs.evolve(cursor, started=Cursor.read(page.cursor).started)
                yield _closed(page, cursor, len(readers))


def _closed(page: Page, cursor: Cursor, count: int) -> Page:
    """The page; the last one of the sweep gets the cursor of the next sweep."""
    if Cursor.read(page.cursor).resource < count:
        return page
    return attrs.evolve(page, cursor=Cursor(since=cursor.started).write(), done=True)
