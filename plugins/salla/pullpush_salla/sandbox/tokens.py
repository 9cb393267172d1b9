"""Access: codes, tokens, families, and what a bearer may do.

A family is everything that grew from one authorisation. A refresh token that is used a second time kills its
family: that token, its successors and every access token obtained with them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import attrs

from pullpush_salla.sandbox.switches import Switches
from pullpush_salla.sandbox.wire import unauthorized
from pullpush_sdk.sandbox import SandboxClock

__all__ = ["ACCESS_SECONDS", "Grant", "GrantError", "Tokens"]

# The platform's samples carry this number for its "14 days".
ACCESS_SECONDS = 1_209_599
_CODE_SECONDS = 600
# Clients recognise this case by the sentence, which the platform does not translate.
_INVALID = ("The access token is invalid", "The access token is invalid")


class GrantError(Exception):
    """A token request is refused; `error` is the OAuth code, `status` the HTTP one."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(description)
        self.status = status
        self.error = error
        self.description = description


@attrs.define
class _Family:
    scopes: tuple[str, ...]
    dead: bool = False


@attrs.define
class _Refresh:
    family: _Family
    expires: float
    used: float | None = None


@attrs.define
class _Access:
    family: _Family
    expires: float


@attrs.frozen(kw_only=True)
class Grant:
    """A pair of tokens; `refresh_token` None where `offline_access` was not granted."""

    access_token: str
    refresh_token: str | None
    scopes: tuple[str, ...]


class Tokens:
    """All tokens of the app for this store; texts are made from the seed, so that runs are equal."""

    def __init__(self, *, seed: int, switches: Switches, clock: SandboxClock) -> None:
        self._seed = seed
        self._switches = switches
        self._clock = clock
        self.client_id = self._text("client")[:32]
        self.client_secret = self._text("client secret")
        self.webhook_secret = self._text("webhook secret")
        self.reset()

    def reset(self) -> None:
        """Forget every token but a fresh first grant, which is the same after every reset."""
        self._made = 0
        self._access: dict[str, _Access] = {}
        self._refresh: dict[str, _Refresh] = {}
        self._codes: dict[str, tuple[str, tuple[str, ...], float]] = {}
        self.user_state = "active"
        self.first = self.grant()

    def grant(self) -> Grant:
        """A new authorisation with the scopes of the app."""
        return self._issue(_Family(self._switches.scopes))

    def make_code(self, redirect_uri: str, scopes: tuple[str, ...]) -> str:
        """An authorisation code, good once and for ten minutes."""
        code = self._next("code")
        self._codes[code] = (redirect_uri, scopes, self._clock.seconds() + _CODE_SECONDS)
        return code

    def exchange(self, form: Mapping[str, str]) -> Grant:
        """Tokens for a code.

        Raises:
            GrantError: the client, code or redirect address does not fit.
        """
        self._check_client(form)
        redirect_uri, scopes, expires = self._codes.pop(form.get("code", ""), ("", (), 0.0))
        if not redirect_uri or redirect_uri != form.get("redirect_uri") or expires < self._clock.seconds():
            raise GrantError(400, "invalid_grant", "The authorization code is invalid, expired, used or not yours.")
        return self._issue(_Family(scopes))

    def refresh(self, form: Mapping[str, str]) -> Grant:
        """New tokens for a refresh token, which dies of it.

        Raises:
            GrantError: the token is unknown, expired, or was used before, which also revokes its family.
        """
        self._check_client(form)
        token = self._refresh.get(form.get("refresh_token", ""))
        now = self._clock.seconds()
        refused = GrantError(
            self._switches.refresh_reuse_status,
            "invalid_grant",
            "The refresh token is invalid, expired, revoked or was issued to another client.",
        )
        if token is None or token.family.dead or token.expires < now:
            raise refused
        if token.used is not None and now - token.used >= self._switches.refresh_grace:
            token.family.dead = True
            raise refused
        token.used = now if token.used is None else token.used
        return self._issue(token.family)

    def check(self, authorization: str) -> tuple[str, ...]:
        """The scopes of the bearer.

        Raises:
            ApiError: 401 in one of the platform's forms.
        """
        scheme, _, text = authorization.partition(" ")
        access = self._access.get(text.strip())
        alive = access is not None and not access.family.dead and access.expires >= self._clock.seconds()
        if scheme.lower() != "bearer" or access is None or not alive:
            raise unauthorized(_INVALID)
        if self.user_state == "deleted":
            raise unauthorized(("The User is not exists.", "The User is not exists."))
        if self.user_state == "inactive":
            raise unauthorized(("المستخدم غير نشط", "المستخدم غير نشط"))
        return access.family.scopes

    def expire_access(self) -> None:
        """Every access token ends now; refresh tokens stay."""
        for access in self._access.values():
            access.expires = self._clock.seconds() - 1

    def revoke_all(self) -> None:
        """The merchant removed the app."""
        for refresh in self._refresh.values():
            refresh.family.dead = True
        for access in self._access.values():
            access.family.dead = True

    def _check_client(self, form: Mapping[str, str]) -> None:
        if (form.get("client_id"), form.get("client_secret")) != (self.client_id, self.client_secret):
            raise GrantError(401, "invalid_client", "Client authentication failed.")

    def _issue(self, family: _Family) -> Grant:
        now = self._clock.seconds()
        access = "ory_at_" + self._next("access")
        self._access[access] = _Access(family, now + ACCESS_SECONDS)
        refresh = None
        if "offline_access" in family.scopes:
            days = self._switches.refresh_days
            refresh = "ory_rt_" + self._next("refresh")
            self._refresh[refresh] = _Refresh(family, now + days * 86400 if days else float("inf"))
        return Grant(access_token=access, refresh_token=refresh, scopes=family.scopes)

    def _next(self, kind: str) -> str:
        self._made += 1
        return self._text(f"{kind} {self._made}")

    def _text(self, purpose: str) -> str:
        return hashlib.sha256(f"salla sandbox {self._seed} {purpose}".encode()).hexdigest()[:43]
