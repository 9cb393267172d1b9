"""What Magento's refusals mean beyond their status."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from pullpush_sdk.connector import Outcome
from pullpush_sdk.errors import PullPushError, RejectedError, TokenExpiredError
from pullpush_sdk.http import Answer

MISSING = frozenset({404})
REFUSED = frozenset({400, 404, 409, 422})
"""Statuses whose bodies say what is wrong with one record."""

_HINT = (
    "one of three: the credentials are wrong or were revoked; the integration or user lacks the resource (System >"
    " Integrations > API); or auth is `bearer` and the shop does not take integration tokens so (Stores >"
    " Configuration > Services > OAuth > Consumer Settings > Allow OAuth Access Tokens to be used as standalone Bearer"
    " tokens)"
)
_TRAP_HINT = (
    "some shops cannot check OAuth signatures over such a SKU: allow bearer tokens there, and set auth to bearer"
)
_PAGE_SIZE = "Maximum SearchCriteria pageSize is"
# OAuth signatures over such a path are computed otherwise by some shops: that is about one SKU, not about the token.
_TRAPPED_PATH = re.compile("%2f|%26", re.IGNORECASE)


def classify(answer: Answer) -> PullPushError | None:
    """A 401 has three causes and one text, but over an encoded slash it is about one SKU.

    A page that is too large names the setting that mends it.
    """
    if answer.status == 401:
        words = message_of(answer.body)
        if _TRAPPED_PATH.search(answer.url):
            message = f"Magento refused a request whose address holds an encoded slash or ampersand: {words}"
            return RejectedError(message, status=401, answer=words, hint=_TRAP_HINT)
        return TokenExpiredError(f"Magento refused the credentials: {words}", status=401, answer=words, hint=_HINT)
    if answer.status == 400 and _PAGE_SIZE.encode() in answer.body:
        words = message_of(answer.body)
        hint = "set page_size of the connection to what the shop allows"
        return RejectedError(f"Magento refused the page size: {words}", status=400, answer=words, hint=hint)
    return None


def refusal(what: str, answer: Answer) -> Outcome:
    """The dead letter of a record that the platform does not take."""
    words = message_of(answer.body)
    return Outcome.dead(f"Magento refused {what}: {words or answer.status}", answer=words)


def message_of(body: bytes) -> str:
    """The message of an error body and of the errors in it, placeholders filled; empty where there is none.

    `parameters` is an object for `%name` and a list for `%1`. Fatal errors have their messages one level below.
    """
    try:
        parsed: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    if not isinstance(parsed, Mapping):
        return ""
    fatal = parsed.get("messages")
    listed = fatal.get("error") if isinstance(fatal, Mapping) else parsed.get("errors")
    parts = [parsed, *(each for each in listed or () if isinstance(each, Mapping))]
    return "; ".join(words for each in parts if (words := _filled(each)))[:500]


def _filled(part: Mapping[str, Any]) -> str:
    words, given = str(part.get("message") or ""), part.get("parameters")
    values = dict(enumerate(given, start=1)) if isinstance(given, list) else given if isinstance(given, dict) else {}
    for name in sorted(values, key=lambda each: len(str(each)), reverse=True):
        words = words.replace(f"%{name}", str(values[name]))
    return words
