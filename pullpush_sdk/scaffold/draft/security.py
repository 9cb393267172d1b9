"""A document's security schemes as the auth section of a manifest."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urljoin

import attrs

from pullpush_sdk.openapi import snake

__all__ = ["NOWHERE", "Signing", "auth_of_schemes"]

Json = Any
_Found = tuple[dict[str, Json], tuple[str, ...], dict[str, Json], str]
_PREFERRED = ("oauth2", "http", "apiKey", "basic", "openIdConnect")
_BEARER: tuple[dict[str, Json], tuple[str, ...], dict[str, Json]] = (
    {"kind": "bearer", "token": "{{access_token}}"}, ("access_token",), {},
)  # fmt: skip
NOWHERE = "https://api.nowhere.example"
"""Stands for a host that a document does not name, until the connector's own name is known."""


@attrs.frozen(kw_only=True)
class Signing:
    """How requests are signed: the manifest's auth section, what a connection brings for it, keys that travel in
    further `headers`, and what a person must check (empty: nothing).
    """

    auth: dict[str, Json]
    secrets: tuple[str, ...] = ()
    settings: dict[str, Json] = attrs.field(factory=dict)
    headers: dict[str, str] = attrs.field(factory=dict)
    gap: str = ""


def auth_of_schemes(
    schemes: Mapping[str, Mapping[str, Json]], asked: Sequence[Sequence[str]] = (), base: str = ""
) -> Signing:
    """How the requests of a document are signed.

    `asked` are the alternatives that its requests take, each the schemes that are asked for together, the first one
    first. Where it does not say, OAuth 2 is taken first, then bearer and basic, then keys. Relative addresses of
    tokens stand below `base`.
    """
    known = {name: scheme for name, scheme in schemes.items() if str(scheme.get("type")) in _PREFERRED}
    alone = sorted(known, key=lambda name: _PREFERRED.index(str(known[name]["type"])))
    for names in (*asked, *((name,) for name in alone)):
        ordered = sorted((name for name in names if name in known), key=lambda name: _is_header_key(known[name]))
        for name in ordered:
            found = _of(known[name], base)
            if found is not None:
                beside = [other for other in names if other != name]
                return _together(found, {other: schemes.get(other, {}) for other in beside}, [*set(schemes) - {*names}])
    said = f"the document signs in by {', '.join(schemes)}, which no manifest can say; " if schemes else ""
    words = f"{said}a bearer token is a guess" if said else "the document does not say how to sign in; a bearer token is a guess"  # fmt: skip  # noqa: E501
    auth, secrets, settings = _BEARER
    return Signing(auth=auth, secrets=secrets, settings=settings, gap=words)


def _is_header_key(scheme: Mapping[str, Json]) -> bool:
    """Whether a scheme can travel beside another one."""
    return scheme.get("type") == "apiKey" and scheme.get("in") == "header"


def _together(found: _Found, beside: Mapping[str, Mapping[str, Json]], others: Sequence[str]) -> Signing:
    """A way to sign in with what is asked for together with it: keys in headers; what else it is, a person adds."""
    auth, secrets, settings, gap = found
    taken = str(auth.get("place", {}).get("header", "Authorization" if auth["kind"] != "api_key" else "")).lower()
    headers: dict[str, str] = {}
    left: list[str] = []
    for name, scheme in beside.items():
        header = str(scheme.get("name") or "")
        if not _is_header_key(scheme) or not re.fullmatch(r"[!-~]+", header) or header.lower() == taken:
            left.append(name)
            continue
        secret = snake(header) if snake(header) not in secrets else f"{snake(header)}_{len(secrets) + 1}"
        secrets = (*secrets, secret)
        headers[header] = f"{{{{{secret}}}}}"
    told = [f"{' and '.join(left)} is asked for together with it: where does it travel?"] if left else []
    known = [f"the document also knows {', '.join(sorted(others))}"] if others and not gap and not told else []
    return Signing(auth=auth, secrets=secrets, settings=settings, headers=headers,
                   gap="; ".join(filter(None, [*told, gap, *known])))  # fmt: skip


def _of(scheme: Mapping[str, Json], base: str) -> _Found | None:
    kind, word = scheme.get("type"), str(scheme.get("scheme") or "").lower()
    if kind == "oauth2":
        return _oauth2(scheme, base)
    if kind == "basic" or (kind == "http" and word == "basic"):
        basic = {"kind": "basic", "username": "{{username}}", "password": "{{password}}"}
        return basic, ("password",), {"username": {"type": "string", "title": "User name"}}, ""
    if kind == "http":
        return *_BEARER, "" if word == "bearer" else f"the scheme {scheme.get('scheme')!r} is not known"
    if kind == "openIdConnect":
        return *_BEARER, "the document signs in by OpenID Connect; where does the token come from?"
    return _key(scheme) if kind == "apiKey" else None


def _key(scheme: Mapping[str, Json]) -> _Found | None:
    """A key in a header or a query parameter; None for another place."""
    place, header = scheme.get("in"), str(scheme.get("name") or "")
    if place not in ("header", "query") or not re.fullmatch(r"[!-~]+", header):
        return None
    about = str(scheme.get("description") or "")
    if header.lower() == "authorization" and re.search(r"\bBearer\b", about):
        return *_BEARER, ""
    secret = snake(header) if snake(header) not in ("authorization", "token", "key") else "api_key"
    auth: dict[str, Json] = {"kind": "api_key", "key": f"{{{{{secret}}}}}", "place": {str(place): header}}
    words = "does Authorization hold the key alone, or a word before it?" if header.lower() == "authorization" else ""
    return auth, (secret,), {}, words


def _oauth2(scheme: Mapping[str, Json], base: str) -> _Found | None:
    given = scheme.get("flows")
    flows: Mapping[str, Json] = given if isinstance(given, Mapping) else {}
    names = {"accessCode": "authorizationCode", "application": "clientCredentials"}
    if "flow" in scheme:
        flows = {names.get(str(scheme["flow"]), str(scheme["flow"])): scheme}
    for flow, grant in (("authorizationCode", "authorization_code"), ("clientCredentials", "client_credentials")):
        node = flows.get(flow)
        if isinstance(node, Mapping):
            return _granted(node, grant, base)
    if flows:
        words = "the document's OAuth 2 flow keeps no secret (implicit or password): a token is asked for instead"
        return *_BEARER, words
    return None


def _granted(node: Mapping[str, Json], grant: str, base: str) -> _Found:
    given = str(node.get("tokenUrl") or ""), str(node.get("authorizationUrl") or "")
    token, authorize = (urljoin(base, each) if each.startswith("/") else each for each in given)
    good = _is_address(token) and (grant != "authorization_code" or _is_address(authorize))
    gap = "" if good else "its addresses are missing, relative or with placeholders in the document"
    auth: dict[str, Json] = {"kind": "oauth2", "grant": grant}
    if grant == "authorization_code":
        auth["authorize_url"] = authorize if good else f"{NOWHERE}/oauth/authorize"
    auth["token_url"] = token if good else f"{NOWHERE}/oauth/token"
    scopes = list(node["scopes"]) if isinstance(node.get("scopes"), Mapping) else []
    if scopes:
        auth["scopes"] = [str(scope) for scope in scopes[:40]]
    if len(scopes) > 1:
        gap = gap or "which of the scopes are needed?"
    if grant == "authorization_code":
        auth["refresh_token"] = "{{refresh_token|}}"  # noqa: S105 - a template, not a secret
        return auth, ("client_id", "client_secret", "refresh_token"), {}, gap
    return auth, ("client_id", "client_secret"), {}, gap


def _is_address(url: str) -> bool:
    """Whether it is a whole https address without placeholders."""
    return re.fullmatch(r"https://[A-Za-z0-9.-]+(:\d+)?(/[^\s{}<>]*)?", url) is not None
