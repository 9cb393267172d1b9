"""PullPush SDK: sync any commerce or business system with any other through canonical events.

The names below are what a connector author needs on day one. They are imported when first used, so that
`import pullpush_sdk` and `pullpush --help` stay light.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pullpush_sdk.batches import push_each
    from pullpush_sdk.canonical import UNSET, CanonicalType
    from pullpush_sdk.connector import (
        Connection,
        Connector,
        Delivery,
        Event,
        Finding,
        Location,
        Outcome,
        Page,
        Reject,
        Verb,
        WebhookRequest,
        outcome_of,
        version_of,
    )
    from pullpush_sdk.declarative import connector_from
    from pullpush_sdk.hookspecs import hookimpl

__version__ = "0.1.0"

_HOMES = {
    "UNSET": "canonical",
    "CanonicalType": "canonical",
    "Connection": "connector",
    "Connector": "connector",
    "Delivery": "connector",
    "Event": "connector",
    "Finding": "connector",
    "Location": "connector",
    "Outcome": "connector",
    "Page": "connector",
    "Reject": "connector",
    "Verb": "connector",
    "WebhookRequest": "connector",
    "connector_from": "declarative",
    "hookimpl": "hookspecs",
    "outcome_of": "connector",
    "push_each": "batches",
    "version_of": "connector",
}

__all__ = [
    "UNSET",
    "CanonicalType",
    "Connection",
    "Connector",
    "Delivery",
    "Event",
    "Finding",
    "Location",
    "Outcome",
    "Page",
    "Reject",
    "Verb",
    "WebhookRequest",
    "connector_from",
    "hookimpl",
    "outcome_of",
    "push_each",
    "version_of",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
