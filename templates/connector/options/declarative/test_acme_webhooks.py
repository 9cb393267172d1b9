"""Webhooks as Acme sent them, recorded with the samples: no account, no network."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

from pullpush_sdk.connector import WebhookRequest
from pullpush_sdk.plugins import load_plugins
from pullpush_sdk.testing.conformance import Subject

PLUGINS = load_plugins(only="acme")
CONNECTOR = PLUGINS.connector("acme").connector


def _recorded() -> Iterator[Mapping[str, Any]]:
    for file in CONNECTOR.manifest.samples.values():
        yield from json.loads((files("pullpush_acme") / file).read_text(encoding="utf-8")).get("webhooks", ())


def test_a_webhook_is_genuine_and_becomes_an_event() -> None:
    """With another body, the same signature is refused."""

    async def taken(hook: Mapping[str, Any]) -> None:
        subject = Subject.of(PLUGINS, "acme", secrets=hook["secrets"])
        async with subject.shop() as shop:
            ask = subject.loaded.hook
            assert ask.pullpush_verify(connection=shop.connection, request=_request(hook))
            assert not ask.pullpush_verify(connection=shop.connection, request=_request(hook, more=" "))
            events = await ask.pullpush_receive(connection=shop.connection, request=_request(hook))
            assert [event.type in CONNECTOR.webhooks for event in events] == [True]

    hooks = list(_recorded())
    assert hooks
    for hook in hooks:
        asyncio.run(taken(hook))


def _request(hook: Mapping[str, Any], more: str = "") -> WebhookRequest:
    headers = {name.lower(): text for name, text in hook["headers"].items()}
    body = f"{hook['body']}{more}".encode()
    return WebhookRequest(headers=headers, query=hook.get("query", {}), body=body, received_at=datetime.now(UTC))
