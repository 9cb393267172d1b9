"""`/customers`, `/carts/abandoned`, `/orders/invoices` and `/store/info`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from starlette.responses import Response

from pullpush_salla.sandbox import views_trade
from pullpush_salla.sandbox.check import Check
from pullpush_salla.sandbox.money import CURRENCY
from pullpush_salla.sandbox.records import Customer
from pullpush_salla.sandbox.routes_orders import day
from pullpush_salla.sandbox.routing import Call, Endpoint
from pullpush_salla.sandbox.store import STORE_ID, Store
from pullpush_salla.sandbox.wire import in_store_zone, not_found, ok, paged
from pullpush_salla.sandbox.words import pick

__all__ = ["ENDPOINTS", "create_customer", "edit_customer"]

# What the "create invoice" answer shows in place of the code.
_SYMBOL = "ر.س"


def _customers(call: Call) -> Response:
    """Dates filter by creation. An empty `links` is an array here."""
    rows = call.store.listed("customers", lambda: call.store.in_list_order(call.store.customers.values()))
    rows = [c for c in rows if call.platform.is_indexed(c.created_at)]
    first, last = day(call.query.get("date_from")), day(call.query.get("date_to"))
    if first or last:
        rows = [c for c in rows if (first or date.min) <= in_store_zone(c.created_at).date() <= (last or date.max)]
    if keyword := call.query.get("keyword"):
        rows = [c for c in rows if any(keyword.casefold() in text.casefold() for text in _searched(c))]
    return paged(
        rows,
        views_trade.customer,
        call.query,
        path="/customers",
        past_end=call.platform.switches.past_last_page,
        empty_links=[],
    )


def _searched(customer: Customer) -> tuple[str, ...]:
    """What a keyword is looked for in; a number with its country's code and without `+`, as the page shows it."""
    number = f"{customer.mobile_code.removeprefix('+')}{customer.mobile}"
    return customer.email, number, f"{customer.first_name} {customer.last_name}"


def _customer(call: Call) -> Customer:
    customer = call.store.customers.get(call.params["customer"])
    if customer is None:
        raise not_found()
    return customer


def _create(call: Call) -> Response:
    return ok(views_trade.customer(create_customer(call.store, call.body)))


def create_customer(store: Store, body: Mapping[str, Any]) -> Customer:
    """A new customer.

    Raises:
        ApiError: 422: a missing field, or a mail address or mobile number that another customer has.
    """
    check = Check(body)
    check.required("first_name", "last_name", "mobile", "mobile_code_country")
    fields = _fields(store, check, None)
    check.done()
    now = store.clock.now()
    values = {"email": "", "country_code": "SA", **fields}
    customer = Customer(id=store.new_id(), created_at=now, updated_at=now, **values)
    store.add_customer(customer)
    return customer


def _update(call: Call) -> Response:
    return ok(views_trade.customer(edit_customer(call.store, _customer(call), call.body)))


def edit_customer(store: Store, customer: Customer, body: Mapping[str, Any]) -> Customer:
    """Change what the body names; skipped keys stay.

    Raises:
        ApiError: 422.
    """
    check = Check(body)
    fields = _fields(store, check, customer)
    check.done()
    for key, value in fields.items():
        setattr(customer, key, value)
    store.touch_customer(customer)
    return customer


def _delete(call: Call) -> Response:
    call.store.remove_customer(_customer(call))
    return ok([pick(("تم حذف العميل بنجاح", "The customer was deleted"), call.lang)])


def _fields(store: Store, check: Check, customer: Customer | None) -> dict[str, Any]:
    mobile = check.body.get("mobile")
    mobile = str(mobile).lstrip("0") if mobile is not None else None
    if mobile is not None and not mobile.isdecimal():
        check.fail("mobile", ("رقم الجوال غير صالح", "The mobile must hold digits only"))
    email = check.text("email")
    if email and "@" not in email:
        check.fail("email", ("البريد غير صالح", "The email is not valid"))
    for other in store.customers.values():
        if other is customer:
            continue
        if email and other.email.casefold() == email.casefold():
            check.fail("email", ("البريد مستخدم من قبل", "The email is already in use"))
        if mobile and other.mobile == mobile:
            check.fail("mobile", ("الجوال مستخدم من قبل", "The mobile is already in use"))
    fields = {
        "first_name": check.text("first_name"),
        "last_name": check.text("last_name"),
        "mobile": mobile,
        "mobile_code": check.text("mobile_code_country"),
        "email": email,
        "gender": check.choice("gender", ("male", "female")),
        "birthday": check.text("birthday"),
        "groups": tuple(check.rows("groups")) if check.has("groups") else None,
    }
    return {key: value for key, value in fields.items() if value is not None}


def _carts(call: Call) -> Response:
    """Active ones only; `offset` is the least age in minutes."""
    now = call.platform.clock.now()
    check = Check(call.query)
    offset = check.whole("offset") or 0
    check.done()
    rows = call.store.in_list_order(c for c in call.store.carts.values() if c.status == "active")
    rows = [c for c in rows if (now - c.updated_at).total_seconds() >= offset * 60]
    return paged(
        rows,
        lambda c: views_trade.cart(c, now),
        call.query,
        path="/carts/abandoned",
        past_end=call.platform.switches.past_last_page,
    )


def _cart(call: Call) -> Response:
    cart = call.store.carts.get(call.params["cart"])
    if cart is None:
        raise not_found()
    return ok(views_trade.cart_detail(cart, call.platform.clock.now()))


def _invoices(call: Call) -> Response:
    first, last = day(call.query.get("from_date")), day(call.query.get("to_date"))
    rows = call.store.in_list_order(call.store.invoices.values())
    if first or last:
        rows = [i for i in rows if (first or date.min) <= in_store_zone(i.created_at).date() <= (last or date.max)]
    if order := call.query.get("order_id"):
        rows = [i for i in rows if str(i.order.id) == order]
    return paged(
        rows,
        views_trade.invoice_row,
        call.query,
        path="/orders/invoices",
        past_end=call.platform.switches.past_last_page,
    )


def _invoice(call: Call) -> Response:
    invoice = call.store.invoices.get(call.params["invoice"])
    if invoice is None:
        raise not_found()
    return ok(views_trade.invoice_detail(invoice, call.lang))


def _create_invoice(call: Call) -> Response:
    """One tax invoice an order, and a credit note only after it; own data need a store setting that is off."""
    check = Check(call.body)
    check.required("order_id", "type", "data_type")
    kind = check.choice("type", ("tax_invoice", "credit_note"))
    source = check.choice("data_type", ("data", "url", "file", "order"))
    order = call.store.orders.get(check.whole("order_id") or 0)
    if order is None and check.has("order_id"):
        check.fail("order_id", ("الطلب غير موجود", "The order does not exist"))
    if source not in (None, "order"):
        check.fail("data_type", ("إعداد المتجر لا يسمح", "The store does not allow own invoice data"))
    if order is not None:
        issued = {invoice.type for invoice in call.store.invoices_of(order)}
        if kind == "tax_invoice" and "Tax Invoice" in issued:
            check.fail("order_id", ("تم إصدار الفاتورة من قبل", "The invoice was already issued"))
        if kind == "credit_note" and "Tax Invoice" not in issued:
            check.fail("order_id", ("لم تصدر فاتورة بعد", "No invoice was issued for this order"))
    check.done()
    assert order is not None
    invoice = call.store.add_invoice(order, "Tax Invoice" if kind == "tax_invoice" else "Credit Note")
    return ok(views_trade.invoice_detail(invoice, call.lang, _SYMBOL))


def _info(call: Call) -> Response:
    return ok(
        {
            "id": STORE_ID,
            "name": "متجر تجريبي" if call.lang == "ar" else "Sandbox store",
            "entity": "company",
            "email": "store@example.com",
            "avatar": "https://cdn.example.com/avatar.png",
            "plan": call.platform.switches.plan,
            "type": "demo",
            "status": "active",
            "verified": True,
            "currency": CURRENCY,
            "domain": "https://store.example.com",
            "description": "",
            "licenses": {"tax_number": None, "commercial_number": None, "freelance_number": None},
            "social": dict.fromkeys(("telegram", "twitter", "facebook", "maroof", "youtube", "snapchat", "whatsapp")),
        }
    )


ENDPOINTS = (
    Endpoint("GET", "/store/info", "settings", _info),
    Endpoint("GET", "/customers", "customers", _customers),
    Endpoint("POST", "/customers", "customers", _create),
    Endpoint("GET", "/customers/{customer:int}", "customers", lambda c: ok(views_trade.customer(_customer(c)))),
    Endpoint("PUT", "/customers/{customer:int}", "customers", _update),
    Endpoint("DELETE", "/customers/{customer:int}", "customers", _delete),
    Endpoint("GET", "/carts/abandoned", "carts", _carts),
    Endpoint("GET", "/carts/abandoned/{cart:int}", "carts", _cart),
    Endpoint("GET", "/orders/invoices", "orders", _invoices),
    Endpoint("POST", "/orders/invoices", "orders", _create_invoice),
    Endpoint("GET", "/orders/invoices/{invoice:int}", "orders", _invoice),
)
