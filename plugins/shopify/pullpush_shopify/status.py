"""What an order's native words mean as one canonical status; the table stands in the README."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Json = Any

_BY_PAYMENT = {
    "PAID": "paid",
    "PARTIALLY_REFUNDED": "paid",
    "AUTHORIZED": "pending",
    "PARTIALLY_PAID": "pending",
    "PENDING": "pending",
    None: "pending",
    "VOIDED": "cancelled",
    "EXPIRED": "cancelled",
}


def order_status(order: Mapping[str, Json]) -> str:
    """The first that fits: cancelled, refunded, completed, shipped in whole or part, then how it is paid.

    A word that the platform adds later is `unknown`; it stands beside in the native status.
    """
    paid, sent = order.get("displayFinancialStatus"), order.get("displayFulfillmentStatus")
    if order.get("cancelledAt"):
        return "cancelled"
    if paid == "REFUNDED":
        return "refunded"
    if sent in ("FULFILLED", "FULFILLMENT_NOT_REQUIRED") and paid == "PAID":
        return "completed"
    if sent == "FULFILLED":
        return "shipped"
    if sent == "PARTIALLY_FULFILLED":
        return "partially_shipped"
    return _BY_PAYMENT.get(paid, "unknown")


PRODUCT_STATUS = {"active": "ACTIVE", "draft": "DRAFT", "archived": "ARCHIVED", "hidden": "UNLISTED"}
"""Canonical to native; any other word is left alone."""

FINANCIAL_STATUS = {
    "pending": "PENDING",
    "authorized": "AUTHORIZED",
    "partially_paid": "PARTIALLY_PAID",
    "paid": "PAID",
    "partially_refunded": "PARTIALLY_REFUNDED",
    "refunded": "REFUNDED",
    "voided": "VOIDED",
    "expired": "EXPIRED",
}
"""What a new order may be created as; nothing is captured by it."""

FULFILLMENT_STATUS = {
    "partially_fulfilled": "PARTIAL",
    "fulfilled": "FULFILLED",
    "delivered": "FULFILLED",
    "restocked": "RESTOCKED",
}
"""What a new order may be created as; without a word it is unfulfilled."""

PAID_BY_STATUS = {
    "pending": "PENDING",
    "paid": "PAID",
    "processing": "PAID",
    "partially_shipped": "PAID",
    "shipped": "PAID",
    "delivered": "PAID",
    "completed": "PAID",
    "refunded": "REFUNDED",
}
"""How far an order is paid where only its status is known."""
