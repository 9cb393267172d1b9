"""Writing orders: looked for before they are created, created once, and then changed only in what may change.

`orderCreate` takes no idempotency key. An own key in `sourceIdentifier` is searched for first. When an answer was lost
the delivery comes again only after the search index had its time (`index_lag` in the manifest), and the shop's newest
orders are looked through without a search besides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from pullpush_sdk.batches import push_each
from pullpush_sdk.connector import Connection, Delivery, Outcome, Result, Verb, outcome_of
from pullpush_sdk.errors import ContractError, RejectedError, TransientError

from .graphql import ask, check_errors, gid, quoted
from .graphql import write as send
from .items import Found, find_settled
from .native import drained, fragments_of, order_by_id, returned
from .order_body import changes_of, creation_of

Json = Any

_KEY = "pullpush:"
_LOOKS = 3  # attempts at SKUs that the search index may not know yet

_FIND = """
query FindOrder($query: String!) {
  orders(first: 10, query: $query) { nodes { id sourceIdentifier } }
}
"""
_NEWEST = """
query NewestOrders($first: Int!) {
  orders(first: $first, sortKey: CREATED_AT, reverse: true) { nodes { id sourceIdentifier } }
}
"""
_CREATE = """
mutation CreateOrder($order: OrderCreateOrderInput!, $options: OrderCreateOptionsInput!) {
  orderCreate(order: $order, options: $options) {
    order { id name totalPriceSet { shopMoney { amount } } }
    userErrors { code field message }
  }
}
"""
_UPDATE = """
mutation UpdateOrder($input: OrderInput!) {
  orderUpdate(input: $input) { order { ...Order } userErrors { field message } }
}
"""
_CANCEL = """
mutation CancelOrder($order: ID!, $restock: Boolean!, $notify: Boolean) {
  orderCancel(orderId: $order, reason: OTHER, restock: $restock, refund: false, notifyCustomer: $notify) {
    job { id }
    orderCancelUserErrors { code field message }
  }
}
"""


def options_of(connection: Connection) -> dict[str, Json]:
    """What else happens with a new order. Unless the settings say so: nothing, since stock is synced for itself and
    the buyer hears from the shop that sold.
    """
    mails, moves = _is_on(connection, "notify_customer"), _is_on(connection, "move_stock")
    return {
        "inventoryBehaviour": "DECREMENT_IGNORING_POLICY" if moves else "BYPASS",
        "sendReceipt": mails,
        "sendFulfillmentReceipt": mails,
    }


def _is_on(connection: Connection, setting: str) -> bool:
    return bool(connection.settings.get(setting))


async def push(connection: Connection, batch: Sequence[Delivery]) -> list[Outcome]:
    """One outcome per delivery, in the batch's order; one search serves the SKUs of all."""
    skus = [sku for delivery in batch for sku in _skus(delivery.payload)]
    try:
        found = await find_settled(connection, skus)
    except TransientError as error:
        return [outcome_of(error)] * len(batch)
    return await push_each(batch, lambda delivery: _push_one(connection, delivery, found), together=True)


def _skus(payload: Mapping[str, Json]) -> list[str]:
    return [line["sku"] for line in payload.get("lineItems") or () if line.get("sku")]


async def _push_one(connection: Connection, delivery: Delivery, found: Found) -> Outcome:
    if delivery.verb is Verb.DELETED:
        return Outcome.skipped("an order is not deleted in Shopify; cancel it there if it was withdrawn")
    order = await _find(connection, delivery)
    if order is not None:
        return await _update(connection, delivery, order)
    if delivery.fields is not None:
        return Outcome.dead(f"order {delivery.key} is not there, and a part of one cannot create it")
    if delivery.payload.get("status") == "cancelled":
        return Outcome.skipped("it was cancelled before it came here")
    return await _create(connection, delivery, found)


def key_of(delivery: Delivery) -> str:
    """What an order is known by in `sourceIdentifier`, whichever connection it came through."""
    return f"{_KEY}{delivery.identity}"


async def _find(connection: Connection, delivery: Delivery) -> Json:
    """The order of this delivery as it is now, None where there is none.

    Raises:
        RejectedError: several bear its key, or the one that was written before cannot be read any more.
    """
    if delivery.native_id:
        known = await order_by_id(connection, gid("Order", delivery.native_id))
        if known is None:
            # To look on and create it anew could make it a second time: orders hide behind their age.
            raise RejectedError(
                f"{delivery.key} was written before as {delivery.native_id}, which cannot be read any more",
                hint="it was deleted, or is older than 60 days and the app lacks read_all_orders",
            )
        return known
    home = await _at_home(connection, delivery.payload)
    if home is not None:
        return home
    key = key_of(delivery)
    found = await _search(connection, key)
    if not found and delivery.maybe_applied:
        found = _bearers(await ask(connection, _NEWEST, {"first": 250}), key)
    if len(found) > 1:
        raise RejectedError(f"several orders bear {key}: {', '.join(found)}", hint="cancel all but one")
    return await order_by_id(connection, found[0]) if found else None


async def _at_home(connection: Connection, payload: Mapping[str, Json]) -> Json:
    """The order of this shop that the payload is a copy of, written elsewhere by a flow; None for any other.

    The copy bears its original's number. The amounts must agree, too: another platform may count like this one.
    """
    source = (payload.get("extensions") or {}).get("sourceIdentifier")
    number = source.removeprefix(_KEY) if isinstance(source, str) and source.startswith(_KEY) else ""
    if not number.isdecimal():
        return None
    order = await order_by_id(connection, gid("Order", number))
    if order is None or order["currencyCode"] != payload.get("currency"):
        return None
    there = Decimal(order["currentTotalPriceSet"]["shopMoney"]["amount"])
    return order if there == Decimal(payload.get("totalAmount") or -1) else None


async def _search(connection: Connection, key: str) -> list[str]:
    return _bearers(await ask(connection, _FIND, {"query": f"source_identifier:{quoted(key)}"}), key)


def _bearers(data: Json, key: str) -> list[str]:
    """Only the whole key counts: the search may take it apart."""
    return [node["id"] for node in data["orders"]["nodes"] if node["sourceIdentifier"] == key]


async def _create(connection: Connection, delivery: Delivery, found: Found) -> Outcome:
    custom, capture = _is_on(connection, "custom_lines"), _is_on(connection, "capture_payment")
    missing = [sku for sku in _skus(delivery.payload) if not found.of(sku)]
    if missing and found.unsettled and delivery.attempt < _LOOKS:
        reason = f"no item has the SKU {', '.join(missing)}, but the shop got an item a moment ago and its search lags"
        return Outcome.retry(reason, after=60.0)
    order, total = creation_of(
        delivery.payload, key=key_of(delivery), found=found, custom_lines=custom, capture=capture
    )
    try:
        data = await send(connection, _CREATE, {"order": order, "options": options_of(connection)})
    except ContractError as error:
        return Outcome.retry(str(error), answer=error.answer, maybe_applied=True)
    check_errors(data["orderCreate"], "the order")
    created = data["orderCreate"]["order"]
    there = Decimal(created["totalPriceSet"]["shopMoney"]["amount"])
    if there != total:
        return Outcome.dead(
            f"{created['name']} was created, but its total is {there} there and {total} here — correct or cancel it",
            answer=created["id"],
        )
    try:
        whole = await order_by_id(connection, created["id"])
    except TransientError:
        whole = None  # it is there; how it looks there, the next poll tells
    return Outcome.delivered(native_id=created["id"]) if whole is None else await _written(connection, whole)


async def _update(connection: Connection, delivery: Delivery, order: Mapping[str, Json]) -> Outcome:
    """What may change in an order that is there: note, tags, e-mail, shipping address; and that it is cancelled."""
    if delivery.payload.get("status") == "cancelled":
        return await _cancel(connection, order)
    changes = changes_of(delivery.payload, order)
    if not changes:
        return Outcome.unchanged("nothing of what Shopify lets change in an order differs", native_id=order["id"])
    document = f"{_UPDATE}\n{fragments_of(connection, 'orders')}"
    data = await ask(connection, document, {"input": {"id": order["id"], **changes}})
    check_errors(data["orderUpdate"], "the order's change")
    return await _written(connection, data["orderUpdate"]["order"])


async def _cancel(connection: Connection, order: Mapping[str, Json]) -> Outcome:
    if order["cancelledAt"]:
        return Outcome.unchanged("it is cancelled already", native_id=order["id"])
    variables = {
        "order": order["id"],
        "restock": _is_on(connection, "move_stock"),
        "notify": _is_on(connection, "notify_customer"),
    }
    data = await ask(connection, _CANCEL, variables)
    check_errors(data["orderCancel"], "to cancel the order", field="orderCancelUserErrors")
    return Outcome.delivered(native_id=order["id"])


async def _written(connection: Connection, order: Mapping[str, Json]) -> Outcome:
    whole = await drained(connection, "orders", order)
    native_id, record, version = returned(connection, "orders", whole)
    return Outcome(result=Result.DELIVERED, native_id=native_id, returned=record, version=version)
