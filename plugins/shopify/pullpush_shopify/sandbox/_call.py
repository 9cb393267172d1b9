"""One GraphQL call: who asks, what it may see, and what it leaves behind; and the state that all calls share."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import attrs

from pullpush_sdk.sandbox import RequestLog, Violations
from pullpush_shopify.sandbox._execute import FieldError, steps
from pullpush_shopify.sandbox._search import Search
from pullpush_shopify.sandbox._store import Store

__all__ = ["Call", "Desk", "UserError", "payload", "single_flight"]

_KEY_LIFE = timedelta(hours=24)
_ORDER_WINDOW = timedelta(days=60)


@attrs.frozen
class UserError:
    """One entry of `userErrors`; `code` is shown by typed errors only."""

    field: list[str] | None
    message: str
    code: str | None = None


def payload(**values: Any) -> Any:
    """A mutation's answer; `user_errors` is there even when empty."""
    return SimpleNamespace(**{"user_errors": [], **values})


@attrs.define
class _Attempt:
    fingerprint: str
    at: datetime
    answer: Any
    failed: bool


@attrs.define(kw_only=True)
class Desk:
    """What outlives a call: the store, the log, keys of idempotent writes, switches.

    `orders_per_minute` bounds `orderCreate` (None: no bound),
    `uploads` are the staged files by key.
    """

    store: Store
    log: RequestLog
    violations: Violations
    granted: frozenset[str]
    orders_per_minute: int | None = None
    attempts: dict[str, _Attempt] = attrs.field(factory=dict)
    order_moments: list[float] = attrs.field(factory=list)
    uploads: dict[str, bytes] = attrs.field(factory=dict)

    def clear(self) -> None:
        """Forget keys, uploads and the count of orders."""
        self.attempts.clear()
        self.order_moments.clear()
        self.uploads.clear()


@attrs.define(kw_only=True)
class Call:
    """One request's view.

    `engine` runs further operations (bulk), `here` is the path of the field being read, `key` the idempotency key
    of the mutation.
    """

    desk: Desk
    engine: Any
    scopes: frozenset[str]
    version: str
    address: str
    is_bulk: bool = False
    here: Any = None
    mutation: str = ""
    key: str | None = None
    searches: list[dict[str, Any]] = attrs.field(factory=list)

    @property
    def store(self) -> Store:
        """The shop's records."""
        return self.desk.store

    def for_mutation(self, name: str, directive: Mapping[str, Any] | None) -> Call:
        """This call as seen by one mutation field; `directive` holds the arguments of `@idempotent`."""
        return attrs.evolve(self, mutation=name, key=None if directive is None else directive["key"])

    def may(self, scope: str) -> bool:
        """Whether the token holds a scope; the write scope includes reading."""
        return scope in self.scopes or scope.replace("read_", "write_", 1) in self.scopes

    def sees_order(self, order: Any) -> bool:
        """Orders older than sixty days need a scope of their own."""
        return "read_all_orders" in self.scopes or order.created_at >= self.store.now() - _ORDER_WINDOW

    def count_violation(self, kind: str) -> None:
        """The client did something against the platform's rules."""
        self.desk.violations.count(kind)

    def note_search(self, search: Search | None) -> None:
        """Keep a search's warnings for the answer's `extensions`."""
        warnings = search.warnings() if search is not None else []
        if search is not None and warnings:
            self.count_violation("search_warning")
            shown = {"path": steps(self.here), "query": search.text, "parsed": search.parsed()}
            self.searches.append({**shown, "warnings": warnings})

    def log_write(self, kind: str, **values: Any) -> None:
        """One entry per written record in the request log: `{"method": "WRITE", "path": kind, "write": {...}}`."""
        moment = time.monotonic_ns()
        entry: dict[str, Any] = {"at": self.store.now().isoformat(), "method": "WRITE", "path": kind, "query": ""}
        entry |= {"status": 200, "started": moment, "ended": moment, "fault": None}
        self.desk.log.append({**entry, "write": values})


def single_flight(
    call: Call,
    arguments: Mapping[str, Any],
    run: Callable[[], Any],
    refuse: Callable[[UserError], Any],
) -> Any:
    """Run a mutation that demands `@idempotent(key:)` once per key.

    The same key and arguments within 24 hours get the first answer again; other arguments, or a first try that
    ended in user errors, are refused through `refuse`.

    Raises:
        FieldError: no key, or a blank one.
    """
    if call.key is None:
        call.count_violation("missing_idempotency_key")
        message = "The @idempotent directive is required for this mutation but was not provided."
        raise FieldError(message, "BAD_REQUEST")
    if not call.key.strip():
        raise FieldError("The idempotency key can't be blank.", "BAD_REQUEST")
    now, attempts = call.store.now(), call.desk.attempts
    fingerprint = f"{call.mutation} {sorted(arguments.items())!r}"
    known = attempts.get(call.key)
    if known is not None and now - known.at < _KEY_LIFE:
        if known.fingerprint != fingerprint:
            call.count_violation("idempotency_key_reused")
            message = "The same idempotency key was used with different parameters."
            return refuse(UserError(None, message, "IDEMPOTENCY_KEY_PARAMETER_MISMATCH"))
        if known.failed:
            message = "The previous attempt with this idempotency key failed."
            return refuse(UserError(None, message, "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED"))
        return known.answer
    answer = run()
    attempts[call.key] = _Attempt(fingerprint, now, answer, failed=bool(answer.user_errors))
    return answer
