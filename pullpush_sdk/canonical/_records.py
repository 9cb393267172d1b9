"""The seven canonical types.

Every field name but `extensions` is the wire's in snake case. Fields named by the published model are `always`
on the wire; the rest appear where something is known. Amounts are exact decimals; instants are aware UTC.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import attrs

from ._fields import (
    BOOLEAN,
    INSTANT,
    JSON,
    MONEY,
    NUMBER,
    TEXT,
    always,
    enum_of,
    list_of,
    optional,
    record_of,
    required,
)
from ._parts import Address, Customer, LineItem, Media, ProductOption, Variant
from ._status import (
    CallDirection,
    CallStatus,
    CartStatus,
    ContactKind,
    FinancialStatus,
    FulfillmentStatus,
    InvoiceKind,
    InvoiceStatus,
    OrderStatus,
    ProductStatus,
)
from ._values import Unset


@attrs.frozen(kw_only=True)
class StockLevel:
    """How many of one SKU are at one location.

    `quantity` None means "no data here": untracked, unlimited or unknown. It is never written anywhere. Zero is
    zero.
    """

    sku: str = required(TEXT)
    quantity: int | Decimal | None | Unset = always(NUMBER, "null: no data at this location")
    location_id: str | None | Unset = always(TEXT, "null: the platform has one place only, or none was asked")
    updated_at: datetime | None | Unset = always(INSTANT)
    extensions: dict[str, Any] | None | Unset = optional(JSON)


@attrs.frozen(kw_only=True)
class Order:
    """A sale, with lines, buyer, status and amounts in `currency`."""

    order_id: str = required(TEXT)
    status: OrderStatus | None | Unset = always(enum_of(OrderStatus))
    currency: str | None | Unset = always(TEXT, "ISO 4217")
    total_amount: Decimal | None | Unset = always(MONEY)
    line_items: tuple[LineItem, ...] | None | Unset = always(list_of(LineItem))
    customer: Customer | None | Unset = always(record_of(Customer))
    created_at: datetime | None | Unset = always(INSTANT)
    order_number: str | None | Unset = optional(TEXT, "the number people see")
    native_status: str | None | Unset = optional(TEXT)
    financial_status: FinancialStatus | None | Unset = optional(enum_of(FinancialStatus))
    fulfillment_status: FulfillmentStatus | None | Unset = optional(enum_of(FulfillmentStatus))
    updated_at: datetime | None | Unset = optional(INSTANT)
    processed_at: datetime | None | Unset = optional(INSTANT)
    cancelled_at: datetime | None | Unset = optional(INSTANT)
    subtotal_amount: Decimal | None | Unset = optional(MONEY)
    tax_amount: Decimal | None | Unset = optional(MONEY)
    shipping_amount: Decimal | None | Unset = optional(MONEY)
    discount_amount: Decimal | None | Unset = optional(MONEY)
    refunded_amount: Decimal | None | Unset = optional(MONEY)
    taxes_included: bool | None | Unset = optional(BOOLEAN)
    email: str | None | Unset = optional(TEXT)
    phone: str | None | Unset = optional(TEXT)
    billing_address: Address | None | Unset = optional(record_of(Address))
    shipping_address: Address | None | Unset = optional(record_of(Address))
    payment_method: str | None | Unset = optional(TEXT)
    shipping_method: str | None | Unset = optional(TEXT)
    discount_codes: str | None | Unset = optional(TEXT, "joined with a comma")
    note: str | None | Unset = optional(TEXT)
    tags: tuple[str, ...] | None | Unset = optional(list_of(TEXT))
    channel: str | None | Unset = optional(TEXT, "where it was sold")
    extensions: dict[str, Any] | None | Unset = optional(JSON)


@attrs.frozen(kw_only=True)
class Product:
    """A catalogue entry; `sku` is its own or, where the platform has none, its first variant's."""

    sku: str = required(TEXT)
    title: str | None | Unset = always(TEXT)
    description: str | None | Unset = always(TEXT, "may hold HTML")
    price: Decimal | None | Unset = always(MONEY, "the current selling price")
    currency: str | None | Unset = always(TEXT, "ISO 4217")
    variants: tuple[Variant, ...] | None | Unset = always(list_of(Variant))
    product_id: str | None | Unset = optional(TEXT)
    handle: str | None | Unset = optional(TEXT)
    status: ProductStatus | None | Unset = optional(enum_of(ProductStatus))
    native_status: str | None | Unset = optional(TEXT)
    vendor: str | None | Unset = optional(TEXT)
    product_type: str | None | Unset = optional(TEXT)
    categories: tuple[str, ...] | None | Unset = optional(list_of(TEXT))
    tags: tuple[str, ...] | None | Unset = optional(list_of(TEXT))
    barcode: str | None | Unset = optional(TEXT)
    compare_at_price: Decimal | None | Unset = optional(MONEY)
    cost_price: Decimal | None | Unset = optional(MONEY)
    weight: int | Decimal | None | Unset = optional(NUMBER)
    weight_unit: str | None | Unset = optional(TEXT)
    options: tuple[ProductOption, ...] | None | Unset = optional(list_of(ProductOption))
    media: tuple[Media, ...] | None | Unset = optional(list_of(Media))
    url: str | None | Unset = optional(TEXT)
    created_at: datetime | None | Unset = optional(INSTANT)
    updated_at: datetime | None | Unset = optional(INSTANT)
    extensions: dict[str, Any] | None | Unset = optional(JSON)


@attrs.frozen(kw_only=True)
class Contact:
    """A customer or company; identified by `email` or, without one, by `contact_id`."""

    email: str | None | Unset = always(TEXT)
    name: str | None | Unset = always(TEXT)
    company: str | None | Unset = always(TEXT)
    contact_id: str | None | Unset = optional(TEXT)
    kind: ContactKind | None | Unset = optional(enum_of(ContactKind))
    first_name: str | None | Unset = optional(TEXT)
    last_name: str | None | Unset = optional(TEXT)
    phone: str | None | Unset = optional(TEXT)
    addresses: tuple[Address, ...] | None | Unset = optional(list_of(Address))
    tags: tuple[str, ...] | None | Unset = optional(list_of(TEXT))
    language: str | None | Unset = optional(TEXT)
    tax_id: str | None | Unset = optional(TEXT)
    accepts_marketing: bool | None | Unset = optional(BOOLEAN)
    note: str | None | Unset = optional(TEXT)
    created_at: datetime | None | Unset = optional(INSTANT)
    updated_at: datetime | None | Unset = optional(INSTANT)
    extensions: dict[str, Any] | None | Unset = optional(JSON)


@attrs.frozen(kw_only=True)
class Call:
    """A phone call."""

    call_id: str = required(TEXT)
    direction: CallDirection | None | Unset = always(enum_of(CallDirection))
    duration: int | Decimal | None | Unset = always(NUMBER, "seconds")
    status: CallStatus | None | Unset = optional(enum_of(CallStatus))
    native_status: str | None | Unset = optional(TEXT)
    from_number: str | None | Unset = optional(TEXT)
    to_number: str | None | Unset = optional(TEXT)
    started_at: datetime | None | Unset = optional(INSTANT)
    answered_at: datetime | None | Unset = optional(INSTANT)
    ended_at: datetime | None | Unset = optional(INSTANT)
    customer: Customer | None | Unset = optional(record_of(Customer))
    agent: str | None | Unset = optional(TEXT)
    recording_url: str | None | Unset = optional(TEXT)
    note: str | None | Unset = optional(TEXT)
    tags: tuple[str, ...] | None | Unset = optional(list_of(TEXT))
    updated_at: datetime | None | Unset = optional(INSTANT)
    extensions: dict[str, Any] | None | Unset = optional(JSON)


@attrs.frozen(kw_only=True)
class Invoice:
    """A financial document; amounts are in `currency`."""

    invoice_id: str = required(TEXT)
    amount: Decimal | None | Unset = always(MONEY, "the whole amount")
    currency: str | None | Unset = always(TEXT, "ISO 4217")
    status: InvoiceStatus | None | Unset = always(enum_of(InvoiceStatus))
    invoice_number: str | None | Unset = optional(TEXT)
    kind: InvoiceKind | None | Unset = optional(enum_of(InvoiceKind))
    native_status: str | None | Unset = optional(TEXT)
    order_id: str | None | Unset = optional(TEXT)
    subtotal_amount: Decimal | None | Unset = optional(MONEY)
    tax_amount: Decimal | None | Unset = optional(MONEY)
    shipping_amount: Decimal | None | Unset = optional(MONEY)
    discount_amount: Decimal | None | Unset = optional(MONEY)
    amount_paid: Decimal | None | Unset = optional(MONEY)
    amount_due: Decimal | None | Unset = optional(MONEY)
    line_items: tuple[LineItem, ...] | None | Unset = optional(list_of(LineItem))
    customer: Customer | None | Unset = optional(record_of(Customer))
    billing_address: Address | None | Unset = optional(record_of(Address))
    payment_method: str | None | Unset = optional(TEXT)
    issued_at: datetime | None | Unset = optional(INSTANT)
    due_at: datetime | None | Unset = optional(INSTANT)
    paid_at: datetime | None | Unset = optional(INSTANT)
    created_at: datetime | None | Unset = optional(INSTANT)
    updated_at: datetime | None | Unset = optional(INSTANT)
    note: str | None | Unset = optional(TEXT)
    url: str | None | Unset = optional(TEXT)
    extensions: dict[str, Any] | None | Unset = optional(JSON)


@attrs.frozen(kw_only=True)
class Cart:
    """A basket that is not an order, or not yet."""

    cart_id: str = required(TEXT)
    status: CartStatus | None | Unset = optional(enum_of(CartStatus))
    native_status: str | None | Unset = optional(TEXT)
    currency: str | None | Unset = optional(TEXT, "ISO 4217")
    total_amount: Decimal | None | Unset = optional(MONEY)
    subtotal_amount: Decimal | None | Unset = optional(MONEY)
    discount_amount: Decimal | None | Unset = optional(MONEY)
    tax_amount: Decimal | None | Unset = optional(MONEY)
    line_items: tuple[LineItem, ...] | None | Unset = optional(list_of(LineItem))
    customer: Customer | None | Unset = optional(record_of(Customer))
    discount_codes: str | None | Unset = optional(TEXT, "joined with a comma")
    order_id: str | None | Unset = optional(TEXT, "of the order it became")
    checkout_url: str | None | Unset = optional(TEXT)
    created_at: datetime | None | Unset = optional(INSTANT)
    updated_at: datetime | None | Unset = optional(INSTANT)
    extensions: dict[str, Any] | None | Unset = optional(JSON)
