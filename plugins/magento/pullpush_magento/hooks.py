"""The hooks of the Magento connector; what is not here, `connector.yaml` says."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Generator, Sequence
from typing import Any

from pullpush_magento.answers import classify
from pullpush_magento.functions import FUNCTIONS
from pullpush_sdk import Connection, Connector, Location, Page, connector_from, hookimpl

Pages = AsyncGenerator[Page, None] | None

REFUSED = {
    "call": "a Magento shop keeps no phone calls",
    "cart": "not supported yet: carts are neither read nor written",
    "invoice": "not supported yet: invoices are neither read nor written; an order tells how far it is paid",
}
"""Canonical type to the reason why it is neither read nor written."""


@hookimpl
def pullpush_connector() -> Connector:
    """Stock and simple products both ways; configurable products, orders and customers are read only."""
    return connector_from(__package__, functions=FUNCTIONS, classify=classify, refused=REFUSED)


@hookimpl
def pullpush_locations(connection: Connection) -> Awaitable[Sequence[Location]] | None:
    """The inventory sources where the settings read them; a stock item is the source `default` alone."""
    return None if connection.settings.get("stock") == "sources" else _default_source()


async def _default_source() -> Sequence[Location]:
    return [Location(id="default", name="Default Source")]


@hookimpl(wrapper=True)
def pullpush_pull(connection: Connection, canonical_type: str, cursor: Any) -> Generator[None, Pages, Pages]:
    """What the manifest reads, put right where it cannot say how."""
    pages = yield
    return _put_right(connection, canonical_type, cursor, pages)


@hookimpl(wrapper=True)
def pullpush_snapshot(connection: Connection, canonical_type: str) -> Generator[None, Pages, Pages]:
    """The same from the beginning."""
    pages = yield
    return _put_right(connection, canonical_type, None, pages)


def _put_right(connection: Connection, canonical_type: str, cursor: Any, pages: Pages) -> Pages:
    from pullpush_magento import products, sources  # noqa: PLC0415 - naming a connector must stay light

    if canonical_type == "stocklevel" and connection.settings.get("stock") == "sources":
        return sources.pull(connection, cursor)
    if canonical_type == "product" and pages is not None:
        return products.arranged(connection, pages)
    return pages


@hookimpl
def pullpush_sandbox(options: Any) -> Any:
    """Magento on this machine."""
    from pullpush_magento.sandbox import build  # noqa: PLC0415 - needs the sandbox extra

    return build(options)
