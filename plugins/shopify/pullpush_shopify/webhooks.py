"""Webhooks: what they are about is read again by id, so that both ways give the same event.

Their bodies are put together late and take another form than what is read, so a body only tells which record to look
at. The version is the record's own `updatedAt`, as it is when polled: one connection and type keeps one kind. Carts
and checkouts as they change are the exception: nothing reads them by their token, so their bodies are believed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec

from pullpush_sdk.canonical import Contact, Order, Product, StockLevel
from pullpush_sdk.connector import Connection, Event, Verb, WebhookRequest, version_of
from pullpush_sdk.errors import FieldError

from .graphql import gid
from .known import recall, remember
from .levels import LevelDesk, levels_of
from .native import body_of, customer_by_id, is_invoice, order_by_id, product_by_id, record_of

Json = Any
Found = tuple[str, Any, str]
"""Canonical type, record, native id."""

REFUSED = {
    "app/scopes_update": "the app's permissions changed: run `pullpush check`, and authorise again if some are missing",
    "app/uninstalled": "the app was uninstalled: nothing can be read or written until a person authorises it again",
    "bulk_operations/finish": "no bulk operation is started here: remove the subscription",
    "customers/data_request": "a person must answer this customer's request within 30 days",
    "customers/redact": "a person must see within 30 days that this customer is erased wherever the data went",
    "inventory_items/delete": "an item that is gone has no SKU to name; what happened is told by products/delete",
    "shop/redact": "a person must see within 30 days that this shop's data is erased wherever it went",
}
"""Topics that are no event, and what to do about them; a delivery is kept as a dead letter that says so."""


async def receive(connection: Connection, request: WebhookRequest) -> Sequence[Event]:
    """The events of a genuine webhook, none for a topic that no handler is for or a record that is gone.

    Raises:
        FieldError: the topic is refused, the body is not what it promises, or the record cannot be mapped.
        RemoteError: the record could not be read; ask again.
    """
    topic = request.headers.get("x-shopify-topic", "").lower()
    if topic in REFUSED:
        raise FieldError(f"{topic} is no change of a record", hint=REFUSED[topic])
    handler = connection.connector.manifest.webhook.handlers.get(topic)
    if handler is None:
        return ()
    is_gone = handler.verb == "deleted"
    try:
        found = await _READERS[topic.partition("/")[0]](connection, topic, request.json(), is_gone)
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise FieldError(f"the body of {topic} does not name its record: {error}") from None
    return tuple(_event(connection, request, each, handler.verb) for each in found)


def _event(connection: Connection, request: WebhookRequest, found: Found, verb: str) -> Event:
    """A record that can still be read, or says when it changed, is not deleted, whatever the topic says."""
    type_, record, native_id = found
    moment = connection.types[type_].updated_at(record)
    if verb == "deleted" and moment is not None:
        verb = "updated"
    return Event(
        type=type_,
        record=record,
        version=version_of(moment if moment is not None else request.received_at),
        verb=Verb(verb),
        occurred_at=moment,
        native_id=native_id,
        transport_id=request.headers.get("x-shopify-webhook-id"),
    )


async def _level(connection: Connection, _topic: str, body: Json, _is_gone: bool) -> Sequence[Found]:
    """The level as it is now; where the link is cut there is no data, which is not zero."""
    item, location = str(body["inventory_item_id"]), str(body["location_id"])
    found = await LevelDesk.of(connection).item((gid("InventoryItem", item), gid("Location", location)))
    if found is None:
        return ()
    if found["level"] is not None:
        return [("stocklevel", record_of(connection, "stock", found["level"]), item)]
    if not found["sku"]:
        hint = "give its variant a SKU in Shopify"
        raise FieldError(f"the inventory item {item} has no SKU", target="sku", hint=hint)
    return [("stocklevel", StockLevel(sku=found["sku"], quantity=None, location_id=location), item)]


async def _item(connection: Connection, _topic: str, body: Json, _is_gone: bool) -> Sequence[Found]:
    """All levels of an item, which may be counted no more or bear another SKU."""
    item = str(body["id"])
    levels = await levels_of(connection, gid("InventoryItem", item))
    return [("stocklevel", record_of(connection, "stock", level), item) for level in levels]


async def _product(connection: Connection, _topic: str, body: Json, is_gone: bool) -> Sequence[Found]:
    number = str(body["id"])
    product = await product_by_id(connection, gid("Product", number))
    if product is not None:
        record = record_of(connection, "products", product)
        remember(connection, "product", record)
        return [("product", record, product["id"])]
    if not is_gone:
        return ()
    sku = recall(connection, "product", number)
    if not sku:
        hint = "products are known by SKU; archive it at the destination by hand, or archive products before deleting"
        raise FieldError(f"the deleted product {number} was not seen before, so its SKU is not known", hint=hint)
    return [("product", Product(sku=sku, product_id=number), gid("Product", number))]


async def _order(connection: Connection, topic: str, body: Json, is_gone: bool) -> Sequence[Found]:
    """The order as it is now, or the invoice that it stands for. One that cannot be read may just be old."""
    if topic == "orders/edited":
        number = str(body["order_edit"]["order_id"])
    else:
        number = str(body["order_id"] if topic.startswith("refunds/") else body["id"])
    order = await order_by_id(connection, gid("Order", number))
    if order is None:
        return [("order", Order(order_id=number), gid("Order", number))] if is_gone else ()
    handler = connection.connector.manifest.webhook.handlers[topic]
    if handler.canonical_type == "order":
        return [("order", record_of(connection, "orders", order), order["id"])]
    return [("invoice", record_of(connection, "invoices", order), order["id"])] if is_invoice(connection, order) else ()


async def _customer(connection: Connection, topic: str, body: Json, is_gone: bool) -> Sequence[Found]:
    named = body["customerId"] if topic.endswith("/purchasing_summary") else body["id"]
    number = str(named).rpartition("/")[2]
    customer = await customer_by_id(connection, gid("Customer", number))
    if customer is not None:
        record = record_of(connection, "customers", customer)
        remember(connection, "contact", record)
        return [("contact", record, customer["id"])]
    if not is_gone:
        return ()
    email = recall(connection, "contact", number)
    if email is None:
        hint = "contacts are known by e-mail address; see to it at the destination by hand"
        raise FieldError(f"the deleted customer {number} was not seen before, so the address is not known", hint=hint)
    return [("contact", Contact(email=email or None, contact_id=number), gid("Customer", number))]


async def _cart(connection: Connection, topic: str, body: Json, is_gone: bool) -> Sequence[Found]:
    """The body itself. Of a deleted one only the key counts."""
    record = body_of(connection, topic, {"token": body.get("token"), "id": body.get("id")} if is_gone else body)
    return [("cart", record, record.cart_id)]


_READERS: Mapping[str, Callable[[Connection, str, Json, bool], Awaitable[Sequence[Found]]]] = {
    "carts": _cart,
    "checkouts": _cart,
    "customers": _customer,
    "inventory_items": _item,
    "inventory_levels": _level,
    "orders": _order,
    "products": _product,
    "refunds": _order,
}
