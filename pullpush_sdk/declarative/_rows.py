"""Native rows to a page of events by a resource's map, for readers of manifests and connectors that page themselves."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime
from typing import Any

import attrs

from pullpush_sdk.canonical import CanonicalType, CanonicalTypes, dumps, instant_text
from pullpush_sdk.connector import Connection, Event, Page, Reject, version_of
from pullpush_sdk.http import PageState
from pullpush_sdk.manifest import Resource
from pullpush_sdk.mapping import CompiledMap, Functions, compile_map, parse_map

from ._listing import Listing, ListReader
from ._native import native_id, native_paths

Json = Any
Named = Callable[[Json], str]


@attrs.frozen(kw_only=True)
class RowMapper:
    """One resource's map, compiled, and what makes an event of a mapped record."""

    kind: CanonicalType
    resource: str
    by_update: bool
    compiled: CompiledMap
    native_paths: Sequence[str] = ()

    @classmethod
    def of(cls, resource: Resource, *, name: str, types: CanonicalTypes, functions: Functions) -> RowMapper:
        """The mapper of a resource of the connector `name`.

        Raises:
            MappingError: the map does not compile; `problems` says why.
        """
        kind = types[resource.canonical_type]
        spec = parse_map(resource.canonical_map)[0]
        compiled = compile_map(spec, kind, functions, name=f"{name}_{resource.name}")
        return cls(
            kind=kind,
            resource=resource.name,
            by_update=resource.version == "updated_at",
            compiled=compiled,
            native_paths=native_paths(resource, kind),
        )

    def one(self, row: Json, *, started: datetime, context: Mapping[str, Json]) -> Event:
        """The event of one row that was read at `started`.

        Raises:
            FieldError: it does not map.
        """
        record = self.compiled.one(row, {**_around(started), **context})
        return self._event(record, version_of(started), native_id(row, self.native_paths))

    def page(
        self,
        rows: Sequence[Json],
        *,
        started: datetime,
        context: Mapping[str, Json],
        native: Callable[[], Sequence[Json]] | None = None,
        named: Named | None = None,
        ids: Sequence[str | None] | None = None,
    ) -> Page:
        """Events of the rows, without a cursor. A row that does not map is a reject; `native` gives whole rows for
        those where `rows` are decoded in part only, `named` what a person knows a row by, `ids` the native ids of rows
        that are decoded in part only.
        """
        mapped = self.compiled.many(list(rows), {**_around(started), **context})
        observed = version_of(started)
        if ids is None:
            ids = [native_id(row, self.native_paths) for row in rows] if self.native_paths else [None] * len(rows)
        if mapped.errors:
            bad = {at for at, _ in mapped.errors}
            ids = [each for at, each in enumerate(ids) if at not in bad]
        events = [self._event(record, observed, id_) for record, id_ in zip(mapped.records, ids, strict=True)]
        rejects: list[Reject] = []
        if mapped.errors:
            whole, name = rows if native is None else native(), named or shown_key
            rejects = [
                Reject(native=dumps(whole[at]), error=error, key=name(whole[at]), origin=self.resource)
                for at, error in mapped.errors
            ]
        return Page(events=events, rejects=rejects, cursor=None)

    def _event(self, record: Any, observed: int, native: str | None) -> Event:
        moment: datetime | None = self.kind.updated_at(record) if self.by_update else None
        version = observed if moment is None else version_of(moment)
        return Event(type=self.kind.name, record=record, version=version, native_id=native)


def _around(started: datetime) -> dict[str, Json]:
    """What a map may read beside the row, where nothing else is known of it."""
    return {"item": None, "page": {}, "request": {"startedAt": instant_text(started)}}


def page_of(
    connection: Connection,
    resource: str,
    rows: Sequence[Json],
    *,
    started: datetime,
    cursor: Json = None,
    done: bool = False,
    named: Named | None = None,
) -> Page:
    """A page of rows that a connector fetched itself, mapped by a resource of its manifest.

    `started` is the moment at which their request was started (`Answer.started_at`); `named` gives what a person
    knows a row by, for rejects.
    """
    key = f"declarative.rows.{resource}"
    if key not in connection.memo:
        connector = connection.connector
        own = {f"{connector.name}:{name}": each for name, each in connector.functions.items()}
        connection.memo[key] = RowMapper.of(
            connector.manifest.resources[resource],
            name=connector.name,
            types=connection.types,
            functions=Functions(own, owner=connector.name),
        )
    mapper: RowMapper = connection.memo[key]
    page = mapper.page(rows, started=started, context={"settings": connection.settings}, named=named)
    return attrs.evolve(page, cursor=cursor, done=done)


async def iter_pages(connection: Connection, resource: str, state: Json = None) -> AsyncGenerator[Listing, None]:
    """The pages of a resource's list, decoded whole, from a state (`following.dump()` of a page) or the start."""
    declared: Resource = connection.connector.manifest.resources[resource]
    assert declared.list is not None
    reader = ListReader.of(declared.list, declared.pagination, declared.response)
    at = None if state is None else PageState.load(state)
    async with aclosing(reader.pages(connection, {}, at)) as listings:
        async for listing in listings:
            yield listing


def shown_key(record: Json) -> str:
    """Whatever names a native record for a person."""
    for name in ("sku", "id", "code", "reference", "name"):
        if isinstance(record, Mapping) and isinstance(record.get(name), str | int) and record[name] != "":
            return f"{name} {record[name]}"
    return ""
