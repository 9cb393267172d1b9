"""A manifest that misreads its platform fails against the emulator, for wire behaviour is not taken from it."""

import asyncio
import contextlib

import pytest
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from pullpush_sdk import WebhookRequest
from pullpush_sdk.errors import PullPushError
from pullpush_sdk.sandbox import serve
from pullpush_sdk.testing.conformance import LAWS, BrokenLawError, Effort, NotProvenError
from tests.emulator.shops import SHOPS, subject_of

WRONG = {
    "page parameter": ("harbor", "page_param: page,", "page_param: pg,"),
    "first page": ("harbor", "page_param: page,", "page_param: page, start: 0,"),
    "records path": ("harbor", "response: {records: data, total", "response: {records: items, total"),
    "total that counts a page": ("harbor", "total: meta.total", "total: meta.page"),
    "kind of paging": ("harbor", "{kind: page, page_param: page,", "{kind: offset, offset_param: offset,"),
    "path of a list": ("harbor", "list: {path: /products}", "list: {path: /items}"),
    "auth header": (
        "harbor",
        '{kind: bearer, token: "{{access_token}}"}',
        '{kind: api_key, key: "{{access_token}}", place: {header: X-Token}}',
    ),
    "auth scheme": (
        "harbor",
        '{kind: bearer, token: "{{access_token}}"}',
        '{kind: api_key, key: "{{access_token}}", place: {header: Authorization}}',
    ),
    "wrong credential": ("harbor", "{{access_token}}", "{{webhook_secret}}"),
    "signature header": ("harbor", "X-Harbor-Signature", "X-Hub-Signature"),
    "signature hash": ("harbor", "kind: hmac-sha256", "kind: hmac-sha512"),
    "signature encoding": ("harbor", 'prefix: "sha256="}', "encoding: base64}"),
    "event name": ("harbor", "path: X-Harbor-Event", "path: X-Harbor-Topic"),
    "body of a write": ("harbor", "body: {available: quantity}", "body: {on_hand: quantity}"),
    "path of a write": ("harbor", 'path: "/inventory/{{native.id}}"', 'path: "/inventories/{{native.id}}"'),
    "method of a write": (
        "harbor",
        'request: {method: PUT, path: "/inventory',
        'request: {method: POST, path: "/inventory',
    ),
    "stock field": (
        "harbor",
        "quantity: {path: available, transform: toNumberOrNull}",
        "quantity: {path: stock, transform: toNumberOrNull}",
    ),
    "cursor path": ("quay", "next_cursor: result.bookmark", "next_cursor: result.next"),
    "cursor parameter": ("quay", "cursor_param: bookmark", "cursor_param: cursor"),
    "token's header": ("quay", "header: X-Quay-Token", "header: Authorization"),
    "token's address": ("quay", "https://quay.example/oauth/token", "https://quay.example/oauth2/token"),
    "grant's credentials": (
        "quay",
        "grant: client_credentials",
        'grant: client_credentials\n  client_secret: "{{client_id}}"',
    ),
    "items of a bulk write": ("quay", "items_at: lines", "items_at: rows"),
    "place of item errors": ("quay", "item_errors: errors", "item_errors: failures"),
    "unit of a time filter": ("quay", "format: unix, overlap: 5}", "format: unix_ms, overlap: 5}"),
    "cursor of a connection": (
        "pier",
        "next_cursor: data.products.pageInfo.endCursor",
        "next_cursor: data.products.pageInfo.cursor",
    ),
    "argument of a query": ("pier", "products(first: $first, after: $after)", "products(first: $first, since: $after)"),
    "field of a query": ("pier", "node { id sku title price", "node { id code title price"),
    "token of a webhook": ("pier", "header: X-Pier-Token", "header: X-Pier-Secret"),
    "mutation": ("pier", "productCreate(input: $input)", "productAdd(input: $input)"),
}
CHOSEN = [law for law in LAWS if law.name not in ("source-comes-through-failures", "pair-comes-to-rest")]


class BrokenWebhookError(AssertionError):
    """A webhook of the platform was not believed, or not understood."""


async def webhooks_are_understood(subject):
    """Edit something while a receiver listens: every webhook is genuine to the connector and becomes an event."""
    if subject.loaded.connector.manifest.webhook is None:
        return
    came = []

    async def take(request):
        came.append((dict(request.headers), await request.body()))
        return Response()

    app = Starlette(routes=[Route("/hook", take, methods=["POST"])])
    async with serve(app) as address, subject.shop() as shop:
        shop.edit("subscribe", url=f"{address}/hook")
        kind, canonical = ("stock", "stocklevel") if shop.edits("stock") else ("product", "product")
        events, _ = await shop.sweep(canonical)
        shop.edit(kind, sku=events[0].record.sku, **({"quantity": 4} if kind == "stock" else {"title": "New"}))
        await shop.sandbox.control.outbox.flush()
        (sent,) = came
        request = WebhookRequest(headers=sent[0], query={}, body=sent[1], received_at=shop.clock.now())
        hook = subject.loaded.hook
        if not hook.pullpush_verify(connection=shop.connection, request=request):
            raise BrokenWebhookError("a webhook of the platform is taken for a forgery")
        heard = await hook.pullpush_receive(connection=shop.connection, request=request)
        if len(heard) != 1:
            raise BrokenWebhookError(f"one webhook became {len(heard)} events")
        (event,) = heard
        if getattr(event.record, "quantity" if kind == "stock" else "title") not in (4, "New"):
            raise BrokenWebhookError(f"the event says {event}")


class MissedRecordError(AssertionError):
    """Not every record of the platform was read."""


async def everything_is_read(subject):
    """A sweep brings as many records as the shop holds."""
    async with subject.shop(records=95) as shop:
        for canonical in subject.loaded.connector.reads:
            events, _ = await shop.sweep(canonical)
            if len({shop.identity(event) for event in events}) != 95:
                raise MissedRecordError(f"{len(events)} of 95 came")


def judge(subject):
    """Raises where the connector breaks a law, does not read all, or misunderstands a webhook."""
    asyncio.run(everything_is_read(subject))
    asyncio.run(webhooks_are_understood(subject))
    for law in CHOSEN:
        for kind in law.types(subject):
            with contextlib.suppress(NotProvenError):
                law.run(subject, kind, Effort(examples=2, seed=3))


@pytest.mark.parametrize("name", SHOPS)
def test_the_right_one_passes(name):
    subject = subject_of(name)  # the laws are tried elsewhere
    asyncio.run(everything_is_read(subject))
    asyncio.run(webhooks_are_understood(subject))


@pytest.mark.parametrize("defect", WRONG)
def test_a_wrong_one_fails(defect):
    name, old, new = WRONG[defect]
    wrong = subject_of(name, old, new)
    with pytest.raises((BrokenLawError, BrokenWebhookError, MissedRecordError, PullPushError)):
        judge(wrong)
