"""Two records of a source that seem to carry one SKU: the source is asked which of them still does.

One of them may have been deleted, or got another SKU, without the log having heard of it yet. What the source says
sets the key free, or confirms that a person must look.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from typing import Any

from pullpush_sdk.canonical import CanonicalType
from pullpush_sdk.engine.ports import Engine, FlowSpec, Suspects
from pullpush_sdk.errors import PullPushError, StoreError
from pullpush_sdk.plugins import asked as ask
from pullpush_sdk.plugins import pages_of

from ._pool import End

__all__ = ["settle_clashes"]

_log = logging.getLogger("pullpush.flows")


async def settle_clashes(engine: Engine, spec: FlowSpec, kind: CanonicalType, end: End, *, which: Suspects) -> int:
    """Ask about records that carry a key of another one; how many of their events wait for delivery now.

    A source that cannot answer now is asked again later. `end` is the flow's source.

    Raises:
        StoreError: the store failed.
    """
    if not kind.key_is_given:
        return 0
    asked = await engine.suspects(spec, kind.name, which=which)
    if not asked:
        return 0
    try:
        # A snapshot costs a whole reading: it is taken for what is new or what a person wants settled.
        found = await _records(end, kind, asked, by_snapshot=which != "longest")
    except StoreError:
        raise
    except PullPushError as error:
        _log.warning(
            "%s: %s could not be asked which records carry a SKU twice: %s",
            spec.name,
            spec.source,
            error,
            extra={"flow": spec.name, "type": kind.name},
        )
        return 0
    return await engine.settle_suspects(spec, kind.name, asked, found)


async def _records(
    end: End, kind: CanonicalType, asked: Sequence[str], *, by_snapshot: bool
) -> Mapping[str, Any] | None:
    """What the source shows for these ids; None where it cannot say."""
    found = await ask(
        end.loaded,
        "pullpush_records",
        connection=end.connection,
        canonical_type=kind.name,
        native_ids=list(asked),
    )
    if found is not None:
        return {native: record for native, record in found.items() if isinstance(record, kind.record)}
    if not by_snapshot or kind.name not in end.loaded.connector.snapshots:
        return None
    pages = pages_of(end.loaded, "pullpush_snapshot", connection=end.connection, canonical_type=kind.name)
    if pages is None:
        return None
    wanted = set(asked)
    shown: dict[str, Any] = {}
    async with aclosing(pages) as opened:
        async for page in opened:
            shown |= {each.native_id: each.record for each in page.events if each.native_id in wanted}
            if len(shown) == len(wanted):
                break
    return shown
