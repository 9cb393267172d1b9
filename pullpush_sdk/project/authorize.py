"""Authorising a connection: a person's yes, or one exchange of its credentials, becomes a stored token."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Literal

import attrs

from pullpush_sdk.connector import Connection
from pullpush_sdk.errors import AuthError
from pullpush_sdk.http import Authorization, Redactor, Token
from pullpush_sdk.plugins import Plugins

from ._model import Project
from ._redirect import is_loopback, listening, query_of
from .connect import open_connection

Way = Literal["person", "exchange", "fixed"]
Ask = Callable[[Authorization, bool], Awaitable[str | None]]
"""Shows a person where to say yes. With true we listen for the browser ourselves and the result is not used; with
false it is the address that the browser was sent to in the end."""


@attrs.frozen(kw_only=True)
class Authorized:
    """How a connection stands.

    `way` says how it comes by its token: a `person` says yes in a browser, an `exchange` of its credentials, or
    `fixed` credentials that need no token. `token` None means that there is none (yet).
    """

    connection: str
    way: Way
    token: Token | None = None

    @property
    def expires_at(self) -> datetime | None:
        """When the access token ends, None where nobody said or there is none."""
        return self.token.expires_at if self.token is not None else None

    @property
    def renews(self) -> bool:
        """Whether the runtime gets the next token without a person."""
        return self.way != "person" or (self.token is not None and self.token.refresh is not None)


async def authorize_connection(
    project: Project,
    name: str,
    plugins: Plugins,
    ask: Ask,
    *,
    redirect_uri: str,
    paste: bool = False,
    timeout: float = 300.0,  # noqa: ASYNC109 - of a person
    redactor: Redactor | None = None,
) -> Authorized:
    """Get and store a token for a connection, whatever way its connector has.

    The browser comes back to `redirect_uri`, which we listen at where it is a loopback address, unless `paste` is
    wanted: then the person brings the address that they were sent to.

    Raises:
        SetupError: the redirect address cannot be listened at.
        AuthError: access was not granted, nobody came back within `timeout` seconds, or the platform refused.
    """
    async with open_connection(project, name, plugins, redactor=redactor) as connection:
        way = _way_of(connection)
        if way == "fixed":
            return Authorized(connection=name, way=way)
        if way == "exchange":
            return Authorized(connection=name, way=way, token=await connection.client.renew())
        asked = connection.client.authorization(redirect_uri)
        answer = await _answered(asked, ask, listen=is_loopback(redirect_uri) and not paste, timeout=timeout)
        token = await connection.client.authorize(asked, answer)
        return Authorized(connection=name, way=way, token=token)


async def authorized(project: Project, name: str, plugins: Plugins, *, redactor: Redactor | None = None) -> Authorized:
    """How a connection stands; nothing is sent."""
    async with open_connection(project, name, plugins, redactor=redactor) as connection:
        way = _way_of(connection)
        return Authorized(connection=name, way=way, token=await connection.client.auth.stored())


def _way_of(connection: Connection) -> Way:
    auth = connection.client.auth
    if not auth.scheme.uses_token:
        return "fixed"
    return "person" if auth.asks_a_person else "exchange"


async def _answered(
    asked: Authorization,
    ask: Ask,
    *,
    listen: bool,
    timeout: float,  # noqa: ASYNC109 - as above
) -> Mapping[str, str]:
    if not listen:
        return query_of(await ask(asked, False) or "")
    async with listening(asked.redirect_uri) as came:
        await ask(asked, True)
        try:
            return await asyncio.wait_for(came, timeout)
        except TimeoutError:
            hint = "run it again; where the browser is on another machine, add --paste"
            raise AuthError(f"nobody came back within {timeout:.0f} s", hint=hint) from None
