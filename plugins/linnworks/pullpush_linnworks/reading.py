"""Turning the pages of the manifest's lists, which its paginations cannot: numbers in a JSON body, two lists in one.

Requests and maps are the manifest's; only the way from one page to the next is written here.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from pullpush_linnworks.answers import is_behind_the_last_page
from pullpush_linnworks.functions import FUNCTIONS
from pullpush_sdk import Connection, Event, Page, Reject, version_of
from pullpush_sdk.canonical import dumps, instant_text, parse_instant
from pullpush_sdk.errors import ContractError
from pullpush_sdk.http import Answer, Step, call_of
from pullpush_sdk.manifest import Resource
from pullpush_sdk.mapping import CompiledMap, Functions, compile_map, parse_map

Json = Any

_OVERLAP = timedelta(minutes=10)
_REFUSED = frozenset({400})


async def pull_stock(connection: Connection, cursor: Json) -> AsyncIterator[Page]:
    """Every level of every item; what did not change stops in the log: the list has no filter by change."""
    untracked = await _untrackable(connection)
    async for answer, items, following in _items(connection, "stock", cursor):
        rows = [
            {
                **level,
                "ItemNumber": item.get("ItemNumber"),
                "IsNotTrackable": (level.get("Location") or {}).get("StockLocationId") in untracked,
            }
            for item in items
            for level in item.get("StockLevels") or ()
        ]
        yield _page(connection, "stock", answer, rows, following)


async def pull_products(connection: Connection, cursor: Json) -> AsyncIterator[Page]:
    """Every active stock item; archived ones are in no list of the platform."""
    async for answer, items, following in _items(connection, "products", cursor):
        yield _page(connection, "products", answer, items, following)


async def pull_orders(connection: Connection, cursor: Json) -> AsyncIterator[Page]:
    """Orders updated since the last sweep began, less ten minutes.

    Where a page leads is known to the platform for a while only: a sweep that was broken off starts again.
    """
    since = (cursor or {}).get("since")
    started: datetime | None = None
    token: Json = None
    tokens: set[Json] = set()
    while True:
        step = Step(params={"fromDate": _from(since), "searchToken": token})
        call = call_of(_resource(connection, "orders").list, connection.settings, step=step)  # type: ignore[arg-type]
        answer = await connection.client.send(call)
        started = started or answer.started_at
        body = answer.json()
        token = body.get("NextSearchToken")
        if token in tokens:
            raise ContractError("the list of orders runs in a circle: its token came before", status=answer.status)
        tokens.add(token)
        # Either list may be null.
        rows = [*(body.get("OpenOrders") or ()), *(body.get("ProcessedOrders") or ())]
        following = {"since": instant_text(started) if token is None else since}
        yield _page(connection, "orders", answer, rows, following, done=token is None)
        if token is None:
            return


async def _items(
    connection: Connection, name: str, cursor: Json
) -> AsyncIterator[tuple[Answer, Sequence[Mapping[str, Json]], Json]]:
    """The pages of an item list from the cursor's on: answer, items, the cursor behind it (page 1: the end)."""
    request = _resource(connection, name).list
    assert request is not None
    size = request.json["entriesPerPage"]
    number = int((cursor or {}).get("page", 1))
    while True:
        call = call_of(request, connection.settings, content={"pageNumber": number}, accepts=_REFUSED)
        answer = await connection.client.send(call)
        is_end = is_behind_the_last_page(answer)
        if answer.status in _REFUSED and not is_end:
            error = connection.client.error_of(answer, call)
            assert error is not None
            raise error
        items = [] if is_end else answer.json()
        if not isinstance(items, list):
            raise ContractError(f"the answer of {answer.url} is no list of items", status=answer.status)
        number = 1 if len(items) < size else number + 1
        yield answer, items, {"page": number}
        if number == 1:
            return


async def _untrackable(connection: Connection) -> frozenset[str]:
    """The ids of locations that keep no stock."""
    declared = connection.connector.manifest.locations
    answer = await connection.client.send(call_of(declared.list, connection.settings))
    return frozenset(each["StockLocationId"] for each in answer.json() if each.get("IsNotTrackable"))


def _page(
    connection: Connection, name: str, answer: Answer, rows: Sequence[Json], cursor: Json, *, done: bool | None = None
) -> Page:
    resource = _resource(connection, name)
    context = {"settings": connection.settings, "item": None, "page": {}, "request": {}}
    mapped = _map_of(connection, resource).many(rows, context)
    kind, observed = connection.types[resource.canonical_type], version_of(answer.started_at)
    events = []
    for record in mapped.records:
        moment = kind.updated_at(record) if resource.version == "updated_at" else None
        version = observed if moment is None else version_of(moment)
        events.append(Event(type=kind.name, record=record, version=version))
    rejects = [Reject(native=dumps(rows[index]), error=error, key=_name(rows[index])) for index, error in mapped.errors]
    return Page(events=events, rejects=rejects, cursor=cursor, done=cursor == {"page": 1} if done is None else done)


def _resource(connection: Connection, name: str) -> Resource:
    resource: Resource = connection.connector.manifest.resources[name]
    return resource


def _map_of(connection: Connection, resource: Resource) -> CompiledMap:
    """The resource's map, compiled once per connection."""
    key = f"linnworks.map.{resource.name}"
    if key not in connection.memo:
        own = Functions({f"linnworks:{name}": each for name, each in FUNCTIONS.items()}, owner="linnworks")
        spec = parse_map(resource.canonical_map)[0]
        connection.memo[key] = compile_map(spec, connection.types[resource.canonical_type], own, name=resource.name)
    compiled: CompiledMap = connection.memo[key]
    return compiled


def _from(since: Json) -> Json:
    return None if since is None else instant_text((parse_instant(since) - _OVERLAP).replace(microsecond=0))


def _name(row: Json) -> str:
    """Whatever names a native record for a person."""
    names = ("SKU", "ItemNumber", "NumOrderId", "OrderId", "StockItemId")
    return next((f"{name} {row[name]}" for name in names if isinstance(row, Mapping) and row.get(name)), "")
