"""Writing orders. Salla prices every line by itself, takes the pieces out of its stock, and cannot be told that a
request comes twice: so what it has to charge is planned before, the pieces are given back, and after a lost answer the
order is looked for.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs

from pullpush_sdk.batches import push_each
from pullpush_sdk.canonical import dumps, parse_instant
from pullpush_sdk.connector import Connection, Delivery, Outcome, Verb
from pullpush_sdk.declarative import iter_records
from pullpush_sdk.errors import PullPushError
from pullpush_sdk.http import Call
from pullpush_sdk.manifest import Request

from .answers import MISSING, REFUSED, refusal
from .catalogue import LIST, PAGES, Row, find_rows
from .charges import charge, items_of
from .contacts import known_by
from .functions import DATE_DOUBT, ORDER_STATUS, STORE_ZONE, buyer, moment, phone
from .pieces import give_back
from .quotes import Plan, Quote, plan_of, quote
from .store import branch_of_orders, currency_of

Json = Any

_OVER = frozenset({"cancelled", "refunded", "returned", "failed", "draft"})
_PAID = frozenset({"paid", "processing", "partially_shipped", "shipped", "delivered", "completed"})
_SLUGS = {
    "pending": "payment_pending",
    "paid": "under_review",
    "processing": "in_progress",
    "on_hold": "under_review",
    "partially_shipped": "in_progress",
    "shipped": "shipped",
    "delivered": "delivered",
    "completed": "completed",
    "cancelled": "canceled",
    "returned": "restored",
    "refunded": "restored",
    "failed": "payment_failed",
}
_MOBILE = re.compile(r"\+[1-9]\d{7,14}")


async def push(connection: Connection, batch: Sequence[Delivery]) -> Sequence[Outcome]:
    """One outcome per order, in the batch's order."""
    return await push_each(batch, lambda delivery: _write(connection, delivery))


async def _write(connection: Connection, delivery: Delivery) -> Outcome:
    if delivery.verb is Verb.DELETED:
        return Outcome.skipped("an order in Salla is not deleted by a sync; cancel it there")
    if delivery.native_id is not None:
        return await _follow(connection, delivery, delivery.native_id)
    if delivery.fields is not None:
        return Outcome.dead(f"order {delivery.key} is not in Salla, and a partial event cannot create it")
    if delivery.maybe_applied:
        found = await _search(connection, delivery.payload)
        if len(found) > 1:
            names = ", ".join(found)
            return Outcome.dead(
                f"an answer was lost, and several orders in Salla look like {delivery.key}: {names}; "
                "delete the repeats there and drop this letter"
            )
        if found:
            return await _resume(connection, delivery, await _order(connection, found[0]))
    if delivery.payload.get("status") in _OVER:
        return Outcome.skipped(f"order {delivery.key} was {delivery.payload['status']} before it reached Salla")
    return await _create(connection, delivery)


async def _planned(connection: Connection, delivery: Delivery) -> tuple[Plan | None, list[Row], list[str]]:
    """What Salla has to charge, what carries the lines' SKUs, and what keeps the order out."""
    payload = delivery.payload
    quotes, rows, problems = await _quotes(connection, payload)
    own = await currency_of(connection)
    if payload.get("currency") != own:
        problems.append(f"the order is in {payload.get('currency') or 'no stated currency'}, the store sells in {own}")
    if problems:
        return None, rows, problems
    plan = plan_of(quotes, payload)
    return (plan, rows, []) if isinstance(plan, Plan) else (None, rows, plan)


async def _create(connection: Connection, delivery: Delivery) -> Outcome:
    """A new order, if the store can charge exactly what the order says."""
    plan, rows, problems = await _planned(connection, delivery)
    if plan is None:
        return Outcome.dead(f"order {delivery.key} cannot be entered as it is: {'; '.join(problems)}")
    call = Call(
        method="POST",
        url="/orders",
        body=dumps(await _body(connection, delivery.payload)),
        content_type="application/json",
        accepts=REFUSED,
    )
    answer = await connection.client.send(call)
    if answer.status in REFUSED:
        return refusal(f"order {delivery.key}", answer)
    return await _settled(connection, delivery, answer.json()["data"], plan, rows, is_new=True)


async def _resume(connection: Connection, delivery: Delivery, order: Json) -> Outcome:
    """An order whose entering was interrupted: the rest of it."""
    plan, rows, problems = await _planned(connection, delivery)
    if plan is None:
        return Outcome.dead(
            f"order {delivery.key} is order {order['id']} in Salla and cannot be finished: {'; '.join(problems)}"
        )
    return await _settled(connection, delivery, order, plan, rows, is_new=False)


async def _settled(
    connection: Connection, delivery: Delivery, order: Json, plan: Plan, rows: Sequence[Row], *, is_new: bool
) -> Outcome:
    """The outcome of an order that is in Salla since this delivery, whatever else goes wrong: it must not be made
    twice. The reason says what a person should look at.
    """
    notes = []
    try:
        wrong = await charge(connection, delivery.payload, plan, order)
        if wrong:
            return await _taken_back(connection, delivery, order, wrong)
        notes.append(await give_back(connection, delivery, order, rows, is_new=is_new))
        refused = await _set_status(connection, delivery.payload, order)
    except PullPushError as error:
        reason = f"it is order {order['id']} in Salla, which is not finished yet: {error}"
        return Outcome.retry(reason, after=getattr(error, "retry_after", None), maybe_applied=True)
    if refused:
        notes.append(refused.reason)
    return attrs.evolve(Outcome.delivered(native_id=str(order["id"])), reason="; ".join(note for note in notes if note))


async def _taken_back(connection: Connection, delivery: Delivery, order: Json, wrong: str) -> Outcome:
    """The dead letter of an order that does not come to its total; it is cancelled, and its pieces are given back."""
    refused = await _post_status(connection, order["id"], {"slug": "canceled", "restore_items": True})
    done = "and could not be cancelled; cancel it there" if refused else "which was cancelled"
    return Outcome.dead(f"order {delivery.key} became order {order['id']} in Salla, {done}: {wrong}")


async def _quotes(connection: Connection, payload: Mapping[str, Json]) -> tuple[list[Quote], list[Row], list[str]]:
    """What the store asks for each line, what carries its SKU, and what keeps it from asking anything."""
    quotes: list[Quote] = []
    carriers: list[Row] = []
    problems: list[str] = []
    for line in payload.get("lineItems") or ():
        sku, quantity = line.get("sku"), line.get("quantity")
        shown = f"the line {line.get('title') or sku or '?'!r}"
        if not sku:
            problems.append(f"{shown} has no SKU")
        elif not isinstance(quantity, int) or quantity < 1:
            problems.append(f"{shown} has the quantity {quantity}; Salla sells whole pieces")
        else:
            rows = await find_rows(connection, sku)
            quoted = quote(line, rows[0]) if len(rows) == 1 else None
            if quoted is not None:
                quotes.append(quoted)
                carriers.append(rows[0])
            elif len(rows) > 1:
                problems.append(f"SKU {sku!r} is in Salla more than once: {', '.join(row.name for row in rows)}")
            else:
                problems.append(f"Salla has no {'price for' if rows else 'product or variant with'} SKU {sku!r}")
    return quotes, carriers, problems if quotes or problems else ["it has no lines"]


async def _body(connection: Connection, payload: Mapping[str, Json]) -> dict[str, Json]:
    """The order as the platform takes it; here `identifier` has its second i."""
    method = str(connection.settings.get("payment_method", "bank"))
    financial = payload.get("financialStatus")
    is_paid = financial == "paid" if financial else payload.get("status") in _PAID
    body = {
        "payment": {"status": "paid", "method": method}
        if is_paid
        else {"status": "pending_payment", "accepted_methods": [method]},
        "delivery_method": "pickup",
        "branch_id": await branch_of_orders(connection),
        "products": [
            {"identifier_type": "sku", "identifier": line["sku"], "quantity": line["quantity"]}
            for line in payload["lineItems"]
        ],
    }
    notify = bool(connection.settings.get("order_notifies"))
    customer = _customer(payload)
    if customer is not None:
        receiver = {"name": customer["name"], "phone": customer["mobile"], "email": customer["email"]}
        return {"customer": customer, "receiver": {**receiver, "notify": notify}, **body}
    registered = await _registered(connection, payload)
    if registered is None:
        return body
    receiver = buyer(registered) or {}
    known = {name: receiver[key] for name, key in (("name", "name"), ("phone", "phone"), ("email", "email"))}
    return {"customer": {"id": registered["id"]}, "receiver": {**known, "notify": notify}, **body}


async def _registered(connection: Connection, payload: Mapping[str, Json]) -> Json | None:
    """The one customer of the store with the buyer's mail address, which is unique there; None where there is none."""
    email = _email(payload)
    found = await known_by(connection, email, None) if email else []
    return found[0] if len(found) == 1 else None


def _email(payload: Mapping[str, Json]) -> str | None:
    email = (payload.get("customer") or {}).get("email") or payload.get("email")
    return email.strip() if isinstance(email, str) and email.strip() else None


def _customer(payload: Mapping[str, Json]) -> dict[str, str] | None:
    """A buyer whom Salla takes as a new one: name, mail address and an international number are known."""
    known = payload.get("customer") or {}
    parts = " ".join(known[key] for key in ("firstName", "lastName") if known.get(key))
    name, email = known.get("name") or parts, _email(payload)
    mobile = re.sub(r"[\s().-]", "", known.get("phone") or payload.get("phone") or "")
    mobile = f"+{mobile[2:]}" if mobile.startswith("00") else mobile
    if not name or not email or not _MOBILE.fullmatch(mobile):
        return None
    return {"name": name, "mobile": mobile, "email": email}


async def _follow(connection: Connection, delivery: Delivery, native_id: str) -> Outcome:
    """An order that is known to be there: its status, where that differs; its lines stay."""
    order = await _order(connection, native_id)
    if order is None:
        return Outcome.dead(f"order {delivery.key} was order {native_id} in Salla, which is gone")
    if not delivery.maybe_applied and not _new_slug(delivery.payload.get("status"), order):
        return Outcome.unchanged(native_id=native_id)
    refused = await _set_status(connection, delivery.payload, order)
    return refused or Outcome.delivered(native_id=native_id)


async def _order(connection: Connection, native_id: str) -> Json | None:
    answer = await connection.client.send(Call(url=f"/orders/{native_id}", accepts=MISSING))
    return None if answer.status in MISSING else answer.json()["data"]


def _new_slug(wanted: Json, order: Json) -> str | None:
    """The status to write, None where the one that is there says the same."""
    now = (order.get("status") or {}).get("slug")
    slug = _SLUGS.get(str(wanted))
    return None if slug == now or ORDER_STATUS.get(str(now)) == wanted else slug


async def _set_status(connection: Connection, payload: Mapping[str, Json], order: Json) -> Outcome | None:
    """Write the order's status where it differs; the refusal, None where there is none."""
    slug = _new_slug(payload.get("status"), order)
    if slug is None:
        return None
    body: dict[str, Json] = {"slug": slug}
    has_taken = connection.settings.get("restock") and connection.settings.get("order_takes_stock")
    if slug in ("canceled", "restored") and has_taken:
        body["restore_items"] = True
    return await _post_status(connection, order["id"], body)


async def _post_status(connection: Connection, order_id: Json, body: Mapping[str, Json]) -> Outcome | None:
    call = Call(
        method="POST",
        url=f"/orders/{order_id}/status",
        body=dumps(body),
        content_type="application/json",
        # A status is absolute; pieces that are put back could be put back twice.
        idempotent="restore_items" not in body,
        accepts=REFUSED,
    )
    answer = await connection.client.send(call)
    return refusal(f"the status {body['slug']!r} of order {order_id}", answer) if answer.status in REFUSED else None


async def _search(connection: Connection, payload: Mapping[str, Json]) -> list[str]:
    """The ids of orders in Salla that may be this one: made since, same lines, same buyer, not cancelled there.

    Their totals do not count: prices and shipping may not be as they should yet.
    """
    since = _since(connection, payload)
    day = since.astimezone(STORE_ZONE).date().isoformat()
    request = Request(path="/orders", params={"from_date": day, "sort_by": "created_at-desc"})
    found = []
    async with aclosing(iter_records(connection, request, PAGES, LIST)) as rows:
        async for row in rows:
            made = moment((row.get("date") or {}).get("date"), None)
            if made is not None and made < since:
                break
            if not _may_hold(row, payload):
                continue
            is_over = (row.get("status") or {}).get("slug") == "canceled" and payload.get("status") != "cancelled"
            if not is_over and await _is_same(connection, payload, row["id"]):
                found.append(str(row["id"]))
    return found


def _may_hold(row: Json, payload: Mapping[str, Json]) -> bool:
    """Whether an order of the list may have the lines, by their quantities; lines of shipping come on top."""
    if not isinstance(row.get("items"), list):
        return True
    there = Counter(item.get("quantity") for item in row["items"] if isinstance(item, Mapping))
    return Counter(line.get("quantity") for line in payload.get("lineItems") or ()) <= there


def _since(connection: Connection, payload: Mapping[str, Json]) -> datetime:
    """Before this the order cannot have been made in Salla."""
    stated = payload.get("createdAt")
    made = parse_instant(stated) if stated else connection.clock.now() - timedelta(days=1)
    return made.astimezone(UTC) - DATE_DOUBT


async def _is_same(connection: Connection, payload: Mapping[str, Json], native_id: int) -> bool:
    lines = Counter[str]()
    for item in await items_of(connection, native_id):
        # The line of shipping has no SKU.
        if item.get("sku"):
            lines[item["sku"]] += item["quantity"]
    wanted = Counter[str]()
    for line in payload.get("lineItems") or ():
        wanted[line.get("sku")] += line["quantity"]
    if lines != wanted:
        return False
    order = await _order(connection, str(native_id)) or {}
    there, sent = order.get("customer") or {}, _customer(payload)
    email = str(there.get("email") or "").casefold()
    if sent is None:
        # A guest's order, or that of a customer whom the store knew by the mail address.
        return email in ("", (_email(payload) or "").casefold())
    return email == sent["email"].casefold() or phone(there.get("mobile_code"), there.get("mobile")) == sent["mobile"]
