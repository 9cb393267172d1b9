"""Ways to put fixed credentials on a call. Pure: a call and a token in, a call out.

A scheme never does I/O. One that needs a token says how to get it as a generator: it yields calls, is sent their
answers, and returns the token; who drives it owns the network, the store and the locks.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Generator, Mapping
from datetime import datetime
from typing import Any, Protocol, cast

from pullpush_sdk.manifest import ApiKeyAuth, BasicAuth, BearerAuth, OAuth1Auth, Placement, render

from ._call import Answer, Call, target_of
from ._secret import revealed
from ._token import Token

Exchange = Generator[Call, Answer, Token]
"""Yields calls to send as they are, unsigned; returns the token that they brought."""


class Scheme(Protocol):
    """How one kind of auth signs, and how it comes by a token."""

    @property
    def uses_token(self) -> bool:
        """Whether `sign` needs a token; where not, a 401 is final."""
        ...

    @property
    def hosts(self) -> tuple[str, ...]:
        """Hosts that its own exchanges call, beside the declared ones."""
        ...

    def sign(self, call: Call, token: Token | None) -> Call:
        """The call with credentials; its URL is absolute by now."""
        ...

    def bootstrap(self) -> Token | None:
        """The token that the settings hold, None where they hold none."""
        ...

    def is_stale(self, token: Token, now: datetime) -> bool:
        """Whether the token should be renewed before it is used."""
        ...

    def renew(self, token: Token | None, now: datetime) -> Exchange:
        """Gets a new token, from the old one or from the credentials.

        Raises:
            SetupError: there is nothing to get one from; a person must authorise.
            AccessRevokedError, AuthError: the platform refused.
        """
        ...

    def secrets(self, token: Token | None) -> tuple[str, ...]:
        """Every text that must not be shown."""
        ...


def render_text(template: str, values: Mapping[str, Any]) -> str:
    """A template of a credential, as text."""
    return str(render(template, revealed(values)))


class Placer:
    """Puts a token where the manifest wants it; the text is made once per token."""

    def __init__(self, place: Placement, values: Mapping[str, Any]) -> None:
        self._place = place
        self._values = values
        self._made: tuple[str, Callable[[Call], Call]] | None = None

    def sign(self, call: Call, access: str) -> Call:
        if self._made is None or self._made[0] != access:
            self._made = (access, self._make(access))
        return self._made[1](call)

    def _make(self, access: str) -> Callable[[Call], Call]:
        place = self._place
        text = render_text(place.format, {**self._values, "token": access})
        if place.query is not None:
            params = ((place.query, text),)
            return lambda call: call.signed(params=params)
        headers = {place.header or "Authorization": text}
        return lambda call: call.signed(headers)


class _Fixed:
    """Common to schemes whose credentials never change: no token, nothing to renew."""

    uses_token = False
    hosts: tuple[str, ...] = ()

    def bootstrap(self) -> Token | None:
        return None

    def is_stale(self, token: Token, now: datetime) -> bool:  # noqa: ARG002 - the protocol's
        return False

    def renew(self, token: Token | None, now: datetime) -> Exchange:
        raise NotImplementedError(f"{type(self).__name__} has nothing to renew")


class Unsigned(_Fixed):
    """Calls carry no credential."""

    def sign(self, call: Call, token: Token | None) -> Call:  # noqa: ARG002 - the protocol's
        return call

    def secrets(self, token: Token | None) -> tuple[str, ...]:  # noqa: ARG002 - the protocol's
        return ()


class Key(_Fixed):
    """A bearer token, an API key or a basic pair: one fixed text in a header or parameter."""

    def __init__(self, auth: BearerAuth | ApiKeyAuth | BasicAuth, values: Mapping[str, Any]) -> None:
        if isinstance(auth, BearerAuth):
            place = Placement(header="Authorization", format="Bearer {{token}}")
            self._key = render_text(auth.token, values)
            self._secrets: tuple[str, ...] = (self._key,)
        elif isinstance(auth, ApiKeyAuth):
            place, self._key = auth.place, render_text(auth.key, values)
            self._secrets = (self._key,)
        else:
            place = Placement(header="Authorization", format="Basic {{token}}")
            username, password = render_text(auth.username, values), render_text(auth.password, values)
            self._key = base64.b64encode(f"{username}:{password}".encode()).decode()
            self._secrets = (self._key, password or username)
        self._placer = Placer(place, values)

    def sign(self, call: Call, token: Token | None) -> Call:  # noqa: ARG002 - the protocol's
        return self._placer.sign(call, self._key)

    def secrets(self, token: Token | None) -> tuple[str, ...]:  # noqa: ARG002 - the protocol's
        return self._secrets


class OAuth1(_Fixed):
    """OAuth 1.0a: every call is signed over its method, URL, parameters and form body."""

    def __init__(self, auth: OAuth1Auth, values: Mapping[str, Any]) -> None:
        from ._oauth1 import Signer, as_sent  # noqa: PLC0415 - only who signs pays for it

        self._secrets = (
            render_text(auth.consumer_secret, values),
            render_text(auth.token, values),
            render_text(auth.token_secret, values),
        )
        self._as_sent = as_sent
        self._client = Signer(
            render_text(auth.consumer_key, values),
            client_secret=self._secrets[0],
            resource_owner_key=self._secrets[1],
            resource_owner_secret=self._secrets[2],
            signature_method=auth.signature_method,
        )

    def sign(self, call: Call, token: Token | None) -> Call:  # noqa: ARG002 - the protocol's
        is_form = call.content_type == "application/x-www-form-urlencoded"
        body = call.body.decode() if is_form and call.body else None
        given = {"Content-Type": call.content_type} if body is not None and call.content_type else {}
        _, headers, _ = self._client.sign(
            self._as_sent(target_of(call)), cast("Any", call.method), body=body, headers=given
        )
        return call.signed({"Authorization": headers["Authorization"]})

    def secrets(self, token: Token | None) -> tuple[str, ...]:  # noqa: ARG002 - the protocol's
        return self._secrets
