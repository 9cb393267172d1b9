"""Access: a refresh token is used once, whoever needs it; what a refresh cannot mend says how to mend it."""

from __future__ import annotations

import asyncio
import logging

import pytest

from pullpush_sdk.errors import AccessRevokedError, AuthError
from pullpush_sdk.http import Call, FileTokenStore, MemoryTokenStore
from pullpush_sdk.testing.connections import connected

DAYS = 86400
INFO = Call(url="/store/info")


async def refreshes(w):
    return await w.asked("POST", "/oauth2/token")


@pytest.mark.parametrize("how", ["expire_tokens", "clock"])
def test_an_expired_token_is_renewed_and_kept(world, how):
    """One refresh for many requests at once; the new pair is stored, its life taken from the answer."""
    store = MemoryTokenStore()

    async def run():
        async with world(store=store, scale=1.0) as w:
            await w.connection.client.send(INFO)
            first = await store.load()
            if how == "clock":
                w.sandbox.control.clock.advance(15 * DAYS)
            else:
                w.change("expire_tokens")
            await asyncio.gather(*(w.connection.client.send(INFO) for _ in range(5)))
            second, used = await store.load(), await refreshes(w)
            # The stored expiry is read as a duration: shortly before its end the next one is fetched by itself.
            w.sandbox.control.clock.advance(14 * DAYS - 200)
            await w.connection.client.send(INFO)
            refused = [entry for entry in await w.asked() if entry["status"] == 401]
            return first, second, used, await refreshes(w), refused

    first, second, used, later, refused = asyncio.run(run())
    assert len(used) == 1
    assert second.refresh != first.refresh
    assert (second.expires_at - second.obtained_at).days == 13
    assert len(later) == 2
    assert len(refused) <= 5


def test_two_processes_share_one_refresh(world, loaded, tmp_path):
    """Two clients over one token file, both refused at once: the platform sees one refresh and revokes nothing."""

    async def run():
        path, keys = tmp_path / "token", [FileTokenStore.new_key()]
        async with (
            world(store=FileTokenStore(path, keys), scale=1.0) as w,
            connected(loaded, w.sandbox, store=FileTokenStore(path, keys)) as other,
        ):
            clients = [w.connection.client, other.client]
            await asyncio.gather(*(client.send(INFO) for client in clients))
            for _ in range(3):
                w.change("expire_tokens")
                await asyncio.gather(*(client.send(INFO) for client in clients * 3))
            return await refreshes(w)

    assert len(asyncio.run(run())) == 3


@pytest.mark.parametrize("status", ["400", "401"])
def test_a_refresh_token_that_is_gone_stops_and_says_who_must_act(world, status):
    """Both statuses that are reported mean the same: a person must authorise again."""

    async def run():
        async with world(extra={"refresh_reuse_status": status}, scale=1.0) as w:
            w.change("uninstall")
            await w.connection.client.send(INFO)

    with pytest.raises(AccessRevokedError, match="authorise"):
        asyncio.run(run())


@pytest.mark.parametrize(
    ("state", "language"), [("deleted", "en"), ("deleted", "ar"), ("inactive", "ar"), ("inactive", "en")]
)
def test_a_merchant_who_is_gone_is_no_expired_token(world, state, language):
    """No refresh is tried."""

    async def run():
        async with world(settings={"language": language}, scale=1.0) as w:
            w.change("user", state=state)
            with pytest.raises(AuthError) as caught:
                await w.connection.client.send(INFO)
            used = [e for e in w.sandbox.control.log.after(0) if "oauth2" in e["path"]]
            return caught.value, used

    error, used = asyncio.run(run())
    assert isinstance(error, AccessRevokedError)
    assert used == []


def test_a_missing_scope_is_named(world):
    """The answer is a 401 like that of an expired token; its words tell it apart, and no refresh is tried."""

    async def run():
        async with world(extra={"scopes": "settings.read offline_access"}, scale=1.0) as w:
            with pytest.raises(AuthError, match=r"products\.read") as caught:
                await w.pages("product")
            return caught.value, await refreshes(w)

    error, used = asyncio.run(run())
    assert "partner portal" in error.hint
    assert used == []


def test_no_secret_shows(world, caplog):
    """Not in logs of any level, not in reprs, not in errors, before and after a refresh."""
    caplog.set_level(logging.DEBUG)
    store = MemoryTokenStore()

    async def run():
        async with world(store=store, scale=1.0) as w:
            await w.pages("contact")
            w.change("expire_tokens")
            await w.pages("cart")
            token = await store.load()
            shown = [repr(w.connection), repr(w.connection.client), repr(w.connection.secrets), repr(token)]
            w.change("uninstall")
            with pytest.raises(AuthError) as caught:
                await w.pages("cart")
            shown += [str(caught.value), repr(caught.value), caught.value.answer]
            return [*w.sandbox.secrets.values(), token.access, token.refresh], "\n".join([*shown, caplog.text])

    secrets, shown = asyncio.run(run())
    assert len(set(secrets)) == 7
    assert "GET" in shown
    assert not [secret for secret in secrets if secret in shown]
