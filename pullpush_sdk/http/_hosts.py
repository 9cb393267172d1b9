"""Where requests may go: declared hosts only, https only, and in a sandbox always the sandbox."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import SplitResult, urljoin, urlsplit

from pullpush_sdk.errors import ContractError, PullPushError, SetupError

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_PORTS = {"http": 80, "https": 443}
# Whitespace and control characters have no place in a URL; a backslash is read as a slash by some servers.
_ILLEGAL = re.compile(r"[\x00-\x20\x7f\\]")


class _Place(NamedTuple):
    host: str  # lower case; `*.example.com` stands for every host below it
    port: int

    def covers(self, other: _Place) -> bool:
        if self.port != other.port:
            return False
        return other.host.endswith(self.host[1:]) if self.host.startswith("*.") else self.host == other.host


class Hosts:
    """The declared hosts of one connection: only they are called, and all of them may see its credentials.

    `hosts` are names (`api.example.com`, `*.example.com` for every host below it, `name:port`) beside the base
    URL's. `origin`, `http://127.0.0.1:PORT`, takes the place of scheme, host and port of each: the sandbox stands
    for the whole platform.

    Raises:
        SetupError: the base URL or the origin is not acceptable.
    """

    def __init__(self, base_url: str, hosts: Iterable[str] = (), *, origin: str | None = None) -> None:
        self._origin = None if origin is None else _checked_origin(origin)
        self._base = base_url.rstrip("/")
        base = _split(base_url, SetupError)
        self._places = [_place(base), *(_declared(host) for host in hosts if host)]
        if self._origin is not None:
            self._places.append(_place(urlsplit(self._origin)))

    def __repr__(self) -> str:
        return f"Hosts({', '.join(self.names)})"

    @property
    def names(self) -> tuple[str, ...]:
        """The declared hosts, for messages."""
        return tuple(place.host for place in self._places)

    def resolve(
        self, url: str, *, base_url: str | None = None, also: Iterable[str] = (), from_answer: bool = False
    ) -> str:
        """The absolute URL to call for a path under the base URL or an absolute URL.

        `base_url` is a session's own, in place of the connection's. `also` are hosts that this one call may reach
        besides. `from_answer` says that the platform gave the URL (a next link, a session's base URL).

        Raises:
            SetupError: not https, not a declared host, user info or illegal characters in it.
            ContractError: the same of a URL that the platform gave.
        """
        if "://" not in url and base_url is None:
            path = url.lstrip("/")
            if _ILLEGAL.search(path):
                raise _error(from_answer, "a URL holds white space, a control character or a backslash", self._base)
            return self._through(f"{self._base}/{path}" if path else self._base)
        if "://" not in url:
            url = f"{(base_url or '').rstrip('/')}/{url.lstrip('/')}"
        blame = ContractError if from_answer else SetupError
        parts = _split(url, blame)
        place = _place(parts)
        if not any(known.covers(place) for known in (*self._places, *map(_declared, also))):
            raise _error(
                from_answer,
                f"{place.host} is not a declared host ({', '.join(self.names)}); nothing was sent there",
                "add it to `hosts` in the manifest if the platform really uses it",
            )
        return self._through(url)

    def follow(self, current: str, location: str) -> str:
        """The URL of a redirect or link seen at `current`, relative or absolute.

        Raises:
            ContractError: it leads to an undeclared host, or away from https.
        """
        return self.resolve(urljoin(current, location), from_answer=True)

    def _through(self, url: str) -> str:
        if self._origin is None:
            return url
        parts = urlsplit(url)
        return self._origin + url[url.index(parts.netloc) + len(parts.netloc) :]


def check_header(name: str, value: str) -> None:
    """Refuse a header that would break out of its line.

    Raises:
        SetupError: the name or value holds a line break or another control character; the value is not shown.
    """
    if _BAD_HEADER.search(value) or not _HEADER_NAME.fullmatch(name):
        raise SetupError(f"the header {name!r} holds a line break or a control character")


_BAD_HEADER = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_HEADER_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")


def _split(url: str, blame: type[PullPushError]) -> SplitResult:
    """A URL's parts, once it is one that we would call; messages show its host only, queries may hold secrets."""
    if _ILLEGAL.search(url):
        raise blame("a URL holds white space, a control character or a backslash")
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise blame(f"not a URL: {error}") from None
    if not parts.hostname:
        raise blame("a URL without a host", hint="write it as https://host/path")
    if "@" in parts.netloc:
        raise blame(f"the URL of {parts.hostname} holds a user name or password", hint="credentials belong into `auth`")
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        message = f"the URL of {parts.hostname} is {parts.scheme}, not https"
        raise blame(message, hint="only loopback hosts may use http")
    return parts


def _place(parts: SplitResult) -> _Place:
    return _Place((parts.hostname or "").lower(), parts.port or _PORTS[parts.scheme])


def _declared(host: str) -> _Place:
    parts = urlsplit(host if "://" in host else f"https://{host}")
    scheme = parts.scheme if parts.scheme in _PORTS else "https"
    return _Place((parts.hostname or "").lower(), parts.port or _PORTS[scheme])


def _checked_origin(origin: str) -> str:
    parts = _split(origin, SetupError)
    if parts.hostname not in _LOOPBACK or parts.path.strip("/") or parts.query:
        raise SetupError(f"a sandbox origin is http://127.0.0.1:PORT, not {parts.scheme}://{parts.netloc}{parts.path}")
    return f"{parts.scheme}://{parts.netloc}"


def _error(from_answer: bool, message: str, hint: str) -> PullPushError:
    return ContractError(message, hint=hint) if from_answer else SetupError(message, hint=hint)
