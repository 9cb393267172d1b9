"""Keeps one connection's token good: renewed once for all tasks and processes, durable before it is used.

A refresh token may be good once only; some platforms revoke everything when it comes twice (`rotates` in a
manifest). Hence the order, which no failure may break:

1. one renewal at a time in this process: everybody else waits for its result;
2. the store's lock, which other processes respect and the system frees when its holder dies;
3. the stored token is read again: if it is not the one that failed, somebody renewed it, and nothing is sent;
4. the exchange, which is not repeated unless the platform surely did not see it;
5. the new token is durable before anybody uses it;
6. the renewal is a task of its own: a caller that is cancelled does not throw away a token that was paid for.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import attrs

from pullpush_sdk.clock import Clock
from pullpush_sdk.errors import AccessRevokedError, AuthError, SetupError, TokenExpiredError, TransientError
from pullpush_sdk.manifest import (
    ApiKeyAuth,
    Auth,
    BasicAuth,
    BearerAuth,
    ChoiceAuth,
    NoAuth,
    OAuth1Auth,
    OAuth2Auth,
    SessionAuth,
    auth_of,
)

from ._call import Answer, Call
from ._oauth2 import AUTHORISE, Authorization, OAuth2
from ._redact import Redactor
from ._schemes import Exchange, Key, OAuth1, Scheme, Unsigned
from ._session_auth import Session
from ._store import MemoryTokenStore
from ._token import Token, TokenStore

_log = logging.getLogger("pullpush.http")
_PAUSE_AFTER_FAILURE = 30.0  # seconds during which a token that still lives is used as it is

Send = Callable[[Call], Awaitable[Answer]]
"""Sends a call as it is, unsigned, and gives back whatever status came."""


def scheme_of(auth: Auth, values: Mapping[str, Any]) -> Scheme:
    """The scheme that a manifest's auth describes, with these settings and secrets.

    Raises:
        SetupError: the settings do not choose one of the manifest's ways.
    """
    way = auth_of(auth, values)
    match way:
        case NoAuth():
            return Unsigned()
        case BearerAuth() | ApiKeyAuth() | BasicAuth():
            return Key(way, values)
        case OAuth1Auth():
            return OAuth1(way, values)
        case OAuth2Auth():
            return OAuth2(way, values)
        case SessionAuth():
            return Session(way, values)
        case ChoiceAuth():
            raise SetupError("an option of auth is a choice itself")


def authenticator_of(
    auth: Auth, values: Mapping[str, Any], *, clock: Clock, redactor: Redactor, store: TokenStore | None = None
) -> Authenticator:
    """The authenticator of one connection; share it among the connection's clients."""
    return Authenticator(scheme_of(auth, values), clock=clock, redactor=redactor, store=store)


class Authenticator:
    """Signs calls and renews what they are signed with. One per connection and process."""

    def __init__(self, scheme: Scheme, *, clock: Clock, redactor: Redactor, store: TokenStore | None = None) -> None:
        self.scheme = scheme
        self._clock = clock
        self._redactor = redactor
        self._store: TokenStore = MemoryTokenStore() if store is None else store
        self._token: Token | None = None
        self._unsaved: Token | None = None
        self._renewal: asyncio.Task[Token] | None = None
        self._renew_from = float("-inf")
        redactor.add(*scheme.secrets(None))

    def __repr__(self) -> str:
        return f"Authenticator({type(self.scheme).__name__})"

    async def token(self, send: Send) -> Token | None:
        """A token that is good as far as we know, None where the scheme needs none; renewed early if it ends soon.

        Raises:
            SetupError: the connection was never authorised.
            AuthError, TransientError, StoreError: renewing failed.
        """
        if not self.scheme.uses_token:
            return None
        token = self._token
        if token is None:
            token = self._current(await self._store.load())
            if token is not None and token.bootstrap and token.obtained_at is None:
                token = None  # fresh from the settings: it goes through the lock, so that it is stored
            elif token is not None:
                self._use(token)
        if token is None:
            return await self.renew(None, send)
        if self.scheme.is_stale(token, self._clock.now()) and self._clock.monotonic() >= self._renew_from:
            return await self._renew_early(token, send)
        return token

    async def _renew_early(self, token: Token, send: Send) -> Token:
        """A new token, or the old one while it lives: a token endpoint that is down for a moment stops nobody."""
        try:
            return await self.renew(token, send)
        except TransientError as error:
            if not token.access or token.expires_at is None or token.expires_at <= self._clock.now():
                raise
            _log.warning("the access token could not be renewed yet: %s", self._redactor.text(str(error)))
            self._renew_from = self._clock.monotonic() + _PAUSE_AFTER_FAILURE
            return token

    async def renew(self, failed: Token | None, send: Send) -> Token:
        """A token other than `failed`, which the platform refused or which ends soon; one renewal at a time.

        Raises:
            AccessRevokedError: the platform gives none any more; a person must authorise again.
            AuthError, SetupError, TransientError, StoreError: renewing failed.
        """
        if self._renewal is None or self._renewal.done():
            self._renewal = asyncio.create_task(self._renew(failed, send), name="pullpush token renewal")
            self._renewal.add_done_callback(self._forget)
        return await asyncio.shield(self._renewal)

    @property
    def asks_a_person(self) -> bool:
        """Whether a first token needs a person who says yes in a browser."""
        return isinstance(self.scheme, OAuth2) and self.scheme.by_code

    async def stored(self) -> Token | None:
        """The token as it lies in the store, None where there is none; nothing is sent."""
        return await self._store.load()

    async def adopt(self, token: Token) -> None:
        """Use and store a token that came another way: a granted authorisation, a platform's webhook.

        It takes the place of tokens in the settings, until an operator puts others there.
        """
        async with self._store.lock():
            await self._adopt(token)

    async def adopt_grant(self, fields: Mapping[str, Any]) -> bool:
        """Store the token that a platform handed over in a webhook; False for one that is older than ours.

        A webhook may come again after its token was renewed; a used refresh token must not come back by it. Of two
        tokens whose end is known the one that ends later is the newer.

        Raises:
            SetupError: this kind of auth has no tokens of that kind.
            ContractError: there is no access token in it.
        """
        if not isinstance(self.scheme, OAuth2):
            raise SetupError("only OAuth 2 connections take a token from a webhook")
        token = self.scheme.granted(fields, self._clock.now())
        self._redactor.add(*self.scheme.secrets(token))
        async with self._store.lock():
            known = self._current(await self._store.load())
            if known is not None and known.access and _is_older(token, known):
                return False
            await self._adopt(token)
        return True

    async def _adopt(self, token: Token) -> None:
        given = self.scheme.bootstrap()
        if given is not None:
            token = attrs.evolve(token, bootstrap=given.bootstrap)
        await self._store.save(token)
        self._renew_from = float("-inf")
        self._use(token)

    def authorization(self, redirect_uri: str) -> Authorization:
        """The question to the person who grants access.

        Raises:
            SetupError: this kind of auth has no codes.
        """
        return self._by_code().authorization(redirect_uri)

    async def authorize(self, asked: Authorization, answer: Mapping[str, str], send: Send) -> Token:
        """Turn the query of the platform's callback into the connection's token.

        Raises:
            SetupError: this kind of auth has no codes.
            AuthError: the callback is not the answer to `asked`, or says no.
            AccessRevokedError, AuthError: the platform refused the code.
        """
        scheme = self._by_code()
        token = await self._drive(scheme.redeem(asked, scheme.code_of(asked, answer)), send)
        await self.adopt(token)
        return token

    def _by_code(self) -> OAuth2:
        if isinstance(self.scheme, OAuth2) and self.scheme.by_code:
            return self.scheme
        raise SetupError("only OAuth 2 connections with an authorization code are authorised by a person")

    async def settle(self) -> None:
        """Returns when no renewal is under way; its outcome belongs to those who asked for it."""
        if self._renewal is not None:
            await asyncio.wait([self._renewal])

    def _forget(self, task: asyncio.Task[Token]) -> None:
        if self._renewal is task:
            self._renewal = None
        if not task.cancelled():
            task.exception()  # seen: whoever asked for it may have been cancelled

    async def _renew(self, failed: Token | None, send: Send) -> Token:
        if self._token is not None and self._is_other(self._token, failed):
            return self._token
        async with self._store.lock():
            if self._unsaved is not None:
                return await self._keep(self._unsaved)
            stored = await self._store.load()
            current = self._current(stored)
            if current is not None and self._is_other(current, failed):
                if stored is None or stored.access != current.access:
                    return await self._keep(current)
                return self._use(current)
            renewed = await self._drive(self.scheme.renew(current, self._clock.now()), send)
            return await self._keep(attrs.evolve(renewed, unaided=not self.asks_a_person))

    def _is_other(self, token: Token, failed: Token | None) -> bool:
        """Whether a token is worth trying although `failed` failed."""
        if self.scheme.is_stale(token, self._clock.now()):
            return False
        return failed is None or token.access != failed.access

    def _current(self, stored: Token | None) -> Token | None:
        """The stored token, unless the operator put other tokens into the settings since it was made from them."""
        given = self.scheme.bootstrap()
        if given is None or (stored is not None and stored.bootstrap == given.bootstrap):
            return stored
        return given

    async def _keep(self, token: Token) -> Token:
        """Durable first, used then; what could not be stored is stored by the next attempt."""
        self._unsaved = token
        self._redactor.add(*self.scheme.secrets(token))
        await self._store.save(token)
        self._unsaved = None
        return self._use(token)

    def _use(self, token: Token) -> Token:
        self._redactor.add(*self.scheme.secrets(token))
        self._token = token
        return token

    async def _drive(self, exchange: Exchange, send: Send) -> Token:
        """Runs an exchange: sends what it yields, hands it the answers."""
        try:
            call = next(exchange)
            while True:
                try:
                    answer = await send(call)
                except TransientError as error:
                    if error.maybe_applied and not call.is_repeatable:
                        _explain_lost(error)
                    error.maybe_applied = False  # the call that waits for the token was not sent
                    raise
                call = exchange.send(answer)
        except StopIteration as done:
            token: Token = done.value
            return token


def _is_older(token: Token, known: Token) -> bool:
    """Whether a token that came by itself is the known one, or was given before it."""
    if token.access == known.access:
        return True
    if token.expires_at is None or known.expires_at is None:
        return False
    return token.expires_at <= known.expires_at


def _explain_lost(error: TransientError) -> None:
    """A refresh without an answer: say what that may mean before the next attempt shows it."""
    error.message = f"the answer to the token exchange was lost: {error.message}"
    error.hint = f"if the next attempt says invalid_grant, the platform had used up the refresh token: {AUTHORISE}"
    error.args = (error.message,)


def final_refusal(error: TokenExpiredError, *, renewed: bool) -> AuthError:
    """What a 401 is when there is nothing more to renew."""
    if renewed:
        message = f"a fresh token was refused too: {error.message}"
        return AccessRevokedError(message, status=error.status, answer=error.answer, hint=error.hint or AUTHORISE)
    hint = error.hint or "check the credentials in the connection's settings"
    return AuthError(error.message, status=error.status, answer=error.answer, hint=hint)
