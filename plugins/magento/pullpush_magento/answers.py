"""What Magento's refusals mean beyond their status."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from pullpush_sdk.errors import AuthError, PullPushError
from pullpush_sdk.http import Answer

_HINT = (
    "one of three: the token is wrong or was revoked; the integration lacks the resource (System > Integrations > API);"
    " or the shop does not take integration tokens as bearer (Stores > Configuration > Services > OAuth > Consumer"
    " Settings > Allow OAuth Access Tokens to be used as standalone Bearer tokens)"
)


def classify(answer: Answer) -> PullPushError | None:
    """A 401 has three causes and one text."""
    if answer.status != 401:
        return None
    words = message_of(answer.body)
    return AuthError(f"Magento refused the token: {words}", status=401, answer=words, hint=_HINT)


def message_of(body: bytes) -> str:
    """The message of an error body with its placeholders filled; empty where there is none.

    `parameters` is an object for `%name` and a list for `%1`.
    """
    try:
        parsed: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    if not isinstance(parsed, Mapping):
        return ""
    words, given = str(parsed.get("message") or ""), parsed.get("parameters")
    values = dict(enumerate(given, start=1)) if isinstance(given, list) else given if isinstance(given, dict) else {}
    for name in sorted(values, key=lambda each: len(str(each)), reverse=True):
        words = words.replace(f"%{name}", str(values[name]))
    return words[:500]
