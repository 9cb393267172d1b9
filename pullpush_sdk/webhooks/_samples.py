"""The sample webhooks of a connector: recorded ones first, then its emulator's, then those made from sample records.

Only a recorded one shows what the platform really sends; `origin` says which kind each is.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal

import attrs

from pullpush_sdk.canonical import CanonicalTypes
from pullpush_sdk.connector import WebhookRequest
from pullpush_sdk.declarative import decoded, event_name
from pullpush_sdk.emulator import WebhookSample, read_samples
from pullpush_sdk.errors import SetupError
from pullpush_sdk.manifest import Manifest, Webhook
from pullpush_sdk.mapping import Functions, read_path
from pullpush_sdk.plugins import LoadedConnector, own_functions

from ._emulated import emulated
from ._made import made

__all__ = ["Sample", "choose", "samples_of"]

Json = Any
Origin = Literal["recorded", "emulator", "made"]


@attrs.frozen(kw_only=True)
class Sample:
    """One webhook to send: `name` picks it, `event` is what the manifest calls it, empty where it has no name."""

    name: str
    event: str
    origin: Origin
    request: WebhookRequest


async def samples_of(
    loaded: LoadedConnector, *, types: CanonicalTypes, functions: Functions, wanted: str | None = None
) -> list[Sample]:
    """Every sample of a connector; where one is `wanted`, no further than until it is found: an emulator takes time.

    Raises:
        SetupError: the connector receives no webhooks.
        ManifestError: its samples are not good.
    """
    connector = loaded.connector
    manifest: Manifest | None = connector.manifest
    if not connector.webhooks:
        raise SetupError(f"connector {loaded.name!r} receives no webhooks", hint="it is read by its schedule alone")
    found: list[Sample] = []
    webhook = manifest.webhook if manifest is not None else None
    if manifest is not None:
        found = _recorded(manifest, connector.folder)
        if _is_there(found, wanted):
            return found
    for request in await emulated(loaded, types):
        event = _event_of(webhook, request)
        if all(each.event != event for each in found):
            found.append(
                Sample(name=event or f"emulator/{len(found) + 1}", event=event, origin="emulator", request=request)
            )
    if manifest is None or _is_there(found, wanted):
        return found
    known = {each.event for each in found}
    for event, request in made(manifest, connector.folder, types=types, functions=own_functions(functions, connector)):
        if event not in known:
            found.append(Sample(name=event, event=event, origin="made", request=request))
    return found


def choose(samples: Sequence[Sample], wanted: str, connector: str) -> Sample:
    """The sample of that name, else the first of that event.

    Raises:
        SetupError: there is none; names those there are.
    """
    for each in samples:
        if each.name == wanted:
            return each
    for each in samples:
        if each.event == wanted:
            return each
    known = list(dict.fromkeys(name for each in samples for name in (each.name, each.event) if name))
    near = difflib.get_close_matches(wanted, known, n=1)
    listed = ", ".join(each.name for each in samples) or "none"
    raise SetupError(
        f"connector {connector!r} has no sample webhook {wanted!r} (it has: {listed})",
        hint=f"did you mean {near[0]!r}?" if near else "record one: docs/reference/samples.md, or send a file: --file",
    )


def _is_there(samples: Sequence[Sample], wanted: str | None) -> bool:
    return wanted is not None and any(wanted in (each.name, each.event) for each in samples)


def _recorded(manifest: Manifest, folder: Any) -> list[Sample]:
    found = []
    for name, value in manifest.samples.items():
        webhooks = read_samples(attrs.evolve(manifest, samples={name: value}), folder).webhooks
        for number, each in enumerate(webhooks, 1):
            request = _request(each)
            event = _event_of(manifest.webhook, request)
            shown = name if len(webhooks) == 1 else f"{name}/{number}"
            found.append(Sample(name=shown, event=event, origin="recorded", request=request))
    return found


def _request(sample: WebhookSample) -> WebhookRequest:
    return WebhookRequest(
        headers=dict(sample.headers),
        query=dict(sample.query),
        body=sample.body.encode(),
        received_at=datetime.now(UTC),
    )


def _event_of(webhook: Webhook | None, request: WebhookRequest) -> str:
    """The event's name; of a batch, its first item's."""
    if webhook is None:
        return ""
    body = decoded(request)
    items = read_path(body, webhook.array_path) if webhook.array_path is not None and body is not None else None
    return event_name(webhook, request, items[0] if isinstance(items, list) and items else body)
