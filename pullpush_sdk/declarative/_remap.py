"""A record that could not be mapped, once more: its map may have been mended since."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from pullpush_sdk.canonical import CanonicalTypes, loads
from pullpush_sdk.connector import Connection, Event
from pullpush_sdk.errors import FieldError
from pullpush_sdk.manifest import Manifest, Resource
from pullpush_sdk.mapping import Functions

from ._reader import ResourceReader
from ._rows import RowMapper

Json = Any

_AROUND = ("@page", "@item", "@request")
_AGAIN = "it comes again when the source is read again"


def mapped_resources(manifest: Manifest, canonical_type: str) -> list[Resource]:
    """The resources with a map to this type, whoever reads them, in the document's order."""
    return [
        resource
        for resource in manifest.resources.values()
        if resource.canonical_type == canonical_type and resource.canonical_map and resource.enabled
    ]


class Remapper:
    """The maps of one manifest's resources, each compiled at its first use."""

    def __init__(self, name: str, *, types: CanonicalTypes, functions: Functions) -> None:
        self._name = name
        self._types = types
        self._functions = functions
        self._mappers: dict[str, RowMapper] = {}

    async def remap(
        self, resources: Sequence[Resource], connection: Connection, native: bytes, origin: str, read_at: datetime
    ) -> Event:
        """The event of a native record.

        What stood around the record in its page is gone, so a map that reads that cannot be tried again; neither can a
        record be tried where several resources could have given it and none is named.

        Raises:
            FieldError: it still does not map, or cannot be tried.
            RemoteError: its details had to be read, and the platform did not give them.
        """
        resource = _resource_of(resources, origin)
        mapper = self._mapper(resource)
        if around := sorted(path for path in mapper.compiled.paths if path.startswith(_AROUND)):
            raise FieldError(f"its map reads {around[0]}, which is not kept with the record", hint=_AGAIN)
        try:
            record = loads(native)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise FieldError(f"the record is not JSON: {error}", hint=_AGAIN) from None
        if resource.list is not None and (resource.details is not None or resource.attach):
            reader = ResourceReader.of(resource, 0, name=self._name, types=self._types, functions=self._functions)
            read_at, record = connection.clock.now(), await reader.whole(connection, record)
        return mapper.one(record, started=read_at, context={"settings": connection.settings})

    def _mapper(self, resource: Resource) -> RowMapper:
        if resource.name not in self._mappers:
            self._mappers[resource.name] = RowMapper.of(
                resource, name=self._name, types=self._types, functions=self._functions
            )
        return self._mappers[resource.name]


def _resource_of(resources: Sequence[Resource], origin: str) -> Resource:
    named = [resource for resource in resources if resource.name == origin]
    if named:
        return named[0]
    if len(resources) == 1 and not origin:
        return resources[0]
    names = ", ".join(resource.name for resource in resources)
    said = f"the manifest has no resource {origin!r}" if origin else "nothing says which resource it came from"
    raise FieldError(f"{said} (it has: {names})", hint=_AGAIN)
