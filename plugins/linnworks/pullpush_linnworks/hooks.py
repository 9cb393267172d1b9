"""The hooks of the Linnworks connector; what is not here, `connector.yaml` says."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Sequence
from typing import Any

from pullpush_linnworks.answers import classify
from pullpush_linnworks.functions import FUNCTIONS
from pullpush_sdk import Connection, Connector, Delivery, Outcome, Page, connector_from, hookimpl

REFUSED = {
    "call": "Linnworks keeps no phone calls",
    "cart": "Linnworks has no carts",
    "contact": "Linnworks has no list of customers; a buyer's name and address travel inside orders",
    "invoice": "Linnworks has no invoices; it only prints them",
}
"""Canonical type to the reason why it is neither read nor written."""


@hookimpl
def pullpush_connector() -> Connector:
    """Stock both ways; products and orders are read only."""
    return connector_from(__package__, functions=FUNCTIONS, classify=classify, refused=REFUSED)


@hookimpl
def pullpush_pull(connection: Connection, canonical_type: str, cursor: Any) -> AsyncIterator[Page] | None:
    """The lists are the manifest's, the way through their pages is not one of its kinds."""
    from pullpush_linnworks import reading  # noqa: PLC0415 - naming a connector must stay light

    pulls = {"stocklevel": reading.pull_stock, "product": reading.pull_products, "order": reading.pull_orders}
    pull = pulls.get(canonical_type)
    return None if pull is None else pull(connection, cursor)


@hookimpl
def pullpush_snapshot(connection: Connection, canonical_type: str) -> AsyncIterator[Page] | None:
    """The whole state is a sweep from the beginning."""
    return pullpush_pull(connection, canonical_type, None)


@hookimpl
def pullpush_push(
    connection: Connection, canonical_type: str, batch: Sequence[Delivery]
) -> Awaitable[Sequence[Outcome]] | None:
    """Stock needs a look before the write."""
    from pullpush_linnworks import stock  # noqa: PLC0415 - a reader never needs it

    return stock.push(connection, batch) if canonical_type == "stocklevel" else None


@hookimpl
def pullpush_sandbox(options: Any) -> Any:
    """Linnworks on this machine."""
    from pullpush_linnworks.sandbox import build  # noqa: PLC0415 - needs the sandbox extra

    return build(options)
