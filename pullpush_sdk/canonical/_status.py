"""Closed lists of canonical words; a connector maps its own onto them and keeps the native word beside it."""

from __future__ import annotations

import enum


class OrderStatus(enum.StrEnum):
    """Where an order stands as a whole."""

    DRAFT = "draft"
    PENDING = "pending"
    PAID = "paid"
    PROCESSING = "processing"
    ON_HOLD = "on_hold"
    PARTIALLY_SHIPPED = "partially_shipped"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"
    RETURNED = "returned"
    FAILED = "failed"
    UNKNOWN = "unknown"


class FinancialStatus(enum.StrEnum):
    """How far an order is paid."""

    PENDING = "pending"
    AUTHORIZED = "authorized"
    PARTIALLY_PAID = "partially_paid"
    PAID = "paid"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"
    VOIDED = "voided"
    EXPIRED = "expired"
    FAILED = "failed"
    UNKNOWN = "unknown"


class FulfillmentStatus(enum.StrEnum):
    """How far an order is shipped."""

    UNFULFILLED = "unfulfilled"
    IN_PROGRESS = "in_progress"
    ON_HOLD = "on_hold"
    PARTIALLY_FULFILLED = "partially_fulfilled"
    FULFILLED = "fulfilled"
    DELIVERED = "delivered"
    RESTOCKED = "restocked"
    NOT_REQUIRED = "not_required"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


class ProductStatus(enum.StrEnum):
    """Whether a product is offered."""

    ACTIVE = "active"
    DRAFT = "draft"
    HIDDEN = "hidden"
    ARCHIVED = "archived"
    UNKNOWN = "unknown"


class InvoiceStatus(enum.StrEnum):
    """Where an invoice stands."""

    DRAFT = "draft"
    ISSUED = "issued"
    PARTIALLY_PAID = "partially_paid"
    PAID = "paid"
    OVERDUE = "overdue"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"
    VOID = "void"
    UNCOLLECTIBLE = "uncollectible"
    UNKNOWN = "unknown"


class InvoiceKind(enum.StrEnum):
    """What sort of document it is."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"


class CallDirection(enum.StrEnum):
    """Who called whom, seen from the company."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"
    INTERNAL = "internal"
    UNKNOWN = "unknown"


class CallStatus(enum.StrEnum):
    """How a call ended."""

    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    MISSED = "missed"
    VOICEMAIL = "voicemail"
    BUSY = "busy"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


class CartStatus(enum.StrEnum):
    """What became of a cart."""

    ACTIVE = "active"
    ABANDONED = "abandoned"
    CONVERTED = "converted"
    EXPIRED = "expired"
    UNKNOWN = "unknown"


class ContactKind(enum.StrEnum):
    """A person or a company."""

    PERSON = "person"
    COMPANY = "company"
