"""Registering webhooks, and bringing back those that the platform deleted after eight failures in a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pullpush_sdk.connector import Connection, Finding
from pullpush_sdk.errors import RejectedError

from .graphql import ask, check_errors
from .graphql import write as send

Json = Any

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

TOLD_ALREADY = frozenset(
    {
        "customers/purchasing_summary",
        "inventory_items/create",
        "orders/edited",
        "orders/fulfilled",
        "orders/partially_fulfilled",
    }
)
"""Topics that are understood but not subscribed to: another one brings the same news."""


async def subscribe(connection: Connection, url: str) -> Sequence[Finding]:
    """Register what the connection wants to hear of at `url`; what is there already stays as it is."""
    there = await _subscribed(connection, url)
    return [await _ensure(connection, topic, url, there) for topic in topics_of(connection)]


def topics_of(connection: Connection) -> list[str]:
    """The topics to subscribe to, in the manifest's order; the app's end is always one of them."""
    live = connection.settings.get("live_carts")
    handlers = connection.connector.manifest.webhook.handlers
    wanted = [
        topic
        for topic, handler in handlers.items()
        if topic not in TOLD_ALREADY and (live or handler.canonical_type != "cart")
    ]
    return [*wanted, "app/uninstalled"]


async def _ensure(connection: Connection, topic: str, url: str, there: set[str]) -> Finding:
    name = topic.replace("/", "_").upper()
    if name in there:
        return Finding(name=f"webhook {topic}", ok=True, message="is registered")
    try:
        variables = {"topic": name, "subscription": {"uri": url, "format": "JSON"}}
        data = await send(connection, _SUBSCRIBE, variables)
        check_errors(data["webhookSubscriptionCreate"], "the subscription")
    except RejectedError as error:
        return Finding(name=f"webhook {topic}", ok=False, message=error.message, hint=error.hint)
    return Finding(name=f"webhook {topic}", ok=True, message="was registered")


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
