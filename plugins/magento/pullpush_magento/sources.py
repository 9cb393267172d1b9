"""Stock at each inventory source. A row does not say whether the product's stock is managed: that is looked up.

One request for each SKU of a sweep, as in the legacy reading. A row whose product is gone stays: such rows exist, and
nothing is known of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any

from pullpush_sdk import Connection, Event, Page, Reject, version_of
from pullpush_sdk.canonical import dumps
from pullpush_sdk.declarative import iter_records
from pullpush_sdk.errors import ContractError
from pullpush_sdk.http import Answer, Call, PageState, Seen, call_of, paginator
from pullpush_sdk.manifest import Resource
from pullpush_sdk.mapping import CompiledMap, Functions, compile_map, parse_map

Json = Any

_MEMO = "magento.map.source_items"
_MISSING = frozenset({404})


async def pull(connection: Connection, cursor: Json) -> AsyncGenerator[Page, None]:
    """Every row of every source that is in use; what did not change stops in the log."""
    resource: Resource = connection.connector.manifest.resources["source_items"]
    pages = paginator(resource.pagination, resource.response)
    state = PageState.load(cursor["state"]) if cursor and cursor.get("state") else pages.first()
    closed = await _closed_sources(connection)
    managed: dict[str, bool | None] = {}
    assert resource.list is not None
    while True:
        answer = await connection.client.send(call_of(resource.list, connection.settings, step=state.step))
        body = answer.json()
        if not isinstance(body, Mapping) or "items" not in body:
            raise ContractError("the list of source items has no items", status=answer.status)
        found = body["items"] or []
        seen = Seen(count=len(found), values={"total_count": body.get("total_count")}, body=answer.body)
        following = pages.next(state, seen)
        rows = [row for row in found if row.get("source_code") not in closed]
        await _look_up(connection, managed, {str(row["sku"]) for row in rows})
        rows = [{**row, "manage_stock": managed[str(row["sku"])]} for row in rows]
        cursor = {} if following is None else {"state": following.dump()}
        yield _page(connection, resource, answer, rows, cursor)
        if following is None:
            return
        state = following


async def _closed_sources(connection: Connection) -> frozenset[str]:
    declared = connection.connector.manifest.locations
    rows = iter_records(connection, declared.list, declared.pagination, declared.response)
    return frozenset([row["source_code"] async for row in rows if not row.get("enabled")])


async def _look_up(connection: Connection, managed: dict[str, bool | None], skus: set[str]) -> None:
    """Add to `managed` what the stock items of the SKUs say; None for one that no product has."""
    missing = sorted(skus - managed.keys())
    answers = await asyncio.gather(*(_is_managed(connection, sku) for sku in missing))
    managed.update(zip(missing, answers, strict=True))


async def _is_managed(connection: Connection, sku: str) -> bool | None:
    request = connection.connector.manifest.resources["stock_items"].details
    call: Call = call_of(request, {**connection.settings, "record": {"sku": sku}}, accepts=_MISSING)
    answer = await connection.client.send(call)
    return None if answer.status in _MISSING else answer.json().get("manage_stock") is True


def _page(connection: Connection, resource: Resource, answer: Answer, rows: Sequence[Json], cursor: Json) -> Page:
    context = {"settings": connection.settings, "item": None, "page": {}, "request": {}}
    mapped = _map_of(connection, resource).many(rows, context)
    version = version_of(answer.started_at)
    return Page(
        events=[Event(type="stocklevel", record=record, version=version) for record in mapped.records],
        rejects=[
            Reject(native=dumps(rows[index]), error=error, key=str(rows[index].get("sku")))
            for index, error in mapped.errors
        ],
        cursor=cursor,
        done=not cursor,
    )


def _map_of(connection: Connection, resource: Resource) -> CompiledMap:
    """The resource's map, compiled once per connection."""
    if _MEMO not in connection.memo:
        spec = parse_map(resource.canonical_map)[0]
        connection.memo[_MEMO] = compile_map(spec, connection.types["stocklevel"], Functions(), name=resource.name)
    compiled: CompiledMap = connection.memo[_MEMO]
    return compiled
