"""Webhook subscriptions and what they send."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import uuid
from collections.abc import Mapping
from datetime import UTC
from functools import partial
from typing import Any

import attrs

from pullpush_sdk.sandbox import OutgoingWebhook, WebhookOutbox, is_loopback
from pullpush_shopify.sandbox._call import Call, UserError, payload
from pullpush_shopify.sandbox._execute import Resolver
from pullpush_shopify.sandbox._model import Subscription
from pullpush_shopify.sandbox._payloads import COMPLIANCE, make_body
from pullpush_shopify.sandbox._store import Store

__all__ = ["MUTATIONS", "RETRY_AFTER", "Sender", "topic_name"]

# Eight retries within four hours, the gaps growing.
RETRY_AFTER = (10.0, 30.0, 90.0, 270.0, 810.0, 1_800.0, 3_690.0, 7_700.0)

_NAME = re.compile(r"[A-Za-z0-9_-]{1,50}")
_WORDS = ("bulk_operations", "draft_orders", "inventory_items", "inventory_levels")


def topic_name(topic: str) -> str:
    """`INVENTORY_LEVELS_UPDATE` -> `inventory_levels/update`, as headers name it."""
    lower = topic.lower()
    head = next((word for word in _WORDS if lower.startswith(word + "_")), lower.partition("_")[0])
    return f"{head}/{lower[len(head) + 1 :]}"


class Sender:
    """Turns events into signed deliveries, one per subscription to the topic."""

    def __init__(
        self,
        store: Store,
        outbox: WebhookOutbox,
        *,
        secret: str,
        version: str,
        is_late: bool = False,
        compliance_url: str = "",
    ) -> None:
        self._store = store
        self._outbox = outbox
        self._secret = secret.encode()
        self._version = version
        self._is_late = is_late
        self._compliance_url = compliance_url

    def emit(self, topic: str, record: Any) -> None:
        """Queue a delivery of `record` to everybody who subscribed to `topic`.

        Compliance topics go to the app's own address for them. With late bodies, each is put together when it is
        sent for the first time: two quick changes then show the last value twice.
        """
        wanted: list[tuple[str, Subscription | None]] = [
            (each.uri, each) for each in self._store.subscriptions.values() if topic_name(each.topic) == topic
        ]
        if topic in COMPLIANCE and self._compliance_url:
            wanted.append((self._compliance_url, None))
        event = self._uuid()
        for uri, subscription in wanted:
            if is_loopback(uri):
                webhook = self._delivery(uri, subscription, topic, record, event)
                late = partial(self._filled, webhook, subscription, record) if self._is_late else None
                self._outbox.queue(webhook, late=late)

    def given_up(self, webhook: OutgoingWebhook) -> None:
        """All attempts at a delivery failed: the subscription goes, as the platform deletes those made by API."""
        for subscription in list(self._store.subscriptions.values()):
            if subscription.uri == webhook.url and topic_name(subscription.topic) == webhook.event:
                del self._store.subscriptions[subscription.id]

    def _delivery(
        self, uri: str, subscription: Subscription | None, topic: str, record: Any, event: str
    ) -> OutgoingWebhook:
        triggered = self._store.now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        headers = {
            "Content-Type": "application/json",
            "X-Shopify-Topic": topic,
            "X-Shopify-Shop-Domain": f"{self._store.shop}.myshopify.com",
            "X-Shopify-API-Version": self._version,
            "X-Shopify-Webhook-Id": self._uuid(),
            "X-Shopify-Triggered-At": triggered,
            "X-Shopify-Event-Id": event,
        }
        if subscription is not None and subscription.name:
            headers["X-Shopify-Name"] = subscription.name
        empty = OutgoingWebhook(event=topic, url=uri, headers=headers, body=b"")
        return self._filled(empty, subscription, record)

    def _filled(self, webhook: OutgoingWebhook, subscription: Subscription | None, record: Any) -> OutgoingWebhook:
        """The delivery with the record as it is now, signed."""
        shown = make_body(webhook.event, record, self._store)
        if subscription is not None and subscription.include_fields:
            shown = {key: value for key, value in shown.items() if key in subscription.include_fields}
        body = json.dumps(shown, ensure_ascii=False, separators=(",", ":")).encode()
        digest = base64.b64encode(hmac.new(self._secret, body, hashlib.sha256).digest()).decode()
        return attrs.evolve(webhook, body=body, headers={**webhook.headers, "X-Shopify-Hmac-Sha256": digest})

    def _uuid(self) -> str:
        return str(uuid.UUID(int=self._store.random.getrandbits(128), version=4))


def _create(_root: Any, arguments: Mapping[str, Any], call: Call) -> Any:
    given, topic, store = arguments["webhookSubscription"], arguments["topic"], call.store
    errors = _check(given, topic, call, None)
    if errors:
        return payload(webhook_subscription=None, user_errors=errors)
    now = store.now()
    subscription = Subscription(
        id=store.new_id("WebhookSubscription"),
        created_at=now,
        updated_at=now,
        topic=topic,
        uri=given.get("uri") or given["callbackUrl"],
    )
    _write(subscription, given)
    store.subscriptions[subscription.id] = subscription
    store.changed(subscription)
    return payload(webhook_subscription=subscription)


def _check(given: Mapping[str, Any], topic: str, call: Call, own: Subscription | None) -> list[UserError]:
    at = ["webhookSubscription"]
    uri = given.get("uri") or given.get("callbackUrl") or (own.uri if own else "")
    if not uri:
        return [UserError([*at, "callbackUrl"], "Address can't be blank")]
    # Deviation: plain http is taken where it leads to this machine, the only place that a sandbox sends to.
    if not uri.startswith("https://") and not is_loopback(uri):
        scheme = uri.partition("://")[0] + "://"
        return [UserError([*at, "callbackUrl"], f"Address protocol {scheme} is not supported")]
    for each in call.store.subscriptions.values():
        if each is not own and each.topic == topic and each.uri == uri:
            return [UserError([*at, "callbackUrl"], "Address for this topic has already been taken")]
    name = given.get("name")
    if name is not None and not _NAME.fullmatch(name):
        message = "Name must be at most 50 letters, digits, hyphens and underscores"
        return [UserError([*at, "name"], message)]
    return []


def _write(subscription: Subscription, given: Mapping[str, Any]) -> None:
    for key, attribute in (("format", "format"), ("name", "name"), ("filter", "filter")):
        if given.get(key) is not None:
            setattr(subscription, attribute, given[key])
    if given.get("includeFields") is not None:
        subscription.include_fields = list(given["includeFields"])
    subscription.uri = given.get("uri") or given.get("callbackUrl") or subscription.uri


def _update(_root: Any, arguments: Mapping[str, Any], call: Call) -> Any:
    subscription = call.store.by_gid("WebhookSubscription", arguments["id"])
    if subscription is None:
        error = UserError(["id"], "Webhook subscription does not exist")
        return payload(webhook_subscription=None, user_errors=[error])
    given = arguments["webhookSubscription"]
    errors = _check(given, subscription.topic, call, subscription)
    if errors:
        return payload(webhook_subscription=None, user_errors=errors)
    call.store.changed(subscription)
    _write(subscription, given)
    return payload(webhook_subscription=subscription)


def _delete(_root: Any, arguments: Mapping[str, Any], call: Call) -> Any:
    subscription = call.store.by_gid("WebhookSubscription", arguments["id"])
    if subscription is None:
        error = UserError(["id"], "Webhook subscription does not exist")
        return payload(deleted_webhook_subscription_id=None, user_errors=[error])
    del call.store.subscriptions[subscription.id]
    call.store.version += 1
    return payload(deleted_webhook_subscription_id=subscription.gid)


MUTATIONS: Mapping[str, Resolver] = {
    "webhookSubscriptionCreate": _create,
    "webhookSubscriptionDelete": _delete,
    "webhookSubscriptionUpdate": _update,
}
