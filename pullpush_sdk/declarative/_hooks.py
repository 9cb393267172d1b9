"""A manifest as hook implementations: asked last, so that a connector's own function for a hook wins."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from pullpush_sdk.canonical import CanonicalTypes
from pullpush_sdk.connector import Connection, Delivery, Event, Finding, Location, Outcome, Page, WebhookRequest
from pullpush_sdk.hookspecs import hookimpl
from pullpush_sdk.manifest import Manifest
from pullpush_sdk.mapping import Functions

from . import _check
from ._connector import is_generic, resources_of
from ._kept import Kept
from ._pull import pull
from ._reader import ResourceReader
from ._records import DetailsReader
from ._remap import Remapper, mapped_resources
from ._verify import is_trusted
from ._webhook import Receiver
from ._writer import Writer

Json = Any


class ManifestHooks:
    """What a manifest says, as the runtime calls it; every map is compiled at its first use and kept."""

    def __init__(self, manifest: Manifest, *, types: CanonicalTypes, functions: Functions) -> None:
        self._manifest = manifest
        self._types = types
        self._functions = functions
        self._readers: dict[str, list[ResourceReader]] = {}
        self._writers: dict[str, Writer] = {}
        self._details: dict[str, DetailsReader | None] = {}
        self._remapper: Remapper | None = None

    @hookimpl(trylast=True)
    def pullpush_check(self, connection: Connection) -> Awaitable[Sequence[Finding]]:
        """One harmless request proves endpoint and credentials."""
        return _check.check(self._manifest, connection)

    @hookimpl(trylast=True)
    def pullpush_locations(self, connection: Connection) -> Awaitable[Sequence[Location]] | None:
        """The declared list of locations, None where the manifest declares none."""
        declared = self._manifest.locations
        return None if declared is None else _check.locations(declared, connection)

    @hookimpl(trylast=True)
    def pullpush_pull(self, connection: Connection, canonical_type: str, cursor: Json) -> AsyncIterator[Page] | None:
        """The type's resources, one after the other."""
        readers = self._readers_of(canonical_type)
        return pull(readers, connection, cursor) if readers else None

    @hookimpl(trylast=True)
    def pullpush_snapshot(self, connection: Connection, canonical_type: str) -> AsyncIterator[Page] | None:
        """The whole state is a sweep from the very beginning."""
        readers = [reader for reader in self._readers_of(canonical_type) if reader.resource.snapshot]
        return pull(readers, connection, None) if readers else None

    @hookimpl(trylast=True)
    def pullpush_push(
        self, connection: Connection, canonical_type: str, batch: Sequence[Delivery]
    ) -> Awaitable[Sequence[Outcome]] | None:
        """The declared writes of the type, None where the manifest declares none."""
        push = self._manifest.push.get(canonical_type)
        if push is None or not is_generic(push):
            return None
        if canonical_type not in self._writers:
            kept = Kept.of(self._manifest, canonical_type, types=self._types, functions=self._functions)
            self._writers[canonical_type] = Writer.of(
                push, name=self._manifest.name, functions=self._functions, kept=kept
            )
        return self._writers[canonical_type].write(connection, batch)

    @hookimpl(trylast=True)
    def pullpush_records(
        self, connection: Connection, canonical_type: str, native_ids: Sequence[str]
    ) -> Awaitable[Mapping[str, Any]] | None:
        """By the details request of the type's resource, None without one."""
        if canonical_type not in self._details:
            self._details[canonical_type] = DetailsReader.of(
                self._manifest, canonical_type, types=self._types, functions=self._functions
            )
        reader = self._details[canonical_type]
        return None if reader is None else reader.records(connection, native_ids)

    @hookimpl(trylast=True)
    def pullpush_remap(
        self, connection: Connection, canonical_type: str, native: bytes, origin: str, read_at: datetime
    ) -> Awaitable[Event] | None:
        """By the map of the resource that the record came from; None where the manifest maps no such type."""
        resources = mapped_resources(self._manifest, canonical_type)
        if not resources:
            return None
        if self._remapper is None:
            self._remapper = Remapper(self._manifest.name, types=self._types, functions=self._functions)
        return self._remapper.remap(resources, connection, native, origin, read_at)

    @hookimpl(trylast=True)
    def pullpush_verify(self, connection: Connection, request: WebhookRequest) -> bool | None:
        """By the declared verification; a webhook section without one accepts nothing."""
        webhook = self._manifest.webhook
        if webhook is None:
            return None
        return is_trusted(webhook, connection, request)

    @hookimpl(trylast=True)
    def pullpush_receive(self, connection: Connection, request: WebhookRequest) -> Awaitable[Sequence[Event]] | None:
        """The declared handler of the request's event."""
        return None if self._manifest.webhook is None else self._receiver.receive(connection, request)

    @cached_property
    def _receiver(self) -> Receiver:
        return Receiver.of(self._manifest, types=self._types, functions=self._functions)

    def _readers_of(self, canonical_type: str) -> list[ResourceReader]:
        if canonical_type not in self._readers:
            self._readers[canonical_type] = [
                ResourceReader.of(
                    resource, index, name=self._manifest.name, types=self._types, functions=self._functions
                )
                for index, resource in enumerate(resources_of(self._manifest, canonical_type))
            ]
        return self._readers[canonical_type]
