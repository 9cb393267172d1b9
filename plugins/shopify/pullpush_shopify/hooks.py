"""The connector's hooks: the manifest carries out what it can say, the functions below the rest."""

from __future__ import annotations

from collections.abc import Awaitable, Generator, Mapping, Sequence
from typing import Any

from pullpush_sdk import hookimpl
from pullpush_sdk.connector import Connection, Connector, Delivery, Event, Finding, Outcome, WebhookRequest
from pullpush_sdk.declarative import connector_from

from . import carriers, check, contacts, orders, products, stock, subscriptions, webhooks
from .answers import Judge
from .known import TYPES, remembering
from .records import FUNCTIONS

REFUSED = {
    "call": "a Shopify shop keeps no phone calls",
    "invoice": "read only: Shopify has no invoices, a paid order stands for one; there is nothing to write them to",
    "cart": "read only: Shopify's Admin API writes no carts, and shows those alone that were left behind",
}
"""Canonical type to the reason why it is not written, or not known at all."""


@hookimpl
def pullpush_connector() -> Connector:
    """Manifest, mapping functions, and the judge of answers."""
    return connector_from(__package__, functions=FUNCTIONS, classify=Judge(), refused=REFUSED)


@hookimpl
def pullpush_check(connection: Connection) -> Awaitable[Sequence[Finding]]:
    """Credentials, each permission, the API version."""
    return check.check(connection)


@hookimpl(wrapper=True)
def pullpush_pull(connection: Connection, canonical_type: str) -> Generator[None, Any, Any]:
    """What the manifest reads; what deleted records were known by is kept beside."""
    pages = yield
    return remembering(connection, pages) if pages is not None and canonical_type in TYPES else pages


@hookimpl
def pullpush_records(
    connection: Connection, canonical_type: str, native_ids: Sequence[str]
) -> Awaitable[Mapping[str, Any]] | None:
    """Products, and the items of stock levels."""
    read = {"product": carriers.products, "stocklevel": carriers.items}.get(canonical_type)
    return None if read is None else read(connection, native_ids)


@hookimpl
def pullpush_push(
    connection: Connection, canonical_type: str, batch: Sequence[Delivery]
) -> Awaitable[Sequence[Outcome]] | None:
    """Stock by compare-and-set, products and orders by looking first, contacts by what identifies them."""
    pushes = {"stocklevel": stock.push, "product": products.push, "order": orders.push, "contact": contacts.push}
    push = pushes.get(canonical_type)
    return None if push is None else push(connection, batch)


@hookimpl
def pullpush_receive(connection: Connection, request: WebhookRequest) -> Awaitable[Sequence[Event]]:
    """What a webhook is about, read again."""
    return webhooks.receive(connection, request)


@hookimpl
def pullpush_subscribe(connection: Connection, url: str) -> Awaitable[Sequence[Finding]]:
    """Every topic that a flow may need, and the app's end."""
    return subscriptions.subscribe(connection, url)


@hookimpl
def pullpush_sandbox(options: Any) -> Any:
    """A shop on this machine."""
    from .sandbox import build  # noqa: PLC0415 - the emulator and its packages are for development only

    return build(options)
