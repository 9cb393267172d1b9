"""The oracle: what the destination must hold in the end, from everything that was appended. No engine in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from pullpush_sdk.canonical import to_sparse
from pullpush_sdk.connector import Event

__all__ = ["Model"]

Json = Any
_AHEAD = 5 * 60 * 1_000_000


@attrs.define
class Model:
    """Per identity and field, the newest value by (version, order of arrival) among the events that speak of it.

    That is all there is to it: repeats, echoes, coalescing, retries and crashes may not change the end.
    """

    fields: dict[str, dict[str, tuple[tuple[int, int], Json]]] = attrs.field(factory=dict)
    read: int = 0

    def append(self, identity: str, event: Event, now: int) -> None:
        """One event arrives; `now` in microseconds since 1970."""
        self.read += 1
        if event.type == "stocklevel" and event.record.quantity is None:
            return
        version = event.version if event.version <= now + _AHEAD else now
        mark = (version, self.read)
        newest = self.fields.setdefault(identity, {})
        for name, value in to_sparse(event.record).items():
            if event.fields is not None and name not in event.fields:
                continue
            if name not in newest or newest[name][0] <= mark:
                newest[name] = (mark, value)

    def state(self) -> Mapping[str, Mapping[str, Json]]:
        """What the destination must hold, without the fields of identities."""
        return {
            identity: {name: value for name, (_mark, value) in fields.items() if name not in _NAMES}
            for identity, fields in self.fields.items()
        }


_NAMES = frozenset({"sku", "locationId", "orderId"})


def content(payload: Mapping[str, Json]) -> Mapping[str, Json]:
    """A written payload without the fields of its identity."""
    return {name: value for name, value in payload.items() if name not in _NAMES}
