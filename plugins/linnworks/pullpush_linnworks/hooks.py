"""The hooks of the Linnworks connector; what is not here, `connector.yaml` says."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from typing import Any

from pullpush_linnworks.answers import classify
from pullpush_linnworks.functions import FUNCTIONS
from pullpush_sdk import Connection, Connector, Delivery, Outcome, Page, connector_from, hookimpl

REFUSED = {
    "call": "Linnworks keeps no phone calls",
    "cart": "Linnworks has no carts",
    "contact.write": "Linnworks has no list of customers; a buyer's name and address travel inside orders",
    "invoice": "Linnworks has no invoices; it only prints them",
    "product.variants": (
        "the items of a variation group are products of their own, each with its stock;"
        " Linnworks does not say by which option (size, colour) they differ"
    ),
    "webhook": "Linnworks sends no webhooks to API applications; everything is polled",
}
"""Canonical type, or type and ability, to the reason why not."""


@hookimpl
def pullpush_connector() -> Connector:
    """Stock, products and orders both ways; contacts are the buyers of orders, read only."""
    return connector_from(__package__, functions=FUNCTIONS, classify=classify, refused=REFUSED)


@hookimpl
def pullpush_pull(connection: Connection, canonical_type: str, cursor: Any) -> AsyncIterator[Page] | None:
    """Rows inside rows and lists in two parts; products are the manifest's alone."""
    from pullpush_linnworks import reading  # noqa: PLC0415 - naming a connector must stay light

    pulls = {"stocklevel": reading.pull_stock, "order": reading.pull_orders, "contact": reading.pull_buyers}
    pull = pulls.get(canonical_type)
    return None if pull is None else pull(connection, cursor)


@hookimpl
def pullpush_snapshot(connection: Connection, canonical_type: str) -> AsyncIterator[Page] | None:
    """The whole state is a sweep from the beginning."""
    from pullpush_linnworks import reading  # noqa: PLC0415 - naming a connector must stay light

    if canonical_type == "order":
        return reading.snapshot_orders(connection)
    if canonical_type == "contact":
        return reading.snapshot_buyers(connection)
    return pullpush_pull(connection, canonical_type, None)


@hookimpl
def pullpush_records(
    connection: Connection, canonical_type: str, native_ids: Sequence[str]
) -> Awaitable[Mapping[str, Any]] | None:
    """Items by their ids."""
    from pullpush_linnworks import items  # noqa: PLC0415 - as above

    if canonical_type not in {"product", "stocklevel"}:
        return None
    return items.carriers(connection, canonical_type, native_ids)


@hookimpl
def pullpush_push(
    connection: Connection, canonical_type: str, batch: Sequence[Delivery]
) -> Awaitable[Sequence[Outcome]] | None:
    """Every write looks before it writes."""
    from pullpush_linnworks import orders, products, stock  # noqa: PLC0415 - a reader never needs them

    pushes = {"stocklevel": stock.push, "product": products.push, "order": orders.push}
    push = pushes.get(canonical_type)
    return None if push is None else push(connection, batch)


@hookimpl
def pullpush_sandbox(options: Any) -> Any:
    """Linnworks on this machine."""
    from pullpush_linnworks.sandbox import build  # noqa: PLC0415 - needs the sandbox extra

    return build(options)
