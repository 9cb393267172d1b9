"""Reading what a manifest's list cannot: levels inside items, and orders that come in two lists behind a token.

Requests and maps are the manifest's; here are only the way from one page to the next, and where a sweep starts.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import attrs

from pullpush_sdk import Connection, Event, Page
from pullpush_sdk.canonical import instant_text, parse_instant
from pullpush_sdk.declarative import iter_pages, page_of
from pullpush_sdk.errors import ContractError
from pullpush_sdk.http import Answer, Call, Step, call_of

from .functions import moment

Json = Any

OVERLAP = timedelta(minutes=10)
"""How far behind the platform's newest time a sweep starts again: times of records that are saved together differ."""

_MOST_TRIES = 3
_PAGE = 500


async def pull_stock(connection: Connection, cursor: Json) -> AsyncIterator[Page]:
    """Every level of every item, each time: no filter tells what changed, and orders move what is available without
    a trace in the level's own time. What did not change stops in the log.
    """
    untracked = await untrackable(connection)
    async with aclosing(iter_pages(connection, "stock", (cursor or {}).get("state"))) as listings:
        async for listing in listings:
            following = None if listing.following is None else {"state": listing.following.dump()}
            yield page_of(
                connection,
                "stock",
                level_rows(listing.records, untracked),
                started=listing.answer.started_at,
                cursor=following or {},
                done=following is None,
                named=_name,
            )


def level_rows(items: Iterable[Mapping[str, Json]], untracked: frozenset[str] = frozenset()) -> list[Json]:
    """The levels of items as rows: each with its item's SKU and id, and whether its location keeps stock at all."""
    return [
        {
            **level,
            "ItemNumber": item.get("ItemNumber"),
            "StockItemId": item.get("StockItemId"),
            "IsNotTrackable": (level.get("Location") or {}).get("StockLocationId") in untracked,
        }
        for item in items
        for level in item.get("StockLevels") or ()
    ]


async def pull_orders(connection: Connection, cursor: Json) -> AsyncIterator[Page]:
    """Orders updated since the last sweep began, less the overlap."""
    async for page in _pages(connection, "orders", _Sweep.of(cursor)):
        yield page


async def pull_buyers(connection: Connection, cursor: Json) -> AsyncIterator[Page]:
    """The buyers of those orders; one without a mail address is nobody that could be told from others."""
    async for page in _pages(connection, "buyers", _Sweep.of(cursor)):
        yield page


async def snapshot_orders(connection: Connection) -> AsyncIterator[Page]:
    """All orders; the sweep is made again where orders moved between pages while it was read."""
    for _ in range(_MOST_TRIES):
        sweep = _Sweep.of(None)
        async for page in _pages(connection, "orders", sweep):
            yield page
        if sweep.is_whole:
            return


async def snapshot_buyers(connection: Connection) -> AsyncIterator[Page]:
    """Each buyer once, as the order says that changed last."""
    newest: dict[str, Event] = {}
    async for page in _pages(connection, "buyers", _Sweep.of(None)):
        for event in page.events:
            key = connection.types["contact"].key(event.record)
            if key not in newest or newest[key].version <= event.version:
                newest[key] = event
        if page.rejects:
            yield Page(events=(), rejects=page.rejects, cursor=None)
    events = list(newest.values())
    for start in range(0, max(len(events), 1), _PAGE):
        yield Page(events=events[start : start + _PAGE], cursor=None, done=start + _PAGE >= len(events))


@attrs.define(kw_only=True)
class _Sweep:
    """What one sweep over the orders has seen.

    `since` is where it started, `began` its first moment by whichever of our clock and the platform's is earlier,
    `newest` the latest time of an order, `total` the most orders that a page said there are.
    """

    since: datetime | None
    began: datetime | None = None
    newest: datetime | None = None
    total: int = 0
    seen: set[str] = attrs.field(factory=set)
    tokens: set[str] = attrs.field(factory=set)

    @classmethod
    def of(cls, cursor: Json) -> _Sweep:
        """The sweep that starts at a stored cursor, None for all orders."""
        stored = (cursor or {}).get("since")
        return cls(since=None if stored is None else parse_instant(stored))

    def note(self, answer: Answer, body: Mapping[str, Json], rows: Sequence[Json]) -> None:
        """Take in one page."""
        self.began = self.began or _earlier(answer)
        self.total = max(self.total, int(body.get("TotalOrders") or 0))
        for row in rows:
            self.seen.add(str(row.get("OrderId")))
            updated = moment(row.get("LastUpdated"))
            if updated is not None and (self.newest is None or updated > self.newest):
                self.newest = updated

    @property
    def is_whole(self) -> bool:
        """Whether as many orders were seen as the platform said there are."""
        return len(self.seen) >= self.total

    @property
    def next_since(self) -> datetime | None:
        """Where the next sweep starts, before the overlap.

        Never behind the newest order that the platform showed, so that a clock that is ahead loses nothing. Orders
        that change while pages are read may move, and push others from a page not yet read to one that was: then
        fewer were seen than there are, and the next sweep starts where this one did.
        """
        if not self.is_whole or self.newest is None or self.began is None:
            return self.since
        return max(min(self.newest, self.began), self.since or self.newest)


async def _pages(connection: Connection, resource: str, sweep: _Sweep) -> AsyncIterator[Page]:
    """The pages of one sweep. A token lives for a while only: a sweep that was broken off starts again."""
    request = connection.connector.manifest.resources[resource].list
    token: Json = None
    while True:
        started = None if sweep.since is None else instant_text((sweep.since - OVERLAP).replace(microsecond=0))
        step = Step(params={"fromDate": started} if token is None else {"fromDate": started, "searchToken": token})
        answer = await connection.client.send(call_of(request, connection.settings, step=step))
        body = answer.json()
        rows = order_rows(body)
        sweep.note(answer, body, rows)
        token = body.get("NextSearchToken")
        if token in sweep.tokens:
            raise ContractError("the list of orders runs in a circle: its token came before", status=answer.status)
        sweep.tokens.add(token)
        since = sweep.since if token is not None else sweep.next_since
        shown = [row for row in rows if resource != "buyers" or _has_mail(row)]
        yield page_of(
            connection,
            resource,
            shown,
            started=answer.started_at,
            cursor={} if since is None else {"since": instant_text(since)},
            done=token is None,
            named=_name,
        )
        if token is None:
            return


def order_rows(body: Mapping[str, Json]) -> list[Json]:
    """The orders of an answer: two lists, either of which may be null."""
    return [*(body.get("OpenOrders") or ()), *(body.get("ProcessedOrders") or ())]


async def orders_by_id(connection: Connection, keys: Sequence[str]) -> dict[str, Json]:
    """Orders by the platform's own id; one that it does not have is left out."""
    if not keys:
        return {}
    listing = call_of(connection.connector.manifest.resources["orders"].list, connection.settings)
    call = Call(url=listing.url, params=[("id", key) for key in dict.fromkeys(keys)], accepts=frozenset({404}))
    answer = await connection.client.send(call)
    rows = [] if answer.status == 404 else order_rows(answer.json())
    return {str(row["OrderId"]).lower(): row for row in rows}


async def untrackable(connection: Connection) -> frozenset[str]:
    """The ids of locations that keep no stock."""
    declared = connection.connector.manifest.locations
    answer = await connection.client.send(call_of(declared.list, connection.settings))
    return frozenset(each["StockLocationId"] for each in answer.json() if each.get("IsNotTrackable"))


def _earlier(answer: Answer) -> datetime:
    """When the answer's request began, by our clock or by the platform's, whichever is earlier."""
    try:
        theirs = parsedate_to_datetime(answer.headers.get("date", ""))
    except ValueError:
        return answer.started_at
    return min(answer.started_at, theirs) if theirs.tzinfo is not None else answer.started_at


def _has_mail(row: Mapping[str, Json]) -> bool:
    info = row.get("CustomerInfo") or {}
    return any((info.get(place) or {}).get("EmailAddress") for place in ("Address", "BillingAddress"))


def _name(row: Json) -> str:
    """Whatever names a native record for a person."""
    names = ("SKU", "ItemNumber", "NumOrderId", "OrderId", "StockItemId")
    return next((f"{name} {row[name]}" for name in names if isinstance(row, Mapping) and row.get(name)), "")
