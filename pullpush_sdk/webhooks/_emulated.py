"""Webhooks that a connector's own emulator sends: it is served on loopback, edited, and what comes is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from pullpush_sdk.canonical import CanonicalTypes
from pullpush_sdk.connector import WebhookRequest
from pullpush_sdk.errors import PullPushError
from pullpush_sdk.plugins import LoadedConnector
from pullpush_sdk.sandbox import Control, Sandbox, SandboxOptions, serve
from pullpush_sdk.testing.connections import connected

__all__ = ["emulated"]

Json = Any
_RECORDS = 5
_SWITCH = "webhook_url"
_SKU = "SAMPLE-1"
_BUYER = "sample@example.com"
_ITEMS = [{"sku": _SKU, "quantity": 1}]

# In the words that sandboxes share; an edit that one does not know is left out.
_EDITS: Sequence[tuple[str, Mapping[str, Json]]] = (
    ("product_create", {"sku": _SKU, "title": "Sample", "price": "10.00"}),
    ("stock", {"sku": _SKU, "quantity": 7}),
    ("product", {"sku": _SKU, "title": "Sample, renamed", "price": "12.50"}),
    ("customer_create", {"email": _BUYER, "name": "Sam Sample"}),
    ("customer", {"email": _BUYER, "name": "Samuel Sample"}),
    ("order_create", {"items": _ITEMS, "email": _BUYER}),
    ("cart_create", {"items": _ITEMS, "email": _BUYER}),
)
_LAST: Sequence[tuple[str, Mapping[str, Json]]] = (
    ("product_delete", {"sku": _SKU}),
    ("customer_delete", {"email": _BUYER}),
)


async def emulated(loaded: LoadedConnector, types: CanonicalTypes) -> list[WebhookRequest]:
    """The webhooks of a row of edits, in the order in which they came; none where the connector ships no emulator, or
    one that sends nothing.
    """
    if loaded.connector.manifest is None:
        return []  # without one nobody knows how a connection to an emulator is made
    caught: list[WebhookRequest] = []
    async with serve(_catcher(caught)) as address:
        hook = f"{address}/hook"
        sandbox = _sandbox(loaded, {_SWITCH: hook}) or _sandbox(loaded, {})
        if sandbox is None or sandbox.control.outbox is None:
            return []
        async with connected(loaded, sandbox, types=types) as connection:
            subscribed = loaded.hook.pullpush_subscribe(connection=connection, url=hook)
            if subscribed is not None:
                with suppress(PullPushError):
                    await subscribed
            control = sandbox.control
            made = [_play(control, kind, values) for kind, values in _EDITS]
            await _flush(control)
            order = next((each["key"] for each, (kind, _) in zip(made, _EDITS, strict=True)
                          if kind == "order_create" and "key" in each), None)  # fmt: skip
            if order is not None:
                _play(control, "order_status", {"order": order, "status": "completed"})
            for kind, values in _LAST:
                _play(control, kind, values)
            await _flush(control)
    return caught


def _sandbox(loaded: LoadedConnector, extra: Mapping[str, str]) -> Sandbox | None:
    """The emulator with this switch; None where the connector ships none, or knows no such switch."""
    options = SandboxOptions(records=_RECORDS, rate_limits=False, extra=extra)
    try:
        found: Sandbox | None = loaded.hook.pullpush_sandbox(options=options)
    except (PullPushError, ImportError, ValueError):
        return None
    return found


def _play(control: Control, kind: str, values: Mapping[str, Json]) -> Mapping[str, Json]:
    if kind not in control.changes:
        return {}
    try:
        return control.change(kind, **values)
    except (PullPushError, KeyError, ValueError, TypeError):
        return {}  # an edit that this platform does not have gives no webhook


async def _flush(control: Control) -> None:
    assert control.outbox is not None
    for _ in range(3):
        await control.outbox.flush()


def _catcher(caught: list[WebhookRequest]) -> Any:
    async def catch(scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        headers = {name.decode("latin-1").lower(): text.decode("latin-1") for name, text in scope["headers"]}
        shown = {name: text for name, text in headers.items() if name not in ("host", "content-length", "connection")}
        query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
        caught.append(WebhookRequest(headers=shown, query=query, body=body, received_at=datetime.now(UTC)))
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    return catch
