"""Acme's webhooks: `{"event": "TABLE.changed", "id": …, "data": {…}}`, signed over the raw body.

A row that is gone is told as `TABLE.deleted`, with what it last was.
Switch (`--set`): `webhook_url` is where they go from the start, an address of this machine.
"""

from __future__ import annotations

import hashlib
import hmac
import json

from pullpush_sdk.sandbox import FaultPlan, OutgoingWebhook, SandboxClock, WebhookOutbox

from .store import Row, Store

__all__ = ["Announcer"]


class Announcer:
    """Tells the address in `url` (None: nobody) of every change."""

    secret = "acme-webhook-secret"  # noqa: S105 - of a shop that does not exist

    def __init__(self, store: Store, *, clock: SandboxClock, faults: FaultPlan, url: str | None) -> None:
        self.url = url
        self.outbox = WebhookOutbox(clock=clock, faults=faults, retry_after=(60.0, 600.0))
        self._sent = 0
        store.changed.append(self._changed)

    def _changed(self, table: str, row: Row, what: str) -> None:
        if not self.url:
            return
        self._sent += 1
        event = f"{table}.{what}"
        body = json.dumps({"event": event, "id": f"evt-{self._sent}", "data": row}).encode()
        signature = hmac.new(self.secret.encode(), body, hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json", "X-Acme-Signature": signature}
        self.outbox.queue(OutgoingWebhook(event=event, url=self.url, headers=headers, body=body))
