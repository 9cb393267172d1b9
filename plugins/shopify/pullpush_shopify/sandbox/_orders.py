"""Orders: create, update, mark as paid, cancel. Creating is not idempotent: a second call is a second order."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from pullpush_shopify.sandbox._call import Call, UserError, payload
from pullpush_shopify.sandbox._customers import address_from, find_customer, new_customer, write_customer
from pullpush_shopify.sandbox._execute import FieldError, Resolver
from pullpush_shopify.sandbox._inventory import set_available
from pullpush_shopify.sandbox._model import Customer, Order, OrderLine, TaxLine, Variant
from pullpush_shopify.sandbox._money import ZERO, Bag, to_minor
from pullpush_shopify.sandbox._totals import line_total, recalculate, settle

__all__ = ["MUTATIONS", "cancel", "change_stock", "create_order"]

_FULFILLMENT = {"FULFILLED": "FULFILLED", "PARTIAL": "PARTIALLY_FULFILLED", "RESTOCKED": "RESTOCKED"}


class _Refused(Exception):  # noqa: N818 - a user error on its way to the answer
    def __init__(self, field: list[str], message: str, code: str = "INVALID") -> None:
        super().__init__(message)
        self.error = UserError(field, message, code)


def _create(_root: Any, arguments: Mapping[str, Any], call: Call) -> Any:
    _meter(call)
    given, options = arguments["order"], arguments.get("options") or {}
    try:
        order = _build(given, call)
        _claim_stock(order, options.get("inventoryBehaviour", "BYPASS"), call)
    except _Refused as refused:
        return payload(order=None, user_errors=[refused.error])
    _place(order, given, call)
    for receipt in ("sendReceipt", "sendFulfillmentReceipt"):
        if options.get(receipt):
            call.store.mails.append({"order": order.gid, "kind": receipt, "to": order.email})
    call.log_write("order", order=order.gid, source=order.source_identifier, mutation=call.mutation)
    return payload(order=order)


def create_order(given: Mapping[str, Any], call: Call) -> Order:
    """A new order of an `OrderCreateOrderInput` that is known to be good; no stock moves."""
    order = _build(given, call)
    _place(order, given, call)
    return order


def _place(order: Order, given: Mapping[str, Any], call: Call) -> None:
    """Number the order, find or make its customer, and tell the world."""
    call.store.order_number += 1
    order.number = call.store.order_number
    order.name = given.get("name") or f"#{order.number}"
    order.customer = _customer(given, call)
    if order.customer is not None:
        order.email = order.email or order.customer.email
        order.customer.order_count += 1
        order.customer.spent += order.received.shop - order.refunded.shop
    call.store.orders[order.id] = order
    call.store.changed(order, is_new=True)
    call.store.emit("orders/create", order)
    if order.financial_status == "PAID":
        call.store.emit("orders/paid", order)


def _meter(call: Call) -> None:
    """A development or trial shop takes only so many orders a minute."""
    bound, moments = call.desk.orders_per_minute, call.desk.order_moments
    now = call.store.clock.seconds()
    moments[:] = [moment for moment in moments if moment > now - 60]
    if bound is not None and len(moments) >= bound:
        call.count_violation("orders_per_minute")
        raise FieldError("Too many attempts. Please try again later.", "THROTTLED")
    moments.append(now)


def _build(given: Mapping[str, Any], call: Call) -> Order:
    store, now = call.store, call.store.now()
    if not given.get("lineItems"):
        raise _Refused(["order", "lineItems"], "Line items must have at least one line item")
    if given.get("customer") and given.get("customerId"):
        message = "Cannot specify both customerId and customer"
        raise _Refused(["order"], message, "REDUNDANT_CUSTOMER_FIELDS")
    processed = given.get("processedAt") or now
    if processed > now + timedelta(minutes=5):
        raise _Refused(["order", "processedAt"], "Processed at must not be in the future", "PROCESSED_AT_INVALID")
    currency = given.get("currency") or store.currency
    buyer_currency = given.get("presentmentCurrency") or currency
    nothing = Bag(ZERO, currency, ZERO, buyer_currency)
    order = Order(
        id=store.new_id("Order"),
        created_at=now,
        updated_at=now,
        processed_at=processed,
        number=0,
        name="",
        confirmation_number="".join(store.random.choices("ABCDEFGHJKLMNPQRSTUVWXYZ23456789", k=9)),
        currency=currency,
        buyer_currency=buyer_currency,
        lines=[_line(each, index, nothing, call) for index, each in enumerate(given["lineItems"])],
        shipping=nothing,
        email=given.get("email"),
        phone=given.get("phone"),
        note=given.get("note"),
        po_number=given.get("poNumber"),
        source_identifier=given.get("sourceIdentifier"),
        source_name=given.get("sourceName") or "app",
        tags=sorted(set(given.get("tags") or ())),
        test=given["test"],
        taxes_included=given["taxesIncluded"],
        closed_at=given.get("closedAt"),
        fulfillment_status=_FULFILLMENT.get(given.get("fulfillmentStatus") or "", "UNFULFILLED"),
    )
    for name, attribute in (("billingAddress", "billing"), ("shippingAddress", "shipping_address")):
        if given.get(name):
            setattr(order, attribute, address_from(call, given[name]))
    for shipping in given.get("shippingLines") or ():
        order.shipping += _bag(shipping["priceSet"], nothing)
        order.order_taxes += _taxes(shipping.get("taxLines"), _bag(shipping["priceSet"], nothing))
    order.order_taxes += _taxes(given.get("taxLines"), nothing)
    _discount(order, given.get("discountCode") or {})
    _pay(order, given)
    return order


def _line(given: Mapping[str, Any], index: int, nothing: Bag, call: Call) -> OrderLine:
    at = ["order", "lineItems", str(index)]
    variant = product = None
    if given.get("variantId"):
        variant = call.store.by_gid("ProductVariant", given["variantId"])
        if variant is None:
            raise _Refused([*at, "variantId"], "Variant does not exist")
        product = variant.product
    elif given.get("productId"):
        product = call.store.by_gid("Product", given["productId"])
    title = given.get("title") or (product.title if product else None)
    if title is None:
        raise _Refused([*at, "title"], "Title can't be blank")
    if given["quantity"] < 1:
        raise _Refused([*at, "quantity"], "Quantity must be greater than 0")
    price = _price(given, variant, nothing)
    known = variant.title if variant is not None and variant.title != "Default Title" else None
    line = OrderLine(
        id=call.store.new_id("LineItem"),
        title=title,
        variant_title=given.get("variantTitle") or known,
        vendor=given.get("vendor") or (product.vendor if product else None),
        sku=given.get("sku") or (variant.sku if variant else None),
        quantity=given["quantity"],
        current_quantity=given["quantity"],
        price=price,
        discount=nothing,
        variant=variant,
        product=product,
    )
    line.taxes = _taxes(given.get("taxLines"), line_total(line))
    return line


def _price(given: Mapping[str, Any], variant: Variant | None, nothing: Bag) -> Bag:
    if given.get("priceSet"):
        return _bag(given["priceSet"], nothing)
    if variant is None:
        return nothing
    return Bag(variant.price, nothing.shop_currency, variant.price, nothing.buyer_currency)


def _bag(given: Mapping[str, Any], nothing: Bag) -> Bag:
    shop = to_minor(given["shopMoney"]["amount"], nothing.shop_currency)
    buyer = given.get("presentmentMoney")
    amount = to_minor(buyer["amount"], nothing.buyer_currency) if buyer else shop
    return Bag(shop, nothing.shop_currency, amount, nothing.buyer_currency)


def _taxes(given: list[Mapping[str, Any]] | None, taxed: Bag) -> list[TaxLine]:
    taxes = []
    for each in given or ():
        amount = _bag(each["priceSet"], taxed.zero) if each.get("priceSet") else taxed.part(each["rate"])
        taxes.append(TaxLine(title=each["title"], rate=each["rate"], amount=amount))
    return taxes


def _discount(order: Order, given: Mapping[str, Any]) -> None:
    """One discount code, spread over the lines; the last line takes what rounding leaves."""
    gross = order.shipping.zero
    for line in order.lines:
        gross += line.price * line.quantity
    order.discount_codes = [each["code"] for each in given.values() if each]
    percentage = (given.get("itemPercentageDiscountCode") or {}).get("percentage")
    fixed = (given.get("itemFixedDiscountCode") or {}).get("amountSet")
    if percentage is not None:
        total = gross.part(Decimal(str(percentage)) / 100)
    elif fixed is not None:
        total = _bag(fixed, order.shipping.zero)
    else:
        if given.get("freeShippingDiscountCode"):
            order.shipping = order.shipping.zero
        return
    left = total
    for line in order.lines[:-1]:
        share = (line.price * line.quantity).shop / gross.shop if gross.shop else ZERO
        line.discount = total.part(share)
        left -= line.discount
    order.lines[-1].discount = left


def _pay(order: Order, given: Mapping[str, Any]) -> None:
    """The given status stays, whatever was paid; without one it comes from the transactions. Only they pay."""
    order.financial_status = given.get("financialStatus") or "PENDING"
    settle(order)
    paid = order.shipping.zero
    for transaction in given.get("transactions") or ():
        if transaction["status"] == "SUCCESS" and transaction["kind"] in ("SALE", "CAPTURE"):
            paid += _bag(transaction["amountSet"], order.shipping.zero)
            order.gateways = sorted({*order.gateways, transaction.get("gateway") or "manual"})
    if given.get("financialStatus") is None and paid.shop:
        order.financial_status = "PAID" if paid.shop >= order.total.shop else "PARTIALLY_PAID"
    order.received, order.refunded = paid, order.shipping.zero
    recalculate(order)


def _customer(given: Mapping[str, Any], call: Call) -> Customer | None:
    choice = given.get("customer") or {}
    if given.get("customerId"):
        found: Customer | None = call.store.by_gid("Customer", given["customerId"])
        return found
    meant = choice.get("toAssociate") or choice.get("toUpsert")
    if not meant:
        return find_customer(call, email=given.get("email"))
    customer = call.store.by_gid("Customer", meant["id"]) if meant.get("id") else None
    customer = customer or find_customer(call, email=meant.get("email"), phone=meant.get("phone"))
    if choice.get("toUpsert"):
        is_new = customer is None
        customer = customer or new_customer(call)
        write_customer(call, customer, meant, is_new=is_new)
    return customer


def change_stock(call: Call, line: OrderLine, quantity: int) -> None:
    """Move the stock of a line's item at the first location where it is stocked."""
    if line.variant is None or not line.variant.item.tracked:
        return
    levels = [level for level in line.variant.item.levels.values() if level.is_active]
    if levels:
        level = levels[0]
        set_available(call, level.item, level.location, level.available + quantity)
        level.sold = max(0, level.sold - quantity)


def _claim_stock(order: Order, behaviour: str, call: Call) -> None:
    if behaviour == "BYPASS":
        return
    if behaviour == "DECREMENT_OBEYING_POLICY":
        for index, line in enumerate(order.lines):
            variant = line.variant
            if variant is None or not variant.item.tracked or variant.policy == "CONTINUE":
                continue
            if variant.stock < line.quantity:
                at = ["order", "lineItems", str(index)]
                raise _Refused(at, "Unable to reserve inventory", "INVENTORY_CLAIM_FAILED")
    for line in order.lines:
        change_stock(call, line, -line.quantity)


def _update(_root: Any, arguments: Mapping[str, Any], call: Call) -> Any:
    given = arguments["input"]
    order = call.store.by_gid("Order", given["id"])
    if order is None:
        return payload(order=None, user_errors=[UserError(["id"], "Order does not exist")])
    call.store.changed(order)
    for name, attribute in (("email", "email"), ("phone", "phone"), ("note", "note"), ("poNumber", "po_number")):
        if name in given:
            setattr(order, attribute, given[name])
    if given.get("tags") is not None:
        order.tags = sorted(set(given["tags"]))
    if given.get("shippingAddress"):
        order.shipping_address = address_from(call, given["shippingAddress"])
    call.store.emit("orders/updated", order)
    call.log_write("order", order=order.gid, source=order.source_identifier, mutation=call.mutation)
    return payload(order=order)


def pay(order: Order, call: Call) -> None:
    """What is due of an order is paid."""
    call.store.changed(order)
    order.financial_status, order.received = "PAID", order.current_total
    recalculate(order)
    call.store.emit("orders/paid", order)
    call.store.emit("orders/updated", order)


def _mark_as_paid(_root: Any, arguments: Mapping[str, Any], call: Call) -> Any:
    order = call.store.by_gid("Order", arguments["input"]["id"])
    if order is None:
        return payload(order=None, user_errors=[UserError(["id"], "Order does not exist")])
    if order.financial_status not in ("PENDING", "AUTHORIZED", "PARTIALLY_PAID"):
        return payload(order=order, user_errors=[UserError(["id"], "Order cannot be marked as paid.")])
    pay(order, call)
    call.log_write("order", order=order.gid, source=order.source_identifier, mutation=call.mutation)
    return payload(order=order)


def cancel(call: Call, order: Order, *, reason: str, restock: bool) -> None:
    """Cancel and, where something was paid, refund."""
    call.store.changed(order)
    order.cancelled_at = order.closed_at = order.updated_at
    order.cancel_reason = reason
    order.financial_status = "REFUNDED" if order.received.shop else "VOIDED"
    order.refunded = order.received
    recalculate(order)
    if restock:
        for line in order.lines:
            change_stock(call, line, line.current_quantity)
    call.store.emit("orders/cancelled", order)
    call.store.emit("orders/updated", order)


def _cancel(_root: Any, arguments: Mapping[str, Any], call: Call) -> Any:
    order = call.store.by_gid("Order", arguments["orderId"])
    errors: list[UserError] = []
    if order is None:
        errors.append(UserError(["orderId"], "Order does not exist", "NOT_FOUND"))
    elif order.cancelled_at is not None:
        errors.append(UserError(["orderId"], "Order has already been cancelled", "INVALID"))
    if order is None or errors:
        return payload(job=None, order_cancel_user_errors=errors)
    cancel(call, order, reason=arguments["reason"], restock=arguments["restock"])
    if arguments.get("notifyCustomer"):
        call.store.mails.append({"order": order.gid, "kind": "notifyCustomer", "to": order.email})
    call.log_write("order", order=order.gid, source=order.source_identifier, mutation=call.mutation)
    identity = f"{call.store.random.getrandbits(128):032x}"
    job = SimpleNamespace(gid=f"gid://shopify/Job/{identity[:8]}-{identity[8:12]}-{identity[12:16]}", done=False)
    return payload(job=job, order_cancel_user_errors=[])


MUTATIONS: Mapping[str, Resolver] = {
    "orderCancel": _cancel,
    "orderCreate": _create,
    "orderMarkAsPaid": _mark_as_paid,
    "orderUpdate": _update,
}
