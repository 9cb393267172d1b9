"""What Salla's refusals mean beyond their status."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from pullpush_sdk.connector import Outcome
from pullpush_sdk.errors import AccessRevokedError, AuthError, PullPushError
from pullpush_sdk.http import Answer

REFUSED = frozenset({422})
"""The status of a refusal whose body names the fields at fault."""
MISSING = frozenset({404})

# Salla answers 401 in five cases (docs.salla.dev/421123m0); a refresh helps in the first only: an invalid or
# expired token. The others are told apart by their words.
_SCOPES = "scope"
_GONE = ("the user is not exists", "المستخدم")


def classify(answer: Answer) -> PullPushError | None:
    """The error of a 401 that no refresh mends, None for everything else."""
    if answer.status != 401:
        return None
    words = message_of(answer.body)
    if _SCOPES in words.lower():
        return AuthError(
            f"the app lacks a permission: {words}",
            status=401,
            hint="add the scope to the app in the Salla partner portal and install it again",
        )
    if words.lower().startswith(_GONE):
        return AccessRevokedError(
            f"the merchant's user is gone or inactive: {words}", status=401, hint="install the app again"
        )
    return None


def message_of(body: bytes) -> str:
    """The message of an error envelope, empty where there is none."""
    try:
        parsed: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    error = parsed.get("error") if isinstance(parsed, dict) else None
    return str(error.get("message") or "") if isinstance(error, dict) else ""


def fields_of(answer: Answer) -> dict[str, str]:
    """Field to what is wrong with it, of a 422; empty where the answer names none."""
    parsed = answer.json()
    error = parsed.get("error") if isinstance(parsed, dict) else None
    fields = error.get("fields") if isinstance(error, dict) else None
    if not isinstance(fields, dict):
        return {}
    return {
        name: "; ".join(map(str, words)) if isinstance(words, list) else str(words) for name, words in fields.items()
    }


def refusal(what: str, answer: Answer) -> Outcome:
    """The dead letter of a 422: what was refused, and every field at fault with the platform's own words."""
    return Outcome.dead(f"Salla refused {what}: {said(fields_of(answer)) or message_of(answer.body)}")


def said(fields: Mapping[str, str]) -> str:
    """Fields at fault in one line."""
    return ", ".join(f"{field}: {words}" for field, words in sorted(fields.items()))
