"""The way of one order through a cart: items, addresses, shipping, totals, payment, placed.

Everything before the last step may be given up at any point: a cart that is never placed holds nothing back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import attrs

from pullpush_sdk.connector import Connection, Delivery, Outcome
from pullpush_sdk.errors import TransientError
from pullpush_sdk.http import Answer

from .addresses import lacking, native_address
from .answers import MISSING, REFUSED, message_of, refusal
from .contacts import customers_of
from .native import products_by_sku, send

Json = Any


@attrs.frozen(kw_only=True)
class Placed:
    """An order that was placed."""

    entity_id: int


@attrs.frozen(kw_only=True)
class _Cart:
    """Where a cart's endpoints are, and its id in bodies."""

    path: str
    key: str


async def place(connection: Connection, delivery: Delivery) -> Placed | Outcome:
    """Place the order; an outcome where it cannot be, with nothing placed.

    Raises:
        TransientError: with `maybe_applied` only where the last step may have been carried out.
    """
    payload = delivery.payload
    addresses = await _addresses(connection, payload)
    if isinstance(addresses, str):
        return Outcome.dead(f"order {delivery.key} cannot be placed: {addresses}")
    try:
        prepared = await _prepare(connection, delivery, addresses)
    except TransientError as error:
        error.maybe_applied = False  # a cart that nobody places is no order
        raise
    if isinstance(prepared, Outcome):
        return prepared
    body = {"paymentMethod": {"method": connection.settings["payment_method"]}}
    answer = await send(connection, "PUT", f"{prepared.path}/order", body, idempotent=False, accepts=REFUSED)
    if answer.status in REFUSED:
        return _refused(delivery, answer)
    return Placed(entity_id=int(answer.json()))


def _refused(delivery: Delivery, answer: Answer) -> Outcome:
    """Shops may count orders per minute; what they answer then is not published, but it says so."""
    if "too many" in message_of(answer.body).casefold():
        return Outcome.retry("the shop takes no more orders for now", after=60.0, answer=message_of(answer.body))
    return refusal(f"order {delivery.key}", answer)


async def _prepare(
    connection: Connection, delivery: Delivery, addresses: tuple[Mapping[str, Json], Mapping[str, Json]]
) -> _Cart | Outcome:
    """A cart that comes to exactly the order's total."""
    payload = delivery.payload
    if problem := await _unknown_skus(connection, payload["lineItems"]):
        return Outcome.dead(f"order {delivery.key} cannot be placed: {problem}")
    cart = await _cart_for(connection, payload)
    for line in payload["lineItems"]:
        item = {"sku": line["sku"], "qty": line["quantity"], "quote_id": cart.key}
        answer = await send(
            connection, "POST", f"{cart.path}/items", {"cartItem": item}, idempotent=False, accepts=REFUSED
        )
        if answer.status in REFUSED:
            return refusal(f"SKU {line['sku']!r} of order {delivery.key}", answer)
    return await _ship(connection, delivery, cart, addresses)


async def _ship(
    connection: Connection, delivery: Delivery, cart: _Cart, addresses: tuple[Mapping[str, Json], Mapping[str, Json]]
) -> _Cart | Outcome:
    """Try the shipping methods of the settings in order; the first that makes the order's total is taken."""
    wanted, totals, refused = Decimal(delivery.payload["totalAmount"]), [], None
    for method in connection.settings["shipping_methods"]:
        carrier, _, code = method.partition("_")
        body = {
            "addressInformation": {
                "shipping_address": addresses[0],
                "billing_address": addresses[1],
                "shipping_carrier_code": carrier,
                "shipping_method_code": code,
            }
        }
        path = f"{cart.path}/shipping-information"
        answer = await send(connection, "POST", path, body, idempotent=True, accepts=REFUSED)
        if answer.status in REFUSED:
            refused = refused or refusal(f"the shipping of order {delivery.key} by {method}", answer)
            continue
        total = Decimal(str(answer.json()["totals"]["grand_total"]))
        if total == wanted:
            return cart
        totals.append(f"{total} by {method}")
    if not totals and refused is not None:
        return refused
    return Outcome.dead(
        f"order {delivery.key} cannot be placed: it comes to {', '.join(totals)} in Magento, and says {wanted}"
        " (prices, shipping, discounts or tax differ)"
    )


async def _unknown_skus(connection: Connection, lines: Sequence[Mapping[str, Json]]) -> str:
    known = await products_by_sku(connection, [line["sku"] for line in lines], fields="id,sku,type_id")
    missing = [sku for sku, rows in known.items() if not rows]
    twice = [
        f"{sku} (products {', '.join(str(row['id']) for row in rows)})" for sku, rows in known.items() if len(rows) > 1
    ]
    problems = [f"Magento has no product with SKU {', '.join(missing)}"] if missing else []
    return "; ".join([*problems, *(f"SKU {each} is there more than once" for each in twice)])


async def _cart_for(connection: Connection, payload: Mapping[str, Json]) -> _Cart:
    """A guest's cart; that of somebody with an account where the settings say so and they left nothing in it."""
    email = _email(payload)
    if connection.settings.get("orders_for_accounts") and email:
        accounts = await customers_of(connection, email)
        if len(accounts) == 1:
            key = (await send(connection, "POST", f"customers/{accounts[0]['id']}/carts", idempotent=True)).json()
            items = await send(connection, "GET", f"carts/{key}/items", accepts=MISSING)
            if items.status not in MISSING and not items.json():
                return _Cart(path=f"carts/{key}", key=str(key))
    key = (await send(connection, "POST", "guest-carts", idempotent=True)).json()
    return _Cart(path=f"guest-carts/{key}", key=str(key))


def _email(payload: Mapping[str, Json]) -> str | None:
    return payload.get("email") or (payload.get("customer") or {}).get("email")


async def _addresses(
    connection: Connection, payload: Mapping[str, Json]
) -> tuple[Mapping[str, Json], Mapping[str, Json]] | str:
    """Shipping and billing address; what they lack, in words."""
    shipping, billing = payload.get("shippingAddress"), payload.get("billingAddress")
    if not (shipping or billing):
        return "it has no address"
    person = {"phone": payload.get("phone"), **{k: v for k, v in (payload.get("customer") or {}).items() if v}}
    email = _email(payload)
    if not email:
        return "it has no mail address of the buyer"
    made = []
    for address in (shipping or billing, billing or shipping):
        native, region, key = await native_address(connection, address or {}, person)
        if missing := lacking(native):
            return f"its address lacks {', '.join(missing)}"
        if region:
            native |= {"region": region}
        if key is not None:
            native |= {"region_id": key}
        if address and address.get("provinceCode"):
            native |= {"region_code": address["provinceCode"]}
        made.append({**native, "email": email})
    return made[0], made[1]
