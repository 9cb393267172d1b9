"""Who calls: integration tokens, admin and customer tokens, OAuth 1.0a signatures; and what locks a caller out."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import quote, unquote, urlencode

from pullpush_magento.sandbox.switches import Switches
from pullpush_magento.sandbox.wire import Refusal
from pullpush_sdk.sandbox import SandboxClock

__all__ = ["Access", "forbidden"]

Json = Any

_FAILURES = 6
_LOCKED_FOR = 1800.0
_CUSTOMER_TTL = 3600.0
_OTP = "123456"
_UNRESERVED = "-._~"
_PART = re.compile(r'([a-z_]+)="([^"]*)"')


def forbidden(resource: str) -> Refusal:
    """One text for a wrong token, a missing permission, and an integration's token that is not taken as bearer."""
    return Refusal(401, "The consumer isn't authorized to access %resources.", {"resources": resource})


class Access:
    """Credentials made from the seed, and the tokens given out."""

    def __init__(self, *, seed: int, switches: Switches, clock: SandboxClock) -> None:
        def text(name: str) -> str:
            return hashlib.sha256(f"magento sandbox {seed} {name}".encode()).hexdigest()[:32]

        self._switches, self._clock = switches, clock
        self._denied = frozenset(name for name in switches.deny.split(",") if name)
        self._count = 0
        self.secrets = {name: text(name) for name in ("consumer_key", "consumer_secret")}
        self.secrets |= {"access_token": text("access_token"), "access_token_secret": text("access_token_secret")}
        self.secrets |= {"admin_username": "admin", "admin_password": text("admin_password")}
        self.verifier = text("oauth_verifier")
        self._tokens: dict[str, tuple[int | None, float]] = {}
        self._request_tokens: dict[str, str] = {}
        self._failures: list[float] = []

    def admit(
        self,
        *,
        method: str,
        url: str,
        raw_path: str,
        header: str,
        query: Sequence[tuple[str, str]],
        resource: str | None,
    ) -> int | None:
        """The customer that calls, None for everybody else who may call.

        Raises:
            Refusal: 401.
        """
        if resource is None and not header:
            return None
        customer = self._caller(
            method=method, url=url, raw_path=raw_path, header=header, query=query, resource=resource or "self"
        )
        if resource is not None and (customer is not None or resource in self._denied):
            raise forbidden(resource)
        return customer

    def _caller(
        self, *, method: str, url: str, raw_path: str, header: str, query: Sequence[tuple[str, str]], resource: str
    ) -> int | None:
        kind, _, token = header.partition(" ")
        if kind == "OAuth":
            self._check_signature(method, url, raw_path, token, query)
            return None
        if kind == "Bearer" and token in self._tokens:
            customer, until = self._tokens[token]
            if self._clock.seconds() < until:
                return customer
        elif kind == "Bearer" and token == self.secrets["access_token"] and self._switches.bearer == "on":
            return None
        raise forbidden(resource)

    # Tokens

    def admin_token(self, body: Mapping[str, Json]) -> str:
        """A token for user name and password; where two factors are asked for, the call points to the provider."""
        self._check_password(body, "admin_username", "admin_password")
        if self._switches.two_factor == "on":
            words = "Please use the 2fa provider-specific endpoints to obtain a token."
            raise Refusal(401, words, {"active_providers": ["google"]})
        return self._give(None, self._switches.admin_ttl)

    def two_factor_token(self, body: Mapping[str, Json]) -> str:
        """The same with the one-time password of the provider."""
        self._check_password(body, "admin_username", "admin_password")
        if body.get("otp") != _OTP:
            self._failures.append(self._clock.seconds())
            raise Refusal(401, "Invalid code.")
        return self._give(None, self._switches.admin_ttl)

    def customer_token(self, customer: Mapping[str, Json] | None, body: Mapping[str, Json]) -> str:
        """A token of an account, good for an hour and for `self` and `anonymous` only."""
        if customer is None or body.get("password") != customer.get("_password"):
            self._refuse_login()
        assert customer is not None
        return self._give(int(customer["id"]), _CUSTOMER_TTL)

    def _check_password(self, body: Mapping[str, Json], username: str, password: str) -> None:
        now = self._clock.seconds()
        self._failures = [each for each in self._failures if now - each < _LOCKED_FOR]
        locked = len(self._failures) >= _FAILURES
        good = (body.get("username"), body.get("password")) == (self.secrets[username], self.secrets[password])
        if locked or not good:
            self._refuse_login()

    def _refuse_login(self) -> None:
        self._failures.append(self._clock.seconds())
        words = "The account sign-in was incorrect or your account is disabled temporarily."
        raise Refusal(401, f"{words} Please wait and try again later.")

    def _give(self, customer: int | None, ttl: float) -> str:
        self._count += 1
        token = hashlib.sha256(f"{self.secrets['consumer_key']} {self._count}".encode()).hexdigest()[:32]
        self._tokens[token] = (customer, self._clock.seconds() + ttl)
        return token

    # OAuth 1.0a

    def request_token(self, method: str, url: str, raw_path: str, header: str) -> str:
        """The first step of the exchange, form encoded."""
        self._check_signature(method, url, raw_path, header.partition(" ")[2], (), token_secret="")
        token, secret = f"rt{len(self._request_tokens)}", hashlib.sha256(header.encode()).hexdigest()[:32]
        self._request_tokens[token] = secret
        return urlencode({"oauth_token": token, "oauth_token_secret": secret})

    def access_token(self, method: str, url: str, raw_path: str, header: str) -> str:
        """The second step: needs the verifier that the activation posted."""
        parts = _parts(header.partition(" ")[2])
        secret = self._request_tokens.pop(parts.get("oauth_token", ""), None)
        if secret is None or parts.get("oauth_verifier") != self.verifier:
            raise Refusal(401, "The token or its verifier is not valid. Verify and try again.")
        self._check_signature(method, url, raw_path, header.partition(" ")[2], (), token_secret=secret)
        held = self.secrets
        return urlencode({"oauth_token": held["access_token"], "oauth_token_secret": held["access_token_secret"]})

    def _check_signature(
        self,
        method: str,
        url: str,
        raw_path: str,
        header: str,
        query: Sequence[tuple[str, str]],
        *,
        token_secret: str | None = None,
    ) -> None:
        parts = _parts(header)
        known = parts.get("oauth_consumer_key") == self.secrets["consumer_key"]
        if token_secret is None:
            known = known and parts.get("oauth_token") == self.secrets["access_token"]
            token_secret = self.secrets["access_token_secret"]
        encoded = re.search("%2f|%26", raw_path, re.IGNORECASE) is not None
        trapped = encoded and self._switches.oauth_encoded == "refused"
        given = parts.pop("oauth_signature", "")
        wanted = _signature(method, url, [*parts.items(), *query], self.secrets["consumer_secret"], token_secret)
        method_known = parts.get("oauth_signature_method") == "HMAC-SHA256"
        if not known or trapped or not method_known or not hmac.compare_digest(given, wanted):
            raise Refusal(401, "The signature is invalid. Verify and try again.")


def _parts(header: str) -> dict[str, str]:
    return {name: unquote(value) for name, value in _PART.findall(header) if name != "realm"}


@lru_cache(maxsize=4096)
def _encoded(text: str) -> tuple[str, str]:
    """Names and values, of which most come with every request: encoded once, and once more as they are signed."""
    once = quote(text, safe=_UNRESERVED)
    return once, quote(once, safe=_UNRESERVED)


def _signature(method: str, url: str, params: Sequence[tuple[str, str]], consumer: str, token: str) -> str:
    """RFC 5849, 3.4: over method, address and all parameters, sorted in their encoded form."""
    pairs = sorted((_encoded(name), _encoded(value)) for name, value in params)
    listed = "%26".join(f"{name}%3D{value}" for (_, name), (_, value) in pairs)
    base = f"{method.upper()}&{_encoded(url)[0]}&{listed}"
    key = f"{_encoded(consumer)[0]}&{_encoded(token)[0]}"
    return base64.b64encode(hmac.new(key.encode(), base.encode(), hashlib.sha256).digest()).decode()
