"""From an answer's status to the error that the runtime acts on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from pullpush_sdk.errors import (
    AuthError,
    ConflictError,
    ContractError,
    PullPushError,
    RateLimitedError,
    RejectedError,
    RequestTimeoutError,
    TokenExpiredError,
    UnavailableError,
)

from ._call import Answer, Call
from ._redact import Redactor

_EPOCH_AFTER = 1_000_000_000  # a larger number of "seconds" is an instant: no platform asks for thirty years
_MILLISECONDS_AFTER = 100_000_000_000


def error_of(answer: Answer, call: Call, *, redactor: Redactor, now: datetime) -> PullPushError | None:
    """The error that a status stands for, None for a 2xx.

    401 is `TokenExpiredError`, 403 `AuthError`, 409 and 412 `ConflictError`, 429 `RateLimitedError`, 408
    `RequestTimeoutError`, 425 and 5xx `UnavailableError`, any other 4xx `RejectedError`, anything else
    `ContractError`. A write is "maybe applied" after 408 and 5xx, but not after a 503 that says when to come back.
    """
    status = answer.status
    if 200 <= status < 300:
        return None
    shown = redactor.start_of(answer.body)
    message = f"{call.method} {redactor.url(answer.url)} was answered with {status}"
    wait = retry_after(answer.headers, now)
    maybe = not call.is_safe
    if status == 401:
        return TokenExpiredError(message, status=status, answer=shown)
    if status == 403:
        hint = "check the permissions (scopes) of these credentials"
        return AuthError(message, status=status, answer=shown, hint=hint)
    if status in (409, 412):
        return ConflictError(message, status=status, answer=shown)
    if status == 429:
        return RateLimitedError(message, status=status, answer=shown, retry_after=wait)
    if status == 408:
        return RequestTimeoutError(message, status=status, answer=shown, retry_after=wait, maybe_applied=maybe)
    if status == 425 or status >= 500:
        maybe = maybe and status != 425 and not (status == 503 and wait is not None)
        return UnavailableError(message, status=status, answer=shown, retry_after=wait, maybe_applied=maybe)
    if status >= 400:
        return RejectedError(message, status=status, answer=shown)
    return ContractError(message, status=status, answer=shown, hint="only GET and HEAD follow redirects")


def refusal_of(answer: Answer, status: int, said: str) -> PullPushError:
    """The error of an answer that means `status` (4xx or 5xx) and says so in its body; `said` are its own words.

    Whether it was a write is not known here: a 5xx counts as maybe applied.
    """
    meant = Answer(status=status, headers=answer.headers, body=said.encode(), started_at=answer.started_at, url="")
    error = error_of(meant, Call(method="POST", url=""), redactor=Redactor(()), now=answer.started_at)
    assert error is not None
    error.message = f"{answer.url} was answered with {answer.status}, which means {status}: {said or 'no reason given'}"
    return error


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds to wait by `Retry-After`, given in seconds or as an HTTP date; None without a readable one.

    A date is read against the answer's own `Date`, so that a wrong clock on either side does no harm.
    """
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    try:
        return max(float(text), 0.0)
    except ValueError:
        until = _http_date(text)
    if until is None:
        return None
    return max((until - (_http_date(headers.get("date", "")) or now)).total_seconds(), 0.0)


def seconds_until(text: str, now: datetime) -> float | None:
    """Seconds until a reset that a header names: seconds from now, Unix seconds or milliseconds, or an HTTP date."""
    try:
        value = float(text)
    except ValueError:
        date = _http_date(text)
        return None if date is None else max((date - now).total_seconds(), 0.0)
    if value >= _MILLISECONDS_AFTER:
        value /= 1000
    return max(value - now.timestamp() if value >= _EPOCH_AFTER else value, 0.0)


def _http_date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    return date if date.tzinfo is not None else date.replace(tzinfo=UTC)
