"""One request to a platform and what came back, as plain values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal
from urllib.parse import quote, urlencode

import attrs
import msgspec

from pullpush_sdk.canonical import loads
from pullpush_sdk.errors import ContractError

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing, so that a lost answer leaves nothing in doubt."""
_IDEMPOTENT_METHODS = SAFE_METHODS | {"PUT", "DELETE"}


def _pairs(params: Mapping[str, str] | Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple(params.items()) if isinstance(params, Mapping) else tuple(params)


def _show_path(url: str) -> str:
    return repr(url.partition("?")[0])


@attrs.frozen(kw_only=True)
class Call:
    """A request before it is sent: nothing resolved, nothing signed.

    `url` is relative to the base URL or absolute on a declared host; `params` are pairs, a name may repeat.
    `idempotent` None means by method (GET, HEAD, OPTIONS, PUT, DELETE are). `operation` groups calls of equal cost
    (a GraphQL document's name), `cost_hint` is its cost in points before the platform ever told it. `timeout` in
    seconds overrides the connection's. `from_answer` marks a URL that the platform gave: one on a foreign host is
    then the platform's breach of contract, not a mistake of ours. `accepts` are 4xx statuses that the caller wants as
    answers instead of errors, because their bodies say more than the status. `protocol` is what is spoken over HTTP
    where its refusals come with status 200 (`graphql`, `jsonrpc`). The repr shows neither parameters nor headers.
    """

    method: str = "GET"
    url: str = attrs.field(default="", repr=_show_path)
    params: tuple[tuple[str, str], ...] = attrs.field(default=(), converter=_pairs, repr=False)
    headers: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    body: bytes | None = attrs.field(default=None, repr=False)
    content_type: str | None = None
    idempotent: bool | None = None
    operation: str = ""
    cost_hint: float | None = None
    timeout: float | None = None
    from_answer: bool = False
    accepts: frozenset[int] = frozenset()
    protocol: Literal["", "graphql", "jsonrpc"] = ""

    @property
    def is_repeatable(self) -> bool:
        """Whether sending it twice does no more than sending it once."""
        return self.method in _IDEMPOTENT_METHODS if self.idempotent is None else self.idempotent

    @property
    def is_safe(self) -> bool:
        """Whether the method by itself promises to change nothing."""
        return self.method in SAFE_METHODS

    @property
    def target(self) -> str:
        """The URL with its parameters, percent-encoded once and for all: what a signature covers is what is sent."""
        return target_of(self)

    def signed(self, headers: Mapping[str, str] | None = None, params: tuple[tuple[str, str], ...] = ()) -> Call:
        """The same call with credentials laid on top: `headers` take the place of its own, `params` come behind."""
        return attrs.evolve(self, headers={**self.headers, **(headers or {})}, params=self.params + params)


def target_of(call: Call) -> str:
    """A call's URL with its parameters, percent-encoded once and for all: what is signed is what is sent."""
    if not call.params:
        return call.url
    return f"{call.url}{'&' if '?' in call.url else '?'}{urlencode(call.params, quote_via=quote)}"


class Headers(Mapping[str, str]):
    """Headers of an answer: names in any case; values of a repeated name joined by `, `."""

    __slots__ = ("_index", "_raw")

    def __init__(self, raw: Iterable[tuple[bytes, bytes]]) -> None:
        self._raw = raw
        self._index: dict[str, str] | None = None

    def _read(self) -> dict[str, str]:
        # Most answers are never asked for a header: they are decoded on the first question.
        if self._index is None:
            index: dict[str, str] = {}
            for raw_name, raw_value in self._raw:
                name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
                index[name] = f"{index[name]}, {value}" if name in index else value
            self._index = index
        return self._index

    def __getitem__(self, name: str) -> str:
        return self._read()[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())

    def __repr__(self) -> str:
        return f"Headers({', '.join(self)})"


@attrs.frozen(kw_only=True, eq=False)
class Answer:
    """What a platform answered.

    `started_at` is the moment, aware UTC, at which the request was started: what the answer shows is at least as new.
    `url` is where it came from after redirects, without its query.
    """

    status: int
    headers: Mapping[str, str] = attrs.field(repr=False)
    body: bytes = attrs.field(repr=lambda body: f"<{len(body)} bytes>")
    started_at: datetime
    url: str

    @property
    def said_at(self) -> datetime | None:
        """The platform's own clock when it answered, by the header `Date` (RFC 9110): aware UTC, whole seconds.

        None where there is none, or none that can be read.
        """
        try:
            said = parsedate_to_datetime(self.headers.get("date", ""))
        except (ValueError, TypeError, OverflowError):
            return None
        return said.astimezone(UTC) if said.tzinfo is not None else said.replace(tzinfo=UTC)

    def json(self) -> Any:
        """The body as Python values; numbers with a fraction or exponent are Decimals from their own digits.

        Raises:
            ContractError: the body is not JSON.
        """
        try:
            return loads(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ContractError(f"the answer of {self.url} is not JSON: {error}", status=self.status) from error
