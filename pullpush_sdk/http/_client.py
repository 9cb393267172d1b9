"""The one way out to a platform: signs, limits, retries, redacts, and judges every answer."""

from __future__ import annotations

import logging
import random
import ssl
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

import attrs

from pullpush_sdk.clock import Clock, SystemClock, steady_now
from pullpush_sdk.errors import (
    ContractError,
    PullPushError,
    RateLimitedError,
    RejectedError,
    RemoteError,
    SetupError,
    TokenExpiredError,
    TransientError,
)
from pullpush_sdk.manifest import Limits

from ._auth import Authenticator, final_refusal
from ._call import Answer, Call, Headers, target_of
from ._hosts import Hosts, check_header
from ._oauth2 import Authorization
from ._protocols import spoken_refusal
from ._redact import Redactor, hush_libraries, speaking
from ._retry import Retry
from ._status import error_of
from ._throttle import Throttle
from ._token import Token

if TYPE_CHECKING:
    from ._wire import Exchanges

Classify = Callable[[Answer], PullPushError | None]
"""Names the error that an answer stands for; None for "as its status says"."""

Sign = Callable[[Call, datetime], Call]
"""The same call with a signature in headers or parameters, made at an instant (aware UTC)."""

_log = logging.getLogger("pullpush.http")
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 3
_DEFAULT_HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "gzip, deflate",
    "User-Agent": "pullpush-sdk",
}


class Client:
    """Sends calls to one platform for one connection; an async context manager.

    Args:
        base_url: where relative URLs begin; with a session of its own base URL that one is used instead.
        hosts: declared hosts beside the base URL's, `*.example.com` for all below; no other is ever called.
        headers: sent with every call.
        auth: signs and renews; share one per connection.
        limits: timeout, retries, concurrency and rate.
        redactor: knows the connection's secrets; grows as tokens are renewed.
        clock: waits and stamps.
        origin: `http://127.0.0.1:PORT` of a sandbox that stands for every declared host.
        classify: sees every answer before its status is judged; the error it names is raised, None means "judge by
            the status", and for a call of GraphQL or JSON-RPC by what its body says of errors. What it must know: a 401
            that no refresh mends is an `AuthError`.
        sign: signs every try of every call, those that open a session too, behind `auth`; the URL is absolute by then,
            and method, URL and body must stay as they are.
        throttle: the connection's budget, to be shared by all its clients in a process; None makes one.
        rng: the jitter's source.
        tls: trust other than the default, for a private authority.
        wire: carries the requests in place of connections of our own; it is closed with the client.

    Logs one line per request at DEBUG to `pullpush.http`: method, URL without secrets, status, milliseconds; never
    headers or bodies.

    Raises:
        SetupError: base URL, origin or a header is not acceptable.
    """

    def __init__(
        self,
        *,
        base_url: str,
        auth: Authenticator,
        limits: Limits = Limits(),  # noqa: B008 - frozen
        redactor: Redactor,
        hosts: Iterable[str] = (),
        headers: Mapping[str, str] | None = None,
        clock: Clock | None = None,
        origin: str | None = None,
        classify: Classify | None = None,
        sign: Sign | None = None,
        throttle: Throttle | None = None,
        rng: random.Random | None = None,
        tls: ssl.SSLContext | None = None,
        wire: Exchanges | None = None,
    ) -> None:
        self.auth = auth
        self._hosts = Hosts(base_url, hosts, origin=origin)
        self._clock: Clock = clock or SystemClock()
        self._limits = limits
        self._redactor = redactor
        self._classify = classify
        self._sign = sign
        self._throttle = throttle or Throttle(limits, self._clock)
        self._retry = Retry(retries=limits.retries, clock=self._clock, rng=rng or random.Random())  # noqa: S311 - jitter
        self._headers = _encoded({**_DEFAULT_HEADERS, **(headers or {})})
        self._tls = tls
        self._given_wire = wire
        self._wire: Exchanges | None = None

    def __repr__(self) -> str:
        return f"Client({self._hosts})"

    async def __aenter__(self) -> Self:
        from ._wire import Wire  # noqa: PLC0415 - connectors are imported and named without any request being sent

        hush_libraries()
        self._wire = self._given_wire or Wire(connections=self._limits.concurrency + 1, tls=self._tls)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.auth.settle()
        if self._wire is not None:
            await self._wire.aclose()
            self._wire = None

    async def send(self, call: Call) -> Answer:
        """The answer to a call, if its status is 2xx and nothing else speaks against it.

        Raises:
            TransientError: it failed for now, after the retries that are safe; `maybe_applied` says whether a write
                may have happened, `retry_after` when to come back.
            AuthError: the credentials are refused; `AccessRevokedError` if a person must authorise again.
            ConflictError, RejectedError, ContractError: by what the platform said.
            SetupError: the URL or a header is not acceptable; nothing was sent.
        """
        auth = self.auth
        # Tokens are got outside the retries of the call: an exchange knows itself whether it may be repeated.
        token = await auth.token(self._exchange)
        try:
            return await self._tried(call, token)
        except TokenExpiredError as error:
            if not auth.scheme.uses_token:
                raise final_refusal(error, renewed=False) from error
        token = await auth.renew(token, self._exchange)
        try:
            return await self._tried(call, token)
        except TokenExpiredError as error:
            raise final_refusal(error, renewed=True) from error

    def error_of(self, answer: Answer, call: Call) -> PullPushError | None:
        """The error that an answer's status stands for, None for a 2xx; for answers that the call accepted."""
        return error_of(answer, call, redactor=self._redactor, now=self._clock.now())

    def authorization(self, redirect_uri: str) -> Authorization:
        """The question to the person who grants access; the platform answers at `redirect_uri`.

        Raises:
            SetupError: this kind of auth asks nobody, or its URL is not acceptable.
        """
        asked = self.auth.authorization(redirect_uri)
        return attrs.evolve(asked, url=self._hosts.resolve(asked.url, also=(urlsplit(asked.url).netloc,)))

    async def authorize(self, asked: Authorization, answer: Mapping[str, str]) -> Token:
        """Turns the query of the platform's callback into this connection's token, and stores it.

        Raises:
            AuthError: the callback is not the answer to `asked`, or access was not granted.
            AccessRevokedError, AuthError: the platform refused the code.
        """
        return await self.auth.authorize(asked, answer, self._exchange)

    async def renew(self) -> Token:
        """A token other than the stored one: by the refresh token or the credentials, or new from the settings.

        Raises:
            SetupError: there is nothing to get one from.
            AuthError, TransientError, StoreError: renewing failed.
        """
        return await self.auth.renew(await self.auth.stored(), self._exchange)

    async def adopt_grant(self, fields: Mapping[str, Any]) -> bool:
        """Stores the token that the platform handed over in a genuine webhook; False for one older than ours.

        Raises:
            SetupError: this kind of auth is not OAuth 2.
            ContractError: the fields hold no access token.
        """
        return await self.auth.adopt_grant(fields)

    async def _tried(self, call: Call, token: Token | None) -> Answer:
        return await self._retry.run(lambda: self._once(call, token), repeatable=call.is_repeatable)

    async def _once(self, call: Call, token: Token | None) -> Answer:
        """One try: sent when the budget allows, redirects followed, the answer judged."""
        resolved = self._resolve(call, token)
        async with self._throttle.place(call) as booked:
            answer = await self._follow(resolved, token)
            throttled = self._throttle.learn(call, answer, booked)
        error = throttled or self._judged(call, answer)
        if error is None and answer.status not in call.accepts:
            error = self.error_of(answer, call)
        if error is None:
            return answer
        if isinstance(error, RateLimitedError) and error.retry_after is not None:
            self._throttle.pause(call, error.retry_after)
        raise error

    def _judged(self, call: Call, answer: Answer) -> PullPushError | None:
        """What the connector itself makes of an answer, else its protocol; the words may echo what is ours."""
        error = self._classify(answer) if self._classify is not None else None
        if error is None:
            error = spoken_refusal(answer, call.protocol)
        if error is not None:
            error.message = self._redactor.text(error.message)
            if isinstance(error, RemoteError | RejectedError):
                error.answer = self._redactor.text(error.answer)
        return error

    def _resolve(self, call: Call, token: Token | None) -> Call:
        base_url = token.base_url if token is not None else None
        from_answer = call.from_answer or base_url is not None
        return attrs.evolve(call, url=self._hosts.resolve(call.url, base_url=base_url, from_answer=from_answer))

    async def _follow(self, call: Call, token: Token | None) -> Answer:
        """Sends a resolved call and what it is redirected to, each signed anew; GET and HEAD only."""
        for _ in range(_MOST_REDIRECTS + 1):
            answer = await self._transmit(call, lambda call: self.auth.scheme.sign(call, token))
            location = answer.headers.get("location") if answer.status in _REDIRECTS else None
            if location is None or call.method not in ("GET", "HEAD"):
                return answer
            call = attrs.evolve(call, url=self._hosts.follow(target_of(call), location), params=())
        raise ContractError(f"more than {_MOST_REDIRECTS} redirects from {self._redactor.url(call.url)}")

    async def _exchange(self, call: Call) -> Answer:
        """An exchange of the auth itself: unsigned, outside the rate budget, any 4xx is an answer to be read."""
        url = self._hosts.resolve(call.url, also=self.auth.scheme.hosts)
        resolved = attrs.evolve(call, url=url)

        async def attempt() -> Answer:
            answer = await self._transmit(resolved, lambda call: call)
            error = error_of(answer, call, redactor=self._redactor, now=self._clock.now())
            if isinstance(error, TransientError):
                error.answer = ""  # whatever a token endpoint says may hold tokens that nobody knows yet
                raise error
            return answer

        return await self._retry.run(attempt, repeatable=call.is_repeatable)

    async def _transmit(self, call: Call, sign: Callable[[Call], Call]) -> Answer:
        if self._wire is None:
            raise RuntimeError("the client is not open; use it as `async with Client(…) as client:`")
        started_at, started = steady_now(self._clock), self._clock.monotonic()
        target = call.url
        mark = speaking.set(True)
        try:
            call = self._signed(sign(call))
            target = target_of(call)
            raw = await self._wire.send(
                call.method,
                target,
                self._headers_of(call),
                call.body,
                within=call.timeout or self._limits.timeout,
                is_safe=call.is_safe,
            )
        except PullPushError as error:
            self._note(call.method, target, type(error).__name__, started)
            raise
        finally:
            speaking.reset(mark)
        self._note(call.method, target, raw.status, started)
        return Answer(
            status=raw.status,
            headers=Headers(raw.headers),
            body=raw.body,
            started_at=started_at,
            url=target.partition("?")[0],
        )

    def _signed(self, call: Call) -> Call:
        """The call with the connector's own signature, where it has one."""
        if self._sign is None:
            return call
        signed: object = self._sign(call, self._clock.now())
        same = isinstance(signed, Call) and all(
            getattr(signed, part) == getattr(call, part) for part in ("method", "url", "body")
        )
        if not isinstance(signed, Call) or not same:
            raise SetupError(
                "the connector's `sign` gave back another request than it was given",
                hint="return `call.signed(headers, params)`: method, URL and body stay as they are",
            )
        return signed

    def _headers_of(self, call: Call) -> list[tuple[bytes, bytes]]:
        if not call.headers and call.content_type is None:
            return self._headers
        kind = {} if call.content_type is None else {"Content-Type": call.content_type}
        own = _encoded({**call.headers, **kind})
        names = {name.lower() for name, _ in own}
        return [pair for pair in self._headers if pair[0].lower() not in names] + own

    def _note(self, method: str, url: str, outcome: int | str, started: float) -> None:
        if _log.isEnabledFor(logging.DEBUG):
            elapsed = (self._clock.monotonic() - started) * 1000
            _log.debug("%s %s: %s in %.0f ms", method, self._redactor.url(url), outcome, elapsed)


def _encoded(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """Headers as they travel: checked once, values beyond Latin-1 as UTF-8."""
    pairs = []
    for name, value in headers.items():
        check_header(name, value)
        pairs.append((name.encode("ascii"), value.encode()))
    return pairs
