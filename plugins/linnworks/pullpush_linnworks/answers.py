"""What Linnworks' refusals mean beyond their status."""

from __future__ import annotations

from typing import Any

import msgspec

from pullpush_sdk.errors import PullPushError, RateLimitedError
from pullpush_sdk.http import Answer

# The quota is counted per minute.
_NEXT_MINUTE = 60.0
_QUOTA = "quota"
_NO_ITEMS = "no items found"


def classify(answer: Answer) -> PullPushError | None:
    """A quota that is used up, whatever the status says; `Retry-After` is not always there."""
    if answer.status < 400:
        return None
    words = message_of(answer)
    if answer.status != 429 and _QUOTA not in words.lower():
        return None
    wait = answer.headers.get("retry-after", "")
    return RateLimitedError(
        f"Linnworks asks to slow down: {words}",
        status=answer.status,
        answer=words,
        retry_after=float(wait) if wait.isdecimal() else _NEXT_MINUTE,
    )


def is_behind_the_last_page(answer: Answer) -> bool:
    """Whether a 400 says that there are no more items, and nothing else."""
    return answer.status == 400 and _NO_ITEMS in message_of(answer).lower()


def message_of(answer: Answer) -> str:
    """The `Message` of an error body, empty where there is none."""
    try:
        parsed: Any = msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    return str(parsed.get("Message") or "")[:500] if isinstance(parsed, dict) else ""
