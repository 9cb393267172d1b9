"""Signed webhooks of Adobe Commerce: the fields that a merchant chose, numbers often as text."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from pullpush_sdk.sandbox import FaultPlan, OutgoingWebhook, SandboxClock, WebhookOutbox

__all__ = ["Events"]

Json = Any


@cache
def _key() -> rsa.RSAPrivateKey:
    """Made once: it takes longer than all else that a shop consists of."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Events:
    """What is sent to one address; all shops of a process have one key pair."""

    def __init__(self, url: str, *, clock: SandboxClock, faults: FaultPlan) -> None:
        self._url = url
        self._key = _key()
        self.outbox = WebhookOutbox(clock=clock, faults=faults, retry_after=(1.0, 2.0), auto=False)
        self.public_key = (
            self._key.public_key()
            .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
            .decode()
        )

    def announce(self, kind: str, row: Mapping[str, Json]) -> None:
        """Queue the webhook of a saved record."""
        key = "id" if kind == "contact" else "entity_id"
        value = {key: str(row[key]), "updated_at": row.get("updated_at")}
        body = json.dumps({"data": {kind: value}}).encode()
        signature = self._key.sign(base64.b64encode(body), padding.PKCS1v15(), hashes.SHA256())
        headers = {
            "Content-Type": "application/json",
            "x-adobe-commerce-webhook-signature": base64.b64encode(signature).decode(),
        }
        separator = "&" if "?" in self._url else "?"
        url = f"{self._url}{separator}event={kind}"
        self.outbox.queue(OutgoingWebhook(event=kind, url=url, headers=headers, body=body))
