"""Webhooks that arrived: those that wait, and those whose events are stored, which are kept for a while."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

import msgspec

from pullpush_sdk.connector import WebhookRequest, moment_of, version_of
from pullpush_sdk.engine.inbox import Arrived, WhichArrived

from . import _rows

__all__ = ["arrived", "remember"]

_COLUMNS = "id, connection, event, headers, query, body, received_at"
_texts = msgspec.json.Decoder(dict[str, str]).decode


def remember(db: sqlite3.Connection, done: Sequence[int], now: int) -> None:
    """Copy requests that are about to leave the inbox; what was meant for one flow was there before."""
    for some, places in _rows.chunks(sorted(done)):
        db.execute(
            f"INSERT OR REPLACE INTO past_webhook SELECT {_COLUMNS}, ? FROM inbox"
            f" WHERE flow IS NULL AND id IN ({places})",
            (now, *some),
        )


def arrived(which: WhichArrived, limit: int, before: int | None, db: sqlite3.Connection) -> list[Arrived]:
    """Those that wait and those that are done, latest first."""
    condition, values = _where(which, before)
    rows = db.execute(
        f"SELECT {_COLUMNS}, NULL FROM inbox WHERE flow IS NULL AND {condition}"
        f" UNION ALL SELECT {_COLUMNS}, settled_at FROM past_webhook WHERE {condition} ORDER BY id DESC LIMIT ?",
        (*values, *values, limit),
    )
    return [
        Arrived(
            id=id_,
            connection=connection,
            event=event,
            request=WebhookRequest(
                headers=_texts(headers), query=_texts(query), body=body, received_at=moment_of(received_at)
            ),
            settled_at=None if settled_at is None else moment_of(settled_at),
        )
        for id_, connection, event, headers, query, body, received_at, settled_at in rows
    ]


def _where(which: WhichArrived, before: int | None) -> tuple[str, list[Any]]:
    parts, values = ["1"], []
    said: list[tuple[str, Any]] = [
        ("connection = ?", which.connection),
        ("event = ?", which.event),
        ("received_at >= ?", None if which.since is None else version_of(which.since)),
        ("received_at <= ?", None if which.until is None else version_of(which.until)),
        ("id < ?", before),
    ]
    for part, value in said:
        if value is not None:
            parts.append(part)
            values.append(value)
    if which.ids:
        parts.append(f"id IN ({','.join('?' * len(which.ids))})")
        values += which.ids
    return " AND ".join(parts), values
