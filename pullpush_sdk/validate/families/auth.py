"""How requests prove who they are."""

from __future__ import annotations

from collections.abc import Iterator

from pullpush_sdk.errors import Problem
from pullpush_sdk.manifest import ApiKeyAuth, Manifest, NoAuth, OAuth2Auth, SessionAuth, doubled_words
from pullpush_sdk.manifest.sites import ways_of
from pullpush_sdk.validate._case import Case
from pullpush_sdk.validate.places import value_at

_HOUR = 3600.0
_DAY = 86_400.0


def check(case: Case) -> Iterator[Problem]:
    """Credentials that are used, renewed in time, and tried by a check."""
    manifest = case.manifest
    if manifest is None or manifest.origin != "manifest":
        return
    if isinstance(manifest.auth, NoAuth) and manifest.secrets and not _signs_webhooks_only(manifest):
        yield case.at(
            "auth-none",
            "$.auth" if _wrote(case, "auth") else "$",
            "secrets are asked for, and no request carries one",
            'add auth: {kind: bearer, token: "{{name}}"}',
        )
    if manifest.check is None and not _has_hook(case, "pullpush_check"):
        yield case.at("auth-check", "$", "no `check`: nothing tries the credentials", "add check: {request: {path: …}}")
    for path, word in doubled_words(manifest.auth, manifest.settings.get("properties", {})):
        yield case.at(
            "auth-scheme-twice", path, f"`{word}` is sent twice before the credential", f"take one `{word}` away"
        )
    for path, auth in ways_of(manifest.auth):
        if isinstance(auth, OAuth2Auth):
            yield from _oauth2(case, path, auth)
        if isinstance(auth, SessionAuth) and auth.expires is None and auth.ttl > _DAY:
            yield case.at(
                "auth-session-ttl",
                f"{path}.ttl",
                f"a session is used for {auth.ttl / _HOUR:.0f} hours",
                "state the platform's own life of a session",
            )
        if isinstance(auth, SessionAuth) and not _wrote_ttl(case, path, auth):
            yield case.at(
                "auth-session-ttl",
                path,
                f"how long a session lasts is not said: it is taken for {auth.ttl / 60:.0f} minutes",
                "ttl: the seconds of the platform's documentation, or expires: the path of the answer",
            )
        if isinstance(auth, ApiKeyAuth | OAuth2Auth | SessionAuth) and auth.place.query is not None:
            yield case.at(
                "auth-key-in-url",
                f"{path}.place",
                "the key travels in the address, where proxies log it",
                "send it in a header where the platform allows it",
            )


def _oauth2(case: Case, path: str, auth: OAuth2Auth) -> Iterator[Problem]:
    if auth.grant == "authorization_code" and not auth.scopes and "scope" not in auth.authorize_params:
        yield case.at("auth-scopes", path, "no scopes are asked for", "name the least that the requests need")


def _wrote_ttl(case: Case, path: str, auth: SessionAuth) -> bool:
    """Whether the document states the life of a session; what is read from another form states what it can."""
    if auth.expires is not None or case.document is None:
        return True
    keys = [part for part in path.removeprefix("$.").split(".") if part]
    found = value_at(case.document.value, *keys)
    return not isinstance(found, dict) or "ttl" in found


def _signs_webhooks_only(manifest: Manifest) -> bool:
    from pullpush_sdk.manifest import placeholders  # noqa: PLC0415

    verification = manifest.webhook.verification if manifest.webhook is not None else None
    signed = placeholders(verification.secret) if verification is not None else frozenset()
    in_headers = placeholders(dict(manifest.headers))
    return set(manifest.secrets) <= {*signed, *in_headers} or bool(in_headers & set(manifest.secrets))


def _wrote(case: Case, key: str) -> bool:
    return case.document is not None and isinstance(case.document.value, dict) and key in case.document.value


def _has_hook(case: Case, name: str) -> bool:
    return case.python is not None and any(each.name == name for each in case.python.hooks)
