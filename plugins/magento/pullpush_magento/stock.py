"""Stock: read row by row and place by place, written in absolute numbers.

No list says whether a product's stock is managed, so each SKU of a sweep costs one request for its stock item. A row of
a product that is gone stays: such rows exist, and nothing is known of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import attrs

from pullpush_sdk.canonical import dumps
from pullpush_sdk.connector import Connection, Event, Page, Reject, version_of
from pullpush_sdk.errors import ContractError, RejectedError
from pullpush_sdk.http import Answer, PageState, Seen, call_of, paginator
from pullpush_sdk.manifest import Pagination, Request

from .answers import MISSING
from .native import KEY, LIST, context_of, criteria, map_of, products_by_sku, send
from .shop import LEGACY, SALABLE, SOURCES, forget_sources, sources_of, stock_mode

Json = Any

PLACE = "default"
HOLDS_STOCK = ("simple", "virtual", "downloadable")


@attrs.frozen(kw_only=True)
class _Listing:
    """One way to list quantities: its request, the key that orders it, and what a row's number and place are."""

    path: str
    params: Mapping[str, Json]
    key: str
    quantity: str | None
    place: str | None


_LISTINGS = {
    # Rows carry no id: pages begin with the last SKU again, whose other places may stand on the next page.
    SOURCES: _Listing(
        path="inventory/source-items",
        params=criteria([], key="sku", after="gteq"),
        key="sku",
        quantity="quantity",
        place="source_code",
    ),
    LEGACY: _Listing(
        path="products",
        params={
            **criteria([[("type_id", "in", ",".join(HOLDS_STOCK))]], key="entity_id"),
            "fields": "items[id,sku],total_count",
        },
        key="id",
        quantity=None,
        place=None,
    ),
    SALABLE: _Listing(
        path="inventory/export-stock-salable-qty/website/{{website}}",
        params={**criteria([], key="sku"), f"{KEY}[value]": ""},
        key="sku",
        quantity="qty",
        place=None,
    ),
}


async def pull(connection: Connection, cursor: Json) -> AsyncGenerator[Page, None]:
    """Every quantity of every place in use; what did not change stops in the log.

    The cursor keeps the mode that was found once, and inside a sweep where it goes on.
    """
    forget_sources(connection)
    mode = (cursor or {}).get("mode") or await stock_mode(connection)
    listing = _LISTINGS[mode]
    request = Request(path=f"/{{{{store_code}}}}/V1/{listing.path}", params=listing.params)
    pages = paginator(Pagination(kind="keyset", cursor_param=f"{KEY}[value]", key=listing.key), LIST)
    state = PageState.load(cursor["state"]) if cursor and cursor.get("state") else pages.first()
    closed = await _closed(connection) if mode == SOURCES else frozenset()
    items: dict[str, Json] = {}
    last: set[tuple[str, str]] = set()

    def fetched(state: PageState) -> asyncio.Task[Answer]:
        return asyncio.ensure_future(connection.client.send(call_of(request, connection.settings, step=state.step)))

    # The next list is fetched while this one's stock items are: the shop is kept busy.
    fetch = fetched(state)
    try:
        while True:
            answer = await fetch
            found, following = _read(pages, state, answer, listing)
            if following is not None:
                fetch = fetched(following)
            rows = [row for row in found if _place_of(connection, row, mode) not in closed and _name(row) not in last]
            if mode == SALABLE:
                rows = await _sellable(connection, rows)
            await _look_up(connection, items, {str(row["sku"]) for row in rows})
            cursor = {"mode": mode} if following is None else {"mode": mode, "state": following.dump()}
            native = [_row(connection, row, items[str(row["sku"])], listing, mode) for row in rows]
            yield _page(connection, answer, native, cursor, done=following is None)
            if following is None:
                return
            state, last = following, {_name(row) for row in found if str(row["sku"]) == following.cursor}
    finally:
        fetch.cancel()
        await asyncio.gather(fetch, return_exceptions=True)


def _read(pages: Any, state: PageState, answer: Answer, listing: _Listing) -> tuple[list[Json], PageState | None]:
    body = answer.json()
    if not isinstance(body, Mapping) or "items" not in body:
        raise ContractError(f"the list {listing.path} has no items", status=answer.status)
    found = body["items"] or []
    keys = {f"items[*].{listing.key}": [row.get(listing.key) for row in found], "total_count": body.get("total_count")}
    return found, pages.next(state, Seen(count=len(found), values=keys, body=answer.body))


def _name(row: Json) -> tuple[str, str]:
    return str(row["sku"]), str(row.get("source_code"))


def _place_of(connection: Connection, row: Json, mode: str) -> str:
    if mode == SOURCES:
        return str(row.get("source_code"))
    return PLACE if mode == LEGACY else str(connection.settings["website"])


def _row(connection: Connection, row: Json, item: Json, listing: _Listing, mode: str) -> Json:
    """One quantity with what its stock item says of it; `manage_stock` None where there is no such product."""
    known = item or {}
    return {
        "sku": row["sku"],
        "place": _place_of(connection, row, mode),
        "quantity": known.get("qty") if listing.quantity is None else row.get(listing.quantity),
        "manage_stock": known.get("manage_stock"),
        "in_stock": row["status"] if "status" in row else row.get("is_salable", known.get("is_in_stock")),
        "backorders": known.get("backorders"),
    }


async def _closed(connection: Connection) -> frozenset[str]:
    sources = await sources_of(connection) or {}
    return frozenset(code for code, source in sources.items() if not source.get("enabled"))


async def _sellable(connection: Connection, rows: Sequence[Json]) -> list[Json]:
    """Without composite products, which read 0 and hold no stock."""
    known = await products_by_sku(connection, [str(row["sku"]) for row in rows], fields="id,sku,type_id")
    return [row for row in rows if any(each["type_id"] in HOLDS_STOCK for each in known[str(row["sku"])])]


async def _look_up(connection: Connection, items: dict[str, Json], skus: set[str]) -> None:
    """Add to `items` the stock items of the SKUs; None for one that no product has."""
    missing = sorted(skus - items.keys())
    answers = await asyncio.gather(*(stock_item(connection, sku) for sku in missing))
    items.update(zip(missing, answers, strict=True))


async def stock_item(connection: Connection, sku: str) -> Json:
    """The stock item of a product, None where there is none to be seen.

    A shop that cannot check an OAuth signature over an encoded slash shows none: then nothing is known either.
    """
    try:
        answer = await send(connection, "GET", f"stockItems/{quote(sku, safe='')}", accepts=MISSING)
    except RejectedError as error:
        if error.status == 401:
            return None
        raise
    return None if answer.status in MISSING else answer.json()


def _page(connection: Connection, answer: Answer, rows: Sequence[Json], cursor: Json, *, done: bool) -> Page:
    mapped = map_of(connection, "stock").many(rows, context_of(connection))
    version = version_of(answer.started_at)
    return Page(
        events=[
            Event(type="stocklevel", record=record, version=version, native_id=record.sku) for record in mapped.records
        ],
        rejects=[
            Reject(native=dumps(rows[index]), error=error, key=str(rows[index].get("sku")))
            for index, error in mapped.errors
        ],
        cursor=cursor,
        done=done,
    )
