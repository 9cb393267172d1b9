"""Creating an order: the conditional requirements, and the lines with exact amounts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pullpush_salla.sandbox.check import Check
from pullpush_salla.sandbox.records import Customer, History, Line, Order, Product, Variant
from pullpush_salla.sandbox.store import Row, Store
from pullpush_salla.sandbox.words import BUILT_IN

__all__ = ["COUPON", "find_line_row", "make_line", "place_order"]

COUPON = "SAVE10"
_SAUDI_ARABIA = 1_473_353_380
# The national address, mandatory in Saudi Arabia since January 2026.
_NATIONAL = ("short_address", "building_number", "additional_number", "postal_code", "geo_coordinates")
_COURIERS = (1_433_878_184,)


def place_order(store: Store, body: Mapping[str, Any]) -> Order:
    """Check the whole body, then create the order; two equal requests create two orders.

    Raises:
        ApiError: 422 with every field at fault.
    """
    check = Check(body)
    check.required("payment", "delivery_method", "products")
    customer = _customer(store, check)
    status, method = _payment(check)
    branch = _delivery(store, check)
    lines = [_line(store, check.nested(f"products.{i}", row)) for i, row in enumerate(check.rows("products"))]
    coupon = check.text("coupon_code")
    if coupon and coupon != COUPON:
        check.fail("coupon_code", ("القسيمة غير صالحة", "The coupon is not valid"))
    check.done()
    now = store.clock.now()
    good = [line for line in lines if line is not None]
    if coupon:
        for line in good:
            line.discount = line.total // 10
    order = Order(
        id=store.new_id(),
        reference_id=40_000_000 + len(store.orders) + 1,
        created_at=now,
        updated_at=now,
        status_id=BUILT_IN[status].id,
        payment_method=method,
        lines=good,
        customer=customer,
        branch_id=branch,
        shipping=2500 if body.get("delivery_method") == "shipping" else 0,
        coupon=coupon or None,
        source="api",
        receiver=_object(body.get("receiver")),
        ship_to=_object(body.get("ship_to")),
    )
    order.histories.append(History(store.new_id(), order.status_id, "", now))
    store.add_order(order)
    return order


def _object(value: object) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) else {}


def _customer(store: Store, check: Check) -> Customer | None:
    """An existing customer by id, or a new one by name, mobile and mail; no customer at all is a guest order."""
    if not check.has("customer"):
        return None
    given = check.nested("customer", check.body["customer"])
    if given.has("id"):
        number = given.whole("id")
        if number is not None and number not in store.customers:
            given.fail("id", ("العميل غير موجود", "The customer does not exist"))
        return store.customers.get(number or 0)
    given.required("name", "mobile", "email")
    name, mobile, email = given.text("name"), given.text("mobile"), given.text("email")
    if mobile and not (mobile.startswith("+") and mobile[1:].isdecimal() and len(mobile) > 8):
        given.fail("mobile", ("الجوال بالصيغة الدولية", "The mobile must be in international form"))
        mobile = None
    if not (name and mobile and email):
        return None
    first, _, last = name.partition(" ")
    now = store.clock.now()
    return Customer(None, first, last, mobile[4:], mobile[:4], email, now, now)


def _payment(check: Check) -> tuple[str, str]:
    payment = check.nested("payment", check.body.get("payment"))
    payment.required("status")
    status = payment.choice("status", ("paid", "pending_payment"))
    if status == "paid":
        payment.required("method")
    if status == "pending_payment":
        payment.required("accepted_methods")
    methods = payment.rows("accepted_methods")
    method = payment.text("method") or (str(methods[0]) if methods else "")
    return ("under_review" if status == "paid" else "payment_pending"), method


def _delivery(store: Store, check: Check) -> int:
    how = check.choice("delivery_method", ("pickup", "shipping"))
    if how == "pickup":
        check.required("branch_id")
    branch = check.whole("branch_id")
    if branch is not None and branch not in store.branches:
        check.fail("branch_id", ("الفرع غير موجود", "The branch does not exist"))
    if how == "shipping":
        check.required("courier_id", "ship_to")
        courier = check.whole("courier_id")
        if courier is not None and courier not in _COURIERS:
            check.fail("courier_id", ("شركة الشحن غير موجودة", "The courier does not exist"))
        address = check.nested("ship_to", check.body.get("ship_to"))
        address.required("country", "city")
        if address.whole("country") == _SAUDI_ARABIA:
            address.required(*_NATIONAL)
    return branch or store.default_branch.id


def _line(store: Store, row: Check) -> Line | None:
    row.required("identifier_type", "identifier", "quantity")
    kind, quantity = row.choice("identifier_type", ("id", "sku")), row.whole("quantity", least=1)
    found = find_line_row(store, kind, row.body.get("identifier"))
    if kind and row.has("identifier") and found is None:
        row.fail("identifier", ("المنتج غير موجود", "The product does not exist"))
    if found is None or quantity is None:
        return None
    product, variant = found
    if product.options and variant is None:
        variant = _by_options(row, product)
        if variant is None:
            row.fail("options", ("حقل الخيارات مطلوب.", "The options of this product are required."))
            return None
    stock = variant.stock if variant else product.stock
    have = store.quantity(stock, None)
    is_short = not stock.unlimited and have is not None and have < quantity
    if is_short and not store.switches.oversell:
        row.fail("quantity", ("الكمية غير متوفرة", "The quantity is not available"))
    return make_line(store, (product, variant), quantity)


def find_line_row(store: Store, kind: str | None, identifier: object) -> Row | None:
    """What a line's `id` or `sku` names, None where that is nothing."""
    if kind == "sku":
        return store.by_sku.get(str(identifier))
    text = str(identifier)
    product = store.products.get(int(text)) if text.isdecimal() else None
    return (product, None) if product else None


def _by_options(row: Check, product: Product) -> Variant | None:
    chosen: set[int] = set()
    for option in row.rows("options"):
        value = option.get("value") if isinstance(option, Mapping) else None
        texts = map(str, value if isinstance(value, list) else [value])
        chosen.update(int(text) for text in texts if text.isdecimal())
    return next((v for v in product.variants if set(v.values) == chosen), None)


def make_line(store: Store, row: Row, quantity: int) -> Line:
    """A line at today's price, with the prices of the chosen option values."""
    product, variant = row
    unit = product.price
    if variant is not None:
        base = product.price if variant.price is None else variant.price
        extras = (v.extra_price for o in product.options for v in o.values if v.id in variant.values)
        unit = (base if variant.sale_price is None else variant.sale_price) + sum(extras)
    return Line(
        id=store.new_id(),
        product_id=product.id,
        variant_id=variant.id if variant else None,
        sku=(variant.sku or "") if variant else product.sku,
        name=product.name,
        quantity=quantity,
        unit=unit,
    )
