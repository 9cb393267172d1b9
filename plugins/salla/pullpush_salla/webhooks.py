"""Webhooks beyond the manifest: registering them, and the thin events that name no SKU."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import aclosing
from typing import Any
from urllib.parse import urlencode

import msgspec

from pullpush_sdk.canonical import dumps
from pullpush_sdk.connector import Connection, Event, Finding, WebhookRequest
from pullpush_sdk.declarative import iter_records
from pullpush_sdk.errors import FieldError
from pullpush_sdk.http import Call
from pullpush_sdk.manifest import Request

from .answers import REFUSED, fields_of, message_of, said
from .catalogue import LIST, PAGES

Json = Any

# Events of products with options name the product, whose own SKU is empty: the next sweep reads what changed.
_THIN = frozenset({"product.price.updated", "product.status.updated"})
# No longer sent since December 2025, and refused when they are asked for.
_RETIRED = frozenset({"product.updated", "product.available"})


def says_nothing(request: WebhookRequest) -> bool:
    """Whether a webhook is one of the thin events about a product that has no SKU of its own.

    Raises:
        FieldError: it has no envelope, so that nobody can tell what happened.
    """
    try:
        body = request.json()
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    if isinstance(body, dict) and not body.get("event"):
        hint = "expected {event, merchant, created_at, data}; what it tells comes with the next sweep"
        raise FieldError("the webhook names no event", target="event", hint=hint)
    data = body.get("data") if isinstance(body, dict) else None
    return isinstance(data, dict) and body.get("event") in _THIN and not data.get("sku")


async def nothing() -> Sequence[Event]:
    """No events."""
    return ()


async def subscribe(connection: Connection, url: str) -> Sequence[Finding]:
    """Register every event that the manifest handles, signed with the connection's webhook secret.

    Each event has an address of its own (`?event=…`): whether another event at the same address replaces the first
    is not published. Hooks that are there already are updated.
    """
    secret = connection.secrets.get("webhook_secret")
    if secret is None or not secret.reveal():
        hint = "set webhook_secret to a random text; Salla signs with it"
        return [Finding(name="webhooks", ok=False, message="there is no webhook_secret", hint=hint)]
    events = sorted(set(connection.connector.manifest.webhook.handlers) - _RETIRED)
    found = [await _subscribe(connection, event, url, secret.reveal()) for event in events]
    return [*(each for each in found if each is not None), await _look(connection, events, url)]


async def _subscribe(connection: Connection, event: str, url: str, secret: str) -> Finding | None:
    """The failure of one registration, None where it went well."""
    body = {"name": f"pullpush {event}", "event": event, "url": _address(url, event), "version": 2}
    answer = await _send(connection, "POST", "/webhooks/subscribe", body)
    if answer.status not in REFUSED:
        hook = answer.json()["data"]
        signed = {"name": body["name"], "url": body["url"], "security_strategy": "signature"}
        answer = await _send(connection, "PUT", f"/webhooks/{hook['id']}", {**signed, "secret": secret})
    if answer.status not in REFUSED:
        return None
    words = said(fields_of(answer)) or message_of(answer.body)
    hint = "Salla needs a public https address: no localhost, nothing with `test.`"
    return Finding(name=f"webhook {event}", ok=False, message=f"Salla refused it: {words}", hint=hint)


async def _send(connection: Connection, method: str, url: str, body: Json) -> Any:
    # Registering the same event at the same address again updates the hook: it may be repeated.
    call = Call(
        method=method, url=url, body=dumps(body), content_type="application/json", idempotent=True, accepts=REFUSED
    )
    return await connection.client.send(call)


async def _look(connection: Connection, events: Iterable[str], url: str) -> Finding:
    """Whether all hooks are there now."""
    request = Request(path="/webhooks")
    async with aclosing(iter_records(connection, request, PAGES, LIST)) as hooks:
        there = {(hook.get("event"), hook.get("url")) async for hook in hooks}
    lacking = [event for event in events if (event, _address(url, event)) not in there]
    if lacking:
        message = f"not registered: {', '.join(lacking)}"
        return Finding(name="webhooks", ok=False, message=message, hint="register them in the Salla partner portal")
    return Finding(name="webhooks", ok=True, message=f"{len(list(events))} events are registered")


def _address(url: str, event: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}{urlencode({'event': event})}"
