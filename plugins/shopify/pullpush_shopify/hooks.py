"""The connector's hooks: the manifest carries out what it can say, the functions below the rest."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Any

from pullpush_sdk import hookimpl
from pullpush_sdk.connector import Connection, Connector, Delivery, Event, Finding, Outcome, WebhookRequest
from pullpush_sdk.declarative import connector_from

from . import check, orders, products, stock, webhooks
from .answers import Judge
from .records import FUNCTIONS

REFUSED = {
    "call": "a Shopify shop keeps no phone calls",
    "contact": "not read yet; a customer's name and address travel inside orders",
    "invoice": "Shopify has no invoices; an order's payment state travels inside the order",
    "cart": "not read yet: only checkouts that were left behind can be read, and none can be written",
}
"""Canonical type to the reason why it is neither read nor written."""


@hookimpl
def pullpush_connector() -> Connector:
    """Manifest, mapping functions, and the judge of answers."""
    return connector_from(__package__, functions=FUNCTIONS, classify=Judge(), refused=REFUSED)


@hookimpl
def pullpush_check(connection: Connection) -> Awaitable[Sequence[Finding]]:
    """Credentials, each permission, the API version."""
    return check.check(connection)


@hookimpl
def pullpush_push(
    connection: Connection, canonical_type: str, batch: Sequence[Delivery]
) -> Awaitable[Sequence[Outcome]] | None:
    """Stock by compare-and-set, products and orders by looking first."""
    pushes = {"stocklevel": stock.push, "product": products.push, "order": orders.push}
    push = pushes.get(canonical_type)
    return None if push is None else push(connection, batch)


@hookimpl
def pullpush_receive(connection: Connection, request: WebhookRequest) -> Awaitable[Sequence[Event]]:
    """What a webhook is about, read again."""
    return webhooks.receive(connection, request)


@hookimpl
def pullpush_subscribe(connection: Connection, url: str) -> Awaitable[Sequence[Finding]]:
    """Every topic that a handler is for."""
    return webhooks.subscribe(connection, url)


@hookimpl
def pullpush_sandbox(options: Any) -> Any:
    """A shop on this machine."""
    from .sandbox import build  # noqa: PLC0415 - the emulator and its packages are for development only

    return build(options)
