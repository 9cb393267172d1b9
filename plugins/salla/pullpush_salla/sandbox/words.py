"""What the platform says in two languages: labels, messages, the table of order statuses, event names."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

__all__ = [
    "BUILT_IN",
    "DEPRECATED_EVENTS",
    "STATUSES",
    "STORE_EVENTS",
    "OrderStatus",
    "Words",
    "pick",
]

# (Arabic, English). Arabic is what a request without Accept-Language gets.
Words = tuple[str, str]


def pick(words: Words, lang: str) -> str:
    """The text in the language of the answer."""
    return words[1] if lang == "en" else words[0]


@attrs.frozen
class OrderStatus:
    """A status of the store; `parent` is the slug of the built-in one that a custom status refines."""

    id: int
    slug: str
    name: Words
    parent: str | None = None


_NAMES: tuple[tuple[str, Words], ...] = (
    ("payment_pending", ("بإنتظار الدفع", "Awaiting payment")),
    ("waiting_for_payment_confirmation", ("بإنتظار تأكيد الدفع", "Awaiting payment confirmation")),
    ("payment_failed", ("فشل الدفع", "Payment failed")),
    # Spelled with blanks by the platform itself.
    ("waiting to receive it", ("بإنتظار الاستلام", "Awaiting pickup")),
    ("in_progress", ("قيد التنفيذ", "In progress")),
    ("under_review", ("بإنتظار المراجعة", "Under review")),
    ("completed", ("تم التنفيذ", "Completed")),
    ("delivering", ("جاري التوصيل", "Out for delivery")),
    ("delivered", ("تم التوصيل", "Delivered")),
    ("shipped", ("تم الشحن", "Shipped")),
    ("canceled", ("ملغي", "Cancelled")),
    ("restored", ("مسترجع", "Returned")),
    ("restoring", ("قيد الاسترجاع", "Being returned")),
)
BUILT_IN: Mapping[str, OrderStatus] = {
    slug: OrderStatus(566_146_000 + n, slug, name) for n, (slug, name) in enumerate(_NAMES, start=1)
}
STATUSES: Mapping[int, OrderStatus] = {
    status.id: status
    for status in (
        *BUILT_IN.values(),
        OrderStatus(1_633_436_001, "in_progress", ("قيد التغليف", "Packing"), "in_progress"),
    )
}

DEPRECATED_EVENTS = ("product.updated", "product.available")
STORE_EVENTS: Mapping[str, Words] = {
    event: (event, event.replace(".", " "))
    for event in (
        "order.created",
        "order.updated",
        "order.status.updated",
        "order.cancelled",
        "order.refunded",
        "order.deleted",
        "order.products.updated",
        "order.payment.updated",
        "order.coupon.updated",
        "order.total.price.updated",
        "order.shipment.creating",
        "order.shipment.created",
        "order.shipment.cancelled",
        "order.shipping.address.updated",
        "order.customer.updated",
        "product.created",
        "product.deleted",
        "product.quantity.low",
        "product.channels.changed",
        "product.price.updated",
        "product.status.updated",
        "product.image.updated",
        "product.category.updated",
        "product.brand.updated",
        "product.tags.updated",
        *DEPRECATED_EVENTS,
        "customer.created",
        "customer.updated",
        "customer.login",
        "customer.otp.request",
        "abandoned.cart",
        "abandoned.cart.status.changed",
        "abandoned.cart.purchased",
        "coupon.applied",
        "invoice.created",
        "store.branch.created",
        "store.branch.updated",
        "store.branch.setDefault",
        "store.branch.activated",
        "store.branch.deleted",
        "storetax.created",
    )
}
