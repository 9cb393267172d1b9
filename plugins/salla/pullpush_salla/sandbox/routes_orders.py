"""`/orders` and below, but for invoices."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from starlette.responses import Response

from pullpush_salla.sandbox import views_trade
from pullpush_salla.sandbox.check import Check
from pullpush_salla.sandbox.new_order import place_order
from pullpush_salla.sandbox.records import History, Order
from pullpush_salla.sandbox.routing import Call, Endpoint
from pullpush_salla.sandbox.wire import ApiError, command, in_store_zone, not_found, ok, paged
from pullpush_salla.sandbox.words import STATUSES

__all__ = ["ENDPOINTS", "day"]

_SORTS: dict[str, Callable[[Order], Any]] = {
    "id": lambda order: order.id,
    "total": lambda order: order.total,
    "updated_at": lambda order: order.updated_at,
    "created_at": lambda order: order.created_at,
}


def day(text: str | None) -> date | None:
    """A whole day of the store's calendar, `yyyy-mm-dd`.

    Raises:
        ApiError: 422 for anything else.
    """
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        words = ("تاريخ غير صالح", "A date is written yyyy-mm-dd")
        raise ApiError(400, words, code="bad_request") from error


def _bad_filter(name: str) -> ApiError:
    return ApiError(400, ("قيمة غير صالحة", f"The filter {name} is not valid"), code="bad_request")


def _sorted(call: Call) -> list[Order]:
    sort = call.query.get("sort_by", "created_at-desc")
    key, _, direction = sort.partition("-")
    if key not in _SORTS or direction not in ("asc", "desc"):
        raise _bad_filter("sort_by")
    orders = call.store.orders
    return call.store.listed(
        f"orders {sort}",
        lambda: sorted(
            (o for o in orders.values() if not o.draft),
            key=lambda o: (_SORTS[key](o), o.id),
            reverse=direction == "desc",
        ),
    )


def _list(call: Call) -> Response:
    """Drafts never show. Dates filter by creation, in whole days of the store's calendar."""
    # What was placed a moment ago may not be listed yet.
    rows = [o for o in _sorted(call) if call.platform.is_indexed(o.created_at)]
    query = call.query
    first, last = day(query.get("from_date")), day(query.get("to_date"))
    if first or last:
        rows = [o for o in rows if (first or date.min) <= in_store_zone(o.created_at).date() <= (last or date.max)]
    if statuses := call.lists("status[]"):
        rows = [o for o in rows if str(o.status_id) in statuses]
    if methods := call.lists("payment_method[]"):
        rows = [o for o in rows if o.payment_method in methods]
    if branches := call.lists("branch[]"):
        rows = [o for o in rows if str(o.branch_id) in branches]
    if reference := query.get("reference_id"):
        rows = [o for o in rows if str(o.reference_id) == reference]
    if customer := query.get("customer_id"):
        rows = [o for o in rows if o.customer is not None and str(o.customer.id) == customer]
    if keyword := query.get("keyword"):
        rows = [o for o in rows if keyword in (str(o.reference_id), o.receiver.get("name"))]
    return paged(
        rows,
        lambda o: views_trade.order_row(call.store, o, call.lang),
        query,
        path="/orders",
        past_end=call.platform.switches.past_last_page,
    )


def _order(call: Call) -> Order:
    reference = call.query.get("reference_id")
    if reference is not None:
        order = next((o for o in call.store.orders.values() if str(o.reference_id) == reference), None)
    else:
        order = call.store.orders.get(call.params["order"])
    if order is None:
        raise not_found()
    return order


def _detail(call: Call) -> Response:
    is_full = call.platform.switches.order_detail == "full"
    view = views_trade.order_event if is_full else views_trade.order_light
    return ok(view(call.store, _order(call), call.lang))


def _create(call: Call) -> Response:
    order = place_order(call.store, call.body)
    return ok(views_trade.order_event(call.store, order, call.lang))


def _update(call: Call) -> Response:
    """Receiver and address until it is completed; the customer only where there is none or a guest."""
    order, check = _order(call), Check(call.body)
    if STATUSES[order.status_id].slug == "completed" and not order.draft:
        check.fail("status", ("لا يمكن تعديل طلب مكتمل", "A completed order cannot be changed"))
    customer_id = check.nested("customer", call.body.get("customer")).whole("id")
    customer = call.store.customers.get(customer_id) if customer_id else None
    if customer_id and (customer is None or (order.customer is not None and order.customer.id is not None)):
        check.fail("customer.id", ("لا يمكن تغيير العميل", "The customer cannot be set"))
    check.done()
    events = []
    if customer is not None:
        order.customer = customer
        events.append("order.customer.updated")
    for key in ("receiver", "ship_to"):
        if isinstance(call.body.get(key), dict):
            getattr(order, key).update(call.body[key])
    if "ship_to" in call.body:
        events.append("order.shipping.address.updated")
    call.store.touch_order(order, *events)
    return ok(views_trade.order_event(call.store, order, call.lang), 201)


def _set_status(call: Call) -> Response:
    order, check = _order(call), Check(call.body)
    if not check.has("slug") and not check.has("status_id"):
        check.required("slug")
    slug, number = check.text("slug"), check.whole("status_id")
    status = call.store.status_for(slug) if slug else number
    if (slug or number) and status not in STATUSES:
        check.fail("slug" if slug else "status_id", ("حالة الطلب غير موجودة", "The order status does not exist"))
    note, restore = check.text("note"), check.flag("restore_items")
    check.done()
    assert status is not None
    call.store.set_status(order, status, note=note or "", restore_items=bool(restore))
    return command(("تم تحديث حالة الطلب", "The order status was updated"), call.lang)


def _statuses(call: Call) -> Response:
    rows = enumerate(STATUSES.values())
    return ok([views_trade.order_status(status, sort, call.lang) for sort, status in rows])


def _histories(call: Call) -> Response:
    order = _order(call)
    return paged(
        order.histories,
        lambda change: views_trade.history(change, call.lang),
        call.query,
        path=f"/orders/{order.id}/histories",
        past_end=call.platform.switches.past_last_page,
    )


def _add_history(call: Call) -> Response:
    """A note beside the status that the order has."""
    order, check = _order(call), Check(call.body)
    check.required("note")
    note = check.text("note")
    check.done()
    change = History(call.store.new_id(), order.status_id, note or "", call.store.clock.now())
    order.histories.append(change)
    return ok(views_trade.history(change, call.lang))


ENDPOINTS = (
    Endpoint("GET", "/orders", "orders", _list),
    Endpoint("POST", "/orders", "orders", _create),
    Endpoint("GET", "/orders/statuses", "orders", _statuses),
    Endpoint("GET", "/orders/{order:int}", "orders", _detail),
    Endpoint("PUT", "/orders/{order:int}", "orders", _update),
    Endpoint("POST", "/orders/{order:int}/status", "orders", _set_status),
    Endpoint("GET", "/orders/{order:int}/histories", "orders", _histories),
    Endpoint("POST", "/orders/{order:int}/histories", "orders", _add_history),
)
