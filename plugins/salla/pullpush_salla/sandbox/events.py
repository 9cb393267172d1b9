"""Webhooks: what the platform posts when something happened, and how it signs."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any

from pullpush_salla.sandbox import views_catalog, views_trade
from pullpush_salla.sandbox.records import Subscription
from pullpush_salla.sandbox.rules import holds
from pullpush_salla.sandbox.store import STORE_ID, Store
from pullpush_salla.sandbox.switches import Switches
from pullpush_salla.sandbox.tokens import ACCESS_SECONDS, Grant
from pullpush_salla.sandbox.wire import js_date, plain_date
from pullpush_salla.sandbox.words import DEPRECATED_EVENTS
from pullpush_sdk.sandbox import OutgoingWebhook, SandboxClock, Violations, WebhookOutbox, is_loopback

__all__ = ["Events", "encode"]

_LANG = "ar"

_VIEWS: Mapping[str, Callable[[Store, Any], Any]] = {
    "product.price.updated": lambda _, record: views_catalog.price_event(record),
    "product.status.updated": lambda _, record: views_catalog.product_status_event(record),
    "order.status.updated": lambda store, pair: views_trade.status_event(store, pair[0], pair[1], _LANG),
    "abandoned.cart": lambda store, record: views_trade.cart(record, store.clock.now()),
    "abandoned.cart.status.changed": lambda _, record: {"id": record.id, "status": record.status},
    "abandoned.cart.purchased": lambda _, record: views_trade.cart_purchased_event(record),
    "invoice.created": lambda _, record: views_trade.invoice_detail(record, _LANG),
}
_FAMILIES: Mapping[str, Callable[[Store, Any], Any]] = {
    "product": lambda store, record: views_catalog.product(store, record, _LANG),
    "order": lambda store, record: views_trade.order_event(store, record, _LANG),
    "customer": lambda _, record: {**views_trade.customer(record), "source": {"device": "desktop", "ip": None}},
}


def encode(payload: Any) -> bytes:
    """JSON as the platform's language writes it by default: slashes and everything beyond ASCII escaped.

    Whoever signs a re-serialised payload instead of the raw bytes gets another signature.
    """
    return json.dumps(payload, separators=(",", ":")).replace("/", "\\/").encode("ascii")


class Events:
    """Turns edits of the store into signed deliveries."""

    def __init__(
        self,
        *,
        clock: SandboxClock,
        switches: Switches,
        outbox: WebhookOutbox,
        violations: Violations,
        webhook_secret: str,
    ) -> None:
        self._clock = clock
        self._switches = switches
        self._outbox = outbox
        self._violations = violations
        self._secret = webhook_secret

    def store_event(self, store: Store, event: str, record: Any) -> None:
        """Queue one delivery for every subscription to `event`."""
        hooks = [hook for hook in store.subscriptions.values() if hook.event == event]
        if not hooks or (event in DEPRECATED_EVENTS and not self._switches.deprecated_events):
            return
        view = _VIEWS.get(event) or _FAMILIES[event.partition(".")[0]]
        payload = {"event": event, "merchant": STORE_ID, "created_at": js_date(self._clock.now())}
        data = view(store, record)
        body = encode({**payload, "data": data})
        for hook in hooks:
            if hook.rule and not holds(hook.rule, data):
                continue
            self._queue(event, hook.url, body, self._proof(hook, body) | hook.headers)

    def app_event(self, event: str, data: Mapping[str, Any]) -> None:
        """Queue a delivery to the app's own webhook address; such events need no subscription."""
        if self._switches.app_webhook_url:
            payload = {"event": event, "merchant": STORE_ID, "created_at": plain_date(self._clock.now()), "data": data}
            body = encode(payload)
            self._queue(event, self._switches.app_webhook_url, body, self._signature(self._secret, body))

    def authorized(self, grant: Grant) -> None:
        """`app.store.authorize`: here alone `expires` is an absolute Unix time."""
        data = {
            "access_token": grant.access_token,
            "expires": int(self._clock.now().timestamp()) + ACCESS_SECONDS,
            "refresh_token": grant.refresh_token,
            "scope": " ".join(grant.scopes),
            "token_type": "bearer",
        }
        self.app_event("app.store.authorize", data)

    def _queue(self, event: str, url: str, body: bytes, headers: Mapping[str, str]) -> None:
        if not is_loopback(url):
            # Accepted when it was registered, as the platform would; but nothing leaves this machine.
            self._violations.count("webhook_not_sent_off_this_machine")
            return
        content = {"Content-Type": "application/json", "User-Agent": "Salla-Sandbox"}
        self._outbox.queue(OutgoingWebhook(event=event, url=url, headers={**content, **headers}, body=body))

    def _proof(self, hook: Subscription, body: bytes) -> dict[str, str]:
        secret = hook.secret or self._secret
        if hook.strategy == "token":
            return {"X-Salla-Security-Strategy": "Token", "Authorization": secret}
        if hook.strategy is None and self._switches.unset_strategy == "none":
            return {}
        return self._signature(secret, body)

    def _signature(self, secret: str, body: bytes) -> dict[str, str]:
        digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        return {"X-Salla-Security-Strategy": "Signature", "X-Salla-Signature": digest}
