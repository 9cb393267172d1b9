"""Easy mode: an installation brings its tokens by webhook, and by nothing else."""

from __future__ import annotations

import asyncio
import json

from pullpush_sdk.connector import WebhookRequest
from pullpush_sdk.declarative import brings_token
from pullpush_sdk.errors import AccessRevokedError, SetupError
from pullpush_sdk.http import Call, MemoryTokenStore

INFO = Call(url="/store/info")
NO_TOKENS = {"access_token": "", "refresh_token": ""}


async def deliver(w, receiver):
    """Everything that the platform posted goes through the connector; how many events it became."""
    await w.sandbox.control.outbox.flush()
    count = 0
    for headers, body in receiver.posts:
        request = WebhookRequest(headers=headers, query={}, body=body, received_at=w.connection.clock.now())
        assert w.loaded.hook.pullpush_verify(connection=w.connection, request=request)
        assert brings_token(w.loaded.connector.manifest.webhook, request) == (b"app.store.authorize" in body)
        count += len(await w.loaded.hook.pullpush_receive(connection=w.connection, request=request))
    receiver.posts.clear()
    return count


def test_an_installation_authorises_the_connection(world, address, receiver):
    """Before it nothing goes; after it everything does, and the stored token is renewed like any other."""
    store = MemoryTokenStore()

    async def run():
        extra = {"webhooks": "manual", "app_webhook_url": address}
        async with world(extra=extra, secrets=NO_TOKENS, store=store, scale=1.0) as w:
            try:
                await w.connection.client.send(INFO)
            except SetupError as error:
                before = error
            w.change("authorize")
            events = await deliver(w, receiver)
            answer = await w.connection.client.send(INFO)
            first = await store.load()
            w.sandbox.control.clock.advance(14 * 86400 - 60)
            await w.connection.client.send(INFO)
            return before, events, answer.status, first, await store.load()

    before, events, status, first, second = asyncio.run(run())
    assert "never authorised" in str(before)
    assert events == 0
    assert status == 200
    assert 13.9 < (first.expires_at - first.obtained_at).total_seconds() / 86400 < 14.1
    assert second.refresh != first.refresh


def test_a_copy_of_the_authorisation_that_comes_late_revokes_nothing(world, address, receiver):
    """Salla tries a delivery three times: the refresh token in it was used since and must not be used again."""
    store = MemoryTokenStore()

    async def run():
        extra = {"webhooks": "manual", "app_webhook_url": address}
        async with world(extra=extra, secrets=NO_TOKENS, store=store, scale=1.0) as w:
            w.change("authorize")
            await w.sandbox.control.outbox.flush()
            copies = list(receiver.posts)
            await deliver(w, receiver)
            w.sandbox.control.clock.advance(14 * 86400 - 60)
            await w.connection.client.send(INFO)
            renewed = await store.load()
            receiver.posts.extend(copies)
            await deliver(w, receiver)
            w.change("expire_tokens")
            return renewed, await store.load(), (await w.connection.client.send(INFO)).status

    renewed, kept, status = asyncio.run(run())
    assert kept == renewed
    assert status == 200


def test_an_uninstalled_app_says_so_and_a_new_installation_heals_it(world, address, receiver):
    """The event is no event of a record; the next request stops the connection with the mend; the store's new tokens
    win over those in the settings.
    """
    store = MemoryTokenStore()

    async def run():
        extra = {"webhooks": "manual", "app_webhook_url": address}
        async with world(extra=extra, store=store, scale=1.0) as w:
            await w.connection.client.send(INFO)
            w.change("uninstall")
            events = await deliver(w, receiver)
            try:
                await w.connection.client.send(INFO)
            except AccessRevokedError as error:
                stopped = error
            w.sandbox.control.clock.advance(60)
            w.change("authorize")
            events += await deliver(w, receiver)
            return events, stopped, (await w.connection.client.send(INFO)).status

    events, stopped, status = asyncio.run(run())
    assert events == 0
    assert "authorise" in stopped.hint
    assert status == 200


def test_tokens_are_shown_nowhere(world, caplog):
    """Neither in an error about the body nor in the log."""

    async def run():
        async with world(secrets=NO_TOKENS, store=MemoryTokenStore()) as w:
            body = {"event": "app.store.authorize", "data": {"refresh_token": "top-secret-r", "expires": 1}}
            request = WebhookRequest(
                headers={}, query={}, body=json.dumps(body).encode(), received_at=w.connection.clock.now()
            )
            try:
                await w.loaded.hook.pullpush_receive(connection=w.connection, request=request)
            except Exception as error:
                return f"{error!r} {error}"
        return ""

    shown = asyncio.run(run())
    assert "access_token" in shown
    assert "top-secret" not in shown + caplog.text
