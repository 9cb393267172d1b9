"""Session tokens: one exchange request with permanent credentials, then a token with a base URL of its own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import msgspec

from pullpush_sdk.canonical import loads, parse_instant
from pullpush_sdk.errors import AuthError, ContractError, UnavailableError
from pullpush_sdk.manifest import SessionAuth

from ._build import call_of
from ._call import Call
from ._redact import Redactor
from ._schemes import Exchange, Placer
from ._secret import Secret
from ._token import Token

_INSTANT_AFTER = 1_000_000_000  # a larger number is Unix seconds, a smaller one a duration
_MARGIN = 0.1  # the part of a session's life that is given up, so that no call starts with a dying token


class Session:
    """Exchanges permanent credentials for a session whenever there is none, it ends, or it is refused."""

    uses_token = True

    def __init__(self, auth: SessionAuth, values: Mapping[str, Any]) -> None:
        self._auth = auth
        self._values = values
        self._placer = Placer(auth.place, values)
        path = auth.exchange.path
        self.hosts = (urlsplit(path).netloc,) if "://" in path and "{{" not in path else ()

    def sign(self, call: Call, token: Token | None) -> Call:
        assert token is not None
        return self._placer.sign(call, token.access)

    def bootstrap(self) -> Token | None:
        return None

    def is_stale(self, token: Token, now: datetime) -> bool:
        if token.expires_at is None or token.obtained_at is None:
            return False
        return now >= token.expires_at - (token.expires_at - token.obtained_at) * _MARGIN

    def renew(self, token: Token | None, now: datetime) -> Exchange:
        del token, now
        answer = yield call_of(self._auth.exchange, self._values)
        if answer.status >= 400:
            hint = "check the credentials in the connection's settings"
            said = self._words(answer.body)
            message = f"no session was given ({answer.status}){': ' if said else ''}{said}"
            raise AuthError(message, status=answer.status, answer=said, hint=hint)
        body = answer.json()
        self._check_state(body)
        access = _at(body, self._auth.token)
        if not isinstance(access, str) or not access:
            raise ContractError(f"the session answer holds no token at {self._auth.token}", status=answer.status)
        base_url = _at(body, self._auth.base_url) if self._auth.base_url else None
        if self._auth.base_url and not base_url:
            message = f"the session answer holds no base URL at {self._auth.base_url}"
            raise ContractError(message, status=answer.status)
        return Token(
            access=access,
            base_url=str(base_url) if base_url else None,
            obtained_at=answer.started_at,
            expires_at=self._expiry(_at(body, self._auth.expires) if self._auth.expires else None, answer.started_at),
        )

    def _check_state(self, body: Any) -> None:
        """Whether the platform lets anybody work with what it gave.

        Raises:
            UnavailableError: not now.
            AuthError: not before a person has acted.
        """
        state = self._auth.state
        word = None if state is None else _at(body, state.path)
        if state is None or word is None or word in state.good:
            return
        reason = str(_at(body, state.reason) or "")[:200] if state.reason else ""
        message = f"the account is {word}" + (f": {reason}" if reason else "")
        if word in state.later:
            raise UnavailableError(message)
        raise AuthError(message, hint="ask the platform to make the account available again")

    def secrets(self, token: Token | None) -> tuple[str, ...]:
        settings = tuple(value.reveal() for value in self._values.values() if isinstance(value, Secret))
        return settings if token is None else (*settings, token.access)

    def _words(self, body: bytes) -> str:
        """The `message` of a refusal, in which platforms say what is wrong, without our secrets; empty without one."""
        try:
            parsed = loads(body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return ""
        message = _at(parsed, "message")
        return Redactor(self.secrets(None)).text(message)[:300] if isinstance(message, str) else ""

    def _expiry(self, value: Any, started_at: datetime) -> datetime:
        """A duration or Unix time in seconds, an ISO 8601 instant, or else the manifest's `ttl`."""
        if isinstance(value, str):
            try:
                return parse_instant(value)
            except ValueError:
                value = int(value) if value.isdecimal() else None
        if isinstance(value, (int, Decimal)) and not isinstance(value, bool) and value > 0:
            seconds = float(value)
            if seconds >= _INSTANT_AFTER:
                return datetime.fromtimestamp(seconds, UTC)
            return started_at + timedelta(seconds=seconds)
        return started_at + timedelta(seconds=self._auth.ttl)


def _at(value: Any, path: str) -> Any:
    """The value at a dotted path of plain names, None where a step is missing; `$` is the value itself."""
    steps = path.removeprefix("$").removeprefix(".")
    for step in steps.split(".") if steps else ():
        value = value.get(step) if isinstance(value, dict) else None
    return value
