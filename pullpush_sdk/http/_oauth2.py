"""OAuth 2: where a person says yes, how a code or a refresh token becomes an access token. Pure; see `_schemes`."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import attrs
import msgspec

from pullpush_sdk.canonical import dumps, loads
from pullpush_sdk.errors import AccessRevokedError, AuthError, ContractError, PullPushError, SetupError
from pullpush_sdk.manifest import OAuth2Auth, render

from ._call import Answer, Call
from ._schemes import Exchange, Placer, render_text
from ._secret import revealed
from ._token import Token, fingerprint

_INSTANT_AFTER = 1_000_000_000  # seconds
_TOKEN_FIELDS = frozenset({"access_token", "refresh_token", "id_token"})
_ASK_AGAIN = "run `pullpush auth` once more"
AUTHORISE = "a person must authorise this connection again"


@attrs.frozen(kw_only=True)
class Authorization:
    """A question to a person: `url` is where they say yes, and where the platform's answer will be known by `state`.

    Made by `Client.authorization` and redeemed by `Client.authorize`; it is good for one answer.
    """

    url: str = attrs.field(repr=False)
    redirect_uri: str
    state: str = attrs.field(repr=False)
    verifier: str | None = attrs.field(default=None, repr=False)


class OAuth2:
    """The authorization code and client credentials grants, and refreshing with or without rotation."""

    uses_token = True

    def __init__(self, auth: OAuth2Auth, values: Mapping[str, Any]) -> None:
        self._auth = auth
        self._values = values
        self._placer = Placer(auth.place, values)
        self._beside = [(each.field, Placer(each.place, values)) for each in auth.also]
        self._token_url = render_text(auth.token_url, values)
        self._client_id = render_text(auth.client_id, values)
        self._client_secret = render_text(auth.client_secret, values)
        self.hosts = (urlsplit(self._token_url).netloc,) if "://" in self._token_url else ()

    def sign(self, call: Call, token: Token | None) -> Call:
        assert token is not None
        call = self._placer.sign(call, token.access)
        for field, placer in self._beside:
            value = token.extra.get(field)
            if not isinstance(value, str) or not value:
                raise AuthError(f"the token came without its `{field}`", hint=AUTHORISE)
            call = placer.sign(call, value)
        return call

    def bootstrap(self) -> Token | None:
        """The tokens that the settings hold; their fingerprint tells later whether an operator changed them."""
        access, refresh = self._setting(self._auth.access_token), self._setting(self._auth.refresh_token)
        if not access and not refresh:
            return None
        beside = {each.field: value for each in self._auth.also if (value := self._setting(each.value))}
        mark = fingerprint(access, refresh, *(value for _, value in sorted(beside.items())))
        # A refresh token alone: the empty access token is stale from the start.
        return Token(access=access or "", refresh=refresh, extra=beside, bootstrap=mark)

    def is_stale(self, token: Token, now: datetime) -> bool:
        if not token.access:
            return True
        if token.expires_at is None:
            return False
        return now >= token.expires_at - timedelta(seconds=self._margin(token))

    def _margin(self, token: Token) -> float:
        """Seconds before the end at which we renew; never more than a fifth of the token's life."""
        if token.expires_at is None or token.obtained_at is None:
            return self._auth.refresh_margin
        return min(self._auth.refresh_margin, (token.expires_at - token.obtained_at).total_seconds() / 5)

    def renew(self, token: Token | None, now: datetime) -> Exchange:
        from oauthlib.oauth2 import BackendApplicationClient, WebApplicationClient  # noqa: PLC0415 - as above

        del now
        if token is not None and token.refresh:
            body = WebApplicationClient(self._client_id).prepare_refresh_body(refresh_token=token.refresh)
            # A refresh token that is good once must not be sent again unless it surely was not used.
            call = self._call(body, repeatable=not self._auth.rotates)
            return (yield from self._exchange(call, token))
        if self._auth.grant == "client_credentials":
            client = BackendApplicationClient(self._client_id)
            body = client.prepare_request_body(scope=list(self._auth.scopes) or None)
            return (yield from self._exchange(self._call(body, repeatable=True), None))
        if token is not None:
            message = "the access token is no longer accepted and there is no refresh token"
            raise AccessRevokedError(message, hint=AUTHORISE)
        raise SetupError("this connection was never authorised", hint="run `pullpush auth` for it")

    @property
    def by_code(self) -> bool:
        """Whether a person has to say yes in a browser."""
        return self._auth.grant == "authorization_code"

    def authorization(self, redirect_uri: str) -> Authorization:
        """Where to send the person who grants access.

        Raises:
            SetupError: the manifest names no authorize URL.
        """
        from oauthlib.oauth2 import WebApplicationClient  # noqa: PLC0415 - only who authorises pays for it

        if not self._auth.authorize_url:
            raise SetupError("the manifest's auth names no authorize_url")
        client = WebApplicationClient(self._client_id)
        state = secrets.token_hex(16)  # letters and digits: some platforms drop anything else
        verifier = client.create_code_verifier(64) if self._auth.pkce else None
        extra = render(dict(self._auth.authorize_params), revealed(self._values))
        if verifier is not None:
            extra |= {"code_challenge": client.create_code_challenge(verifier, "S256"), "code_challenge_method": "S256"}
        url = client.prepare_request_uri(
            render_text(self._auth.authorize_url, self._values),
            redirect_uri=redirect_uri,
            # By the standard scopes are parted by spaces; a platform that parts them otherwise has them in the params.
            scope=extra.pop("scope", None) or list(self._auth.scopes) or None,
            state=state,
            **extra,
        )
        return Authorization(url=str(url), redirect_uri=redirect_uri, state=state, verifier=verifier)

    def code_of(self, asked: Authorization, answer: Mapping[str, str]) -> str:
        """The code in the query of the platform's callback, once it is known to answer our question.

        Raises:
            AuthError: the callback is of another question, forged, or says no.
        """
        if not hmac.compare_digest(answer.get("state", "").encode(), asked.state.encode()):
            raise AuthError("the callback answers another question: its `state` is not ours", hint=_ASK_AGAIN)
        if self._auth.callback_hmac is not None and not self._is_signed(self._auth.callback_hmac, answer):
            raise AuthError("the callback's signature does not fit", hint=f"check the client secret; {_ASK_AGAIN}")
        if answer.get("error"):
            said = answer.get("error_description") or answer["error"]
            raise AuthError(f"access was not granted: {said[:200]}", hint=_ASK_AGAIN)
        if not answer.get("code"):
            raise AuthError("the callback holds no code", hint=_ASK_AGAIN)
        return answer["code"]

    def _is_signed(self, parameter: str, answer: Mapping[str, str]) -> bool:
        pairs = sorted((name, value) for name, value in answer.items() if name not in (parameter, "signature"))
        message = "&".join(f"{name}={value}" for name, value in pairs).encode()
        expected = hmac.new(self._client_secret.encode(), message, hashlib.sha256).hexdigest()
        sent = answer.get(parameter, "").lower().encode()
        return bool(self._client_secret) and hmac.compare_digest(sent, expected.encode())

    def redeem(self, asked: Authorization, code: str) -> Exchange:
        """Turns the code of a granted authorisation into a token; a code is good once."""
        from oauthlib.oauth2 import WebApplicationClient  # noqa: PLC0415 - as above

        client = WebApplicationClient(self._client_id)
        body = client.prepare_request_body(
            code=code, redirect_uri=asked.redirect_uri, include_client_id=False, code_verifier=asked.verifier
        )
        params = {name: render_text(value, self._values) for name, value in self._auth.code_params.items()}
        return (yield from self._exchange(self._call(body, repeatable=False, params=params), None))

    def secrets(self, token: Token | None) -> tuple[str, ...]:
        pair = base64.b64encode(f"{self._client_id}:{self._client_secret}".encode()).decode()
        given = [self._auth.access_token, self._auth.refresh_token, *(each.value for each in self._auth.also)]
        held = (
            [] if token is None else [token.access, token.refresh, *(token.extra.get(name) for name, _ in self._beside)]
        )
        return tuple(text for text in (self._client_secret, pair, *map(self._setting, given), *held) if text)

    def _setting(self, template: str | None) -> str | None:
        """A setting that may be left out."""
        if template is None:
            return None
        value = render(template, revealed(self._values))
        return None if value is None or value == "" else str(value)

    def _call(self, body: str, *, repeatable: bool, params: Mapping[str, str] = MappingProxyType({})) -> Call:
        fields = {**dict(parse_qsl(body, keep_blank_values=True)), **params}
        headers = {"Accept": "application/json"}
        if self._auth.client_auth == "basic":
            pair = f"{self._client_id}:{self._client_secret}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
            fields.pop("client_id", None)
        else:
            fields |= {"client_id": self._client_id, "client_secret": self._client_secret}
        fields |= {name: render_text(value, self._values) for name, value in self._auth.token_params.items()}
        as_json = self._auth.token_body == "json"  # noqa: S105 - the body's form
        return Call(
            method="POST",
            url=self._token_url,
            headers=headers,
            body=dumps(fields) if as_json else urlencode(fields).encode(),
            content_type="application/json" if as_json else "application/x-www-form-urlencoded",
            idempotent=repeatable,
        )

    def _exchange(self, call: Call, old: Token | None) -> Exchange:
        answer = yield call
        fields = _fields_of(answer)
        if answer.status >= 400 or "error" in fields:
            raise _refusal(answer.status, fields, is_refresh=old is not None)
        return self._token(fields, answer.started_at, old)

    def granted(self, fields: Mapping[str, Any], received_at: datetime) -> Token:
        """The token that a platform hands over by itself: the fields of a token answer, in a webhook.

        Raises:
            ContractError: there is no access token among them.
        """
        return self._token(fields, received_at, None)

    def _token(self, fields: Mapping[str, Any], obtained_at: datetime, old: Token | None) -> Token:
        access = fields.get("access_token")
        if not isinstance(access, str) or not access:
            raise ContractError("the token answer holds no access_token")
        refresh = fields.get("refresh_token") or (old.refresh if old is not None else None)
        extra = {name: value for name, value in fields.items() if name not in _TOKEN_FIELDS}
        # An answer that renews one of them only leaves the others as they are.
        kept = {name: old.extra[name] for name, _ in self._beside if old is not None and name in old.extra}
        return Token(
            access=access,
            refresh=str(refresh) if refresh else None,
            expires_at=self._expiry(fields, obtained_at),
            obtained_at=obtained_at,
            extra={**kept, **extra},
            bootstrap=old.bootstrap if old is not None else "",
        )

    def _expiry(self, fields: Mapping[str, Any], started_at: datetime) -> datetime | None:
        """The instant at which an access token ends.

        A platform may not be of one mind with itself (`expires` a duration in one answer and an instant in
        another), so a value's size decides: no token lives for thirty years, and none ended in 2001.
        """
        value = fields.get(self._auth.expires_field, fields.get("expires_in", fields.get("expires")))
        try:
            seconds = float(value) if value is not None else None
        except (TypeError, ValueError):
            return None
        if seconds is None:
            return None
        is_instant = seconds >= _INSTANT_AFTER
        return datetime.fromtimestamp(seconds, UTC) if is_instant else started_at + timedelta(seconds=seconds)


def _refusal(status: int, fields: Mapping[str, Any], *, is_refresh: bool) -> PullPushError:
    """The error of a token endpoint; only OAuth's own error fields are shown, anything else may hold tokens."""
    code = str(fields.get("error", ""))[:60]
    description = str(fields.get("error_description", ""))[:200]
    said = f": {code}" if code else ""
    if code == "invalid_grant":
        what = "the refresh token" if is_refresh else "the authorisation code"
        hint = f"it was revoked, used twice, or is too old; {AUTHORISE}"
        message = f"{what} was refused{said}"
        return AccessRevokedError(message, status=status, answer=description, hint=hint)
    hint = "check client id and secret" if status in (400, 401) else ""
    return AuthError(f"no token was given ({status}{said})", status=status, answer=description, hint=hint)


def _fields_of(answer: Answer) -> dict[str, Any]:
    """The fields of a token answer: JSON by the standard, a form by some."""
    try:
        value = loads(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        value = dict(parse_qsl(answer.body.decode("utf-8", "replace")))
    return value if isinstance(value, dict) else {}
