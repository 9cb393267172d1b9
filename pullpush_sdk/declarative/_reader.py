"""Reading one resource by its manifest: request, page by page, decode what the map reads, map, hand on.

The next page is fetched while this one is mapped and stored. A record that cannot be mapped becomes a reject with its
native text; its neighbours go on.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from datetime import timedelta
from typing import Any

import attrs

from pullpush_sdk.canonical import CanonicalTypes, dumps, loads
from pullpush_sdk.connector import Connection, Page, Reject, moment_of, version_of
from pullpush_sdk.errors import FieldError, RecordError
from pullpush_sdk.http import Answer, PageState, Step, call_of
from pullpush_sdk.manifest import Attach, Resource
from pullpush_sdk.mapping import Functions, parse_map

from ._cursor import Cursor, since_value
from ._depth import ALL, Depth
from ._listing import WHOLE, Listing, ListReader
from ._native import joined, native_id
from ._rows import RowMapper, shown_key
from ._values import at, is_like, values_of

Json = Any
_PAGE = "@page."
_WRONG_CLOCK = timedelta(days=2)
"""What the platform's clock may be behind ours before the header that says so is taken for broken."""


@attrs.define(kw_only=True)
class ResourceReader:
    """One resource as canonical events."""

    resource: Resource
    index: int
    mapper: RowMapper
    listing: ListReader
    outer: ListReader | None
    attached: tuple[tuple[Attach, ListReader], ...]
    ids_at: tuple[str, ...] = ()
    """Paths in a page that is decoded in part, each to one part of its records' native ids."""

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
        mapper = RowMapper.of(resource, name=name, types=types, functions=functions)
        whole = bool((resource.details and not resource.list_is_whole) or resource.attach or resource.where)
        beside = [path.removeprefix(_PAGE) for path in sorted(mapper.compiled.paths) if path.startswith(_PAGE)]
        outer = resource.for_each
        each = resource.response.records or "$"
        each = each if "[*]" in each else f"{each}[*]"
        ids_at = () if whole else tuple(f"{each}.{path}" for path in mapper.native_paths)
        return cls(
            resource=resource,
            index=index,
            mapper=mapper,
            listing=ListReader.of(
                resource.list,
                resource.pagination,
                resource.response,
                only=None if whole else spec,
                extra=[*beside, *ids_at],
                looks_ahead=resource.incremental is None or not resource.incremental.newest_first,
            ),
            outer=None if outer is None else ListReader.of(outer.list, outer.pagination, outer.response),
            attached=tuple(
                (more, ListReader.of(more.request, more.pagination, more.response)) for more in resource.attach
            ),
            ids_at=ids_at,
        )

    async def read(self, connection: Connection, cursor: Cursor) -> AsyncGenerator[Page, None]:
        """The pages of one sweep from where the cursor stands; each page's cursor is inside this resource.

        The last page's cursor points behind this resource (`resource` is one higher).
        """
        items = [] if self._is_idle(cursor) else await self._items(connection, cursor.item)
        for position, item in enumerate(items):
            state = PageState.load(cursor.state) if position == 0 and cursor.state is not None else None
            behind = items[position + 1] if position + 1 < len(items) else None
            depth = Depth.of(self.resource.incremental, cursor.begin if state is not None else None)
            is_front = cursor.state is None and position == 0
            async with aclosing(self._read_item(connection, cursor, item, state, depth)) as pages:
                async for page, following, answer in pages:
                    if is_front:
                        waited = connection.clock.now() - answer.started_at
                        cursor, is_front = self._dated(_by_their_clock(cursor, answer, waited), page), False
                    yield attrs.evolve(page, cursor=self._cursor(cursor, item, following, depth, behind).write())
        if not items:
            yield Page(events=(), cursor=self._behind(cursor).write())

    def _dated(self, cursor: Cursor, page: Page) -> Cursor:
        """The cursor by the newest record, where the platform's clock may be behind ours: what changes after it was
        shown is dated no earlier than it. Where none was shown, the next sweep begins where this one did.
        """
        if not self._newest_first or cursor.started is None:
            return cursor
        if not page.events:
            return attrs.evolve(cursor, started=cursor.since)
        newest = moment_of(max(event.version for event in page.events))
        return attrs.evolve(cursor, started=min(cursor.started, newest))

    def _cursor(self, cursor: Cursor, item: Json, following: PageState | None, depth: Depth, behind: Json) -> Cursor:
        if following is not None:
            key, state = self._key(item), following.dump()
            return attrs.evolve(cursor, resource=self.index, item=key, state=state, begin=depth.begin)
        if behind is not None:
            return attrs.evolve(cursor, resource=self.index, item=self._key(behind), state=None, begin=None)
        return self._behind(cursor)

    def _behind(self, cursor: Cursor) -> Cursor:
        return attrs.evolve(cursor, resource=self.index + 1, item=None, state=None, begin=None)

    def _is_idle(self, cursor: Cursor) -> bool:
        """Whether there is nothing to read here: a list of changes where no moment is known to read from."""
        incremental = self.resource.incremental
        return incremental is not None and incremental.changes_only and cursor.since is None

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
        self, connection: Connection, cursor: Cursor, item: Json, state: PageState | None, depth: Depth
    ) -> AsyncGenerator[tuple[Page, PageState | None, Answer], None]:
        oldest = self._oldest(cursor)
        visited = [state or self.listing.paginator.first()]
        while True:
            since = self._since(cursor, depth)
            offered, narrow = {"since": since, "item": item}, self._narrow(since)
            depth.start(visited[-1])
            again: list[PageState] | None = None
            async with aclosing(self.listing.pages(connection, offered, visited[-1], narrow=narrow)) as listings:
                async for listing in listings:
                    again = self._moved_up(visited, listing)
                    if again is not None:
                        break
                    page = await self._page(connection, listing, item)
                    following = listing.following
                    if oldest is not None and any(event.version < oldest for event in page.events):
                        following = None
                    depth.count(len(listing.records), page.events)
                    if following is None and since is not None and depth.is_cut:
                        depth.go_on()
                        again = [self.listing.paginator.first()]
                        yield page, again[0], listing.answer
                        break
                    yield page, following, listing.answer
                    if following is None:
                        return
                    # A page that came twice leads back: the places behind it are no longer visited.
                    kept = [each for each in visited if each.pages < following.pages] if self._newest_first else []
                    visited = [*kept, attrs.evolve(following, body=b"", records=())]
            if again is None:
                return
            visited = again

    def _moved_up(self, visited: list[PageState], listing: Listing) -> list[PageState] | None:
        """The pages to go on from, the last being the next, where a list became shorter before this one was read.

        What stood at the head of this page then stands on one that was read already. In a list by update time only
        a deletion does that: what is new, or edited, goes to the front and shows at most something twice. None where
        nothing is missing.
        """
        state, total_path = visited[-1], self.resource.response.total
        if not self._newest_first or total_path is None or state.known_total is None:
            return None
        total = listing.extra.get(total_path)
        if not isinstance(total, int) or total >= state.known_total:
            return None
        size = max(1, state.read // max(1, state.pages))
        pages = -((total - state.known_total) // size)
        kept = visited[: max(0, len(visited) - pages)] or [self.listing.paginator.first()]
        return [*kept[:-1], attrs.evolve(kept[-1], known_total=total if kept[-1].pages else None)]

    def _since(self, cursor: Cursor, depth: Depth) -> Json:
        """What the request's filter is: the moment to read from in the platform's writing, None for no filter."""
        incremental = self.resource.incremental
        if incremental is None or incremental.newest_first or depth.begin == ALL:
            return None
        if depth.moment is not None:
            return since_value(incremental, depth.moment, overlap=0)
        return incremental.whole if cursor.since is None else since_value(incremental, cursor.since)

    def _narrow(self, since: Json) -> Step:
        incremental = self.resource.incremental
        if incremental is None or since is None:
            return WHOLE
        if incremental.variable is not None:
            return Step(variables={incremental.variable: since})
        return Step(params={incremental.param: since}) if incremental.param is not None else WHOLE

    @property
    def _newest_first(self) -> bool:
        return self.resource.incremental is not None and self.resource.incremental.newest_first

    def _oldest(self, cursor: Cursor) -> int | None:
        """The version behind which a list sorted newest first holds nothing new."""
        incremental = self.resource.incremental
        if incremental is None or not incremental.newest_first or cursor.since is None:
            return None
        return version_of(cursor.since - timedelta(seconds=incremental.overlap))

    async def _page(self, connection: Connection, listing: Listing, item: Json) -> Page:
        records, started = listing.records, listing.answer.started_at
        if self.resource.where:
            records = [record for record in records if is_like(record, self.resource.where)]
        gone: list[Reject] = []
        if self._asks_more:
            records, gone = await self._completed(connection, records, item)
        beside = {path: value for path, value in listing.extra.items() if path not in self.ids_at}
        context = {"settings": connection.settings, "item": item, "page": _nested(beside)}
        page = self.mapper.page(
            records,
            started=started,
            context=context,
            native=lambda: self._native(records, listing),
            ids=self._ids(records, listing) if self.ids_at else None,
        )
        return attrs.evolve(page, rejects=(*gone, *page.rejects))

    def _ids(self, records: list[Any], listing: Listing) -> list[str | None]:
        """The native ids of the records of a page that is decoded in part."""
        parts = [listing.extra.get(path) for path in self.ids_at]
        if all(isinstance(each, list) and len(each) == len(records) for each in parts):
            return [joined(values) for values in zip(*parts, strict=True)]
        whole = self._native(records, listing)  # some records lack a part, and nothing tells which
        whole = whole if len(whole) == len(records) else [whole]
        return [native_id(record, self.mapper.native_paths) for record in whole]

    def _native(self, records: list[Any], listing: Listing) -> list[Any]:
        """The records as the platform sent them; a projected page is decoded whole for that, once."""
        whole = at(loads(listing.answer.body), self.resource.response.records)
        own = self._asks_more or self.resource.where or not isinstance(whole, list)
        return records if own else whole

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
                gone.append(Reject(native=dumps(record), error=error, key=shown_key(record), origin=self.resource.name))
            elif isinstance(answer, BaseException):
                raise answer
            else:
                whole.append(answer)
        return whole, gone

    @property
    def _asks_more(self) -> bool:
        """Whether a record of the list is not all that is read of it."""
        return bool(self.attached) or (self.resource.details is not None and not self.resource.list_is_whole)

    async def whole(self, connection: Connection, record: Json, item: Json = None, *, named: bool = False) -> Json:
        """A list record with its details laid over it and its attached lists filled; `named` is one that a webhook
        names only.
        """
        if self.resource.details is not None and (named or not self.resource.list_is_whole):
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


def _by_their_clock(cursor: Cursor, answer: Answer, waited: timedelta) -> Cursor:
    """The cursor, begun no later than the platform's clock said when this request was started.

    Records are dated by that clock: where it is behind ours, what changes next would be dated before our beginning.
    """
    if cursor.started is None or answer.said_at is None:
        return cursor
    began = answer.said_at - waited
    return (
        cursor
        if began > cursor.started or cursor.started - began > _WRONG_CLOCK
        else attrs.evolve(cursor, started=began)
    )


def _nested(values: Mapping[str, Json]) -> Json:
    """Values by dotted path as the nested object that rules read (`@page.data.shop.currencyCode`)."""
    nested: Json = {}
    for path, value in values.items():
        nested = _with(nested, path.removeprefix("$.").split("."), value)
    return nested


def _identity(item: Json) -> Json:
    return item.get("id", item) if isinstance(item, Mapping) else item


def _with(record: Json, steps: list[str], value: Json) -> Json:
    """The record with the value at a path; the record given stays as it is."""
    head, *rest = steps
    inner = record.get(head) if isinstance(record, Mapping) else None
    return {**record, head: _with(inner or {}, rest, value) if rest else value}
