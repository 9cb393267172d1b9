"""From SKUs to the platform's items and variants: by search, exact, and with the index's lag in mind.

A search matches without regard to case and may miss what was written a moment ago; a list without a filter does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import attrs

from pullpush_sdk.canonical import parse_instant
from pullpush_sdk.connector import Connection

from .graphql import any_of, ask

Json = Any

_MOST = 250  # items that one look at the newest shows
_AT_ONCE = 50  # SKUs in one search: its text stays short
_SETTLED = timedelta(minutes=5)

_FIND = """
query FindItems($query: String!, $first: Int!, $after: String) {
  shop { currencyCode }
  newest: inventoryItems(first: 1, reverse: true) { nodes { updatedAt } }
  inventoryItems(first: $first, after: $after, query: $query) { nodes { ...Item } pageInfo { hasNextPage endCursor } }
}
"""
_NEWEST = """
query NewestItems($first: Int!) { inventoryItems(first: $first, reverse: true) { nodes { updatedAt ...Item } } }
"""
_ITEM = """
fragment Item on InventoryItem {
  id
  sku
  tracked
  variants(first: 1) { nodes { id product { id } } }
}
"""


@attrs.frozen(kw_only=True)
class Item:
    """What is counted and what is sold under one SKU; all are global ids, None for an item without a variant."""

    id: str
    sku: str
    tracked: bool
    variant: str | None
    product: str | None

    @classmethod
    def of(cls, node: Mapping[str, Json]) -> Item:
        """The item of an answer's node."""
        variants = (node.get("variants") or {}).get("nodes") or [{}]
        return cls(
            id=node["id"],
            sku=node["sku"],
            tracked=node["tracked"],
            variant=variants[0].get("id"),
            product=(variants[0].get("product") or {}).get("id"),
        )


@attrs.frozen(kw_only=True)
class Found:
    """What a search by SKU gave: every item of exactly that SKU, and the shop's currency.

    `unsettled` says that the shop got an item so lately that a search may not know of it yet.
    """

    items: Mapping[str, Sequence[Item]]
    currency: str
    unsettled: bool

    def of(self, sku: str) -> Sequence[Item]:
        """The items of a SKU; SKUs are not unique."""
        return self.items.get(sku, ())


async def find_items(connection: Connection, skus: Iterable[str]) -> Found:
    """Every item whose SKU is one of these, to the letter."""
    wanted = sorted({sku for sku in skus if sku})
    nodes: dict[str, Json] = {}
    currency, unsettled = "", False
    for start in range(0, max(len(wanted), 1), _AT_ONCE):
        chunk = wanted[start : start + _AT_ONCE]
        variables = {"query": any_of("sku", chunk) if chunk else "id:0", "first": 250}
        more = True
        while more:
            data = await ask(connection, _FIND + _ITEM, variables)
            currency = data["shop"]["currencyCode"]
            unsettled = unsettled or _is_fresh(connection, data["newest"]["nodes"])
            nodes |= {node["id"]: node for node in data["inventoryItems"]["nodes"]}
            page = data["inventoryItems"]["pageInfo"]
            more, variables = page["hasNextPage"], {**variables, "after": page["endCursor"]}
    return Found(items=_by_sku(nodes.values(), frozenset(wanted)), currency=currency, unsettled=unsettled)


async def newest_items(connection: Connection, skus: Iterable[str]) -> Mapping[str, Sequence[Item]]:
    """The items of these SKUs among the shop's 250 newest; no search index stands between."""
    return _by_sku(await _newest(connection), frozenset(skus))


async def _newest(connection: Connection) -> Sequence[Mapping[str, Json]]:
    nodes: Sequence[Mapping[str, Json]]
    nodes = (await ask(connection, _NEWEST + _ITEM, {"first": _MOST}))["inventoryItems"]["nodes"]
    return nodes


async def find_settled(connection: Connection, skus: Sequence[str]) -> Found:
    """Like `find_items`, and where the search may not know some yet, with the newest items looked through besides.

    Still unsettled only where more items are that new than one look shows.
    """
    found = await find_items(connection, skus)
    if not found.unsettled or all(found.of(sku) for sku in skus):
        return found
    nodes = await _newest(connection)
    items = {**_by_sku(nodes, frozenset(skus)), **found.items}
    return attrs.evolve(found, items=items, unsettled=len(nodes) == _MOST and _is_fresh(connection, nodes[-1:]))


def _by_sku(nodes: Iterable[Mapping[str, Json]], wanted: frozenset[str]) -> dict[str, list[Item]]:
    found: dict[str, list[Item]] = {}
    for node in nodes:
        if node["sku"] in wanted:
            found.setdefault(node["sku"], []).append(Item.of(node))
    return found


def _is_fresh(connection: Connection, newest: Sequence[Mapping[str, Json]]) -> bool:
    now = connection.clock.now()
    return any(abs(now - parse_instant(node["updatedAt"])) < _SETTLED for node in newest)
