"""What the platform's answers stand for: most of its refusals come with status 200.

A look at the bytes tells whether an answer may hold one; only then it is decoded, and of it only the parts about
errors. In a text of the shop the quotation marks are escaped, so that no product's description looks like an error.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import msgspec

from pullpush_sdk.errors import (
    AuthError,
    ContractError,
    PullPushError,
    RateLimitedError,
    RejectedError,
    SetupError,
    UnavailableError,
)
from pullpush_sdk.http import Answer

API_VERSION = "2026-10"

_log = logging.getLogger("pullpush.shopify")
_SHOWN = 500


class _Search(msgspec.Struct):
    warnings: Any = None


class _Extensions(msgspec.Struct):
    search: list[_Search] | None = None


class _Refusal(msgspec.Struct):
    errors: Any = None
    extensions: _Extensions | None = None


_DECODER = msgspec.json.Decoder(_Refusal)


class Judge:
    """Names the error that an answer stands for; one per loaded connector.

    It also says once, for each other version, that the platform answered with a version that was not asked for.
    """

    def __init__(self) -> None:
        self._seen = {API_VERSION}

    def __call__(self, answer: Answer) -> PullPushError | None:
        """The error of an answer, None where its status decides."""
        self._compare_version(answer)
        if answer.status in _BY_STATUS:
            kind, message, hint = _BY_STATUS[answer.status]
            return kind(message, hint=hint)
        if not 200 <= answer.status < 300:
            return None
        body = answer.body
        if b'"errors"' not in body and b'"warnings"' not in body:
            return None
        try:
            refusal = _DECODER.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return None  # whoever decodes the answer says what is wrong with it
        return _error_of(refusal.errors, answer) or _warning_of(refusal.extensions, answer)

    def _compare_version(self, answer: Answer) -> None:
        version = answer.headers.get("x-shopify-api-version", API_VERSION)
        if version not in self._seen:
            self._seen.add(version)
            _log.warning("Shopify answered with API version %s, not %s: fields may differ", version, API_VERSION)


_BY_STATUS: dict[int, tuple[type[SetupError | AuthError], str, str]] = {
    402: (AuthError, "the shop is frozen", "its owner must settle the bill with Shopify"),
    404: (SetupError, "Shopify knows no such shop", "check the setting `shop`: NAME of NAME.myshopify.com"),
    423: (AuthError, "the shop is locked", "its owner must ask Shopify's support"),
}


def _error_of(errors: Any, answer: Answer) -> PullPushError | None:
    if not errors:
        return None
    if not isinstance(errors, list):
        return ContractError("Shopify refused the request", status=answer.status, answer=str(errors)[:_SHOWN])
    first = next((each for each in errors if isinstance(each, dict)), {})
    extensions = first.get("extensions") or {}
    code = str(extensions.get("code", ""))
    said = _said(errors)
    if code == "THROTTLED":
        return RateLimitedError("Shopify is throttling", status=answer.status, answer=said, retry_after=1.0)
    if code == "ACCESS_DENIED":
        needed = extensions.get("requiredAccess") or first.get("message", "")
        hint = f"grant the app this access and install it again: {needed}"
        return AuthError("the app lacks a permission", status=answer.status, answer=said, hint=hint[:_SHOWN])
    if code == "MAX_COST_EXCEEDED":
        hint = "this is a fault of the connector: its page sizes ask for too much at once"
        return ContractError("the query costs more than 1000 points", status=answer.status, answer=said, hint=hint)
    if code in ("INTERNAL_SERVER_ERROR", "TIMEOUT"):
        # Nobody says whether a write was carried out before it went wrong.
        return UnavailableError("Shopify failed inside", status=answer.status, answer=said, maybe_applied=True)
    if code in ("INVALID_VARIABLE", "INVALID_FIELD_ARGUMENTS", "MAX_INPUT_SIZE_EXCEEDED"):
        return RejectedError("Shopify does not take these values", status=answer.status, answer=said)
    return ContractError("Shopify refused the query", status=answer.status, answer=said)


def _warning_of(extensions: _Extensions | None, answer: Answer) -> ContractError | None:
    """A search filter that was not understood matches everything: the run must not believe the answer."""
    searches = extensions.search if extensions is not None and extensions.search else []
    warnings = [warning for search in searches for warning in search.warnings or ()]
    if not warnings:
        return None
    hint = "this is a fault of the connector: it asked for a field that the search does not know"
    message = "Shopify ignored part of a search filter and matched everything"
    return ContractError(message, status=answer.status, answer=_said(warnings), hint=hint)


def _said(entries: Sequence[Any]) -> str:
    """The platform's messages with their codes, cut."""
    texts = []
    for each in entries:
        if isinstance(each, dict):
            code = (each.get("extensions") or {}).get("code") or each.get("code")
            place = ".".join(map(str, each.get("path") or ())) or each.get("field") or ""
            texts.append(" ".join(str(part) for part in (code, place, each.get("message")) if part))
        else:
            texts.append(str(each))
    return "; ".join(texts)[:_SHOWN]
