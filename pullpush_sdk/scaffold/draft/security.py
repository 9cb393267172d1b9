"""A document's security schemes as the auth section of a manifest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pullpush_sdk.openapi import snake

__all__ = ["auth_of_schemes"]

Json = Any
_Found = tuple[dict[str, Json], tuple[str, ...], dict[str, Json], str]
_PREFERRED = ("oauth2", "http", "apiKey", "basic")


def auth_of_schemes(schemes: Mapping[str, Mapping[str, Json]]) -> _Found:
    """Auth section, secrets, settings, and what a person must check (empty: nothing).

    Of several schemes OAuth 2 is taken first, then bearer and basic, then keys.
    """
    known = [(name, scheme) for name, scheme in schemes.items() if str(scheme.get("type")) in _PREFERRED]
    known.sort(key=lambda each: _PREFERRED.index(str(each[1]["type"])))
    for name, scheme in known:
        found = _of(scheme)
        if found is not None:
            others = ", ".join(other for other, _ in known if other != name)
            gap = found[3] or (f"the document also knows {others}" if others else "")
            return found[0], found[1], found[2], gap
    return (
        {"kind": "bearer", "token": "{{access_token}}"}, ("access_token",), {},
        "the document does not say how to sign in; a bearer token is a guess",
    )  # fmt: skip


def _of(scheme: Mapping[str, Json]) -> _Found | None:
    kind = scheme.get("type")
    if kind == "oauth2":
        return _oauth2(scheme)
    if kind == "basic" or (kind == "http" and str(scheme.get("scheme", "")).lower() == "basic"):
        basic = {"kind": "basic", "username": "{{username}}", "password": "{{password}}"}
        return basic, ("password",), {"username": {"type": "string", "title": "User name"}}, ""
    if kind == "http":
        guess = (
            ""
            if str(scheme.get("scheme", "")).lower() == "bearer"
            else f"the scheme {scheme.get('scheme')!r} is not known"
        )
        return {"kind": "bearer", "token": "{{access_token}}"}, ("access_token",), {}, guess
    place, header = scheme.get("in"), str(scheme.get("name") or "")
    if kind != "apiKey" or place not in ("header", "query") or not header:
        return None
    secret = snake(header) if snake(header) not in ("authorization", "token", "key") else "api_key"
    auth: dict[str, Json] = {"kind": "api_key", "key": f"{{{{{secret}}}}}", "place": {str(place): header}}
    return (
        auth,
        (secret,),
        {},
        f"does {header} hold the key alone, or a word before it?" if header == "Authorization" else "",
    )


def _oauth2(scheme: Mapping[str, Json]) -> _Found | None:
    flows = scheme.get("flows") if isinstance(scheme.get("flows"), Mapping) else {}
    assert isinstance(flows, Mapping)
    names = {"accessCode": "authorizationCode", "application": "clientCredentials"}
    if "flow" in scheme:
        flows = {names.get(str(scheme["flow"]), str(scheme["flow"])): scheme}
    for flow, grant in (("authorizationCode", "authorization_code"), ("clientCredentials", "client_credentials")):
        node = flows.get(flow)
        if not isinstance(node, Mapping):
            continue
        token, authorize = str(node.get("tokenUrl") or ""), str(node.get("authorizationUrl") or "")
        good = token.startswith("https://") and (grant != "authorization_code" or authorize.startswith("https://"))
        gap = "" if good else "its addresses are missing or relative in the document"
        auth: dict[str, Json] = {"kind": "oauth2", "grant": grant}
        if grant == "authorization_code":
            auth["authorize_url"] = authorize if good else "https://api.acme.example/oauth/authorize"
        auth["token_url"] = token if good else "https://api.acme.example/oauth/token"
        scopes = list(node["scopes"]) if isinstance(node.get("scopes"), Mapping) else []
        if scopes:
            auth["scopes"] = [str(scope) for scope in scopes[:40]]
        if grant == "authorization_code":
            auth["refresh_token"] = "{{refresh_token|}}"  # noqa: S105 - a template, not a secret
            return auth, ("client_id", "client_secret", "refresh_token"), {}, gap
        return auth, ("client_id", "client_secret"), {}, gap
    if flows:
        return (
            {"kind": "bearer", "token": "{{access_token}}"},
            ("access_token",),
            {},
            ("the document's OAuth 2 flow keeps no secret (implicit or password): a token is asked for instead"),
        )
    return None
