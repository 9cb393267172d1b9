"""Orders, customers, carts and invoices as the platform writes them."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from pullpush_salla.sandbox.money import CURRENCY, TAX_PERCENT, money, number, text
from pullpush_salla.sandbox.records import Cart, Customer, History, Invoice, Line, Order
from pullpush_salla.sandbox.store import Store
from pullpush_salla.sandbox.wire import date_object, plain_date
from pullpush_salla.sandbox.words import BUILT_IN, STATUSES, OrderStatus, pick

__all__ = [
    "cart",
    "cart_detail",
    "cart_purchased_event",
    "customer",
    "history",
    "invoice_detail",
    "invoice_row",
    "item",
    "order_event",
    "order_light",
    "order_row",
    "order_status",
    "status_event",
]

_URLS = {"customer": "https://store.example.com/x", "admin": "https://s.example.com/x"}


def customer(record: Customer) -> dict[str, Any]:
    """A customer; the mobile number is an integer without its country prefix."""
    birthday = None
    if record.birthday:
        birthday = date_object(datetime.fromisoformat(record.birthday).replace(tzinfo=UTC), "utc")
    return {
        "id": record.id,
        "first_name": record.first_name,
        "last_name": record.last_name,
        "mobile": int(record.mobile),
        "mobile_code": record.mobile_code,
        "email": record.email,
        "urls": {**_URLS, "digital_content": "https://store.example.com/x/digital"},
        "avatar": "https://cdn.example.com/avatar.png",
        "gender": record.gender,
        "birthday": birthday,
        "city": "الرياض",
        "country": "السعودية",
        "country_code": record.country_code,
        "currency": CURRENCY,
        "location": "",
        "updated_at": date_object(record.updated_at),
        "groups": list(record.groups),
    }


def _thin_customer(record: Customer) -> dict[str, Any]:
    """The form in carts and in status events: one name, mobile as text with prefix."""
    return {
        "id": record.id,
        "name": f"{record.first_name} {record.last_name}",
        "mobile": f"+{record.mobile_code.removeprefix('+')}{record.mobile}",
        "email": record.email,
        "avatar": "https://cdn.example.com/avatar.png",
        "country": "السعودية",
        "city": "الرياض",
    }


def _status(record: Order, lang: str, *, event: bool = False) -> dict[str, Any]:
    status = STATUSES[record.status_id]
    built_in = BUILT_IN[status.slug]
    shown: dict[str, Any] = {"id": built_in.id, "name": pick(built_in.name, lang), "slug": status.slug}
    if not event:
        shown["customized"] = {"id": status.id, "name": pick(status.name, lang)}
    return shown


def order_row(store: Store, record: Order, lang: str) -> dict[str, Any]:
    """The list's thin row: no updated_at, no SKU, no amounts."""
    return {
        "id": record.id,
        "reference_id": record.reference_id,
        "total": money(record.total),
        "date": date_object(record.created_at, store.switches.order_date_zone),
        "status": _status(record, lang),
        "can_cancel": False,
        "can_reorder": True,
        "payment_method": record.payment_method,
        "is_pending_payment": STATUSES[record.status_id].slug == "payment_pending",
        "pending_payment_ends_at": 0,
        "features": {"digitalable": False, "shippable": True, "has_suspicious_alert": False},
        "items": [
            {"name": pick(line.name, lang), "quantity": line.quantity, "thumbnail": "https://cdn.example.com/t.png"}
            for line in record.lines
        ],
        "customer": customer(record.customer) if record.customer else None,
    }


def _amounts(record: Order) -> dict[str, Any]:
    taxed = any(line.taxed for line in record.lines)
    discounts = []
    if record.discount:
        discount = {"title": record.coupon or "", "type": "normal", "code": record.coupon or ""}
        discount |= {"discount": text(record.discount), "currency": CURRENCY, "discounted_shipping": "0.00"}
        discounts.append(discount)
    return {
        "sub_total": money(record.sub_total),
        "shipping_cost": money(record.shipping),
        "cash_on_delivery": money(record.cash_on_delivery),
        "tax": {"percent": f"{TAX_PERCENT if taxed else 0}.00", "amount": money(record.tax)},
        "discounts": discounts,
        "total": money(record.total),
    }


def order_light(store: Store, record: Order, lang: str) -> dict[str, Any]:
    """The detail as it is by default: everything but items, shipments and customer groups."""
    buyer = customer(record.customer) if record.customer else None
    if buyer:
        del buyer["groups"]
    return {
        "id": record.id,
        "checkout_id": record.id + 1,
        "reference_id": record.reference_id,
        "features": {
            "shippable": True,
            "digitalable": False,
            "multiple_shipments_supported": False,
            "order_type_price_quote": False,
            "has_suspicious_alert": False,
        },
        "actions": {"cancellable": False, "reorderable": True, "payable": False},
        "urls": {**_URLS, **dict.fromkeys(("digital_content", "rating", "checkout"), _URLS["customer"])},
        "date": date_object(record.created_at, store.switches.order_date_zone),
        "updated_at": date_object(record.updated_at),
        "source": record.source,
        "source_details": {"type": "direct", "value": None, "device": "desktop", "user-agent": "", "ip": None},
        "status": _status(record, lang),
        "is_price_quote": False,
        "draft": record.draft,
        "payment_method": record.payment_method,
        "currency": CURRENCY,
        "amounts": _amounts(record),
        "can_cancel": False,
        "show_weight": False,
        "can_reorder": True,
        "is_pending_payment": STATUSES[record.status_id].slug == "payment_pending",
        "pending_payment_ends_at": 0,
        "total_weight": "٠٫٥ كجم",
        "receiver": record.receiver or None,
        "shipping": {"address": record.ship_to} if record.ship_to else None,
        "customer": buyer,
        "bank": None,
        "tags": [],
    }


def order_event(store: Store, record: Order, lang: str) -> dict[str, Any]:
    """The whole order with its items: order events, and the detail where it is switched to `full`."""
    shown = order_light(store, record, lang)
    shown["items"] = [
        {
            **item(store, line, lang),
            "product": {"id": line.product_id, "sku": line.sku, "name": pick(line.name, lang), "type": "product"},
            "options": _options(store, line, lang),
        }
        for line in record.lines
    ]
    return shown


def _line_amounts(line: Line) -> dict[str, Any]:
    percent = f"{TAX_PERCENT if line.taxed else 0}.00"
    return {
        "price_without_tax": money(line.unit),
        "total_discount": money(line.discount),
        "tax": {"percent": percent, "amount": money(line.tax)},
        "total": money(line.total),
    }


def _options(store: Store, line: Line, lang: str) -> list[dict[str, Any]]:
    row = store.variants.get(line.variant_id) if line.variant_id else None
    product, variant = row or (None, None)
    if product is None or variant is None:
        return []
    chosen = variant.values
    return [
        {
            "id": line.id + option.id,
            "product_option_id": option.id,
            "name": pick(option.name, lang),
            "type": "radio",
            "value": [
                {"id": value.id, "name": pick(value.name, lang), "price": money(value.extra_price)}
                for value in option.values
                if value.id in chosen
            ],
        }
        for option in product.options
    ]


def item(store: Store, line: Line, lang: str) -> dict[str, Any]:
    """A row of `/orders/items`: no product id; an option's value is an object here, a list in events."""
    options = [{**option, "value": option["value"][0]} for option in _options(store, line, lang)]
    return {
        "id": line.id,
        "name": pick(line.name, lang),
        "sku": line.sku,
        "quantity": line.quantity,
        "currency": CURRENCY,
        "weight": 0.5,
        "weight_label": "٠٫٥ كجم",
        "amounts": _line_amounts(line),
        "notes": "",
        "options": options,
        "images": [],
        "codes": [],
        "files": [],
        "reservations": [],
        "branches_quantity": [],
    }


def status_event(store: Store, record: Order, change: History, lang: str) -> dict[str, Any]:
    """`order.status.updated`: `id` is the history's, `status` a localised label; the order is nested and thin."""
    order = order_light(store, record, lang)
    order["status"] = _status(record, lang, event=True)
    order["customer"] = _thin_customer(record.customer) if record.customer else None
    order["total"] = money(record.total)
    order["items"] = [
        {
            "id": line.id,
            "product_id": line.product_id,
            "name": pick(line.name, lang),
            "sku": line.sku,
            "quantity": line.quantity,
            "weight": 0.5,
            "amounts": _line_amounts(line),
        }
        for line in record.lines
    ]
    del order["updated_at"]
    return {
        "id": change.id,
        "status": pick(STATUSES[change.status_id].name, lang),
        "customized": None,
        "note": change.note,
        "created_at": date_object(change.created_at),
        "order": order,
    }


def order_status(status: OrderStatus, sort: int, lang: str) -> dict[str, Any]:
    """A row of the statuses list."""
    parent = BUILT_IN[status.parent] if status.parent else None
    name = {"id": parent.id, "name": pick(parent.name, lang)} if parent else None
    return {
        "id": status.id,
        "name": pick(status.name, lang),
        "type": "custom" if parent else "original",
        "slug": status.slug,
        "sort": sort,
        "message": "",
        "icon": "sicon-bell",
        "is_active": True,
        "parent": name,
        "original": name,
    }


def history(change: History, lang: str) -> dict[str, Any]:
    """A row of an order's history."""
    return {
        "id": change.id,
        "status": pick(STATUSES[change.status_id].name, lang),
        "note": change.note,
        "created_at": date_object(change.created_at),
        "created_by": None,
        "type": "activity",
    }


def cart(record: Cart, now: datetime) -> dict[str, Any]:
    """An abandoned cart; its items name products, not SKUs."""
    return {
        "id": record.id,
        "total": money(record.total),
        "subtotal": money(record.subtotal),
        "total_discount": money(0),
        "checkout_url": f"https://store.example.com/checkout/{record.id}",
        "age_in_minutes": int((now - record.updated_at).total_seconds() // 60),
        "created_at": date_object(record.created_at),
        "updated_at": date_object(record.updated_at),
        "customer": _thin_customer(record.customer),
        "coupon": None,
        "items": [
            {
                "id": line.id,
                "product_id": line.product_id,
                "quantity": line.quantity,
                "weight": 0.5,
                "amounts": _line_amounts(line),
                "notes": "",
            }
            for line in record.lines
        ],
    }


def cart_detail(record: Cart, now: datetime) -> dict[str, Any]:
    """The detail alone knows the status."""
    return {**cart(record, now), "status": record.status}


def cart_purchased_event(record: Cart) -> dict[str, Any]:
    """`abandoned.cart.purchased`: flat numbers, the currency beside them."""
    amounts = {"total": number(record.total), "subtotal": number(record.subtotal), "total_discount": 0}
    return {"id": record.id, "status": record.status, "currency": CURRENCY, **amounts}


def _invoice_head(record: Invoice) -> dict[str, Any]:
    return {
        "id": record.id,
        "invoice_number": str(record.number),
        "uuid": str(uuid.UUID(int=record.id)),
        "order_id": record.order.id,
        "invoice_reference_id": None if record.reference_id is None else str(record.reference_id),
        "type": record.type,
        "date": plain_date(record.created_at),
        "qr_code": None,
        "payment_method": record.order.payment_method,
    }


def invoice_row(record: Invoice) -> dict[str, Any]:
    """The list's row: amounts are texts but for the total."""
    order = record.order

    def words(minor: int) -> dict[str, Any]:
        return {"amount": text(minor), "currency": CURRENCY}

    return {
        **_invoice_head(record),
        "sub_total": words(order.sub_total),
        "shipping_cost": words(order.shipping),
        "cod_cost": words(order.cash_on_delivery),
        "discount": words(order.discount),
        "tax": {"percent": f"{TAX_PERCENT}.00", "amount": words(order.tax)},
        "total": money(order.total),
    }


def invoice_detail(record: Invoice, lang: str, currency: str = CURRENCY) -> dict[str, Any]:
    """The detail: amounts are numbers; a line's total includes its tax here."""
    order = record.order
    return {
        **_invoice_head(record),
        "sub_total": money(order.sub_total, currency),
        "shipping_cost": {**money(order.shipping, currency), "taxable": True},
        "cod_cost": {**money(order.cash_on_delivery, currency), "taxable": True},
        "discount": money(order.discount, currency),
        "tax": {"percent": TAX_PERCENT, "amount": money(order.tax, currency)},
        "total": money(order.total, currency),
        "items": [
            {
                "id": line.id + 1,
                "item_id": line.id,
                "product_id": line.product_id,
                "name": pick(line.name, lang),
                "sku": line.sku,
                "quantity": line.quantity,
                "type": "product",
                "price": money(line.unit, currency),
                "discount": money(line.discount, currency),
                "tax": {"percent": TAX_PERCENT if line.taxed else 0, "amount": money(line.tax, currency)},
                "total": money(line.total - line.discount + line.tax, currency),
            }
            for line in order.lines
        ],
    }
