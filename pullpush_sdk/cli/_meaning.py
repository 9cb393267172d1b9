"""What a setting is for, where the settings' schema does not say: told by where the manifest uses it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pullpush_sdk.connector import Connector
    from pullpush_sdk.manifest import Manifest

_AUTH = {
    "token": "token that every request carries",
    "key": "key that every request carries",
    "username": "user name that requests sign in with",
    "password": "password that requests sign in with",
    "client_id": "id of the app that is granted access",
    "client_secret": "secret of the app that is granted access",
    "access_token": "access token to begin with",
    "refresh_token": "renews the access token",
    "exchange": "opens a session",
}
"""Field of an auth section to what it is for."""


def meaning(connector: Connector, name: str) -> str:
    """The schema's words for a setting or secret, else its uses in the manifest; empty where neither is there."""
    words = connector.settings.get("properties", {}).get(name, {})
    said = str(words.get("description") or words.get("title") or "")
    if said or connector.manifest is None:
        return said
    return "; ".join(dict.fromkeys(_uses(connector.manifest, name)))


def _uses(manifest: Manifest, name: str) -> Iterator[str]:
    import attrs

    from pullpush_sdk.manifest.sites import ways_of

    if name.startswith("previous_"):
        yield f"{name.removeprefix('previous_')} before it was changed, while both are in use"
    for _, way in ways_of(manifest.auth):
        for field in attrs.fields(type(way)):
            if _names(getattr(way, field.name), name):
                yield _AUTH.get(field.name, f"signs requests ({way.kind}, {field.name})")
    for header, value in manifest.headers.items():
        if _names(value, name):
            yield f"header {header} of every request"
    if _names(manifest.base_url, name):
        yield "part of the address of every request"
    webhook = manifest.webhook
    proofs = [] if webhook is None else [webhook.verification, *webhook.alternatives]
    if any(each is not None and _names(each.secret, name) for each in proofs):
        yield "proves that webhooks come from the platform"


def _names(value: Any, name: str) -> bool:
    import attrs

    from pullpush_sdk.manifest import placeholders

    return name in placeholders(attrs.asdict(value) if attrs.has(type(value)) else value)
