"""The ways to sign in that a manifest can name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import attrs

from ._model_http import Request


@attrs.frozen(kw_only=True)
class Placement:
    """Where a credential travels: one header or one query parameter; `format` is a template over {{token}}."""

    header: str | None = None
    query: str | None = None
    format: str = "{{token}}"


@attrs.frozen(kw_only=True)
class NoAuth:
    """Requests carry no credential."""

    kind: Literal["none"] = "none"


@attrs.frozen(kw_only=True)
class BearerAuth:
    """A fixed token in `Authorization: Bearer …`; `token` is a template."""

    kind: Literal["bearer"] = "bearer"
    token: str


@attrs.frozen(kw_only=True)
class ApiKeyAuth:
    """A fixed key in a header or query parameter; `key` is a template."""

    kind: Literal["api_key"] = "api_key"
    key: str
    place: Placement


@attrs.frozen(kw_only=True)
class BasicAuth:
    """HTTP Basic; both parts are templates."""

    kind: Literal["basic"] = "basic"
    username: str
    password: str = ""


@attrs.frozen(kw_only=True)
class OAuth2Auth:
    """OAuth 2. `grant` says how a first token is got; a refresh token, where there is one, renews it.

    `rotates` means that a refresh token is good once: the new one is stored before it is used. `expires` tells how the
    answer's expiry field reads: seconds from now, or an absolute Unix time. `refresh_margin` is in seconds.
    `code_params` go with the exchange of a code alone. `also` are further credentials out of the same answer. `pkce`
    proves with a verifier that the code comes back to who asked for it. `callback_hmac` names the query parameter by
    which the platform signs its callback: the hex HMAC-SHA256, with the client secret, of all other parameters as
    `name=value`, sorted and joined by `&`.
    """

    kind: Literal["oauth2"] = "oauth2"
    grant: Literal["authorization_code", "client_credentials"] = "authorization_code"
    authorize_url: str | None = None
    token_url: str
    client_id: str = "{{client_id}}"
    client_secret: str = "{{client_secret}}"  # noqa: S105 - a template, not a secret
    scopes: Sequence[str] = ()
    authorize_params: Mapping[str, str] = attrs.field(factory=dict)
    token_params: Mapping[str, str] = attrs.field(factory=dict)
    code_params: Mapping[str, str] = attrs.field(factory=dict)
    token_body: Literal["form", "json"] = "form"  # noqa: S105 - an encoding, not a secret
    client_auth: Literal["body", "basic"] = "body"
    access_token: str | None = None
    refresh_token: str | None = None
    rotates: bool = False
    pkce: bool = False
    callback_hmac: str | None = None
    expires_field: str = "expires_in"
    expires: Literal["seconds", "unix"] = "seconds"
    refresh_margin: float = 300.0
    place: Placement = Placement(header="Authorization", format="Bearer {{token}}")
    also: Sequence[TokenField] = ()


@attrs.frozen(kw_only=True)
class TokenField:
    """One more credential of a token answer, by its `field` there; `value` is a template of one the user has."""

    field: str
    value: str | None = None
    place: Placement


@attrs.frozen(kw_only=True)
class OAuth1Auth:
    """OAuth 1.0a with fixed tokens, signed per request; all four are templates."""

    kind: Literal["oauth1"] = "oauth1"
    consumer_key: str
    consumer_secret: str
    token: str
    token_secret: str
    signature_method: Literal["HMAC-SHA256", "HMAC-SHA1"] = "HMAC-SHA256"


@attrs.frozen(kw_only=True)
class SessionState:
    """Whether an exchange's answer may be used although its status is 200.

    The word at `path` is one of `good`, or one of `later` (the platform is away for a while: the exchange is tried
    again), or anything else: no session until a person has acted. A missing word is good. `reason` is the path of
    what the platform says about it.
    """

    path: str
    good: Sequence[str]
    later: Sequence[str] = ()
    reason: str | None = None


@attrs.frozen(kw_only=True)
class SessionAuth:
    """A session token got by one exchange request, with a base URL of its own where the platform gives one.

    `token`, `base_url` and `expires` are paths in the exchange's answer; `ttl` is in seconds where it names none.
    """

    kind: Literal["session"] = "session"
    exchange: Request
    token: str
    base_url: str | None = None
    expires: str | None = None
    ttl: float = 1800.0
    state: SessionState | None = None
    place: Placement = Placement(header="Authorization")


@attrs.frozen(kw_only=True)
class ChoiceAuth:
    """Several ways, of which the connection's setting `by` names one; an option is never a choice itself."""

    kind: Literal["choice"] = "choice"
    by: str
    options: Mapping[str, Auth]


Auth = NoAuth | BearerAuth | ApiKeyAuth | BasicAuth | OAuth2Auth | OAuth1Auth | SessionAuth | ChoiceAuth
