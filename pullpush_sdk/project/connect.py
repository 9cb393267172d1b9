"""Opening a connection: settings resolved, secrets wrapped, and the one client that may speak to the platform."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import attrs

from pullpush_sdk.clock import Clock, SystemClock
from pullpush_sdk.connector import Connection, Connector
from pullpush_sdk.http import Authenticator, Client, FileTokenStore, Redactor, Secret, scheme_of
from pullpush_sdk.manifest import Limits, Manifest, NoAuth, render
from pullpush_sdk.plugins import Plugins

from ._keys import token_keys
from ._model import ConnectionConfig, FlowConfig, Project
from ._settings import Settings, resolve_flow_settings, resolve_settings
from ._state import ensure_state_dir

Json = Any

_TOKENS = "tokens"

# A connector in plain Python that was given no base_url may still never call anything: .invalid leads nowhere.
_NOWHERE = "https://base-url-is-not-set.invalid"


@asynccontextmanager
async def open_connection(
    project: Project,
    name: str,
    plugins: Plugins,
    *,
    redactor: Redactor | None = None,
    clock: Clock | None = None,
    settings: Settings | None = None,
) -> AsyncIterator[Connection]:
    """The connection of that name, ready for its connector's hooks; closed on leaving.

    `settings` are the project's where they are not given. `redactor` learns every secret of it, also tokens that are
    renewed meanwhile. Nothing is sent by opening.

    Raises:
        ProjectError: a setting is not good; `problems` holds all findings.
        PluginError: its connector is not installed.
        SetupError: a URL or header made from the settings is not acceptable.
    """
    config = project.connection(name)
    connector = plugins.connector(config.connector).connector
    settings = settings or resolve_settings(project, config, connector)
    secrets = {each: Secret(text) for each, text in settings.secrets.items()}
    known = redactor if redactor is not None else Redactor()
    known.add(*secrets.values())
    time = clock or SystemClock()
    client = _client(project, config, connector, {**settings.values, **secrets}, redactor=known, clock=time)
    async with client:
        yield Connection(
            name=name,
            connector=connector,
            settings=settings.values,
            secrets=secrets,
            client=client,
            clock=time,
            types=plugins.types,
        )


def settings_of_flow(project: Project, flow: FlowConfig, connection: Connection) -> Connection:
    """The destination's connection as one flow sees it: settings of the flow's own over the same client.

    Raises:
        ProjectError: a setting is not good; `problems` holds all findings.
    """
    if not flow.destination_settings:
        return connection
    settings = resolve_flow_settings(project, flow, connection.connector)
    return attrs.evolve(connection, settings=settings.values, memo={})


def _client(
    project: Project,
    config: ConnectionConfig,
    connector: Connector,
    values: Mapping[str, Json | Secret],
    *,
    redactor: Redactor,
    clock: Clock,
) -> Client:
    manifest: Manifest | None = connector.manifest
    scheme = scheme_of(manifest.auth if manifest is not None else NoAuth(), values)
    store = _token_store(project, config) if scheme.uses_token else None
    auth = Authenticator(scheme, clock=clock, redactor=redactor, store=store)
    plain = {name: each.reveal() if isinstance(each, Secret) else each for name, each in values.items()}
    if manifest is None:
        base_url, hosts, headers, limits = str(plain.get("base_url") or config.sandbox or _NOWHERE), [], {}, Limits()
    else:
        hosts = [str(each) for each in render(list(manifest.hosts), plain, path="$.hosts")]
        # A session's answer names the base URL where the manifest has none; until then nothing relative is called.
        base_url = str(render(manifest.base_url, plain, path="$.base_url")) or _NOWHERE
        headers = {key: str(each) for key, each in render(dict(manifest.headers), plain, path="$.headers").items()}
        limits = manifest.limits
    return Client(
        base_url=base_url,
        auth=auth,
        limits=limits,
        redactor=redactor,
        hosts=hosts,
        headers=headers,
        clock=clock,
        origin=config.sandbox,
        classify=connector.classify,
        sign=connector.signer(values),
    )


def _token_store(project: Project, config: ConnectionConfig) -> FileTokenStore:
    """Where renewed tokens of the connection are kept."""
    return _token_file(project, ensure_state_dir(project) / _TOKENS / token_file_name(config))


def token_file_name(config: ConnectionConfig) -> str:
    """Where among the stored tokens that of a connection is; a sandbox's never mix with the platform's."""
    return f"{config.name}.sandbox" if config.sandbox else config.name


def _token_file(project: Project, path: Path) -> FileTokenStore:
    return FileTokenStore(path, lambda: [key.decode() for key in token_keys(project)])


def token_files(project: Project) -> list[tuple[str, FileTokenStore]]:
    """Every stored token, by the name of its file."""
    folder = project.state_dir / _TOKENS
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    return [(path.name, _token_file(project, path)) for path in found if path.suffix not in {".lock", ".tmp"}]
