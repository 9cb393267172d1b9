"""A connection to a sandbox in one line, for tests: a real server on loopback, the real client, no project file."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from pullpush_sdk.canonical import CanonicalTypes
from pullpush_sdk.clock import Clock, SystemClock
from pullpush_sdk.connector import Connection, Connector
from pullpush_sdk.http import Authenticator, Client, MemoryTokenStore, Redactor, Secret, TokenStore, authenticator_of
from pullpush_sdk.manifest import Limits, Manifest, NoAuth, render
from pullpush_sdk.plugins import LoadedConnector
from pullpush_sdk.sandbox import Sandbox, serve

from .in_memory import InMemory

__all__ = ["connected"]

_CALLBACK = "http://127.0.0.1/callback"


@asynccontextmanager
async def connected(
    loaded: LoadedConnector,
    sandbox: Sandbox,
    *,
    name: str = "shop",
    types: CanonicalTypes | None = None,
    settings: Mapping[str, Any] | None = None,
    secrets: Mapping[str, str] | None = None,
    clock: Clock | None = None,
    store: TokenStore | None = None,
    served: bool = True,
) -> AsyncIterator[Connection]:
    """A connection of `loaded` to a served sandbox; without `served` to its app in this event loop, see `in_memory`.

    `settings` and `secrets` are laid over those that the sandbox names; defaults of the settings schema apply. A
    connector without a manifest calls its setting `base_url`, else the sandbox. Where a person has to grant access and
    neither `store` nor a setting holds a token, a code is redeemed at the sandbox first.
    """
    manifest: Manifest | None = loaded.connector.manifest
    ticking = clock or SystemClock()
    hidden = {**sandbox.secrets, **(secrets or {})}
    values: dict[str, Any] = {**_defaults(loaded.connector), **sandbox.settings, **(settings or {})}
    wrapped = {key: Secret(text) for key, text in hidden.items()}
    redactor = Redactor(hidden.values())
    lookup = {**values, **hidden}
    auth = authenticator_of(
        NoAuth() if manifest is None else manifest.auth,
        {**values, **wrapped},
        clock=ticking,
        redactor=redactor,
        store=store or MemoryTokenStore(),
    )
    async with (
        _reached(sandbox, served=served) as (origin, wire),
        Client(
            base_url=str(values.get("base_url") or origin) if manifest is None else render(manifest.base_url, lookup),
            hosts=() if manifest is None else [render(host, lookup) for host in manifest.hosts],
            headers=None if manifest is None else render(dict(manifest.headers), lookup),
            auth=auth,
            limits=Limits() if manifest is None else manifest.limits,
            redactor=redactor,
            clock=ticking,
            origin=origin,
            classify=loaded.connector.classify,
            wire=wire,
            sign=loaded.connector.signer({**values, **wrapped}),
        ) as client,
    ):
        if store is None and _wants_consent(auth):
            asked = client.authorization(_CALLBACK)
            await client.authorize(asked, {"state": asked.state, "code": "sandbox"})
        yield Connection(
            name=name,
            connector=loaded.connector,
            settings=values,
            secrets=wrapped,
            client=client,
            clock=ticking,
            types=types or CanonicalTypes(),
        )


@asynccontextmanager
async def _reached(sandbox: Sandbox, *, served: bool) -> AsyncIterator[tuple[str, InMemory | None]]:
    """The address of a sandbox, and what takes the place of connections to it, if anything does."""
    if not served:
        wire = InMemory(sandbox.app)
        yield wire.origin, wire
        return
    async with serve(sandbox.app) as origin:
        yield origin, None


def _wants_consent(auth: Authenticator) -> bool:
    """Whether a person has to say yes first, as `pullpush auth` asks: the settings hold no token."""
    return auth.asks_a_person and auth.scheme.bootstrap() is None


def _defaults(connector: Connector) -> dict[str, Any]:
    properties = connector.settings.get("properties", {})
    return {name: schema["default"] for name, schema in properties.items() if "default" in schema}
