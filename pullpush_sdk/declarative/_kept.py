"""A record as the platform keeps it after a write, from the write's answer: how an echo is told from a change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from pullpush_sdk.canonical import CanonicalTypes, to_sparse
from pullpush_sdk.connector import Connection, Delivery
from pullpush_sdk.errors import FieldError
from pullpush_sdk.manifest import Manifest
from pullpush_sdk.mapping import Functions

from ._remap import mapped_resources
from ._rows import RowMapper

Json = Any


@attrs.frozen(kw_only=True)
class Kept:
    """Reads what a write's answer shows by the map of the type's only list."""

    mapper: RowMapper

    @classmethod
    def of(cls, manifest: Manifest, canonical_type: str, *, types: CanonicalTypes, functions: Functions) -> Kept | None:
        """None where several lists tell the type, or one whose records the answer of a write cannot hold: their
        map reads details, what is attached, or what stands around them.
        """
        resources = mapped_resources(manifest, canonical_type)
        if len(resources) != 1 or resources[0].details is not None or resources[0].attach:
            return None
        mapper = RowMapper.of(resources[0], name=manifest.name, types=types, functions=functions)
        around = ("@page", "@item", "@request")
        return None if any(path.startswith(around) for path in mapper.compiled.paths) else cls(mapper=mapper)

    def shown(
        self, connection: Connection, delivery: Delivery, *, found: Json, answer: Json, written: Iterable[str]
    ) -> Mapping[str, Json] | None:
        """The record as a sparse wire object; None where the answer is no record, or is another one.

        `found` is the native record before the write: an answer may hold only what was changed. Of a field that was
        `written` null says nothing, since a rule may give it where the answer leaves the field out.
        """
        if not isinstance(answer, Mapping):
            return None
        native = {**found, **answer} if isinstance(found, Mapping) else answer
        context = {"settings": connection.settings}
        try:
            record = self.mapper.one(native, started=connection.clock.now(), context=context).record
            if delivery.kind.identity(record) != delivery.identity:
                return None
        except FieldError:
            return None
        own = frozenset(written)
        return {name: value for name, value in to_sparse(record).items() if value is not None or name not in own}
