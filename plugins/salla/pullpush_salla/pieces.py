"""Giving the pieces of an entered order back to Salla's stock, exactly once.

Salla takes the pieces of every order out of its stock; an order that a sync enters must move none unless that is
wished. Giving back is an increment: sent twice it would count twice, and a number in its stead would undo what was
sold meanwhile. So the order's history says what is about to go back, then it goes, then the history says that it did.
After a lost answer or a crash in between, the store's list of stock changes tells whether it went. Where that list
cannot tell, the delivery's reason says what to look at.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import Any

import attrs

from pullpush_sdk.canonical import dumps
from pullpush_sdk.connector import Connection, Delivery
from pullpush_sdk.declarative import iter_records
from pullpush_sdk.errors import TransientError, UnavailableError
from pullpush_sdk.http import Call
from pullpush_sdk.manifest import Request

from .answers import REFUSED
from .catalogue import LIST, PAGES, Row
from .changes import counted
from .functions import DATE_DOUBT, STORE_ZONE, moment
from .marks import Mark, Piece, marks_of, write_begun, write_done
from .store import branch_of_orders

Json = Any

_MEMO = "salla.pieces"
_SETTLED = timedelta(minutes=10)
"""How long a queued increment may take; the vendor speaks of several minutes."""
_CLEAR = timedelta(minutes=30)
"""How long it is waited for other orders to settle that gave the same back at the same time."""
_AROUND = timedelta(hours=1)
_REMEMBERED = timedelta(hours=1)


@attrs.define
class _Here:
    """What this process knows of its own increments.

    `begun` order id to the time of its mark; `unsent` the times of marks whose increment surely was not carried out.
    `lock`: one order at a time, so that what is counted before and after is not another one's.
    """

    lock: asyncio.Lock = attrs.field(factory=asyncio.Lock)
    begun: dict[str, datetime] = attrs.field(factory=dict)
    unsent: set[datetime] = attrs.field(factory=set)

    def forget(self, before: datetime) -> None:
        """Leave out what lies too long ago to matter."""
        self.begun = {order: at for order, at in self.begun.items() if at >= before}
        self.unsent = {at for at in self.unsent if at >= before}


def _here(connection: Connection) -> _Here:
    here: _Here = connection.memo.setdefault(_MEMO, _Here())
    return here


async def give_back(
    connection: Connection, delivery: Delivery, order: Json, rows: Sequence[Row], *, is_new: bool
) -> str:
    """Give the pieces back where the setting does not leave them out; what a person should look at, or empty text.

    `is_new`: the order was entered just now, nobody can have given anything back.

    Raises:
        TransientError: not now; the next attempt finds out what is left to do.
    """
    lines = [
        (line, row.native.get("quantity" if row.variant is None else "stock_quantity"))
        for line, row in zip(delivery.payload["lineItems"], rows, strict=True)
        if not row.native.get("unlimited_quantity")
    ]
    if connection.settings.get("order_takes_stock") or not lines:
        return ""
    # An increment would make a number of what is unknown.
    unknown = _sum(line for line, number in lines if number is None)
    pieces = _sum(line for line, number in lines if number is not None)
    said = [f"Salla shows no number; {_doubt(unknown)}"] if unknown else []
    here = _here(connection)
    async with here.lock:
        here.forget(connection.clock.now() - _REMEMBERED)
        if pieces and (doubt := await _returned(connection, order, pieces, is_new=is_new)):
            said.append(doubt)
    return "; ".join(said)


def _sum(lines: Iterable[Mapping[str, Json]]) -> dict[str, int]:
    """SKU to pieces."""
    found: dict[str, int] = {}
    for line in lines:
        found[line["sku"]] = found.get(line["sku"], 0) + line["quantity"]
    return found


def _doubt(pieces: Mapping[str, int]) -> str:
    shown = ", ".join(f"{sku!r} ({quantity} taken by the order)" for sku, quantity in pieces.items())
    return f"look at the stock of {shown}"


async def _returned(connection: Connection, order: Json, pieces: Mapping[str, int], *, is_new: bool) -> str:
    """Everything that is not back yet goes back; what is in doubt, in words."""
    marks = [] if is_new else await marks_of(connection, order["id"])
    told = {sku for mark in marks for sku in mark.pieces}
    left = {sku: quantity for sku, quantity in pieces.items() if sku not in told}
    doubtful: dict[str, int] = {}
    if marks and marks[-1].done_at is None:
        lost, doubtful = await _not_back(connection, order, marks[-1])
        left |= lost
        if not left:
            await write_done(connection, order["id"], marks[-1])
    words = [f"whether pieces were given back is not to be found out; {_doubt(doubtful)}"] if doubtful else []
    if left and (refused := await _increment(connection, order, left)):
        words.append(refused)
    return "; ".join(words)


async def _increment(connection: Connection, order: Json, pieces: Mapping[str, int]) -> str:
    """Mark, give back, mark; what was refused, in words."""
    branch, here = await branch_of_orders(connection), _here(connection)
    seen = await counted(connection, pieces, branch, _day_of(connection, order))
    before = {sku: Piece(quantity=quantity, before=seen[sku] or 0) for sku, quantity in pieces.items()}
    mark = await write_begun(connection, order["id"], before)
    here.begun[str(order["id"])] = mark.at
    rows = [
        {"identifer_type": "sku", "identifer": sku, "quantity": quantity, "mode": "increment", "branch": branch}
        for sku, quantity in pieces.items()
    ]
    call = Call(
        method="POST",
        url="/products/quantities/bulk",
        body=dumps({"products": rows}),
        content_type="application/json",
        accepts=REFUSED,
    )
    try:
        answer = await connection.client.send(call)
    except TransientError as error:
        if not error.maybe_applied:
            here.unsent.add(mark.at)
        raise
    if answer.status in REFUSED:
        here.unsent.add(mark.at)
        return f"Salla refused to take pieces back; {_doubt(pieces)}"
    await write_done(connection, order["id"], mark)
    return ""


async def _not_back(connection: Connection, order: Json, mark: Mark) -> tuple[dict[str, int], dict[str, int]]:
    """Of what a mark speaks of: the pieces that surely did not go back, and those that nobody can tell of.

    Raises:
        UnavailableError: they may still wait in the platform's queue.
    """
    wanted = {sku: piece.quantity for sku, piece in mark.pieces.items()}
    if mark.at in _here(connection).unsent:
        return wanted, {}
    now = await counted(connection, wanted, await branch_of_orders(connection), _day_of(connection, order))
    others = await _others(connection, order, mark)
    settled = connection.clock.now() - _SETTLED
    lost: dict[str, int] = {}
    doubtful: dict[str, int] = {}
    for sku, piece in mark.pieces.items():
        rises = now[sku]
        is_back = (
            None if rises is None else _is_back(rises, piece, mark.at, others.get((sku, piece.quantity), ()), settled)
        )
        if is_back is None:
            doubtful[sku] = piece.quantity
        elif not is_back:
            lost[sku] = piece.quantity
    age = connection.clock.now() - mark.at
    patience = _CLEAR if doubtful else _SETTLED
    if (lost or doubtful) and age < patience:
        raise UnavailableError(
            "the platform may still have the pieces of this order in its queue",
            retry_after=min(_SETTLED, patience - age).total_seconds(),
            maybe_applied=True,
        )
    return lost, doubtful


@attrs.frozen(kw_only=True)
class _Other:
    """Another order's increment by the same number: when it was marked, when it was known to be back, what it saw."""

    at: datetime
    done_at: datetime | None
    before: int


def _is_back(rises: int, piece: Piece, at: datetime, others: Sequence[_Other], settled: datetime) -> bool | None:
    """Whether an increment is among the rises that the list shows; None while that cannot be told.

    Increments by one number are alike: who was marked first is the first to be believed back. `settled`: what was
    done before has left the platform's queue.
    """
    first, before = at, piece.before
    # Whoever was not surely through when another one counted belongs to the same reckoning, from the first count on.
    for each in sorted(others, key=lambda each: each.at, reverse=True):
        if each.at < first and (each.done_at is None or each.done_at > first - _SETTLED):
            first, before = each.at, each.before
    counted_in = [each for each in others if each.at >= first]
    landed = sum(each.done_at is not None and each.done_at <= settled for each in counted_in)
    perhaps = sum(each.done_at > settled if each.done_at is not None else each.at < at for each in counted_in)
    if rises - before <= landed:
        return False
    return True if rises - before > landed + perhaps else None


async def _others(connection: Connection, order: Json, mark: Mark) -> dict[tuple[str, int], list[_Other]]:
    """SKU and number of pieces to the increments of other orders around a mark.

    Lists may not know the newest orders yet; this process knows its own.
    """
    since = _day_of(connection, order) - _AROUND
    ids = {each for each, at in _here(connection).begun.items() if at > mark.at}
    params = {"from_date": since.astimezone(STORE_ZONE).date().isoformat(), "sort_by": "created_at-desc"}
    async with aclosing(iter_records(connection, Request(path="/orders", params=params), PAGES, LIST)) as rows:
        async for row in rows:
            made = moment((row.get("date") or {}).get("date"), None)
            if made is not None and made < since:
                break
            ids.add(str(row["id"]))
    found: dict[tuple[str, int], list[_Other]] = {}
    for order_id in ids - {str(order["id"])}:
        marks = await marks_of(connection, order_id)
        latest = {sku: each for each in marks for sku in each.pieces}
        for sku, each in latest.items():
            # What a later mark does not speak of any more was found to be back by then.
            done_at = each.done_at or (None if each is marks[-1] else marks[-1].at)
            piece = each.pieces[sku]
            found.setdefault((sku, piece.quantity), []).append(_Other(at=each.at, done_at=done_at, before=piece.before))
    return found


def _day_of(connection: Connection, order: Json) -> datetime:
    """Before this the order's pieces were not taken: the zone that its date is labelled with may be wrong."""
    made = moment((order.get("date") or {}).get("date"), None)
    return (made or connection.clock.now()) - DATE_DOUBT
