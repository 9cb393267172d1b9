"""Access tokens: static, client credentials, authorisation code with expiring offline tokens and their refresh, and
token exchange.

Of a refresh the platform says that both tokens are replaced, and that the old refresh token may be used again until
the new one is first used, for at most thirty days. Here the replaced access token dies at once, and a repeated
refresh also replaces the pair whose answer was lost.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import attrs

from pullpush_sdk.sandbox import SandboxClock, Violations

__all__ = ["SCOPES", "Grant", "Grants", "signed_query"]

SCOPES = (
    "read_all_orders",
    "write_customers",
    "write_inventory",
    "read_locations",
    "write_orders",
    "write_products",
)

_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
_ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"  # noqa: S105 - names of kinds, not tokens
_OFFLINE = "urn:shopify:params:oauth:token-type:offline-access-token"
_ONLINE = "urn:shopify:params:oauth:token-type:online-access-token"
_DAY = 86_400.0
_ACCESS_LIFE = 3_600.0
_REFRESH_LIFE = 90 * _DAY
_GRACE = 30 * _DAY
_CODE_LIFE = 600.0


@attrs.frozen
class Grant:
    """An HTTP answer of the token endpoint."""

    status: int
    body: Mapping[str, Any]


@attrs.define(kw_only=True)
class _Refresh:
    """A refresh token; `successor` is the one that replaced it, `replaced_at` when."""

    until: float
    access: str
    parent: str | None = None
    successor: str | None = None
    replaced_at: float | None = None


class Grants:
    """The tokens that the shop accepts; lives are counted on the sandbox clock."""

    def __init__(
        self, *, clock: SandboxClock, violations: Violations, scopes: tuple[str, ...], accepted: Mapping[str, str]
    ) -> None:
        self._clock = clock
        self._violations = violations
        self._scopes = scopes
        self._secrets = accepted
        self._access: dict[str, float | None] = {}
        self._refresh: dict[str, _Refresh] = {}
        self._codes: dict[str, float] = {}
        self.clear()

    @property
    def scope_text(self) -> str:
        """The granted scopes as token answers list them."""
        return ",".join(self._scopes)

    def clear(self) -> None:
        """Only the static token is left."""
        self._access = {self._secrets["access_token"]: None}
        self._refresh.clear()
        self._codes.clear()

    def revoke(self) -> None:
        """The app was uninstalled: no token is good any more, and no refresh gives one."""
        self._access.clear()
        self._refresh.clear()
        self._codes.clear()

    def is_valid(self, token: str | None) -> bool:
        """Whether an access token is good now."""
        if token not in self._access:
            return False
        until = self._access[token]
        return until is None or self._clock.seconds() < until

    def new_code(self) -> str:
        """An authorisation code, good once and for ten minutes."""
        code = secrets.token_hex(16)
        self._codes[code] = self._clock.seconds() + _CODE_LIFE
        return code

    def answer(self, given: Mapping[str, Any]) -> Grant:
        """What `POST /admin/oauth/access_token` says to these parameters."""
        is_client = given.get("client_id") == self._secrets["client_id"]
        is_client = is_client and hmac.compare_digest(
            str(given.get("client_secret", "")).encode(), self._secrets["client_secret"].encode()
        )
        if not is_client:
            return _refused("application_cannot_be_found", "The client id or secret is not known.")
        kind = given.get("grant_type")
        if kind == "client_credentials":
            token = self._new_access(_DAY)
            body = {"access_token": token, "scope": self.scope_text, "expires_in": int(_DAY) - 1}
            return Grant(200, body)
        if kind == "refresh_token":
            return self._refreshed(str(given.get("refresh_token", "")))
        if kind == _EXCHANGE:
            return self._from_session(given)
        if kind in (None, "authorization_code") and given.get("code"):
            return self._exchanged(
                str(given["code"]), expiring=str(given.get("expiring", "0")) in ("1", "true", "True")
            )
        return _refused("unsupported_grant_type", "The grant type is not supported.")

    def _from_session(self, given: Mapping[str, Any]) -> Grant:
        """Token exchange; the sandbox takes every session token that has the three parts of one."""
        is_session = given.get("subject_token_type") == _ID_TOKEN and str(given.get("subject_token")).count(".") == 2
        if not is_session:
            return _refused("invalid_subject_token", "The session token is not valid.")
        wanted = given.get("requested_token_type")
        if wanted == _ONLINE:
            return Grant(
                200, {"access_token": self._new_access(_DAY), "scope": self.scope_text, "expires_in": int(_DAY)}
            )
        if wanted != _OFFLINE:
            return _refused("invalid_request", "The requested token type is not known.")
        if str(given.get("expiring", "0")) in ("1", "true", "True"):
            return Grant(200, self._new_pair(parent=None))
        return Grant(200, {"access_token": self._new_access(None), "scope": self.scope_text})

    def _new_access(self, life: float | None) -> str:
        token = f"shpat_{secrets.token_hex(16)}"
        self._access[token] = None if life is None else self._clock.seconds() + life
        return token

    def _exchanged(self, code: str, *, expiring: bool) -> Grant:
        until = self._codes.pop(code, 0.0)
        if self._clock.seconds() >= until:
            return _refused("invalid_request", "The authorization code was not found or was already used.")
        if expiring:
            return Grant(200, self._new_pair(parent=None))
        return Grant(200, {"access_token": self._new_access(None), "scope": self.scope_text})

    def _new_pair(self, parent: str | None) -> dict[str, Any]:
        access = self._new_access(_ACCESS_LIFE)
        token = f"shprt_{secrets.token_hex(16)}"
        self._refresh[token] = _Refresh(until=self._clock.seconds() + _REFRESH_LIFE, access=access, parent=parent)
        return {
            "access_token": access,
            "scope": self.scope_text,
            "expires_in": int(_ACCESS_LIFE),
            "refresh_token": token,
            "refresh_token_expires_in": int(_REFRESH_LIFE),
        }

    def _refreshed(self, token: str) -> Grant:
        held, now = self._refresh.get(token), self._clock.seconds()
        is_good = held is not None and now < held.until
        if held is not None and held.replaced_at is not None and now >= held.replaced_at + _GRACE:
            is_good = False
        if held is None or not is_good:
            self._violations.count("refresh_refused")
            return _refused("invalid_grant", "The refresh token is not valid.")
        if held.successor is not None:
            # The answer was lost: the pair in it is replaced, too.
            self._violations.count("refresh_repeated")
            lost = self._refresh.pop(held.successor)
            self._access.pop(lost.access, None)
        if held.parent is not None:
            # The first use of a new token ends the life of the one before.
            self._refresh.pop(held.parent, None)
            held.parent = None
        self._access.pop(held.access, None)
        pair = self._new_pair(parent=token)
        held.successor, held.replaced_at = pair["refresh_token"], now
        return Grant(200, pair)


def _refused(error: str, description: str) -> Grant:
    return Grant(400, {"error": error, "error_description": description})


def signed_query(values: Mapping[str, str], secret: str) -> str:
    """The query of a callback: `values` and their `hmac`, hex over the sorted pairs."""
    message = "&".join(f"{name}={values[name]}" for name in sorted(values))
    digest = hmac.new(secret.encode(), message.encode(), hashlib.sha256).hexdigest()
    return urlencode({**values, "hmac": digest})
