"""Posting one webhook, byte for byte, to where a receiver listens."""

from __future__ import annotations

import http.client
import ssl
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

import attrs

from pullpush_sdk.connector import WebhookRequest
from pullpush_sdk.errors import SetupError, UnavailableError
from pullpush_sdk.sandbox.webhooks import is_loopback

__all__ = ["Answered", "address_of", "post"]

_SHOWN = 2_000  # characters of an answer
_OURS = frozenset({"host", "content-length", "connection", "transfer-encoding", "expect", "content-encoding"})


@attrs.frozen(kw_only=True)
class Answered:
    """What the receiver said: its status, its answer's text (cut), and after how many seconds."""

    status: int
    text: str
    seconds: float
    retry_after: str = ""

    @property
    def ok(self) -> bool:
        """Whether it was acknowledged."""
        return 200 <= self.status < 300


def address_of(url: str, connection: str) -> str:
    """The address of a connection's webhooks below `url`; one that has a path is taken as it is.

    Raises:
        SetupError: not an http or https address.
    """
    parts = urlsplit(url)
    try:
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        good = False
    if not good or parts.username is not None:
        raise SetupError(f"{url!r} is no address to send to", hint="such as http://127.0.0.1:8000")
    if parts.path.strip("/"):
        return url
    return f"{parts.scheme}://{parts.netloc}/webhooks/{connection}"


def post(url: str, request: WebhookRequest, *, shows_secret: bool = False, timeout: float = 30.0) -> Answered:
    """Send a request once; redirects are not followed.

    `shows_secret` says that a header holds the secret itself: such a request goes to this machine or by https only.

    Raises:
        SetupError: it would show a secret on the way.
        UnavailableError: nothing answers there.
    """
    parts = urlsplit(url)
    if shows_secret and parts.scheme != "https" and not is_loopback(url):
        raise SetupError(f"the token would travel to {parts.netloc} for everybody to read", hint="use https")
    query = "&".join(each for each in (parts.query, urlencode(dict(request.query))) if each)
    target = (parts.path or "/") + (f"?{query}" if query else "")
    headers = {name: value for name, value in request.headers.items() if name.lower() not in _OURS}
    headers.setdefault("content-type", "application/json")
    started = time.perf_counter()
    connection = _open(parts.scheme, str(parts.hostname), parts.port, timeout)
    try:
        connection.request("POST", target, body=request.body, headers=headers)
        answer = connection.getresponse()
        text = answer.read(_SHOWN * 4).decode("utf-8", errors="replace")[:_SHOWN]
    except (OSError, http.client.HTTPException) as error:
        raise UnavailableError(
            f"nothing answers at {parts.scheme}://{parts.netloc}: {str(error) or type(error).__name__}",
            hint="start pullpush run in this project, or say where it listens: --url http://HOST:PORT",
        ) from error
    except (UnicodeEncodeError, ValueError) as error:
        raise SetupError(f"a header of the webhook cannot be sent: {error}") from error
    finally:
        connection.close()
    return Answered(
        status=answer.status,
        text=text,
        seconds=time.perf_counter() - started,
        retry_after=answer.headers.get("Retry-After", ""),
    )


def _open(scheme: str, host: str, port: int | None, timeout: float) -> http.client.HTTPConnection:
    make: Callable[..., Any] = http.client.HTTPConnection
    more = {}
    if scheme == "https":
        make, more = http.client.HTTPSConnection, {"context": ssl.create_default_context()}
    found: http.client.HTTPConnection = make(host, port, timeout=timeout, **more)
    return found
