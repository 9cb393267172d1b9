"""How great a shop must be for a few pages of each type: what is greater costs time and proves no more."""

from __future__ import annotations

import asyncio
from math import ceil
from typing import Any

import attrs

from pullpush_sdk.testing.conformance import Shop, Subject

__all__ = ["few_pages"]

_ENOUGH = 2.2
"""Two whole pages and the beginning of a third."""
_MOST = 40
"""Pages after which nobody counts on."""
_LONGEST = 20.0


def few_pages(subject: Subject) -> Subject:
    """The subject with `many_of` for each type of which its usual shop has more than a few pages."""
    try:
        counted = asyncio.run(asyncio.wait_for(_counted(subject), _LONGEST))
    except Exception:  # noqa: BLE001 - what is wrong with reading is for the probes and laws to say
        return subject
    enough: dict[str, Any] = {
        name: max(subject.records, ceil(subject.many * _ENOUGH / pages))
        for name, pages in counted.items()
        if pages > _ENOUGH
    }
    return attrs.evolve(subject, many_of={**enough, **subject.many_of})


async def _counted(subject: Subject) -> dict[str, int]:
    async with subject.shop(records=subject.many) as shop:
        return {name: await _pages(shop, name) for name in sorted(subject.loaded.connector.reads)}


async def _pages(shop: Shop, canonical_type: str) -> int:
    count = 0
    async for _ in shop.pages(canonical_type):
        count += 1
        if count == _MOST:
            break
    return count
