"""Secrets: declared as such, never written in clear, never where they are logged."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import attrs

from pullpush_sdk.errors import Problem
from pullpush_sdk.manifest import (
    ApiKeyAuth,
    BasicAuth,
    BearerAuth,
    ChoiceAuth,
    Manifest,
    OAuth1Auth,
    OAuth2Auth,
    placeholders,
)
from pullpush_sdk.manifest.sites import requests_of, ways_of
from pullpush_sdk.validate._case import Case
from pullpush_sdk.validate._python import python_files
from pullpush_sdk.validate.places import below, texts

_NAMED_SECRET = re.compile(
    r"(^|_|-)(token|secret|password|passwd|pwd|private_?key|api_?key|access_?key|client_secret|webhook_secret)$",
    re.IGNORECASE,
)
_CREDENTIALS: Mapping[type, tuple[str, ...]] = {
    BearerAuth: ("token",),
    ApiKeyAuth: ("key",),
    BasicAuth: ("password",),
    OAuth1Auth: ("consumer_secret", "token", "token_secret"),
    OAuth2Auth: ("client_secret", "access_token", "refresh_token"),
}
KNOWN_FORMS = re.compile(
    r"(?P<found>"
    r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}|gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{60,}"
    r"|sk_live_[0-9A-Za-z]{16,}|rk_live_[0-9A-Za-z]{16,}|AKIA[0-9A-Z]{16}|xox[abprs]-[0-9A-Za-z-]{20,}"
    r"|AIza[0-9A-Za-z_-]{35}|eyJ[A-Za-z0-9_-]{15,}\.eyJ[A-Za-z0-9_-]{15,}\.[A-Za-z0-9_-]{10,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----)"
)
_MAX_SCANNED = 1_000_000


def check(case: Case) -> Iterator[Problem]:
    """Declarations, uses, and a scan of every file that ships."""
    manifest = case.manifest
    if manifest is not None and manifest.origin == "manifest":
        yield from _undeclared(case, manifest)
        yield from _in_urls(case, manifest)
        yield from _unused(case, manifest)
    if case.document is not None:
        for text, path in texts(case.document.value):
            if KNOWN_FORMS.search(text):
                yield case.within(
                    "secrets-in-clear",
                    path,
                    "looks like a real credential",
                    "take it out, and revoke it: it has leaked",
                )
    yield from _scan_files(case)
    yield from _in_samples(case)


def _undeclared(case: Case, manifest: Manifest) -> Iterator[Problem]:
    properties = manifest.settings.get("properties", {})
    needed: dict[str, str] = {}
    for path, auth in ways_of(manifest.auth):
        for name in _CREDENTIALS.get(type(auth), ()):
            for each in placeholders(getattr(auth, name) or ""):
                needed.setdefault(each, f"{path}.{name}")
    verification = manifest.webhook.verification if manifest.webhook is not None else None
    if verification is not None:
        for each in placeholders(verification.secret):
            needed.setdefault(each, "$.webhook.verification.secret")
    for name, place in needed.items():
        if name in properties and name not in manifest.secrets:
            yield case.at(
                "secrets-undeclared", place, f"`{name}` is a credential and not among secrets", f"add {name} to secrets"
            )
    for name in properties:
        if name not in manifest.secrets and name not in needed and _NAMED_SECRET.search(name):
            path = below("$.settings.properties", name)
            yield case.at("secrets-undeclared", path, f"`{name}` looks like a credential", f"add {name} to secrets")


def _in_urls(case: Case, manifest: Manifest) -> Iterator[Problem]:
    secret = frozenset(manifest.secrets)
    for site in requests_of(manifest):
        for part in ("path", "params"):
            for name in sorted(placeholders(getattr(site.request, part)) & secret):
                yield case.at(
                    "secrets-in-url",
                    f"{site.path}.{part}",
                    f"the secret {{{{{name}}}}} travels in the address",
                    "send it in a header by auth: addresses are logged on the way",
                )


def _unused(case: Case, manifest: Manifest) -> Iterator[Problem]:
    document = attrs.asdict(attrs.evolve(manifest, secrets=(), settings={}, notes={}, samples={}))
    used = placeholders(document)
    python = case.python
    for index, name in enumerate(manifest.secrets):
        if name in used or name.startswith("previous_") or (python is not None and name in python.texts):
            continue
        if isinstance(manifest.auth, ChoiceAuth) and name == manifest.auth.by:
            continue
        yield case.at(
            "secrets-unused", f"$.secrets[{index}]", f"nothing uses the secret `{name}`", "remove it, or use {{name}}"
        )


def _scan_files(case: Case) -> Iterator[Problem]:
    folder = case.target.package
    if folder is None:
        return
    for file in _scanned(folder):
        try:
            with file.open("rb") as opened:
                text = opened.read(_MAX_SCANNED).decode("utf-8", "replace")
        except OSError:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            if KNOWN_FORMS.search(line):
                hint = "take it out, and revoke it: it has leaked"
                yield case.of_file("secrets-in-clear", file, "looks like a real credential", hint, line=number)


def _scanned(folder: Path) -> Iterator[Path]:
    yield from python_files(folder)
    for pattern in ("*.json", "*.md", "*.toml", ".env*"):
        for file in sorted(folder.rglob(pattern))[:200]:
            if file.is_file() and not file.is_symlink():
                yield file


def _in_samples(case: Case) -> Iterator[Problem]:
    for exchange in case.samples.exchanges:
        for name, value in exchange.headers.items():
            if name.lower() in {"authorization", "x-api-key", "cookie"} and not placeholders(value):
                yield case.at(
                    "secrets-in-sample",
                    below("$.samples", exchange.sample),
                    f"{exchange.place}: the header {name} holds a credential in clear",
                    "write {{setting}} in its place",
                )
