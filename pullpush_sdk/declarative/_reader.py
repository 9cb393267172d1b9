"""Reading one resource by its manifest: request, page by page, decode what the map reads, map, hand on.

The next page is fetched while this one is mapped and stored. A record that cannot be mapped becomes a reject with its
native text; its neighbours go on.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import Any

import attrs

from pullpush_sdk.canonical import CanonicalTypes, dumps, instant_text, loads
from pullpush_sdk.connector import Connection, Event, Page, Reject, version_of
from pullpush_sdk.errors import FieldError, RecordError
from pullpush_sdk.http import PageState, Step, call_of
from pullpush_sdk.manifest import Attach, Resource
from pullpush_sdk.mapping import (
    CompiledMap,
    Functions,
    compile_map,
    parse_map,
)

from ._cursor import Cursor, since_value
from ._listing import WHOLE, Listing, ListReader
from ._values import at, is_like, values_of

Json = Any
_PAGE = "@page."


@attrs.define(kw_only=True)
class ResourceReader:
    """One resource as canonical events."""

    resource: Resource
    index: int
    types: CanonicalTypes
    compiled: CompiledMap
    listing: ListReader
    outer: ListReader | None
    attached: tuple[tuple[Attach, ListReader], ...]

    @classmethod
    def of(
        cls, resource: Resource, index: int, *, name: str, types: CanonicalTypes, functions: Functions
    ) -> ResourceReader:
        """The reader of a resource whose `list` is set; its map is compiled here, once.

        Raises:
            MappingError: the map does not compile; `problems` says why.
        """
        assert resource.list is not None
        spec = parse_map(resource.canonical_map)[0]
        compiled = compile_map(spec, types[resource.canonical_type], functions, name=f"{name}_{resource.name}")
        whole = bool(resource.details or resource.attach)
        beside = [path.removeprefix(_PAGE) for path in sorted(compiled.paths) if path.startswith(_PAGE)]
        outer = resource.for_each
        return cls(
            resource=resource,
            index=index,
            types=types,
            compiled=compiled,
            listing=ListReader.of(
                resource.list,
                resource.pagination,
                resource.response,
                only=None if whole else spec,
                extra=beside,
                looks_ahead=resource.incremental is None or not resource.incremental.newest_first,
            ),
            outer=None if outer is None else ListReader.of(outer.list, outer.pagination, outer.response),
            attached=tuple(
                (each, ListReader.of(each.request, each.pagination, each.response)) for each in resource.attach
            ),
        )

    async def read(self, connection: Connection, cursor: Cursor) -> AsyncGenerator[Page, None]:
        """The pages of one sweep from where the cursor stands; each page's cursor is inside this resource.

        The last page's cursor points behind this resource (`resource` is one higher).
        """
        items = await self._items(connection, cursor.item)
        for position, item in enumerate(items):
            state = PageState.load(cursor.state) if position == 0 and cursor.state is not None else None
            behind = items[position + 1] if position + 1 < len(items) else None
            async with aclosing(self._read_item(connection, cursor, item, state)) as pages:
                async for page, following in pages:
                    yield attrs.evolve(page, cursor=self._cursor(cursor, item, following, behind).write())
        if not items:
            yield Page(events=(), cursor=self._cursor(cursor, None, None, None).write())

    def _cursor(self, cursor: Cursor, item: Json, following: PageState | None, behind: Json) -> Cursor:
        if following is not None:
            return attrs.evolve(cursor, resource=self.index, item=self._key(item), state=following.dump())
        if behind is not None:
            return attrs.evolve(cursor, resource=self.index, item=self._key(behind), state=None)
        return attrs.evolve(cursor, resource=self.index + 1, item=None, state=None)

    @staticmethod
    def _key(item: Json) -> str | None:
        """What an outer record is known by in a cursor: its own JSON would grow, its id may be anywhere."""
        return None if item is None else hashlib.blake2b(dumps(_identity(item)), digest_size=8).hexdigest()

    async def _items(self, connection: Connection, wanted: str | None) -> list[Json]:
        """The outer records still to read, from the one that the cursor names; [None] where there is no outer list."""
        if self.outer is None:
            return [None]
        assert self.resource.for_each is not None
        items: list[Json] = []
        async with aclosing(self.outer.pages(connection, {})) as pages:
            async for page in pages:
                items += [record for record in page.records if is_like(record, self.resource.for_each.where)]
        keys = [self._key(item) for item in items]
        return items[keys.index(wanted) :] if wanted in keys else items

    async def _read_item(
        self, connection: Connection, cursor: Cursor, item: Json, state: PageState | None
    ) -> AsyncGenerator[tuple[Page, PageState | None], None]:
        oldest = self._oldest(cursor)
        since = self._since(cursor)
        offered = {"since": since, "item": item}
        narrow = self._narrow(since)
        async with aclosing(self.listing.pages(connection, offered, state, narrow=narrow)) as listings:
            async for listing in listings:
                page = await self._page(connection, listing, item)
                following = listing.following
                if oldest is not None and any(event.version < oldest for event in page.events):
                    following = None
                yield page, following
                if following is None:
                    return

    def _since(self, cursor: Cursor) -> Json:
        incremental = self.resource.incremental
        if incremental is None or incremental.newest_first or cursor.since is None:
            return None
        return since_value(incremental, cursor.since)

    def _narrow(self, since: Json) -> Step:
        incremental = self.resource.incremental
        if incremental is None or since is None:
            return WHOLE
        if incremental.variable is not None:
            return Step(variables={incremental.variable: since})
        return Step(params={incremental.param: since}) if incremental.param is not None else WHOLE

    def _oldest(self, cursor: Cursor) -> int | None:
        """The version behind which a list sorted newest first holds nothing new."""
        incremental = self.resource.incremental
        if incremental is None or not incremental.newest_first or cursor.since is None:
            return None
        return version_of(cursor.since - timedelta(seconds=incremental.overlap))

    async def _page(self, connection: Connection, listing: Listing, item: Json) -> Page:
        records, started = listing.records, listing.answer.started_at
        gone: list[Reject] = []
        if self.resource.details is not None or self.attached:
            records, gone = await self._completed(connection, records, item)
        context = {
            "settings": connection.settings,
            "item": item,
            "page": _nested(listing.extra),
            "request": {"startedAt": instant_text(started)},
        }
        mapped = self.compiled.many(records, context)
        observed = version_of(started)
        events = [self._event(record, observed) for record in mapped.records]
        rejects = self._rejects(mapped.errors, records, listing) if mapped.errors else ()
        return Page(events=events, rejects=(*gone, *rejects), cursor=None)

    def _event(self, record: Any, observed: int) -> Event:
        version = observed
        if self.resource.version == "updated_at":
            moment: datetime | None = self.types[self.resource.canonical_type].updated_at(record)
            version = observed if moment is None else version_of(moment)
        return Event(type=self.resource.canonical_type, record=record, version=version)

    def _rejects(self, errors: Any, records: list[Any], listing: Listing) -> tuple[Reject, ...]:
        """Records that did not map, with their native text; a projected page is decoded whole for that, once."""
        whole = at(loads(listing.answer.body), self.resource.response.records)
        native = records if self.resource.details or self.attached or not isinstance(whole, list) else whole
        return tuple(
            Reject(native=dumps(native[index]), error=error, key=_shown_key(native[index]), origin=self.resource.name)
            for index, error in errors
        )

    async def _completed(
        self, connection: Connection, records: list[Any], item: Json
    ) -> tuple[list[Any], list[Reject]]:
        """The records with their details; one that is refused (deleted since the list was made) is a reject."""
        answers = await asyncio.gather(
            *(self.whole(connection, record, item) for record in records), return_exceptions=True
        )
        whole, gone = [], []
        for record, answer in zip(records, answers, strict=True):
            if isinstance(answer, RecordError):
                error = FieldError(f"its details cannot be read: {answer.message}", hint="was it deleted meanwhile?")
                gone.append(
                    Reject(native=dumps(record), error=error, key=_shown_key(record), origin=self.resource.name)
                )
            elif isinstance(answer, BaseException):
                raise answer
            else:
                whole.append(answer)
        return whole, gone

    async def whole(self, connection: Connection, record: Json, item: Json = None) -> Json:
        """A list record with its details laid over it and its attached lists filled."""
        if self.resource.details is not None:
            values = values_of(connection, record=record, item=item)
            answer = await connection.client.send(call_of(self.resource.details, values))
            body = answer.json()
            details = at(body, self.resource.details_records)
            # Some platforms wrap a list in an envelope and a single record not.
            details = body if details is None else details
            if isinstance(details, Mapping):
                record = {**record, **details}
        for attach, reader in self.attached:
            if attach.when is None or at(record, attach.when):
                record = await self._attach(connection, record, item, attach, reader)
        return record

    async def _attach(
        self, connection: Connection, record: Json, item: Json, attach: Attach, reader: ListReader
    ) -> Json:
        start = at(record, attach.cursor) if attach.cursor else None
        state = None if start is None else reader.paginator.at(start)
        found = list(at(record, attach.into) or [])
        async with aclosing(reader.pages(connection, {"record": record, "item": item}, state)) as pages:
            async for page in pages:
                found += page.records
        return _with(record, attach.into.split("."), found)


def _nested(values: Mapping[str, Json]) -> Json:
    """Values by dotted path as the nested object that rules read (`@page.data.shop.currencyCode`)."""
    nested: Json = {}
    for path, value in values.items():
        nested = _with(nested, path.removeprefix("$.").split("."), value)
    return nested


def _identity(item: Json) -> Json:
    return item.get("id", item) if isinstance(item, Mapping) else item


def _shown_key(record: Json) -> str:
    """Whatever names a native record for a person."""
    for name in ("sku", "id", "code", "reference", "name"):
        if isinstance(record, Mapping) and isinstance(record.get(name), str | int) and record[name] != "":
            return f"{name} {record[name]}"
    return ""


def _with(record: Json, steps: list[str], value: Json) -> Json:
    """The record with the value at a path; the record given stays as it is."""
    head, *rest = steps
    inner = record.get(head) if isinstance(record, Mapping) else None
    return {**record, head: _with(inner or {}, rest, value) if rest else value}
