"""Answers whose status says 200 and whose body says no, as JSON-RPC and some older APIs answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from pullpush_sdk.canonical import loads
from pullpush_sdk.errors import PullPushError
from pullpush_sdk.http import Answer, refusal_of
from pullpush_sdk.manifest import Refusal

from ._values import at

Json = Any
Classify = Callable[[Answer], PullPushError | None]
_MOST = 300


def judge_of(refusals: Sequence[Refusal], own: Classify | None) -> Classify | None:
    """A connector's judge of answers: its `own` function first, then the manifest's refusals; None without both."""
    if not refusals:
        return own
    # A page of records is not decoded twice to find out that it is no refusal.
    marks = {f'"{refusal.path.removeprefix("$.").split(".")[0].split("[")[0]}"'.encode() for refusal in refusals}

    def judge(answer: Answer) -> PullPushError | None:
        error = own(answer) if own is not None else None
        if error is not None or answer.status >= 400 or not any(mark in answer.body for mark in marks):
            return error
        return _refused(refusals, answer)

    return judge


def _refused(refusals: Sequence[Refusal], answer: Answer) -> PullPushError | None:
    """The error of the first refusal that the body holds."""
    try:
        body = loads(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    if not isinstance(body, Mapping):
        return None
    for refusal in refusals:
        found = at(body, refusal.path)
        if not _is_meant(found, refusal.equals):
            continue
        reason = at(body, refusal.reason) if refusal.reason else None
        said = str(reason)[:_MOST] if isinstance(reason, str | int) else ""
        return refusal_of(answer, refusal.status, said)
    return None


def _is_meant(found: Json, wanted: Json) -> bool:
    if wanted is None:
        return found not in (None, False, "", [], {})
    return found in wanted if isinstance(wanted, list | tuple) else bool(found == wanted)
