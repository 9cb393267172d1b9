"""Notes in an order's history that say how far giving its pieces back has come.

Salla keeps them with the order, so they outlive the process that wrote them (docs.salla.dev, order histories). Two
kinds: what is about to be given back, written before, and that it was, written after. A person may read them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import aclosing
from datetime import datetime
from typing import Any
from urllib.parse import quote, unquote

import attrs

from pullpush_sdk.canonical import dumps, parse_instant
from pullpush_sdk.connector import Connection
from pullpush_sdk.declarative import iter_records
from pullpush_sdk.http import Call
from pullpush_sdk.manifest import Request

from .catalogue import LIST, PAGES

Json = Any

_BEGUN, _DONE = "PullPush returns pieces", "PullPush returned the pieces"
_PIECE = re.compile(r"(\S+) x(\d+) after (\d+)")


@attrs.frozen(kw_only=True)
class Piece:
    """What goes back of one SKU: how many pieces; how many rises by that number the store's list showed before."""

    quantity: int
    before: int


@attrs.frozen(kw_only=True)
class Mark:
    """That pieces are about to be given back, and since when they are known to be back; None while they are not."""

    at: datetime
    pieces: Mapping[str, Piece]
    done_at: datetime | None = None


async def write_begun(connection: Connection, order_id: Json, pieces: Mapping[str, Piece]) -> Mark:
    """Say what is about to be given back.

    Raises:
        TransientError: perhaps it is not there.
    """
    mark = Mark(at=connection.clock.now(), pieces=pieces)
    shown = ", ".join(f"{quote(sku)} x{each.quantity} after {each.before}" for sku, each in pieces.items())
    await _write(connection, order_id, f"{_BEGUN} {mark.at.isoformat()} {shown}")
    return mark


async def write_done(connection: Connection, order_id: Json, mark: Mark) -> None:
    """Say that what this mark speaks of is back.

    Raises:
        TransientError: perhaps it is not there.
    """
    await _write(connection, order_id, f"{_DONE} {mark.at.isoformat()} {connection.clock.now().isoformat()}")


async def marks_of(connection: Connection, order_id: Json) -> list[Mark]:
    """The marks of an order, oldest first."""
    begun: dict[datetime, Mark] = {}
    done: dict[datetime, datetime] = {}
    request = Request(path=f"/orders/{order_id}/histories")
    async with aclosing(iter_records(connection, request, PAGES, LIST)) as rows:
        async for row in rows:
            note = str(row.get("note") or "")
            if note.startswith(_DONE):
                at, done_at = note.removeprefix(_DONE).split()[:2]
                done.setdefault(parse_instant(at), parse_instant(done_at))
            elif note.startswith(_BEGUN):
                at, _, shown = note.removeprefix(_BEGUN).strip().partition(" ")
                pieces = {
                    unquote(sku): Piece(quantity=int(quantity), before=int(before))
                    for sku, quantity, before in _PIECE.findall(shown)
                }
                begun[parse_instant(at)] = Mark(at=parse_instant(at), pieces=pieces)
    return [attrs.evolve(mark, done_at=done.get(at)) for at, mark in sorted(begun.items())]


async def _write(connection: Connection, order_id: Json, note: str) -> None:
    # The same note twice says no more than once.
    await connection.client.send(
        Call(
            method="POST",
            url=f"/orders/{order_id}/histories",
            body=dumps({"note": note}),
            content_type="application/json",
            idempotent=True,
        )
    )
