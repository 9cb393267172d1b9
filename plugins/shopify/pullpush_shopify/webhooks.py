"""Webhooks: what they are about is read again by id, and registering them.

Their bodies are put together late and take another form than what is read, so a body only tells which record to look
at. The version is the record's own `updatedAt`, as it is when polled: one connection and type keeps one kind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from pullpush_sdk.canonical import Order, StockLevel
from pullpush_sdk.connector import Connection, Event, Finding, Verb, WebhookRequest, version_of
from pullpush_sdk.errors import FieldError, RejectedError

from .graphql import ask, check_errors, gid
from .graphql import write as send
from .native import order_by_id, product_by_id, read, record_of

Json = Any

_STOCK_ONE = """
query StockOne($item: ID!, $location: ID!) {
  inventoryItem(id: $item) {
    sku
    inventoryLevel(locationId: $location, includeInactive: true) { ...StockLevel }
  }
}
"""
_SUBSCRIPTIONS = """
query Subscriptions($first: Int!, $after: String) {
  webhookSubscriptions(first: $first, after: $after) { nodes { topic uri } pageInfo { hasNextPage endCursor } }
}
"""
_SUBSCRIBE = """
mutation Subscribe($topic: WebhookSubscriptionTopic!, $subscription: WebhookSubscriptionInput!) {
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: $subscription) {
    webhookSubscription { id }
    userErrors { field message }
  }
}
"""


async def receive(connection: Connection, request: WebhookRequest) -> Sequence[Event]:
    """The event of a genuine webhook, none for a topic that no handler is for or a record that is gone.

    Raises:
        FieldError: the body is not what the topic promises, or the record cannot be mapped.
        RemoteError: the record could not be read; ask again.
    """
    topic = request.headers.get("x-shopify-topic", "").lower()
    handler = connection.connector.manifest.webhook.handlers.get(topic)
    if handler is None:
        return ()
    try:
        body = request.json()
        if topic.startswith("inventory_levels/"):
            place = (str(body["inventory_item_id"]), str(body["location_id"]))
            event = await _stock(connection, *place)
        elif topic.startswith("products/"):
            event = await _product(connection, str(body["id"]))
        else:
            event = await _order(connection, str(body["id"]), is_deleted=handler.verb == "deleted")
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise FieldError(f"the body of {topic} does not name its record: {error}") from None
    if event is None:
        return ()
    type_, record, native_id = event
    moment = connection.types[type_].updated_at(record)
    return (
        Event(
            type=type_,
            record=record,
            version=version_of(moment if moment is not None else request.received_at),
            verb=Verb.DELETED if handler.verb == "deleted" and moment is None else Verb(_alive(handler.verb)),
            occurred_at=moment,
            native_id=native_id,
            transport_id=request.headers.get("x-shopify-webhook-id"),
        ),
    )


def _alive(verb: str) -> str:
    """A record that can still be read is not deleted, whatever the topic says."""
    return "updated" if verb == "deleted" else verb


async def _stock(connection: Connection, item: str, location: str) -> tuple[str, Any, str] | None:
    """The level as it is now; where the link is cut there is no data, which is not zero."""
    variables = {"item": gid("InventoryItem", item), "location": gid("Location", location)}
    data = await read(connection, "stock", _STOCK_ONE, variables)
    found = data["inventoryItem"]
    if found is None:
        return None
    level = found["inventoryLevel"]
    if level is not None:
        return "stocklevel", record_of(connection, "stock", level, item={"legacyResourceId": location}), item
    if not found["sku"]:
        hint = "give its variant a SKU in Shopify"
        raise FieldError(f"the inventory item {item} has no SKU", target="sku", hint=hint)
    return "stocklevel", StockLevel(sku=found["sku"], quantity=None, location_id=location), item


async def _product(connection: Connection, number: str) -> tuple[str, Any, str] | None:
    product = await product_by_id(connection, gid("Product", number))
    return None if product is None else ("product", record_of(connection, "products", product), product["id"])


async def _order(connection: Connection, number: str, *, is_deleted: bool) -> tuple[str, Any, str] | None:
    """The order as it is now. One that cannot be read is gone only if the topic says so: it may just be old."""
    order = await order_by_id(connection, gid("Order", number))
    if order is not None:
        return "order", record_of(connection, "orders", order), order["id"]
    return ("order", Order(order_id=number), gid("Order", number)) if is_deleted else None


async def subscribe(connection: Connection, url: str) -> Sequence[Finding]:
    """Register every topic that a handler is for at `url`; those that are there already stay as they are.

    A subscription is deleted by the platform after eight failures in a row: calling this again brings it back.
    """
    there = await _subscribed(connection, url)
    found = []
    for topic in connection.connector.manifest.webhook.handlers:
        name = topic.replace("/", "_").upper()
        try:
            if name not in there:
                variables = {"topic": name, "subscription": {"uri": url, "format": "JSON"}}
                data = await send(connection, _SUBSCRIBE, variables)
                check_errors(data["webhookSubscriptionCreate"], "the subscription")
            message = "is registered" if name in there else "was registered"
            found.append(Finding(name=f"webhook {topic}", ok=True, message=message))
        except RejectedError as error:
            found.append(Finding(name=f"webhook {topic}", ok=False, message=error.message, hint=error.hint))
    return found


async def _subscribed(connection: Connection, url: str) -> set[str]:
    """The topics that are delivered to `url`."""
    found: set[str] = set()
    variables: Mapping[str, Json] = {"first": 250}
    more = True
    while more:
        data = (await ask(connection, _SUBSCRIPTIONS, variables))["webhookSubscriptions"]
        found |= {node["topic"] for node in data["nodes"] if node["uri"] == url}
        more, variables = data["pageInfo"]["hasNextPage"], {"first": 250, "after": data["pageInfo"]["endCursor"]}
    return found
