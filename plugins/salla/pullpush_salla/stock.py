"""Writing stock: one bulk request per batch, after a look at which SKUs the store has.

The bulk call queues its rows and answers at once; it says nothing of how they went (docs.salla.dev/5394192e0). A
number is always sent together with `unlimited_quantity: false`: whether a number alone ends "unlimited" is not
published.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pullpush_sdk.canonical import dumps
from pullpush_sdk.connector import Connection, Delivery, Outcome, outcome_of
from pullpush_sdk.errors import TransientError
from pullpush_sdk.http import Call

from .answers import REFUSED, fields_of, message_of, said
from .catalogue import owners_of

Json = Any


async def push(connection: Connection, batch: Sequence[Delivery]) -> Sequence[Outcome]:
    """One outcome per level; what the store does not have, or cannot hold, is dead and says why."""
    try:
        owners = await owners_of(connection, {delivery.payload["sku"] for delivery in batch})
    except TransientError as error:
        return [outcome_of(error)] * len(batch)
    outcomes: dict[int, Outcome] = {}
    rows: dict[int, Json] = {}
    for index, delivery in enumerate(batch):
        settled = _settled(delivery, owners[delivery.payload["sku"]])
        if settled is None:
            rows[index] = _row(delivery)
        else:
            outcomes[index] = settled
    outcomes |= await _write(connection, rows)
    return [outcomes[index] for index in range(len(batch))]


def _settled(delivery: Delivery, owners: frozenset[str]) -> Outcome | None:
    """The outcome of a level that is not written, None for one that is."""
    sku, quantity = delivery.payload["sku"], delivery.payload.get("quantity")
    if quantity is None:
        return Outcome.skipped("there is no data: the quantity is unknown")
    if not owners:
        return Outcome.dead(f"Salla has no product or variant with SKU {sku!r}; create it there, then retry")
    if len(owners) > 1:
        names = ", ".join(sorted(owners))
        return Outcome.dead(f"SKU {sku!r} is there more than once: {names}; make it unique, then retry")
    if not isinstance(quantity, int):
        return Outcome.dead(f"Salla counts whole pieces; {quantity} of SKU {sku!r} is not a whole number")
    if quantity < 0:
        return Outcome.dead(f"Salla does not take a stock below zero; SKU {sku!r} has {quantity}")
    location = delivery.payload.get("locationId")
    if location is not None and not str(location).isdecimal():
        return Outcome.dead(f"{location!r} is not the id of a Salla branch; mend the flow's locations")
    return None


def _row(delivery: Delivery) -> Json:
    """A row as the platform spells it: `identifer`, without the second i."""
    row = {
        "identifer_type": "sku",
        "identifer": delivery.payload["sku"],
        "quantity": delivery.payload["quantity"],
        "mode": "overwrite",
        "unlimited_quantity": False,
    }
    location = delivery.payload.get("locationId")
    return row if location is None else {**row, "branch": int(location)}


async def _write(connection: Connection, rows: Mapping[int, Json]) -> dict[int, Outcome]:
    """The outcomes of some rows: sent together, without those that the platform named as bad, or by halves.

    Overwriting is absolute: after a lost answer the same rows may be sent again.
    """
    if not rows:
        return {}
    numbers = list(rows)
    call = Call(
        method="POST",
        url="/products/quantities/bulk",
        body=dumps({"products": list(rows.values())}),
        content_type="application/json",
        idempotent=True,
        accepts=REFUSED,
    )
    try:
        answer = await connection.client.send(call)
    except TransientError as error:
        return dict.fromkeys(numbers, outcome_of(error))
    if answer.status not in REFUSED:
        return dict.fromkeys(numbers, Outcome.delivered())
    fields = fields_of(answer)
    bad = {
        numbers[at]: Outcome.dead(f"Salla refused it: {words}") for at, words in _named(fields, len(numbers)).items()
    }
    if bad:
        return bad | await _write(connection, {number: row for number, row in rows.items() if number not in bad})
    if len(numbers) == 1:
        return {numbers[0]: Outcome.dead(f"Salla refused it: {said(fields) or message_of(answer.body)}")}
    # Refused as a whole: how many rows one request takes is not published.
    half = len(numbers) // 2
    first = await _write(connection, {number: rows[number] for number in numbers[:half]})
    return first | await _write(connection, {number: rows[number] for number in numbers[half:]})


def _named(fields: Mapping[str, str], count: int) -> dict[int, str]:
    """Row number to what is wrong with it: fields are called `products.0.quantity`."""
    found: dict[int, str] = {}
    for field, words in fields.items():
        head, _, rest = field.partition(".")
        at = rest.partition(".")[0]
        if head == "products" and at.isdecimal() and int(at) < count:
            found[int(at)] = f"{found[int(at)]}; {field}: {words}" if int(at) in found else f"{field}: {words}"
    return found
