"""A connection to a sandbox in one line, for tests: a real server on loopback, the real client, no project file."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from pullpush_sdk.canonical import CanonicalTypes
from pullpush_sdk.clock import Clock, SystemClock
from pullpush_sdk.connector import Connection
from pullpush_sdk.http import Authenticator, Client, MemoryTokenStore, Redactor, Secret, TokenStore, authenticator_of
from pullpush_sdk.manifest import Manifest, render
from pullpush_sdk.plugins import LoadedConnector
from pullpush_sdk.sandbox import Sandbox, serve

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
) -> AsyncIterator[Connection]:
    """A connection of `loaded` to a served sandbox.

    `settings` and `secrets` are laid over those that the sandbox names; defaults of the settings schema apply. Where a
    person has to grant access and neither `store` nor a setting holds a token, a code is redeemed at the sandbox first.
    """
    manifest: Manifest = loaded.connector.manifest
    ticking = clock or SystemClock()
    hidden = {**sandbox.secrets, **(secrets or {})}
    values: dict[str, Any] = {**_defaults(manifest), **sandbox.settings, **(settings or {})}
    wrapped = {key: Secret(text) for key, text in hidden.items()}
    redactor = Redactor(hidden.values())
    lookup = {**values, **hidden}
    auth = authenticator_of(
        manifest.auth, {**values, **wrapped}, clock=ticking, redactor=redactor, store=store or MemoryTokenStore()
    )
    async with (
        serve(sandbox.app) as origin,
        Client(
            base_url=render(manifest.base_url, lookup),
            hosts=[render(host, lookup) for host in manifest.hosts],
            headers=render(dict(manifest.headers), lookup),
            auth=auth,
            limits=manifest.limits,
            redactor=redactor,
            clock=ticking,
            origin=origin,
            classify=loaded.connector.classify,
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


def _wants_consent(auth: Authenticator) -> bool:
    """Whether a person has to say yes first, as `pullpush auth` asks: the settings hold no token."""
    return auth.asks_a_person and auth.scheme.bootstrap() is None


def _defaults(manifest: Manifest) -> dict[str, Any]:
    properties = manifest.settings.get("properties", {})
    return {name: schema["default"] for name, schema in properties.items() if "default" in schema}
