"""Signed webhooks of Adobe Commerce: checked over the raw body, and no more than a hint."""

from __future__ import annotations

import asyncio

import attrs
import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from pullpush_sdk.connector import WebhookRequest
from pullpush_sdk.errors import FieldError
from pullpush_sdk.sandbox import serve


@pytest.fixture
def webhooks(opened):
    """Runs `scenario(shop, requests)` after edits; `requests` are the webhooks that arrived over loopback."""

    def run(scenario, *edits, records=4, **more):
        async def played():
            got = []

            async def take(request):
                headers = {name.lower(): value for name, value in request.headers.items()}
                got.append((headers, dict(request.query_params), await request.body()))
                return JSONResponse({"op": "success"})

            async with (
                serve(Starlette(routes=[Route("/hook", take, methods=["POST"])])) as url,
                opened(records=records, extra={"events": f"{url}/hook"}, **more) as shop,
            ):
                for kind, values in edits:
                    shop.change(kind, **values)
                await shop.sandbox.control.outbox.flush()
                now = shop.connection.clock.now()
                requests = [WebhookRequest(headers=h, query=q, body=b, received_at=now) for h, q, b in got]
                return await scenario(shop, requests)

        return asyncio.run(played())

    return run


ORDER = ("order_status", {"order": "1", "status": "completed"})
PERSON = ("customer_create", {"email": "new@example.com", "name": "Ann Lee"})


def test_a_genuine_webhook_reads_its_record_again(webhooks):
    """The body's own fields are not trusted: what the shop says now counts."""

    async def scenario(shop, requests):
        assert [request.query["event"] for request in requests] == ["order", "contact"]
        events = []
        for request in requests:
            assert shop.hook.pullpush_verify(connection=shop.connection, request=request) is True
            events += await shop.hook.pullpush_receive(connection=shop.connection, request=request)
        assert [event.type for event in events] == ["order", "contact"]
        assert (events[0].record.order_id, events[0].record.status) == ("1", "completed")
        assert events[1].record.email == "new@example.com"
        swept = {event.record.order_id: event for event in (await shop.pull("order"))[0]}
        assert swept["1"] == events[0]

    webhooks(scenario, ORDER, PERSON)


def test_another_body_key_or_no_key_is_not_genuine(webhooks):
    """One byte, a signature that is no base64, none at all, no public key."""

    async def scenario(shop, requests):
        (request,) = requests
        name = "x-adobe-commerce-webhook-signature"
        others = [
            attrs.evolve(request, body=request.body + b" "),
            attrs.evolve(request, headers={**request.headers, name: "AAAA"}),
            attrs.evolve(request, headers={**request.headers, name: "not base64!"}),
            attrs.evolve(request, headers={}),
        ]
        for other in others:
            assert shop.hook.pullpush_verify(connection=shop.connection, request=other) is False
        for key in ("", "no key"):
            bare = attrs.evolve(shop.connection, settings={**shop.connection.settings, "webhook_public_key": key})
            assert shop.hook.pullpush_verify(connection=bare, request=request) is False

    webhooks(scenario, ORDER)


def test_what_is_not_known_or_gone_is_no_event(webhooks):
    """And a body without an id says what to add."""

    async def scenario(shop, requests):
        (request,) = requests

        async def received(**change):
            return await shop.hook.pullpush_receive(connection=shop.connection, request=attrs.evolve(request, **change))

        assert list(await received(query={"event": "newsletter"})) == []
        assert list(await received(body=b'{"data": {"order": {"entity_id": "999"}}}')) == []
        for body in (b"{}", b"[]", b"<xml>"):
            with pytest.raises(FieldError):
                await received(body=body)

    webhooks(scenario, ORDER)
