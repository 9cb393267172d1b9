"""How to sign in, from what was recorded: a token that an answer gave, the request that asked for it, its journey."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import attrs

from pullpush_sdk.openapi import snake

from .credentials import SECRET, fields_sent, plain_values

__all__ = ["SignIn", "carried", "signed_in"]

Json = Any
_GUESS = "no request shows how to sign in; a bearer token is a guess"
_OAUTH = frozenset({
    "grant_type", "client_id", "client_secret", "scope", "code", "redirect_uri", "refresh_token", "code_verifier",
    "state",
})  # fmt: skip
_PERSON = frozenset({"username", "user", "login", "email", "account", "client_id", "company", "tenant"})
_SHORTEST = 8
"""Characters from which a text is long enough that meeting it again is no chance."""


@attrs.frozen(kw_only=True)
class SignIn:
    """The auth section of a manifest, its secrets and settings, and what to check (empty: nothing).

    `at` is the number of the exchange that gave the `token`; None where none was recorded.
    """

    auth: Mapping[str, Json]
    secrets: Sequence[str] = ()
    settings: Mapping[str, Json] = attrs.field(factory=dict)
    gap: str = ""
    at: int | None = None
    token: str = attrs.field(default="", repr=False)


def signed_in(exchanges: Sequence[Json], visited: Sequence[str] = ()) -> SignIn | None:
    """The exchange of a credential for a token that later requests carry; None where none was recorded.

    `exchanges` still hold their credentials. `visited` are all recorded addresses: where a person granted access.
    """
    for number, exchange in enumerate(exchanges):
        request, body = exchange["request"], exchange["answer"].get("body")
        fields, encoding = fields_sent(request)
        fields = {str(name): value for name, value in fields.items()} or dict(
            parse_qsl(str(request["path"]).partition("?")[2])
        )
        if not isinstance(body, Mapping) or not 200 <= int(exchange["answer"].get("status") or 200) < 300:
            continue
        grant = str(fields.get("grant_type") or "")
        if grant in ("client_credentials", "authorization_code", "refresh_token") and "access_token" in body:
            found = _oauth2(exchange, exchanges, fields, encoding, visited)
            return attrs.evolve(found, at=number, token=str(body["access_token"]))
        given = _given(body, exchanges, exchange, sure=bool(grant))
        if given is not None and encoding and any(_is_credential(name) for name in fields):
            return attrs.evolve(_session(exchange, fields, encoding, given), at=number, token=given[2])
    return None


def _oauth2(
    exchange: Json, exchanges: Sequence[Json], fields: Mapping[str, Json], encoding: str, visited: Sequence[str]
) -> SignIn:
    body, address = exchange["answer"]["body"], _address(exchange)
    people = [each for each in visited if "response_type=code" in each]
    asked = dict(parse_qsl(urlsplit(people[0]).query)) if people else {}
    by_person = fields["grant_type"] != "client_credentials"
    auth: dict[str, Json] = {"kind": "oauth2", "grant": "authorization_code" if by_person else "client_credentials"}
    gap = ""
    if by_person:
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(address))
        auth["authorize_url"] = _secure(people[0].partition("?")[0]) if people else f"{origin}/oauth/authorize"
        gap = "" if people else "the recording does not show where a person grants access"
    auth["token_url"] = address
    scopes = str(fields.get("scope") or asked.get("scope") or "").split()
    auth |= {"scopes": scopes[:40]} if scopes else {}
    more = {name: str(value) for name, value in fields.items() if name not in _OAUTH and not SECRET.search(name)}
    auth |= {"token_params": more} if more else {}
    auth |= {"token_body": "json"} if encoding == "json" else {}
    header = _header(exchange["request"], "authorization")
    auth |= {"client_auth": "basic"} if header.lower().startswith("basic ") else {}
    auth |= {"pkce": True} if "code_verifier" in fields or "code_challenge" in asked else {}
    if by_person:
        auth["refresh_token"] = "{{refresh_token|}}"  # noqa: S105 - a template, not a secret
        fresh = body.get("refresh_token")
        rotates = fields["grant_type"] == "refresh_token" and fresh not in (None, fields.get("refresh_token"))
        auth |= {"rotates": True} if rotates else {}
    place = _place(str(body["access_token"]), exchanges)
    if place not in (None, {"header": "Authorization", "format": "Bearer {{token}}"}):
        auth["place"] = place
    secrets = ["client_id", "client_secret", *(["refresh_token"] if by_person else [])]
    return SignIn(auth=auth, secrets=secrets, gap=gap)


def _session(exchange: Json, fields: Mapping[str, Json], encoding: str, given: tuple[str, Json, str]) -> SignIn:
    """A token for a name and a password, or for whatever else was sent."""
    secrets, settings, sent = [], {}, {}
    for name, value in fields.items():
        setting = snake(name)
        if SECRET.search(name) and isinstance(value, str):
            secrets.append(setting)
        elif setting in _PERSON and isinstance(value, str):
            settings[setting] = {"type": "string", "title": setting.replace("_", " ").capitalize()}
        else:
            sent[name] = value
            continue
        sent[name] = f"{{{{{setting}}}}}"
    path, place, _ = given
    request = {
        "method": str(exchange["request"].get("method", "POST")).upper(),
        "path": _address(exchange),
        encoding: sent,
    }
    auth: dict[str, Json] = {"kind": "session", "exchange": request, "token": path}
    lasts = exchange["answer"]["body"].get("expires_in")
    auth |= {"ttl": lasts} if isinstance(lasts, int) and lasts > 0 else {}
    auth["place"] = place or {"header": "Authorization", "format": "Bearer {{token}}"}
    gap = "" if "ttl" in auth else "how long does a session last? then ttl, in seconds"
    return SignIn(auth=auth, secrets=secrets, settings=settings, gap=gap)


def _given(
    body: Mapping[str, Json], exchanges: Sequence[Json], own: Json, *, sure: bool
) -> tuple[str, Json, str] | None:
    """The path of the token that an answer gives, where later requests carry it (None where none does), itself."""
    others = [each for each in exchanges if each is not own]
    for place, value in plain_values(body):
        if isinstance(value, str) and len(value) >= _SHORTEST and all(_is_name(step) for step in place):
            found = _place(value, others)
            if found is not None:
                return ".".join(map(str, place)), found, value
    token = body.get("access_token")
    return ("access_token", None, token) if sure and isinstance(token, str) and token else None


def _place(token: str, exchanges: Sequence[Json]) -> Json | None:
    """Where requests carry a token, as a manifest has it; None where none does."""
    for each in exchanges:
        for name, value in (each["request"].get("headers") or {}).items():
            if token in str(value) and (SECRET.search(name) or name.lower().startswith("x-")):
                written = str(value).replace(token, "{{token}}")
                header = "Authorization" if name.lower() == "authorization" else name
                return {"header": header} | ({"format": written} if written != "{{token}}" else {})
        for name, value in parse_qsl(str(each["request"]["path"]).partition("?")[2]):
            if value == token and SECRET.search(name):
                return {"query": name}
    return None


def carried(exchanges: Sequence[Json]) -> SignIn:
    """What the requests carried, of exchanges whose credentials are placeholders."""
    for each in exchanges:
        for name, value in (each["request"].get("headers") or {}).items():
            is_authorization = name.lower() == "authorization"
            if is_authorization and value.startswith("Basic"):
                basic = {"kind": "basic", "username": "{{username}}", "password": "{{password}}"}
                user = {"username": {"type": "string", "title": "User name"}}
                return SignIn(auth=basic, secrets=("password",), settings=user)
            if is_authorization and value.startswith("Bearer"):
                return _bearer("does the token end? then it is oauth2")
            found = re.fullmatch(r"(\S+ )?\{\{(\w+)\}\}", value)
            if found is not None:
                place = {"header": name} | ({"format": f"{found[1]}{{{{token}}}}"} if found[1] else {})
                return _key(found[2], place)
    for each in exchanges:
        for name, value in parse_qsl(each["request"]["path"].partition("?")[2]):
            if re.fullmatch(r"\{\{\w+\}\}", value):
                return _key(value.strip("{}"), {"query": name})
    return _bearer(_GUESS)


def _bearer(gap: str) -> SignIn:
    return SignIn(auth={"kind": "bearer", "token": "{{access_token}}"}, secrets=("access_token",), gap=gap)


def _key(secret: str, place: Mapping[str, str]) -> SignIn:
    return SignIn(auth={"kind": "api_key", "key": f"{{{{{secret}}}}}", "place": dict(place)}, secrets=(secret,))


def _is_credential(name: str) -> bool:
    return SECRET.search(name) is not None or snake(name) in _PERSON


def _is_name(step: str | int) -> bool:
    return isinstance(step, str) and re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*", step) is not None


def _header(request: Mapping[str, Json], wanted: str) -> str:
    headers = request.get("headers") or {}
    return next((str(value) for name, value in headers.items() if name.lower() == wanted), "")


def _address(exchange: Json) -> str:
    return _secure(str(exchange["request"]["path"]).partition("?")[0])


def _secure(address: str) -> str:
    return f"https{address[4:]}" if address.startswith("http:") else address
