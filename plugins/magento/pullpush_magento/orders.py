"""Writing orders by the cart flow: the shop prices every line itself, so its total is compared before it is placed.

A request cannot be told apart from its repetition. Every order that is placed gets a comment that names the order it
stands for; after a lost answer the order is looked for by its content and adopted, if no other one's name stands on it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from pullpush_sdk.batches import push_each
from pullpush_sdk.canonical import parse_instant
from pullpush_sdk.connector import Connection, Delivery, Outcome, Verb, version_of
from pullpush_sdk.errors import PullPushError

from .answers import MISSING, REFUSED, refusal
from .checkout import Placed, place
from .functions import visible_lines
from .native import found, record_of, send, wire_of
from .shop import currency_of

Json = Any

MARK = "pullpush order "
"""Begins the comment that names the order of the other side."""

_OVER = frozenset({"cancelled", "refunded", "returned", "failed", "draft"})
_STATES = {"cancelled": "canceled", "on_hold": "holded"}
_CLOCKS = timedelta(minutes=10)  # how far the shop's clock may be from ours


async def push(connection: Connection, batch: Sequence[Delivery]) -> Sequence[Outcome]:
    """One outcome per order, in the batch's order; one at a time, so that two alike are never taken for one."""
    return await push_each(batch, lambda delivery: _write(connection, delivery))


async def _write(connection: Connection, delivery: Delivery) -> Outcome:
    if delivery.verb is Verb.DELETED:
        return Outcome.skipped("an order in Magento is not deleted by a sync; cancel it there")
    if delivery.native_id is not None:
        return await _follow(connection, delivery, delivery.native_id)
    if delivery.fields is not None:
        return Outcome.dead(f"order {delivery.key} is not in Magento, and a partial event cannot create it")
    if delivery.maybe_applied:
        # Several are alike in everything that is compared, and none has a name yet: whichever gets this one, the others
        # are left for the orders that they were placed for.
        rows = await _search(connection, delivery)
        if rows:
            return await _settled(connection, delivery, rows[0])
    if delivery.payload.get("status") in _OVER:
        return Outcome.skipped(f"order {delivery.key} was {delivery.payload['status']} before it reached Magento")
    return await _create(connection, delivery)


async def _create(connection: Connection, delivery: Delivery) -> Outcome:
    problems = _not_allowed(connection) or await _unfit(connection, delivery.payload)
    if problems:
        return Outcome.dead(f"order {delivery.key} cannot be placed: {'; '.join(problems)}")
    placed: Placed | Outcome = await place(connection, delivery)
    if isinstance(placed, Outcome):
        return placed
    answer = await send(connection, "GET", f"orders/{placed.entity_id}", accepts=MISSING)
    native = {"entity_id": placed.entity_id} if answer.status in MISSING else answer.json()
    return await _settled(connection, delivery, native)


def _not_allowed(connection: Connection) -> list[str]:
    """What placing an order does that nothing can prevent, and the settings do not allow."""
    found_out = []
    if not connection.settings.get("orders_reserve_stock"):
        found_out.append("Magento reserves the stock of a placed order; allow it by orders_reserve_stock = true")
    if not connection.settings.get("orders_send_mail"):
        words = "a shop mails the buyer unless its order mails are off (Stores > Configuration > Sales > Sales Emails)"
        found_out.append(f"{words}; allow it, or say that they are off, by orders_send_mail = true")
    return found_out


async def _unfit(connection: Connection, payload: Mapping[str, Json]) -> list[str]:
    problems = []
    own = await currency_of(connection)
    if payload.get("currency") != own:
        stated = payload.get("currency") or "no stated currency"
        problems.append(f"the order is in {stated}, the shop sells in {own}")
    if payload.get("totalAmount") is None:
        problems.append("it has no total to compare with the shop's")
    lines = payload.get("lineItems") or ()
    problems += [f"the line {line.get('title') or '?'!r} has no SKU" for line in lines if not line.get("sku")]
    for line in lines:
        if line.get("quantity") is None or Decimal(str(line["quantity"])) <= 0:
            problems.append(f"the line of SKU {line.get('sku')!r} has the quantity {line.get('quantity')}")
    return problems if lines else [*problems, "it has no lines"]


async def _settled(connection: Connection, delivery: Delivery, native: Json) -> Outcome:
    """The outcome of an order that is in Magento now, whatever else goes wrong: it must not be made twice."""
    try:
        if _mark_of(native) is None:
            await _put_mark(connection, native["entity_id"], delivery.key)
        problem = await _move(connection, delivery, native)
        native = (await send(connection, "GET", f"orders/{native['entity_id']}")).json()
    except PullPushError as error:
        reason = f"it is order {native['entity_id']} in Magento; its comment or status is not written yet: {error}"
        return Outcome.retry(reason, after=getattr(error, "retry_after", None), maybe_applied=True)
    return _delivered(connection, native, problem)


def _delivered(connection: Connection, native: Json, reason: str = "") -> Outcome:
    record = record_of(connection, "orders", native)
    return Outcome(
        result=Outcome.delivered().result,
        reason=reason,
        native_id=str(native["entity_id"]),
        returned=wire_of(record),
        version=version_of(record.updated_at) if record.updated_at else None,
    )


async def _follow(connection: Connection, delivery: Delivery, native_id: str) -> Outcome:
    """An order that is known to be there: its status, where that can be written and differs; its lines stay."""
    answer = await send(connection, "GET", f"orders/{native_id}", accepts=MISSING)
    if answer.status in MISSING:
        return Outcome.dead(f"order {delivery.key} was order {native_id} in Magento, which is gone")
    native = answer.json()
    if not _is_moved(delivery, native) and not delivery.maybe_applied:
        return Outcome.unchanged(native_id=native_id)
    if problem := await _move(connection, delivery, native):
        return Outcome.dead(problem)
    return _delivered(connection, (await send(connection, "GET", f"orders/{native_id}")).json())


def _is_moved(delivery: Delivery, native: Json) -> bool:
    """Whether the order is to be cancelled, held or taken up again; every other state is the shop's own affair."""
    wanted, state = delivery.payload.get("status"), native.get("state")
    if wanted in _STATES:
        return bool(state != _STATES[wanted])
    is_going_on = wanted is not None and wanted not in _OVER and wanted != "unknown"
    return bool(state == "holded" and is_going_on)


async def _move(connection: Connection, delivery: Delivery, native: Json) -> str:
    """Carry that out; why it could not be, empty where it was or nothing is to be done."""
    if not _is_moved(delivery, native):
        return ""
    wanted = {"cancelled": "cancel", "on_hold": "hold"}.get(str(delivery.payload.get("status")), "unhold")
    path = f"orders/{native['entity_id']}/{wanted}"
    answer = await send(connection, "POST", path, idempotent=True, accepts=REFUSED)
    if answer.status in REFUSED:
        return refusal(f"to {wanted} order {native['entity_id']}", answer).reason
    return "" if answer.json() is True else f"Magento does not {wanted} order {native['entity_id']} in its state"


# The comment by which an order is known again


async def _put_mark(connection: Connection, entity_id: int, key: str) -> None:
    body = {
        "statusHistory": {
            "comment": MARK + key,
            "is_customer_notified": 0,
            "is_visible_on_front": 0,
            "parent_id": entity_id,
        }
    }
    await send(connection, "POST", f"orders/{entity_id}/comments", body, idempotent=True)


def _mark_of(native: Json) -> str | None:
    """The order of the other side that an order stands for, None where no comment names one."""
    for entry in native.get("status_histories") or ():
        comment = str(entry.get("comment") or "")
        if comment.startswith(MARK):
            return comment.removeprefix(MARK)
    return None


async def marked(connection: Connection, key: str, total: Decimal | None) -> list[Json]:
    """Orders whose comment names that order of the other side; of that total where it is known."""
    group = [] if total is None else [("grand_total", "eq", format(total, "f"))]
    rows = found(connection, "orders", *([group] if group else []), shown="entity_id")
    return [row async for row in rows if _mark_of(row) == key]


async def _search(connection: Connection, delivery: Delivery) -> list[Json]:
    """Orders in Magento that may be this one: marked with its name, else made since, of its total, lines and buyer."""
    payload = delivery.payload
    groups = [
        [("grand_total", "eq", payload.get("totalAmount") or "0")],
        [("created_at", "gteq", _since(connection, payload).strftime("%Y-%m-%d %H:%M:%S"))],
    ]
    rows = [row async for row in found(connection, "orders", *groups, shown="entity_id")]
    named = [row for row in rows if _mark_of(row) == delivery.key]
    method = connection.settings["payment_method"]
    alike = [row for row in rows if (row.get("payment") or {}).get("method") == method and _is_same(payload, row)]
    return named or [row for row in alike if _mark_of(row) is None]


def _since(connection: Connection, payload: Mapping[str, Json]) -> datetime:
    """Before this the order cannot have been made in Magento."""
    stated = payload.get("createdAt")
    made = parse_instant(stated) if stated else connection.clock.now() - timedelta(days=1)
    return made.astimezone(UTC) - _CLOCKS


def _is_same(payload: Mapping[str, Json], row: Json) -> bool:
    lines, wanted = Counter[str](), Counter[str]()
    for line in visible_lines(row.get("items")) or ():
        lines[line["sku"]] += Decimal(str(line["qty_ordered"]))  # type: ignore[assignment]
    for line in payload.get("lineItems") or ():
        wanted[line.get("sku")] += Decimal(str(line["quantity"]))  # type: ignore[assignment]
    email = payload.get("email") or (payload.get("customer") or {}).get("email") or ""
    return lines == wanted and str(row.get("customer_email") or "").casefold() == email.casefold()
