"""Webhooks of Acme's sandbox: no account, no network."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pullpush_sdk.connector import WebhookRequest
from pullpush_sdk.http import Call
from pullpush_sdk.plugins import load_plugins
from pullpush_sdk.sandbox import serve
from pullpush_sdk.testing.conformance import Subject

PLUGINS = load_plugins(only="acme")
SHOP = Subject.of(PLUGINS, "acme")
CONNECTOR = SHOP.loaded.connector
HANDLERS = CONNECTOR.manifest.webhook.handlers


def test_a_webhook_is_genuine_and_becomes_what_a_poll_would_read() -> None:
    """Sent by the sandbox to a server on this machine; with another body it is refused."""
    got: list[WebhookRequest] = []

    async def heard(request: Request) -> Response:
        headers = {name.lower(): text for name, text in request.headers.items()}
        body = await request.body()
        got.append(WebhookRequest(headers=headers, query={}, body=body, received_at=datetime.now(UTC)))
        return Response()

    async def sent() -> None:
        async with serve(Starlette(routes=[Route("/hook", heard, methods=["POST"])])) as address:
            watched = Subject.of(PLUGINS, "acme", extra={"webhook_url": f"{address}/hook"})
            async with watched.shop() as shop:
                for table, rows in shop.sandbox.control.dump().items():
                    await shop.connection.client.send(_touch(table, next(iter(rows))))
                for table, kind, name, field in _GOES:
                    if kind in shop.sandbox.control.changes:
                        row = next(iter(shop.sandbox.control.dump()[table].values()))
                        shop.edit(kind, **{name: row[field]})
                await shop.connection.client.send(Call(method="POST", url=_FLUSH))
                for request in got:
                    assert watched.loaded.hook.pullpush_verify(connection=shop.connection, request=request)
                    forged = WebhookRequest(
                        headers=request.headers, query={}, body=request.body + b" ", received_at=request.received_at
                    )
                    assert not watched.loaded.hook.pullpush_verify(connection=shop.connection, request=forged)
                    events = await watched.loaded.hook.pullpush_receive(connection=shop.connection, request=request)
                    known = request.json()["event"] in HANDLERS
                    assert [event.type in CONNECTOR.webhooks for event in events] == [True] * known

    asyncio.run(sent())
    # At least once: the sandbox sends by itself too, and whoever is asked twice may send twice.
    assert {request.json()["event"] for request in got} >= set(HANDLERS)


_GOES = (
    ("products", "product_delete", "sku", "sku"),
    ("orders", "order_delete", "order", "id"),
    ("customers", "customer_delete", "email", "email"),
)
"""Table, the edit that takes a row away, what it names the row by, and the row's field of that."""
_FLUSH = "https://api.acme.example/_sandbox/webhooks/flush"


def _touch(table: str, number: int) -> Call:
    return Call(method="PATCH", url=f"/{table}/{number}", body=b"{}", content_type="application/json")
