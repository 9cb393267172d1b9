"""The hooks of the Salla connector; what is not here, `connector.yaml` says."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from typing import Any

from pullpush_sdk import hookimpl
from pullpush_sdk.connector import Connection, Connector, Delivery, Event, Finding, Outcome, WebhookRequest
from pullpush_sdk.declarative import connector_from

from .answers import classify
from .functions import FUNCTIONS

REFUSED = {
    "call": "Salla keeps no phone calls",
    "cart": "Salla has no way to write a cart; abandoned carts are read",
    "invoice": "Salla issues its own invoices, for its own orders; they are read",
}
"""Canonical type to the reason why it is not written, or not known at all."""


@hookimpl
def pullpush_connector() -> Connector:
    """Products, stock, orders and contacts both ways; carts and invoices are read only."""
    return connector_from(__package__, functions=FUNCTIONS, classify=classify, refused=REFUSED)


@hookimpl
def pullpush_records(
    connection: Connection, canonical_type: str, native_ids: Sequence[str]
) -> Awaitable[Mapping[str, Any]] | None:
    """Products by their ids, and rows of quantities by the ids of product and variant."""
    from . import carriers  # noqa: PLC0415 - a plain sweep never needs it

    read = {"product": carriers.products, "stocklevel": carriers.rows}.get(canonical_type)
    return None if read is None else read(connection, native_ids)


@hookimpl
def pullpush_push(
    connection: Connection, canonical_type: str, batch: Sequence[Delivery]
) -> Awaitable[Sequence[Outcome]] | None:
    """All types need more than one request per record, or a look before the write."""
    from . import contacts, orders, products, stock  # noqa: PLC0415 - a reader never needs them

    pushes = {"stocklevel": stock.push, "product": products.push, "order": orders.push, "contact": contacts.push}
    push = pushes.get(canonical_type)
    return None if push is None else push(connection, batch)


@hookimpl
def pullpush_receive(request: WebhookRequest) -> Awaitable[Sequence[Event]] | None:
    """Events without a key are left out; the manifest maps all others."""
    from . import webhooks  # noqa: PLC0415 - a reader never needs it

    return webhooks.nothing() if webhooks.says_nothing(request) else None


@hookimpl
def pullpush_subscribe(connection: Connection, url: str) -> Awaitable[Sequence[Finding]]:
    """Every event that the manifest handles, at an address of its own."""
    from . import webhooks  # noqa: PLC0415 - as above

    return webhooks.subscribe(connection, url)


@hookimpl
def pullpush_sandbox(options: Any) -> Any:
    """Salla on this machine."""
    from .sandbox import build  # noqa: PLC0415 - needs the sandbox extra

    return build(options)
