"""A connector from its manifest: who it is and what it does are computed from the document, never said twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from importlib.resources import as_file, files
from typing import Any

import attrs

from pullpush_sdk.connector import Connector
from pullpush_sdk.errors import PullPushError
from pullpush_sdk.http import Answer, Call
from pullpush_sdk.manifest import Manifest, Push, Resource, load

from ._refusals import judge_of


def connector_from(
    package: str | None,
    *,
    manifest: str = "connector.yaml",
    functions: Mapping[str, Callable[..., Any]] | None = None,
    classify: Callable[[Answer], PullPushError | None] | None = None,
    sign: Callable[[Call, Mapping[str, Any], datetime], Call] | None = None,
    refused: Mapping[str, str] | None = None,
) -> Connector:
    """The connector that the manifest beside a package's modules describes.

    Args:
        package: the package that holds the file; a hook module passes `__package__`.
        manifest: the file's name.
        functions: its own mapping functions by bare name; maps call them `connector:name`.
        classify: sees every answer first and may name the error that it stands for.
        sign: signs every try of every request: `sign(call, values, now)` gives `call.signed(headers, params)`.
        refused: canonical type to the reason why it is neither read nor written.

    Raises:
        ManifestError: the document is not good; every finding with file, line and path.
    """
    if package is None:
        raise ValueError("connector_from needs the package that holds the manifest, e.g. __package__")
    with as_file(files(package) / manifest) as path:
        loaded = load(path)
        folder = path.parent
    connector = connector_of(
        loaded.manifest, functions=functions or {}, classify=classify, sign=sign, refused=refused or {}
    )
    return attrs.evolve(connector, locate=loaded.located, folder=folder)


def connector_of(
    manifest: Manifest,
    *,
    functions: Mapping[str, Callable[..., Any]] | None = None,
    classify: Callable[[Answer], PullPushError | None] | None = None,
    sign: Callable[[Call, Mapping[str, Any], datetime], Call] | None = None,
    refused: Mapping[str, str] | None = None,
) -> Connector:
    """The connector of a manifest that is already in memory."""
    connector = Connector(
        name=manifest.name,
        title=manifest.title,
        version=manifest.version,
        settings=manifest.settings,
        secrets=manifest.secrets,
        docs=manifest.docs,
        refused=refused or {},
        functions=functions or {},
        classify=judge_of(manifest.refusals, classify),
        sign=sign,
        manifest=manifest,
    )
    return with_abilities(connector, frozenset())


def with_abilities(connector: Connector, own: frozenset[str]) -> Connector:
    """The connector with what it can do: what its manifest declares, where a declared part without requests counts
    only if the connector's module implements the hook (`own` names those) that carries it out.
    """
    manifest: Manifest = connector.manifest
    reads = {
        resource.canonical_type
        for resource in manifest.resources.values()
        if resource.list is not None or "pullpush_pull" in own
    }
    snapshots = {
        resource.canonical_type
        for resource in manifest.resources.values()
        if resource.snapshot and (resource.list is not None or "pullpush_snapshot" in own)
    }
    writes = {name for name, push in manifest.push.items() if is_generic(push) or "pullpush_push" in own}
    handlers = manifest.webhook.handlers.values() if manifest.webhook is not None else ()
    received = {handler.canonical_type for handler in handlers}
    if received and manifest.webhook is not None and manifest.webhook.customer is not None:
        received.add("contact")
    return attrs.evolve(
        connector,
        reads=frozenset(reads),
        writes=frozenset(writes),
        snapshots=frozenset(snapshots),
        webhooks=frozenset(received),
        batch={name: push.batch for name, push in manifest.push.items()},
        index_lag={name: push.index_lag for name, push in manifest.push.items() if push.index_lag},
        matches={name: frozenset(push.find_by) for name, push in manifest.push.items() if push.find_by},
    )


def is_generic(push: Push) -> bool:
    """Whether the manifest says by itself how to write the type."""
    return any((push.create, push.update, push.bulk))


def resources_of(manifest: Manifest, canonical_type: str) -> list[Resource]:
    """The resources that the manifest itself can read for a type, in the document's order."""
    return [
        resource
        for resource in manifest.resources.values()
        if resource.canonical_type == canonical_type and resource.list is not None and resource.enabled
    ]
