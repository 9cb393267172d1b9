"""Lines of an order: added, changed and removed after it was placed."""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse, Response

from pullpush_salla.sandbox import views_trade
from pullpush_salla.sandbox.check import Check
from pullpush_salla.sandbox.new_order import find_line_row, make_line
from pullpush_salla.sandbox.records import Line, Order
from pullpush_salla.sandbox.routing import Call, Endpoint
from pullpush_salla.sandbox.wire import not_found, ok
from pullpush_salla.sandbox.words import STATUSES, pick

__all__ = ["ENDPOINTS"]


def _list(call: Call) -> Response:
    check = Check(call.query)
    check.required("order_id")
    number = check.whole("order_id")
    check.done()
    order = call.store.orders.get(number or 0)
    if order is None:
        raise not_found()
    return ok([views_trade.item(call.store, line, call.lang) for line in order.lines])


def _price(call: Call, check: Check) -> int | None:
    """The price of a piece without tax; whether it may have a fraction is a switch."""
    price = check.money("price")
    if price is not None and price % 100 and call.platform.switches.item_prices == "whole":
        check.fail("price", ("السعر عدد صحيح", "The price must be a whole number"))
    return price


def _is_open(check: Check, order: Order | None) -> None:
    if order is not None and STATUSES[order.status_id].slug in ("completed", "canceled"):
        check.fail("order_id", ("لا يمكن تعديل الطلب", "The items of this order cannot be changed"))


def _create(call: Call) -> Response:
    """A product by id or SKU, or a name and a price that are no product and have no stock."""
    check = Check(call.body)
    check.required("order_id")
    order = call.store.orders.get(check.whole("order_id") or 0)
    if order is None and check.has("order_id"):
        check.fail("order_id", ("الطلب غير موجود", "The order does not exist"))
    _is_open(check, order)
    kind, quantity = check.choice("identifier_type", ("id", "sku")), check.whole("quantity", least=1) or 1
    name, price = check.text("name"), _price(call, check)
    row = find_line_row(call.store, kind, check.body.get("identifier")) if kind else None
    if kind and row is None:
        check.fail("identifier", ("المنتج غير موجود", "The product does not exist"))
    if not kind:
        check.required("name", "price")
    check.done()
    assert order is not None
    if row is not None:
        line = make_line(call.store, row, quantity)
        line.unit = line.unit if price is None else price
    else:
        assert name is not None
        assert price is not None
        taxed = call.platform.switches.custom_item_taxed
        line = Line(call.store.new_id(), 0, None, "", (name, name), quantity, price, taxed=taxed)
    order.lines.append(line)
    call.store.move_line(order, line, -quantity)
    return _changed(call, order)


def _found(call: Call) -> tuple[Order, Line]:
    for order in call.store.orders.values():
        for line in order.lines:
            if line.id == call.params["item"]:
                return order, line
    raise not_found()


def _update(call: Call) -> Response:
    order, line = _found(call)
    check = Check(call.body)
    _is_open(check, order)
    quantity, price = check.whole("quantity", least=1), _price(call, check)
    check.done()
    if quantity is not None:
        call.store.move_line(order, line, line.quantity - quantity)
        line.quantity = quantity
    if price is not None:
        line.unit = price
    return _changed(call, order)


def _delete(call: Call) -> Response:
    order, line = _found(call)
    check = Check({})
    _is_open(check, order)
    check.done()
    order.lines.remove(line)
    call.store.move_line(order, line, line.quantity)
    call.store.touch_order(order, "order.products.updated", "order.total.price.updated")
    # The code in the body is not the one of the answer (the vendor's page).
    words = ("تم حذف المنتج من الطلب", "The item was removed")
    return JSONResponse({"status": 202, "success": True, "data": {"message": pick(words, call.lang), "code": 202}})


def _changed(call: Call, order: Order) -> Response:
    call.store.touch_order(order, "order.products.updated", "order.total.price.updated")
    items: list[Any] = [views_trade.item(call.store, line, call.lang) for line in order.lines]
    return ok(items)


ENDPOINTS = (
    Endpoint("GET", "/orders/items", "orders", _list),
    Endpoint("POST", "/orders/items", "orders", _create),
    Endpoint("PUT", "/orders/items/{item:int}", "orders", _update),
    Endpoint("DELETE", "/orders/items/{item:int}", "orders", _delete),
)
