"""Records that stand inside others: addresses, lines, variants, pictures."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import attrs

from ._fields import INTEGER, JSON, MONEY, NUMBER, TEXT, TEXT_MAP, list_of, optional
from ._values import Unset


@attrs.frozen(kw_only=True)
class Address:
    """A postal address."""

    name: str | None | Unset = optional(TEXT)
    first_name: str | None | Unset = optional(TEXT)
    last_name: str | None | Unset = optional(TEXT)
    company: str | None | Unset = optional(TEXT)
    address1: str | None | Unset = optional(TEXT, "street and number")
    address2: str | None | Unset = optional(TEXT)
    city: str | None | Unset = optional(TEXT)
    province: str | None | Unset = optional(TEXT)
    province_code: str | None | Unset = optional(TEXT)
    postal_code: str | None | Unset = optional(TEXT)
    country: str | None | Unset = optional(TEXT)
    country_code: str | None | Unset = optional(TEXT, "ISO 3166-1 alpha-2")
    phone: str | None | Unset = optional(TEXT)
    email: str | None | Unset = optional(TEXT)
    extensions: dict[str, Any] | None | Unset = optional(JSON)


@attrs.frozen(kw_only=True)
class Customer:
    """Who bought, called or is billed, as far as the document itself says."""

    customer_id: str | None | Unset = optional(TEXT)
    email: str | None | Unset = optional(TEXT)
    name: str | None | Unset = optional(TEXT)
    first_name: str | None | Unset = optional(TEXT)
    last_name: str | None | Unset = optional(TEXT)
    company: str | None | Unset = optional(TEXT)
    phone: str | None | Unset = optional(TEXT)
    extensions: dict[str, Any] | None | Unset = optional(JSON)


@attrs.frozen(kw_only=True)
class LineItem:
    """One line of an order, cart or invoice; amounts are in the document's currency."""

    line_id: str | None | Unset = optional(TEXT)
    sku: str | None | Unset = optional(TEXT)
    title: str | None | Unset = optional(TEXT)
    quantity: int | Decimal | None | Unset = optional(NUMBER)
    unit_price: Decimal | None | Unset = optional(MONEY)
    total: Decimal | None | Unset = optional(MONEY, "of the line, after its discounts")
    tax: Decimal | None | Unset = optional(MONEY, "contained in or added to the line, as the document says")
    discount: Decimal | None | Unset = optional(MONEY)
    product_id: str | None | Unset = optional(TEXT)
    variant_id: str | None | Unset = optional(TEXT)
    variant_title: str | None | Unset = optional(TEXT)
    extensions: dict[str, Any] | None | Unset = optional(JSON)


@attrs.frozen(kw_only=True)
class Media:
    """A picture, film or file of a product."""

    media_id: str | None | Unset = optional(TEXT)
    url: str | None | Unset = optional(TEXT)
    alt: str | None | Unset = optional(TEXT)
    kind: str | None | Unset = optional(TEXT, "image, video or file")
    position: int | None | Unset = optional(INTEGER)


@attrs.frozen(kw_only=True)
class ProductOption:
    """What variants differ in."""

    name: str | None | Unset = optional(TEXT)
    values: tuple[str, ...] | None | Unset = optional(list_of(TEXT))


@attrs.frozen(kw_only=True)
class Variant:
    """One sellable form of a product; prices are in the product's currency."""

    variant_id: str | None | Unset = optional(TEXT)
    sku: str | None | Unset = optional(TEXT)
    title: str | None | Unset = optional(TEXT)
    price: Decimal | None | Unset = optional(MONEY)
    compare_at_price: Decimal | None | Unset = optional(MONEY)
    cost_price: Decimal | None | Unset = optional(MONEY)
    barcode: str | None | Unset = optional(TEXT)
    options: dict[str, str] | None | Unset = optional(TEXT_MAP, "option name to value")
    position: int | None | Unset = optional(INTEGER)
    weight: int | Decimal | None | Unset = optional(NUMBER)
    weight_unit: str | None | Unset = optional(TEXT)
    image_url: str | None | Unset = optional(TEXT)
    inventory_id: str | None | Unset = optional(TEXT, "the platform's id of the stocked thing")
    extensions: dict[str, Any] | None | Unset = optional(JSON)
