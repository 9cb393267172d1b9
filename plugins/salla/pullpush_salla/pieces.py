"""Giving the pieces of an entered order back to Salla's stock, once.

Salla takes the pieces of every order out of its stock; an order that a sync enters must move none unless that is
wished. Giving back is an increment: sent twice it would count twice. So it happens only in the process that entered
the order itself, and is never repeated after a lost answer; whenever that leaves a doubt, the reason of the delivery
says what to look at.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pullpush_sdk.canonical import dumps
from pullpush_sdk.connector import Connection, Delivery
from pullpush_sdk.errors import TransientError
from pullpush_sdk.http import Call

from .answers import REFUSED
from .catalogue import Row
from .store import branch_of_orders

Json = Any

_MEMO = "salla.entered"


def entered_of(connection: Connection) -> set[str]:
    """The ids of deliveries whose order this process has sent, and whose pieces it has not given back."""
    ids: set[str] = connection.memo.setdefault(_MEMO, set())
    return ids


async def give_back(connection: Connection, delivery: Delivery, rows: Sequence[Row]) -> str:
    """Give the pieces back where the setting does not leave them out; what a person should look at, or empty text.

    Raises:
        TransientError: not now, and surely nothing was given back.
    """
    entered, branch = entered_of(connection), await branch_of_orders(connection)
    lines = [
        (line, row.native.get("quantity" if row.variant is None else "stock_quantity"))
        for line, row in zip(delivery.payload["lineItems"], rows, strict=True)
        if not row.native.get("unlimited_quantity")
    ]
    if connection.settings.get("order_takes_stock") or not lines:
        entered.discard(delivery.id)
        return ""
    if delivery.id not in entered:
        return f"the order was entered by an earlier run; {_doubt(line for line, _ in lines)}"
    # An increment would make a number of what is unknown.
    unknown = [line for line, number in lines if number is None]
    counted = [
        {
            "identifer_type": "sku",
            "identifer": line["sku"],
            "quantity": line["quantity"],
            "mode": "increment",
            "branch": branch,
        }
        for line, number in lines
        if number is not None
    ]
    said = f"Salla shows no number; {_doubt(unknown)}" if unknown else ""
    if not counted:
        entered.discard(delivery.id)
        return said
    doubt = _doubt(line for line, _ in lines)
    call = Call(
        method="POST",
        url="/products/quantities/bulk",
        body=dumps({"products": counted}),
        content_type="application/json",
        accepts=REFUSED,
    )
    try:
        answer = await connection.client.send(call)
    except TransientError as error:
        if not error.maybe_applied:
            raise
        entered.discard(delivery.id)
        return f"the answer to giving pieces back was lost; {doubt}"
    entered.discard(delivery.id)
    return f"Salla refused to take pieces back; {doubt}" if answer.status in REFUSED else said


def _doubt(lines: Iterable[Mapping[str, Json]]) -> str:
    shown = ", ".join(f"{line['sku']!r} ({line['quantity']} taken by the order)" for line in lines)
    return f"look at the stock of {shown}"
