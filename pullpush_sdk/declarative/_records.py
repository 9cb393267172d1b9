"""Single records by their native ids, by the details request of a manifest."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from pullpush_sdk.canonical import CanonicalTypes
from pullpush_sdk.connector import Connection
from pullpush_sdk.errors import FieldError, RejectedError
from pullpush_sdk.manifest import Manifest
from pullpush_sdk.mapping import Functions

from ._connector import resources_of
from ._reader import ResourceReader

__all__ = ["DetailsReader"]

Json = Any
_GONE = frozenset({404, 410})


class DetailsReader:
    """Reads the records of one resource one by one; made where its manifest has a request for that."""

    def __init__(self, reader: ResourceReader, path: str) -> None:
        self._reader = reader
        self._path = path

    @classmethod
    def of(
        cls, manifest: Manifest, canonical_type: str, *, types: CanonicalTypes, functions: Functions
    ) -> DetailsReader | None:
        """The reader of the type's only resource, None where there are several or details cannot be asked by one id."""
        resources = resources_of(manifest, canonical_type)
        if len(resources) != 1 or resources[0].details is None:
            return None
        reader = ResourceReader.of(resources[0], 0, name=manifest.name, types=types, functions=functions)
        paths = reader.mapper.native_paths
        return cls(reader, paths[0]) if len(paths) == 1 and paths[0].isidentifier() else None

    async def records(self, connection: Connection, native_ids: Sequence[str]) -> Mapping[str, Any]:
        """Id to canonical record; those that are gone, or map to nothing any more, are left out.

        Raises:
            RemoteError: the platform did not answer.
        """
        found = await asyncio.gather(*(self._one(connection, native) for native in native_ids))
        return {native: record for native, record in zip(native_ids, found, strict=True) if record is not None}

    async def _one(self, connection: Connection, native: str) -> Any:
        started = connection.clock.now()
        try:
            record = await self._reader.whole(connection, {self._path: native}, named=True)
        except RejectedError as error:
            if error.status in _GONE:
                return None
            raise
        context = {"settings": connection.settings}
        with suppress(FieldError):  # it has no SKU any more, say
            return self._reader.mapper.one(record, started=started, context=context).record
        return None
