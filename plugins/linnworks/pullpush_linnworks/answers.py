"""What Linnworks' refusals mean beyond their status, and calls of its old API."""

from __future__ import annotations

from typing import Any

import msgspec

from pullpush_sdk import Connection
from pullpush_sdk.canonical import dumps
from pullpush_sdk.errors import PullPushError, RateLimitedError
from pullpush_sdk.http import Answer, Call

Json = Any

# The quota is counted per minute.
_NEXT_MINUTE = 60.0
_QUOTA = "quota"


def classify(answer: Answer) -> PullPushError | None:
    """A quota that is used up, whatever the status says; `Retry-After` is not always there.

    Without this a look-up that was refused would read like a SKU that nobody has.
    """
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


def message_of(answer: Answer) -> str:
    """The `Message` of an error body (`detail` in the new API), empty where there is none."""
    try:
        parsed: Any = msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    return str(parsed.get("Message") or parsed.get("detail") or "")[:500] if isinstance(parsed, dict) else ""


async def ask(
    connection: Connection, path: str, body: Json, *, repeatable: bool = True, accepts: frozenset[int] = frozenset()
) -> Answer:
    """The answer to a call of the old API; `repeatable` where twice does no more than once."""
    return await connection.client.send(
        Call(
            method="POST",
            url=path,
            body=dumps(body),
            content_type="application/json",
            idempotent=repeatable,
            accepts=accepts,
        )
    )
