"""Keeps secrets out of every text that a person or a log may see.

Two nets: values known to be secret are replaced wherever they stand, in the forms in which they travel; and what is
secret by its name (`Authorization`, `?access_token=`) is hidden even where its value was never announced.
"""

from __future__ import annotations

import base64
import logging
import re
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from urllib.parse import quote, quote_plus

from pullpush_sdk.canonical import dumps

from ._secret import Secret

HIDDEN = "***"
_SHORTEST = 4  # a shorter "secret" would only punch holes into ordinary words
_WINDOW = 65_536  # bytes of an answer that are looked at; errors are short

_HIDDEN_HEADER = re.compile(r"auth|cookie|token|secret|password|api-?key|signature|hmac", re.IGNORECASE)
"""Headers with such a name never show their value, whoever invented them."""

_HIDDEN_PARAMS = re.compile(
    r"(?i)(?<=[?&])((?:access_?token|api_?key|apikey|client_secret|code|key|oauth_[a-z]+|password|refresh_?token|secret"
    r"|session|sig|signature|token|x-amz-[a-z-]+)=)[^&#\s]+"
)
_USERINFO = re.compile(r"(?<=://)[^/?#@\s]+@")


class Redactor:
    """Replaces secrets in text; grows as tokens are renewed. One per connection, shared by all that speak of it."""

    def __init__(self, secrets: Iterable[str | Secret] = ()) -> None:
        self._forms: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self._longest = 0
        self.add(*secrets)

    def __repr__(self) -> str:
        return f"Redactor({len(self._forms)} forms)"

    def add(self, *secrets: str | Secret | None) -> None:
        """Hide these too; None and texts under four characters are left out."""
        before = len(self._forms)
        for secret in secrets:
            text = secret.reveal() if isinstance(secret, Secret) else secret
            if text and len(text) >= _SHORTEST:
                self._forms |= _forms(text)
        if len(self._forms) != before:
            longest_first = sorted(self._forms, key=len, reverse=True)
            self._pattern = re.compile("|".join(map(re.escape, longest_first)))
            self._longest = len(longest_first[0])

    def text(self, text: str) -> str:
        """The text without known secrets."""
        return self._pattern.sub(HIDDEN, text) if self._pattern is not None else text

    def url(self, url: str) -> str:
        """A URL without known secrets, user info and the values of parameters that are secret by name."""
        return self.text(_HIDDEN_PARAMS.sub(rf"\g<1>{HIDDEN}", _USERINFO.sub("", url)))

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Headers as they may be shown."""
        return {name: HIDDEN if _HIDDEN_HEADER.search(name) else self.text(value) for name, value in headers.items()}

    def start_of(self, body: bytes, limit: int = 500) -> str:
        """The first characters of an answer, redacted before they are cut, so that no half secret is left."""
        text = self.url(body[:_WINDOW].decode("utf-8", "replace"))
        if len(body) > _WINDOW and self._longest:
            text = text[: -self._longest]
        return text if len(text) <= limit else text[: limit - 1] + "…"


def _forms(secret: str) -> set[str]:
    """A secret as it may be written: plain, URL-encoded, inside JSON or Python text, base64."""
    encoded = base64.b64encode(secret.encode()).decode()
    escaped = dumps(secret).decode()[1:-1]
    return {
        secret,
        quote(secret, safe=""),
        quote(secret),
        quote_plus(secret),
        escaped,
        escaped.replace("/", "\\/"),
        repr(secret)[1:-1],
        encoded,
        encoded.rstrip("="),
        quote(encoded, safe=""),
    }


# True while this package talks to a platform: records that libraries below write meanwhile are ours.
speaking: ContextVar[bool] = ContextVar("pullpush_http_speaking", default=False)

_LOUD = (
    "httpcore.connection",
    "httpcore.http11",
    "httpcore.proxy",
    "httpx",
    "oauthlib.oauth1.rfc5849",
    "oauthlib.oauth1.rfc5849.signature",
)


def _is_not_ours(_record: logging.LogRecord) -> bool:
    return not speaking.get()


def hush_libraries() -> None:
    """Silence what the HTTP and signing libraries log about *our* requests; other users of them keep their logs.

    httpx logs whole URLs, httpcore answer headers, oauthlib the signed text. A filter per logger drops records
    written inside a request of ours; levels and handlers are untouched. Calling it again changes nothing.
    """
    for name in _LOUD:
        logging.getLogger(name).addFilter(_is_not_ours)
