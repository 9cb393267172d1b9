"""Single stock levels, read together: what a burst of webhooks asks for goes out as one query.

An inventory webhook names an item and a location, no SKU, and its quantity cannot be told from "not counted". So each
is looked up; look-ups that come while others wait are sent together, and the same place is asked for once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from pullpush_sdk.connector import Connection
from pullpush_sdk.errors import PullPushError

from .native import read

Json = Any
Place = tuple[str, str]
"""Global ids of an item and a location."""

_AT_ONCE = 50  # places in one query
_ITEM_LEVELS = """
query ItemLevels($item: ID!, $first: Int!, $after: String) {
  inventoryItem(id: $item) {
    inventoryLevels(first: $first, after: $after, includeInactive: true) {
      nodes { ...StockLevel }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""


class LevelDesk:
    """Collects look-ups of one connection and sends them together."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._waiting: dict[Place, asyncio.Future[Json]] = {}
        self._sending: asyncio.Task[None] | None = None

    @classmethod
    def of(cls, connection: Connection) -> LevelDesk:
        """The connection's own."""
        desk: LevelDesk = connection.memo.setdefault("levels", cls(connection))
        return desk

    async def item(self, place: Place) -> Json:
        """The item with its `sku` and the `level` there (None where it is not stocked); None for an unknown item."""
        if place not in self._waiting:
            self._waiting[place] = asyncio.get_running_loop().create_future()
            if self._sending is None:
                self._sending = asyncio.create_task(self._send(), name="pullpush shopify levels")
        return await asyncio.shield(self._waiting[place])

    async def _send(self) -> None:
        """Take what waits, after everybody who is ready had a turn; what comes later waits for the next query."""
        while self._waiting:
            await asyncio.sleep(0)
            taken = dict(list(self._waiting.items())[:_AT_ONCE])
            for place in taken:
                del self._waiting[place]
            await self._answer(taken)
        self._sending = None

    async def _answer(self, taken: dict[Place, asyncio.Future[Json]]) -> None:
        places = list(taken)
        variables = {f"item{at}": item for at, (item, _) in enumerate(places)}
        variables |= {f"place{at}": location for at, (_, location) in enumerate(places)}
        try:
            data = await read(self._connection, "stock", levels_document(len(places)), variables)
        except PullPushError as error:
            for future in taken.values():
                future.set_exception(error)
                future.exception()  # whoever asked may be gone
            return
        for at, place in enumerate(places):
            taken[place].set_result(data[f"item{at}"])


def levels_document(count: int) -> str:
    """A query for the levels of so many items, each at a location of its own."""
    names = "".join(f"$item{at}: ID!, $place{at}: ID!, " for at in range(count)).rstrip(", ")
    items = "".join(
        f" item{at}: inventoryItem(id: $item{at}) "
        f"{{ sku level: inventoryLevel(locationId: $place{at}, includeInactive: true) {{ ...StockLevel }} }}"
        for at in range(count)
    )
    return f"query LevelsOf({names}) {{{items} }}"


async def levels_of(connection: Connection, item: str) -> Sequence[Json]:
    """Every level of an item, none for an item that is gone."""
    found: list[Json] = []
    variables = {"item": item, "first": 250}
    while True:
        data = (await read(connection, "stock", _ITEM_LEVELS, variables))["inventoryItem"]
        if data is None:
            return found
        found += data["inventoryLevels"]["nodes"]
        page = data["inventoryLevels"]["pageInfo"]
        if not page["hasNextPage"]:
            return found
        variables = {**variables, "after": page["endCursor"]}
