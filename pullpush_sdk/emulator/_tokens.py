"""Exchanges of credentials for tokens: as recorded, else by the standard that the manifest names."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import attrs

from pullpush_sdk.manifest import (
    ApiKeyAuth,
    BasicAuth,
    BearerAuth,
    Manifest,
    OAuth1Auth,
    OAuth2Auth,
    SessionAuth,
    auth_of,
    render,
)
from pullpush_sdk.samples import Asked, Exchange
from pullpush_sdk.sandbox import SandboxClock

from ._answers import Reply
from ._credentials import Credentials, Demand, leaf_names
from ._fallback import base_path_of
from ._findings import NotProven
from ._inputs import Where, instant_of, is_placeholder, number_of
from ._leaves import leaves, put
from ._moments import like
from ._places import place_of

__all__ = ["StandardExchange", "auth_demands", "gives_tokens", "recorded_exchange", "standard_exchange"]

Json = Any
_LIVES = ("expires_in", "expiresIn", "ttl")
_LIFE = 1_800.0  # seconds of a token whose recorded end lies in the past


def gives_tokens(exchange: Exchange) -> bool:
    """Whether an answer hands out credentials."""
    return exchange.ok and bool(leaf_names(exchange.body))


def recorded_exchange(exchange: Exchange, credentials: Credentials, clock: SandboxClock) -> Reply:
    """A recorded answer with new tokens where the recorded ones stood, good for as long as it says."""
    body = exchange.body
    lives = [number_of(leaf) for place, leaf in leaves(body) if place and place[-1] in _LIVES]
    life = next((float(each) for each in lives if each is not None), None)
    for place, name in leaf_names(body).items():
        body = put(body, place, credentials.issue(name, None if "refresh" in name else life))
    for place, leaf in list(leaves(body)):
        if place and instant_of(leaf, str(place[-1])) is not None:
            body = put(body, place, like(leaf, clock.now() + timedelta(seconds=life or _LIFE)))
    return Reply(status=exchange.status, headers=exchange.answer_headers, body=body)


@attrs.frozen(kw_only=True)
class StandardExchange:
    """An exchange that nobody recorded, as its standard or the manifest says."""

    method: str
    path: str
    answer: Callable[[Asked], Reply]


def standard_exchange(
    manifest: Manifest, values: Mapping[str, Json], credentials: Credentials, names: Sequence[str]
) -> tuple[StandardExchange | None, list[NotProven]]:
    """The exchange by which a connection of this manifest gets its tokens; `names` are what requests call them."""
    auth = auth_of(manifest.auth, _with_defaults(manifest, values))
    finding = NotProven(
        code="token-exchange",
        what="how tokens are given",
        why="no sample answers with a {{token}}",
        record="record the token request, with {{…}} for what it gives",
    )
    if isinstance(auth, OAuth2Auth):
        path = urlsplit(str(render(auth.token_url, dict(values)))).path
        # A renewed token stands where the setting's stood, and samples call it by the setting's name.
        called = [*names, *Demand(template=auth.access_token or "").names]
        return StandardExchange(
            method="POST", path=path, answer=lambda asked: _oauth2(auth, values, credentials, asked, called)
        ), [finding]
    if isinstance(auth, SessionAuth):
        parts = urlsplit(str(render(auth.exchange.path, dict(values))))
        path = parts.path if parts.netloc else f"{base_path_of(manifest, values)}/{parts.path.lstrip('/')}"
        return StandardExchange(
            method=auth.exchange.method,
            path=path,
            answer=lambda asked: _session(auth, values, credentials, asked, names),
        ), [finding]
    return None, []


def _with_defaults(manifest: Manifest, values: Mapping[str, Json]) -> dict[str, Json]:
    properties = manifest.settings.get("properties", {})
    return {name: each["default"] for name, each in properties.items() if "default" in each} | dict(values)


def _oauth2(
    auth: OAuth2Auth, values: Mapping[str, Json], credentials: Credentials, asked: Asked, names: Sequence[str]
) -> Reply:
    """RFC 6749, sections 4.4, 5 and 6."""
    sent = asked.sent if isinstance(asked.sent, Mapping) else {}
    wanted = (str(render(auth.client_id, dict(values))), str(render(auth.client_secret, dict(values))))
    scheme, _, encoded = asked.headers.get("authorization", "").partition(" ")
    given = (str(sent.get("client_id", "")), str(sent.get("client_secret", "")))
    if scheme.lower() == "basic":
        try:
            name, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            name = secret = ""
        given = (name, secret)
    if given != wanted:
        return Reply(status=401, body={"error": "invalid_client"})
    grant, refresh = sent.get("grant_type"), str(sent.get("refresh_token", ""))
    if grant == "refresh_token":
        known = auth.refresh_token is not None and refresh == str(render(auth.refresh_token, dict(values)))
        if not known and refresh not in credentials.issued.get("refresh_token", {}):
            return Reply(status=400, body={"error": "invalid_grant"})
        if auth.rotates:
            credentials.revoke("refresh_token", refresh)
    elif grant not in ("client_credentials", "authorization_code"):
        return Reply(status=400, body={"error": "unsupported_grant_type"})
    body: dict[str, Json] = {"access_token": _token(credentials, names, 3_600.0), "token_type": "Bearer"}
    body[auth.expires_field] = 3_600 if auth.expires == "seconds" else int(credentials.clock.now().timestamp()) + 3_600
    if grant != "client_credentials":
        body["refresh_token"] = credentials.issue("refresh_token", None)
    return Reply(body=body)


def _token(credentials: Credentials, names: Sequence[str], life: float) -> str:
    """One token, good under every name that requests call it by."""
    first, *others = names or ("token",)
    token = credentials.issue(first, life)
    for name in others:
        credentials.issued.setdefault(name, {})[token] = credentials.clock.seconds() + life
    return token


def _session(
    auth: SessionAuth, values: Mapping[str, Json], credentials: Credentials, asked: Asked, names: Sequence[str]
) -> Reply:
    wanted = auth.exchange.json if auth.exchange.json is not None else auth.exchange.form
    given = asked.sent if isinstance(asked.sent, Mapping) else {}
    for place, template in leaves(wanted):
        if is_placeholder(template) and str(_at(given, place)) != str(render(template, dict(values))):
            return Reply(status=401, body={"error": "the credentials are not known"})
    body: Json = {}
    for path, value in (
        (auth.token, _token(credentials, names, auth.ttl)),
        (auth.expires, int(auth.ttl)),
    ):
        if path:
            body = _set(body, place_of(path), value)
    return Reply(body=body)


def _at(value: Json, place: Sequence[str | int]) -> Json:
    for step in place:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _set(body: Json, place: Sequence[str | int], value: Json) -> Json:
    if not place:
        return value
    inner = body.get(place[0]) if isinstance(body, dict) else None
    return {**(body if isinstance(body, dict) else {}), place[0]: _set(inner, place[1:], value)}


def auth_demands(manifest: Manifest, values: Mapping[str, Json]) -> list[Demand]:
    """What requests must bring where no recorded request brought a credential: what the manifest says."""
    auth = auth_of(manifest.auth, _with_defaults(manifest, values))
    if isinstance(auth, BearerAuth):
        return [Demand(header="authorization", template=f"Bearer {auth.token}")]
    if isinstance(auth, BasicAuth):
        return [Demand(header="authorization", template=f"Basic {auth.username}:{auth.password}")]
    if isinstance(auth, OAuth1Auth):
        return [Demand(header="authorization", template=f"OAuth {auth.consumer_key}")]
    if isinstance(auth, ApiKeyAuth):
        place, text = auth.place, auth.place.format.replace("{{token}}", auth.key)
    elif isinstance(auth, OAuth2Auth | SessionAuth):
        place, text = auth.place, auth.place.format
        if isinstance(auth, OAuth2Auth) and auth.access_token:
            text = text.replace("{{token}}", auth.access_token)
    else:
        return []
    if place.query is not None:
        return [Demand(where=Where("query", (place.query,)), template=text)]
    return [Demand(header=(place.header or "Authorization").lower(), template=text)]
