"""Which SKUs the store has, and what they are.

The bulk write accepts rows that nobody has without a word, so a SKU is looked up before it is written. A SKU costs
one or two requests; for many, the whole quantities list (sixty rows a request) is cheaper.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from contextlib import aclosing
from typing import Any
from urllib.parse import quote

import attrs

from pullpush_sdk.connector import Connection
from pullpush_sdk.declarative import iter_records
from pullpush_sdk.http import Call
from pullpush_sdk.manifest import Pagination, Request, Response

from .answers import MISSING

Json = Any

PAGES = Pagination(kind="page", page_param="page", size_param="per_page", size=60, max_size=60)
LIST = Response(records="data", total_pages="pagination.totalPages")

_ONE_BY_ONE = 10
_SEEN_FOR = 600.0  # seconds for which a SKU that was there is believed to be there
_MISSED_FOR = 60.0  # the same for one that was not; longer where the list itself takes long to read
_MEMO = "salla.owners"


@attrs.frozen(kw_only=True)
class Row:
    """What carries a SKU: a product, or one of its variants."""

    product: Json
    variant: Json | None = None

    @property
    def name(self) -> str:
        """What it is called in messages."""
        return f"product {self.product['id']}" if self.variant is None else f"variant {self.variant['id']}"

    @property
    def native(self) -> Json:
        """The record with the prices."""
        return self.product if self.variant is None else self.variant


@attrs.frozen(kw_only=True)
class _Owners:
    """The list of all SKUs as it was read; `took` seconds."""

    by_sku: Mapping[str, frozenset[str]]
    read_at: float
    took: float


async def find_rows(connection: Connection, sku: str) -> list[Row]:
    """Everything that carries exactly this SKU: none, one, or duplicates.

    The keyword search shows duplicates, but what it searches is not published in detail; the address by SKU knows
    what it misses.
    """
    search = Call(url="/products", params={"keyword": sku, "per_page": "60"})
    found = rows_with(sku, (await connection.client.send(search)).json()["data"])
    if found:
        return found
    answer = await connection.client.send(Call(url=f"/products/sku/{quote(sku, safe='')}", accepts=MISSING))
    return [] if answer.status in MISSING else rows_with(sku, [answer.json()["data"]])


def rows_with(sku: str, products: Iterable[Json]) -> list[Row]:
    """The products and variants among these that carry the SKU; a variant stands before its product."""
    found: list[Row] = []
    for product in products:
        variants = [each for each in product.get("skus") or [] if each.get("sku") == sku]
        if variants:
            found += [Row(product=product, variant=each) for each in variants]
        elif product.get("sku") == sku:
            found.append(Row(product=product))
    return found


async def owners_of(connection: Connection, skus: Collection[str]) -> Mapping[str, frozenset[str]]:
    """For each SKU the names of its owners (`variant 7` or `product 7`), none for one that the store lacks."""
    kept: _Owners | None = connection.memo.get(_MEMO)
    if kept is None or _age(connection, kept) > _SEEN_FOR:
        kept = None if len(skus) <= _ONE_BY_ONE else await _listed(connection, _SEEN_FOR)
    missing = [sku for sku in skus if kept is None or sku not in kept.by_sku]
    if kept is not None and len(missing) > _ONE_BY_ONE and _age(connection, kept) > max(_MISSED_FOR, 5 * kept.took):
        kept = await _listed(connection, max(_MISSED_FOR, 5 * kept.took))
        missing = [sku for sku in skus if sku not in kept.by_sku]
    # A few that the list lacks are asked for by name: it may be old, and rows move while it is read.
    asked = missing if len(missing) <= _ONE_BY_ONE else []
    late = {sku: frozenset(row.name for row in await find_rows(connection, sku)) for sku in asked}
    known = {} if kept is None else kept.by_sku
    return {sku: known.get(sku) or late.get(sku, frozenset()) for sku in skus}


def forget(connection: Connection) -> None:
    """The list of all SKUs is no longer good: something was created."""
    connection.memo.pop(_MEMO, None)


def _age(connection: Connection, owners: _Owners) -> float:
    return connection.clock.monotonic() - owners.read_at


async def _listed(connection: Connection, seconds: float) -> _Owners:
    """The owners of every SKU, read at most so many seconds ago; batches that need it together read it once."""
    return await connection.once(_MEMO, lambda: _read(connection), good=lambda kept: _age(connection, kept) <= seconds)


async def _read(connection: Connection) -> _Owners:
    """The owners of every SKU, from the quantities list."""
    started = connection.clock.monotonic()
    found: dict[str, set[str]] = {}
    request = Request(path="/products/quantities")
    async with aclosing(iter_records(connection, request, PAGES, LIST)) as rows:
        async for row in rows:
            if row.get("sku"):
                owner = f"product {row['id']}" if row.get("sku_id") is None else f"variant {row['sku_id']}"
                found.setdefault(row["sku"], set()).add(owner)
    now = connection.clock.monotonic()
    by_sku = {sku: frozenset(owners) for sku, owners in found.items()}
    return _Owners(by_sku=by_sku, read_at=now, took=now - started)
