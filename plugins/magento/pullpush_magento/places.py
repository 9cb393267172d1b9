"""The places where the shop keeps stock."""

from __future__ import annotations

from collections.abc import Sequence

from pullpush_sdk.connector import Connection, Location

from .shop import LEGACY, SALABLE, forget_sources, sources_of, stock_mode
from .stock import PLACE


async def places(connection: Connection) -> Sequence[Location]:
    """Inventory sources, or the one place of a shop without them."""
    forget_sources(connection)
    mode = await stock_mode(connection)
    if mode == SALABLE:
        website = str(connection.settings["website"])
        return [Location(id=website, name=f"Website {website}")]
    if mode == LEGACY:
        return [Location(id=PLACE, name="Default Source")]
    sources = await sources_of(connection) or {}
    return [
        Location(id=code, name=str(source.get("name") or code), active=bool(source.get("enabled")))
        for code, source in sources.items()
    ]
