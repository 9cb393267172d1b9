"""A shop that sends its webhooks to a server on this machine, and what arrived there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import parse_qsl

import attrs
from starlette.types import Receive, Scope, Send

from pullpush_sdk.connector import Event, WebhookRequest
from pullpush_sdk.sandbox import ChangeError, serve

from ._journal import note
from ._law import broken, not_proven
from ._subject import Shop, Subject

__all__ = ["Ear", "listening"]

Json = Any
_FLUSHES = 3
"""Retries of the platform that are waited for."""


@attrs.define(kw_only=True)
class Ear:
    """A shop and the webhooks of it that arrived so far, as they came."""

    shop: Shop
    requests: list[WebhookRequest]

    async def after(self, kind: str, **values: Json) -> list[WebhookRequest]:
        """The webhooks that an edit caused; none where the shop cannot play it."""
        before = len(self.requests)
        self.shop.clock.advance(1)
        with suppress(ChangeError):
            self.shop.edit(kind, **values)
        await self.flushed()
        return self.requests[before:]

    async def flushed(self) -> None:
        """Let everything out that waits in the shop."""
        outbox = self.shop.sandbox.control.outbox
        assert outbox is not None
        for _ in range(_FLUSHES):
            await outbox.flush()

    def genuine(self, request: WebhookRequest) -> bool:
        """Whether the connector believes a request."""
        hook = self.shop.subject.loaded.hook
        return hook.pullpush_verify(connection=self.shop.connection, request=request) is True

    async def events(self, request: WebhookRequest) -> Sequence[Event]:
        """What the connector makes of a request."""
        note(f"a webhook arrives: {request.body[:100].decode(errors='replace')}")
        found = self.shop.subject.loaded.hook.pullpush_receive(connection=self.shop.connection, request=request)
        return [] if found is None else list(await found)


@asynccontextmanager
async def listening(subject: Subject, *, seed: int = 0, records: int | None = None) -> AsyncIterator[Ear]:
    """A shop whose webhooks arrive.

    They are asked for by the connector's own subscription, else by the sandbox's edit `subscribe`, else by the switch
    that the subject names.

    Raises:
        NotProvenError: the sandbox sends none.
    """
    requests: list[WebhookRequest] = []
    moment: list[Shop] = []

    async def listen(scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        requests.append(
            WebhookRequest(
                headers={name.decode("latin-1").lower(): text.decode("latin-1") for name, text in scope["headers"]},
                query=_query(scope["query_string"].decode("latin-1")),
                body=body,
                received_at=moment[0].clock.now(),
            )
        )
        # Some platforms read the answer: an object is what each of them takes.
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": b'{"op": "success"}'})

    async with serve(listen) as address:
        url = f"{address}/hook"
        switches = await _needed_switches(subject, url)
        properties = subject.loaded.connector.settings.get("properties", {})
        if subject.webhook_switch in properties:  # some signatures cover the address that webhooks are sent to
            subject = attrs.evolve(subject, settings={**subject.settings, subject.webhook_switch: url})
        async with subject.shop(seed=seed, records=records, switches=switches) as shop:
            moment.append(shop)
            if not switches:
                await _subscribed(shop, url)
            if shop.sandbox.control.outbox is None:
                not_proven("the sandbox sends no webhooks")
            yield Ear(shop=shop, requests=requests)


async def _needed_switches(subject: Subject, url: str) -> Mapping[str, str]:
    asked = ("subscribes",)
    if asked not in subject.learned:
        async with subject.shop(records=0) as shop:
            subject.learned[asked] = bool(_subscription(shop, url) or "subscribe" in shop.sandbox.control.changes)
    return {} if subject.learned[asked] else {subject.webhook_switch: url}


def _subscription(shop: Shop, url: str) -> Json:
    """The connector's own subscription, begun but not awaited; None where it has none."""
    asked = shop.subject.loaded.hook.pullpush_subscribe(connection=shop.connection, url=url)
    if asked is not None:
        asked.close()
    return asked


async def _subscribed(shop: Shop, url: str) -> None:
    asked = shop.subject.loaded.hook.pullpush_subscribe(connection=shop.connection, url=url)
    if asked is None:
        shop.edit("subscribe", url=url)
        return
    for finding in await asked:
        if not finding.ok:
            broken(f"the subscription says: {finding.message}")


def _query(text: str) -> Mapping[str, str]:
    return dict(parse_qsl(text, keep_blank_values=True))
