"""The hooks of the Magento connector; what is not here, `connector.yaml` says."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Generator, Mapping, Sequence
from typing import Any

from pullpush_sdk import hookimpl
from pullpush_sdk.connector import Connection, Connector, Delivery, Event, Location, Outcome, Page, WebhookRequest
from pullpush_sdk.declarative import connector_from

from .answers import classify
from .functions import FUNCTIONS

Pages = AsyncGenerator[Page, None] | None

REFUSED = {
    "call": "a Magento shop keeps no phone calls",
    "cart": "carts belong to the shoppers who fill them; they are read, not written",
}
"""Canonical type to the reason why it is not written, or not known at all."""


@hookimpl
def pullpush_connector() -> Connector:
    """Stock, products, orders, customers and invoices both ways; carts are read only."""
    return connector_from(__package__, functions=FUNCTIONS, classify=classify, refused=REFUSED)


@hookimpl
def pullpush_locations(connection: Connection) -> Awaitable[Sequence[Location]]:
    """The inventory sources; one place where quantities are those of stock items, or what is salable."""
    from . import places  # noqa: PLC0415 - naming a connector must stay light

    return places.places(connection)


@hookimpl(wrapper=True)
def pullpush_pull(connection: Connection, canonical_type: str, cursor: Any) -> Generator[None, Pages, Pages]:
    """What the manifest reads, put right where it cannot say how; stock by itself."""
    pages = yield
    return _put_right(connection, canonical_type, cursor, pages)


@hookimpl(wrapper=True)
def pullpush_snapshot(connection: Connection, canonical_type: str) -> Generator[None, Pages, Pages]:
    """The same from the beginning."""
    pages = yield
    return _put_right(connection, canonical_type, None, pages)


@hookimpl
def pullpush_records(
    connection: Connection, canonical_type: str, native_ids: Sequence[str]
) -> Awaitable[Mapping[str, Any]] | None:
    """Products by their ids. The shop keeps SKUs unique, but a product may pass its own on to another."""
    from . import products  # noqa: PLC0415 - as below

    return products.carriers(connection, native_ids) if canonical_type == "product" else None


def _put_right(connection: Connection, canonical_type: str, cursor: Any, pages: Pages) -> Pages:
    from . import invoices, products, stock  # noqa: PLC0415 - naming a connector must stay light

    if canonical_type == "stocklevel":
        return stock.pull(connection, cursor)
    if canonical_type == "product" and pages is not None:
        return products.arranged(connection, pages, cursor)
    if canonical_type == "invoice" and pages is not None:
        return invoices.arranged(connection, pages)
    return pages


@hookimpl
def pullpush_push(
    connection: Connection, canonical_type: str, batch: Sequence[Delivery]
) -> Awaitable[Sequence[Outcome]] | None:
    """Every type needs a look before it is written."""
    from . import contacts, invoices, orders, product_writing, stock_writing  # noqa: PLC0415 - a reader needs none

    pushes = {
        "stocklevel": stock_writing.push,
        "product": product_writing.push,
        "contact": contacts.push,
        "order": orders.push,
        "invoice": invoices.push,
    }
    push = pushes.get(canonical_type)
    return None if push is None else push(connection, batch)


@hookimpl
def pullpush_verify(connection: Connection, request: WebhookRequest) -> bool:
    """By the public key of the settings; without one nothing is genuine."""
    from . import events  # noqa: PLC0415 - a flow that polls never needs it

    return events.is_genuine(connection, request)


@hookimpl
def pullpush_receive(connection: Connection, request: WebhookRequest) -> Awaitable[Sequence[Event]]:
    """A webhook is a hint: the record is read again."""
    from . import events  # noqa: PLC0415 - as above

    return events.receive(connection, request)


@hookimpl
def pullpush_sandbox(options: Any) -> Any:
    """Magento on this machine."""
    from .sandbox import build  # noqa: PLC0415 - needs the sandbox extra

    return build(options)
